"""Cells of notebooks that change Keras itself, listen to their callbacks by other means than hooks, and of data that fail when they are asked for."""

from tests.transparency.cells_of_guides import OPT, C, L, M, S

PATCHED = {
    f"{owner}.{name}": f"""import functools
K, seen = {owner}, []
own, old = vars(K).get('{name}'), K.{name}
@functools.wraps(old)
def new(self, *a, **k): seen.append(1); return old(self, *a, **k)
K.{name} = new
try:
    m = {made}; h = m.fit(x, y, epochs=2, validation_split=0.2, verbose=0); a = len(seen)
    m.evaluate(xt, yt, verbose=0); b = len(seen); p = m.predict(xt, verbose=0)
finally:
    if own is None: del K.{name}
    else: K.{name} = own
a, b, len(seen), h.history"""
    for owner, name, made in (
        ("keras.Model", "train_step", "net()"), ("keras.Model", "compute_loss", "net()"), ("keras.Sequential", "call", "net()"),
        (f"{L}.Layer", "__call__", "net()"), (f"{L}.Flatten", "call", "net()"), (f"{L}.Dense", "build", "net()"),
        ("keras.losses.SparseCategoricalCrossentropy", "__call__", "net(loss=K())"), (f"{M}.Mean", "update_state", "net()"),
        (f"{OPT}.Adam", "update_step", "net()"), (f"{OPT}.Optimizer", "apply", "net()"),
        ("keras.initializers.GlorotUniform", "__call__", "net()"), (f"{C}.History", "on_train_batch_end", "net()"),
        (f"{C}.Callback", "on_test_batch_begin", "net()"), (f"{C}.History", "on_epoch_end", "net()"), ("keras.Model", "count_params", "net()"),
    )
}  # fmt: skip
SET = {
    f"{name} of {part}": f"seen = []; m = net(); part = {part}; old = part.{name}\ndef new(*a, **k): seen.append(1); return old(*a, **k)\npart.{name} = new; h = m.fit(x, y, epochs=2, verbose=0); len(seen)"
    for part, name in (
        ("m.optimizer", "apply_gradients"),
        ("m", "call"),
        ("m", "compute_metrics"),
        ("m", "summary"),
        ("m.layers[-1]", "call"),
    )
}
HEARD = {
    "a callback that hears all": f"class P({C}.Callback):\n    calls = []\n    def __getattribute__(self, name):\n        if name.startswith('on_'): P.calls.append(name)\n        return object.__getattribute__(self, name)\nc = P(); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c], validation_split=0.2); m.evaluate(xt, yt, verbose=0, callbacks=[c]); len(P.calls), sorted(set(P.calls))",
    "a class that hears all": f"class Meta(type):\n    seen = []\n    def __getattribute__(cls, name): Meta.seen.append(name); return type.__getattribute__(cls, name)\nclass P({C}.Callback, metaclass=Meta): pass\nc = P(); Meta.seen.clear(); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); len([name for name in Meta.seen if name.startswith('on_')])",
    "a callback that answers anything": "class Any:\n    def __init__(self): self.n = []\n    def __getattr__(self, name):\n        if name.startswith('__'): raise AttributeError(name)\n        return lambda *a, **k: self.n.append(name)\nc = Any(); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); r = len(c.n), sorted(set(c.n)); del c; r",
    "a mock of a callback": "from unittest.mock import Mock\nc = Mock(spec=keras.callbacks.Callback); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); c.on_train_batch_end.call_count, c.on_epoch_end.call_count, len(c.mock_calls)",
    "a hook that comes in an epoch": f"seen = []\nclass P({C}.Callback):\n    def on_epoch_begin(self, e, logs=None):\n        if e == 1: self.on_train_batch_end = lambda b, logs=None: seen.append(b)\nm = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[P()]); len(seen)",
    "a hook that comes as it begins": f"seen = []\nclass P({C}.Callback):\n    def on_train_begin(self, logs=None): self.on_train_batch_end = lambda b, logs=None: seen.append(b)\nm = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[P()]); len(seen)",
    "a hook that comes in a validation": f"seen = []\nclass P({C}.Callback):\n    def on_test_begin(self, logs=None): self.on_test_batch_end = lambda b, logs=None: seen.append(b)\nc = P(); m = net(); h = m.fit(x, y, epochs=2, verbose=0, validation_split=0.2, callbacks=[c]); m.evaluate(xt, yt, verbose=0, callbacks=[c]); len(seen)",
}


