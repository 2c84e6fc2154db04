"""Verifying: a class of synthetic students, graded as real ones are, in a scratch copy of the course.

Every case is a notebook that is handed in, and what must come of it. The copy has a gradebook of its own, so that what students
read (comments, feedback pages) is made as it will be made for them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring import release
from autograder.authoring.course_copy import copy_course
from autograder.authoring.solved_notebooks import hand_in
from autograder.authoring.verify import (
    asked_and_checked,
    compare,
    feedback,
    generated,
    hidden_answers,
    mutants_and_alternatives,
    releases,
    threshold_evidence,
)
from autograder.authoring.verify.plan import Case, cases_of
from autograder.authoring.verify.proof import Part, Proof, Reason, Step, ordered
from autograder.classroom.folder import Folder
from autograder.classroom.grading.grade_class import Done, Settings, grade_class
from autograder.common.cells import is_check
from autograder.common.errors import AutograderError, CourseError
from autograder.common.files import text_of
from autograder.common.i18n import _
from autograder.common.results import Status
from autograder.common.submission import Submission
from autograder.course.course import FILE, Course, load


def verify(
    course: Course,
    assignments: Sequence[str],
    settings: Settings,
    parts: frozenset[Part] = frozenset(Part),
    on_plan: Callable[[int], None] = lambda notebooks: None,
    on_done: Callable[[str], None] = lambda what: None,
    on_start: Callable[[str], None] = lambda what: None,
    seeds: generated.Seeds = generated.NONE,
) -> Proof:
    """Prove `parts` of `assignments`; what is wrong becomes reasons in the `Proof`.

    Raises AutograderError only for what keeps it from looking: no sandbox, a damaged course file, no worker.
    """
    started = time.monotonic()
    on_start(_("reading releases, alternatives and mutants"))
    steps: list[Step] = []
    planned: list[tuple[str, Case]] = []
    paths = _stale(course) if Part.RELEASE in parts else []
    for name in assignments:
        steps += _static(course, name, parts, paths)
        made, broken = cases_of(course, name, parts, settings.isolation, seeds)
        planned += [(name, case) for case in made]
        steps += broken
    if parts & {Part.SPELLINGS, Part.SLIPS}:
        on_start(_("trying spellings and slips"))
        steps += generated.steps(course, assignments, parts, seeds)
    on_plan(len(planned))
    graded: list[Step] = []
    fits = 0
    if planned:
        graded, fits = _grade(course, planned, settings, parts, on_done, on_start)
    proof = ordered((step for step in _merged([*steps, *graded]) if step.part in parts), assignments)
    return Proof(steps=proof, seconds=round(time.monotonic() - started, 1), fits=fits)


def _merged(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps of the same part and name are one: what was read and what was graded of it."""
    found: dict[tuple[str, Part, str], Step] = {}
    for step in steps:
        key = (step.assignment, step.part, step.name)
        if key in found:
            old = found[key]
            step = old.model_copy(update={
                "reasons": (*old.reasons, *step.reasons), "notes": (*old.notes, *step.notes),
                "seconds": old.seconds + step.seconds,
            })  # fmt: skip
        found[key] = step
    yield from found.values()


# ---- what needs no notebook to run


def _stale(course: Course) -> list[Path]:
    try:
        return release.stale(course)
    except AutograderError as error:
        raise CourseError(_("the course can't be released: {error}", error=error), error.remedy) from error


def _static(course: Course, name: str, parts: frozenset[Part], stale: Sequence[Path]) -> Iterator[Step]:
    def step(part: Part, called: str, reasons: Iterable[Reason]) -> Step:
        return Step(part=part, assignment=name, name=called, reasons=tuple(_caught(reasons)))

    languages = course.course.languages
    if Part.RELEASE in parts:
        yield step(Part.RELEASE, "up to date", releases.stale(stale, course, name))
    if Part.SECRETS in parts:
        yield step(Part.SECRETS, "titles and hints", releases.titles_tell(course, name))
        for language in languages:
            yield step(Part.SECRETS, f"release in {language}", releases.reveals(course, name, language))
    if Part.LANGUAGES in parts:
        yield step(Part.LANGUAGES, ", ".join(languages), releases.languages_differ(course, name))
    if Part.CHECKS in parts:
        yield from _kills(course, name)
    if Part.THRESHOLDS in parts:
        yield from threshold_evidence.steps(course, name)
    if Part.UNASKED in parts:
        try:
            yield from asked_and_checked.steps(course, name)
        except AutograderError as error:
            yield step(Part.UNASKED, "texts", [Reason(message=f"{error} {error.remedy}".strip())])


