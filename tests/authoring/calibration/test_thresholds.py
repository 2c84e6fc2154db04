"""Whether a threshold is earned: by the margin, by what fails falsely, by what passes falsely, and by evidence that still fits."""

import json

import pytest

from autograder.authoring.calibration.evidence import (
    AssignmentEvidence,
    CheckEvidence,
    Evidence,
    NetworkEvidence,
    TrialEvidence,
    bounds,
    read,
    solution_digest,
    summarise,
    tolerance_factor,
    write,
)
from autograder.authoring.calibration.plot import draw
from autograder.authoring.calibration.table import problem_lines, tables
from autograder.authoring.calibration.thresholds import examine
from autograder.common.errors import AutograderError, CourseError
from autograder.course.checks.registry import parse

GOOD = tuple(round(0.87 + 0.001 * (n % 5 - 2), 4) for n in range(30))  # mean 0.87, sd 0.0014


def trial(name, kind, values, about="", caught_by=()):
    seeds = tuple(range(42, 42 + len(values)))
    return TrialEvidence(
        name=name, kind=kind, about=about or name, digest=name, caught_by=caught_by, seeds=seeds,
        accuracy={"holdout": tuple(values), "test": tuple(values)},
    )  # fmt: skip


def evidence(course, *trials, solution=None, problem=""):
    checks = {
        "accuracy.accuracy": CheckEvidence(split="holdout", threshold=0.85),
        "accuracy.unseen_images": CheckEvidence(split="test", threshold=0.84),
    }
    network = NetworkEvidence(checks=checks, trials=trials, problem=problem)
    solution = solution or solution_digest(course, "two_layer")
    return Evidence(assignments={"two_layer": AssignmentEvidence(solution=solution, versions={}, networks=(network,))})


def judged(course, *trials, **others):
    """The first threshold of two_layer (0.85 on the hold-out)."""
    return examine(course, "two_layer", evidence(course, *trials, **others))[0]


def test_a_threshold_far_enough_below_the_reference_is_earned(course):
    threshold = judged(course, trial("reference", "reference", GOOD), trial("linear", "wrong", [0.84] * 30))
    assert threshold.problems == () and threshold.remedy == ""
    assert threshold.margin == pytest.approx(0.02 / 0.00144, rel=0.01)
    assert threshold.advice == {"at_least": 0.86}
    assert (threshold.reference.passed, threshold.reference.failed) == (30, 0)
    assert threshold.reference.fails_at_most == pytest.approx(1 - 0.05 ** (1 / 30))


def test_a_threshold_closer_than_four_sd_is_not_earned(course):
    spread = [value - 0.003 * (n % 3) for n, value in enumerate(GOOD)]
    threshold = judged(course, trial("reference", "reference", [value - 0.012 for value in spread]))
    (problem,) = threshold.problems
    assert "0.85 is 1.7 sd below the reference's mean (0.8550" in problem and "n 30" in problem
    assert "highest at_least with the full margin is 0.84" in threshold.remedy


def test_a_wrong_network_that_passes_is_reported_unless_another_check_catches_it(course):
    reference, passing = trial("reference", "reference", GOOD), [0.86, 0.86, 0.86, *[0.84] * 27]
    (problem,) = judged(course, reference, trial("linear", "wrong", passing, "no activation")).problems
    assert problem.startswith("no activation: it passes in 3 of 30 trainings, so it may pass in 24%")
    caught = trial("linear", "wrong", passing, caught_by=("model.layers",))
    assert judged(course, reference, caught).problems == ()


def test_a_check_that_the_course_no_longer_has_catches_nothing(course):
    wrong = trial("linear", "wrong", [0.86] * 30, caught_by=("model.removed",))
    threshold = judged(course, trial("reference", "reference", GOOD), wrong)
    assert "passes in 30 of 30" in threshold.problems[0]


def test_too_few_seeds_show_too_little(course):
    reference = trial("reference", "reference", GOOD)
    near = [0.849 - 0.004 * (n % 2) for n in range(29)]  # less than 2 sd below the threshold
    threshold = judged(course, reference, trial("linear", "wrong", near[:28]))
    assert (
        "passes in 0 of 28 trainings, so it may pass in 10%" in threshold.problems[0] and "--seeds" in threshold.remedy
    )
    assert judged(course, reference, trial("linear", "wrong", near[:29])).problems == ()


