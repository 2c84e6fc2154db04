"""``autograder new-assignment``: a source notebook, an entry in course.yml, a mutant of each check, an alternative, a test.

course.yml is text that people wrote: the entry is put behind the last assignment, and no other character changes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import nbformat
import yaml

from autograder.classroom.folder import Folder
from autograder.common.cells import mark
from autograder.common.errors import AutograderError, CourseError
from autograder.common.files import move, put
from autograder.common.hints import meant
from autograder.common.i18n import LANGUAGES, _, known
from autograder.common.wire.notebook import PYTHON
from autograder.course.checks.base import no_language
from autograder.course.course import FILE, load
from autograder.course.yaml_file import parse_yaml

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # fits nbgrader's grade ids, file names, and Python
_KEPT = (
    ".gitignore",
    "course.yml",
)  # beside a course that is begun: what is there already stays (course.yml: the workflow)
DAYS = 30  # until the assignment is due
TASKS = ("network", "cnn", "sklearn")  # folders of templates
_TEXTS = re.compile(r"\{" + ", ".join(rf'{name}: ("[^"]*"|[^,{{}}]*)' for name in LANGUAGES) + r"\}")
_TEMPLATES: Traversable = files("autograder.authoring.scaffold") / "templates"


@dataclass(frozen=True)
class New:
    """What is to be made: a `name` as course.yml has it, and titles that students read."""

    name: str
    title: str = ""
    title_ko: str = ""
    due: str = ""
    languages: tuple[str, ...] = LANGUAGES  # of the course, in its order
    task: str = "network"  # what it is about: one of TASKS

    def filled(self, text: str) -> str:
        title = self.title or self.name.replace("_", " ").capitalize()
        places = {
            "NAME": self.name, "TITLE_EN": _quoted(title), "TITLE_KO": _quoted(self.title_ko or title), "DUE": self.due or _due(),
        }  # fmt: skip
        return re.sub(r"\b(NAME|TITLE_EN|TITLE_KO|DUE)\b", lambda match: places[match[1]], text)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _due() -> str:
    day = dt.datetime.now().astimezone() + dt.timedelta(days=DAYS)
    return day.replace(hour=23, minute=59, second=0, microsecond=0).isoformat()


def new_course(folder: Path, new: New, title: str = "") -> list[Path]:
    """Begin a course in `folder`, which is made, with `new` as its first assignment; the files written, as `new_assignment`.

    Raises CourseError where there is one already, and for `languages` that are none.
    """
    if (folder / FILE).exists():
        said = _("{path} is a course already", path=folder / FILE)
        raise CourseError(said, _("Add to it with `autograder new-assignment`."), misused=True)
    for name in new.languages:
        if not name or known(name) != name:
            raise CourseError(no_language(name), "", misused=True)
    return new_assignment(folder / FILE, new, title)


def new_assignment(course_file: Path, new: New, course_title: str = "") -> list[Path]:
    """Make the assignment in the course of `course_file`, and return the files written, course.yml first.

    A course that doesn't exist yet is begun. Nothing that is there is written over. Raises CourseError for a name that is
    taken or no name, for a course.yml that can't take an entry, and AutograderError for files that exist already.
    """
    if not NAME.fullmatch(new.name):
        raise CourseError(
            _("'{name}' can't be an assignment's name", name=new.name),
            _("Use small letters, digits and underscores, beginning with a letter: my_assignment."),
            misused=True,
        )
    if new.task not in TASKS:
        raise CourseError(_("there is no task '{name}'", name=new.task), meant(new.task, list(TASKS)), misused=True)
    for text in (new.title, new.title_ko, new.due):
        if not text.isprintable():
            raise CourseError(_("{text!r} can't be written: it is no text", text=text), "", misused=True)
    root = course_file.resolve().parent
    planned: dict[Path, str] = {}
    if course_file.is_file():
        course = load(course_file)
        if new.name in course.assignments:
            raise CourseError(
                _("the course has an assignment '{name}' already", name=new.name),
                _("Choose another name."),
                misused=True,
            )
        text, new = course_file.read_bytes().decode("utf-8"), replace(new, languages=course.course.languages)
    else:
        if not (course_title or root.name).isprintable():
            raise CourseError(
                _("{text!r} can't be written: it is no text", text=course_title or root.name),
                _("Name the course with --title."),
                misused=True,
            )
        text, begun = _begun(root, new.languages, course_title, new.task != "sklearn")
        planned |= {path: content for path, content in begun.items() if path.name not in _KEPT or not path.exists()}
    text = inserted(text, new.filled(_spoken(_template(f"{new.task}/entry.yml"), new.languages)))
    planned |= {root / path: content for path, content in _files(new).items()}
    taken = [str(path) for path in planned if path.exists()]
    if taken:
        raise AutograderError(
            _("{files} exists already", files=", ".join(taken)), _("Remove it, or choose another name.")
        )
    written: list[Path] = []
    there = {folder for path in planned for folder in path.parents if folder.exists()}
    try:
        for path, content in planned.items():
            put(path, content)
            written.append(path)
        _replace(course_file, text)
    except (AutograderError, OSError) as error:
        for path in written:
            path.unlink()
            for folder in path.parents:
                if folder in there:
                    break
                with suppress(OSError):  # another file of ours is in it still
                    folder.rmdir()
        if isinstance(error, OSError):
            raise AutograderError(
                _("{path} can't be written: {error}", path=error.filename, error=error.strerror),
                _("Choose a folder that you may write to."),
            ) from error
        raise
    return [course_file, *planned]


_DATA = "data:\n  name: fashion_mnist\n  holdout: {test_size: 0.2, random_state: 42}\n"
_NO_NETWORKS = (
    "networks: false # no TensorFlow is loaded, nor needed; take this line away when an assignment is about networks\n"
)


def _begun(root: Path, languages: tuple[str, ...], title: str, networks: bool) -> tuple[str, dict[Path, str]]:
    """course.yml of a new course, named after its folder, and the files beside it."""
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")
    name = name if re.match("[a-z]", name) else f"course-{name}".strip("-")
    words = {
        "COURSE": name[:61],
        "TITLE": _quoted(title or name),
        "LANGUAGES": ", ".join(map(_plain, languages)),
        "LANGUAGE": languages[0],
    }
    text, config = (
        re.sub(r"\b(COURSE|TITLE|LANGUAGES|LANGUAGE)\b", lambda match: words[match[1]], _template(file))
        for file in ("begin.yml", "nbgrader_config.txt")
    )
    text = text if networks else text.replace(_DATA, _NO_NETWORKS)
    workflow = root / ".github" / "workflows" / "course.yml"
    return text, {
        root / "nbgrader_config.py": config,
        root / ".gitignore": _ignored(root),
        workflow: _template("workflow.txt").replace(
            "[grading,tensorflow]", "[grading,tensorflow]" if networks else "[grading]"
        ),
    }


def _plain(language: str) -> str:
    return f'"{language}"' if language == "no" else language  # which YAML reads as false


def _ignored(root: Path) -> str:
    """What must never be pushed: all that grading makes, which names students and their grades."""
    made = [path.relative_to(root).as_posix() for path in Folder(root).made()]
    lines = [f"/{name}*" if "." in name else f"/{name}/" for name in made]
    return "\n".join([*lines, ".ipynb_checkpoints/", "__pycache__/"]) + "\n"


def _replace(course_file: Path, text: str) -> None:
    """Put `text` in place of course.yml if it loads as a course."""
    part = course_file.with_name(f".{course_file.name}.part")
    try:
        put(part, text)
        load(part)
    except AutograderError as error:
        part.unlink(missing_ok=True)
        raise CourseError(
            _("{file} can't take a new assignment: {error}", file=course_file, error=error).replace(str(part), FILE),
            error.remedy or _("Nothing was written. Mend what it says, or give another name, title or due date."),
        ) from error
    move(part, course_file)


def inserted(text: str, entry: str) -> str:
    """course.yml with `entry` behind its last assignment: comments, blank lines and order stay as they are.

    Raises CourseError when there is no mapping `assignments` in block style.
    """
    document = yaml.compose(text, yaml.SafeLoader)
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == "assignments"), None)
    if found is None or getattr(found[1], "flow_style", False) is True:
        raise CourseError(
            _("course.yml has no `assignments:` in block style"), _("Write `assignments:` on a line of its own.")
        )
    key, value = found
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\r\n" if "\r\n" in text else "\n"
    indent, end = 2, key.end_mark.line + 1
    if isinstance(value, yaml.MappingNode) and value.value:
        indent = int(value.value[0][0].start_mark.column)
        end = min(len(lines), value.end_mark.line + bool(value.end_mark.column))
    # A block ends where the next key begins: comments and blank lines in between belong to what follows, if anything does.
    while end > key.end_mark.line + 1 and not lines[end - 1].strip():
        end -= 1
    while end > key.end_mark.line + 1 and lines[end - 1].startswith("#"):
        end -= 1
    while end > key.end_mark.line + 1 and not lines[end - 1].strip():
        end -= 1
    ends = "\r\n" if "\r\n" in text else "\n"  # as the file has them
    new = [(" " * indent + line if line.strip() else "") + ends for line in entry.splitlines()]
    return "".join([*lines[:end], *new, *lines[end:]])


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _files(new: New) -> dict[Path, str]:
    """All other files, by their path in the course's folder."""
    made = {
        Path("solutions") / new.name / f"{new.name}.ipynb": notebook(new),
        Path("tests") / f"test_{new.name}.py": _test(new),
    }
    for kind in ("mutants", "alternatives"):
        for file in sorted((_TEMPLATES / new.task / kind).iterdir(), key=lambda file: file.name):
            made[Path("tests") / kind / new.name / file.name] = file.read_text("utf-8")
    return made


