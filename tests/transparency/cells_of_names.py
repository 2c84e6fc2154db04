"""Cells that give data by the names of a network's inputs and outputs, or in lists: Keras trains as with the arrays alone."""

D = "tf.data.Dataset.from_tensor_slices"
NAMED = """
def named(given="tensor", gives="tensor", **settings):
    i = keras.Input((28, 28), name="pixels")
    o = keras.layers.Dense(10, "softmax", name="classes")(keras.layers.Flatten()(i))
    ends = {"tensor": o, "list": [o], "dictionary": {"classes": o}}[gives]
    m = keras.Model({"tensor": i, "list": [i], "dictionary": {"pixels": i}, "other": {"a": i}}[given], ends)
    m.compile("adam", **{"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **settings}); return m
def chain(**settings):
    m = keras.Sequential([keras.Input((28, 28), name="pixels"), keras.layers.Flatten(), keras.layers.Dense(10, "softmax", name="classes")])
    m.compile("adam", **{"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **settings}); return m
X, Y, XT, YT = {"pixels": x}, {"classes": y}, {"pixels": xt}, {"classes": yt}
LOSS = "sparse_categorical_crossentropy"
"""
_FIT = "h = m.fit(X, y, epochs=2, verbose=0, validation_data=(XT, yt)); h.history, m.evaluate(XT, yt, verbose=0), m.predict(XT, verbose=0).shape, int(m.optimizer.iterations)"
_CELLS = {
    "a chain": f"m = chain(); {_FIT}",
    "a graph": f"m = named(); {_FIT}",
    "a graph of a list": f"m = named('list'); {_FIT}",
    "a graph of a dictionary": f"m = named('dictionary'); {_FIT}",
    "a dictionary in a list": "m = named(); m.fit([X], y, verbose=0).history, m.evaluate([XT], yt, verbose=0)",
    "an array for a dictionary": "m = named('dictionary'); m.fit(x, y, verbose=0).history, m.evaluate([xt], yt, verbose=0)",
    "by the name of the input layer alone": "m = named('other'); m.fit(X, y, verbose=0)",
    "by another key": "m = named('other'); m.fit({'a': x}, y, verbose=0).history, m.evaluate({'a': xt}, yt, verbose=0)",
    "more than is asked for": "m = chain(); m.fit({'more': y, 'pixels': x}, y, verbose=0).history, m.evaluate({'more': yt, 'pixels': xt}, yt, verbose=0)",
    "more than a list": "m = named('list'); m.fit({'more': y, 'pixels': x}, y, verbose=0).history",
    "more than a dictionary": "m = named('dictionary'); m.fit({'more': y, 'pixels': x}, y, verbose=0)",
    "the first of more": "m = named('dictionary'); m.fit({'z': x[::-1], 'pixels': x}, y, verbose=0).history",
    "more samples elsewhere": "m = chain(); m.fit({'more': y[:9], 'pixels': x}, y, verbose=0)",
    "a name that isn't there": "m = chain(); m.fit({'pixel': x}, y, verbose=0)",
    "a name that isn't there, in a graph": "m = named(); m.fit({'pixel': x}, y, verbose=0)",
    "a chain without an input": "m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', LOSS); m.fit(X, y, verbose=0)",
    "a split": "m = chain(); m.fit(X, y, validation_split=0.2, verbose=0).history",
    "validation as an array": "m = chain(); m.fit(X, y, validation_data=[xt, yt], verbose=0).history",
    "validation alone": "m = chain(); m.fit(x, y, validation_data=(XT, yt), verbose=0).history",
    "weights": "m = chain(); m.fit(X, y, sample_weight=weights, verbose=0).history",
    "classes weighted": "m = chain(); m.fit(X, y, class_weight={n: 1.0 + n for n in range(10)}, verbose=0).history",
    "a column": "m = chain(); m.fit({'pixels': x[..., None]}, y[:, None], verbose=0).history",
    "tensors": "m = chain(); m.fit({'pixels': tf.constant(x, tf.float32)}, tf.constant(y), verbose=0).history",
    "a dataset": f"m = chain(); m.fit({D}((X, y)).batch(32), epochs=2, verbose=0).history, m.evaluate({D}((XT, yt)).batch(50), verbose=0)",
    "a dataset of more": f"m = named(); m.fit({D}(({{'more': y, **X}}, y)).batch(32), verbose=0).history",
    "a dataset of another name": f"m = chain(); m.fit({D}(({{'pixel': x}}, y)).batch(32), verbose=0)",
    "noise": "m = chain(); m.fit({'pixels': np.random.rand(64, 28, 28)}, y[:64], verbose=0).history",
    "first an array": "m = chain(); m.fit(x, y, verbose=0); m.fit(X, y, verbose=0).history, m.evaluate(xt, yt, verbose=0), m.evaluate(XT, yt, verbose=0)",
    "targets": "m = named(gives='dictionary'); m.fit(x, Y, epochs=2, validation_data=(XT, YT), verbose=0).history, m.evaluate(xt, YT, verbose=0)",
    "targets as an array": "m = named(gives='dictionary'); m.fit(X, y, verbose=0).history",
    "targets of a dataset": f"m = named('dictionary', 'dictionary'); m.fit({D}((X, Y)).batch(32), verbose=0).history",
    "targets where none are named": "m = named(); m.fit(X, Y, verbose=0)",
    "targets of a chain": "m = chain(); m.fit(X, Y, verbose=0)",
    "targets of another name": "m = named(gives='dictionary'); m.fit(X, {'kinds': y}, verbose=0)",
    "targets in a list": "m = named(gives='list'); m.fit(X, [y], verbose=0).history",
    "targets with weights": "m = named(gives='dictionary'); m.fit(X, Y, sample_weight=weights, verbose=0).history",
    "targets with weights of classes": "m = named(gives='dictionary'); m.fit(X, Y, class_weight={0: 2.0}, verbose=0)",
    "loss and metrics": "m = named(loss={'classes': LOSS}, metrics={'classes': ['accuracy']}); m.fit(X, y, verbose=0).history, m.train_on_batch(XT, yt)",
    "loss and metrics of a dictionary": "m = named(gives='dictionary', loss={'classes': LOSS}, metrics={'classes': 'accuracy'}); m.fit(X, Y, verbose=0).history, m.train_on_batch(XT, YT)",
    "loss in a list": "m = named(gives='list', loss=[LOSS], metrics=[['accuracy']]); m.fit(X, y, verbose=0).history, m.train_on_batch(XT, yt)",
    "loss of another name": "m = named(loss={'kinds': LOSS}); m.fit(X, y, verbose=0)",
    "loss by name in a chain": "m = chain(loss={'classes': LOSS}); m.fit(X, y, verbose=0)",
    "metrics by name in a chain": "m = chain(metrics={'kinds': 'accuracy'}); m.fit(X, y, verbose=0).history",
    "checkpoint and stopping": "m = chain(); c = [keras.callbacks.EarlyStopping(patience=1, min_delta=9, restore_best_weights=True), keras.callbacks.ModelCheckpoint('named.keras', save_best_only=True)]; h = m.fit(X, y, epochs=4, validation_data=(XT, yt), verbose=0, callbacks=c); h.epoch, len(keras.models.load_model('named.keras').evaluate(XT, yt, verbose=0))",
}  # fmt: skip
CELLS = {f"by name: {name}": f"{NAMED}{code}" for name, code in _CELLS.items()}
LEFT = {"by name: noise"}
