"""Cells about what a call that failed leaves behind: each kind of failing call, on a network that is built or isn't, and what comes next."""

from tests.transparency.cells_of_traces import failing

S, D = "sparse_categorical_crossentropy", "tf.data.Dataset.from_tensor_slices"
NETWORKS = {
    "built": "m = net()",
    "not built": f"m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', '{S}', metrics=['accuracy'])",
}
FAILING = {
    "labels refused": "m.fit(x, one, verbose=0)",
    "labels refused, left to Keras": "m.fit(x, one, verbose=0, callbacks=[Batches()])",
    "labels of a dataset refused": f"m.fit({D}((x, one)).batch(32), verbose=0)",
    "a dataset without batches": f"m.fit({D}((x, y)), verbose=0)",
    "evaluated with labels refused": "m.evaluate(x, one, verbose=0)",
    "predicted for texts": "m.predict(x.astype(str), verbose=0)",
}
STATE = failing("print(m.built, m.optimizer.built, len(m.weights), int(m.optimizer.iterations))")
NEXT = {
    "again": lambda call: failing(call),
    "right": lambda call: failing("print(sorted(m.fit(x, y, verbose=0).history))"),
    "a dataset": lambda call: failing(f"m.fit({D}((x, y)).batch(32), verbose=0)"),
    "compiled anew": lambda call: f"m.compile('adam', '{S}')\n" + failing("m.fit(x, y, verbose=0)"),
}
CELLS = {
    f"{built}, {wrong}, then {after}": f"{network}\n{failing(call)}{STATE}{follows(call)}m"
    for built, network in NETWORKS.items()
    for wrong, call in FAILING.items()
    for after, follows in NEXT.items()
}
# A class of the notebook's own, which nobody but Keras builds: what was looked at in vain is as broken afterwards as it is there.
CELLS |= {
    f"a class, {wrong}, then right": f"m = Chain(); m.compile('adam', '{S}', metrics=['accuracy'])\n{failing(call)}{STATE}{NEXT['right'](call)}{STATE}m"
    for wrong, call in FAILING.items()
}
# What a network counts that XLA compiles, where data run out or fail: nothing of it.
CELLS |= {
    f"compiled, {wrong}": f"m = net(jit_compile=True)\n{failing(call)}{STATE}{failing(call)}{STATE}{NEXT['right'](call)}{STATE}"
    for wrong, call in {
        "data that run out": f"m.fit({D}((x, y)).filter(lambda a, b: b < 9).batch(32), epochs=2, verbose=0)",
        "data that fail": f"m.fit({D}((x, y)).batch(32), class_weight={{0: 2.0}}, verbose=0)",
        "data that fail, left to Keras": f"m.fit({D}((x, y)).batch(32), class_weight={{0: 2.0}}, verbose=0, callbacks=[Batches()])",
    }.items()
}
# ---- what is made to find out whether the judge can train leaves nothing behind
NAMES = "[keras.layers.Dense(1).name, keras.Sequential().name, keras.Model().name, keras.Input((1,)).name, keras.metrics.Mean().name], int(np.random.randint(10**6)), random.randrange(10**6), int(tf.random.uniform((), maxval=10**6, dtype=tf.int32)), int(keras.random.randint((), 0, 10**6))"
OWN = "class Net(keras.Model):\n    def __init__(self):\n        super().__init__(); self.d = keras.layers.Dense(10, 'softmax')\n    def call(self, t): return self.d(t)\nm = Net(); m.compile('adam', 'sparse_categorical_crossentropy')"
CELLS |= {
    "names and numbers after a network that wasn't built": f"m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(10, 'softmax')]); m.compile('adam', '{S}'); m.fit(x, y, verbose=0); {NAMES}",
    "names and numbers after a class of its own": f"{OWN}; m.fit(flat, y, verbose=0); {NAMES}",
    "the word for a loss, in a network that isn't built": "m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'crossentropy', metrics=['accuracy']); m.fit(x, y, verbose=0).history",
    "noise in a dataset, three steps at once": f"m = net(steps_per_execution=3); h = m.fit({D}((np.concatenate([x[:300], np.random.rand(50, 28, 28)]), y[:350])).batch(32), epochs=2, verbose=2); int(m.optimizer.iterations)",
    "an odd batch within": f"m = net(); h = m.fit({D}((x, y)).batch(32).repeat(2), epochs=2, verbose=2); int(m.optimizer.iterations)",
    "a generator of noise with weights": "noise = np.random.rand(32, 28, 28)\ndef g():\n    while True: yield noise, y[:32], weights[:32]\nm = net(); h = m.fit(g(), epochs=2, steps_per_epoch=4, verbose=2); int(m.optimizer.iterations)",
    "fit after a validation that failed": f"m = net()\n{failing('m.fit(x, y, validation_data=(xt[:, :5], yt), verbose=0)')}{failing('m.fit(x, y, validation_data=(xt, yt), verbose=0)')}m",
    "fit after a validation whose labels are refused": f"m = net()\n{failing('m.fit(x, y, validation_data=(xt, one[:200]), verbose=0)')}{failing('m.fit(x, y, validation_data=(xt, yt), verbose=0)')}m.compile('adam', '{S}'); m.fit(x, y, validation_data=(xt, yt), verbose=0).history",
    "an optimizer whose variables a failed call made": f"m = net()\n{failing('m.fit(x, one, verbose=0)')}{failing('m.fit(x, y, verbose=0)')}m.compile(m.optimizer, '{S}')\n{failing('m.fit(x, y, verbose=0)')}m",
    "a ragged dataset": f"m = net(); h = m.fit({D}((tf.ragged.constant([[1.0], [1.0, 2.0]]), y[:2])).batch(2), verbose=0)",
}
# ---- an iterator of the notebook's own that ends, wherever its code is called: that isn't the end of any other one
ENDING = "ended = lambda *given, **named: next(iter(()))\nfor hook in {hooks}:\n    c = type('Ending', (keras.callbacks.Callback,), {{'on_' + hook: ended}})()\n    try: print(hook, {call})\n    except BaseException as error: print(hook, repr(error))\n"
CELLS |= {
    f"an iterator that ends in a callback of {name}": "m = net(); m.fit(x, y, verbose=0)\n" + ENDING.format(hooks=hooks, call=call) + STATE + "m"
    for name, hooks, call in (
        ("fit", ["train_begin", "epoch_begin", "epoch_end", "train_end", "test_begin", "test_end"], "m.fit(x, y, epochs=2, validation_data=(xt, yt), callbacks=[c], verbose=0).history"),
        ("evaluate", ["test_begin", "test_end"], "m.evaluate(xt, yt, callbacks=[c], verbose=0)"),
        ("predict", ["predict_begin", "predict_end"], "m.predict(xt, callbacks=[c], verbose=0).shape"),
    )
}  # fmt: skip
CELLS |= {
    "an iterator that ends in a loss": "ends = iter([1.0])\ndef loss(t, p): return next(ends) * keras.losses.sparse_categorical_crossentropy(t, p)\nm = net(loss=loss); h = m.fit(x, y, verbose=0); h.history",
    "an iterator that ends in a network": "class Net(keras.Model):\n    def __init__(self): super().__init__(); self.f, self.d, self.k = keras.layers.Flatten(), keras.layers.Dense(10, 'softmax'), iter([1, 2, 3])\n    def call(self, t): next(self.k); return self.d(self.f(t))\nm = Net(); m.compile('adam', 'sparse_categorical_crossentropy', run_eagerly=True); h = m.fit(x, y, verbose=0); h.history, int(m.optimizer.iterations)",
    "an iterator that ends in an initializer": "m = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, kernel_initializer=lambda shape, dtype=None: next(iter(())))])",
    "an iterator that ends in a schedule": "rates = iter([0.1, 0.01]); m = net(optimizer='sgd'); h = m.fit(x, y, epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: next(rates))], verbose=0)",
}
# ---- an image without its batch, after others that the grader predicted for: a first batch of another rank is traced for any rank
ALONE = "for rows in {rows}:\n    try: print(m.predict(rows, verbose=0).shape)\n    except Exception as error: print(type(error).__name__, str(error)[:400])\n"
CELLS |= {
    "one image alone after many": "m = net(); m.fit(x, y, verbose=0); m.predict(xt, verbose=0)\n"
    + ALONE.format(rows="(xt[0], xt[:1], xt[0])")
    + "m.predict(xt[3])",
    "one image alone before many": "m = net()\n" + ALONE.format(rows="(xt[0], xt[:5], flat[:3], xt[0], xt)"),
    "one image alone for a functional network": "i = keras.Input((28, 28)); m = keras.Model(i, keras.layers.Dense(10)(keras.layers.Flatten()(i))); m.predict(xt, verbose=0); m.predict(xt[0], verbose=0)",
    "one image alone for a convolution": "m = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]); m.predict(xt[:10, ..., None], verbose=0); m.predict(xt[0], verbose=0)",
}
# ---- an optimizer set without compile: what was traced keeps the one that it was traced with
OTHER = "class Other(keras.callbacks.Callback):\n    def on_epoch_begin(self, epoch, logs=None):\n        if epoch == 1: self.model.optimizer = keras.optimizers.SGD(0.01)\n"
CELLS |= {
    "another optimizer from the second epoch on": OTHER
    + "m = net(); o = m.optimizer; h = m.fit(x, y, epochs=3, callbacks=[Other()], verbose=0); h.history, m.optimizer.name, m.optimizer.built, int(m.optimizer.iterations), int(o.iterations)",
    "another optimizer before any epoch": "m = net(); m.optimizer = keras.optimizers.SGD(0.1); h = m.fit(x, y, epochs=2, verbose=0); h.history, int(m.optimizer.iterations)",
}
# ---- which label is wrong
TRIED = "for do in ({}):\n    try: print({})\n    except Exception as error: print(type(error).__name__, str(error).splitlines()[-1])\n"
SPARSE = "tf.nn.sparse_softmax_cross_entropy_with_logits"
LOSS = "keras.losses.SparseCategoricalCrossentropy"
CELLS |= {
    "wrong labels of cross-entropies": TRIED.format(
        f"lambda: {SPARSE}([1, 7], tf.zeros((2, 5))), lambda: {SPARSE}([1.0, 2.0], tf.zeros((2, 5))), lambda: tf.nn.softmax_cross_entropy_with_logits(tf.ones((2, 4)), tf.zeros((2, 5))), "
        f"lambda: {LOSS}()([7], tf.ones((1, 5)) / 5), lambda: {LOSS}(from_logits=True)([7], tf.ones((1, 5))), lambda: net(5).train_on_batch(x, y), lambda: net(loss={SPARSE}).fit(x, y, verbose=0)",
        "do()",
    ),
}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "noise in a dataset, three steps at once", "an odd batch within",
    "a generator of noise with weights", "an iterator that ends in a loss", "an iterator that ends in a network",
}  # fmt: skip
