"""One submission: the notebook runs in the sandbox beside the judge, and becomes an executed notebook and a `Report`.

The notebook that runs is the student's, with the cells of the *release* put back: nothing hidden is in it. What a cell prints
earns nothing; after the run the outputs of the check cells are replaced by what the judge decided.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.common.cells import cells_by_id, grading_of, is_answer, is_check
from autograder.common.errors import MachineLow, SandboxError, SubmissionError, Unreadable
from autograder.common.i18n import N_, VARIABLE, _, speaking
from autograder.common.machine.confined import OverLimit, confined
from autograder.common.results import BrokenLimit, QuestionResult, Report
from autograder.common.showing.outcome_table import as_html, points
from autograder.common.showing.readable import sentence_case, without_paths
from autograder.common.submission import Submission, SubmissionFile
from autograder.common.wire.handins import Circumstances, HandIns, Kept, code_digest, pack
from autograder.common.wire.judge_answers import Decided
from autograder.common.wire.protocol import DATA, JUDGE, NETWORKS, NONE, SEED, SPLIT
from autograder.common.wire.submitted_notebook import AGAIN, content, parse, restore
from autograder.course import illustrations
from autograder.course.course import Course
from autograder.course.released_notebook import beside
from autograder.sandbox.granted_time import MOST_TIMES
from autograder.sandbox.host import Sandbox
from autograder.sandbox.run_notebook import Run, run_notebook
from autograder.worker.answers import all_failed, all_undecided, circumstances, complete, first_cause
from autograder.worker.judge_process import JudgeDied, JudgeProcess
from autograder.worker.sanitize import harmless
from autograder.worker.task import Task

log = logging.getLogger(__name__)
SOCKET = "judge"
LEFT_OUT = N_("Left out while grading: this cell only draws. `autograder grade --all-cells` runs it.")
SIGNALLED = N_("its kernel was ended by a signal")
FOLLOW_SECONDS = 20  # of processor time, to tell which error comes from which: those of the course take 0.02
BY_SIGNAL = 128  # an exit code beyond it says which signal ended a kernel, and not who sent it
ATTEMPTS = 2  # a sandbox or judge that dies under a notebook is replaced, and the notebook runs once more


@dataclass(frozen=True)
class Graded:
    """`notebook`: the executed notebook, for ``autograded/``. `texts`: it and the report, as they are kept: report first. `fits`: trainings asked for; `trained`: those that had to run.

    `handins`: what was handed in, as `handins.pack` makes it, for judging again; b"" if nothing could be kept.
    `seconds`: of wall time in all; `stages`: the same, by what took them: read, kernel (until it answers), cells (without
    waiting for the judge), train, recall, evaluate, hand_in, decide (the judge), finish.
    """

    report: Report
    notebook: NotebookNode
    texts: tuple[str, str]
    fits: int = 0
    trained: int = 0
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    handins: bytes = b""


def grade_submission(
    submission: Submission, course: Course, bench: JudgeProcess, sandbox: Sandbox, language: str = ""
) -> Graded:
    """Grade the file of one submission. Whatever is in it, this returns: what the grader can't tell is `undecided`.

    `language` is that of the report; '' for that of the release which the notebook was made from.
    """
    with speaking(language or course.language):
        try:
            handed_in = SubmissionFile(submission, content(submission.path, course.limits.notebook_mb))
        except SubmissionError as error:
            digest = submission.digest()
            return unreadable(
                Task(submission.student, submission.assignment, digest, course, sandbox.isolation, language), error
            )
    task = Task(submission.student, submission.assignment, handed_in.digest, course, sandbox.isolation, language)
    try:
        return grade(task, handed_in.content, bench, sandbox)
    except MachineLow as error:
        return undecided(task, str(error))


def grade(task: Task, file: bytes, bench: JudgeProcess, sandbox: Sandbox) -> Graded:
    """`grade_submission` for the bytes of a file that was read."""
    started = time.perf_counter()
    with speaking(task.settled().language):
        try:
            submitted = nbformat.from_dict(confined(partial(parse, file), answer_mb=4 * task.course.limits.notebook_mb))
        except SubmissionError as error:
            return unreadable(task, error)
        except OverLimit:
            return unreadable(
                task, SubmissionError(_("The file takes more time or memory to read than a notebook does."), _(AGAIN))
            )
    task = task.settled(submitted)
    with speaking(task.language):
        try:
            notebook, notes = restore(submitted, task.released)
        except Exception as error:  # with what released notebooks hold it works: it is what was handed in
            return undecided(task, _reason(error))
        return _grade(task, notebook, notes, bench, sandbox, started)


def _reason(error: Exception) -> str:
    log.error("a submission could not be worked on:\n%s", traceback.format_exc())
    return without_paths(f"{type(error).__name__}: {error}"[:300])


def _grade(
    task: Task, notebook: NotebookNode, notes: Sequence[str], bench: JudgeProcess, sandbox: Sandbox, started: float
) -> Graded:
    stages = {"read": time.perf_counter() - started}
    failure, failures, killed = "", 0, False
    figures = _figures(notebook, task)
    left = frozenset() if task.all_cells else figures
    # A cell with nothing in it isn't run, and one that does nothing tells the kernel that there is no answer.
    empty = [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and is_answer(cell) and not cell.source.strip()
    ]
    died_of: list[tuple[int, ...]] = []
    avoid: list[tuple[int, ...]] = []
    most = MOST_TIMES * task.course.limits.notebook_seconds  # by the clock, for all runs together
    while failures < ATTEMPTS or avoid:
        if (failures or killed) and (took := time.perf_counter() - started) > most:
            reason = failure or _(SIGNALLED)
            failure = _("it took {seconds:.0f} s and was not run again ({reason})", seconds=took, reason=reason)
            break
        trial = nbformat.from_dict(notebook)
        for place in left:
            # So that the cells after it have the numbers that they always have; and a cell that does something, as the figure's does.
            trial.cells[place].source = "if False:\n    pass"
        for place in empty:
            trial.cells[place].source = "pass"
        try:
            run, decided = _run(trial, task, bench, sandbox, avoid)
        except MachineLow:
            raise  # others are running: it is tried again when they are done
        except (SandboxError, JudgeDied) as error:
            failure = without_paths(str(error))
            failures += 1
            died_of += [error.of] if isinstance(error, JudgeDied) else []
            # A last time without what is as large as the network that both judges died of.
            avoid = (
                died_of[:1] if len(died_of) == failures == ATTEMPTS and all(died_of) and len(set(died_of)) == 1 else []
            )
            continue
        if _by_signal(run) and not killed:
            killed = True
            continue  # by itself, by the system for want of memory, or with all that ran here: the second time tells
        ended = time.perf_counter()
        for place in (*left, *empty):
            trial.cells[place].source, trial.cells[place].outputs = notebook.cells[place].source, []
        try:
            report, shown, kept = _finished(task, notebook, trial, run, decided, notes, figures)
            for place in left:
                shown.cells[place].outputs = [nbformat.v4.new_output("stream", name="stdout", text=_(LEFT_OUT) + "\n")]
            texts = _texts(report, shown)  # what can't be written is this submission's, too
        except (OSError, MachineLow):
            raise  # a full disk, no process left: the machine's
        except (
            Exception
        ) as error:  # what the notebook showed or handed in is this submission's, never the machine's fault
            failure = _reason(error)
            break
        stages |= _stages(run, decided) | {"finish": time.perf_counter() - ended}
        return Graded(report, shown, texts, decided.fits, decided.trained, time.perf_counter() - started, stages, kept)
    questions = all_undecided(task.asked, task.language, _("the grader failed: {reason}", reason=failure))
    report = task.report(questions, notes)
    return Graded(report, notebook, _texts(report, notebook))


def _by_signal(run: Run) -> bool:
    """Whether a signal ended the kernel, or stopped it: who sent it can't be told."""
    return (run.code or 0) > BY_SIGNAL or any(broken.limit == "halted" for broken in run.breaks)


