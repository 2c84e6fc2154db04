"""Exhibits: made of what was handed in, bounded, the same every time, and silent about hidden checks."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.showing.exhibits import MOST_LAYERS, MOST_MISTAKES, Confusion, Mistake
from autograder.course.checks.exhibit import picture, portray
from autograder.course.checks.registry import parse
from autograder.networks.lab import CourseLab
from tests.hand_built import dense, fit, layer, mapping, model, report_of

LAYERS = {
    "type": "layers", "points": 1, "of": "model",
    "layers": [{"type": "Dense", "units": 100, "activation": "sigmoid"}, {"type": "Dense", "units": 10, "activation": "softmax"}],
}  # fmt: skip
HOLDOUT = {"type": "accuracy", "of": "model", "split": "holdout", "at_least": 0.85, "points": 1}
HIDDEN_TEST = {
    **HOLDOUT,
    "split": "test",
    "at_least": 0.84,
    "id": "unseen",
    "hidden": True,
    "title": "On unseen images",
}


@dataclass
class Lab:
    """A lab in which every network has the same accuracy; it says what it was asked."""

    accuracy: float = 0.8125
    asked: list = field(default_factory=list)

    def evaluate(self, model, split, prepared=""):
        self.asked.append(split)
        return {"loss": 0.5, "accuracy": self.accuracy}

    def mistakes(self, model, split, most):
        self.asked.append(f"mistakes on {split}")
        return [Mistake(row=7, label=6, predicted=0, count=1)]

    def confusion(self, model, split):
        self.asked.append(f"confusion on {split}")
        return ((3, 0), (1, 4))


def exhibit(checks, values, lab=None, status=Status.FAILED):
    checks = [parse(check) for check in checks]
    outcomes = [Outcome(check=check.id, title="t", status=status) for check in checks]
    return portray(checks, outcomes, values, lab or Lab())


def judged(network, history):
    return network.model_copy(update={"fits": (fit().model_copy(update={"where": "judge", "history": history}),)})


def test_a_wrong_network_is_shown_beside_the_one_that_is_asked_for():
    wrong = model(dense(50, "sigmoid", name="hidden"), dense(10, "softmax", inputs=50))
    shown = exhibit([LAYERS], {"model": wrong})
    assert [(layer.units, layer.activation, layer.differs) for layer in shown.networks[0].layers] == [
        (50, "sigmoid", True), (10, "softmax", False),
    ]  # fmt: skip
    assert [(layer.units, layer.differs) for layer in shown.expected[0].layers] == [(100, True), (10, False)]
    assert shown.networks[0].parameters is None


def test_a_drawing_says_no_more_numbers_than_the_visible_checks_of_its_question():
    counts = {"type": "parameters", "of": "model", "total": 39_760, "points": 1}
    sizes = {"type": "output_shapes", "of": "model", "shapes": [[None, 50], [None, 10]], "points": 1}
    hidden = {"hidden": True, "title": "A secret"}
    network = model(dense(50, "sigmoid", name="hidden"), dense(10, "softmax", inputs=50))

    def told(*checks):
        (drawn,) = exhibit([LAYERS, *checks], {"model": network}).networks
        return drawn.parameters, drawn.layers[0].parameters, drawn.layers[0].output_shape

    assert told() == told({**counts, **hidden}, {**sizes, **hidden}) == (None, None, None)
    assert told(counts) == (39_760, 39_250, None)
    assert told(sizes) == (None, None, (None, 50))


def test_a_right_network_is_shown_alone():
    shown = exhibit([LAYERS], {"model": model()}, status=Status.PASSED)
    assert [network.name for network in shown.networks] == ["model"]
    assert not shown.expected


@pytest.mark.parametrize(
    ("layers", "differing"),
    [
        ([dense(100), layer("Activation", activation="sigmoid"), dense(10, "softmax")], []),
        ([dense(100), layer("Activation", activation="relu"), dense(10, "softmax")], [0, 1]),
        ([dense(100, "sigmoid"), dense(50, "relu"), dense(10, "softmax")], [1]),
        ([dense(10, "softmax")], []),
        ([], []),
    ],
    ids=["activation layer", "other activation layer", "a layer too many", "a layer too few", "no layers"],
)
def test_only_the_layers_that_differ_are_marked(layers, differing):
    wanted = parse(LAYERS).layers
    network = model().model_copy(update={"layers": tuple(layers)})
    assert [n for n, drawn in enumerate(picture(network, "m", wanted).layers) if drawn.differs] == differing


def test_of_a_hidden_check_nothing_is_shown():
    hidden = {**LAYERS, "hidden": True, "title": "The network"}
    lab = Lab()
    assert exhibit([hidden, HIDDEN_TEST], {"model": judged(model(), {"loss": (1.0,)})}, lab) is None
    assert lab.asked == []


def test_accuracy_and_mistakes_come_from_the_holdout_and_never_from_the_hidden_test_images():
    lab = Lab()
    shown = exhibit([HOLDOUT, HIDDEN_TEST], {"model": judged(model(), {"loss": (1.0, 0.5)})}, lab)
    assert lab.asked == ["holdout", "mistakes on holdout", "confusion on holdout"]
    (measured,) = shown.accuracies
    assert (measured.measured, measured.at_least, measured.split) == (0.8125, 0.85, "holdout")
    assert shown.mistakes == (Mistake(row=7, label=6, predicted=0, count=1),)
    assert shown.confusion == Confusion(network="model", split="holdout", counts=((3, 0), (1, 4)))


def test_a_learning_curve_says_how_it_was_trained_and_holds_only_finite_numbers():
    history = {"loss": (float("nan"), 0.123456), "val_accuracy": (0.5, float("inf"))}
    (curve,) = exhibit(
        [{"type": "epochs", "of": "model", "equals": 5, "points": 1}], {"model": judged(model(), history)}
    ).curves
    assert (curve.network, curve.optimizer, curve.epochs) == ("model", "RMSprop(learning_rate=0.001)", 5)
    assert curve.history == {"loss": (None, 0.1235), "val_accuracy": (0.5, None)}


def test_trainings_that_the_grader_did_not_do_have_no_curve():
    claimed = model().model_copy(update={"fits": (fit().model_copy(update={"history": {"loss": (0.0,)}}),)})
    assert exhibit([{"type": "fresh", "of": "model", "points": 1}], {"model": claimed}) is None


def test_a_dictionary_of_networks_has_a_curve_for_each():
    networks = {key: judged(model(), {"loss": (1.0,)}) for key in ("sgd", "adam")}
    check = {"type": "evaluations", "of": "results", "models": "models", "points": 1}
    shown = exhibit([check], {"results": mapping(), "models": mapping(**networks)})
    assert [curve.network for curve in shown.curves] == ["sgd", "adam"]


def test_an_exhibit_is_small_however_large_the_network():
    deep = model(*[dense(3, name="x" * 200) for _ in range(200)])
    many = mapping(**{f"n{number}": judged(deep, {"loss": (0.1,) * 5000}) for number in range(100)})
    check = {"type": "evaluations", "of": "results", "models": "models", "points": 1}
    shown = exhibit([LAYERS, check], {"model": deep, "models": many})
    assert len(shown.networks[0].layers) == MOST_LAYERS
    assert shown.networks[0].more == 200 - MOST_LAYERS
    assert len(shown.model_dump_json()) < 40_000


def test_what_is_no_network_is_not_shown():
    assert exhibit([{"type": "fresh", "of": "model", "points": 1}, {**HOLDOUT}], {"model": None}) is None


def test_a_report_with_an_exhibit_survives_its_file_and_one_from_before_still_loads():
    shown = exhibit([HOLDOUT], {"model": judged(model(), {"loss": (float("nan"), 1.0)})})
    result = QuestionResult(question="q", title="Q", out_of=1.0, exhibit=shown)
    report = report_of(result)
    assert Report.from_json(report.to_json()) == report
    old = report.model_dump(mode="json", exclude={"breaks", "language"})
    del old["questions"][0]["exhibit"]
    import json

    assert Report.from_json(json.dumps(old)).questions[0].exhibit is None


def test_the_mistakes_of_a_trained_network_are_wrong_answers_on_holdout_images(trained, lab, data):
    import numpy as np

    network = trained("flatten_relu").description
    mistakes = lab.mistakes(network, "holdout", MOST_MISTAKES)
    assert len(mistakes) == MOST_MISTAKES
    assert len({(mistake.label, mistake.predicted) for mistake in mistakes}) == MOST_MISTAKES
    rows = [mistake.row for mistake in mistakes]
    assert set(rows) <= set(lab.rows("holdout").tolist())
    assert data.targets[rows].tolist() == [mistake.label for mistake in mistakes]
    # The same by hand: relu and softmax of two dense layers.
    kernel, bias, last, last_bias = network.weights
    hidden = np.maximum(data.features[rows].reshape(-1, 784) / np.float32(255) @ kernel + bias, 0)
    assert (hidden @ last + last_bias).argmax(1).tolist() == [mistake.predicted for mistake in mistakes]


def test_the_confusion_matrix_counts_the_first_images_of_the_holdout_and_costs_no_second_look(trained, lab, data):
    import numpy as np
    from sklearn.metrics import confusion_matrix

    network = trained("flatten_relu").description
    lab.mistakes(network, "holdout", MOST_MISTAKES)
    known = dict(lab.asked.mistakes)
    found = lab.confusion(network, "holdout")
    assert lab.asked.mistakes == known
    rows = lab.rows("holdout")[:1000]
    kernel, bias, last, last_bias = network.weights
    hidden = np.maximum(data.features[rows].reshape(-1, 784) / np.float32(255) @ kernel + bias, 0)
    assert np.array_equal(found, confusion_matrix(data.targets[rows], (hidden @ last + last_bias).argmax(1)))
    counts = [mistake.count for mistake in lab.mistakes(network, "holdout", 100)]
    assert counts == sorted(counts, reverse=True)


def test_mistakes_that_an_older_version_measured_and_did_not_count_make_no_matrix(lab):
    lab_of_old = SimpleNamespace(
        _wrong=lambda *asked: (Mistake(row=7, label=6, predicted=0),), labels=lab.labels, data=lab.data
    )
    assert CourseLab.confusion(lab_of_old, None, "holdout") == ()
