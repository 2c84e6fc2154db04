"""A course on a table in front of the judge: what it recognises, what it trains all the same, and what nobody can claim of that."""

from itertools import permutations

import numpy as np
import pytest
import yaml

from autograder.authoring.calibration.measure import _measure
from autograder.common.errors import CannotRebuild, CourseError, ProtocolError
from autograder.common.results import Status
from autograder.common.wire.description import ArrayDescription
from autograder.common.wire.messages import ArraysMessage, Evaluate, Fit, HandIn, SamplesMessage, dump
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.course.course import load
from autograder.judge.process import Judge
from autograder.judge.session import Session
from autograder.judge.variations import examine
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from tests.hand_built import compiled, dense, layer, model, scalar, with_weights

PREPARE = """
from sklearn.preprocessing import StandardScaler

def prepare(features, targets, train):
    scaler = StandardScaler().fit(features[train])
    return {"standardised": scaler.transform(features), "three_columns": features[:, :3], "targets": {"thousands": targets / 1000}}
"""
TRAINED = {"of": "model", "points": 1}
CHECKS = [
    {**TRAINED, "type": "trained_on", "split": "train", "prepared": "standardised"},
    {**TRAINED, "type": "trained_on", "id": "any", "split": "train"},
    {**TRAINED, "type": "metric", "metric": "r2_score", "at_least": -10, "split": "holdout"},
    {**TRAINED, "type": "metric", "id": "mae", "metric": "mae", "at_most": 1000, "split": "holdout"},
    {"of": "rows", "type": "array", "points": 1, "equals": "train", "prepared": "standardised"},
    {"of": "aims", "type": "array", "id": "aims", "points": 1, "equals": "holdout_labels", "prepared": "raw"},
]


