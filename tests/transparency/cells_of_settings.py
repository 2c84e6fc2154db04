"""Cells about what a notebook sets in its process, in Keras's methods and in a network, and about lengths and arguments that are wrong."""

from tests.transparency.cells_of_guides import OPT, C, D, L, S
from tests.transparency.cells_of_surgery import COMPILED

ALL = "m = net(); h = m.fit(x, y, epochs=2, validation_data=(xt, yt), verbose=0); e = m.evaluate(xt, yt, verbose=0); p = m.predict(xt, verbose=0)"


def each(made: str, *calls: str, last: str = "m") -> str:
    """What each of several calls gives or raises, on one network."""
    asked = ", ".join(f"lambda: {one}" for one in calls)
    return f"{made}\nfor call in ({asked},):\n    try: r = call(); print(getattr(r, 'shape', r))\n    except BaseException as error: print(type(error).__name__, str(error)[:600])\n{last}"


# ---- what all code of the process shares
PROCESS = {
    "numpy that raises": ("_old = np.seterr(all='raise')", "np.seterr(**_old)"),
    "sockets that don't wait": ("import socket; socket.setdefaulttimeout(1e-9)", "socket.setdefaulttimeout(None)"),
    "little recursion": ("import sys; _old = sys.getrecursionlimit(); sys.setrecursionlimit(400)", "sys.setrecursionlimit(_old)"),
    "functions of Python's own": ("import builtins; _old = {n: getattr(builtins, n) for n in ('print', 'open', 'len', 'sorted')}; [setattr(builtins, n, lambda *a, f=f, **k: f(*a, **k)) for n, f in _old.items()]", "vars(builtins).update(_old)"),
    "functions of others": ("import json, socket; _old = [(place, n, getattr(place, n)) for place, n in ((json, 'dumps'), (json, 'loads'), (socket, 'socket'))]; [setattr(place, n, None) for place, n, _ in _old]", "[setattr(*one) for one in _old]"),
    "no collection of garbage": ("import gc; gc.disable(); gc.freeze()", "gc.unfreeze(); gc.enable()"),
    "no folder": ("import tempfile; _old = os.getcwd(); os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())", "os.chdir(_old)"),
    "no environment": ("_old = os.environ; os.environ = {}", "os.environ = _old"),
    "a timer": ("import signal; _n = []; _old = signal.signal(signal.SIGALRM, lambda *a: _n.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)", "signal.setitimer(signal.ITIMER_REAL, 0); signal.signal(signal.SIGALRM, _old)"),
}  # fmt: skip
CELLS = {
    f"set in the process: {name}": f"{begin}\ntry: {ALL}\nfinally: {end}\nh.history, e, p.shape"
    for name, (begin, end) in PROCESS.items()
}
# ---- methods of one's own, and functions in the place of those that Keras made
METHODS = {
    "compute_loss": "def compute_loss(self, *a, **k): return 2 * super().compute_loss(*a, **k)",
    "compute_metrics": "def compute_metrics(self, *a, **k): return {**super().compute_metrics(*a, **k), 'mine': 1.0}",
    "test_step": "def test_step(self, data): return {k: v * 1.0 for k, v in super().test_step(data).items()}",
    "make_train_function": "def make_train_function(self, force=False): print('made'); return super().make_train_function(force)",
    "reset_metrics": "def reset_metrics(self): print('reset'); return super().reset_metrics()",
    "evaluate": "def evaluate(self, *a, **k): print(sorted(k)); return super().evaluate(*a, **k)",
}
CELLS |= {
    f"a class's own {name}": f"class Own(keras.Sequential):\n    {code}\nm = Own([keras.Input((28, 28)), {L}.Flatten(), {L}.Dense(10, 'softmax')]); {COMPILED}; h = m.fit(x, y, epochs=2, validation_split=0.2, verbose=2); h.history, m.evaluate(xt, yt, verbose=0, return_dict=True)"
    for name, code in METHODS.items()
}
CELLS |= {
    f"a {name} of one's own": f"m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0); m.predict(xt, verbose=0); n, old = [], m.{name}\ndef own(batches): n.append(1); return old(batches)\nm.{name} = own; m.fit(x, y, epochs=2, validation_data=(xt, yt), verbose=0); m.evaluate(xt, yt, verbose=0); m.predict(xt, verbose=0); len(n), int(m.optimizer.iterations)"
    for name in ("train_function", "test_function", "predict_function")
}
CELLS["no functions any more"] = (
    f"{ALL}; m.train_function = m.test_function = m.predict_function = None; h = m.fit(x, y, verbose=0); e = m.evaluate(xt, yt, verbose=0); p = m.predict(xt, verbose=0); int(m.optimizer.iterations)"
)
# ---- rows of other lengths after the right ones: a second form is traced for any lengths
LENGTHS = {
    "a built network": "m = net()",
    "one of a graph": f"i = keras.Input((28, 28)); m = keras.Model(i, {L}.Dense(10, 'softmax')({L}.Flatten()(i))); {COMPILED}",
    "one that nothing has built": f"m = keras.Sequential([{L}.Flatten(), {L}.Dense(10, 'softmax')]); {COMPILED}",
    "a class": f"m = Chain(); {COMPILED}",
}
CELLS |= {
    f"rows of other lengths for {name}": each(
        made, "sorted(m.fit(x, y, verbose=0).history)", "m.predict(xt, verbose=0)", "m.predict(xt[:, :5], verbose=0)", "m.predict(xt[:32], verbose=0)",
        "m.predict(xt[:32, :9], verbose=0)", "m.evaluate(xt[:, :5], yt, verbose=0)", "len(m.evaluate(xt, yt, verbose=0))", "m.evaluate(xt[:, :7], yt, verbose=0)",
        "m.fit(x[:, :5], y, verbose=0)", "m.fit(x[:64, :6], y[:64], verbose=0)",
    )
    for name, made in LENGTHS.items()
}  # fmt: skip
CELLS |= {
    "rows of another length first": each("m = net()", "m.predict(xt[:64, :5], verbose=0)", "m.predict(xt[:50, :5], verbose=0)", "m.predict(images[:50, :5], verbose=0)", "m.predict(images[:50], verbose=0)", "m.predict(xt, verbose=0)", "m.predict(xt[:50, :6], verbose=0)"),
    # ---- arguments of every kind
    "arguments of fit that are wrong": each("m = net()", *(f"m.fit(x, y, epochs=1, verbose=0, {one}).epoch" for one in ("steps_per_epoch=0", "batch_size=0", "batch_size='32'", "batch_size=-1", "shuffle='batch'", "class_weight=[1.0]", "class_weight={11: 1.0}", "sample_weight=weights[:10]", "initial_epoch=-1", "validation_data=xt", "validation_data=(xt,)", "validation_data=(xt, yt[:5])", "validation_split=-0.1", "validation_split='x'", "validation_split=0.0001", "validation_freq=[], validation_data=(xt, yt)", "validation_steps=0, validation_data=(xt, yt)", "callbacks='x'", "callbacks=[None]"))),
    "arguments of evaluate and predict that are wrong": each("m = net(); m.fit(x, y, verbose=0)", *(f"m.{name}({given}, verbose=0, {one})" for name, given in (("predict", "xt"), ("evaluate", "xt, yt")) for one in ("batch_size=0", "batch_size=-1", "batch_size=2.5", "steps=0", "steps=-1")), *(f"m.predict({one}, verbose=0)" for one in ("None", "5", "[]", "[xt, xt]", "xt.tolist()", "xt > 0", "xt.astype(complex)", "xt.astype(object)"))),
    "steps at once of every kind": "".join(f"try: m = net(steps_per_execution={n}); print(m.fit(x, y, verbose=0).epoch, int(m.optimizer.iterations), len(m.evaluate(xt, yt, verbose=0)), m.predict(xt, verbose=0).shape)\nexcept Exception as error: print(type(error).__name__, error)\n" for n in ("0", "-1", "2.5", "None", "'auto'", "1000", "True")),
    # ---- what is given back, and what is raised in between
    "what an answer is": "m = net(); [(p.flags.writeable, p.flags.owndata, p.flags.c_contiguous, p.base is None, p.dtype.str, p.strides) for p in (m.predict(a, verbose=0) for a in (xt, xt[:5], xt[:64], images[:40], xt.astype('float16'), np.asfortranarray(xt)))]",
    "errors of every kind in a callback": f"class Bad({C}.Callback):\n    def on_epoch_end(self, epoch, logs=None): raise kind('mine')\nm = net()\nfor kind in (MemoryError, RecursionError, ConnectionError, TimeoutError, StopAsyncIteration, EOFError, Warning, GeneratorExit, SystemExit):\n    try: m.fit(x, y, verbose=0, callbacks=[Bad()])\n    except BaseException as error: print(repr(error), error.__context__)\nm.fit(x, y, verbose=0).history, int(m.optimizer.iterations)",
    "a backup that is gone on from": f"class Fail({C}.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n        if epoch == 1: raise RuntimeError('power')\nm = net()\ntry: m.fit(x, y, epochs=4, verbose=0, callbacks=[{C}.BackupAndRestore('b'), Fail()])\nexcept RuntimeError as error: print(error, int(m.optimizer.iterations))\nk = net(); h = k.fit(x, y, epochs=4, verbose=0, callbacks=[{C}.BackupAndRestore('b')]); h.epoch, int(k.optimizer.iterations)",
    "averages, collected and clipped": f"m = net(optimizer={OPT}.AdamW(0.01, use_ema=True, gradient_accumulation_steps=4, clipnorm=1.0)); h = m.fit({D}((x, y)).batch(32), epochs=2, verbose=0); m.optimizer.finalize_variable_values(m.trainable_variables); int(m.optimizer.iterations), [v.path for v in m.optimizer.variables]",
    "a loss set after compile": f"m = net(); m.loss = 'mse'; h = m.fit(x, y, verbose=0); k = net(loss='{S}'); k.fit(x, y, verbose=0); del k.history; k.stop_training = True; g = k.fit(x, y, epochs=3, verbose=0); h.history, m.loss, g.epoch",
}  # fmt: skip
# ---- names that TensorFlow refuses where Keras traces, and what it fails at from then on
EACH_CALL = "for f in (lambda: m.fit(x, y, verbose=0), lambda: m.evaluate(xt, yt, verbose=0), lambda: m.predict(xt, verbose=0), lambda: m(xt)):\n    try: print(type(f()).__name__)\n    except Exception as error: print(type(error), str(error)[:200])\n"
FORGET = (
    "from keras.src.backend.common import global_state; global_state.set_global_attribute('name_scope_stack', [])\n"
)
FEW = "m = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax', name={layer!r})], name={network!r})\nm.compile({optimizer}, {loss}, metrics=['accuracy'])\n"
NAMES = {"layer": "output", "network": "net", "optimizer": "'sgd'", "loss": f"'{S}'"}
NAMED = {
    "layer": lambda name: name,
    "network": lambda name: name,
    "optimizer": lambda name: f"{OPT}.SGD(name={name!r})",
    "loss": lambda name: f"keras.losses.SparseCategoricalCrossentropy(name={name!r})",
    "schedule": lambda name: f"{OPT}.SGD({OPT}.schedules.ExponentialDecay(0.1, 10, 0.9, name={name!r}))",
    "function": lambda name: (
        f"(setattr(f := lambda a, b: keras.losses.sparse_categorical_crossentropy(a, b), '__name__', {name!r}), f)[1]"
    ),
}
CELLS |= {
    f"a {part} called {name}": FEW.format(
        **NAMES | {{"schedule": "optimizer", "function": "loss"}.get(part, part): named(name)}
    )
    + EACH_CALL
    + FORGET
    for part, named in NAMED.items()
    for name in ("은닉층", "hidden layer", "_first", "a-b.c")
}
CELLS |= {
    "after a name that is refused": FEW.format(**NAMES | {"layer": "층"}) + EACH_CALL + FEW.format(**NAMES) + EACH_CALL + FORGET,
    **{
        f"built by its first batch, eagerly: {name}": f"m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', '{S}', run_eagerly=True); {call}"
        for name, call in {
            "fit": "h = m.fit(x[:100], y[:100], batch_size=48, verbose=0)", "few": "h = m.fit(x[:20], y[:20], verbose=0)", "evaluate": "m.evaluate(xt, yt, verbose=0)",
            "a dataset": f"h = m.fit({D}((x[:100], y[:100])).batch(48), verbose=0)",
        }.items()
    },
}  # fmt: skip
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "set in the process: functions of others", *(f"a class's own {name}" for name in METHODS), "a train_function of one's own", "arguments of fit that are wrong", *(f"a function called {name}" for name in ("hidden layer", "_first", "a-b.c")), "averages, collected and clipped",
}  # fmt: skip
