"""Cells that look into what failed, into Keras's functions, and into networks within networks."""

from tests.transparency.cells_of_models import DENSE, SPARSE
from tests.transparency.cells_of_notebooks import DEEP, C, D, L
from tests.transparency.cells_of_traces import failing

RAISED = """import traceback
def frames(call):
    try: call()
    except Exception as error:
        shown = [(os.path.basename(f.filename)[:12], f.name) for f in traceback.extract_tb(error.__traceback__) if 'transparency' not in f.filename]
        trace, places, text = error.__traceback__, [], traceback.format_exc()
        while trace: places.append(trace.tb_frame.f_code.co_filename); trace = trace.tb_next
        return shown, ['autograder/kernel' in one for one in ('|'.join(places), str(error), text)]
m = net()
"""


def raised(call: str) -> str:
    """The frames of what a call raises, as the traceback module and as whoever follows them finds them; but for the harness's."""
    return f"{RAISED}frames(lambda: {call})"


WALK = """import sys, types
def found():
    for name, module in [*sys.modules.items()]:
        if name.startswith(("keras", "tensorflow", "sklearn")):
            for one in [*getattr(module, "__dict__", {}).values()]:
                for f in (one, *(vars(one).values() if isinstance(one, type) else ())):
                    if isinstance(f, types.FunctionType) and "autograder" in str(f.__module__): yield f.__module__ + f.__qualname__
sorted({*found()})"""
SEEING = """import inspect, io, logging, sys, traceback, warnings
seen = {}
def see(name):
    if name in seen: return
    frame, walked = sys._getframe(1), []
    while frame: walked.append(frame.f_code); frame = frame.f_back
    printed = io.StringIO(); traceback.print_stack(file=printed)
    last = next((n for n, code in enumerate(walked, 1) if code.co_name == '<module>'), None)
    if last is None: return  # a thread of TensorFlow's
    shown = [(os.path.basename(f.filename)[:12], f.name, f.lineno, f.line) for f in traceback.extract_stack()][-last - 1:-1]
    record = logging.getLogger('mine').findCaller(stack_info=True, stacklevel=3)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter('always')
        for level in range(1, 9): warnings.warn('mine', stacklevel=level)
    texts = printed.getvalue() + str(record[3]) + str([one.filename for one in heard]) + str([f.filename for f in inspect.stack()])
    seen[name] = [code.co_name for code in walked[:last]], [str(one) for one in shown if 'ipython' not in one[0]], 'autograder/kernel' in texts, [os.path.basename(one.filename) for one in heard][1:], record[2]
class Seeing(keras.callbacks.Callback):
    def __getattribute__(self, name):
        if name.startswith('on_') and 'batch' not in name: see(name)
        return super().__getattribute__(name)
    on_epoch_end = lambda self, epoch, logs=None: see('end')
"""


def stack(code: str) -> str:
    """The stack as code of the notebook sees it that Keras calls, in all the ways in which it can be looked at."""
    return f"{SEEING}m = net()\n{code}\nseen"


BASE = f"b = keras.Sequential([keras.Input((28, 28)), {L}.Flatten(), {L}.Dense(16, 'relu')], name='base')"
FROZEN = "w = b.get_weights()[0]; h = m.fit(x, y, verbose=0); bool((w == b.get_weights()[0]).all()), len(m.trainable_weights), len(m.optimizer.variables)"

