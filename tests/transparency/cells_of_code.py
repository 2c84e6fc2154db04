"""Code of the notebook's that Keras calls: what stands on the stack meanwhile, and what comes of what it raises."""

from tests.transparency.cells_of_data import GENERATOR, SEQUENCE
from tests.transparency.cells_of_looks import C, L, stack
from tests.transparency.cells_of_traces import failing

S, OPT = "sparse_categorical_crossentropy", "keras.optimizers"
FIT = "h = m.fit(x[:96], y[:96], verbose=0)"


def deep(first: str, last: str = "", **compiled: str) -> str:
    settings = "".join(f", {key}={value}" for key, value in compiled.items())
    return f"m = keras.Sequential([{first}{L}.Flatten(), {L}.Dense(10, 'softmax'{last})]); m.compile('adam', '{S}'{settings})"


LAYER = f"class See({L}.Layer):\n    def build(self, s): see('build')\n    def call(self, t): see('call'); return t\n    def get_config(self): see('settings'); return super().get_config()\n"
METRIC = "class Mine(keras.metrics.Metric):\n    def __init__(self): super().__init__(name='mine'); self.n = self.add_weight(name='n', initializer='zeros')\n    def update_state(self, a, b, sample_weight=None): see('update'); self.n.assign_add(1.0)\n    def result(self): see('result'); return self.n\n    def reset_state(self): see('reset'); self.n.assign(0.0)\n"
DATA = "class Seen(Seq):\n    def __getitem__(self, i): see(f'item {i}'); return super().__getitem__(i)\n    def on_epoch_begin(self): see('begin')\n    def on_epoch_end(self): see('end')\n"
SEEN = GENERATOR.replace("            yield", "            see(f'batch {at}'); yield")
# Each kind of code, and the calls below which it runs.
KINDS = {
    "a layer": (LAYER + deep("See(), "), (FIT, "m.evaluate(xt, yt, verbose=0)", "p = m.predict(xt, verbose=0)")),
    "a layer, eagerly": (LAYER + deep(f"{L}.Input((28, 28)), See(), ", run_eagerly="True"), (FIT,)),
    "a metric": (METRIC + "m = net(metrics=[Mine()])", (FIT,)),
    "a metric, eagerly": (METRIC + "m = net(metrics=[Mine()], run_eagerly=True)", (FIT,)),
    "a loss": (f"def mine(a, b): see('loss'); return keras.losses.{S}(a, b)\nm = net(loss=mine)", (FIT,)),
    "a schedule": (f"class R({OPT}.schedules.LearningRateSchedule):\n    def __call__(self, step): see('rate'); return 0.01\nm = net(optimizer={OPT}.SGD(R()))", (FIT,)),
    "an initialiser": ("class I(keras.initializers.Initializer):\n    def __call__(self, shape, dtype=None, **k): see('init'); return keras.ops.zeros(shape, dtype)\n" + deep("", ", kernel_initializer=I()"), (FIT,)),
    "a sequence": (f"{SEQUENCE}{DATA}", ("h = m.fit(Seen(), epochs=2, verbose=0)", "h = m.fit(x, y, validation_data=Seen(), epochs=2, verbose=0)", "m.fit(x, y, verbose=0); m.evaluate(Seen(), verbose=0)", "h = m.fit(Seen(), verbose=0, callbacks=[Batches()])")),
    "a generator": (SEEN, ("h = m.fit(gen(), verbose=0)", "h = m.fit(x, y, validation_data=gen(), verbose=0)")),
    "a batch's callback": (f"class B({C}.Callback):\n    def on_train_batch_end(self, batch, logs=None): see('train')\n    def on_test_batch_end(self, batch, logs=None): see('test')\n", ("h = m.fit(x, y, validation_data=(xt, yt), verbose=0, callbacks=[B()])",)),
    "something like an array": ("class A:\n    def __init__(self, a): self.a, self.shape, self.dtype = a, a.shape, a.dtype\n    def __len__(self): return len(self.a)\n    def __getitem__(self, i): return self.a[i]\n    def __array__(self, dtype=None, copy=None): see('array'); return np.asarray(self.a, dtype)\n", (f"\n{failing('h = m.fit(A(x), y, verbose=0)')}",)),
}  # fmt: skip
CELLS = {
    f"{kind}, {number}": stack(f"{made}\n{call}")
    for kind, (made, calls) in KINDS.items()
    for number, call in enumerate(calls)
}
# ---- what it raises
BAD = {
    "where an epoch begins": "def on_epoch_begin(self): print('begins'); 1 / 0",
    "where an epoch ends": "def on_epoch_end(self): print('ends'); self.ended += 1; assert self.ended < 2",
    "within": "def __getitem__(self, i): return 1 / 0 if i == 5 else super().__getitem__(i)",
}
USES = {
    "": "m.fit(s, epochs=3, verbose=2)",
    " of a validation": "m.fit(x, y, epochs=3, validation_data=s, verbose=2)",
    " of evaluate": "m.fit(x, y, verbose=0); m.evaluate(s, verbose=2)",
}
CELLS |= {
    f"a sequence{use} that fails {where}": f"{SEQUENCE}class Bad(Seq):\n    {bad}\ns = Bad(); m = net()\n{failing(call)}{failing(FIT)}s.ended, int(m.optimizer.iterations), type(getattr(m, '_eval_epoch_iterator', None)).__name__"
    for use, call in USES.items()
    for where, bad in BAD.items()
}
CELLS |= {
    "a sequence in both, and evaluated": f"{SEQUENCE}s, v = Seq(), Seq(100); m = net(); h = m.fit(s, epochs=2, validation_data=v, verbose=2, callbacks=[Printing()]); a = m.evaluate(v, verbose=2); s.ended, v.ended, h.history",
    "a sequence whose fit is left": f"{SEQUENCE}def stop(e, l): raise KeyboardInterrupt\ns = Seq(); m = net()\ntry: m.fit(s, epochs=3, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=stop)])\nexcept KeyboardInterrupt: print('stopped')\nh = m.fit(s, epochs=2, verbose=0, callbacks=[Stopping()]); s.ended, int(m.optimizer.iterations)",
    "a sequence evaluated by a callback": f"{SEQUENCE}v = Seq(100); m = net(); h = m.fit(x, y, epochs=2, validation_data=v, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_begin=lambda e, l: print(len(m.evaluate(v, verbose=0))))]); v.ended, h.history",
    "stopped while it is traced": f"class Bad({L}.Layer):\n    n = 0\n    def call(self, t):\n        Bad.n += 1\n        if Bad.n == 2: raise KeyboardInterrupt\n        return t\n{deep(f'{L}.Input((28, 28)), Bad(), ')}\ntry: m.fit(x, y, verbose=0)\nexcept KeyboardInterrupt: print('stopped')\n{failing('print(m.fit(x, y, verbose=0).history)')}int(m.optimizer.iterations)",
}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "a layer, 0", "a layer, eagerly, 0", "a metric, 0", "a metric, eagerly, 0", "a loss, 0", "a schedule, 0", "an initialiser, 0", "a sequence, 3",
    "a batch's callback, 0", "something like an array, 0", "a sequence that fails within",
}  # fmt: skip
