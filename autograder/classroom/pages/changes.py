"""What regrading changes: a report before and after, a course before and after, and both as the terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.showing.outcome_table import COLOURS, MARKS, points
from autograder.common.showing.readable import as_yaml, shorten

_MINUS = "−"


@dataclass(frozen=True)
class CheckChange:
    """A check before and after; None where there was or is no such check."""

    check: str
    before: Outcome | None
    after: Outcome | None

    def text(self) -> Text:
        """``✓→✗ Accuracy of at least 0.86 on the hold-out: 0.8562``."""
        outcome = self.after or self.before
        assert outcome is not None
        text = Text()
        if self.before is not None:
            text.append(MARKS[self.before.status], style=COLOURS[self.before.status])
        if self.after is not None and (self.before is None or self.before.status is not self.after.status):
            text.append("→" if self.before else "+")
            text.append(MARKS[self.after.status], style=COLOURS[self.after.status])
        text.append(f" {shorten(outcome.title, 100)}")
        if self.after is None:
            text.append(" (" + _("removed") + ")")
        elif self.before is not None and self.before.out_of != self.after.out_of:
            text.append(
                " " + _("({old} → {new} points)", old=points(self.before.out_of), new=points(self.after.out_of))
            )
        if self.after is not None and self.after.actual and self.after.status is not Status.PASSED:
            text.append(f": {shorten(self.after.actual, 80)}")
        return text


@dataclass(frozen=True)
class QuestionChange:
    """A question whose points, worth or checks' outcomes changed."""

    question: str
    before: QuestionResult | None
    after: QuestionResult | None
    checks: tuple[CheckChange, ...]

    @property
    def gained(self) -> float:
        """Points after less points before."""
        return round((self.after.points if self.after else 0.0) - (self.before.points if self.before else 0.0), 6)


def changes(before: Report, after: Report) -> list[QuestionChange]:
    """The questions that differ in more than words, in the order of `after`, those that are gone last."""
    old = {question.question: question for question in before.questions}
    new = {question.question: question for question in after.questions}
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        checks = _checks(old.get(key), new.get(key))
        one, two = old.get(key), new.get(key)
        worth = (one.points, one.out_of) if one else None, (two.points, two.out_of) if two else None
        if checks or worth[0] != worth[1]:
            found.append(QuestionChange(key, one, two, tuple(checks)))
    return found


def _checks(before: QuestionResult | None, after: QuestionResult | None) -> list[CheckChange]:
    old = {outcome.check: outcome for outcome in (before.outcomes if before else ())}
    new = {outcome.check: outcome for outcome in (after.outcomes if after else ())}
    pairs = [(key, old.get(key), new.get(key)) for key in [*new, *(key for key in old if key not in new)]]
    return [CheckChange(*pair) for pair in pairs if _worth(pair[1]) != _worth(pair[2])]


def _worth(outcome: Outcome | None) -> tuple[Status, float, float] | None:
    return (outcome.status, outcome.points, outcome.out_of) if outcome else None


def course_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """What changed between two documents of `course_document`, by question; under '' what concerns all of them, and under a
    file's path what happened to a file that checks use."""
    found: dict[str, list[str]] = {}
    for key in sorted({*before, *after} - {"assignment", "course", "files", "references"}):
        if before.get(key) != after.get(key):
            found.setdefault("", []).extend(_values(key, before.get(key), after.get(key)))
    now = after.get("files", {})
    was = before.get("files", now)  # an older version kept another document
    for key in sorted({*was, *now}):
        if was.get(key) != now.get(key):
            found[key] = [
                _("changed") if was.get(key) and now.get(key) else _("added") if now.get(key) else _("removed")
            ]
    old, new = before["assignment"]["questions"], after["assignment"]["questions"]
    for key in [*new, *(key for key in old if key not in new)]:
        lines = (
            [_("added")]
            if key not in old
            else [_("removed")]
            if key not in new
            else list(_question(old[key], new[key]))
        )
        if lines:
            found[key] = lines
    return found


def _question(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    for key in ("title", "points"):
        yield from _values(key, before[key], after[key])
    old = {check["id"]: check for check in before["checks"]}
    new = {check["id"]: check for check in after["checks"]}
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old or name not in new:
            yield f"{name}: " + (_("added") if name in new else _("removed"))
            continue
        for key in sorted({*old[name], *new[name]}):
            said = _values(key.rstrip("_"), old[name].get(key), new[name].get(key))
            yield from (f"{name}: {text}" for text in said)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield _("checks in another order")


def _values(key: str, before: Any, after: Any) -> list[str]:
    if before == after:
        return []
    if key in ("title", "hint"):
        what = _("changed") if before and after else _("added") if after else _("removed")
        return [f"{key} {what}"]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        before, after = ({str(number): one for number, one in enumerate(each, 1)} for each in (before, after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return [text for name in keys for text in _values(f"{key}.{name}", before.get(name), after.get(name))]
    return [f"{key} {_short(before)} → {_short(after)}"]


def _short(value: Any) -> str:
    if isinstance(value, Mapping):  # as an author writes it: what says nothing is filled in
        value = {key: one for key, one in value.items() if one not in (None, [], "")}
    if value is None or isinstance(value, str):
        return _("none") if value is None else shorten(value, 60)
    return f"{value:g}" if type(value) in (int, float) else as_yaml(value, 60)


def signed(value: float) -> str:
    """``+1.5`` or ``−2``; ``0``."""
    return f"+{points(value)}" if value > 0 else f"{_MINUS}{points(-value)}" if value < 0 else "0"


def change_table(rows: Sequence[tuple[Report, Report, Sequence[tuple[QuestionChange, str]]]]) -> Table:
    """For each submission, given as report before, report after, and changes with a remark each: a line with its points,
    and one for each question that changed: old and new points, the difference, and which checks changed."""
    table = Table(title=_("Regrading"), title_justify="left")
    table.add_column("", no_wrap=True)
    for name in (_("old"), _("new"), ""):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(_("why"), overflow="fold")
    for before, after, own in rows:
        who = Text(f"{shorten(before.student, 60)} {before.assignment}", style="bold")
        table.add_row(who, _score(before), _score(after), _gained(round(after.points - before.points, 6)), "")
        for change, remark in own:
            why = Text("\n").join([*(check.text() for check in change.checks), *([Text(remark)] if remark else [])])
            table.add_row(
                Text(f"  {change.question}"), _score(change.before), _score(change.after), _gained(change.gained), why
            )
        table.add_section()
    return table


def _gained(value: float) -> Text:
    return Text(signed(value), style="green" if value > 0 else "red" if value else "bright_black")


def _score(result: QuestionResult | Report | None) -> Text:
    if result is None:
        return Text("–", style="bright_black")
    text = Text(f"{points(result.points)}/{points(result.out_of)}")
    return text.append("!" if result.undecided else "", style="yellow")
