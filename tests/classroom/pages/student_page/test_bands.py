"""The class's curves behind a student's own: the middle of it, from enough of them, and nobody's name."""

import numpy as np
import pytest
from bs4 import BeautifulSoup

from autograder.classroom.pages.student_page.bands import FEWEST, Band, bands
from autograder.classroom.pages.student_page.page import feedback_page
from autograder.common.results import QuestionResult
from autograder.common.showing.exhibits import Confusion, Curve, Exhibit
from tests.classroom import synthetic
from tests.hand_built import report_of


def trained(student, *histories, name="model"):
    """A report of one question, with a curve for each of `histories`."""
    curves = tuple(Curve(network=name, optimizer="SGD", epochs=len(own), history={"loss": own}) for own in histories)
    result = QuestionResult(question="train", title="Train", out_of=1.0, exhibit=Exhibit(curves=curves))
    return report_of(result, student=student, assignment="a")


def test_a_band_is_the_middle_of_what_the_class_reached_after_each_epoch():
    found = bands([trained(f"s{n}", (n / 10, n / 20)) for n in range(11)])
    assert found == {("train", "model", "loss"): Band(low=(0.1, 0.05), high=(0.9, 0.45), submissions=11)}


def test_of_several_trainings_the_last_counts_and_what_was_not_finite_does_not():
    found = bands([trained(f"s{n}", (9.0, 9.0), (1.0, None)) for n in range(FEWEST)])
    assert found["train", "model", "loss"] == Band(low=(1.0,), high=(1.0,), submissions=FEWEST)


@pytest.mark.parametrize("longer", range(1, FEWEST))
def test_no_band_shows_less_than_five_submissions(longer):
    """Not at its far end either, where only a few trained that long."""
    short = [trained(f"s{n}", (1.0,)) for n in range(FEWEST)]
    assert bands(short[:longer]) == {}
    found = bands([*short, *(trained(f"t{n}", (1.0, 0.5, 0.1)) for n in range(longer))])
    assert len(found["train", "model", "loss"].low) == 1


def page(course, behind, **fields):
    own = synthetic.report(course, "alice", "two_layer", failing={"accuracy.accuracy"}, **fields)
    return BeautifulSoup(feedback_page(own, course, bands=behind), "html.parser")


def test_the_band_stands_behind_the_students_curves_and_names_nobody(course):
    others = [synthetic.report(course, f"student-{n}", "two_layer", measured=0.8 + n / 100) for n in range(FEWEST + 1)]
    made = page(course, bands(others))
    paths = made.select("#question-accuracy svg path.band")
    assert len(paths) == 2  # loss and accuracy, once each
    assert paths[0].find_next_sibling("path") is not None
    assert f"The grey band is your class on the hold-out: the middle 80 % of {FEWEST + 1} submissions." in (
        made.select_one("#question-accuracy").get_text()
    )
    assert "student-" not in str(made)
    assert not page(course, {}).select("path.band") and "grey band" not in str(page(course, {}))


def test_the_confusion_matrix_says_the_most_frequent_confusion_and_shows_every_count(course):
    counts = np.diag([90] * 10)
    counts[6, 0], counts[6, 6], counts[4, 2] = 30, 60, 7
    confusion = Confusion(network="model", split="holdout", counts=tuple(tuple(row) for row in counts.tolist()))
    own = synthetic.report(course, "alice", "two_layer", failing={"accuracy.accuracy"})
    questions = tuple(
        q.model_copy(update={"exhibit": q.exhibit.model_copy(update={"confusion": confusion})}) if q.question == "accuracy" else q
        for q in own.questions
    )  # fmt: skip
    made = BeautifulSoup(feedback_page(own.model_copy(update={"questions": questions}), course), "html.parser")
    figure = made.select_one("#question-accuracy figure.confusion")
    assert "Most often Shirt is taken for T-shirt/top: 30 of 90 samples." in figure.get_text()
    rows = [[int(cell.get_text() or 0) for cell in row.select("td")] for row in figure.select("tbody tr")]
    assert np.array_equal(rows, counts)
    assert len(made.select("figure.confusion")) == 1
