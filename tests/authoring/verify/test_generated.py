"""Spellings and slips, tried in a process with Keras: what is wrong on purpose is found, with the seed and the code that show it."""

import json
import subprocess
import sys

import nbformat
import pytest

from autograder.authoring.verify.bench.process import MOST_COSTLESS, MOST_REASONS, Tried
from autograder.authoring.verify.generated import Seeds, steps
from autograder.authoring.verify.proof import Part
from autograder.authoring.verify.rewriting import Version
from autograder.course import course as course_module
from tests.authoring.verify.courses_to_prove import edit_text

pytestmark = pytest.mark.slow  # each test imports Keras in a process of its own
BOTH = frozenset({Part.SPELLINGS, Part.SLIPS})
SEEDS = Seeds(spellings=range(25), slips=range(25), kernels=0)


def test_a_right_course_is_proven_and_says_how_many_were_tried(tiny_course):
    spellings, slips = steps(tiny_course, ["first"], BOTH, SEEDS)
    assert spellings.reasons == slips.reasons == slips.asked == ()
    assert spellings.tried == slips.tried == 25 and (spellings.right, slips.right) == (25, 25)


def test_a_check_that_a_mistake_passes_is_found(tiny_course):
    edit_text(tiny_course.root / "course.yml", "id: shown, equals: 5", "id: shown, equals: 5, tolerance: 0.9")
    course = course_module.load(tiny_course.root / "course.yml")
    (step,) = steps(course, ["first"], frozenset({Part.SLIPS}), SEEDS)
    assert not step.proven and 0 < step.right < step.tried
    assert {reason.place for reason in step.reasons} == {"add.shown"}
    assert {reason.message for reason in step.reasons} == {
        "a mistake breaks what this check asks for, and the check is passed"
    }
    assert all("autograder verify first --only slips --seed" in reason.file for reason in step.reasons)
    assert any("-add = total + 3" in reason.found for reason in step.reasons)  # which mistake is drawn first may change


def test_a_check_that_is_too_narrow_is_found(tiny_course):
    narrow = ("{type: value, of: add, id: shown, equals: 5,", "{type: array, of: add, id: shown, minimum: 5,")
    edit_text(tiny_course.root / "course.yml", *narrow)
    course = course_module.load(tiny_course.root / "course.yml")
    spellings, slips = steps(course, ["first"], BOTH, SEEDS)
    assert "add.shown" in {reason.place for reason in spellings.reasons} == {reason.place for reason in slips.reasons}


def test_what_a_text_may_ask_for_and_no_check_looks_at_is_asked_about_and_is_no_fault(tiny_course):
    path = tiny_course.root / "solutions" / "first" / "first.ipynb"
    notebook = nbformat.read(path, 4)
    (cell,) = [one for one in notebook.cells if "' lovelace'" in one.source]
    cell.source += "\ngreeting = 'hello there'"
    nbformat.write(notebook, path)
    (step,) = steps(tiny_course, ["first"], frozenset({Part.SLIPS}), Seeds(slips=range(60), kernels=0))
    assert step.proven and step.right == step.tried == 60
    (asked,) = step.asked
    assert asked.startswith("name: these changes cost nothing. Is that meant?") and "-greeting = 'hello there'" in asked
    assert 0 < asked.count("+greeting") <= MOST_COSTLESS and "lovelace" not in asked and "add" not in asked


def test_of_one_question_a_few_changes_are_asked_about_each_once():
    found = Tried()
    for number in (1, 1, 2, 1, 3, 4, 5):
        found.ask("one", f"+a = {number}")
    found.ask("two", "+b = 1")
    assert found.costless == {"one": ["+a = 1", "+a = 2", "+a = 3"], "two": ["+b = 1"]} and MOST_COSTLESS == 3


WRONG = """
import sys
from pathlib import Path
from autograder.authoring.verify import spellings
from autograder.authoring.verify.bench.process import main
from autograder.authoring.verify.slips.mistakes import wrong_number
spellings.REWRITERS = (wrong_number,)
main(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_spelling_that_is_decided_otherwise_is_found(tiny_course, tmp_path):
    request, answer = tmp_path / "request.json", tmp_path / "answer.json"
    asked = {"course": str(tiny_course.root / "course.yml"), "assignments": ["first"], "spellings": [0, 1], "slips": []}
    request.write_text(json.dumps(asked), "utf-8")
    subprocess.run([sys.executable, "-c", WRONG, request, answer], check=True, capture_output=True)
    found = json.loads(answer.read_text("utf-8"))["first"]["spellings"]
    assert found["tried"] == found["wrong"] == len(found["odd"]) == 2
    assert all("failed" in status for odd in found["odd"] for status in odd["checks"].values())


@pytest.mark.parametrize("wrong", [0, 1, MOST_REASONS, MOST_REASONS + 7])
def test_all_that_go_wrong_count_and_the_first_are_kept(wrong):
    notebook, found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1")]), Tried()
    for number in range(MOST_REASONS + 10):
        place = -1 if number % 2 else number  # those that slips/unseen_by_visible_cases.py makes have no seed
        found.add(Version(place, ("x",), {0: f"a = {number}"}), notebook, {"x.a": "blind"} if number < wrong else {})
    assert (found.tried, found.wrong, len(found.odd)) == (MOST_REASONS + 10, wrong, min(wrong, MOST_REASONS))


def test_a_process_that_dies_is_a_reason(tiny_course):
    (tiny_course.root / "solutions" / "first" / "first.ipynb").unlink()
    (step,) = steps(tiny_course, ["first"], frozenset({Part.SLIPS}), SEEDS)
    assert "could not be tried" in step.reasons[0].message and "first.ipynb does not exist" in step.reasons[0].message
