"""What the terminal shows after collecting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from autograder.classroom.collect.results import Collected, What
from autograder.common.i18n import N_, _
from autograder.common.showing.readable import shorten

_STYLES = {What.TAKEN: "green", What.REPLACED: "cyan", What.KEPT: "yellow", What.UNCHANGED: "bright_black"}
_MARKS = {What.TAKEN: "+", What.REPLACED: "»", What.KEPT: "=", What.UNCHANGED: " "}


COLUMNS = (
    N_("student"), N_("assignment"), N_("what"), N_("handed in"), N_("file"), N_("remarks"),
)  # fmt: skip
LEFT_COLUMNS = (N_("file"), N_("reason"))
WHAT = {
    What.TAKEN: N_("{number} taken"), What.REPLACED: N_("{number} replaced"), What.KEPT: N_("{number} kept"),
    What.UNCHANGED: N_("{number} unchanged"),
}  # fmt: skip


WIDE = 120  # columns of a terminal in which all of a submission stands in one row


def tables(collected: Collected, zone: dt.tzinfo | None, verbose: bool, width: int = WIDE) -> Iterator[Table | Text]:
    """What was taken, then what was not and why, then who is missing, then a line that adds it up.

    In less than `WIDE` columns a file's name, and remarks, have lines of their own instead of columns of ten characters.
    """
    shown = [each for each in collected.notebooks if verbose or each.what is not What.UNCHANGED]
    if shown and width < WIDE:
        yield Text(_("Collected"), "italic")
        for each in shown:
            moment = each.time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if each.time else "–"
            yield Text(
                f"{_MARKS[each.what]} {each.what}: {shorten(each.student, 60)} {each.assignment}, {moment}",
                _STYLES[each.what],
            )
            for line in filter(None, (shorten(each.file, 120), shorten("; ".join(each.notes), 200))):
                yield Text(f"    {line}", "bright_black")
    elif shown:
        table = _table(_("Collected"), *COLUMNS)
        for each in shown:
            moment = each.time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if each.time else "–"
            table.add_row(
                Text(shorten(each.student, 60)), each.assignment, Text(f"{_MARKS[each.what]} {each.what}", _STYLES[each.what]),
                moment, Text(shorten(each.file, 120)), Text(shorten("; ".join(each.notes), 200), "bright_black"),
            )  # fmt: skip
        yield table
    if collected.unmatched:
        table = _table(_("Not collected: these need a person"), *LEFT_COLUMNS)
        for left in collected.unmatched:
            table.add_row(Text(shorten(left.file, 160)), Text(shorten(left.reason, 300), "red"))
        yield table
    if verbose and collected.ignored:
        table = _table(_("Ignored"), *LEFT_COLUMNS)
        for left in collected.ignored:
            table.add_row(Text(shorten(left.file, 160)), Text(shorten(left.reason, 300), "bright_black"))
        yield table
    for assignment, students in collected.missing.items():
        if students:
            listed = shorten(", ".join(students), 2000)
            yield Text(
                _(
                    "{assignment}: nothing yet from {count} of the roster: {listed}",
                    assignment=assignment,
                    count=len(students),
                    listed=listed,
                ),
                "yellow",
            )
    if untimed := collected.untimed():
        yield Text(
            _("Of {untimed} of them nobody knows when they were handed in: no late penalty. A "
"timestamp.txt beside the notebook, such as 2027-03-14 23:59:00 UTC, says it.", untimed=untimed), "yellow",
        )  # fmt: skip
    yield Text(_sum(collected))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        narrow = column in ("student", "assignment", "what", "handed in")
        table.add_column(_(column), no_wrap=narrow, overflow="fold")
    return table


def _sum(collected: Collected) -> str:
    counts = [_(WHAT[what], number=collected.count(what)) for what in What]
    counts += [
        _("{count} not collected", count=len(collected.unmatched)),
        _("{count} files ignored", count=len(collected.ignored)),
    ]
    listed = ", ".join(counts)
    return _("Nothing was written. It would be: {counts}", counts=listed) if collected.dry_run else listed