def course_of(folder, source=PREPARE, **data):
    (folder / "refs.py").write_text(source)
    questions = {"q": {"title": "Q", "points": len(CHECKS), "checks": CHECKS}}
    document = {
        "course": {"id": "table", "title": "A table"},
        "data": {"name": "diabetes", "prepare": "refs.py:prepare", **data},
        "limits": {"epochs": 20},
        "assignments": {"a": {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": questions}},
    }
    (folder / "course.yml").write_text(yaml.safe_dump(document))
    return load(folder / "course.yml")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return course_of(tmp_path_factory.mktemp("table"))


def test_the_judge_has_a_lab_for_each_data_set_and_takes_that_of_the_assignment(course, tmp_path):
    document = yaml.safe_load((course.root / "course.yml").read_text())
    (tmp_path / "refs.py").write_text(PREPARE)
    same = document["assignments"]["a"]
    document["assignments"] |= {"b": {**same, "data": {"name": "iris"}}, "c": {**same, "data": document["data"]}}
    (tmp_path / "course.yml").write_text(yaml.safe_dump(document))
    judge = Judge(load(tmp_path / "course.yml"), Memo(None))
    assert [judge.take(name).settings.name for name in "abc"] == ["diabetes", "iris", "diabetes"]
    assert judge.take("a") is judge.take("c") is judge.labs[0] and len(judge.labs) == 2
    with pytest.raises(CourseError, match="no assignment 'd'"):
        judge.take("d")


@pytest.fixture(scope="module")
def lab(course):
    return CourseLab(course.data, course.root)


@pytest.fixture
def session(course, lab, memo):
    return Session(course, "a", lab, memo)


NET = model(
    dense(4, "relu", inputs=10, name="hidden"), dense(1, inputs=4, name="output"), shape=(None, 10),
    compiled=compiled("Adam", loss="mean_squared_error", metrics=("mean_absolute_error",)),
)  # fmt: skip


def part(lab, split, name="standardised"):
    return lab.features(split, name), lab.labels(split).astype(np.float32)


def message(values, targets, weights=None):
    return ArraysMessage(values=np.asarray(values, np.float32), targets=targets, weights=weights)


def trained(session, samples, network=NET, **fields):
    """The network as the judge trained it. Raises what the judge refuses."""
    request = Fit(type="fit", model=network.without_weights(), samples=samples, epochs=2, batch_size=32, **fields)
    document, frames = dump(request)
    answer, arrays = session.answer(document, [np.ascontiguousarray(frame).tobytes() for frame in frames])
    assert answer["type"] == "trained", answer
    return with_weights(network, list(arrays[: answer["weights"]]))


def outcomes(session, **values):
    document, frames = dump(HandIn(type="hand_in", question="a.q", values=values))
    session.answer(document, [np.ascontiguousarray(frame).tobytes() for frame in frames])
    (result,) = session.results("en")
    return {outcome.check: outcome for outcome in result.outcomes}


def verdicts(session, network):
    found = outcomes(session, model=network)
    return [found[name].status for name in ("trained_on", "any", "metric", "mae")]


def test_the_courses_rows_are_trained_on_proven_and_measured(session, lab):
    network = trained(session, message(*part(lab, "train")))
    assert verdicts(session, network) == [Status.PASSED] * 4
    record = session.trained[next(iter(session.trained))][0].fits[0].data
    assert (record.train, record.holdout, record.distinct, record.changed_labels) == (353, 0, 353, 0)
    assert (record.prepared, record.targets) == ("standardised", "raw")


def test_scores_are_scikit_learns_of_what_the_network_answers(session, lab):
    from sklearn import metrics

    network = trained(session, message(*part(lab, "train")))
    (hidden, bias), (output, shift) = (one.weights for one in network.layers)
    values, targets = part(lab, "holdout")
    answers = np.maximum(values @ hidden + bias, 0) @ output + shift
    for name in ("r2_score", "mean_absolute_error", "max_error"):
        found = lab.metric(session._with_provenance(network), "holdout", name)[name]
        assert found == pytest.approx(getattr(metrics, name)(targets, answers[:, 0]), rel=1e-4)


def test_calibrating_repeats_what_a_check_measures_and_tries_the_mistakes_of_such_a_task(session, lab):
    network = trained(session, message(*part(lab, "train")))
    outcomes(session, model=network)
    (found,) = examine(session)
    keys = [place["split"] for place in found["checks"]]
    assert found["problem"] == "" and keys == ["holdout r2_score", "holdout mean_absolute_error"]
    made = {one["name"]: one for one in found["trials"]}
    wrong = {name: one["caught_by"] for name, one in made.items() if one["kind"] == "wrong"}
    both = ["q.trained_on", "q.any"]
    assert wrong == {
        "untrained": both, "one_epoch": [], "raw": both[:1], "linear": [], "sigmoid_output": [], "mismatched": both,
    }  # fmt: skip
    measured = {name: _measure(lab, lab.trainer, one, session.course.seed, keys) for name, one in made.items()}
    known = session._with_provenance(network)
    for key in keys:
        metric = key.partition(" ")[2]
        assert measured["reference"][key] == pytest.approx(lab.metric(known, "holdout", metric)[metric], rel=1e-6)
    assert len({one[keys[0]] for one in measured.values()}) == len(made)


@pytest.mark.parametrize("moved", [1e-3])
def test_what_was_trained_on_other_data_is_no_evidence(session, lab, moved):
    values, targets = part(lab, "train")
    outcomes(session, model=trained(session, message(values + moved, targets)))
    assert {one["problem"] for one in examine(session)} == {"what it was trained on could not be recognised"}


def test_a_number_that_is_none_of_the_networks_is_not_explained_by_pixels(session, lab):
    known = session._with_provenance(trained(session, message(*part(lab, "train"))))
    declared = {"type": "evaluation", "of": "error", "model": "model", "metric": "loss", "tolerance": 2, "points": 1}
    (found,) = decide([parse(declared)], Facts({"error": scalar(44.0), "model": known}, lab))
    assert found.status is Status.FAILED
    assert found.hint == "Evaluate this very network on the hold-out, on all of it."


def test_a_part_without_rows_is_not_measured_on(session, lab):
    known = session._with_provenance(trained(session, message(*part(lab, "train"))))
    for ask in (lambda: lab.evaluate(known, "test"), lambda: lab.metric(known, "test", "r2_score")):
        with pytest.raises(CannotRebuild, match="no such rows"):
            ask()


def test_answers_too_wide_for_any_target_are_not_worked_out(lab, monkeypatch):
    wide = model(dense(1000, inputs=10), shape=(None, 10), compiled=compiled("Adam", loss="mean_squared_error"))
    monkeypatch.setattr(lab.trainer, "predict", lambda *_: pytest.fail("they are in memory"))
    with pytest.raises(CannotRebuild, match="do not fit"):
        lab.metric(wide, "holdout", "r2_score")


def test_rows_as_they_are_train_and_are_not_what_was_asked_for(session, lab):
    found = outcomes(session, model=trained(session, message(*part(lab, "train", "raw"))))
    assert found["any"].status is found["metric"].status is Status.PASSED
    assert found["trained_on"].status is Status.FAILED
    assert "prepared as `raw`" in found["trained_on"].actual
    assert "scaler" in found["trained_on"].hint


def test_what_saw_the_holdout_is_not_measured_on_it(session, lab):
    found = outcomes(session, model=trained(session, message(*part(lab, "all_train"))))
    assert all(found[name].status is Status.FAILED for name in ("trained_on", "any", "metric", "mae"))
    assert "89 rows of the hold-out" in found["metric"].actual
    assert "rows that were trained on" in found["metric"].hint


UNKNOWN = [Status.FAILED, Status.UNDECIDED, Status.UNDECIDED, Status.UNDECIDED]


@pytest.mark.parametrize("split", ["train", "holdout"])
@pytest.mark.parametrize("moved", [1e-3, 1.0])
def test_other_data_are_trained_and_nothing_can_be_claimed_of_them(session, lab, split, moved):
    values, targets = part(lab, split)
    network = trained(session, message(values + moved, targets))
    assert verdicts(session, network) == UNKNOWN


def test_other_data_before_the_courses_own_leave_their_mark(session, lab):
    values, targets = part(lab, "holdout")
    first = trained(session, message(values * 1.01, targets))
    (weights,) = session.trained
    last = trained(session, message(*part(lab, "train")), first, start=weights)
    assert verdicts(session, last) == UNKNOWN


def test_numbers_hidden_in_rounding_never_reach_the_network(session, lab):
    values, targets = part(lab, "train")
    plain = trained(session, message(values, targets))
    hidden = trained(session, message(values * np.float32(1 + 1e-7), targets))
    assert all(np.array_equal(a, b) for a, b in zip(plain.weights, hidden.weights, strict=True))


def test_targets_that_are_not_their_rows_own_are_seen(session, lab):
    values, targets = part(lab, "train")
    for lie in (np.roll(targets, 1), np.resize(part(lab, "holdout")[1], len(targets))):
        found = outcomes(session, model=trained(session, message(values, lie)))
        assert found["any"].status is Status.FAILED
        assert "changed targets" in found["any"].actual


def test_what_is_measured_is_in_the_units_of_the_data(session, lab):
    values, targets = part(lab, "train")
    found = outcomes(session, model=trained(session, message(values, targets / 1000)))
    assert found["any"].status is Status.PASSED
    assert found["mae"].status is Status.FAILED
    assert "thousands" in found["mae"].actual


def test_arrays_are_compared_with_what_the_course_prepares(session, lab):
    def judged(values, aims):
        arrays = {"rows": np.asarray(values, float), "aims": np.asarray(aims, float)}
        found = outcomes(session, **{
            name: ArrayDescription(dtype="float64", shape=data.shape, data=data) for name, data in arrays.items()
        })  # fmt: skip
        return found["array"], found["aims"]

    rows, aims = part(lab, "train")[0], lab.labels("holdout")
    assert [one.status for one in judged(rows, aims)] == [Status.PASSED] * 2
    assert [one.status for one in judged(rows, aims[:, None])] == [Status.PASSED] * 2
    for wrong, says in (
        (rows[::-1], "another order"),
        (part(lab, "train", "raw")[0], "`raw`"),
        (rows + 1e-3, "other numbers"),
        (part(lab, "train", "three_columns")[0], "`three_columns`"),
        (rows[:, :4], "(353, 4)"),
    ):
        found, shuffled = judged(wrong, aims[::-1])
        assert found.status is shuffled.status is Status.FAILED
        assert says in found.actual and ("train_test_split" in found.hint) == (says == "another order")
    assert all(one.status is Status.FAILED for one in judged(rows[:9], aims[:9]))


NAN = np.full((353, 10), np.nan, np.float32)
BENT = {
    "NaN": lambda x, y: {"values": NAN, "targets": y},
    "infinity": lambda x, y: {"values": x, "targets": np.full(353, np.inf, np.float32)},
    "huge numbers": lambda x, y: {"values": x * 1e12, "targets": y},
    "double precision": lambda x, y: {"values": x.astype(np.float64), "targets": y},
    "targets of a row less": lambda x, y: {"values": x, "targets": y[1:]},
    "no rows": lambda x, y: {"values": x[:0], "targets": y[:0]},
    "rows without columns": lambda x, y: {"values": x[:, 0], "targets": y},
    "targets in three axes": lambda x, y: {"values": x, "targets": y[:, None, None]},
    "weights of another length": lambda x, y: {"values": x, "targets": y, "weights": y[:3]},
    "more columns than travel": lambda x, y: {"values": x, "targets": np.zeros((353, 101), np.float32)},
}


@pytest.mark.parametrize("bent", BENT)
def test_bent_samples_are_refused_before_anything_is_built(session, lab, bent):
    fields = BENT[bent](*part(lab, "train"))
    fields = {"weights": None, **fields}
    request = Fit(
        type="fit", model=NET.without_weights(), samples=message(*part(lab, "train")), epochs=1, batch_size=32
    )
    document, frames = dump(request.model_copy(update={"samples": ArraysMessage.model_construct(**fields)}))
    with pytest.raises(ProtocolError):
        session.answer(document, [np.ascontiguousarray(frame).tobytes() for frame in frames])
    assert not session.trained


def test_rows_of_images_have_no_place_where_the_data_are_a_table_and_the_other_way(session, lab, course):
    rows = np.arange(5, dtype=np.int32)
    images = SamplesMessage(rows=rows, labels=np.zeros(5, np.uint8), lookup=np.arange(256.0), shape=(10,))
    with pytest.raises(ProtocolError, match="no such rows"):
        trained(session, images)
    of_images = load(course.root / "course.yml").model_copy(update={"data": type(course.data)()})
    other = Session(of_images, "a", CourseLab(of_images.data), Memo(None))
    with pytest.raises(ProtocolError, match="no such rows"):
        trained(other, message(*part(lab, "train")))


def test_an_evaluation_is_of_the_same_numbers(session, lab):
    trained(session, message(*part(lab, "train")))
    (weights,) = session.trained
    request = Evaluate(
        type="evaluate", model=NET.without_weights(), weights=weights, samples=message(*part(lab, "holdout"))
    )
    document, frames = dump(request)
    answer, _arrays = session.answer(document, [np.ascontiguousarray(frame).tobytes() for frame in frames])
    assert answer["type"] == "evaluated"


TASKS = {
    "sparse": ("iris", dense(3, "softmax", inputs=4), "sparse_categorical_crossentropy", lambda y: y),
    "one-hot": (
        "iris",
        dense(3, "softmax", inputs=4),
        "categorical_crossentropy",
        lambda y: np.eye(3, dtype=np.float32)[y],
    ),
    "binary": ("breast_cancer", dense(1, "sigmoid", inputs=30), "binary_crossentropy", lambda y: y),
}


@pytest.mark.parametrize("task", TASKS)
def test_classes_are_learned_and_measured_in_each_form(tmp_path, memo, task):
    name, output, loss, form = TASKS[task]
    made = course_of(tmp_path, name=name)
    here = CourseLab(made.data, made.root)
    session = Session(made, "a", here, memo)
    values, targets = here.features("train", "standardised"), form(here.labels("train").astype(np.int32))
    network = model(output, shape=(None, values.shape[1]), compiled=compiled("Adam", {"learning_rate": 0.1}, loss=loss))
    known = session._with_provenance(trained(session, message(values, targets), network))
    assert known.fits[0].data.changed_labels == 0
    assert here.evaluate(known, "holdout")["accuracy"] == pytest.approx(
        here.metric(known, "holdout", "accuracy_score")["accuracy_score"]
    )
    assert here.metric(known, "holdout", "f1_score")["f1_score"] > 0.5


def test_several_answers_of_yes_and_no_are_learned_and_measured(tmp_path, memo):
    draw = np.random.default_rng(5).normal(size=(200, 4))
    table = np.column_stack([draw, draw[:, 0] > 0, draw[:, 1] + draw[:, 2] > 0])
    (tmp_path / "tags.csv").write_text(
        "a,b,c,d,red,round\n" + "\n".join(",".join(f"{n:g}" for n in row) for row in table)
    )
    made = course_of(
        tmp_path,
        "def prepare(features, targets, train):\n    return {'doubled': features * 2}\n",
        name="file",
        file="tags.csv",
        targets=["red", "round"],
    )
    here = CourseLab(made.data, made.root)
    session = Session(made, "a", here, memo)
    network = model(
        dense(2, "sigmoid", inputs=4),
        shape=(None, 4),
        compiled=compiled("Adam", {"learning_rate": 0.1}, loss="binary_crossentropy"),
    )
    samples = message(here.features("train", "doubled"), here.labels("train").astype(np.float32))
    known = session._with_provenance(trained(session, samples, network))
    assert known.fits[0].data.train == 160
    assert here.metric(known, "holdout", "f1_score")["f1_score"] > 0.8


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def prepare(features, targets, train):\n    raise KeyError('age')\n", "KeyError"),
        ("def prepare(features, targets, train):\n    return {'few': features[train]}\n", "442 rows"),
        ("def prepare(features, targets, train):\n    return 3\n", "gives int"),
        ("import nowhere\ndef prepare(features, targets, train): ...\n", "nowhere"),
    ],
)
def test_a_preparation_that_fails_is_its_authors_to_mend(tmp_path, source, says):
    made = course_of(tmp_path, source)
    with pytest.raises(CourseError, match=says) as raised:
        CourseLab(made.data, made.root).prepared  # noqa: B018
    assert "refs.py:prepare" in str(raised.value)
    assert "row for each" in raised.value.remedy


