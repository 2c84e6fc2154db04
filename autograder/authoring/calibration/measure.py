"""Measuring: which networks the solution hands in, and what they reach over seeds.

The solutions are graded once, in the sandbox, to find the networks. Worker processes then train them, one thread each, seed by
seed, so that stopping early leaves as many seeds of every network. What was measured already, under the same digest, is kept.
"""

from __future__ import annotations

import concurrent.futures as futures
import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.authoring.calibration.evidence import (
    AssignmentEvidence,
    CheckEvidence,
    Evidence,
    NetworkEvidence,
    TrialEvidence,
    read,
    rounded,
    solution_digest,
    write,
)
from autograder.authoring.calibration.summary import summed_up
from autograder.classroom.grading.grade_class import REFERENCE
from autograder.common.errors import AutograderError, CannotRebuild, CourseError
from autograder.common.i18n import _
from autograder.common.machine.versions import versions
from autograder.common.submission import Submission
from autograder.common.wire.judge_answers import Decided
from autograder.course.checks.ranges import ACCURACY
from autograder.course.checks.trainings.metric_names import ERRORS, SCORES
from autograder.course.course import Course, Isolation, load
from autograder.course.source_notebook import source_path
from autograder.judge.trial_documents import read_fit
from autograder.networks import network_metrics, rows_of_tables
from autograder.networks.build import loss_of, measuring_accuracy
from autograder.networks.fit_spec import Arrays, FitResult, FitSpec
from autograder.networks.lab import CourseLab
from autograder.networks.train import Trainer, settle
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess

RIGS, TENSORS = 32, 24  # kept by a worker: compiled networks, and data as they see them (up to 150 MB each)
WORST = 1e9  # in place of a number that a training which grew out of all bounds doesn't have
VARIATIONS = 3  # variations get a third of the seeds: they only have to be accepted


@dataclass(frozen=True)
class Settings:
    """How to measure. `course`: path of course.yml. `seeds` count from the course's own. `force`: keep nothing from before."""

    course: Path
    isolation: Isolation
    memo: Path | None
    seeds: int = 30
    workers: int = 1
    force: bool = False


@dataclass(frozen=True)
class Job:
    """One seed of one trial; `network` and `trial` say where its result belongs."""

    assignment: str
    network: int
    trial: str
    seed: int


def assignments_with_thresholds(course: Course, wanted: Sequence[str] = ()) -> list[str]:
    """Those of `wanted` (default: all) with a check on what a network reaches. Raises CourseError when there is none."""
    for name in wanted:
        course.assignment(name)
    found = [
        name
        for name, assignment in course.assignments.items()
        if (not wanted or name in wanted) and any(assignment.measured())
    ]
    if not found:
        raise CourseError(
            _(
                "{name} has no check on what a network reaches (accuracy, metric)",
                name=", ".join(wanted) or "course.yml",
            ),
            _("There is no threshold to calibrate."),
        )
    return found


def calibrate(
    course: Course,
    assignments: Sequence[str],
    settings: Settings,
    on_plan: Callable[[int, int], None] = lambda kept, waiting: None,
    on_done: Callable[[Job], None] = lambda job: None,
    on_start: Callable[[str], None] = lambda what: None,
) -> Evidence:
    """Measure all networks of `assignments`, and write calibration.json after each training.

    Raises AutograderError when a solution doesn't hand in what its checks on networks look at.
    """
    before = Evidence() if settings.force else read(course)
    documents = _find_networks(course, assignments, settings, on_start)
    evidence = read(course)
    for name in assignments:
        made = _kept(course, name, documents[name], before.assignments.get(name))
        evidence = _with_assignment(evidence, name, made)
    jobs = plan(evidence, assignments, course.seed, settings.seeds)
    on_plan(
        sum(len(t.seeds) for n in assignments for w in evidence.assignments[n].networks for t in w.trials), len(jobs)
    )
    on_start(_("starting workers (TensorFlow takes about 10 s to import)"))
    for job, values in _measured(documents, jobs, settings):
        evidence = _with_result(evidence, job, values)
        write(course, summed_up(course, evidence))
        on_done(job)
    evidence = summed_up(course, evidence)
    write(course, evidence)
    return evidence


# ---- which networks


class _Recording:
    """A bench that asks for the networks before each submission ends."""

    def __init__(self, bench: JudgeProcess) -> None:
        self._bench = bench
        self.found: tuple[dict[str, Any], ...] = ()

    def end(self, language: str) -> Decided:
        self.found = tuple(self._bench.networks())
        return self._bench.end(language)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bench, name)


