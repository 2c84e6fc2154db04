"""A real submission, graded in both languages: the same decisions in other words."""

import pytest

from autograder.authoring.solved_notebooks import edited, solved
from autograder.authoring.verify.compare import full_marks, nothing
from autograder.common.results import Status
from autograder.course.released_notebook import released_notebook

LOCKED = "model"  # its check cell is changed by the student


@pytest.fixture
def notebook(course):
    """Right answers, a wrong network, a changed check cell, an unanswered question, and a kernel that ends halfway."""
    return edited(
        solved(course, "two_layer"),
        {
            "model-answer": [("Dense(100,", "Dense(90,")],
            LOCKED: "print('nothing to check')",
            "formula-answer": "raise NotImplementedError()",
            "compile-answer": "import os\nos._exit(1)",
        },
    )


def korean(text):
    return any("가" <= letter <= "힣" for letter in text)


def test_grading_in_korean_gives_the_same_statuses_and_points(notebook, grade_notebook):
    english, korean_, again = (
        grade_notebook(notebook, "two_layer", language=language).report for language in ("en", "ko", "ko")
    )
    assert korean_.to_json() == again.to_json()

    def decided(report):
        return [
            (question.question, question.out_of, [(o.check, o.status, o.points, o.out_of, o.hidden) for o in question.outcomes])
            for question in report.questions
        ]  # fmt: skip

    assert decided(english) == decided(korean_)
    assert {o.status for q in english.questions for o in q.outcomes} >= {Status.PASSED, Status.FAILED}
    by_key = {question.question: question for question in korean_.questions}
    layers = next(o for o in by_key["model"].outcomes if o.check == "layers")
    assert layers.hint == "1번째 층: 뉴런이 90개입니다. 100개여야 합니다."
    assert by_key["formula"].problem == "이 문제는 답하지 않았습니다."
    assert "커널이 종료되어" in by_key["train"].problem and "'model' 확인 셀" in " ".join(korean_.notes)
    said = [text for q in korean_.questions for text in (q.problem, q.hint, *(o.hint for o in q.outcomes)) if text]
    assert all(map(korean, [*said, *korean_.notes]))
    assert not any(map(korean, [english.to_json().replace("\\u", "")]))


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
