"""How long the objects of a notebook live: what only the notebook referred to is gone as soon as beside plain Keras."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.transparency.cells import PRELUDE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
S = "'sparse_categorical_crossentropy'"
DATASET = "d = tf.data.Dataset.from_tensor_slices((x, y)).batch(50)"
# Each leaves a network in `m`, and may leave other things.
USES = {
    "trained": "m = net(); h = m.fit(x, y, verbose=0)",
    "a split": "m = net(); m.fit(x, y, validation_split=0.2, verbose=0)",
    "a validation": "m = net(); m.fit(x, y, validation_data=(xt, yt), verbose=0)",
    "measured": "m = net(); m.fit(x, y, validation_split=0.2, verbose=0); m.evaluate(xt, yt, verbose=0)",
    "predicted": "m = net(); m.fit(x, y, verbose=0); m.predict(xt, verbose=0)",
    "measured before": "m = net(); m.evaluate(xt, yt, verbose=0); m.predict(xt, verbose=0); m.fit(x, y, verbose=0)",
    "callbacks": "c = keras.callbacks.EarlyStopping(patience=1); e = Printing(); m = net()\nwith quiet(): m.fit(x, y, epochs=3, validation_split=0.2, verbose=0, callbacks=[c, e])",
    "a dataset": f"{DATASET}; m = net(); m.fit(d, epochs=2, validation_data=d, verbose=0); m.evaluate(d, verbose=0)",
    "arrays": "a, b = x.copy(), y.copy(); m = net(); m.fit(a, b, validation_split=0.2, verbose=0); m.evaluate(a, b, verbose=0); m.predict(a, verbose=0)",
    "by Keras": "c = Batches(); m = net(); m.fit(x, y, verbose=0); m.fit(x, y, verbose=0, callbacks=[c]); m.train_on_batch(x[:32], y[:32])",
    "a class": f"m = Chain(); m.compile('adam', {S}); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0); m.predict(xt, verbose=0)",
    "a graph": f"i = keras.Input((784,)); t = keras.layers.Dense(8, activation=keras.layers.LeakyReLU())(i); t = keras.ops.relu(keras.layers.Dropout(0.2)(t)) * 2; m = keras.Model(i, keras.layers.Dense(10, 'softmax')(t)); m.compile('adam', {S}); m.fit(flat, y, validation_split=0.2, verbose=0); m.predict(flat, verbose=0)",
    "metrics": "m = net(loss='categorical_crossentropy', metrics=['accuracy', keras.metrics.AUC(), keras.metrics.F1Score()]); m.fit(x, one, validation_split=0.2, verbose=0)",
    "kept": "m = net(); m.fit(x, y, verbose=0); m.save('m.keras'); m = keras.models.load_model('m.keras'); m.fit(x, y, verbose=0)",
    "copied": "k = net(); k.fit(x, y, verbose=0); m = keras.models.clone_model(k); m.compile('sgd', k.loss); m.set_weights(k.get_weights()); m.fit(x, y, verbose=0)",
    "eagerly": "m = net(run_eagerly=True); m.fit(x[:64], y[:64], verbose=0)",
    "changed": "m = net(); m.fit(x, y, verbose=0); m.layers[-1].trainable = False; m.fit(x, y, verbose=0); m.layers[-1].enable_lora(2); m.fit(x, y, verbose=0)",
    "failed": "m = net(); m.fit(x, y, verbose=0)\ntry: m.fit(x, one, verbose=0)\nexcept ValueError: pass",
    "given up": "class Net(keras.Sequential):\n    def train_step(self, data): return super().train_step(data)\nm = Net([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit(x, y, verbose=0)",
}  # fmt: skip
SCRIPT = """
import contextlib, gc, io, json, sys, weakref
if sys.argv[1] == "graded":
    from autograder.kernel.graded.start import prepare
    prepare()
exec(sys.argv[2])
quiet = lambda: contextlib.redirect_stdout(io.StringIO())

def objects(space):
    m = space["m"]
    found = {name: value for name, value in space.items() if name not in known}
    found |= {"loss": m._compile_loss, "metrics": m._compile_metrics, "optimizer": m.optimizer, "history": getattr(m, "history", None)}
    found |= {name: getattr(m, name) for name in ("train_function", "test_function", "predict_function")}
    for kind, some in (("layer", m.layers), ("variable", m.weights), ("of the optimizer", m.optimizer.variables)):
        found |= {f"{kind} {number}": one for number, one in enumerate(some)}
    return {name: weakref.ref(value) for name, value in found.items() if hasattr(value, "__weakref__") or type(value) is np.ndarray}

left, known = {}, {*globals(), "left", "known"}
for name, code in json.loads(sys.argv[3]).items():
    gc.collect()
    space = dict(globals())
    exec(code, space)
    refs = objects(space)
    space.clear()
    before = sorted(kind for kind, ref in refs.items() if ref() is not None)
    gc.collect()
    left[name] = before, sorted(kind for kind, ref in refs.items() if ref() is not None)
print(json.dumps(left))
"""


@pytest.fixture(scope="module")
def left(bench, tmp_path_factory):
    """By mode and use: what is left of a network and its data when their names are gone, and what of that after the garbage's collection."""
    with tempfile.TemporaryDirectory() as short:
        address = Path(short) / "judge"
        bench.begin("two_layer", address, "en")
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "AUTOGRADER_JUDGE": str(address),
        }  # fmt: skip
        environment.pop("AUTOGRADER_COURSE", None)
        running = {
            mode: subprocess.Popen(
                [sys.executable, "-c", SCRIPT, mode, PRELUDE, json.dumps(USES)],
                cwd=tmp_path_factory.mktemp(mode), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for mode in ("plain", "graded")
        }  # fmt: skip
        ended = {mode: process.communicate() for mode, process in running.items()}
        bench.end("en")
    assert all(process.returncode == 0 for process in running.values()), ended
    return {mode: json.loads(said.splitlines()[-1]) for mode, (said, _) in ended.items()}


@pytest.mark.parametrize("use", USES)
def test_nothing_lives_longer_than_beside_plain_keras(left, use):
    (plain_before, plain), (before, graded) = (left[mode][use] for mode in ("plain", "graded"))
    assert before == plain_before, "what dies with its last name"
    assert graded == plain == [], "what is left after gc.collect()"
