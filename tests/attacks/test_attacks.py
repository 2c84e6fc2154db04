"""Every notebook attack, through the real sandbox and the real judge: what it earns, what it finds, whom it harms."""

from __future__ import annotations

import string
import sys
from dataclasses import replace

import nbformat
import pytest

from autograder.course.course import Course
from autograder.sandbox import run_notebook
from tests.attacks import judging, process, protocol, secrets, table, training
from tests.attacks.attack import BASES, STOLEN, TRIED, Attack, honest, notebook_of, shown
from tests.attacks.conftest import Grader
from tests.conftest import ROOT

GROUPS = [module.ATTACKS for module in (judging, secrets, process, protocol, training)]
ATTACKS = [attack for group in GROUPS for attack in group]
# After these an honest notebook is graded. (What an attack before them harmed is seen in the questions that the next one leaves alone.)
LAST_DANGEROUS = {next((one.name for one in reversed(group) if one.dangerous), "") for group in GROUPS}
# Of each notebook: those that only look around, where the first of them stands; every other attack has its own.
NOTEBOOKS = [
    tuple(one for one in group if one.looks) if attack.looks else (attack,)
    for group in GROUPS
    for attack in group
    if not attack.looks or attack is next(one for one in group if one.looks)
]
PRINTABLE = set(string.printable)
pytestmark = pytest.mark.timeout(300)  # none may hold the grader up


def test_names_are_unique() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_the_page_says_what_each_earns(course: Course) -> None:
    text = table.PAGE.read_text("utf-8")
    assert text == table.page(text, course), "write it anew: python -m tests.attacks.table"
    assert all(f"| {attack.name} |" in text for attack in ATTACKS)


def test_every_attack_is_tried_once_and_who_shares_a_notebook_can_be_told_apart() -> None:
    assert sorted(one.name for attacks in NOTEBOOKS for one in attacks) == sorted(one.name for one in ATTACKS)
    for attacks in NOTEBOOKS:
        plain = Attack("", attacks[0].before, base=attacks[0].base, tried=True, looks=True)
        if len(attacks) > 1:
            assert all(replace(one, name="", before=plain.before) == plain for one in attacks)


@pytest.mark.parametrize("attacks", NOTEBOOKS, ids=lambda attacks: "; ".join(one.name for one in attacks))
def test_an_attack_earns_nothing_and_harms_nobody(
    attacks: tuple[Attack, ...], grader: Grader, before, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack = attacks[0]  # what it may earn, and what is said of it, holds for all that share a notebook
    without = {question.question: question for question in before(attack.base).questions}
    if not attack.answers:
        monkeypatch.setattr(run_notebook, "ANSWER_SECONDS", 1.0)
    graded = grader(
        notebook_of(attack, grader.course, *attacks[1:]), attack.assignment, cell_seconds=attack.cell_seconds
    )
    report = graded.report
    found = {question.question: question for question in report.questions}
    text = report.to_json()
    assert list(found) == list(without)
    for name, question in found.items():
        if name in attack.earns:
            assert question.points == attack.earns[name], (name, question)
            waits = attack.undecided if isinstance(attack.undecided, bool) else name in attack.undecided
            assert bool(question.undecided) == waits, (name, question)
        elif name in BASES[attack.base][2]:
            assert question == without[name], name
        else:
            assert question.points == 0, (name, question)
    nbformat.writes(graded.notebook).encode("utf-8")
    assert set(text.encode("utf-8").decode("ascii", "ignore")) <= PRINTABLE
    for control in ("\\u001b", "\\u0007", "\\u202e", "\u202e"):
        assert control not in text
    for place in (sys.prefix, "site-packages/", str(ROOT)):
        assert place not in text and place not in shown(graded.notebook)
    for phrase in attack.says:
        assert phrase in text
    output = shown(graded.notebook)
    assert STOLEN not in output
    assert TRIED in output or not attack.tried, output[:3000]
    for number, one in enumerate(attacks if len(attacks) > 1 else ()):
        assert TRIED in shown(graded.notebook, number), (one.name, shown(graded.notebook, number)[:3000])
    for cell in graded.notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):  # what nbgrader takes its points from
            table, score = cell.outputs
            assert float(score.data["text/plain"]) == found[cell.metadata.nbgrader.grade_id].points
            assert table.data["text/html"].count("<table") == 1
    if attack.name in LAST_DANGEROUS:
        again = grader(honest(grader.course, "short"), "two_layer").report
        assert again.to_json() == before("short").to_json()


def test_after_all_of_them_an_honest_notebook_is_graded_as_before(grader: Grader, before) -> None:
    for base in ("quick", "train"):
        graded = grader(honest(grader.course, base), "two_layer")
        assert graded.report.to_json() == before(base).to_json()