def test_a_preparation_cannot_change_the_data(tmp_path):
    made = course_of(tmp_path, "def prepare(features, targets, train):\n    features[:] = 0\n    return {}\n")
    lab = CourseLab(made.data, made.root)
    assert lab.features("train", "raw").any()


def sgd(**settings):
    return compiled("SGD", {"learning_rate": 1e-5, **settings}, loss="mean_squared_error", metrics=())


# Each trains as the first does: settings that say nothing on their own, and layers that do nothing.
ALIKE = {
    "plain": NET.model_copy(update={"compiled": sgd()}),
    "nesterov without momentum": NET.model_copy(update={"compiled": sgd(nesterov=True)}),
    "momentum of nothing": NET.model_copy(update={"compiled": sgd(momentum=0.0, nesterov=True)}),
    "an activation of nothing": NET.model_copy(
        update={"compiled": sgd(), "layers": (*NET.layers, layer("Activation", (None, 1), activation="linear"))}
    ),
}


@pytest.mark.parametrize("order", list(permutations(ALIKE))[::5], ids=" then ".join)
def test_trainings_that_end_with_equal_weights_are_each_known_as_what_they_were(session, lab, order):
    networks = {name: trained(session, message(*part(lab, "train")), ALIKE[name]) for name in order}
    assert np.isfinite(networks["plain"].weights[0]).all()
    assert len(session.trained) == 1, "they end with other weights: this proves nothing"
    (weights,) = session.trained
    for name, network in networks.items():
        lineage = session.lineage(network, weights)
        assert lineage is not None and lineage.fits[-1].compiled == network.compiled, name
        assert [one.epochs for one in lineage.fits] == [2], name
        assert verdicts(session, network)[:2] == [Status.PASSED] * 2, name
