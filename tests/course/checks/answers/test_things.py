"""Checks on tables, figures, objects of libraries, learning rates and metrics, on described values. No library is needed for any of them."""

import numpy as np
import pytest
from pydantic import ValidationError

from autograder.common.results import Status
from autograder.common.wire.description import (
    ArrayDescription,
    AxesDescription,
    Component,
    FigureDescription,
    ObjectDescription,
    TableDescription,
)
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.course.checks.answers.test_values import array
from tests.hand_built import FakeLab, compiled, fit, listed, model, scalar


class Lab(FakeLab):
    def reference(self, place):
        return {"r.py:table": lambda: {"age": [3, 4, 5.5], "name": ["a", "b", "c"]}, "r.py:matrix": lambda: np.eye(2)}[
            place
        ]


def decided(check, value):
    (found,) = decide([parse({"points": 1, **check})], Facts({"value": value}, Lab()), "en")
    return found


def frame(**columns):
    kinds = {"i": "integer", "f": "float", "U": "text", "b": "boolean"}
    values = {name: np.asarray(column) for name, column in columns.items()}
    return TableDescription(
        rows=len(next(iter(values.values()))), columns={name: kinds[column.dtype.kind] for name, column in values.items()},
        values={name: listed(*column.tolist()) if column.dtype.kind == "U" else array(column) for name, column in values.items()},
        whole=array(np.zeros((2, 2))),
    )  # fmt: skip


PEOPLE = frame(age=[3.0, 4.0, 5.5], name=["a", "b", "c"])


@pytest.mark.parametrize(
    ("check", "lost"),
    [
        ({"columns": ["age", "name"]}, ""),
        ({"columns": ["name", "age"]}, "in this order"),
        ({"columns": ["name"]}, "these alone"),
        ({"columns": ["name"], "others": "any"}, ""),
        ({"columns": ["name", "size"], "others": "any"}, "Look for size"),
        ({"kinds": {"age": "float", "name": "text"}}, ""),
        ({"kinds": {"age": "integer"}}, "astype()"),
        ({"kinds": {"size": "integer"}}, "no column is called so"),
        ({"rows": 3}, ""),
        ({"rows": 4}, "number of rows"),
        ({"reference": "r.py:table"}, ""),
    ],
)
def test_a_table_is_looked_at_by_columns_kinds_and_rows(check, lost):
    found = decided({"type": "table", **check}, PEOPLE)
    assert (found.status is Status.PASSED) is (not lost) and lost in found.hint, found


@pytest.mark.parametrize("columns", [{"age": [3, 4, 5.6], "name": list("abc")}, {"age": [3, 4, 5.5], "name": list("abd")}, {"age": [3, 4], "name": list("ab")},
                                     {"name": list("abc")}])  # fmt: skip
def test_other_numbers_or_texts_in_a_table_fail(columns):
    found = decided({"type": "table", "reference": "r.py:table"}, frame(**columns))
    assert found.status is Status.FAILED
    lacking = "age" not in columns
    assert found.expected == ("age" if lacking else "the right numbers")
    assert found.actual in (("name",) if lacking else ("other numbers in age", "other numbers in name"))


def test_numbers_of_a_table_that_were_not_sent_are_left_to_a_person():
    large = PEOPLE.model_copy(update={"values": {}})
    assert decided({"type": "table", "reference": "r.py:table"}, large).status is Status.UNDECIDED