CELLS = {
    # ---- what failed
    "frames of fit": raised("m.fit(flat, y, verbose=0)"),
    "frames of fit, of labels": raised("m.fit(x, one, verbose=0)"),
    "frames of a failing graph": raised("m.fit(x, y + 9, verbose=0)"),
    "frames of evaluate": raised("m.evaluate(flat, y, verbose=0)"),
    "frames of predict": raised("m.predict(flat, verbose=0)"),
    "frames of an argument nobody knows": raised("m.fit(x, y, epoch=3)"),
    "frames of predict without data": raised("m.predict()"),
    "frames of load_data with an argument": raised("keras.datasets.fashion_mnist.load_data(1)"),
    "frames of a callback": raised(
        f"m.fit(x, y, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, l: 1 / 0)])"
    ),
    "frames of a validation": raised("m.fit(x, y, validation_data=(xt[:, :5], yt), verbose=0)"),
    "frames, with all of Keras's": f"{RAISED}keras.config.disable_traceback_filtering()\ntry: r = frames(lambda: m.fit(flat, y, verbose=0))\nfinally: keras.config.enable_traceback_filtering()\nr",
    "frames of the cause": f"{RAISED}def cause():\n    try: m.fit(flat, y, verbose=0)\n    except ValueError as e: raise RuntimeError('mine') from e\nframes(cause)",
    "an error that is logged": "import logging, io; out = io.StringIO(); g = logging.getLogger('mine'); g.addHandler(logging.StreamHandler(out)); g.propagate = False; m = net()\ntry: m.fit(flat, y, verbose=0)\nexcept Exception: g.exception('failed')\n'autograder/kernel' in out.getvalue()",
    # ---- the stack in code that Keras calls
    "stack of callbacks": stack("h = m.fit(x, y, epochs=2, validation_data=(xt, yt), verbose=0, callbacks=[Seeing()])"),
    "stack of callbacks, left to Keras": stack("h = m.fit(x, y, verbose=0, callbacks=[Batches(), Seeing()])"),
    "stack of evaluate and predict": stack(
        "m.evaluate(xt, yt, verbose=0, callbacks=[Seeing()]); seen.clear(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0, callbacks=[Seeing()]); p = m.predict(xt, verbose=0, callbacks=[Seeing()])"
    ),
    "names in functions": "import inspect; m = net(); [(f.__code__.co_name, str(inspect.signature(f)), f.__module__, f.__qualname__) for f in (keras.Model.fit, keras.Model.evaluate, keras.Model.predict)], inspect.getfullargspec(m.fit).args, keras.datasets.fashion_mnist.load_data.__module__",
    "functions of another house": WALK,
    "wrong arguments of many functions": "from sklearn.model_selection import train_test_split\n"
    + "".join(
        failing(line)
        for line in (
            "keras.datasets.fashion_mnist.load_data(path='x')",
            "net().predict(xt, steps_per_epoch=1)",
            "net().evaluate(xt, yt, epochs=1)",
            "keras.Variable()",
            "train_test_split()",
            "net().make_train_function(1, 2)",
            "tf.random.get_global_generator(1)",
        )
    ),
    # ---- metrics that others have
    "a metric as an attribute between fits": "m = net(); m.fit(x, y, verbose=0); m.extra = keras.metrics.Mean(name='extra'); m.extra.update_state(3.0); h = m.fit(x, y, validation_split=0.2, verbose=0); sorted(h.history), [q.name for q in m.metrics], m.evaluate(xt, yt, verbose=0), float(m.extra.result())",
    "a metric as an attribute": "m = net(); m.extra = keras.metrics.Mean(name='extra'); h = m.fit(x, y, epochs=2, verbose=0); sorted(h.history), m.evaluate(xt, yt, return_dict=True, verbose=0)",
    "a metric of two networks": "k = keras.metrics.SparseCategoricalAccuracy(); a, b = net(metrics=[k]), net(metrics=[k]); a.fit(x, y, verbose=0); n = int(k.count); b.fit(x, y, verbose=0); n, int(k.count), b.fit(x, y, verbose=0).history, int(k.count)",
    # ---- networks within networks
    "a base": f"{BASE}; m = keras.Sequential([b, {L}.Dropout(0.2), {L}.Dense(10, 'softmax')]); m.compile('adam', '{SPARSE}', metrics=['accuracy']); h = m.fit(x, y, epochs=2, validation_split=0.2, verbose=2); [w.path for w in m.weights], [l.name for l in m.layers], m.evaluate(xt, yt, verbose=0), m.predict(xt, verbose=0).shape",
    "a frozen base": f"{BASE}; b.trainable = False; m = keras.Sequential([b, {L}.Dense(10, 'softmax')]); m.compile('adam', '{SPARSE}'); {FROZEN}",
    "a base that is thawed": f"{BASE}; b.trainable = False; m = keras.Sequential([b, {L}.Dense(10, 'softmax')]); m.compile('adam', '{SPARSE}'); m.fit(x, y, verbose=0); b.trainable = True; m.compile('sgd', '{SPARSE}'); {FROZEN}",
    "a base that was trained": f"{BASE}; b.add({L}.Dense(10, 'softmax')); b.compile('adam', '{SPARSE}'); b.fit(x, y, verbose=0); m = keras.Sequential([b, {L}.Dense(10, 'softmax')]); m.compile('adam', '{SPARSE}'); {FROZEN}",
    "a base in a graph": f"{BASE}; i = keras.Input((28, 28)); t = b(i, training=False); m = keras.Model(i, {L}.Dense(10, 'softmax')({L}.Add()([t, {L}.Dense(16)(t)]))); m.compile('adam', '{SPARSE}'); h = m.fit(x, y, epochs=2, verbose=0); m.summary(expand_nested=True); h.history, int(m.optimizer.iterations)",
    "a base called twice": f"b = keras.Sequential([{L}.Dense(784, 'relu')]); i = keras.Input((784,)); m = keras.Model(i, {L}.Dense(10, 'softmax')(b(b(i)))); m.compile('adam', '{SPARSE}'); h = m.fit(flat, y, verbose=0); len(m.weights), h.history",
    "layers and a last one": f"m = keras.Sequential([keras.Input((784,)), keras.Sequential([{L}.Dense(8), {L}.BatchNormalization(), {L}.ReLU()]), {DENSE})]); m.compile('adam', '{SPARSE}'); h = m.fit({D}((flat, y)).batch(32), epochs=2, verbose=0); [v.path for v in m.optimizer.variables][:3], m.layers[0].layers[1].moving_mean.shape, h.history",
    "probabilities of a network": f"{DEEP}; m.fit(flat, y, verbose=0); k = keras.Sequential([m, {L}.Softmax()]); p = k.predict(flat, verbose=0); p.shape, k(flat[:5]).shape, k.input_shape, [l.name for l in k.layers]",
    "layers of another network": f"{DEEP}; m.fit(flat, y, verbose=0); k = keras.Sequential(m.layers); bool(np.allclose(m.predict(flat, verbose=0), k.predict(flat, verbose=0), atol=1e-5)), k.input_shape",
}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "a base that was trained",
    "a base called twice",
    "a metric as an attribute",
    "stack of callbacks",
    "stack of callbacks, left to Keras",
}
