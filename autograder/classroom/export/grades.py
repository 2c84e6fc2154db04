"""What is exported: a `Sheet` of grades, made of what the gradebook holds and of the reports behind it.

The gradebook counts: its points are the report's, unless a person scored the question. A grade that waits for a person
is ``undecided``, one that nobody handed in is ``missing``; neither has points in any format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from autograder.classroom.export.csv_cells import number
from autograder.classroom.gradebook.entry import Entry
from autograder.common.i18n import _
from autograder.common.results import Frozen, Outcome, QuestionResult, Report
from autograder.course.course import Course

LONGEST = 4_000  # characters of a comment: a hundred failed checks fit


class State(StrEnum):
    PASSED = "passed"  # full marks
    FAILED = "failed"  # less than that
    UNDECIDED = "undecided"  # waits for a person
    MISSING = "missing"  # nothing was handed in


class Person(Frozen):
    """Who a student is to a learning platform. `student` is the name of the folder in submitted/."""

    student: str
    name: str = ""
    email: str = ""
    login: str = ""
    canvas_id: str = ""
    sis_id: str = ""
    section: str = ""


class QuestionGrade(Frozen):
    """`points`, of `out_of`, with a person's score and extra credit; None if they aren't known. `auto`: by the grader."""

    question: str
    title: str
    status: State
    points: float | None = None
    out_of: float
    auto: float | None = None
    manual: float | None = None
    extra_credit: float = 0.0
    problem: str = ""
    hint: str = ""
    checks: tuple[Outcome, ...] = ()


class Grade(Frozen):
    """A submission, or its absence. `total` is `points` less the `penalty` for being late; None if they aren't known.

    `decided` are the points of those questions that are decided, before the penalty.
    """

    student: str
    assignment: str
    title: str
    status: State
    points: float | None = None
    penalty: float = 0.0
    total: float | None = None
    decided: float = 0.0
    out_of: float
    questions: tuple[QuestionGrade, ...]
    notes: tuple[str, ...] = ()


class Part(Frozen):
    """An assignment of the sheet, and what it is worth."""

    assignment: str
    title: str
    out_of: float
    questions: tuple[tuple[str, float], ...]  # name and points


class Sheet(Frozen):
    """A class. `grades` has one for each student and assignment, students sorted, assignments in the course's order."""

    course: str
    title: str
    parts: tuple[Part, ...]
    people: tuple[Person, ...]
    grades: tuple[Grade, ...]

    def of(self, student: str) -> dict[str, Grade]:
        """The student's grades by assignment."""
        return {grade.assignment: grade for grade in self.grades if grade.student == student}

    def rows(self) -> Iterable[tuple[Person, list[Grade]]]:
        """Each student with one grade for each part, in order."""
        width = len(self.parts)
        for place, person in enumerate(self.people):
            yield person, list(self.grades[place * width : (place + 1) * width])


def make(
    course: Course,
    entries: Iterable[Entry],
    reports: Mapping[tuple[str, str], Report],
    *,
    students: Iterable[str] = (),
    assignments: Collection[str] = (),
    people: Mapping[str, Person] | None = None,
    language: str = "",
) -> Sheet:
    """The sheet of `assignments` (default: those that somebody handed in) and of all `students` and who handed in.

    `reports` by student and assignment; without one, a question has points and no checks.
    """
    language = language or course.language
    held: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in entries:
        if entry.assignment in course.assignments and (not assignments or entry.assignment in assignments):
            held.setdefault((entry.student, entry.assignment), {})[entry.question] = entry
    wanted = assignments or {assignment for _, assignment in held}
    names = [name for name in course.assignments if name in wanted]
    known = people or {}
    everybody = sorted({*students, *(student for student, _ in held)})
    parts = [
        Part(
            assignment=name,
            title=course.assignments[name].title.in_language(language),
            out_of=round(course.assignments[name].points, 6),
            questions=tuple((key, question.points) for key, question in course.assignments[name].questions.items()),
        )
        for name in names
    ]
    grades = [
        _grade(course, student, name, held.get((student, name)), reports.get((student, name)), language)
        for student in everybody
        for name in names
    ]
    return Sheet(
        course=course.course.id,
        title=course.course.title.in_language(language),
        parts=tuple(parts),
        people=tuple(known.get(student) or Person(student=student) for student in everybody),
        grades=tuple(grades),
    )


def of_report(course: Course, report: Report) -> Sheet:
    """The sheet of one submission that no gradebook holds: its report's points, and nothing for being late."""
    entries = [
        Entry(
            report.student,
            report.assignment,
            question.question,
            question.out_of,
            question.points,
            None,
            None,
            False,
            None,
        )
        for question in report.questions
    ]
    reports = {(report.student, report.assignment): report}
    return make(course, entries, reports, language=report.language)


