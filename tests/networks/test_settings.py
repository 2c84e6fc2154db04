"""Settings of Keras's objects in each type that Keras takes for the same: the judge builds the same, and checks find the same."""

import numpy as np
import pytest

from autograder.common.keras_tables import allowed
from autograder.common.results import Status
from autograder.common.wire.description import CompileDescription, Component
from autograder.course.checks.networks.compiling import OptimizerCheck
from autograder.course.checks.networks.layer_specs import same_setting
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.describe_compile import describe_optimizer
from autograder.kernel.describing.weights import is_adapted
from autograder.networks.build import architecture, compile_settings
from tests.later import keras
from tests.networks.test_layers import CHAINS, chain

FLAGS = ("flag", "off")
SAME = (int, float, np.bool_, np.int64)


def settings(optimizer):
    loss = Component(type="mean_squared_error")
    return compile_settings(CompileDescription(optimizer=describe_optimizer(optimizer), loss=loss))


@pytest.mark.parametrize("kind", allowed.OPTIMIZERS)
def test_a_flag_of_an_optimizer_may_be_a_number(kind):
    make = getattr(keras.optimizers, kind)
    for key, sort in allowed.OPTIMIZERS[kind].items():
        for flag in {"flag": (True, False), "off": (False,)}.get(sort, ()):
            wanted = settings(make(**{key: flag}))
            for same in SAME:
                made = make(**{key: same(flag)})
                assert settings(made) == wanted, (key, flag, same)
                for asked in (True, False):
                    found = OptimizerCheck.compared(
                        OptimizerCheck.model_construct(equals=kind, settings={key: asked}, others="any"),
                        describe_optimizer(made),
                        "",
                    )
                    assert (found.status is Status.PASSED) is (asked is flag), (key, flag, same)


def test_a_flag_of_a_layer_may_be_a_number():
    tried = 0
    for name in CHAINS:
        network = chain(name)
        wanted = architecture(describe_model(network, {}))
        for at, layer in enumerate(network.layers):
            config = layer.get_config()
            for key, sort in allowed.LAYERS[type(layer).__name__].items():
                # Settings don't say what a layer was adapted to.
                if sort in FLAGS and isinstance(config.get(key), bool) and not is_adapted(layer):
                    tried += 1
                    other = type(layer).from_config({**config, key: int(config[key])})
                    layers = [*network.layers[:at], other, *network.layers[at + 1 :]]
                    again = keras.Sequential([keras.Input(network.input_shape[1:]), *layers])
                    assert architecture(describe_model(again, {})) == wanted, (name, key)
    assert tried > 50


def test_a_flag_and_its_number_are_one_setting_and_the_other_flag_is_not():
    for flag in (True, False):
        for same in SAME[:2]:
            assert same_setting(same(flag), flag, "use_bias") and not same_setting(same(flag), not flag, "use_bias")
            assert not same_setting("True", flag, "use_bias") and not same_setting(None, flag, "use_bias")
