"""What an estimator reaches: as the grader measured it, whatever a notebook says."""

import pytest
from pydantic import ValidationError

from autograder.common.errors import CannotRebuild
from autograder.common.results import Status
from autograder.common.wire.description import Component, ObjectDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.hand_built import scalar

ESTIMATOR = ObjectDescription(library="sklearn", made=Component(type="SVC"), fitted=True)


class Lab:
    def estimator_score(self, made, split, place, seed):
        if made.type == "Unknown":
            raise CannotRebuild("the grader does not fit Unknown again")
        assert (split, place) == ("test", "") and seed in (5, 6)
        by_chance = made.type == "Forest" and seed == 6
        return {"accuracy": 0.9 + 0.01 * by_chance, "fitted_accuracy": 0.91}


def outcome(given=ESTIMATOR, number=None, **fields):
    check = parse({"type": "score", "of": "model", "metric": "accuracy", "points": 1, **fields})
    values = {"model": given} | ({} if number is None else {"reached": scalar(number)})
    (found,) = decide((check,), Facts(values, Lab(), seed=5))
    return found


@pytest.mark.parametrize(
    ("fields", "number", "status"),
    [
        ({"at_least": 0.9}, None, Status.PASSED),
        ({"at_least": 0.91}, None, Status.FAILED),
        ({"at_most": 0.89}, None, Status.FAILED),
        ({"reported": "reached"}, 0.905, Status.PASSED),
        ({"reported": "reached"}, 0.95, Status.FAILED),
        ({"reported": "reached", "at_least": 0.8}, 0.95, Status.FAILED),
        ({"reported": "reached"}, "0.9", Status.FAILED),
        ({"reported": "reached"}, None, Status.FAILED),
        ({"metric": "r2", "at_least": 0.1}, None, Status.FAILED),
    ],
)
def test_what_counts_is_what_the_grader_measured(fields, number, status):
    assert outcome(number=number, **fields).status is status


def test_what_it_reaches_on_what_it_was_fitted_to_is_not_its_own_number_however_near():
    near = outcome(number=0.91, reported="reached", tolerance=0.05)
    assert near.status is Status.FAILED and "rows that it was fitted to" in near.hint
    assert outcome(number=0.905, reported="reached", tolerance=0.05).status is Status.PASSED
    far = outcome(number=0.91, reported="reached", tolerance=0.005)
    assert far.status is Status.FAILED and "rows that it was fitted to" in far.hint


def test_where_chance_makes_other_numbers_each_near_one_may_be_the_students():
    forest = ESTIMATOR.model_copy(update={"made": Component(type="Forest")})
    assert outcome(forest, number=0.91, reported="reached", tolerance=0.05).status is Status.PASSED


def test_what_the_grader_does_not_rebuild_waits_for_a_person():
    found = outcome(ESTIMATOR.model_copy(update={"made": Component(type="Unknown")}), at_least=0.5)
    assert found.status is Status.UNDECIDED and "Unknown" in found.actual


def test_what_was_not_fitted_reaches_nothing():
    found = outcome(ESTIMATOR.model_copy(update={"fitted": False}), at_least=0.5)
    assert found.status is Status.FAILED and "mend that first" in found.hint


def test_an_object_of_keras_is_none():
    assert outcome(ESTIMATOR.model_copy(update={"library": "keras"}), at_least=0.5).status is Status.FAILED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "asks nothing"),
        ({"at_least": 1, "at_most": 0}, "more than"),
        ({"at_least": 1, "data": "references.py:data"}, "has to be hidden"),
    ],
)
def test_what_nobody_can_earn_is_refused(fields, said):
    with pytest.raises((ValidationError, ValueError), match=said):
        outcome(**fields)