def _texts(report: Report, notebook: NotebookNode) -> tuple[str, str]:
    return report.to_json(), str(nbformat.writes(notebook))


def _figures(notebook: NotebookNode, task: Task) -> frozenset[int]:
    """The places of the release's illustrations that nothing in the notebook needs; none, where its code takes too long to read."""
    try:
        return frozenset(
            confined(lambda: sorted(illustrations.left_out(notebook, task.released)), seconds=FOLLOW_SECONDS)
        )
    except (OverLimit, SubmissionError):
        return frozenset()


def _finished(
    task: Task,
    notebook: NotebookNode,
    trial: NotebookNode,
    run: Run,
    decided: Decided,
    notes: Sequence[str],
    figures: frozenset[int],
) -> tuple[Report, NotebookNode, bytes]:
    """Of a notebook that ran: its report, the executed notebook, and what was handed in.

    Nothing comes from an error in one of the `figures`, which nothing needs: the report is the same if they are left out.
    """
    facts = _facts(task, trial, run, decided, figures)
    questions = complete(task.asked, decided.questions, facts, task.language)
    kept = task.handins(decided.handins, code=code_digest(notebook), circumstances=facts.model_dump())
    trial = harmless(trial)
    _write_outputs(trial, questions)
    breaks = tuple(BrokenLimit(cell=b.cell, limit=b.limit, sentence=sentence_case(b.sentence)) for b in run.breaks)
    said = [*notes, *(broken.sentence for broken in breaks)]
    report = task.report(questions, said, breaks, first_cause(task.asked, facts, task.language, questions))
    return report, trial, kept


