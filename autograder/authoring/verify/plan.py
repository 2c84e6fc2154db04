"""Which notebooks are graded to prove an assignment, and who judges what comes of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring.solved_notebooks import solved
from autograder.authoring.verify import compare, environment, generated, left_empty, mutants_and_alternatives, probe
from autograder.authoring.verify.proof import Part, Reason, Step
from autograder.authoring.verify.rewriting import MOST_CHANGES, Source, versions
from autograder.authoring.verify.spellings import REWRITERS
from autograder.common.errors import AutograderError, ReleaseError
from autograder.common.i18n import _
from autograder.common.results import Report
from autograder.course.course import Course
from autograder.course.released_notebook import release_file, released_notebook

Judge = Callable[[Report, NotebookNode], Iterable[Reason]]


@dataclass(frozen=True)
class Case:
    """One notebook of a synthetic `student`. `judge` says what is wrong with its report and executed notebook."""

    part: Part
    student: str
    name: str
    file: str
    notebook: NotebookNode
    judge: Judge


def cases_of(
    course: Course, name: str, parts: frozenset[Part], isolation: str, seeds: generated.Seeds
) -> tuple[list[Case], list[Step]]:
    """The notebooks to grade, and a step with the reason for each that can't be made."""
    made: list[Case] = []
    broken: list[Step] = []
    solution = f"solutions/{name}/{name}.ipynb"
    released = release_file(name, course.language).as_posix()

    def add(part: Part, student: str, called: str, file: str, make: Callable[[], tuple[NotebookNode, Judge]]) -> None:
        try:
            notebook, judge = make()
        except AutograderError as error:
            reason = Reason(message=f"{error} {error.remedy}".strip(), file=file)
            broken.append(Step(part=part, assignment=name, name=called, reasons=(reason,)))
            return
        made.append(Case(part, student, called, file, notebook, judge))

    def relative(path: Path) -> str:
        return str(path.relative_to(course.root))

    if parts & {Part.SOLUTION, Part.NBGRADER, Part.TOLD}:
        add(
            Part.SOLUTION, "solution", "solution", solution,
            lambda: (solved(course, name), partial(_right, file=solution)),
        )  # fmt: skip
    if Part.ALTERNATIVES in parts:
        for path in mutants_and_alternatives.files(course, mutants_and_alternatives.ALTERNATIVES, name):
            add(
                Part.ALTERNATIVES, f"alternative-{path.stem}", path.stem, relative(path),
                partial(_alternative, course, path, relative(path)),
            )  # fmt: skip
    if parts & {Part.RELEASE, Part.NBGRADER, Part.SECRETS}:
        add(
            Part.RELEASE, "release", "untouched", released,
            lambda: (
                released_notebook(course, name),
                lambda report, _: compare.nothing(report, released),
            ),
        )  # fmt: skip
    if Part.MUTANTS in parts:
        for path in mutants_and_alternatives.files(course, mutants_and_alternatives.MUTANTS, name):
            add(
                Part.MUTANTS, f"mutant-{path.stem}", path.stem, relative(path),
                partial(_mutant, course, path, relative(path)),
            )  # fmt: skip
    if Part.EMPTIED in parts:
        both = functools.cache(lambda: (solved(course, name), released_notebook(course, name)))
        for question in course.assignment(name).checked:
            add(
                Part.EMPTIED, f"emptied-{question}", question, solution,
                partial(_emptied, both, question, solution),
            )  # fmt: skip
    if Part.ENVIRONMENT in parts:
        for number, kind in enumerate(environment.kinds(course, name, seeds.lacks)):
            add(
                Part.ENVIRONMENT, f"environment-{kind}", kind, solution,
                partial(_elsewhere, course, name, kind, not number, solution),
            )  # fmt: skip
    if Part.SPELLINGS in parts and seeds.kernels:
        for seed in list(seeds.spellings)[: seeds.kernels]:
            add(
                Part.SPELLINGS, f"spelling-{seed}", f"in a kernel, seed {seed}", solution,
                partial(_spelling, course, name, seed, solution),
            )  # fmt: skip
    if Part.SECRETS in parts and isolation != "none":  # without isolation everything is in sight, by explicit choice
        add(
            Part.SECRETS, "kernel", "kernel", released,
            lambda: (
                probe.notebook(course, name),
                lambda report, executed: probe.findings(executed, _("the kernel of {file}", file=released)),
            ),
        )  # fmt: skip
    return made, broken


def _right(report: Report, executed: NotebookNode, file: str) -> Iterable[Reason]:
    return (*_earned(report, executed, file), *compare.unremarked(report, file))


def _earned(report: Report, executed: NotebookNode, file: str) -> Iterable[Reason]:
    return (*compare.full_marks(report, file), *compare.raising(executed, file))


def _alternative(course: Course, path: Path, file: str) -> tuple[NotebookNode, Judge]:
    alternative = mutants_and_alternatives.read_alternative(path)
    return alternative.notebook(course), partial(_right, file=file)


def _mutant(course: Course, path: Path, file: str) -> tuple[NotebookNode, Judge]:
    mutant = mutants_and_alternatives.read_mutant(path, course)
    assignment = course.assignment(mutant.assignment)
    return mutant.notebook(course), lambda report, _: compare.exactly(report, mutant, assignment, file)


def _spelling(course: Course, name: str, seed: int, file: str) -> tuple[NotebookNode, Judge]:
    source = Source.of(solved(course, name))
    version = next(versions(source, REWRITERS, [seed], f"spellings/{name}", MOST_CHANGES), None)
    if version is None:
        raise ReleaseError(_("nothing in this assignment could be written otherwise"))
    about = f"{file} [{'; '.join(version.made_by)}]\n{version.difference(source.notebook)}\n"
    # Where an answer stands before another question's check cell, the student is told that the order was mended.
    return version.notebook(source.notebook), partial(_right if version.order is None else _earned, file=about)


def _elsewhere(course: Course, name: str, kind: str, last: bool, file: str) -> tuple[NotebookNode, Judge]:
    notebook = environment.notebook(solved(course, name), kind, last)
    return notebook, lambda report, _: environment.wrong(report, kind, file)


def _emptied(
    both: Callable[[], tuple[NotebookNode, NotebookNode]], question: str, file: str
) -> tuple[NotebookNode, Judge]:
    solved, released = both()
    notebook = left_empty.notebook(solved, released, question)
    # What follows from the answer shows in the cell that has one.
    return notebook, lambda report, _: left_empty.wrong(report, solved, question, file)
