"""A real submission, graded in both languages: the same decisions in other words."""

import pytest

from autograder.authoring.variants import edited, solved
from autograder.common.results import Status

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
