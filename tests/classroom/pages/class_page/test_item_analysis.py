"""Figures of a class, against numbers worked out by hand or by numpy, and where nothing can be said."""

import numpy as np
import pytest

from autograder.classroom.pages.class_page import item_analysis
from autograder.classroom.pages.class_page.item_analysis import (
    alpha,
    discriminations,
    histogram,
    items,
    pattern,
    shares,
    slips,
)
from tests.classroom import synthetic


@pytest.fixture(scope="module")
def reports(course):
    return synthetic.classroom(course, 40, ("deep",), seed=5)


def test_facility_is_the_mean_share_of_points_without_what_is_undecided(course):
    reports = [
        synthetic.report(course, "a", "deep"),
        synthetic.report(course, "b", "deep", failing={"network.layers"}),
        synthetic.report(course, "c", "deep", failing={"network.layers"}),
        synthetic.report(course, "d", "deep", undecided={"network.layers"}),
    ]
    item = next(item for item in items(reports) if item.check == "layers" and item.question == "network")
    assert item.facility == pytest.approx(1 / 3)
    assert item.decided == 3
    assert item.discrimination is None  # four submissions tell nothing


def test_discrimination_is_the_correlation_with_the_rest_of_the_score():
    draw = np.random.default_rng(3)
    earned = draw.integers(0, 2, (30, 4)).astype(float)
    earned[:, 3] = earned[:, :3].sum(axis=1) >= 2  # agrees with the others
    rest = earned[:, :3].sum(axis=1)
    assert discriminations(earned)[3] == pytest.approx(np.corrcoef(earned[:, 3], rest)[0, 1])
    assert discriminations(earned)[3] > item_analysis.GOOD
    turned = earned.copy()
    turned[:, 3] = 1 - turned[:, 3]
    assert discriminations(turned)[3] == pytest.approx(-discriminations(earned)[3])


def test_an_item_that_all_pass_discriminates_nothing():
    earned = np.random.default_rng(3).integers(0, 2, (30, 3)).astype(float)
    earned[:, 0] = 1
    assert discriminations(earned)[0] is None


def test_cronbachs_alpha_is_one_for_questions_that_agree_and_absent_for_few_submissions(course, reports):
    assert alpha(reports[:5]) is None
    assert 0 < alpha(reports) < 1
    everything = {f"{key}.{check.id}" for key, q in course.assignment("deep").questions.items() for check in q.checks}
    alike = [synthetic.report(course, f"s{n}", "deep", failing=everything if n % 2 else ()) for n in range(12)]
    # All questions move together, each by its own points: k / (k - 1) * (1 - sum of variances / variance of the sum).
    worth = np.array([question.points for question in course.assignment("deep").questions.values()])
    expected = len(worth) / (len(worth) - 1) * (1 - (worth**2).sum() / worth.sum() ** 2)
    assert alpha(alike) == pytest.approx(expected)


def test_slips_that_differ_in_numbers_and_names_are_one():
    assert pattern("Layer 1: it has 50 units, and should have 100.") == pattern(
        "Layer 2: it has 64 units, and should have 1,000."
    )
    assert pattern("`model` was not trained") == pattern("`network` was not trained")
    assert pattern("Divide by 255.0.") != pattern("Train on the training split.")


def test_the_most_common_slip_comes_first_with_those_who_made_it():
    found = slips([("Use 32, not 64.", "a"), ("Scale `x`.", "b"), ("Scale `y`.", "c"), ("", "d"), ("Scale `y`.", "e")])
    assert [(slip.said, slip.students) for slip in found] == [
        ("Scale `y`.", ("b", "c", "e")),
        ("Use 32, not 64.", ("a",)),
    ]


def test_full_marks_are_in_the_last_bin():
    assert histogram([0.0, 0.05, 0.1, 0.999, 1.0]) == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_shares_of_a_class_are_between_nothing_and_everything(reports):
    assert all(0 <= share <= 1 for share in shares(reports))
    assert items([]) == []
