"""Looking at a network leaves nothing behind."""

import numpy as np
import pytest

from autograder.kernel.describing.structure import built_copy, leaving_nothing, undone_if_it_fails
from tests.later import Later, keras

backend = Later("keras.src.backend")

FORM = ("float32", (None, 4))


class Chain(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.parts = keras.layers.Dense(3), [keras.layers.Dropout(0.5), keras.layers.BatchNormalization()]

    def call(self, inputs):
        inputs = self.hidden(inputs)
        for part in self.parts:
            inputs = part(inputs)
        return inputs


class Late(keras.Model):
    """Makes its layers when it is built."""

    def build(self, _shape):
        self.late = {"one": keras.layers.Dense(3, kernel_regularizer="l2")}

    def call(self, inputs):
        return self.late["one"](inputs)


class Nested(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.Sequential([Chain(), keras.layers.Dense(2)])
        self.seen = keras.metrics.Mean()

    def call(self, inputs):
        return self.inner(inputs)


class SaysItIsBuilt(Chain):
    def build(self, _shape):
        self.built = True


NETWORKS = {
    "a class": Chain,
    "a class that makes its layers late": Late,
    "networks in a network": Nested,
    "a class that says that it is built": SaysItIsBuilt,
    "layers": lambda: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)]),
}


def facts(model):
    """What can be seen of a network and of all that belongs to it."""
    parts = [*model._flatten_layers(), model.optimizer, *(model.metrics if model.compiled else ())]
    named = [(part.name, part.built if hasattr(part, "built") else None, sorted(vars(part))) for part in parts if part]
    variables = [[variable.path for variable in part.variables] for part in parts if part]
    tracked = [
        (part._tracker.locked, {name: len(ids) for name, ids in part._tracker.stored_ids.items()})
        for part in parts
        if part
    ]
    return named, variables, tracked, len(model.losses)


def by_a_call(model):
    backend.compute_output_spec(model, keras.KerasTensor(FORM[1], FORM[0]), training=False)


def fitted(make, looks):
    keras.src.utils.naming.reset_uids()
    keras.utils.set_random_seed(1)
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    before = facts(model)
    looks(model)
    assert facts(model) == before
    model.fit(np.ones((8, 4), "float32"), np.ones((8, 1)), verbose=0)
    return facts(model), model.get_weights(), keras.layers.Dense(1).name


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_network_that_was_built_in_vain_is_as_it_was(make):
    def looks(model):
        before = facts(model)
        with pytest.raises(ZeroDivisionError), undone_if_it_fails(model):
            by_a_call(model)
            model.optimizer.build(model.trainable_variables)
            model._compile_metrics.build(np.zeros((2, 1)), np.zeros((2, 1)))
            assert facts(model) != before
            1 / 0  # noqa: B018

    (seen, weights, name), (other, others, other_name) = fitted(make, looks), fitted(make, lambda model: None)
    assert (seen, name) == (other, other_name)
    assert len(weights) > 0
    np.testing.assert_equal(weights, others)


def test_a_network_that_was_built_stays_so():
    model = Chain()
    with undone_if_it_fails(model):
        by_a_call(model)
    assert len(model.weights) == 6


def test_a_copy_is_built_and_the_network_is_not():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("adam", "mse")
    before = facts(model)
    assert built_copy(model, (None, 4)).built
    assert facts(model) == before


counted, counts = 0, {"calls": [0]}


class Counter:
    calls = 0


counter = Counter()


class Counting(Chain):
    """Counts its calls in every way there is."""

    of_class, listed = 0, []

    def __init__(self, box):
        super().__init__()
        self.calls, self.shapes, self.kept, self.box = 0, [], {}, box

    def call(self, t, given=[]):  # noqa: B006
        global counted, new
        given.append(1)
        counted += 1
        new = counted
        counts["calls"].append(1)
        counter.calls += 1
        Counting.of_class += 1
        Counting.listed.append(1)
        self.calls += 1
        self.last = t.shape
        self.shapes.append(t.shape)
        self.kept[len(self.kept)] = (1,)
        self.box.append(1)
        np.random.random()
        return super().call(t)


def state(model):
    numbers = np.random.get_state()[2]
    outside = (
        counted,
        "new" in globals(),
        [*counts["calls"]],
        vars(counter).copy(),
        Counting.of_class,
        [*Counting.listed],
    )
    return model.calls, [*model.shapes], dict(model.kept), [*model.box], hasattr(model, "last"), outside, numbers


def test_what_a_call_counts_and_keeps_is_undone():
    model = Counting([])
    by_a_call(model)
    del globals()["new"], model.last
    before = state(model)
    with leaving_nothing(model):
        by_a_call(model)
        after = state(model)
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert state(model) == before


@pytest.mark.parametrize("axis", [-1, None])
def test_a_copy_that_is_built_has_what_a_layer_was_adapted_to(axis):
    """As tutorials begin a network, whose input nobody says."""
    norm, rows = keras.layers.Normalization(axis=axis), np.random.default_rng(0).normal(5, 3, (20, 4)).astype("float32")
    norm.adapt(rows)
    model = keras.Sequential([norm, keras.layers.Dense(2)])
    copy = built_copy(model, (None, 4))
    assert not model.built and np.array_equal(copy.layers[0](rows), norm(rows))