def test_a_table_is_an_array_to_every_other_check():
    assert decided({"type": "array", "shape": [2, 2]}, PEOPLE).status is Status.PASSED
    assert decided({"type": "value", "equals": [[0, 0], [0, 0]]}, PEOPLE).status is Status.PASSED
    assert decided({"type": "table", "rows": 1}, array([1])).actual == "an array of shape (1,) and type int64"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (array(np.eye(2)), Status.PASSED),
        (array(np.eye(2) + 1e-7), Status.PASSED),
        (array([[1, 0], [0, 1]]), Status.PASSED),
        (array([[1, 0], [0, 2]]), Status.FAILED),
        (array([1, 0, 0, 1]), Status.FAILED),
        (ArrayDescription(dtype="float64", shape=(2, 2)), Status.UNDECIDED),
        (array([[1, 0], [0, np.nan]]), Status.FAILED),
        (scalar(1), Status.FAILED),
    ],
)
def test_an_array_is_compared_with_the_courses_own(given, status):
    assert decided({"type": "array", "reference": "r.py:matrix"}, given).status is status


CURVES = AxesDescription(
    title="Loss by epoch", xlabel="epoch", ylabel="", yscale="log", lines=2, points=5, legend=("a", "b")
)
BARS = AxesDescription(title="Classes", xlabel="class", ylabel="images", bars=10)


@pytest.mark.parametrize(
    ("drawings", "lost"),
    [
        ([{"lines": 2, "legend": True, "points": 5}], ""),
        ([{"lines": 3}], "lines: 2 of 3"),
        ([{"points": 6}], "points: 5 of 6"),
        ([{"title": True, "xlabel": ["Epoch", "Epochs"], "yscale": "log"}], ""),
        ([{"title": "loss BY epoch."}], ""),
        ([{"title": "Accuracy"}], "its title is 'Loss by epoch', and should be 'Accuracy'"),
        ([{"lines": 1, "ylabel": True}], "its ylabel is empty"),
        ([{"lines": 2, "yscale": "linear"}], "its yscale is 'log'"),
        ([{"bars": 10, "ylabel": True}, {"lines": 2}], ""),
        ([{"bars": 10, "legend": True}], "it has no legend"),
        ([{"bars": 10, "lines": 2}], "bars: 0 of 10"),
        ([{"bars": 1}, {"lines": 1}, {"title": True}], "a figure with 2 drawings"),
    ],
)
def test_a_figure_has_for_each_drawing_one_with_all_of_it(drawings, lost):
    found = decided({"type": "figure", "drawings": drawings}, FigureDescription(axes=(CURVES, BARS)))
    assert (found.status is Status.PASSED) is (not lost) and lost in found.actual, found


def test_an_empty_figure_says_why_it_may_be_empty():
    assert "plt.show()" in decided({"type": "figure", "drawings": [{"lines": 1}]}, FigureDescription()).hint
    with pytest.raises(ValueError, match="this drawing asks nothing"):
        parse({"type": "figure", "points": 1, "drawings": [{}]})


def made(kind, fitted=False, **settings):
    return ObjectDescription(library="sklearn", made=Component(type=kind, settings=settings), fitted=fitted)


STOP = made("EarlyStopping", monitor="val_loss", patience=3, restore_best_weights=True, baseline=None)
PIPELINE = made(
    "Pipeline",
    True,
    scaler=Component(type="StandardScaler"),
    knn=Component(type="KNeighborsClassifier", settings={"n_neighbors": 7}),
)


@pytest.mark.parametrize(
    ("value", "equals", "settings", "lost"),
    [
        (STOP, "EarlyStopping", {}, ""),
        (STOP, "EarlyStopping", {"patience": 3, "restore_best_weights": True, "baseline": None}, ""),
        (
            STOP,
            "EarlyStopping",
            {"patience": {"at_least": 2, "at_most": 5}, "monitor": {"any_of": ["val_loss", "loss"]}},
            "",
        ),
        (STOP, "EarlyStopping", {"patience": 2}, "its setting `patience` is 3, and should be 2"),
        (STOP, "EarlyStopping", {"restore_best_weights": False}, "`restore_best_weights` is True"),
        (STOP, "EarlyStopping", {"patience": {"at_least": 4}}, "should be at least 4"),
        (STOP, "ReduceLROnPlateau", {}, "EarlyStopping"),
        (
            PIPELINE,
            "Pipeline",
            {"knn": {"type": "KNeighborsClassifier", "n_neighbors": 7}, "scaler": {"type": "StandardScaler"}},
            "",
        ),
        (PIPELINE, "Pipeline", {"knn": {"type": "KNeighborsClassifier", "n_neighbors": 5}}, "KNeighborsClassifier"),
        (PIPELINE, "Pipeline", {"scaler": {"type": "MinMaxScaler"}}, "StandardScaler"),
    ],
)
def test_an_object_is_told_by_class_and_settings(value, equals, settings, lost):
    found = decided({"type": "object", "equals": equals, "settings": settings}, value)
    assert (found.status is Status.PASSED) is (not lost) and lost in found.hint + found.actual, found


