"""One submission: the notebook runs in the sandbox beside the judge, and becomes an executed notebook and a `Report`.

The notebook that runs is the student's, with the cells of the *release* put back: nothing hidden is in it. What a cell prints
earns nothing; after the run the outputs of the check cells are replaced by what the judge decided.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.bench import Bench, Decided, JudgeDied
from autograder.checks.base import shorten as clean
from autograder.course import Assignment, Course, Question
from autograder.errors import ProtocolError, SandboxError, SubmissionError
from autograder.handins import HandIns, Kept, pack, sha256, unpack
from autograder.hints import for_error
from autograder.i18n import VARIABLE, _, speaking
from autograder.kernel import SEED, SPLIT
from autograder.protocol import JUDGE
from autograder.release import released_notebook
from autograder.report.table import as_html, points
from autograder.restore import read, restore
from autograder.results import BrokenLimit, Outcome, QuestionResult, Report, Status
from autograder.sandbox.host import Sandbox
from autograder.sandbox.run import Run, run_notebook
from autograder.training import versions

SOCKET = "judge"
MAX_BYTES = 200 << 20  # far above what `read` accepts: a larger file is not even hashed
KILLED = 137  # 128 + SIGKILL
ATTEMPTS = 2  # a sandbox or judge that dies under a notebook is replaced, and the notebook runs once more
EMPTY = "NotImplementedError"  # what an answer cell raises until it is answered


@dataclass(frozen=True)
class Submission:
    """A submitted notebook: `path` is ``submitted/<student>/<assignment>/<assignment>.ipynb``."""

    student: str
    assignment: str
    path: Path

    def digest(self) -> str:
        """SHA-256 of the file; '' when there is no regular file of a size worth reading."""
        try:
            if self.path.is_symlink() or not self.path.is_file() or self.path.stat().st_size > MAX_BYTES:
                return ""
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return ""


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
        missing, errors = _circumstances(assignment, decided.questions, trial, run)
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
    questions = _all_undecided(assignment, language, _("the grader failed: {reason}", reason=failure))
    return Graded(_report(submission, course, sandbox.isolation, questions, notes, language), notebook)


def unreadable(submission: Submission, course: Course, isolation: str, language: str, error: SubmissionError) -> Graded:
    """What a submission is worth that is no notebook: nothing ran, and nothing had to."""
    with speaking(language):
        problem = f"{error} {error.remedy}".strip()
        questions = _all_failed(course.assignment(submission.assignment), language, problem)
        report = _report(submission, course, isolation, questions, (problem,), language)
        kept = _handins(Kept(HandIns(), {}), submission, course, language, unreadable=problem)
        return Graded(report, _page(submission, course, questions), handins=kept)


def undecided(submission: Submission, course: Course, isolation: str, language: str, why: str) -> Graded:
    """A submission that the grader could not run at all: a person has to look at it."""
    with speaking(language):
        why = _("the grader failed: {reason}", reason=why)
        questions = _all_undecided(course.assignment(submission.assignment), language, why)
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


def _result(key: str, question: Question, language: str, status: Status, why: str) -> QuestionResult:
    outcomes = tuple(
        Outcome(check=check.id, title=check.heading(language), status=status, out_of=check.points, hidden=check.hidden)
        for check in question.checks
    )
    title = question.title.in_language(language)
    return QuestionResult(question=key, title=title, out_of=question.points, outcomes=outcomes, problem=why)


def _all_failed(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [_result(key, q, language, Status.FAILED, why) for key, q in assignment.questions.items()]


def _all_undecided(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [_result(key, q, language, Status.UNDECIDED, why) for key, q in assignment.questions.items()]


def _circumstances(
    assignment: Assignment, questions: Sequence[QuestionResult], notebook: NotebookNode, run: Run
) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """By question: why nothing was handed in, with a hint; and the exception of the answer cell, name and message."""
    handed_in = {result.question for result in questions}
    cells = _cells_by_id(notebook)
    missing = {key: _why_missing(key, cells, run) for key in assignment.questions if key not in handed_in}
    answers = {key: cells.get(f"{key}-answer") for key in assignment.questions}
    found = {key: _error(cell[1]) for key, cell in answers.items() if cell is not None}
    return missing, {key: error for key, error in found.items() if error is not None}


def complete(
    assignment: Assignment,
    questions: Sequence[QuestionResult],
    missing: Mapping[str, tuple[str, str]],
    errors: Mapping[str, tuple[str, str]],
    language: str,
) -> list[QuestionResult]:
    """All questions, in order: those that were not handed in fail, with the reason that the notebook shows."""
    handed_in = {result.question: result for result in questions}
    completed = []
    for key, question in assignment.questions.items():
        if key in handed_in:
            completed.append(_with_own_error(handed_in[key], errors.get(key)))
            continue
        problem, hint = missing[key]
        result = _result(key, question, language, Status.FAILED, problem)
        completed.append(result.model_copy(update={"hint": hint}))
    return completed


def _with_own_error(result: QuestionResult, error: tuple[str, str] | None) -> QuestionResult:
    """A failed question whose own cell raised says so: the error explains more than its consequences."""
    if error is None or result.status is not Status.FAILED:
        return result
    problem = (
        _("This question was not answered.")
        if error[0] == EMPTY
        else _("Your cell raised {kind}: {message}", kind=error[0], message=error[1])
    )
    return result.model_copy(update={"problem": problem, "hint": for_error(*error)})


def code_digest(notebook: NotebookNode) -> str:
    """SHA-256 of the code that runs, cell by cell: the same code hands in the same values."""
    return sha256(json.dumps([cell.source for cell in notebook.cells if cell.cell_type == "code"]).encode())


def _handins(kept: Kept, submission: Submission, course: Course, language: str, **facts: Any) -> bytes:
    """What the judge kept, with what only this side knows, packed."""
    document = course_document(course, submission.assignment)
    names = {"assignment": submission.assignment, "submission": submission.digest(), "language": language}
    about = {**names, "versions": _versions(), "course": sha256(document)}
    return pack(kept.changed({sha256(document): document}, **about, **facts).capped())


def course_document(course: Course, assignment: str) -> bytes:
    """What determines a report, as it is kept with the hand-ins: a later course is compared with it."""
    references = sha256(course.references().encode())
    return json.dumps({**course.document(assignment), "references": references}, sort_keys=True).encode()


def _versions() -> dict[str, str]:
    return dict(version.split(" ", 1) for version in versions())


def _cells_by_id(notebook: NotebookNode) -> dict[str, tuple[int, NotebookNode]]:
    """Code cells by nbgrader's grade id, with their index."""
    found: dict[str, tuple[int, NotebookNode]] = {}
    for index, cell in enumerate(notebook.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and grade_id:
            found.setdefault(grade_id, (index, cell))
    return found


def _why_missing(key: str, cells: Mapping[str, tuple[int, NotebookNode]], run: Run) -> tuple[str, str]:
    """Why nothing was handed in for a question: the error of its own cell, else of its check cell, else a broken limit."""
    breaks = {broken.cell: broken.sentence for broken in run.breaks}
    ended = run.breaks[-1].sentence if run.breaks and not run.finished else ""
    own = cells.get(f"{key}-answer")
    check = cells.get(key)
    if own is not None and own[0] in breaks:
        return _("Nothing was handed in: {why}.", why=breaks[own[0]]), ""
    error = _error(own[1]) if own is not None else None
    if error is not None:
        hint = for_error(*error)
        if error[0] == EMPTY:
            return _("This question was not answered."), hint
        return _("Your cell raised {kind}: {message}", kind=error[0], message=error[1]), hint
    error = _error(check[1]) if check is not None else None
    if error is not None:
        return _("The check cell raised {kind}: {message}", kind=error[0], message=error[1]), for_error(*error)
    if ended:
        return _("The check cell did not run: {why}.", why=ended), ""
    printed = _printed(check[1]) if check is not None else ""
    return _("Nothing was handed in. {printed}", printed=printed).strip(), ""


def _error(cell: NotebookNode) -> tuple[str, str] | None:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return clean(str(output.get("ename", "")), 100), clean(str(output.get("evalue", "")), 400)
    return None


def _printed(cell: NotebookNode) -> str:
    texts = [str(output.get("text", "")) for output in cell.get("outputs", []) if output.output_type == "stream"]
    return clean("".join(texts), 300)


_TAG = re.compile(r"<\s*[a-zA-Z!/?]")


_SCRIPT_LINK = re.compile(r"(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)


def _without_script_links(text: str) -> str:
    """Markdown links may be scripts too, and be written with character references."""
    decoded = html.unescape(text)
    return _SCRIPT_LINK.sub("script-", decoded) if _SCRIPT_LINK.search(decoded) else text


def harmless(notebook: NotebookNode) -> NotebookNode:
    """The notebook without anything that runs in the browser of who looks at it: scripts, handlers, active images.

    nbconvert's own sanitizer, for outputs and for what text holds HTML tags; other text stays as it is.
    """
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    sanitizer = SanitizeHTML()
    cells = []
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = _without_script_links(str(output.data["text/markdown"]))
        if cell.cell_type != "code":
            cell.source = _without_script_links(cell.source)
        if cell.cell_type == "code" or _TAG.search(cell.source):
            cell, _ = sanitizer.preprocess_cell(cell, {}, index)
        cells.append(cell)
    notebook.cells = cells
    return notebook


def _write_outputs(notebook: NotebookNode, questions: Sequence[QuestionResult]) -> None:
    """Replace what the check cells showed: the judge's table, and the points as nbgrader's partial credit."""
    cells = _cells_by_id(notebook)
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
