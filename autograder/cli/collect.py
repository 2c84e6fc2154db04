"""`autograder collect`."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.common import AMISS, Commands, CourseFile, escaped, fail, out, the_course, there
from autograder.cli.progress_bar import bar
from autograder.common.errors import AutograderError, CollectError
from autograder.common.i18n import _

app = Commands()


class PlatformChoice(StrEnum):
    """Where submissions come from: the names of `collect.PLATFORMS`, without importing them."""

    auto = "auto"
    exchange = "exchange"
    github = "github"
    gradescope = "gradescope"
    moodle = "moodle"
    blackboard = "blackboard"
    canvas = "canvas"
    classroom = "classroom"
    folder = "folder"


@app.command(
    epilog="Example: autograder collect ~/Downloads/DL-two_layer-4711.zip --roster roster.csv --dry-run",
)
def collect(
    source: Annotated[
        Path, typer.Argument(help="A folder, or the zip that a platform gave you. It is only read.", show_default=False)
    ],
    assignment: Annotated[
        str, typer.Option("--assignment", "-a", help="Only this one; also for notebooks that don't say which they are.")
    ] = "",
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            "-r",
            help="CSV of the class, with the column id; else course.yml's, else the gradebook's names.",
        ),
    ] = None,
    teams: Annotated[
        bool, typer.Option("--teams", help="One hand-in counts for each of its group: the roster's column 'group'.")
    ] = False,
    platform: Annotated[
        PlatformChoice, typer.Option("--from", help="Whose naming rule to follow; auto: the one that fits most files.")
    ] = PlatformChoice.auto,
    timezone: Annotated[
        str, typer.Option(help="Of times without one, like Asia/Seoul; by default the due date's.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be done, and write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with everything that was ignored.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also what is unchanged, and what was ignored.")
    ] = False,
    course: CourseFile = None,
) -> None:
    """Take notebooks from a learning platform's archive, a folder, checkouts or nbgrader's exchange into submitted/.

    Each goes to submitted/<student>/<assignment>/, with its time. The latest attempt counts, earlier ones are kept in
    submitted/.attempts/. Running it again changes nothing. Exit code 1: something was not collected, and the table says
    what and why. The rules are in docs/collecting.md.
    """
    from autograder.classroom import collect as collecting
    from autograder.classroom.collect.roster import of_course
    from autograder.classroom.collect.table import tables
    from autograder.classroom.gradebook.people import known

    try:
        the = the_course(course)
        settings = collecting.Settings(
            platform=platform.value,
            assignment=assignment,
            zone=_zone(timezone),
            roster=of_course(the, roster and there(roster, _("Name the roster's CSV with --roster."))) or known(the),
            teams=teams,
        )
        with bar(_("reading")) as progress:
            collected = collecting.collect(
                source, the, settings, dry_run=dry_run, on_file=lambda _file: progress.step()
            )
    except AutograderError as error:
        fail(error)
    if as_json:
        print(collected.to_json())
    else:
        zone = settings.zone or next(iter(the.assignments.values())).due.tzinfo
        title = escaped(_(collecting.PLATFORMS[collected.platform].title))
        out.print(_("From {platform}:", platform=title), highlight=False)
        for part in tables(collected, zone, verbose, out.width):
            out.print(part, highlight=False)
    if collected.unmatched:
        raise typer.Exit(AMISS)


def _zone(name: str) -> dt.tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CollectError(
            _("there is no time zone '{name}'", name=name),
            _("Write it like Asia/Seoul or Europe/Berlin."),
            misused=True,
        ) from None
