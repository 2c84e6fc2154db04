"""What a submission lost points for: every known mistake alone and in pairs, and the sums of any report."""

from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from autograder.classroom.pages.losses import losses
from autograder.common.results import FirstCause, Outcome, QuestionResult, Status
from autograder.course.question_dependencies import needed_by
from tests.classroom import synthetic
from tests.hand_built import report_of

MUTANTS = sorted((Path(__file__).parents[2] / "mutants").glob("*/*.yml"))


@cache
def slips(path):
    """What a mutant of the course says that it loses, by question or ``question.check``, and what it skips; whose cells it edits."""
    document = yaml.safe_load(path.read_text("utf-8"))
    edited = {name.removesuffix("-answer") for name in document["edits"]}
    loses = {place: str(said or "") for place, said in document["loses"].items()}
    return edited, loses, set(document.get("skips", ()))


def report(course, assignment, loses, skips=frozenset()):
    """The report of somebody who loses these, in the words that the mutant's file has of them."""
    questions = []
    for key, question in course.assignment(assignment).questions.items():
        outcomes = []
        for check in question.checks:
            place = f"{key}.{check.id}"
            failed = key in loses or place in loses
            status = Status.FAILED if failed else Status.SKIPPED if place in skips else Status.PASSED
            earned = check.points if status is Status.PASSED else 0.0
            said = loses.get(place, "")
            outcomes.append(
                Outcome(check=check.id, title=check.id, status=status, points=earned, out_of=check.points, hint=said, actual=place if said else "")
            )  # fmt: skip
        # What was not handed in was not made, because the answer raised.
        unmade = (
            said for place, said in loses.items() if place.startswith(f"{key}.") and "nothing was handed in" in said
        )
        said_of = [said for place, said in loses.items() if place.startswith(f"{key}.")]
        alike = (said for said in said_of if len(said_of) > 2 and {*said_of} == {said})  # that of the exception
        raised = loses[key] if key in loses else next(unmade, next(alike, None))
        problem = "" if raised is None else f"Your cell raised an error: {raised}"
        title = question.title.in_language("en")
        questions.append(
            QuestionResult(question=key, title=title, out_of=question.points, outcomes=tuple(outcomes), problem=problem)
        )
    return report_of(*questions, student="alice", assignment=assignment)


def lost(one):
    return round(sum(o.out_of - o.points for q in one.questions for o in q.outcomes if o.status != "undecided"), 6)


def traced(one):
    """The same report, in which the first question that raised is told as the cause of all that raised after it."""
    first, *later = [question.question for question in one.questions if question.problem] or [""]
    cause = FirstCause(
        cell=3, question=first, place=first, error="ValueError: x", questions=tuple(later), sentence="It began there."
    )
    return one.model_copy(update={"first_cause": cause if later else None})


@pytest.mark.parametrize("told", [lambda one: one, traced], ids=["untraced", "traced"])
@pytest.mark.parametrize("path", MUTANTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_one_mistake_is_one_loss_in_the_question_that_it_was_made_in(course, path, told):
    edited, loses, skips = slips(path)
    one = told(report(course, path.parent.name, loses, skips))
    found = losses(one, course)
    assert {loss.question for loss in found} <= edited
    assert len(found) <= len(edited)
    assert round(sum(loss.points for loss in found), 6) == lost(one)
    if len(found) == 1:
        assert found[0].gain == lost(one)  # its repair brings all of it


def single(path):
    return len(slips(path)[0]) == 1


PAIRS = [
    (one, other)
    for one, other in combinations(filter(single, MUTANTS), 2)
    if one.parent == other.parent and slips(one)[0] != slips(other)[0]
]


def test_of_two_mistakes_hardly_ever_one_takes_the_blame_for_the_other(course):
    """The sentence says *probably*: of all pairs of known mistakes no more than one in twenty may promise too much."""
    wrong = []
    for one, other in PAIRS:
        (_, first, skipped), (_, second, skipped_too) = slips(one), slips(other)
        both = losses(report(course, one.parent.name, first | second, skipped | skipped_too), course)
        alone = {place.partition(".")[0] for place in first}, {place.partition(".")[0] for place in second}
        for loss in both:
            mine = [questions for questions in alone if loss.question in questions]
            if not all(any(key in questions for questions in mine) for key in loss.whole):
                wrong.append((one.stem, other.stem, loss.question, loss.whole))
    assert len(PAIRS) > 500
    assert len(wrong) <= len(PAIRS) / 20, wrong


def test_unscaled_pixels_are_one_mistake_in_three_questions(course):
    failing = {"scale.range", "scale.pixels", "train.trained_on", "accuracy.accuracy", "accuracy.unseen_images"}
    (loss,) = losses(synthetic.report(course, "alice", "two_layer", failing=failing), course)
    assert (loss.question, loss.whole) == ("scale", ("train", "accuracy"))
    assert loss.said == "A hint on `range`: look again."


def test_a_crash_is_one_mistake_with_all_that_comes_after_it(course):
    one = synthetic.stopped(course)
    crash = one.breaks[1].sentence
    questions = [
        q.model_copy(update={"problem": f"The check cell did not run: {crash}"}) if q.problem else q for q in one.questions
    ]  # fmt: skip
    (loss,) = losses(one.model_copy(update={"questions": tuple(questions)}), course)
    assert loss.broken and loss.question == "steps" and set(loss.whole) == {"train", "accuracy"}
    assert loss.points == lost(one)


def test_an_error_outside_of_all_questions_is_named_by_its_place(course):
    one = report(course, "two_layer", {"train": "x", "accuracy": "x"})
    cause = FirstCause(
        cell=3, place="Load the data", error="NameError: x", questions=("train", "accuracy"), sentence="It began there."
    )
    (loss,) = losses(one.model_copy(update={"first_cause": cause}), course)
    assert (loss.question, loss.place, loss.said) == ("", "Load the data", "It began there.")
    assert loss.points == lost(one) == loss.gain


def test_each_question_left_empty_is_a_mistake_of_its_own(course):
    one = synthetic.report(course, "alice", "two_layer", missing=("compile", "train", "accuracy"))
    found = losses(one, course)
    assert [loss.question for loss in found] == ["compile", "train", "accuracy"]
    assert all(loss.unanswered for loss in found)


def test_without_the_solution_names_say_what_needs_what(course, tmp_path):
    there = needed_by(course, "two_layer")
    assert there["scale"] == {"split", "train", "accuracy"} and not there["collapse"]
    elsewhere = needed_by(course.model_copy(update={"root": tmp_path}), "two_layer")
    assert elsewhere["train"] == {"accuracy"} and not elsewhere["collapse"]
