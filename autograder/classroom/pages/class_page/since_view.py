"""What changed since somebody last looked, as the class page says it: a sentence, and a row for each submission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from autograder.classroom.folder import Place
from autograder.classroom.pages import html
from autograder.classroom.pages.changes import signed
from autograder.classroom.pages.class_page.since import Since, Why
from autograder.common.i18n import N_, _, ngettext

ORDER: tuple[Why, ...] = ("scored", "again", "new", "gone")
SAID: Mapping[Why, str] = {
    "scored": N_("the same notebook, scored anew"), "again": N_("handed in again"), "new": N_("a new submission"), "gone": N_("no longer there"),
}  # fmt: skip


def since_view(since: Since, titles: Mapping[str, Mapping[str, str]], pages: Mapping[Place, str]) -> dict[str, Any]:
    """`titles`: of assignments, under ''; `pages`: addresses of feedback pages. Nothing where nothing changed."""
    if not since.changes:
        return {}
    rows: list[dict[str, Any]] = [
        {
            "student": change.student, "assignment": titles.get(change.assignment, {}).get("", change.assignment),
            "page": "" if change.after is None else pages.get(Place(change.student, change.assignment), ""),
            "before": change.before, "after": change.after, "why": _(SAID[change.why]),
            "gain": None if change.before is None or change.after is None else round(change.after - change.before, 6),
        }
        for why in ORDER
        for student in html.in_order({change.student for change in since.changes if change.why == why})
        for change in since.changes
        if (change.student, change.why) == (student, why)
    ]  # fmt: skip
    gained = round(sum(row["gain"] or 0.0 for row in rows), 6)
    return {"said": _sentence(since, gained), "rows": [{**row, "gained": _signed(row["gain"])} for row in rows]}


def _signed(gain: float | None) -> str:
    return "–" if gain is None else signed(gain)


def _sentence(since: Since, gained: float) -> str:
    number = Counter(change.why for change in since.changes)
    parts = [
        ngettext("{number} new submission", "{number} new submissions", number["new"]) if number["new"] else "",
        _("{number} handed in again", number=number["again"]) if number["again"] else "",
        _("{number} scored anew", number=number["scored"]) if number["scored"] else "",
        _("{number} no longer there", number=number["gone"]) if number["gone"] else "",
        _("{points} points for earlier submissions", points=signed(gained)) if gained else "",
    ]
    return _("New since {date}: {changes}.", date=since.at, changes=", ".join(filter(None, parts)))
