"""The gradebook's database: where it is, whether it is nbgrader's, and what it means when it refuses."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbgrader.api import Base, InvalidEntry
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from autograder.classroom.folder import AGAIN
from autograder.common.errors import GradebookError
from autograder.common.files import move
from autograder.common.i18n import N_, _
from autograder.course.course import Course

_NO_DATABASE = N_("Bring back a copy of {database}, or move it away: `autograder grade` writes what the journal holds into a new one. Points that people gave are in the old one alone. If the gradebook is elsewhere, say so with the key 'gradebook' of course.yml.")  # fmt: skip
_DATABASE = N_("Check the key 'gradebook' of course.yml, that the database can be reached, and that nobody else is writing.")  # fmt: skip
ANOTHER = N_("Name another database under 'gradebook' in course.yml.")
OLD = N_("Back it up, then run `nbgrader db upgrade` in the course's folder.")


def address(course: Course) -> str:
    """The URL of the course's gradebook; a relative SQLite path is meant from the course's folder.

    Raises GradebookError if course.yml holds no URL.
    """
    try:
        url = make_url(course.gradebook)
    except ArgumentError:
        remedy = _("Write it like sqlite:///gradebook.db.")
        message = _("gradebook '{gradebook}' of course.yml is not a database URL", gradebook=course.gradebook)
        raise GradebookError(message, remedy) from None
    file = sqlite_file(course.gradebook)
    return url.set(database=str(course.root / file)).render_as_string(hide_password=False) if file else course.gradebook


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None of one in memory, and of another database."""
    made = make_url(url)
    file = made.database if made.get_backend_name() == "sqlite" else ""
    return Path(file) if file and file != ":memory:" and not file.startswith("file:") else None


def exists(url: str) -> bool:
    """Whether there is a gradebook at `url` yet, as far as that shows from here: opening an SQLite file would make one."""
    file = sqlite_file(url)
    return file is None or file.is_file()


def with_driver(url: str) -> str:
    """`url` with the PostgreSQL driver that is installed: which one SQLAlchemy takes by itself depends on its version."""
    try:
        made = make_url(url)
    except ArgumentError:
        return url
    if made.drivername != "postgresql":
        return url
    for driver in ("psycopg2", "psycopg"):
        if importlib.util.find_spec(driver) is not None:
            return made.set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)
    return url


def inspect_schema(url: str) -> None:
    """Refuse a database that is not nbgrader's, or is an older nbgrader's, before anything is created in it."""
    _require_writable(url)
    engine = create_engine(url)
    try:
        there = inspect(engine)
        tables = set(there.get_table_names())
        wanted = Base.metadata.tables
        if tables and not {"assignment", "student", "grade"} <= tables:
            message = _("the database {url!r} holds tables that are not nbgrader's", url=engine.url)
            raise GradebookError(message, _(ANOTHER))
        for name in tables & set(wanted):
            missing = {column.name for column in wanted[name].columns} - {c["name"] for c in there.get_columns(name)}
            if missing:
                message = _(
                    "the gradebook {url!r} was made by an older nbgrader: {name} lacks {missing}",
                    url=engine.url, name=name, missing=sorted(missing),
                )  # fmt: skip
                raise GradebookError(message, _(OLD))
    finally:
        engine.dispose()


def make_whole(url: str) -> None:
    """A new SQLite database is made beside its place and moved there: half of one, of a killed run or a full disk, would look like somebody else's."""
    path = sqlite_file(url)
    new = path and not path.is_symlink() and (not path.exists() or (path.is_file() and not path.stat().st_size))
    if path is None or not new:  # a file of one byte is an empty database to SQLite
        _make(url)
        return
    if not path.parent.is_dir():
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _make(make_url(url).set(database=str(part)).render_as_string(hide_password=False))
        move(part, path, durable=True)
    finally:
        for left in path.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)


def _make(url: str) -> None:
    """What nbgrader makes in an empty database. It would start `alembic` by name for it: seconds, and not found where no virtual environment is active."""
    engine = create_engine(url)
    try:
        if not inspect(engine).get_table_names():
            with engine.begin() as connection:
                Base.metadata.create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    finally:
        engine.dispose()


def _require_writable(url: str) -> None:
    """SQLite's own complaint would come from deep inside nbgrader, after a while. Its journal needs the folder, too."""
    path = sqlite_file(url)
    if path is not None and path.is_file():
        for place in (path, path.parent):
            if not os.access(place, os.W_OK):
                reason = f"attempt to write a readonly database: {place} can't be written"
                raise GradebookError(_("the gradebook can't be used: {reason}", reason=reason), remedy(reason, url))


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Everything that goes wrong with the database at `url`, as GradebookError."""
    try:
        yield
    except (SQLAlchemyError, InvalidEntry, ImportError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        said = _("the gradebook can't be used: {reason}", reason=reason)
        raise GradebookError(f"{said} ({shown(url)})", remedy(reason, url)) from error


def shown(url: str) -> str:
    """The file, or the URL without its password."""
    try:
        made = make_url(url)
    except ArgumentError:
        return url
    return made.database or url if made.get_backend_name() == "sqlite" else made.render_as_string(hide_password=True)


def remedy(reason: str, url: str) -> str:
    """What to do about it, by what the database says."""
    said, path = reason.lower(), None
    with suppress(ArgumentError):
        path = sqlite_file(url)
    if "not a database" in said or "malformed" in said or (path and os.path.lexists(path) and not path.is_file()):
        return _(_NO_DATABASE, database=shown(url))
    if said.startswith("no module named"):
        return _("Install the database's driver; for PostgreSQL: {command}", command="pip install psycopg2-binary")
    if "readonly" in said or "read-only" in said or "permission denied" in said:
        return _("Make {database} and its folder writable for you. {again}", database=shown(url), again=_(AGAIN))
    if "disk is full" in said or "no space left" in said or "disk i/o error" in said:
        return _("The disk of {database} is full: free some space. {again}", database=shown(url), again=_(AGAIN))
    if "locked" in said:
        return _(
            "Another program is writing to {database}: end it, or wait. {again}", database=shown(url), again=_(AGAIN)
        )
    return _(_DATABASE)
