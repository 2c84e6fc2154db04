"""What costs a class most, cause by cause, and the one sentence that says what to teach next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.classroom.pages import html
from autograder.classroom.pages.class_page.item_analysis import pattern
from autograder.classroom.pages.losses import Loss, losses
from autograder.common.i18n import _, ngettext
from autograder.common.results import Report, Status
from autograder.course.course import Course


@dataclass(frozen=True)
class Cause:
    """The same mistake of several students. `question`: '' for a cell of no question, which `place` names then.

    `check`: the check that says it, or '' where there was no answer; `said`: in the words that most of them read; `following`: the later
    questions that it cost points too; `points`: all that it cost; `submissions`: of its assignment.
    """

    assignment: str
    question: str
    place: str
    check: str
    said: str
    unanswered: bool
    broken: bool
    students: tuple[str, ...]
    following: tuple[str, ...]
    points: float
    submissions: int

    @property
    def share(self) -> float:
        return len(self.students) / self.submissions


@dataclass(frozen=True)
class Made:
    """A mistake at a check: whose, what it cost there, and in which words it was told."""

    student: str
    points: float
    said: str


Losses = Sequence[tuple[Report, Sequence[Loss]]]  # of each submission


def losses_of(reports: Sequence[Report], course: Course) -> Losses:
    return [(report, losses(report, course)) for report in reports]


def causes(lost: Losses) -> list[Cause]:
    """What the class lost points for, what cost most first. Mistakes that differ only in numbers and names are one."""
    groups: dict[tuple[object, ...], list[tuple[str, Loss]]] = {}
    for report, found in lost:
        for loss in found:
            said = "" if loss.unanswered else pattern(loss.problem)
            key = (report.assignment, loss.question, loss.place, loss.check, said, loss.unanswered)
            groups.setdefault(key, []).append((report.student, loss))
    handed_in = Counter(report.assignment for report, _found in lost)
    every = [_cause(str(key[0]), group, handed_in[str(key[0])]) for key, group in groups.items()]
    return sorted(every, key=lambda cause: (-cause.points, -len(cause.students)))


def made_by(lost: Losses) -> dict[tuple[str, str, str], list[Made]]:
    """The mistakes at each check, by assignment, question and check. What an earlier mistake or a missing answer explains is not among them."""
    found: dict[tuple[str, str, str], list[Made]] = {}
    for report, own in lost:
        for loss in own:
            failed = [] if loss.problem else [one for one in loss.outcomes if one.status is not Status.SKIPPED]
            skipped = sum(one.out_of for one in loss.outcomes if one.status is Status.SKIPPED)
            for number, outcome in enumerate(failed):  # what was skipped, the first of them cost
                points = outcome.out_of - outcome.points + (0 if number else skipped)
                made = Made(report.student, points, outcome.hint or outcome.actual)
                found.setdefault((report.assignment, loss.question, outcome.check), []).append(made)
    return found


def _cause(assignment: str, group: Sequence[tuple[str, Loss]], submissions: int) -> Cause:
    first = group[0][1]
    return Cause(
        assignment=assignment, question=first.question, place=first.place, check=first.check, unanswered=first.unanswered,
        broken=first.broken, said=Counter(loss.said for _student, loss in group).most_common(1)[0][0],
        students=tuple(html.in_order(student for student, _loss in group)),
        following=tuple(dict.fromkeys(key for _student, loss in group for key in loss.following)),
        points=round(sum(loss.points for _student, loss in group), 6), submissions=submissions,
    )  # fmt: skip


def teach_next(found: Sequence[Cause], titles: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What to teach next, and why: the cause that cost the class most. `titles`: by assignment, then question; '' its own."""
    worst = next((cause for cause in found if not cause.broken), None)  # a crash is nothing that a lecture mends
    if worst is None:
        return [_("Nobody lost points by a mistake: there is nothing to teach again.")]
    own = titles.get(worst.assignment, {})
    known = {
        "title": own.get(worst.question, worst.question) if worst.question else worst.place,
        "assignment": own.get("", worst.assignment), "share": html.percent(worst.share),
    }  # fmt: skip
    if worst.unanswered:
        sentence = _("Teach “{title}” next: {share} of those who handed in “{assignment}” left it unanswered.", **known)
    elif worst.said:
        said = worst.said.rstrip()
        sentence = _("Teach “{title}” next: {share} of those who handed in “{assignment}” lost points by this: {said}", said=said, **known)  # fmt: skip
    else:
        sentence = _("Teach “{title}” next: {share} of those who handed in “{assignment}” lost points there.", **known)
    cost = html.plain(worst.points)
    if not worst.following:
        return [sentence, _("It cost the class {points} points, more than any other mistake.", points=cost)]
    return [
        sentence,
        ngettext(
            "One later question follows from it: {points} points in all, more than any other mistake.",
            "{number} later questions follow from it: {points} points in all, more than any other mistake.",
            len(worst.following),
            points=cost,
        ),
    ]
