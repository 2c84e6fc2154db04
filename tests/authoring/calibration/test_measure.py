"""Calibration on real networks: found by grading the solution, trained by workers, kept between runs."""

import json
from dataclasses import replace

import pytest

from autograder.authoring.calibration import measure
from autograder.authoring.calibration.evidence import AssignmentEvidence, Evidence, NetworkEvidence
from autograder.authoring.calibration.measure import (
    Job,
    _kept,
    _with_result,
    assignments_with_thresholds,
    networks_of,
    plan,
)
from autograder.common.data.lookups import RAW_PIXELS, UNIT_PIXELS
from autograder.common.errors import CourseError
from autograder.common.submission import Submission
from autograder.common.wire.description import Component, LayerDescription
from autograder.judge.trial_documents import read_fit, trial_document
from autograder.judge.variations import trials
from autograder.networks.build import architecture, compile_settings
from autograder.networks.fit_spec import FitSpec, Samples, State
from autograder.worker.grading import grade_submission
from tests.authoring.calibration.test_thresholds import trial
from tests.hand_built import dense, fit, layer, model


@pytest.fixture(scope="module")
def found(course, bench, sandbox):
    """The networks of two_layer's solution, found by grading it."""
    return networks_of(course, "two_layer", bench, sandbox)


def test_the_graded_network_is_found_with_all_its_trials(found):
    (network,) = found
    assert network["checks"] == [
        {"question": "accuracy", "check": "accuracy", "split": "holdout"},
        {"question": "accuracy", "check": "unseen_images", "split": "test"},
    ]
    made = {one["name"]: one for one in network["trials"]}
    assert list(made) == ["reference", "batch_64", "adam", "in_order", "untrained", "one_epoch", "unscaled", "linear"]
    assert {name: one["fits"][0]["epochs"] for name, one in made.items()} == {**dict.fromkeys(made, 5), "one_epoch": 1}
    assert len({one["digest"] for one in made.values()}) == len(made)
    assert not made["untrained"]["trained"] and made["reference"]["trained"]


def test_what_other_checks_catch_is_found_by_asking_them(found):
    caught = {one["name"]: one["caught_by"] for one in found[0]["trials"]}
    assert caught["reference"] == caught["adam"] == caught["in_order"] == []
    assert caught["batch_64"] == ["train.batch_size"]
    assert caught["one_epoch"] == ["train.epochs"]
    assert caught["unscaled"] == ["train.trained_on"]
    assert caught["linear"] == ["model.layers"]  # handed in before it was trained
    assert caught["untrained"] == ["train.trained_on", "train.epochs", "train.batch_size"]


@pytest.mark.slow
def test_the_courses_own_seed_gives_the_accuracy_that_students_get(course, found, lab, trainer, bench, sandbox):
    trials_found = {one["name"]: one for one in found[0]["trials"]}
    values = {
        name: measure._measure(lab, trainer, trials_found[name], course.seed, ["holdout", "test"])
        for name in ("reference", "untrained")
    }
    assert set(values["reference"]) == {"holdout", "test"}
    assert all(0.0 < value < 0.25 for value in values["untrained"].values())
    path = course.root / "solutions" / "two_layer" / "two_layer.ipynb"
    report = grade_submission(Submission("s", "two_layer", path), course, bench, sandbox).report
    accuracy = next(q for q in report.questions if q.question == "accuracy").outcomes[0]
    assert accuracy.actual == f"{values['reference']['holdout']:.4f}"


# ---- the changes, on networks made by hand


@pytest.fixture
def spec(data, splits):
    rows = splits["train"][:64]
    samples = Samples(rows, data.targets[rows], UNIT_PIXELS, (784,))
    settings = compile_settings(model().compiled)
    return FitSpec(architecture(chain()), settings, samples, 5, 32, True, 42)


def chain(*hidden):
    layers = hidden or (dense(100, "relu"),)
    return model(*layers, dense(10, "softmax", inputs=100)).model_copy(update={"fits": (fit(),)})


def names(of, *specs):
    return [one.name for one in trials(of, specs)]


def test_a_network_that_cannot_be_made_more_wrong_lacks_that_trial(spec):
    raw = replace(spec.samples, lookup=RAW_PIXELS)
    assert "unscaled" not in names(chain(), replace(spec, samples=raw))
    assert "one_epoch" not in names(chain(), replace(spec, epochs=1))
    assert "linear" not in names(chain(dense(100, "linear")), spec)
    assert "in_order" not in names(chain(), replace(spec, shuffle=False))


def test_linear_takes_activations_from_hidden_layers_only(spec):
    relu = layer("ReLU", (None, 100), max_value=None, negative_slope=0.0, threshold=0.0)
    network = chain(dense(100, "linear"), relu)
    linear = next(one for one in trials(network, [spec]) if one.name == "linear")
    plan = json.loads(linear.fits[0].plan)
    assert [kind for kind, _, _ in plan["layers"]] == ["Dense", "Dense"]
    assert plan["layers"][-1][2]["activation"] == "softmax"