def test_a_wrong_network_far_below_needs_few_seeds(course):
    reference, few = trial("reference", "reference", GOOD), [0.83, 0.832, 0.828, 0.831, 0.829]
    assert judged(course, reference, trial("linear", "wrong", few)).problems == ()
    assert judged(course, reference, trial("linear", "wrong", few[:1])).problems != ()
    assert judged(course, reference, trial("linear", "wrong", [0.83, 0.84, 0.82, 0.845, 0.815])).problems != ()


# Table A.7 of Natrella's Experimental Statistics (1963): coverage 0.90, confidence 0.95.
@pytest.mark.parametrize(("n", "factor"), [(3, 6.155), (5, 3.407), (10, 2.355), (30, 1.777)])
def test_tolerance_factors_are_those_of_the_tables(n, factor):
    assert tolerance_factor(n, 0.90) == pytest.approx(factor, abs=0.003)
    assert tolerance_factor(1, 0.90) == float("inf")


def test_an_accepted_variation_that_fails_is_reported(course):
    reference = trial("reference", "reference", GOOD)
    (problem,) = judged(
        course, reference, trial("adam", "variation", [0.84] * 5 + [0.86] * 5, 'optimizer="adam"')
    ).problems
    assert problem.startswith('optimizer="adam": every other check accepts it, and it fails in 5 of 10')
    assert judged(course, reference, trial("adam", "variation", [0.84] + [0.86] * 9)).problems == ()


def test_missing_stale_and_impossible_evidence_is_reported(course):
    assert examine(course, "two_layer", Evidence())[0].problems == ("there is no evidence for this threshold",)
    stale = judged(course, trial("reference", "reference", GOOD), solution="another")
    assert stale.problems == ("the solution has changed since it was calibrated",)
    assert "autograder calibrate two_layer" in stale.remedy
    impossible = judged(course, problem="what was handed in is not a network")
    assert "can't be calibrated with the solution: what was handed in is not a network" in impossible.problems[0]
    assert judged(course, trial("linear", "wrong", [0.8] * 30)).problems == ("the reference was not measured",)


def test_every_threshold_is_judged_on_its_own_split(course):
    both = examine(course, "two_layer", evidence(course, trial("reference", "reference", GOOD)))
    assert [(one.place, one.aim.split, one.aim.at_least) for one in both] == [
        ("accuracy.accuracy", "holdout", 0.85), ("accuracy.unseen_images", "test", 0.84),
    ]  # fmt: skip


def judged_by(course, metric, *trials, **bounds):
    """One check on a metric of the hold-out in place of both."""
    question = course.assignment("two_layer").questions["accuracy"]
    check = parse(
        {"type": "metric", "of": "model", "metric": metric, "split": "holdout", "points": question.points, **bounds}
    )
    questions = {"accuracy": question.model_copy(update={"checks": (check,)})}
    assignment = course.assignment("two_layer").model_copy(update={"questions": questions})
    there = course.model_copy(update={"assignments": {"two_layer": assignment}})
    made = [one.model_copy(update={"accuracy": {check.aim().key: one.accuracy["holdout"]}}) for one in trials]
    network = NetworkEvidence(
        checks={"accuracy.metric": CheckEvidence(split=check.aim().key, threshold=0)}, trials=tuple(made)
    )
    known = AssignmentEvidence(solution=solution_digest(there, "two_layer"), versions={}, networks=(network,))
    (threshold,) = examine(there, "two_layer", Evidence(assignments={"two_layer": known}))
    return threshold


ERRORS = tuple(50 + 0.5 * (n % 5 - 2) for n in range(30))  # mean 50, sd 0.72


def test_an_upper_bound_is_judged_as_a_lower_one_from_the_other_side(course):
    reference = trial("reference", "reference", ERRORS)
    earned = judged_by(
        course, "mean_absolute_error", reference, trial("raw", "wrong", [70.0, 71, 72, 73, 70]), at_most=60
    )
    (table,) = tables([earned])
    assert table.title.startswith("two_layer.accuracy.metric: holdout mean_absolute_error \u2264 60, 13.9 sd")
    assert earned.problems == () and earned.margin == pytest.approx(10 / 0.719, rel=0.01)
    assert earned.advice == {"at_most": pytest.approx(52.9)}
    near = judged_by(course, "mean_absolute_error", reference, at_most=51)
    assert "51 is 1.4 sd above the reference's mean (50.0000" in near.problems[0]
    assert near.remedy == "The lowest at_most with the full margin is 52.9."
    (passing,) = judged_by(
        course, "loss", reference, trial("raw", "wrong", [59.0] * 30, "as they are"), at_most=60
    ).problems
    assert passing.startswith("as they are: it passes in 30 of 30 trainings")


