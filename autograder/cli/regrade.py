"""`autograder regrade`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import (
    AMISS,
    INTERRUPTED,
    UNDECIDED,
    Amiss,
    Commands,
    CourseFile,
    OfAssignments,
    OfStudents,
    err,
    escaped,
    fail,
    named,
    out,
    the_course,
)
from autograder.cli.progress_bar import bar
from autograder.common.errors import AutograderError
from autograder.common.i18n import _
from autograder.common.showing.readable import json_text

if TYPE_CHECKING:
    from autograder.classroom.grading.regrade import Regraded
    from autograder.course.course import Course

app = Commands()


@app.command(epilog="Example: autograder regrade --assignment deep --diff")
def regrade(
    assignment: OfAssignments = None,
    student: OfStudents = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Show it as JSON; applied only with --yes.")] = False,
    course: CourseFile = None,
) -> None:
    """After a change of course.yml: judge again what was handed in, show who gains or loses what and why, and apply it.

    No notebook runs again. Submissions for which what was handed in doesn't suffice are listed with the reason;
    `autograder grade` runs those and no others. Ends with 1 if something is left to be applied or graded.
    """
    from autograder.classroom.folder import Folder
    from autograder.classroom.grading.journal import Journal
    from autograder.classroom.grading.regrade import apply
    from autograder.course.course import find

    amiss = Amiss()
    try:
        path = (course or find()).resolve()
        the = the_course(path)
        Folder(the.root).require_students(student or [])
        # What is agreed to must still be true when it is written, so nobody grades meanwhile.
        with nullcontext() if diff else Journal(the.root).alone():
            found = _planned(the, path, named(the, assignment), student or [], amiss)
            ready = [result for result in found if result.after is not None]
            manual = _manual(the, ready)
            if not as_json:
                _show(found, manual)
            agreed = bool(ready) and not diff and (yes or (not as_json and _agreed()))
            if agreed:
                apply(the, ready)
        if not as_json and not found:
            reports = Folder(the.root).read_reports(
                named(the, assignment) or the.assignments, student or [], amiss=lambda _error: None
            )
            some = next(reports, None) is not None
            out.print(
                _("Every report fits course.yml: nothing to regrade.")
                if some
                else _("There is no report to regrade: `autograder grade` makes them.")
            )
        if as_json:
            print(json_text(_document(found, manual, agreed)))
    except AutograderError as error:
        fail(error)
    except KeyboardInterrupt:
        err.print(_("Stopped. What was applied is kept: the same command goes on from there."))
        raise typer.Exit(INTERRUPTED) from None
    if agreed:
        err.print(_("{count} applied to the gradebook, reports/ and autograded/.", count=len(ready)), highlight=False)
    left = sum(not result.gone for result in found) - (len(ready) if agreed else 0)
    if left:
        raise typer.Exit(AMISS)
    amiss.end()
    if any(result.after is not None and result.after.undecided for result in ready):
        raise typer.Exit(UNDECIDED)


def _planned(course: Course, path: Path, assignments: list[str], students: list[str], amiss: Amiss) -> list[Regraded]:
    from autograder.classroom.grading.regrade import grades, outdated, plan

    waiting = list(outdated(course, assignments, students, amiss))
    with bar(_("judging again"), len(waiting)) as progress:
        found = plan(course, path, waiting, lambda _done: progress.step())
    return grades(course, found, assignments, students)


def _manual(course: Course, ready: Sequence[Regraded]) -> set[tuple[str, str, str]]:
    """Questions that a person scored: their points don't change with the report's."""
    from autograder.classroom.gradebook.book import Book
    from autograder.classroom.gradebook.database import address

    if not ready:
        return set()
    with Book(address(course), course.course.id) as book:
        return {(e.student, e.assignment, e.question) for e in book.entries() if e.manual is not None}


def _agreed() -> bool:
    if not sys.stdin.isatty():
        err.print(_("Nothing was written: there is nobody to ask. Apply it with --yes."), highlight=False)
        return False
    return typer.confirm(_("Apply this to the gradebook, reports/ and autograded/?"), err=True)


def _show(found: Sequence[Regraded], manual: set[tuple[str, str, str]]) -> None:
    from autograder.classroom.pages.changes import change_table, signed

    _show_course(found)
    rows = []
    for result in found:
        if result.after is not None and result.changes:
            place = (result.submission.student, result.submission.assignment)
            remarks = [_("a person's score counts") if (*place, c.question) in manual else "" for c in result.changes]
            rows.append((result.before, result.after, list(zip(result.changes, remarks, strict=True))))
    if rows:
        out.print(change_table(rows))
    for result in found:
        if result.penalty is not None:
            old, new = result.penalty
            who = f"{result.submission.student} {result.submission.assignment}"
            text = _("{who}: {old:g} → {new:g} points are deducted for late work", who=who, old=old, new=new)
            out.say(text)
    behind = sum(result.after is result.before for result in found)
    if behind:
        text = _(
            "{count} of which the gradebook is behind: a due date, the rule for late work, or a time changed.",
            count=behind,
        )
        out.say(text)
    ready = [result for result in found if result.after is not None and result.after is not result.before]
    gains = [result.gained for result in ready if result.gained > 0]
    losses = [result.gained for result in ready if result.gained < 0]
    words = sum(1 for result in ready if not result.changes)
    kept = len(ready) - len(gains) - len(losses)
    said = [
        _("{count} gain {points} in all", count=len(gains), points=signed(round(sum(gains), 6))) if gains else "",
        _("{count} lose {points} in all", count=len(losses), points=signed(round(sum(losses), 6))) if losses else "",
        _("{count} keep their points", count=kept) if kept else "",
        _("{count} change in words at most", count=words) if words else "",
    ]
    if ready:
        text = _("{count} judged again: {what}.", count=len(ready), what=", ".join(filter(None, said)))
        out.say(text)
    waiting = [result for result in found if result.after is None]
    for gone, text in (
        (False, _("{count} have to be graded again, by `autograder grade`:")),
        (True, _("{count} keep their reports and grades, and can't be judged again:")),
    ):
        if these := [result for result in waiting if result.gone is gone]:
            out.print(text.format(count=len(these)), highlight=False)
        for result in these:
            name = f"{result.submission.student} {result.submission.assignment}"
            out.say(f"  {name}: {'; '.join(result.reasons)}")


def _course_changes(found: Sequence[Regraded]) -> dict[str, dict[str, list[str]]]:
    """What changed in the course, by assignment and question, as seen from all reports: some may be older than others."""
    changed: dict[str, dict[str, list[str]]] = {}
    for result in found:
        own = changed.setdefault(result.submission.assignment, {})
        for question, lines in result.why.items():
            own[question] = list(dict.fromkeys([*own.get(question, []), *lines]))
    return changed


def _show_course(found: Sequence[Regraded]) -> None:
    for assignment, questions in _course_changes(found).items():
        for question, lines in questions.items():
            name = (question if "." in question else f"{assignment}.{question}") if question else "course.yml"
            for text in lines:
                out.print(f"[bold]{escaped(name)}[/] {escaped(text)}", highlight=False, soft_wrap=True)


def _document(found: Sequence[Regraded], manual: set[tuple[str, str, str]], applied: bool) -> dict[str, Any]:
    def outcome(it: Any) -> Any:
        return it and {"status": it.status.value, "points": it.points, "out_of": it.out_of, "actual": it.actual}

    def score(it: Any) -> Any:
        return it and {"points": it.points, "out_of": it.out_of, "undecided": bool(it.undecided)}

    return {
        "applied": applied,
        "course": _course_changes(found),
        "submissions": [
            {
                "student": result.submission.student,
                "assignment": result.submission.assignment,
                "before": score(result.before),
                "after": score(result.after),
                "grade_again": [] if result.gone else list(result.reasons),
                "gone": result.gone,
                "penalty": result.penalty and list(result.penalty),
                "questions": [
                    {
                        "question": change.question,
                        "before": score(change.before),
                        "after": score(change.after),
                        "gained": change.gained,
                        "manual": (result.submission.student, result.submission.assignment, change.question) in manual,
                        "checks": [
                            {"check": check.check, "before": outcome(check.before), "after": outcome(check.after)}
                            for check in change.checks
                        ],
                    }
                    for change in result.changes
                ],
            }
            for result in found
        ],
    }
