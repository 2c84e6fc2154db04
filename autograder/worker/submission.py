"""One submission: the notebook runs in the sandbox beside the judge, and becomes an executed notebook and a `Report`.

The notebook that runs is the student's, with the cells of the *release* put back: nothing hidden is in it. What a cell prints
earns nothing; after the run the outputs of the check cells are replaced by what the judge decided.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.common.cells import cells_by_id
from autograder.common.errors import ProtocolError, SandboxError, SubmissionError
from autograder.common.i18n import VARIABLE, _, speaking
from autograder.common.outcome_table import as_html, points
from autograder.common.results import BrokenLimit, QuestionResult, Report
from autograder.common.submission import Submission
from autograder.common.versions import versions
from autograder.common.wire.handins import HandIns, Kept, code_digest, pack, sha256, unpack
from autograder.common.wire.notebook import read, restore
from autograder.common.wire.orders import Decided
from autograder.common.wire.protocol import JUDGE, SEED, SPLIT
from autograder.course.course import Course, course_document
from autograder.course.released_notebook import released_notebook
from autograder.sandbox.host import Sandbox
from autograder.sandbox.run import Run, run_notebook
from autograder.worker.answers import all_failed, all_undecided, circumstances, complete
from autograder.worker.judge_process import Bench, JudgeDied
from autograder.worker.sanitize import harmless

SOCKET = "judge"
KILLED = 137  # 128 + SIGKILL
ATTEMPTS = 2  # a sandbox or judge that dies under a notebook is replaced, and the notebook runs once more


@dataclass(frozen=True)
class Graded:
    """`notebook`: the executed notebook, for ``autograded/``. `fits`: trainings asked for; `trained`: those that had to run.

    `handins`: what was handed in, as `handins.pack` makes it, for judging again; b"" if nothing could be kept.
    `seconds`: of wall time in all; `stages`: the same, by what took them: read, kernel (until it answers), cells (without
    waiting for the judge), train, recall, evaluate, hand_in, decide (the judge), finish.
    """

    report: Report
    notebook: NotebookNode
    fits: int = 0
    trained: int = 0
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    handins: bytes = b""


def grade_submission(
    submission: Submission, course: Course, bench: Bench, sandbox: Sandbox, language: str = "en"
) -> Graded:
    """Grade one submission. Whatever is in the file, this returns: what the grader can't tell is `undecided`."""
    with speaking(language):
        return _grade(submission, course, bench, sandbox, language)


def _grade(submission: Submission, course: Course, bench: Bench, sandbox: Sandbox, language: str) -> Graded:
    started = time.perf_counter()
    assignment = course.assignment(submission.assignment)
    released = released_notebook(course, submission.assignment)
    try:
        submitted = read(submission.path, course.limits.notebook_mb)
    except SubmissionError as error:
        return unreadable(submission, course, sandbox.isolation, language, error)
    notebook, notes = restore(submitted, released)
    stages = {"read": time.perf_counter() - started}
    failure = ""
    for attempt in range(ATTEMPTS):
        trial = nbformat.from_dict(notebook)
        try:
            run, decided = _run(trial, submission, course, bench, sandbox, language)
        except (SandboxError, JudgeDied) as error:
            failure = str(error)
            continue
        if run.code == KILLED and attempt == 0:
            continue  # by itself, or by the system for want of memory: the second time tells
        ended = time.perf_counter()
        missing, errors = circumstances(assignment, decided.questions, trial, run)
        questions = complete(assignment, decided.questions, missing, errors, language)
        kept = b""
        with suppress(ProtocolError):  # it could not be kept: then a change of course.yml needs the notebook again
            kept = _handins(
                unpack(decided.handins), submission, course, language,
                code=code_digest(notebook), missing=missing, errors=errors,
            )  # fmt: skip
        notes = [*notes, *(sentence_case(broken.sentence) for broken in run.breaks)]
        trial = harmless(trial)
        _write_outputs(trial, questions)
        breaks = tuple(BrokenLimit(cell=b.cell, limit=b.limit, sentence=sentence_case(b.sentence)) for b in run.breaks)
        report = _report(submission, course, sandbox.isolation, questions, notes, language)
        report = report.model_copy(update={"breaks": breaks})
        stages |= _stages(run, decided) | {"finish": time.perf_counter() - ended}
        return Graded(report, trial, decided.fits, decided.trained, time.perf_counter() - started, stages, kept)
    questions = all_undecided(assignment, language, _("the grader failed: {reason}", reason=failure))
    return Graded(_report(submission, course, sandbox.isolation, questions, notes, language), notebook)


