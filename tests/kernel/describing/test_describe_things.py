"""What students hand in of pandas, matplotlib, Keras and scikit-learn is described as these libraries made it."""

from decimal import Decimal
from fractions import Fraction

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.base import is_classifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, check_cv
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autograder.common.wire.description import Component, decode, encode
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_things import describe_callbacks, describe_thing, first_axes
from tests.later import keras

matplotlib.use("agg")


def sent(value):
    """As it arrives."""
    document, frames = encode({"value": describe_thing(first_axes(value)) or describe_thing(value)})
    return decode(document, [np.ascontiguousarray(frame).tobytes() for frame in frames])["value"]


def test_a_table_tells_columns_kinds_rows_and_numbers():
    frame = pd.DataFrame(
        {
            "age": [1.5, 2],
            "n": [1, 2],
            "ok": [True, False],
            "name": ["a", "b"],
            7: pd.to_datetime(["2027-01-01", "2027-01-02"]),
        }
    )
    found = sent(frame)
    assert found.columns == {"age": "float", "n": "integer", "ok": "boolean", "name": "text", "7": "time"}
    assert found.rows == 2 and found.values["age"].data.tolist() == [1.5, 2.0] and "7" not in found.values
    assert [item.value for item in found.values["name"].items] == ["a", "b"]
    numbers = sent(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    assert numbers.whole.data.tolist() == [[1, 3], [2, 4]]


def test_odd_tables_are_described_or_left_alone():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert sent(twice).columns == {"a": "integer"} and sent(pd.DataFrame()).rows == 0
    assert sent(pd.DataFrame(np.zeros((200_000, 3)))).values == {}  # too large to be sent
    assert describe_thing(pd.DataFrame(np.zeros((1, 300)))) is None and describe_thing(pd.Series([1])) is None


def drawn():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    lines = left.plot([1, 2, 3], label="loss") + left.plot([1, 2], label="val")
    left.set(xlabel="epoch", yscale="log", title="Curves")
    left.legend()
    bars = right.bar(["a", "b"], [1, 2])
    figure.colorbar(right.imshow(np.eye(2)), ax=right)
    return figure, left, right, lines, bars


def test_a_figure_tells_what_is_written_and_drawn():
    figure, left, right, lines, bars = drawn()
    found = sent(figure).axes
    assert len(found) == 2  # not the colour bar
    one, other = found
    assert (one.lines, one.points, one.xlabel, one.yscale, one.title, one.legend) == (
        2,
        2,
        "epoch",
        "log",
        "Curves",
        ("loss", "val"),
    )
    assert (other.bars, other.images, other.lines) == (2, 1, 0)
    assert sent(left).axes == (one,) and sent(np.array([left, right])) == sent(lines) == sent(bars) == sent(figure)
    assert sent(Figure()).axes == ()


def test_callbacks_schedules_and_optimizers_tell_what_they_were_made_with():
    stop = sent(
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, min_delta=0.01, restore_best_weights=True)
    )
    settings = stop.made.settings
    assert (stop.library, stop.made.type, settings["patience"], settings["min_delta"], settings["monitor"]) == (
        "keras",
        "EarlyStopping",
        3,
        0.01,
        "val_loss",
    )
    for half in (Fraction(1, 2), Decimal("0.5"), np.float32(0.5)):
        assert sent(keras.callbacks.ReduceLROnPlateau(factor=half)).made.settings["factor"] == 0.5
    odd = sent(keras.callbacks.ReduceLROnPlateau(factor=Fraction(1, 2), cooldown=Fraction(10**400))).made.settings[
        "cooldown"
    ]
    assert odd.custom
    plateau = sent(keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)).made
    assert (plateau.type, plateau.settings["factor"]) == ("ReduceLROnPlateau", 0.5)
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)
    assert sent(decay).made.settings["decay_rate"] == 0.9
    adam = sent(keras.optimizers.Adam(decay)).made
    assert adam.type == "Adam" and adam.settings["learning_rate"].type == "ExponentialDecay"