def _facts(task: Task, trial: NotebookNode, run: Run, decided: Decided, figures: frozenset[int]) -> Circumstances:
    """What the executed notebook says about its questions, whatever its `figures` show; nothing, where its code takes too long to follow."""
    handed_in = {one.question for one in decided.questions}

    def told() -> str:
        for place in figures:  # of the child's own copy
            trial.cells[place].outputs = []
        return circumstances(task.asked, handed_in, trial, task.released, run).model_dump_json()

    try:
        return Circumstances.model_validate_json(confined(told, seconds=FOLLOW_SECONDS))
    except OverLimit:
        why = _("Nothing was handed in. {printed}", printed="").strip()
        return Circumstances(missing={key: (why, "") for key in task.asked.checked if key not in handed_in})


def unreadable(task: Task, error: SubmissionError) -> Graded:
    """What a submission is worth that is no notebook: nothing ran, and nothing had to. What the machine doesn't give is for a person."""
    if isinstance(error, Unreadable):
        return undecided(task, str(error))
    task = task.settled()
    with speaking(task.language):
        problem = f"{error} {error.remedy}".strip()
        questions = all_failed(task.asked, task.language, problem)
        kept = task.handins(pack(Kept(HandIns(), {})), unreadable=problem)
        report, page = task.report(questions, (problem,)), _page(task, questions)
        return Graded(report, page, _texts(report, page), handins=kept)


def undecided(task: Task, why: str) -> Graded:
    """A submission that the grader could not run at all: a person has to look at it."""
    task = task.settled()
    with speaking(task.language):
        questions = all_undecided(
            task.asked, task.language, _("the grader failed: {reason}", reason=without_paths(why))
        )
        report, page = task.report(questions), _page(task, questions)
        return Graded(report, page, _texts(report, page))


def _page(task: Task, questions: Sequence[QuestionResult]) -> NotebookNode:
    """An empty notebook with the check cells: it gives formgrader and the feedback a page."""
    empty, _notes = restore(nbformat.v4.new_notebook(), task.released)
    _write_outputs(empty, questions)
    return empty


def _run(
    notebook: NotebookNode, task: Task, bench: JudgeProcess, sandbox: Sandbox, avoid: Sequence[Sequence[int]]
) -> tuple[Run, Decided]:
    course = task.course.on(task.assignment)
    sandbox.start()
    sandbox.lay_beside(beside(task.course, task.assignment, task.release))
    bench.begin(task.assignment, sandbox.run_folder / SOCKET, task.language, avoid)
    environment = {JUDGE: f"{sandbox.inner_run_folder}/{SOCKET}", VARIABLE: task.language, SEED: str(course.seed)}
    environment |= {DATA: course.shown_data, **({} if course.networks else {NETWORKS: NONE})}
    environment[SPLIT] = json.dumps(course.data.holdout.split)
    try:
        run = run_notebook(notebook, sandbox, environment=environment, helper=bench.pid)
    finally:
        decided = bench.end(task.language)
    return run, decided


def _stages(run: Run, decided: Decided) -> dict[str, float]:
    asked = sum(seconds for kind, seconds in decided.seconds.items() if kind != "decide")
    cells = max(0.0, run.seconds - run.start_seconds - asked)
    return {"kernel": run.start_seconds, "cells": cells, **decided.seconds}


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
            if is_check(before) and not grading_of(cell):
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
