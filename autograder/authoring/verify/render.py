"""A proof for people and machines: a table for the terminal, JUnit XML for CI, and a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.table import Table
from rich.text import Text

from autograder.authoring.verify.proof import ABOUT, Part, Proof, Step
from autograder.common.i18n import _, language
from autograder.common.showing.junit import Case, Suite, document

SLOW = 5  # how many of the slowest notebooks are named


def table(proof: Proof) -> Table:
    """Parts by assignments: how many of how many are proven."""
    made = Table(title=_("Verified"), title_justify="left", caption_justify="left")
    made.add_column("")
    for name in proof.assignments:
        made.add_column(name, justify="right")
    for part in Part:
        counts = [proof.of(name, part) for name in proof.assignments]
        if any(counts):
            made.add_row(_(ABOUT[part]), *map(_count, counts))
    made.add_row("", *(Text(_("proven") if _all(proof.of(name)) else _("wrong"), style=_colour(proof.of(name))) for name in proof.assignments))  # fmt: skip
    return made


def _all(steps: Iterable[Step]) -> bool:
    return all(step.proven for step in steps)


def _colour(steps: Iterable[Step]) -> str:
    return "bold green" if _all(steps) else "bold red"


def _count(steps: tuple[Step, ...]) -> Text:
    if not steps:
        return Text("–", style="bright_black")
    right, tried = sum(step.right for step in steps), sum(step.tried for step in steps)
    mark = "✓" if right == tried else "✗"
    return Text(f"{mark} {right}/{tried}", style="green" if right == tried else "red")


def reasons(proof: Proof) -> Iterable[Text]:
    """A line for each thing that is wrong: assignment, part, name, and the reason as a sentence."""
    for step in proof.wrong:
        yield Text(f"✗ {step.assignment}, {step.part.value}: {step.name}", style="bold red")
        for reason in step.reasons:
            yield Text(f"    {reason.sentence()}")


def notes(proof: Proof) -> Iterable[Text]:
    for step in proof.steps:
        for note in step.notes:
            yield Text(f"  {step.assignment} {step.name}: {note}", style="bright_black")


def questions(proof: Proof) -> Iterable[Text]:
    """What the author is asked, assignment by assignment."""
    for step in proof.steps:
        for asked in step.asked:
            yield Text(f"? {step.assignment}, {asked}", style="yellow")


def timing(proof: Proof) -> str:
    """What took the time: how many notebooks ran, and the slowest."""
    ran = [step for step in proof.steps if step.seconds]
    if not ran:
        return _("No notebook was run; {seconds:.0f} s.", seconds=proof.seconds)
    slow = sorted(ran, key=lambda step: -step.seconds)[:SLOW]
    named = ", ".join(f"{step.assignment} {step.name} {step.seconds:.0f} s" for step in slow)
    return _(
        "{count} notebooks and {fits} trainings asked for, in {seconds:.0f} s. The slowest: {slowest}.",
        count=len(ran), fits=proof.fits, seconds=proof.seconds, slowest=named,
    )  # fmt: skip


def junit(proof: Proof) -> str:
    """JUnit XML: a suite for each assignment, a case for each step, its reasons as one failure."""
    return document("autograder verify", (Suite(name, tuple(map(_case, proof.of(name)))) for name in proof.assignments))


def _case(step: Step) -> Case:
    said = [reason.sentence() for reason in step.reasons]
    case = Case(f"{step.assignment}.{step.part.value}", step.name, seconds=step.seconds)
    return replace(case, found="failure", message=said[0], text="\n".join(said)) if said else case


def page(proof: Proof, title: str) -> str:
    """A page of its own: no script, nothing loaded from elsewhere."""
    environment = Environment(
        loader=PackageLoader("autograder.authoring.verify"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("verify.html.j2").render(
        proof=proof,
        title=title,
        about={part: _(about) for part, about in ABOUT.items()},
        parts=list(Part),
        timing=timing(proof),
        _=_,
        language=language(),
    )