def networks_of(course: Course, name: str, bench: JudgeProcess, sandbox: Sandbox) -> tuple[dict[str, Any], ...]:
    """Grade the solution of an assignment: the networks of its checks with thresholds, as `variations.examine` writes them.

    Raises AutograderError when grading doesn't get as far.
    """
    recording: Any = _Recording(bench)
    graded = grade_submission(Submission(REFERENCE, name, source_path(course, name)), course, recording, sandbox)
    if not recording.found:
        problem = next((question.problem for question in graded.report.questions if question.problem), "")
        raise AutograderError(
            _("the solution of {name} could not be graded: {problem}", name=name, problem=problem), _("Mend it first.")
        )
    return tuple(recording.found)


def _find_networks(
    course: Course, assignments: Sequence[str], settings: Settings, on_start: Callable[[str], None]
) -> dict[str, Sequence[Mapping[str, Any]]]:
    on_start(_("starting judge and sandbox (TensorFlow takes about 10 s to import)"))
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    with (
        JudgeProcess(settings.course, settings.memo) as bench,
        Sandbox.of(course, settings.isolation) as sandbox,
    ):
        bench.start()
        sandbox.start()
        bench.wait()
        for name in assignments:
            on_start(_("grading the solution of {name}, to find its networks", name=name))
            found[name] = networks_of(course, name, bench, sandbox)
    return found


def _kept(
    course: Course, name: str, networks: Sequence[Mapping[str, Any]], before: AssignmentEvidence | None
) -> AssignmentEvidence:
    """Today's networks, with the values that were measured before under the same digest."""
    known = {trial.digest: trial for network in (before.networks if before else ()) for trial in network.trials}
    made = []
    for network in networks:
        trials = []
        for document in network["trials"]:
            if document["kind"] == "variation" and document["caught_by"]:
                continue  # another check forbids it, so no threshold has to allow it
            old = known.get(document["digest"])
            trials.append(TrialEvidence(
                name=document["name"], kind=document["kind"], about=document["about"], digest=document["digest"],
                caught_by=tuple(document["caught_by"]),
                seeds=old.seeds if old else (), accuracy=old.accuracy if old else {},
            ))  # fmt: skip
        checks = {
            f"{place['question']}.{place['check']}": CheckEvidence(split=place["split"], threshold=1.0)
            for place in network["checks"]
        }
        made.append(NetworkEvidence(checks=checks, problem=network["problem"], trials=tuple(trials)))
    return AssignmentEvidence(
        solution=solution_digest(course, name),
        versions=dict(version.split(" ", 1) for version in versions()),
        networks=tuple(made),
    )


# ---- what is left to do


