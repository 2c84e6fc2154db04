"""The progress bar of every command that takes its time: on the console of errors, and gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from autograder.cli.common import err, escaped
from autograder.common.i18n import _


@dataclass(frozen=True)
class Bar:
    """What a command says of how far it is. Texts are shown as they are, without markup."""

    progress: Progress
    task: TaskID

    def plan(self, total: int) -> None:
        """There are `total` steps."""
        self.progress.update(self.task, total=total)

    def at(self, what: str) -> None:
        self.progress.update(self.task, description=escaped(what))

    def step(self, what: str = "") -> None:
        """One more is done: `what`, if it has a name."""
        self.progress.advance(self.task)
        if what:
            self.at(what)

    def beside(self, text: str) -> None:
        """What was found so far."""
        self.progress.update(self.task, beside=escaped(text))

    def say(self, text: str, style: str = "") -> None:
        """A line above the bar that stays."""
        self.progress.console.print(escaped(text), style=style, highlight=False)


@contextmanager
def bar(doing: str, total: int | None = None, *, left: bool = False) -> Iterator[Bar]:
    """A bar that says what it is `doing`, and how many of `total`; with `left`, how long it will still take."""
    columns: list[ProgressColumn] = [
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[beside]}"), TimeElapsedColumn(),
    ]  # fmt: skip
    if left:
        columns += [TextColumn(_("left")), TimeRemainingColumn()]
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress, progress.add_task(doing, total=total, beside=""))