def test_of_two_bounds_the_nearer_one_counts_and_a_wrong_network_may_miss_either(course):
    reference = trial("reference", "reference", ERRORS)
    wrong = [trial("low", "wrong", [10.0] * 30), trial("high", "wrong", [90.0] * 30)]
    both = judged_by(course, "loss", reference, *wrong, at_least=30, at_most=60)
    (table,) = tables([both])
    assert table.title == "two_layer.accuracy.metric: holdout loss \u2265 30, \u2264 60, 13.9 sd from the mean"
    assert both.problems == () and both.margin == pytest.approx(10 / 0.719, rel=0.01)
    assert set(judged_by(course, "loss", reference, at_least=49.5, at_most=90).advice) == {"at_least", "at_most"}


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    # Exact one-sided bounds: 1 - 0.05 ** (1 / n) for none of n; the others after Clopper and Pearson's charts, by scipy.
    [(0, 30, 0.0, 0.0950), (30, 30, 0.9050, 1.0), (1, 30, 0.0017, 0.1486), (0, 0, 0.0, 1.0), (3, 10, 0.0873, 0.6066)],
)
def test_the_bounds_of_a_rate_are_exact(events, n, low, high):
    assert bounds(events, n) == pytest.approx((low, high), abs=5e-5)


def test_a_summary_has_the_samples_own_figures():
    summary = summarise([0.1, 0.2, 0.3, 0.4])
    assert (summary.n, summary.mean, summary.minimum, summary.maximum) == (4, 0.25, 0.1, 0.4)
    assert summary.sd == pytest.approx(0.1291, abs=1e-4) and summary.quantiles["0.5"] == 0.25
    assert summarise([0.5]).sd == 0.0


def test_the_file_comes_back_as_it_was_written_and_keeps_values_on_one_line(course, tmp_path):
    there = course.model_copy(update={"root": tmp_path})
    made = evidence(course, trial("reference", "reference", GOOD))
    write(there, made)
    assert read(there) == made
    text = (tmp_path / "calibration.json").read_text("utf-8")
    assert json.loads(text)["format"] == 1
    assert any(
        line.strip().startswith('"seeds": [42, 43,') and line.rstrip().endswith("],") for line in text.splitlines()
    )


def test_a_damaged_file_is_named_with_the_remedy(course, tmp_path):
    there = course.model_copy(update={"root": tmp_path})
    assert read(there) == Evidence()
    (tmp_path / "calibration.json").write_text('{"format": 2}')
    with pytest.raises(CourseError, match=r"calibration\.json:1: format: should be 1 \(found 2\)") as caught:
        read(there)
    assert "autograder calibrate" in caught.value.remedy


def test_problems_are_told_with_their_remedy_and_without_markup_of_their_own(course):
    threshold = judged(course, trial("reference", "reference", GOOD), trial("w", "wrong", [0.9] * 30, "[b]linear"))
    lines = list(problem_lines([threshold]))
    assert "two_layer.accuracy.accuracy" in lines[0] and r"\[b]linear" in lines[0] and "0.86" in lines[1]
    earned = judged(course, trial("reference", "reference", GOOD))
    assert list(problem_lines([earned])) == ["[green]✓[/] 1 threshold, and it is earned"]


def test_the_plot_shows_every_network_and_the_threshold(course, tmp_path):
    thresholds = examine(
        course, "two_layer",
        evidence(course, trial("reference", "reference", GOOD, "the solution"), trial("u", "wrong", [0.1] * 30, "never trained")),
    )  # fmt: skip
    draw(thresholds, tmp_path / "new" / "plot.svg")
    picture = (tmp_path / "new" / "plot.svg").read_text("utf-8")
    for text in ("two_layer.accuracy.accuracy", "the solution", "never trained", "0.85", "0.84", "off the scale"):
        assert text in picture
    assert len(picture) < 100_000
    errors = judged_by(
        course,
        "mean_absolute_error",
        trial("reference", "reference", ERRORS),
        trial("u", "wrong", [900.0] * 30),
        at_most=60,
    )
    draw([errors], tmp_path / "errors.svg")
    picture = (tmp_path / "errors.svg").read_text("utf-8")
    assert "mean_absolute_error" in picture and "off the scale" in picture and ">60<" in picture
    with pytest.raises(AutograderError, match="neither"):
        draw(thresholds, tmp_path / "plot.gif")
    with pytest.raises(AutograderError, match="no evidence to draw"):
        draw(examine(course, "two_layer", Evidence()), tmp_path / "plot.svg")