def sequence(body: str, call: str = "m.fit(b, epochs=2, verbose=0)", batch: str = "x[i * 50:(i + 1) * 50]") -> str:
    return f"class B(keras.utils.PyDataset):\n    seen = []\n    def __len__(self): return 10\n    def __getitem__(self, i): self.seen.append(i); {body}; return {batch}, y[i * 50:(i + 1) * 50]\nb = B(); m = net()\ntry: {call}\nexcept Exception as e: print(type(e).__name__, str(e)[:200])\nrandom.random(), np.random.rand()"


FAILING = {
    **{f"a sequence that fails at reading {n}": sequence(f"1 / (len(self.seen) - {n})") for n in (1, 3, 5)},
    "a sequence that fails in a validation": sequence(
        "1 / (len(self.seen) - 3)", "m.fit(x, y, validation_data=b, verbose=0)"
    ),
    "a sequence that fails while it is evaluated": sequence(
        "1 / (len(self.seen) - 3)", "m.fit(x, y, verbose=0); m.evaluate(b, verbose=0)"
    ),
    "a sequence of another shape": sequence("pass", batch="x[:50, :5]") + ", len(b.seen)",
    "a dataset that fails at once": "n = []\ndef g():\n    n.append(1); raise ValueError('no')\n    yield x[:32], y[:32]\nds = tf.data.Dataset.from_generator(g, output_signature=(tf.TensorSpec((None, 28, 28)), tf.TensorSpec((None,), tf.int32))); m = net()\ntry: m.fit(ds, verbose=0)\nexcept Exception as e: print(type(e), e)\nn, random.random(), np.random.rand()",
    "a dataset that fails at once, eagerly": "n = []\ndef g():\n    n.append(1); raise ValueError('no')\n    yield x[:32], y[:32]\nds = tf.data.Dataset.from_generator(g, output_signature=(tf.TensorSpec((None, 28, 28)), tf.TensorSpec((None,), tf.int32))); m = net(run_eagerly=True)\ntry: m.fit(ds, verbose=0)\nexcept Exception as e: print(type(e), e)\nn, random.random(), np.random.rand()",
    "samples one by one after batches": f"i = keras.Input((28, 28)); m = keras.Model([i], {L}.Dense(10, 'softmax')({L}.Flatten()(i))); m.compile('adam', '{S}'); m.fit(x, y, verbose=0)\ntry: m.fit(tf.data.Dataset.from_tensor_slices((x, y)), verbose=0)\nexcept Exception as e: print(type(e), e)\nm.evaluate(xt, yt, verbose=0)",
}
MEASURED = {
    "overlaps of some classes": f"m = net(loss='categorical_crossentropy', metrics=[{M}.IoU(10, [0, 1], sparse_y_true=False, sparse_y_pred=False), {M}.OneHotIoU(10, [3])]); h = m.fit(x, one, epochs=2, validation_split=0.2, verbose=2); h.history, m.get_metrics_result()",
    "an area for each label": f"m = net(loss='categorical_crossentropy', metrics=[{M}.AUC(multi_label=True, num_labels=10), {M}.BinaryIoU([1], threshold=0.5)]); h = m.fit(x, one, epochs=2, validation_split=0.2, verbose=2); h.history, m.get_metrics_result()",
    "an area for labels that aren't there": f"m = net(loss='categorical_crossentropy', metrics=[{M}.AUC(multi_label=True, num_labels=7)]); h = m.fit(x, one, epochs=2, verbose=2)",
}
CELLS = {**PATCHED, **SET, **HEARD, **FAILING, **MEASURED}
# Whose training is the notebook's own, for what it put into Keras or for who listens.
LEFT = {
    *(name for name in PATCHED if not name.endswith((".on_epoch_end", ".count_params"))), *(name for name in SET if not name.startswith("summary")),
    *HEARD.keys() - {"a class that hears all"},
}  # fmt: skip
