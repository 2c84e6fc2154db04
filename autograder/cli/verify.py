"""`autograder verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.common import (
    AMISS,
    INTERRUPTED,
    Commands,
    CourseFile,
    Isolation,
    MemoFolder,
    NoMemo,
    OfAssignments,
    Workers,
    err,
    fail,
    named,
    out,
    write,
)
from autograder.cli.progress_bar import bar
from autograder.cli.settings import settings_from
from autograder.common.errors import AutograderError, CourseError
from autograder.common.files import said_of
from autograder.common.i18n import _, language

if TYPE_CHECKING:
    from autograder.authoring.verify.generated import Seeds
    from autograder.authoring.verify.proof import Part, Proof
    from autograder.classroom.grading.grade_class import Settings
    from autograder.course.course import Course

app = Commands()


@app.command(epilog="Example: autograder verify two_layer --only mutants --html build/verify.html")
def verify(
    assignment: OfAssignments = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Only this part (repeatable): solution, alternatives, release, mutants, checks, secrets, nbgrader, languages, thresholds, emptied, unasked, told, environment, spellings, slips.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of spellings and slips only the version of this seed.")
    ] = None,
    versions: Annotated[
        int, typer.Option("--versions", min=1, help="How many spellings, and how many slips, of an assignment.")
    ] = 300,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="More of the spellings in real kernels: 25 of an assignment.")
    ] = False,
    course: CourseFile = None,
    workers: Workers = 0,
    isolation: Isolation = None,
    memo: MemoFolder = None,
    no_memo: NoMemo = False,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML for CI there.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also the rates behind each threshold.")] = False,
) -> None:
    """Prove an assignment before it is released: that its grading is right, can fail, and gives nothing away.

    The solution and the alternatives (tests/alternatives/) must earn every point, the untouched release none, and each mutant
    (tests/mutants/, a solution with one mistake) must lose exactly the checks that it names. Each is graded as a student's
    notebook is; known trainings are not repeated, so that a second run takes minutes only.

    Ends with 0 when all is proven, with 1 when something is wrong, and with 4 when it could not look.
    """
    from autograder.authoring.verify import render

    try:
        parts = _parts(only or [])
        settings, the = settings_from(course, isolation, workers, "", memo, no_memo, True, False)
        proof = _run(
            the, named(the, assignment) or list(the.assignments), settings, parts, _seeds(seed, versions, thorough)
        )
        if junit is not None:
            write(junit, render.junit(proof), _("Name another file."))
        if html is not None:
            write(html, render.page(proof, the.course.title.in_language(language())), _("Name another file."))
    except AutograderError as error:
        fail(error)
    except OSError as error:
        fail(said_of(error))
    except KeyboardInterrupt:
        err.print(_("Stopped. Trainings that were done are remembered."))
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(proof.to_json(), end="")
    else:
        show(proof, verbose)
    if not proof.proven:
        raise typer.Exit(AMISS)


def _parts(names: list[str]) -> frozenset[Part]:
    from autograder.authoring.verify.proof import Part
    from autograder.common.hints.for_errors import meant

    known = [part.value for part in Part]
    for name in names:
        if name not in known:
            raise CourseError(_("there is no part '{name}' to verify", name=name), meant(name, known), misused=True)
    return frozenset(map(Part, names)) or frozenset(Part)


def _seeds(seed: int | None, versions: int, thorough: bool) -> Seeds:
    from autograder.authoring.verify.generated import IN_KERNELS, THOROUGH, Seeds

    if seed is not None:
        return Seeds((seed,), (seed,), 1)
    return Seeds(range(versions), range(versions), THOROUGH if thorough else IN_KERNELS)


def _run(course: Course, assignments: list[str], settings: Settings, parts: frozenset[Part], seeds: Seeds) -> Proof:
    from autograder.authoring.verify.verify_course import verify as prove

    with bar(_("reading")) as progress:
        return prove(course, assignments, settings, parts, progress.plan, progress.step, progress.at, seeds)


def show(proof: Proof, verbose: bool) -> None:
    from autograder.authoring.verify import render

    out.print(render.table(proof))
    for line in (*render.reasons(proof), *render.questions(proof), *(render.notes(proof) if verbose else ())):
        out.print(line, highlight=False, soft_wrap=True)
    err.print(render.timing(proof), highlight=False, soft_wrap=True)
