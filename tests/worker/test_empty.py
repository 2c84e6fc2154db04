"""The Korean release is graded as the English one is. What students get wrong, and what they write differently, is in
tests/mutants and tests/alternatives, and graded by tests/authoring/verify/test_course.py."""

import pytest

from autograder.authoring.variants import solved
from autograder.authoring.verify.compare import full_marks, nothing
from autograder.course.released_notebook import released_notebook


@pytest.mark.parametrize("assignment", ["two_layer"])
def test_a_korean_notebook_earns_the_same_and_reads_korean_titles(course, grade_notebook, assignment):
    perfect = grade_notebook(solved(course, assignment, "ko"), assignment, language="ko").report
    assert list(full_marks(perfect, "")) == []
    assert perfect.points == course.assignment(assignment).points
    empty = grade_notebook(released_notebook(course, assignment, "ko"), assignment, language="ko").report
    assert list(nothing(empty, "")) == []
    assert (empty.points, empty.out_of, empty.undecided) == (0, perfect.out_of, False)
    titles = {question.title.in_language("ko") for question in course.assignment(assignment).questions.values()}
    assert {question.title for question in perfect.questions} == titles


def test_an_empty_notebook_is_told_that_nothing_was_answered(course, grade_notebook):
    report = grade_notebook(released_notebook(course, "two_layer"), "two_layer").report
    for question in report.questions:  # a function that was not written is handed in, and raises when it is called
        hints = [outcome.hint for outcome in question.outcomes if outcome.status == "failed"]
        assert question.problem == "This question was not answered." or all("still empty" in hint for hint in hints)
