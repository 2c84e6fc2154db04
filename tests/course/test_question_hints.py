"""Hints in steps: at least two for every question of this course, in both languages, and none tells the answer."""

import pytest
from pydantic import ValidationError

from autograder.authoring.verify.hidden_answers import tells
from autograder.authoring.verify.releases import titles_tell
from autograder.course.course import Question, load
from autograder.course.source_notebook import solutions, source_notebook, squeeze
from tests.conftest import ROOT

CHECK = {"type": "value", "of": "x", "equals": 4711, "points": 1, "hidden": True, "title": "T"}


def questions(course):
    return [
        (f"{name}.{key}", question)
        for name, one in course.assignments.items()
        for key, question in one.questions.items()
    ]


def test_every_question_of_this_course_has_two_hints_in_each_language(course):
    for place, question in questions(course):
        for language in ("en", "ko"):
            texts = [hint.in_language(language) for hint in question.hints]
            assert len(set(texts)) >= 2 and all(len(text) >= 15 for text in texts), place
        assert all(hint.in_language("en") != hint.in_language("ko") for hint in question.hints), place


@pytest.mark.parametrize("path", [ROOT / "course.yml", *sorted((ROOT / "examples").glob("*/course.yml"))])
def test_every_hidden_check_and_every_value_has_a_hint_for_a_wrong_answer(path):
    """A wrong hidden number shows nothing else: 99400 alone says as little as a cross. A choice has no way to be nearly right."""
    for place, question in questions(load(path)):
        for one in question.checks:
            silent = one.hidden and not one.safe_hints and one.type != "choice"
            assert one.hint or not (silent or one.type == "value"), f"{place}.{one.id}"


def test_no_hint_tells_a_hidden_answer_or_a_line_of_the_solution(course):
    for name in course.assignments:
        assert list(titles_tell(course, name)) == []
        lines = [text for _owner, text in solutions(source_notebook(course, name)) if len(text) > 12]
        assert len(lines) >= 5
        for key, question in course.assignments[name].questions.items():
            for hint in question.hints:
                for language in ("en", "ko"):
                    text = hint.in_language(language)
                    assert not [check.id for check in question.hidden() if tells(text, check)], (key, text)
                    assert not [line for line in lines if line in squeeze(text)], (key, text)


def test_hints_reach_students_and_change_no_report(course):
    public = course.public("two_layer", "ko")["questions"]["model"]["hints"]
    assert public == [hint.in_language("ko") for hint in course.assignments["two_layer"].questions["model"].hints]
    assert "hints" not in course.document("two_layer")["assignment"]["questions"]["model"]


def test_a_hint_that_tells_is_found(course):
    asked = course.assignments["two_layer"]
    told = asked.questions["parameters"].model_copy(
        update={"hints": tuple(Question(title="T", points=1, checks=[CHECK], hints=["It is 78,500."]).hints)}
    )
    changed = asked.model_copy(update={"questions": {**asked.questions, "parameters": told}})
    found = list(titles_tell(course.model_copy(update={"assignments": {"two_layer": changed}}), "two_layer"))
    assert found and all(reason.place.startswith("parameters.") for reason in found)


@pytest.mark.parametrize("hints", [["a", "b", "c", "d"], [{}], [{"french": "x"}], "a", [3]])
def test_at_most_three_hints_are_taken_and_each_is_a_text(hints):
    with pytest.raises(ValidationError):
        Question(title="T", points=1, checks=[CHECK], hints=hints)