def test_estimators_tell_their_parameters_and_whether_they_learned():
    ridge = Ridge(alpha=0.5)
    assert sent(ridge).made.settings["alpha"] == 0.5 and not sent(ridge).fitted
    assert sent(ridge.fit([[1.0], [2.0]], [1, 2])).fitted
    pipeline = sent(make_pipeline(StandardScaler(), KNeighborsClassifier(7))).made.settings
    assert pipeline["kneighborsclassifier"].settings["n_neighbors"] == 7
    assert isinstance(pipeline["standardscaler"], Component)
    both = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    assert not sent(both).fitted and sent(both.fit([[1.0], [2.0]], [1, 2])).fitted


class Pretends:
    """Of a library by name only, and a trap to whoever looks into it."""

    def __getattr__(self, name):
        raise RuntimeError("boo")


@pytest.mark.parametrize("library", ["pandas", "matplotlib", "keras", "sklearn"])
def test_what_only_says_that_it_is_of_a_library_is_left_alone(library):
    kind = type(
        "DataFrame", (Pretends,), {"__module__": f"{library}.core", "get_params": lambda self, deep: {"a": self.b}}
    )
    assert describe_thing(kind()) is None


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", [], [1, 2], {}, np.zeros(3), np.array([None]), Ridge, keras.callbacks.EarlyStopping, print],
)
def test_other_values_are_no_such_things(value):
    assert describe_thing(value) is None and describe_thing(first_axes(value)) is None


class Mine(keras.callbacks.EarlyStopping):
    """A student's own."""


@pytest.mark.parametrize("form", ["list", "tuple", "alone", "Keras's list"])
def test_callbacks_are_told_in_whatever_form_fit_takes_them(form):
    stopping, own = keras.callbacks.EarlyStopping(patience=3), Mine(monitor="loss")
    given = {
        "list": [stopping, own], "tuple": (stopping, [own]), "alone": stopping, "Keras's list": keras.callbacks.CallbackList([stopping, own]),
    }[form]  # fmt: skip
    told = [one for one in describe_callbacks(given) if one.type == "EarlyStopping"]
    assert told[0].settings["patience"] == 3 and not told[0].custom
    assert [one.settings["monitor"] for one in told[1:]] == ([] if form == "alone" else ["loss"])
    assert all("Mine" in one.custom for one in told[1:])
    assert describe_callbacks(None) == ()


FOLDS = [
    None,
    3,
    5,
    KFold(5),
    KFold(3),
    StratifiedKFold(5),
    StratifiedKFold(3),
    KFold(5, shuffle=True, random_state=1),
    StratifiedKFold(5, shuffle=True),
]


@pytest.mark.parametrize("one", [KNeighborsClassifier(), Ridge()], ids=["classifier", "regressor"])
def test_folds_are_told_as_scikit_learn_takes_them(one):
    """Two searches are told alike where, and only where, scikit-learn makes the same folds of what they were given."""
    features, targets = np.arange(120.0).reshape(60, 2), np.repeat([0, 1, 0, 1], 15)

    def parts(cv):
        made = check_cv(cv, targets, classifier=is_classifier(one))
        return (
            [test.tolist() for _train, test in made.split(features, targets)]
            if not getattr(made, "shuffle", 0)
            else made
        )

    told = [describe_thing(GridSearchCV(one, {}, cv=cv)).made.settings["cv"] for cv in FOLDS]
    made = [parts(cv) for cv in FOLDS]
    whole = [at for at, cv in enumerate(told) if isinstance(cv, int)]
    plain = [at for at, parted in enumerate(made) if isinstance(parted, list)]
    usual = [parts(folds) for folds in (3, 5)]
    assert whole == [at for at in plain if made[at] in usual and at in whole] and len(whole) >= 5
    assert [(at, to) for at in whole for to in whole if (told[at] == told[to]) is not (made[at] == made[to])] == []
    assert [
        at
        for at in plain
        if type(FOLDS[at]) is type(check_cv(5, targets, classifier=is_classifier(one))) and at not in whole
    ] == []


def test_a_long_list_of_rows_is_told_as_its_array_and_one_of_ragged_rows_is_not():
    rows = np.arange(3000.0).reshape(100, 30)
    for made in (rows.tolist(), [tuple(row) for row in rows.tolist()]):
        told, array = describe(made), describe(rows)
        assert told.model_dump(exclude={"data"}) == array.model_dump(exclude={"data"})
        assert np.array_equal(told.data, array.data)
    ragged = describe([*rows.tolist(), [1.0]])
    assert ragged.kind == "list" and len(ragged.items) == 101