def _caught(reasons: Iterable[Reason]) -> Iterator[Reason]:
    """An error on the way is a reason too: a release that is missing says so, and the other steps go on."""
    try:
        yield from reasons
    except AutograderError as error:
        yield Reason(message=f"{error} {error.remedy}".strip())


def _kills(course: Course, name: str) -> Iterator[Step]:
    """A step for each check, so that one that can't fail is named."""
    mutants = []
    for path in mutants_and_alternatives.files(course, mutants_and_alternatives.MUTANTS, name):
        try:
            mutants.append(mutants_and_alternatives.read_mutant(path, course))
        except CourseError:
            continue  # said where the mutant itself is looked at
    assignment = course.assignment(name)
    missing = {
        reason.place: reason
        for reason in compare.unkilled(assignment, mutants, mutants_and_alternatives.MUTANTS / name)
    }
    for place in mutants_and_alternatives.check_places(assignment):
        reasons = (missing[place],) if place in missing else ()
        yield Step(part=Part.CHECKS, assignment=name, name=place, reasons=reasons)


# ---- notebooks


def _grade(
    course: Course,
    planned: Sequence[tuple[str, Case]],
    settings: Settings,
    parts: frozenset[Part],
    on_done: Callable[[str], None],
    on_start: Callable[[str], None],
) -> tuple[list[Step], int]:
    with tempfile.TemporaryDirectory() as scratch:
        copy = load(copy_course(course, Path(scratch) / "course"))
        by_submission: dict[Submission, Case] = {}
        for name, case in planned:
            path = hand_in(case.notebook, Folder(copy.root).submitted, case.student, name)
            by_submission[Submission(case.student, name, path)] = case
        settings = replace(settings, course=copy.root / FILE, force=True, reference=False)
        done = grade_class(
            list(by_submission), copy, settings,
            lambda one: on_done(f"{one.submission.assignment} {one.submission.student}"), on_start,
        )  # fmt: skip
        on_start(_("reading reports"))
        steps: list[Step] = []
        for one in done:
            steps += _judged(copy, by_submission[one.submission], one, parts)
        if Part.SECRETS in parts:
            for name in dict.fromkeys(name for name, _case in planned):
                steps.append(_page(copy, name, [one for one in done if one.submission.assignment == name]))
        return steps, sum(one.fits for one in done)


def _judged(course: Course, case: Case, done: Done, parts: frozenset[Part]) -> Iterator[Step]:
    """The step of a case itself, and what its feedback adds to the others."""
    report, name = done.report, done.submission.assignment
    folder = Folder(course.root)
    executed = folder.read_notebook(done)
    if executed is None:
        raise AutograderError(_("{path} can't be read", path=folder.notebook(done)))
    reasons = tuple(case.judge(report, executed))
    yield Step(
        part=case.part, assignment=name, name=case.name, reasons=reasons, seconds=round(done.seconds, 1)
    )  # fmt: skip
    if Part.SECRETS in parts and case.student != "kernel":
        reasons = (
            *feedback.outcomes_tell(course, report, case.file),
            *feedback.texts_tell(course, report, _shown(executed), case.file),
        )
        yield Step(part=Part.SECRETS, assignment=name, name="feedback", reasons=reasons)
    if Part.TOLD in parts and case.part is Part.SOLUTION:
        yield from hidden_answers.steps(course, name, report, executed)
    if Part.NBGRADER in parts:
        reasons = tuple(feedback.validator_disagrees(folder.notebook(done), executed, report, case.file))
        yield Step(part=Part.NBGRADER, assignment=name, name="nbgrader validate", reasons=reasons)


def _shown(executed: NotebookNode) -> Iterator[str]:
    """What the check cells show, after grading."""
    for cell in executed.cells:
        if is_check(cell):
            for output in cell.get("outputs", ()):
                yield from map(str, output.get("data", {}).values())


def _page(course: Course, name: str, done: Sequence[Done]) -> Step:
    """The feedback page of whoever failed most hidden checks: it has the most to tell."""

    def failed(one: Done) -> int:
        outcomes = [outcome for question in one.report.questions for outcome in question.outcomes]
        return sum(outcome.hidden and outcome.status is Status.FAILED for outcome in outcomes)

    worst = max((one for one in done if one.submission.student != "kernel"), key=failed)
    student = worst.submission.student
    folder = Folder(course.root)
    file = folder.relative(folder.page(worst))
    try:
        text = text_of(feedback.page(course, student, name))
        reasons = tuple(feedback.texts_tell(course, worst.report, [text], file))
    except (AutograderError, OSError) as error:
        reasons = (Reason(message=str(error), file=file),)
    return Step(part=Part.SECRETS, assignment=name, name="feedback page", reasons=reasons)