def test_what_an_object_does_not_tell_is_left_to_a_person():
    assert (
        decided({"type": "object", "equals": "EarlyStopping", "settings": {"mode": "min"}}, STOP).status
        is Status.UNDECIDED
    )
    own = ObjectDescription(library="keras", made=Component(type="Mine", custom="Mine is not Keras's own"))
    assert decided({"type": "object", "equals": "Adam"}, own).status is Status.UNDECIDED


def test_an_estimator_that_learned_nothing_is_not_fitted():
    check = {"type": "object", "equals": "Ridge", "fitted": True}
    assert decided(check, made("Ridge", fitted=True)).status is Status.PASSED
    assert "mend that first" in decided(check, made("Ridge")).hint


DECAY = Component(
    type="ExponentialDecay", settings={"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9}
)


def scheduled(rate):
    using = compiled("SGD", {"learning_rate": rate})
    return model(compiled=using, fits=(fit(using=using),))


@pytest.mark.parametrize(
    ("wanted", "right"),
    [
        ({"type": "ExponentialDecay"}, True),
        ("ExponentialDecay", True),
        ({"type": "ExponentialDecay", "decay_rate": 0.9, "decay_steps": {"at_least": 50}}, True),
        ({"type": "ExponentialDecay", "decay_rate": 0.8}, False),
        ({"type": "CosineDecay"}, False),
        (0.1, False),
    ],
)
def test_a_schedule_is_a_setting_of_the_optimizer(wanted, right):
    for kind in ("optimizer", "trained_with"):
        found = decided({"type": kind, "equals": "SGD", "settings": {"learning_rate": wanted}}, scheduled(DECAY))
        assert (found.status is Status.PASSED) is right, found


def test_a_setting_of_the_optimizer_may_be_a_range():
    check = {"type": "optimizer", "equals": "SGD", "settings": {"learning_rate": {"at_least": 0.001, "at_most": 0.1}}}
    assert decided(check, scheduled(0.05)).status is Status.PASSED
    assert "should be 0.001 to 0.1" in decided(check, scheduled(0.2)).hint


@pytest.mark.parametrize(
    ("rates", "check", "status"),
    [
        ((0.1, 0.05, 0.025), {"equals": [0.1, 0.05, 0.025]}, Status.PASSED),
        ((0.1, 0.05, 0.025), {"falls": True}, Status.PASSED),
        ((0.1, 0.05, 0.07), {"falls": True}, Status.FAILED),
        ((0.1, 0.05), {"equals": [0.1, 0.05, 0.025]}, Status.FAILED),
        ((), {"falls": True}, Status.FAILED),
        ((), {"equals": [0.01]}, Status.PASSED),
    ],
)
def test_learning_rates_are_those_that_a_training_had(rates, check, status):
    first = rates[0] if rates else 0.01
    record = fit(using=compiled("SGD", {"learning_rate": first})).model_copy(update={"learning_rates": rates})
    assert decided({"type": "learning_rates", **check}, model(fits=(record,))).status is status


CALLBACKS = ["BackupAndRestore", "CSVLogger", "EarlyStopping", "History", "LearningRateScheduler", "ModelCheckpoint", "ReduceLROnPlateau", "RemoteMonitor", "SwapEMAWeights", "TensorBoard", "TerminateOnNaN"]  # fmt: skip


def test_of_a_callback_that_changes_rates_and_did_not_change_them_so_it_is_not_said_that_it_is_missing():
    given = [Component(type=name) for name in CALLBACKS]
    own = Component(type="Halving", custom="Halving is not Keras's own")
    for callback in (*given, own):
        record = fit(using=compiled("SGD", {"learning_rate": 0.1})).model_copy(update={"callbacks": ((callback,),)})
        for check in ({"falls": True}, {"equals": [0.1, 0.05]}):
            found = decided({"type": "learning_rates", **check}, model(fits=(record,)))
            changes = callback is own or callback.type in ("ReduceLROnPlateau", "LearningRateScheduler")
            assert found.status is Status.FAILED
            assert (f"{callback.type} was given to fit()" in found.hint) == changes, (callback, found)
            assert ("Give fit() the callback" in found.hint) != changes


def test_another_object_than_the_one_asked_for_is_told_so_by_what_is_asked_and_the_right_one_never_is():
    names = [
        "Adam",
        "SGD",
        "Ridge",
        "GridSearchCV",
        "StandardScaler",
        "EarlyStopping",
        "Pipeline",
        "KNeighborsClassifier",
    ]
    for found in names:
        for asked in names:
            outcome = decided({"type": "object", "equals": asked}, made(found))
            another = f"hand in the {asked} itself" in outcome.hint
            assert another == (found != asked) and (outcome.status is Status.PASSED) == (found == asked), outcome


STOPS = Component(type="EarlyStopping", settings={"monitor": "val_loss", "patience": 3, "restore_best_weights": True})
PLATEAU = Component(type="ReduceLROnPlateau", settings={"monitor": "loss", "factor": 0.1})
OWN = STOPS.model_copy(update={"custom": "Mine is not one of Keras's own"})
FASTER = PLATEAU.model_copy(update={"settings": {"monitor": "loss", "factor": 0.9}})
EITHER = {"any_of": [{"type": "EarlyStopping"}, {"type": "ReduceLROnPlateau", "factor": 0.1}]}
ASKED = [{"type": "EarlyStopping", "patience": {"at_least": 2, "at_most": 5}, "restore_best_weights": True}]


@pytest.mark.parametrize(
    ("calls", "asked", "status", "said"),
    [
        ([[STOPS]], ASKED, Status.PASSED, ""),
        ([[PLATEAU, STOPS]], [*ASKED, {"type": "ReduceLROnPlateau"}], Status.PASSED, ""),
        ([[STOPS], [PLATEAU, STOPS]], ASKED, Status.PASSED, ""),
        ([[]], ASKED, Status.FAILED, "callbacks=[...]"),
        ([[PLATEAU]], ASKED, Status.FAILED, "callbacks=[...]"),
        (
            [[STOPS]],
            [{"type": "EarlyStopping", "patience": 4}],
            Status.FAILED,
            "its setting `patience` is 3, and should be 4",
        ),
        (
            [[STOPS]],
            [{"type": "EarlyStopping", "patience": 4}, {"type": "ReduceLROnPlateau"}],
            Status.FAILED,
            "patience",
        ),
        ([[STOPS], []], ASKED, Status.FAILED, "Every call of fit() counts"),
        ([[STOPS], [STOPS], [PLATEAU]], [*ASKED, {"type": "ReduceLROnPlateau"}], Status.FAILED, "Every call"),
        ([[OWN]], ASKED, Status.UNDECIDED, ""),  # a class of the notebook's own may do it otherwise
        ([[OWN, STOPS]], ASKED, Status.PASSED, ""),
        ([[OWN]], [*ASKED, {"type": "ReduceLROnPlateau"}], Status.FAILED, "callbacks=[...]"),
        ([[STOPS]], [{"type": "EarlyStopping", "mode": "min"}], Status.UNDECIDED, ""),  # it doesn't say
        *(([[one]], [EITHER], Status.PASSED, "") for one in (STOPS, PLATEAU)),
        ([[STOPS], [PLATEAU]], [EITHER], Status.PASSED, ""),  # each call was given one of them
        ([[STOPS], []], [EITHER], Status.FAILED, "Every call of fit() counts"),
        ([[]], [EITHER], Status.FAILED, "callbacks=[...]"),
        ([[OWN]], [EITHER], Status.UNDECIDED, ""),
        ([[FASTER]], [EITHER], Status.FAILED, "its setting `factor` is 0.9, and should be 0.1"),
        ([[FASTER, STOPS]], [EITHER], Status.PASSED, ""),
    ],
)
def test_callbacks_are_those_that_every_call_of_fit_was_given(calls, asked, status, said):
    record = fit().model_copy(update={"callbacks": tuple(map(tuple, calls))})
    found = decided({"type": "callbacks", "includes": asked}, model(fits=(record,)))
    assert found.status is status and said in found.hint, found


def test_callbacks_of_a_training_that_went_on_are_those_of_all_its_calls():
    one = fit().model_copy(update={"callbacks": ((STOPS,),)})
    assert one.joined(one, calls=0).callbacks == ((STOPS,),)  # an epoch more of the same call
    assert one.joined(fit().model_copy(update={"callbacks": ((),)})).callbacks == ((STOPS,), ())


@pytest.mark.parametrize(
    ("includes", "said"),
    [
        ([{"type": "Adam"}], "no class 'Adam'"),
        ([{"type": "EarlyStoping"}], "did you mean 'EarlyStopping'"),
        ([{"type": "EarlyStopping", "patiense": 3}], "did you mean 'patience'"),
        ([{"type": "EarlyStopping", "patience": -1}], "patience=-1"),
        ([], "asks nothing"),
        ([{"any_of": [{"type": "EarlyStopping"}]}], "any_of"),
        ([{"any_of": [{"type": "EarlyStopping"}, {"type": "Adam"}]}], "no class 'Adam'"),
        (
            [{"any_of": [{"type": "EarlyStopping", "patiense": 3}, {"type": "TerminateOnNaN"}]}],
            "did you mean 'patience'",
        ),
        ([{"any_off": [{"type": "EarlyStopping"}]}], "type"),
    ],
)
def test_callbacks_that_no_training_can_have_are_refused(includes, said):
    with pytest.raises(ValidationError, match=said):
        parse({"type": "callbacks", "points": 1, "includes": includes})


def test_a_schedule_that_falls_falls():
    assert decided({"type": "learning_rates", "falls": True}, scheduled(DECAY)).status is Status.PASSED
    assert decided({"type": "learning_rates", "equals": [0.1]}, scheduled(DECAY)).status is Status.UNDECIDED
    other = Component(type="PiecewiseConstantDecay")
    assert decided({"type": "learning_rates", "falls": True}, scheduled(other)).status is Status.UNDECIDED


@pytest.mark.parametrize(
    ("check", "status"),
    [
        ({"metric": "loss", "at_most": 0.5}, Status.PASSED),
        ({"metric": "loss", "at_most": 0.3}, Status.FAILED),
        ({"metric": "accuracy", "at_least": 0.8, "at_most": 1}, Status.PASSED),
        ({"metric": "mae", "at_most": 3}, Status.PASSED),
        ({"metric": "r2_score", "at_least": 0.9}, Status.FAILED),
    ],
)
def test_a_metric_lies_between_bounds(check, status):
    assert decided({"type": "metric", **check}, model(fits=(fit(),))).status is status
    assert decided({"type": "metric", **check}, model()).status is Status.FAILED  # never trained
    assert decided({"type": "metric", **check}, model(fits=(fit(holdout=9),))).status is Status.FAILED
    with pytest.raises(ValueError, match="did you mean"):
        parse({"type": "metric", "points": 1, "metric": "accuracyy", "at_least": 1})
