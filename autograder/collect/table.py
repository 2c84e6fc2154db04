"""What the terminal shows after collecting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from autograder.checks.base import shorten
from autograder.collect.results import Collected, What

_STYLES = {What.TAKEN: "green", What.REPLACED: "cyan", What.KEPT: "yellow", What.UNCHANGED: "bright_black"}
_MARKS = {What.TAKEN: "+", What.REPLACED: "»", What.KEPT: "=", What.UNCHANGED: " "}


def tables(collected: Collected, zone: dt.tzinfo | None, verbose: bool) -> Iterator[Table | Text]:
    """What was taken, then what was not and why, then who is missing, then a line that adds it up."""
    shown = [each for each in collected.notebooks if verbose or each.what is not What.UNCHANGED]
    if shown:
        table = _table("Collected", "student", "assignment", "what", "handed in", "file", "remarks")
        for each in shown:
            moment = each.time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if each.time else "–"
            table.add_row(
                Text(shorten(each.student, 60)), each.assignment, Text(f"{_MARKS[each.what]} {each.what}", _STYLES[each.what]),
                moment, Text(shorten(each.file, 120)), Text(shorten("; ".join(each.notes), 200), "bright_black"),
            )  # fmt: skip
        yield table
    if collected.unmatched:
        table = _table("Not collected: these need a person", "file", "reason")
        for left in collected.unmatched:
            table.add_row(Text(shorten(left.file, 160)), Text(shorten(left.reason, 300), "red"))
        yield table
    if verbose and collected.ignored:
        table = _table("Ignored", "file", "reason")
        for left in collected.ignored:
            table.add_row(Text(shorten(left.file, 160)), Text(shorten(left.reason, 300), "bright_black"))
        yield table
    for assignment, students in collected.missing.items():
        if students:
            listed = shorten(", ".join(students), 2000)
            yield Text(f"{assignment}: nothing yet from {len(students)} of the roster: {listed}", "yellow")
    if untimed := collected.untimed():
        yield Text(
            f"Of {untimed} of them nobody knows when they were handed in: no late penalty. A timestamp.txt beside the "
            "notebook, such as 2027-03-14 23:59:00 UTC, says it.", "yellow",
        )  # fmt: skip
    yield Text(_sum(collected))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        narrow = column in ("student", "assignment", "what", "handed in")
        table.add_column(column, no_wrap=narrow, overflow="fold")
    return table


def _sum(collected: Collected) -> str:
    counts = [f"{collected.count(what)} {what}" for what in What]
    counts += [f"{len(collected.unmatched)} not collected", f"{len(collected.ignored)} files ignored"]
    return ("Nothing was written. It would be: " if collected.dry_run else "") + ", ".join(counts)