def _test(new: New) -> str:
    return new.filled(_template("test.txt"))


def notebook(new: New) -> str:
    """The source notebook, as nbgrader and `autograder release` want it."""
    made = nbformat.v4.new_notebook()
    made.metadata, made.nbformat_minor = nbformat.from_dict(PYTHON), 5
    points = {name: question["points"] for name, question in _entry(new)["questions"].items()}
    made.cells = [
        _cell(cell, new, points)
        for cell in _in_languages(parse_yaml(_template(f"{new.task}/notebook.yml"), "notebook.yml"), new.languages)
    ]
    return str(nbformat.writes(made)).rstrip("\n") + "\n"


def _in_languages(cells: list[dict[str, Any]], languages: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Text in the course's languages alone, in their order; what no template says in one is said in the first, to be translated."""
    for spoken, group in groupby(cells, key=lambda cell: cell["kind"] in LANGUAGES):
        if not spoken:
            yield from group
            continue
        while twins := {cell["kind"]: cell for cell in islice(group, len(LANGUAGES))}:
            first = twins[LANGUAGES[0]]
            for name in languages:
                own = {**first, "kind": name, "id": first["id"].removesuffix(LANGUAGES[0]) + name.lower()}
                yield twins.get(name, own)


def _spoken(text: str, languages: tuple[str, ...]) -> str:
    """An entry of course.yml with texts in the course's languages, as `_in_languages`."""

    def said(match: re.Match[str]) -> str:
        texts = dict(zip(LANGUAGES, match.groups(), strict=True))
        return "{" + ", ".join(f"{name}: {texts.get(name, match[1])}" for name in languages) + "}"

    return _TEXTS.sub(said, text)


def _entry(new: New) -> Any:
    return parse_yaml(new.filled(_template(f"{new.task}/entry.yml")), "entry.yml")[new.name]


def _cell(cell: dict[str, Any], new: New, points: dict[str, float]) -> Any:
    source, kind = str(cell["source"]).rstrip("\n"), cell["kind"]
    if kind in new.languages:
        title = new.title or new.name.replace("_", " ").capitalize()
        source = source.replace("# NAME", f"# {(kind == 'ko' and new.title_ko) or title}")
        return nbformat.v4.new_markdown_cell(source, id=cell["id"], metadata={"tags": [kind]})
    source = new.filled(source)
    if kind == "answer":
        source = f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
    if cell.get("hidden"):
        source += f"\n### BEGIN HIDDEN TESTS\n{source[:-1]}, hidden=True)\n### END HIDDEN TESTS"
    made = nbformat.v4.new_code_cell(source, id=cell["id"])
    grading = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    if kind == "answer":
        mark(made, cell["id"], **grading | {"solution": True})
    elif kind == "check":
        question = cell["question"]
        mark(made, question, **grading | {"grade": True, "locked": True, "points": points[question]})
    return made