@pytest.mark.parametrize(
    ("activation", "loss", "other"),
    [
        ("sigmoid", "binary_crossentropy", "softmax_output"), ("linear", "mean_squared_error", "sigmoid_output"),
        ("softmax", "sparse_categorical_crossentropy", ""), ("linear", "sparse_categorical_crossentropy", ""),
    ],
)  # fmt: skip
def test_an_output_may_be_that_of_another_task_where_it_can_be_trained_all_the_same(spec, activation, loss, other):
    network = model(dense(3, activation)).model_copy(update={"fits": (fit(),)})
    compiled = network.compiled.model_copy(update={"loss": Component(type=loss)})
    made = names(network, replace(spec, settings=compile_settings(compiled)))
    assert [name for name in made if name.endswith("_output")] == [other] * bool(other)


def test_the_other_optimizer_is_another_one(spec):
    network = chain()
    adam = network.compiled.model_copy(update={"optimizer": Component(type="Adam")})
    assert "adam" in names(network, spec)
    assert "rmsprop" in names(network.model_copy(update={"compiled": adam}), spec)


def test_a_second_training_goes_on_where_the_first_ended(spec):
    second = replace(spec, start=State("a" * 64))
    network = chain().model_copy(update={"fits": (fit(), fit())})
    document = trial_document(trials(network, [spec, second])[0], ())
    assert [(one["goes_on"], one["keeps_optimizer"]) for one in document["fits"]] == [(False, False), (True, True)]
    again = read_fit(document["fits"][1], 7)
    assert again.seed == 7 and again.start is None and again.samples.key() == spec.samples.key()


def test_an_unknown_layer_leaves_the_trials_that_need_no_other_network(spec):
    strange = LayerDescription(type="Strange", name="strange", config={"activation": "relu"})
    assert "linear" not in names(chain(strange), spec) and "adam" in names(chain(strange), spec)


# ---- what is kept, and what is left to do


def known(*trials_made):
    checks = {
        "accuracy.accuracy": {"split": "holdout", "threshold": 0.85},
        "accuracy.unseen_images": {"split": "test", "threshold": 0.84},
    }
    network = NetworkEvidence.model_validate({"checks": checks, "trials": trials_made})
    return Evidence(assignments={"two_layer": AssignmentEvidence(solution="s", versions={}, networks=(network,))})


def test_what_a_threshold_rests_on_comes_first_and_variations_get_a_third_of_the_seeds():
    made = known(
        trial("unscaled", "wrong", [], caught_by=("train.trained_on",)), trial("adam", "variation", []),
        trial("linear", "wrong", [0.8] * 3), trial("reference", "reference", [0.9]),
    )  # fmt: skip
    jobs = plan(made, ["two_layer"], 42, 6)
    assert [(job.trial, job.seed) for job in jobs] == [
        *(("reference", seed) for seed in range(43, 48)), *(("linear", seed) for seed in range(45, 48)),
        ("unscaled", 42), ("adam", 42), ("unscaled", 43), ("adam", 43), *(("unscaled", seed) for seed in range(44, 48)),
    ]  # fmt: skip


def test_results_are_kept_in_the_order_of_seeds_and_rounded():
    evidence = known(trial("reference", "reference", []))
    for seed in (43, 42):
        evidence = _with_result(
            evidence, Job("two_layer", 0, "reference", seed), {"holdout": 0.87123456, "test": seed / 100}
        )
    (kept,) = evidence.assignments["two_layer"].networks[0].trials
    assert kept.seeds == (42, 43) and kept.accuracy == {"holdout": (0.8712, 0.8712), "test": (0.42, 0.43)}
    assert plan(evidence, ["two_layer"], 42, 2) == []


def test_a_network_that_changed_is_measured_anew_and_the_others_are_kept(course, found):
    same, linear = found[0]["trials"][0], found[0]["trials"][-1]
    before = known(
        trial("reference", "reference", [0.9]).model_copy(update={"digest": same["digest"]}),
        trial("linear", "wrong", [0.8]).model_copy(update={"digest": "of another network"}),
    ).assignments["two_layer"]
    made = {one.name: one for one in _kept(course, "two_layer", found, before).networks[0].trials}
    assert made["reference"].seeds == (42,) and made["linear"].seeds == ()
    assert made["linear"].digest == linear["digest"]
    assert "batch_64" not in made  # another check forbids it: it is no variation that has to pass


def test_assignments_without_a_threshold_are_refused(course):
    without = course.model_copy(update={"assignments": {"deep": course.assignment("deep")}})
    questions = {"count": course.assignment("deep").questions["count"]}
    bare = course.assignment("deep").model_copy(update={"questions": questions})
    assert assignments_with_thresholds(course) == ["two_layer", "deep", "flatten_relu", "optimizers"]
    assert assignments_with_thresholds(without) == ["deep"]
    with pytest.raises(CourseError, match="deep has no check on what a network reaches"):
        assignments_with_thresholds(course.model_copy(update={"assignments": {"deep": bare}}), ["deep"])