def disagreements(entries: Iterable[Entry], reports: Mapping[tuple[str, str], Report]) -> list[tuple[str, str]]:
    """Submissions (student, assignment) whose report on disk says other points than the gradebook's automatic ones."""
    held: dict[tuple[str, str], dict[str, float | None]] = {}
    for entry in entries:
        held.setdefault((entry.student, entry.assignment), {})[entry.question] = entry.auto
    return sorted(
        place
        for place, report in reports.items()
        if held.get(place) != {question.question: question.points for question in report.questions}
    )


def _grade(
    course: Course, student: str, name: str, held: Mapping[str, Entry] | None, report: Report | None, language: str
) -> Grade:
    assignment = course.assignments[name]
    title = assignment.title.in_language(language)
    judged = {question.question: question for question in report.questions} if report else {}
    questions = [
        _question(key, question.title.in_language(language), question.points, (held or {}).get(key), judged.get(key))
        for key, question in assignment.questions.items()
    ]
    out_of = round(assignment.points, 6)
    if held is None:
        missing = tuple(question.model_copy(update={"status": State.MISSING}) for question in questions)
        return Grade(
            student=student, assignment=name, title=title, status=State.MISSING, out_of=out_of, questions=missing
        )
    decided = round(sum(question.points for question in questions if question.points is not None), 6)
    penalty = max((entry.penalty or 0.0 for entry in held.values()), default=0.0)
    open_ = any(question.status in (State.UNDECIDED, State.MISSING) for question in questions)
    notes = report.remarks if report else ()
    return Grade(
        student=student, assignment=name, title=title,
        status=State.UNDECIDED if open_ else State.PASSED if decided >= out_of - 1e-9 else State.FAILED,
        points=None if open_ else decided, penalty=penalty,
        total=None if open_ else round(max(0.0, decided - penalty), 6),
        decided=decided, out_of=out_of, questions=tuple(questions), notes=notes,
    )  # fmt: skip


def _question(key: str, title: str, out_of: float, entry: Entry | None, result: QuestionResult | None) -> QuestionGrade:
    said = {"problem": result.problem, "hint": result.hint, "checks": result.outcomes} if result else {}
    undecided = QuestionGrade(question=key, title=title, out_of=out_of, status=State.UNDECIDED, **said)  # type: ignore[arg-type]
    if entry is None or (entry.auto is None and entry.manual is None):
        return undecided  # a question that came after it was graded
    extra = float(entry.extra_credit or 0.0)
    facts = {"auto": entry.auto, "manual": entry.manual, "extra_credit": extra}
    if entry.waiting or (entry.manual is None and result is not None and result.undecided):
        return undecided.model_copy(update=facts)
    score = entry.auto if entry.manual is None else entry.manual
    points = round(float(score or 0.0) + extra, 6)
    status = State.PASSED if points >= out_of - 1e-9 else State.FAILED
    return undecided.model_copy(update={**facts, "points": points, "status": status})


def lines(question: QuestionGrade) -> Sequence[str]:
    """What there is to say about a question, a line each; nothing of what a hidden check expects."""
    said = [" ".join(filter(None, [question.problem, question.hint]))] if question.problem else []
    return [*said, *(text for check in question.checks if (text := line(check)))]


def line(check: Outcome) -> str:
    """A check that did not pass, in a line; '' for one that passed."""
    if check.status == "passed":
        return ""
    what = _("undecided, a person will look at it") if check.status == "undecided" else ""
    expected = _("expected {text}", text=check.expected) if check.expected else ""
    found = "; ".join(filter(None, [what, expected, check.actual, check.hint]))
    return f"{check.title}: {found}" if found else check.title


def points_of(question: QuestionGrade) -> str:
    """``Compile: 0.5 of 2 points``."""
    earned, worth = number(question.points or 0.0), number(question.out_of)
    return _("{question}: {earned} of {worth} points", question=question.title, earned=earned, worth=worth)


def score(grade: Grade) -> str:
    """``Two layers: 20.5 of 25.5 points``; without points for what is undecided or missing."""
    if grade.total is None:
        return grade.title
    return _(
        "{question}: {earned} of {worth} points",
        question=grade.title,
        earned=number(grade.total),
        worth=number(grade.out_of),
    )


def comment(grade: Grade) -> str:
    """All that a student should know of a grade, as lines of plain text: what is undecided, missing or deducted, then each question that lost points."""
    if grade.status is State.MISSING:
        return _("Missing: nothing was handed in.")
    said = []
    if grade.status is State.UNDECIDED:
        said.append(_("Undecided: a person will look at this."))
    if grade.penalty:
        said.append(_("{points} points are deducted for being late.", points=number(grade.penalty)))
    said += grade.notes
    for question in grade.questions:
        found = lines(question) if question.manual is None else ()
        if question.points is None:
            score = _("{question}: undecided", question=question.title)
        elif question.points < question.out_of or found:
            score = points_of(question)
        else:
            continue
        said += [score, *(f"- {text}" for text in found)]
    text = "\n".join(said)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