def unreadable(submission: Submission, course: Course, isolation: str, language: str, error: SubmissionError) -> Graded:
    """What a submission is worth that is no notebook: nothing ran, and nothing had to."""
    with speaking(language):
        problem = f"{error} {error.remedy}".strip()
        questions = all_failed(course.assignment(submission.assignment), language, problem)
        report = _report(submission, course, isolation, questions, (problem,), language)
        kept = _handins(Kept(HandIns(), {}), submission, course, language, unreadable=problem)
        return Graded(report, _page(submission, course, questions), handins=kept)


def undecided(submission: Submission, course: Course, isolation: str, language: str, why: str) -> Graded:
    """A submission that the grader could not run at all: a person has to look at it."""
    with speaking(language):
        why = _("the grader failed: {reason}", reason=why)
        questions = all_undecided(course.assignment(submission.assignment), language, why)
        report = _report(submission, course, isolation, questions, (), language)
        return Graded(report, _page(submission, course, questions))


def _page(submission: Submission, course: Course, questions: Sequence[QuestionResult]) -> NotebookNode:
    """An empty notebook with the check cells: it gives formgrader and the feedback a page."""
    empty, _notes = restore(nbformat.v4.new_notebook(), released_notebook(course, submission.assignment))
    _write_outputs(empty, questions)
    return empty


def _run(
    notebook: NotebookNode, submission: Submission, course: Course, bench: Bench, sandbox: Sandbox, language: str
) -> tuple[Run, Decided]:
    sandbox.start()
    bench.begin(submission.assignment, sandbox.run_folder / SOCKET, language)
    environment = {JUDGE: f"{sandbox.inner_run_folder}/{SOCKET}", VARIABLE: language, SEED: str(course.seed)}
    environment[SPLIT] = f"{course.data.holdout.test_size} {course.data.holdout.random_state}"
    try:
        run = run_notebook(notebook, sandbox, environment=environment)
    finally:
        decided = bench.end(language)
    return run, decided


def _stages(run: Run, decided: Decided) -> dict[str, float]:
    asked = sum(seconds for kind, seconds in decided.seconds.items() if kind != "decide")
    cells = max(0.0, run.seconds - run.start_seconds - asked)
    return {"kernel": run.start_seconds, "cells": cells, **decided.seconds}


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _report(
    submission: Submission, course: Course, isolation: str, questions: Sequence[QuestionResult],
    notes: Sequence[str], language: str,
) -> Report:  # fmt: skip
    return Report(
        student=submission.student,
        assignment=submission.assignment,
        submission=submission.digest(),
        course=course.digest(submission.assignment),
        isolation=isolation,
        versions=_versions(),
        questions=tuple(questions),
        notes=tuple(notes),
        language=language,
    )


def _handins(kept: Kept, submission: Submission, course: Course, language: str, **facts: Any) -> bytes:
    """What the judge kept, with what only this side knows, packed."""
    document = course_document(course, submission.assignment)
    names = {"assignment": submission.assignment, "submission": submission.digest(), "language": language}
    about = {**names, "versions": _versions(), "course": sha256(document)}
    return pack(kept.changed({sha256(document): document}, **about, **facts).capped())


def _versions() -> dict[str, str]:
    return dict(version.split(" ", 1) for version in versions())


def _write_outputs(notebook: NotebookNode, questions: Sequence[QuestionResult]) -> None:
    """Replace what the check cells showed: the judge's table, and the points as nbgrader's partial credit."""
    cells = cells_by_id(notebook)
    for result in questions:
        if result.question in cells:
            cell: Any = cells[result.question][1]
            table = nbformat.v4.new_output(
                "display_data", data={"text/html": as_html(result), "text/plain": summary(result)}
            )
            score = nbformat.v4.new_output(
                "execute_result", execution_count=cell.execution_count, data={"text/plain": points(result.points)}
            )
            cell.outputs = [table, score]


def redone(restored: NotebookNode, executed: NotebookNode | None, questions: Sequence[QuestionResult]) -> NotebookNode:
    """`restored` with the outputs of `executed`, which ran the same code, and in its check cells what is decided now."""
    notebook = nbformat.from_dict(restored)
    if executed is not None:
        cells, ran = ([cell for cell in n.cells if cell.cell_type == "code"] for n in (notebook, executed))
        for cell, before in zip(cells, ran, strict=True):
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
            if before.metadata.get("nbgrader", {}).get("grade") and "nbgrader" not in cell.metadata:
                cell.outputs = []  # the check cell of a question that is gone: what it showed counts no more
        notebook = harmless(notebook)
    _write_outputs(notebook, questions)
    return notebook


def summary(result: QuestionResult) -> str:
    """One line: ``model: 3 of 4 points``, with the problem when there is one."""
    text = _(
        "{question}: {points} of {out_of} points",
        question=result.question,
        points=points(result.points),
        out_of=points(result.out_of),
    )
    return f"{text} ({result.problem})" if result.problem else text
