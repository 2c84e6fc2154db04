"""Cells that take a network apart after Keras has traced its functions, and go on without compiling; and batches of other ranks after those of the judge."""

from tests.transparency.cells_of_traces import failing

L, C = "keras.layers", "keras.callbacks"
COMPILED = "m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])"
BUILT = f"m = keras.Sequential([keras.Input((784,)), {L}.Dense(10, 'relu'), {L}.Dense(10, 'softmax')]); {COMPILED}"
UNBUILT = f"m = keras.Sequential([{L}.Dense(10, 'relu'), {L}.Dense(10, 'softmax')]); {COMPILED}"
AFTER = "h.history, len(m.trainable_weights), len(m.weights), len(m.layers), int(m.optimizer.iterations)"
CHANGES = {
    "low ranks": "m.layers[-1].enable_lora(2)",
    "low ranks in the middle": "m.layers[0].enable_lora(2)",
    "a layer less": "m.pop()",
    "a layer more": f"m.add({L}.Dense(10, 'softmax'))",
    "another last layer": f"m.pop(); m.add({L}.Dense(10, 'softmax'))",
    "a frozen layer": "m.layers[0].trainable = False",
    "a frozen network": "m.trainable = False",
    "a frozen variable": "m.layers[0].kernel.trainable = False",
    "another activation": "m.layers[0].activation = keras.activations.tanh",
    "a penalty": "m.layers[0].kernel_regularizer = keras.regularizers.L2(0.1)",
    "eight bits": "m.quantize('int8')",
    "a metric in a layer": "m.layers[0].of_my_own = keras.metrics.Mean(name='mine')",
    "a layer in a layer": f"m.layers[0].inner = {L}.Dense(3)",
}


def between(change: str, network: str = BUILT, *after: str) -> str:
    fits = after or ("h = m.fit(flat, y, epochs=2, validation_split=0.2, verbose=0)",)
    last = "m.evaluate(flat[:50], y[:50], verbose=0); m.predict(flat[:5], verbose=0)"
    return "; ".join([network, "m.fit(flat, y, verbose=0)", change, *fits, last, AFTER])


def within(change: str) -> str:
    """The same between two epochs."""
    made = f"class Change({C}.Callback):\n    def on_epoch_begin(self, epoch, logs=None):\n        m = self.model\n        if epoch == 1: {change}"
    return f"{BUILT}\n{made}\nh = m.fit(flat, y, epochs=3, verbose=0, callbacks=[Change()]); {AFTER}"


def ranks(first: str, then: str) -> str:
    return f"m = net(); m.fit(x, y, verbose=0); {first}\n{failing(then)}len(m.evaluate(xt, yt, verbose=0)), int(m.optimizer.iterations)"


NOISE = "np.random.rand(64, 28, 28)"
CELLS = {
    **{f"{name} between fits": between(change) for name, change in CHANGES.items()},
    **{f"{name} between epochs": within(CHANGES[name]) for name in ("low ranks", "another last layer", "a layer in a layer")},
    **{f"{name} where nothing was built": between(CHANGES[name], UNBUILT) for name in ("low ranks", "a layer more", "a frozen layer", "a frozen variable")},
    "low ranks, then noise": between(CHANGES["low ranks"], BUILT, "h = m.fit(np.random.rand(64, 784), y[:64], verbose=0)"),
    "low ranks, compiled": between(CHANGES["low ranks"], BUILT, COMPILED, "h = m.fit(flat, y, verbose=0)"),
    "another activation, measured in between": between(
        f"m.evaluate(flat, y, verbose=0); {CHANGES['another activation']}", BUILT, "h = m.fit(flat, y, epochs=2, validation_split=0.2, verbose=0)"
    ),
    # ---- ranks
    "no batches after batches": ranks("h = 0", "m.fit(tf.data.Dataset.from_tensor_slices((x, y)), verbose=0)"),
    "no batches to measure on": ranks("m.evaluate(x, y, verbose=0)", "m.evaluate(tf.data.Dataset.from_tensor_slices((x, y)), verbose=0)"),
    "a column after a row": ranks("h = 0", f"m.fit({NOISE}, y[:64, None], verbose=0)"),
    "a column to measure on": ranks("m.evaluate(x, y, verbose=0)", f"m.evaluate({NOISE}, y[:64, None], verbose=0)"),
    "a column in a validation": ranks("m.evaluate(x, y, verbose=0)", f"m.fit(x, y, validation_data=({NOISE}, y[:64, None]), verbose=0)"),
    "a column, and a callback that counts": ranks("h = 0", "m.fit(x, y[:, None], verbose=0, callbacks=[Batches()])"),
    # ---- what Python tells of Keras's functions, and a process of itself
    "defaults of functions": "[(f.__defaults__, f.__kwdefaults__) for f in (getattr(keras.Model, n) for n in ('fit', 'evaluate', 'predict', 'make_train_function', 'make_test_function', 'make_predict_function', 'train_step'))], keras.datasets.fashion_mnist.load_data.__defaults__",
    "who judges": "import subprocess, sys; said = lambda names: [n for n in names if 'JUDGE' in n or n.endswith('_SPLIT')]; said(os.environ), subprocess.run([sys.executable, '-c', 'import os; print([n for n in os.environ if \"JUDGE\" in n])'], capture_output=True, text=True).stdout",
}  # fmt: skip
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {"eight bits between fits", "low ranks, compiled", "low ranks, then noise"}