def plan(evidence: Evidence, assignments: Sequence[str], first_seed: int, seeds: int) -> list[Job]:
    """All trainings that are missing, in the order of what a threshold rests on, then seed by seed.

    The reference first, then mistakes that only the threshold can catch, then all others.
    """
    jobs: list[tuple[int, int, Job]] = []
    for name in assignments:
        for number, network in enumerate(evidence.assignments[name].networks):
            splits = {check.split for check in network.checks.values()}
            for trial in network.trials:
                urgency = {"reference": 0, "variation": 2, "wrong": 2 if trial.caught_by else 1}[trial.kind]
                count = max(1, seeds // VARIATIONS) if trial.kind == "variation" else seeds
                complete = splits <= set(trial.accuracy)
                for seed in range(first_seed, first_seed + count):
                    if seed not in trial.seeds or not complete:
                        jobs.append((urgency, seed, Job(name, number, trial.name, seed)))
    return [job for _place, _seed, job in sorted(jobs, key=lambda one: one[:2])]


def _with_assignment(evidence: Evidence, name: str, made: AssignmentEvidence) -> Evidence:
    return evidence.model_copy(update={"assignments": {**evidence.assignments, name: made}})


def _with_result(evidence: Evidence, job: Job, values: Mapping[str, float]) -> Evidence:
    assignment = evidence.assignments[job.assignment]
    networks = list(assignment.networks)
    network = networks[job.network]
    trials = tuple(_added(trial, job.seed, values) if trial.name == job.trial else trial for trial in network.trials)
    networks[job.network] = network.model_copy(update={"trials": trials})
    return _with_assignment(evidence, job.assignment, assignment.model_copy(update={"networks": tuple(networks)}))


def _added(trial: TrialEvidence, seed: int, values: Mapping[str, float]) -> TrialEvidence:
    """With one more seed, in the order of seeds; a split that was not measured before makes the old values incomplete."""
    same = set(values) <= set(trial.accuracy) or not trial.seeds
    rows = {s: {k: v[i] for k, v in trial.accuracy.items()} for i, s in enumerate(trial.seeds)} if same else {}
    rows[seed] = {split: rounded(value, split) for split, value in values.items()}
    seeds = tuple(sorted(rows))
    accuracy = {split: tuple(rows[one][split] for one in seeds) for split in sorted(values)}
    return trial.model_copy(update={"seeds": seeds, "accuracy": accuracy})


# ---- workers

_worker: dict[str, Any] = {}


def _start_worker(path: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # TensorFlow's remarks would tear the progress bar; what is raised travels by itself
    settle()
    _worker["course"] = load(path)


def _in_worker(assignment: str, document: Mapping[str, Any], seed: int, keys: Sequence[str]) -> dict[str, float]:
    course: Course = _worker["course"].on(assignment)
    place = course.data.model_dump_json()
    if place not in _worker:  # assignments on the same data share what is made of them
        lab = CourseLab(course.data, course.root)
        _worker[place] = lab, Trainer(lab.data, RIGS, TENSORS)
    lab, trainer = _worker[place]
    return _measure(lab, trainer, document, seed, keys)


def _measure(
    lab: CourseLab, trainer: Trainer, document: Mapping[str, Any], seed: int, keys: Sequence[str]
) -> dict[str, float]:
    """Train from `seed`; what it reaches by `Aim.key`, on data that are prepared as they were for training, as the judge does."""
    result: FitResult | None = None
    spec = read_fit(document["fits"][-1], seed)
    if document["trained"]:
        for one in document["fits"]:
            fit = read_fit(one, seed)
            if result is not None and one["goes_on"]:
                fit = replace(fit, start=result.state, keeps_optimizer=one["keeps_optimizer"])
            result = trainer.fit(fit)
        assert result is not None
        weights = result.weights
    else:
        rig = trainer.rig(spec.plan, spec.settings)
        rig.reset(None, False, seed)
        weights, _optimizer, _seeds = rig.snapshot()
    return {key: _reached(lab, trainer, document, spec, weights, key) for key in keys}


def _reached(
    lab: CourseLab, trainer: Trainer, document: Mapping[str, Any], spec: FitSpec, weights: Arrays, key: str
) -> float:
    split, _space, metric = key.partition(" ")
    rows = lab.rows(split)
    if lab.prepared is None:
        samples = replace(spec.samples, rows=rows, labels=lab.labels(split), weights=None)
    else:
        named, aim = document["prepared"], document["targets"]
        samples = rows_of_tables.called(named, aim, rows, spec.samples.shape, lab.prepared, lab.data)
    if metric in SCORES:
        answers = trainer.predict(spec.plan, spec.settings, weights, samples)
        try:
            found = network_metrics.score(metric, samples.targets(), answers, loss_of(spec.settings))
        except CannotRebuild:  # of answers that are no numbers any more
            found = math.nan
    else:
        settings = spec.settings if metric else measuring_accuracy(spec.settings)
        found = trainer.evaluate(spec.plan, settings, weights, samples)[metric or ACCURACY]
    return found if math.isfinite(found) else WORST if metric == "loss" or metric in ERRORS else -WORST


def _measured(
    documents: Mapping[str, Sequence[Mapping[str, Any]]], jobs: Sequence[Job], settings: Settings
) -> Iterator[tuple[Job, dict[str, float]]]:
    """Results as they come. Few jobs are handed out at a time, so that Ctrl-C waits for what runs and no longer."""
    if not jobs:
        return
    workers = max(1, min(settings.workers, len(jobs)))
    context = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(workers, context, _start_worker, (settings.course,)) as pool:
        waiting, running = list(reversed(jobs)), dict[futures.Future[dict[str, float]], Job]()
        try:
            while waiting or running:
                while waiting and len(running) < workers + 1:
                    job = waiting.pop()
                    network = documents[job.assignment][job.network]
                    trial = next(one for one in network["trials"] if one["name"] == job.trial)
                    splits = sorted({place["split"] for place in network["checks"]})
                    running[pool.submit(_in_worker, job.assignment, trial, job.seed, splits)] = job
                done, _waiting = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        except futures.process.BrokenProcessPool as error:
            raise AutograderError(
                _("a worker process died"), _("Run the command again: what was measured is kept.")
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
