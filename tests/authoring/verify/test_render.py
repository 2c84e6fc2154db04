"""A proof as a table, as JUnit XML, as a page and as JSON: all say the same."""

import json
import re
from xml.etree import ElementTree as xml

import pytest
from rich.console import Console

from autograder.authoring.verify import render
from autograder.authoring.verify.proof import ABOUT, Part, Proof, Reason, Step, ordered

EVIL = "<script>alert('x')</script> \x1b[31m & [bold]"


@pytest.fixture
def proof():
    wrong = Reason(
        message="the mutant should keep this check, and it is failed", file="tests/mutants/a/evil.yml", place="add.shown",
        expected="5", found=EVIL,
    )  # fmt: skip
    other = Reason(message="the points don't add up", file="tests/mutants/a/evil.yml")
    return Proof(
        steps=(
            Step(part=Part.SOLUTION, assignment="a", name="solution", seconds=3.25),
            Step(part=Part.MUTANTS, assignment="a", name="fine", seconds=2),
            Step(part=Part.MUTANTS, assignment="a", name="evil", seconds=11, reasons=(wrong, other)),
            Step(
                part=Part.THRESHOLDS,
                assignment="b",
                name="accuracy.accuracy",
                notes=("untrained: passes in 0 of 30",),
                asked=(f"train: is that meant?\n-{EVIL}",),
            ),
        ),
        seconds=42.4,
        fits=7,
    )


def shown(thing, width=120):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(thing)
    return console.export_text()


def test_the_table_counts_what_is_proven_by_part_and_assignment(proof):
    lines = shown(render.table(proof)).splitlines()
    mutants = next(line for line in lines if "exactly the checks" in line)
    assert re.search(r"✗ 1/2 +│ +– │", mutants)
    assert any(re.search(r"│ +wrong +│ +proven +│", line) for line in lines)
    assert ABOUT[Part.RELEASE] not in "\n".join(lines)


def test_reasons_name_file_check_expected_and_found(proof):
    first, second, third = [text.plain for text in render.reasons(proof)]
    assert first == "✗ a, mutants: evil"
    assert second.strip() == (
        "tests/mutants/a/evil.yml: add.shown: the mutant should keep this check, and it is failed "
        f"(expected 5, found {EVIL})"
    )
    assert third.strip() == "tests/mutants/a/evil.yml: the points don't add up"


def test_what_takes_the_time_is_said(proof):
    assert render.timing(proof) == (
        "3 notebooks and 7 trainings asked for, in 42 s. The slowest: a evil 11 s, a solution 3 s, a fine 2 s."
    )
    assert render.timing(Proof(steps=(), seconds=1.2)) == "No notebook was run; 1 s."


def test_notes_are_shown_with_their_check(proof):
    assert [text.plain.strip() for text in render.notes(proof)] == ["b accuracy.accuracy: untrained: passes in 0 of 30"]


def test_junit_has_a_suite_for_each_assignment_and_a_failure_for_each_wrong_step(proof):
    root = xml.fromstring(render.junit(proof))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "4", "1")
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in root] == [("a", "3", "1"), ("b", "1", "0")]
    (failure,) = root.iter("failure")
    assert "add.shown" in failure.get("message") and "<script>" in failure.text and "\x1b" not in failure.text
    case = next(case for case in root.iter("testcase") if case.get("name") == "evil")
    assert (case.get("classname"), case.get("time")) == ("a.mutants", "11")


def test_the_page_escapes_what_it_shows_and_loads_nothing(proof):
    page = render.page(proof, "Tiny & small")
    assert "<h1>Tiny &amp; small</h1>" in page and "Not proven: 1 of 4 steps are wrong" in page
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"""(src|href|url)\s*[=(]""", page)
    assert "add.shown" in page and "untrained: passes in 0 of 30" in page


def test_a_page_of_a_proven_course_says_so(proof):
    page = render.page(Proof(steps=proof.steps[:2]), "Tiny")
    assert "Proven: all 2 steps." in page and "What is wrong" not in page


def test_json_says_whether_it_is_proven_and_why_not(proof):
    document = json.loads(proof.to_json())
    assert document["proven"] is False and document["fits"] == 7
    assert document["steps"][2]["reasons"][0]["place"] == "add.shown"


def test_steps_are_in_the_order_of_assignments_and_parts(proof):
    steps = ordered(reversed(proof.steps), ["b", "a"])
    assert [(step.assignment, step.part, step.name) for step in steps] == [
        ("b", Part.THRESHOLDS, "accuracy.accuracy"), ("a", Part.SOLUTION, "solution"), ("a", Part.MUTANTS, "evil"),
        ("a", Part.MUTANTS, "fine"),
    ]  # fmt: skip


def test_what_an_author_is_asked_is_shown_and_is_nothing_wrong(proof):
    (line,) = render.questions(proof)
    assert line.plain == f"? b, train: is that meant?\n-{EVIL}"
    page = render.page(proof, "T")
    assert "train: is that meant?" in page and EVIL not in page
    assert all(step.assignment == "a" for step in proof.wrong)
