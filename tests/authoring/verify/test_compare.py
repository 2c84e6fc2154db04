"""What a report should say is compared with what it says: whatever differs is a reason of its own."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.verify import compare, environment
from autograder.authoring.verify.mutants_and_alternatives import Mutant
from autograder.common.i18n import speaking
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.course import load
from tests.authoring.verify.test_course import ASSIGNMENTS, LACKED
from tests.hand_built import report_of


@pytest.fixture(scope="module")
def assignment(template):
    return load(template / "course.yml").assignment("first")


WORTH = {"add.shown": 0.5, "add.secret": 1.5, "name.value": 1.0}


def report(problem="", notes=(), points=None, hint="Think.", **statuses):
    """A report of the tiny course: every check passed but for `statuses`, like add_shown="failed: what was found"."""
    questions = {}
    for place, worth in WORTH.items():
        question, check = place.split(".")
        status, _, actual = statuses.get(place.replace(".", "_"), "passed").partition(": ")
        earned = (worth if status == "passed" else 0.0) if points is None else points
        outcome = Outcome(
            check=check, title=check, status=Status(status), points=earned, out_of=worth, actual=actual, hint=hint
        )
        questions.setdefault(question, []).append(outcome)
    results = tuple(
        QuestionResult(question=name, title=name, out_of=2 if name == "add" else 1, outcomes=tuple(o), problem=problem)
        for name, o in questions.items()
    )
    return report_of(*results, notes=notes)


def mutant(skips=(), **loses):
    return Mutant(why="x", loses={place.replace("_", "."): phrase for place, phrase in loses.items()}, skips=skips)


def sentences(reasons):
    return [reason.sentence() for reason in reasons]


def test_full_marks_give_no_reason():
    assert sentences(compare.full_marks(report(), "f")) == []


@pytest.mark.parametrize("status", ["failed", "skipped", "undecided"])
def test_a_check_that_did_not_pass_is_named_with_what_was_found(status):
    found = sentences(compare.full_marks(report(add_secret=f"{status}: 7"), "tests/a.yml"))
    assert found == [f"tests/a.yml: add.secret: this check should pass and is {status} (found 7; Think.)"]


def test_points_that_are_missing_although_all_passed_are_a_reason():
    assert sentences(compare.full_marks(report(points=0.0), "f")) == ["f: the points don't add up (expected 3 points, found 0)"]  # fmt: skip


def test_a_remark_on_a_right_notebook_is_a_reason():
    (found,) = sentences(compare.unremarked(report(notes=("The cell was put back.",)), "f"))
    assert "found The cell was put back." in found


def test_an_untouched_release_earns_nothing_and_is_told_why():
    empty = dict.fromkeys(("add_shown", "add_secret", "name_value"), "failed")
    assert sentences(compare.nothing(report("This question was not answered.", **empty), "f")) == []


def test_points_for_no_work_are_a_reason():
    lost = {"add_shown": "failed", "add_secret": "failed"}
    (found,) = sentences(compare.nothing(report("Empty.", **lost), "f"))
    assert found == "f: name.value: the untouched notebook earns 1 point: it asks for no work"


def test_an_empty_answer_that_is_told_nothing_is_a_reason():
    silent = report(add_shown="failed", add_secret="failed", name_value="failed")
    outcomes = [question.model_copy(update={"outcomes": tuple(o.model_copy(update={"hint": ""}) for o in question.outcomes)}) for question in silent.questions]  # fmt: skip
    found = sentences(compare.nothing(silent.model_copy(update={"questions": tuple(outcomes)}), "f"))
    assert found == [
        "f: add: an empty answer is not told what to do",
        "f: name: an empty answer is not told what to do",
    ]


def test_an_undecided_check_of_the_untouched_release_is_a_reason():
    lost = {"add_shown": "failed", "add_secret": "undecided: no memory", "name_value": "failed"}
    (found,) = sentences(compare.nothing(report("Empty.", **lost), "f"))
    assert "add.secret" in found and "undecided" in found and "no memory" in found


def test_a_mutant_that_loses_what_it_names_gives_no_reason(assignment):
    lost = report(add_shown="failed: 6", add_secret="skipped: because 'shown' did not pass")
    assert sentences(compare.exactly(lost, mutant(add_shown="6", skips=("add.secret",)), assignment, "f")) == []


def test_a_mutant_that_survives_says_so_and_nothing_else(assignment):
    (found,) = sentences(compare.exactly(report(), mutant(add_shown="6"), assignment, "m.yml"))
    assert found == "m.yml: the mutant survives: it earns every point (expected to lose add.shown)"


@pytest.mark.parametrize(
    ("statuses", "loses", "reasons"),
    [
        ({"add_shown": "failed: 6"}, {"add_shown": "6", "name_value": ""}, ["name.value: the mutant should lose this check, and keeps it (expected failed, found passed)"]),
        ({"add_shown": "failed: 6", "name_value": "failed: no"}, {"add_shown": "6"}, ["name.value: the mutant should keep this check, and it is failed (found no; Think.)"]),
        ({"add_shown": "undecided: odd"}, {"add_shown": "odd"}, ["add.shown: this check is not decided as the mutant says (expected failed, found undecided: odd; Think.)"]),
        ({"add_shown": "failed: 6"}, {"add_shown": "7"}, ["add.shown: the feedback does not say what the student must read (expected '7', found 6 Think.)"]),
        ({"add_shown": "failed: 6"}, {"add_shown": ("6", "Think", "Look")}, ["add.shown: the feedback does not say what the student must read (expected 'Look', found 6 Think.)"]),
        ({"add_shown": "failed: 6", "points": 0.25}, {"add_shown": "6"}, ["the points don't add up (expected 2.5 points, found 0.75)"]),
    ],
)  # fmt: skip
def test_whatever_a_mutant_does_otherwise_is_a_reason(assignment, statuses, loses, reasons):
    found = sentences(compare.exactly(report(**statuses), mutant(**loses), assignment, "m.yml"))
    assert found == [f"m.yml: {reason}" for reason in reasons]


@pytest.mark.parametrize("language", ["ko"])
def test_in_another_language_a_reason_says_no_status_in_english(assignment, language):
    with speaking(language):
        for status in ("failed", "skipped", "undecided"):
            other = report(add_shown=f"{status}: 6", name_value=f"{status}: 6")
            found = sentences(
                [
                    *compare.full_marks(other, "f"),
                    *compare.exactly(other, mutant(add_shown="6", add_secret=""), assignment, "m"),
                ]
            )
            assert len(found) > 3 and not re.search(r"failed|passed|skipped|undecided", " ".join(found)), found


def test_the_phrase_for_a_whole_question_may_be_its_problem(assignment):
    lost = report("Your cell raised NameError", add_shown="failed", add_secret="failed")
    assert sentences(compare.exactly(lost, mutant(add="NameError"), assignment, "f")) == []


def test_a_check_that_kills_no_mutant_is_named(assignment):
    mutants = [mutant(add_shown="", skips=("add.secret",))]
    found = sentences(compare.unkilled(assignment, mutants, Path("tests/mutants/first")))
    assert [line.split(":")[1].strip() for line in found] == ["add.secret", "name.value"]
    assert all("no mutant in tests/mutants/first" in line and line.startswith("course.yml") for line in found)


def test_a_check_that_waits_for_a_person_without_a_word_is_a_reason():
    (reason,) = environment.wrong(report(hint="", add_secret="undecided"), "module", "first.ipynb")
    assert reason.place == "add.secret" and "nothing says why" in reason.message
    assert list(environment.wrong(report("no module", hint="", add_secret="undecided"), "module", "first.ipynb")) == []
    assert list(environment.wrong(report(), "module", "first.ipynb")) == []


def test_a_cell_that_raises_in_a_right_notebook_is_a_reason():
    cells = [nbformat.v4.new_code_cell("1", id="fine"), nbformat.v4.new_code_cell("log['accuracy']", id="curve")]
    cells[0].outputs = [nbformat.v4.new_output("stream", text="1")]
    cells[1].outputs = [nbformat.v4.new_output("error", ename="KeyError", evalue="'accuracy'", traceback=[])]
    found = sentences(compare.raising(nbformat.v4.new_notebook(cells=cells), "f"))
    assert found == ["f: curve: a cell raises in a notebook that is right (found KeyError: 'accuracy')"]


def test_each_assignment_of_the_course_is_proven_and_together_they_try_every_line_that_works_elsewhere(course):
    assert list(course.assignments) == ASSIGNMENTS
    tried = {kind for name in ASSIGNMENTS for kind in environment.kinds(course, name, LACKED)}
    assert tried == {*environment.LINES}
