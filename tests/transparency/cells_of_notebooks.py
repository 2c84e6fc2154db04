"""Cells as in public notebooks: looking at a network, batches by hand, pipelines, arguments and data in all forms, right or wrong."""

from tests.transparency.cells_of_traces import failing

C, L, OPT = "keras.callbacks", "keras.layers", "keras.optimizers"
S = "sparse_categorical_crossentropy"
D = "tf.data.Dataset.from_tensor_slices"
DEEP = f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(8, 'relu', name='hidden'), {L}.Dense(10, 'softmax', name='out')]); m.compile('adam', '{S}', metrics=['accuracy'])"
SUBCLASS = f"""class Net(keras.Model):
    def __init__(self, units=10):
        super().__init__(); self.flatten, self.drop, self.out = {L}.Flatten(), {L}.Dropout(0.2), {L}.Dense(units, 'softmax')
    def call(self, inputs, training=False): return self.out(self.drop(self.flatten(inputs), training=training))
m = Net(); m.compile('adam', '{S}', metrics=['accuracy'])
"""

CELLS = {
    # ---- looking at a network
    "summaries": "m = net(); m.summary(); m.fit(x, y, verbose=0); m.summary(line_length=100, show_trainable=True); lines = []; m.summary(print_fn=lines.append, expand_nested=True); len(lines), type(lines[0])",
    "a summary of what isn't built": f"m = keras.Sequential([{L}.Flatten(), {L}.Dense(10, 'softmax')]); m.summary(); m.compile('adam', '{S}'); m.fit(x, y, verbose=0); m.summary()",
    "a summary of a class": SUBCLASS + "m.fit(x, y, verbose=0); m.summary(); m.count_params()",
    "settings of layers": f"{DEEP}; before = [sorted(l.get_config()) for l in m.layers]; m.fit(flat, y, verbose=0); before == [sorted(l.get_config()) for l in m.layers], m.layers[-1].get_config(), sorted(m.get_config()), m.optimizer.get_config()",
    "layers by name": f"{DEEP}; m.fit(flat, y, verbose=0); k = m.get_layer('hidden'); k is m.layers[0], k.kernel.shape, k.output.shape, [w.name for w in k.weights], k.get_weights()[1].dtype",
    "a layer nobody has": f"{DEEP}; m.fit(flat, y, verbose=0); m.get_layer('nosuch')",
    "names of Keras 2": "m = net(); m.fit(x, y, verbose=0)\n"
    + "".join(
        failing(f"print({one})")
        for one in (
            "m.predict_classes(xt)",
            "m.fit_generator(x)",
            "m.optimizer.lr",
            "m.layers[-1].output_shape",
            "h.history",
            "m.sample_weights",
            "m.uses_learning_phase",
            "keras.backend.get_value(m.optimizer.learning_rate) > 0",
            "keras.backend.set_value(m.optimizer.learning_rate, 0.1)",
            "keras.utils.np_utils",
            "m.total_loss",
            "m.compiled_loss",
            "m.compiled_metrics",
        )
    ),
    "what attributes a network has": "m = net(); a = set(vars(m)); m.fit(x, y, verbose=0); b = set(vars(m)); m.evaluate(xt, yt, verbose=0); c = set(vars(m)); m.predict(xt, verbose=0); d = set(vars(m)); k = ('_', '__'); sorted(b - a), sorted(c - b), sorted(d - c), [sorted(vars(l)) for l in m.layers], sorted(vars(m.optimizer)), sorted(dir(m))",
    "what a variable has": "m = net(); m.fit(x, y, verbose=0); sorted(vars(m.weights[0])), sorted(vars(m.optimizer.variables[0])), repr(m.weights[1])[:40]",
    "what fit is": "import inspect; m = net(); [(str(inspect.signature(f)), f.__name__, f.__qualname__, f.__module__, f.__doc__[:60], type(f).__name__, inspect.getsource(f)[:80], sorted(vars(f)), hasattr(f, '__wrapped__')) for f in (keras.Model.fit, keras.Model.evaluate, keras.Model.predict, m.fit, m.evaluate)]",
    "where fit is": "import inspect; [inspect.getsourcefile(f).rsplit('site-packages', 1)[-1] for f in (keras.Model.fit, keras.Model.evaluate, keras.Model.predict, keras.datasets.fashion_mnist.load_data)], keras.Model.fit is keras.src.models.model.Model.fit, 'fit' in vars(keras.Model), keras.Model.fit == keras.Sequential.fit, keras.src.backend.tensorflow.trainer.TensorFlowTrainer.fit is keras.Model.fit",
    "questions to IPython": "m = net()\n%pinfo m.fit\n%pdoc m.evaluate",
    "functions that Keras made": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0); m.predict(xt, verbose=0); [type(f).__name__ for f in (m.train_function, m.test_function, m.predict_function)], sorted(k for k in vars(m.train_function) if 'auto' in k)",
    "a function of Keras's called": f"m = net(); m.fit(x, y, verbose=0); r = m.train_function(iter({D}((x[:64], y[:64])).batch(32))); type(r).__name__, int(m.optimizer.iterations)",
    # ---- batches by hand
    "batches by hand": "m = net()\nfor at in range(0, 96, 32): r = m.train_on_batch(x[at:at + 32], y[at:at + 32], return_dict=True)\nt = m.test_on_batch(xt[:50], yt[:50], return_dict=True); p = m.predict_on_batch(xt[:5])\nr, t, p.shape, int(m.optimizer.iterations), m.fit(x, y, verbose=0).history",
    "batches with weights": "m = net(); m.train_on_batch(x[:32], y[:32], sample_weight=weights[:32]), m.train_on_batch(x[:32], y[:32], class_weight={0: 2.0}), m.reset_metrics(), m.get_metrics_result()",
    "a batch after fit": "m = net(); m.fit(x, y, validation_split=0.2, verbose=0); r = m.train_on_batch(x[:32], y[:32]); m.reset_metrics(); r, m.train_on_batch(x[:32], y[:32]), m.evaluate(xt, yt, verbose=0)",
    "a batch of wrong labels": "m = net(); m.train_on_batch(x[:32], one[:32])",
    "a step by hand": "m = net(); m.fit(x, y, verbose=0); r = m.train_step((tf.constant(x[:32], tf.float32), tf.constant(y[:32]))); sorted(r), int(m.optimizer.iterations), float(m.compute_loss(x[:2], y[:2], m(x[:2]))) > 0",
    # ---- tf.data
    "a dataset in a pipeline": f"d = {D}((images[:500], labels[:500])).map(lambda a, b: (tf.cast(a, tf.float32) / 255.0, b), num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(500, seed=1).batch(50).prefetch(tf.data.AUTOTUNE); v = {D}((xt, yt)).batch(50).cache(); m = net(); h = m.fit(d, epochs=2, validation_data=v, verbose=0); h.history, int(m.optimizer.iterations), d.cardinality().numpy()",
    "a dataset that repeats": f"m = net(); h = m.fit({D}((x, y)).batch(50).repeat(), epochs=2, steps_per_epoch=4, validation_data={D}((xt, yt)).batch(50).repeat(), validation_steps=2, verbose=2); int(m.optimizer.iterations)",
    "a dataset cut in two": f"d = {D}((x, y)).batch(50); m = net(); h = m.fit(d.take(8), validation_data=d.skip(8), verbose=0); h.history",
    "a dataset zipped": f"d = tf.data.Dataset.zip(({D}(x), {D}(y))).batch(25); m = net(); m.fit(d, verbose=0).history, [a.shape for a, b in d.take(1)]",
    "a dataset with labels made of it": f"m = net(loss='categorical_crossentropy'); m.fit({D}((x, y)).map(lambda a, b: (a, tf.one_hot(b, 10))).batch(50), verbose=0).history",
    "a dataset that augments": f"f = {L}.RandomFlip('horizontal'); m = net(); h = m.fit({D}((x[..., None], y)).batch(50).map(lambda a, b: (f(a, training=True)[..., 0], b)), epochs=2, verbose=0); int(m.optimizer.iterations)",
    "a dataset of dictionaries": f"i = keras.Input((28, 28), name='image'); m = keras.Model(i, {L}.Dense(10, 'softmax')({L}.Flatten()(i))); m.compile('adam', '{S}'); m.fit({D}(({{'image': x}}, y)).batch(50), verbose=0).history",
    "a dataset that fails within": f"d = {D}((x, y)).batch(50).map(lambda a, b: (tf.debugging.check_numerics(a / tf.cast(b[0] != 3, a.dtype), 'bad'), b)); m = net(); m.fit(d, verbose=0)",
    "a folder of images": "from pathlib import Path\nfor n in range(20):\n    p = Path('d') / str(y[n]); p.mkdir(parents=True, exist_ok=True); keras.utils.save_img(p / f'{n}.png', images[n][..., None])\nd = keras.utils.image_dataset_from_directory('d', image_size=(28, 28), color_mode='grayscale', batch_size=10)\nm = net(len(d.class_names)); h = m.fit(d.map(lambda a, b: (a[..., 0] / 255.0, b)), verbose=0); h.history",
    # ---- arguments and data
    "arguments by place": "m = net(); h = m.fit(x, y, 50, 2, 0); h.params, int(m.optimizer.iterations)",
    "arguments by name": "m = net(); h = m.fit(y=y, x=x, verbose=0, epochs=np.int64(2), batch_size=np.int32(50)); h.params",
    "verbose in many ways": "m = net(); m.fit(x, y, verbose=True); m.fit(x, y, verbose=False); m.fit(x, y, verbose='auto'); m.fit(x, y, verbose=3)",
    "verbose as a text": "m = net(); m.fit(x, y, verbose='2')",
    "logging that is not interactive": "keras.utils.disable_interactive_logging()\ntry:\n    m = net(); h = m.fit(x, y, epochs=2, validation_data=(xt, yt)); m.evaluate(xt, yt)\nfinally: keras.utils.enable_interactive_logging()\nh.params",
    "output that is kept": "import io, contextlib\nm, out = net(), io.StringIO()\nwith contextlib.redirect_stdout(out):\n    m.fit(x, y, epochs=2, verbose=2); m.evaluate(xt, yt, verbose=2)\n[line.split(' - ')[0] for line in out.getvalue().splitlines()][:1], out.getvalue().count('Epoch'), out.getvalue().count('\\n')",
    "a cell that captures": "%%capture out\nm = net(); h = m.fit(x, y, epochs=2)",
    "magic": "m = net(); m.fit(x, y, verbose=0)\nt = %timeit -n1 -r1 -o -q m.evaluate(xt, yt, verbose=0)\ntype(t).__name__",
    "validation as one array": "m = net(); m.fit(x, y, validation_data=xt, verbose=0)",
    "validation without labels": "m = net(); m.fit(x, y, validation_data=(xt,), verbose=0)",
    "validation of another shape": "m = net(); m.fit(x, y, epochs=2, validation_data=(xt[:, :5], yt), verbose=0)",
    "validation with wrong labels": "m = net(); m.fit(x, y, epochs=2, validation_data=(xt, one[:200]), verbose=0)",
    "validation of other labels": "m = net(5); m.fit(x, y % 5, epochs=2, validation_data=(xt, yt), verbose=0)",
    "a split that is too large": "m = net(); m.fit(x, y, validation_split=1.5, verbose=0)",
    "a split that is negative": "m = net(); m.fit(x, y, validation_split=-0.1, verbose=0).history",
    "a split and weights by class": "m = net(); m.fit(x, y, validation_split=0.25, class_weight=dict(enumerate(np.linspace(0.5, 1.5, 10))), epochs=2, verbose=0).history",
    "weights of classes nobody has": "m = net(); m.fit(x, y, class_weight={99: 2.0}, verbose=0).history",
    "weights of too few samples": "m = net(); m.fit(x, y, sample_weight=weights[:100], verbose=0)",
    "weights of samples in columns": "m = net(); m.fit(x, y, sample_weight=weights[:, None], verbose=0).history",
    "images as texts": "m = net(); m.fit(x.astype(str), y, verbose=0)",
    "images as objects": "m = net(); m.fit(np.array(list(x) + [None], dtype=object)[:-1], y, verbose=0)",
    "images that are none": "m = net(); m.fit(None, y, verbose=0)",
    "images as lists": "m = net(); m.fit(x[:20].tolist(), y[:20].tolist(), verbose=0)",
    "images with no numbers": "z = x.copy(); z[3, 5, 5] = np.nan; m = net(); h = m.fit(z, y, verbose=0); [np.isnan(v[0]) for v in h.history.values()]",
    "labels below zero": "m = net(); m.fit(x, y.astype(int) - 1, verbose=0)",
    "labels with fractions": "m = net(); m.fit(x, y + 0.5, verbose=0).history",
    "labels in two columns": "m = net(); m.fit(x, np.stack([y, y], 1), verbose=0)",
    "labels as texts": "m = net(); m.fit(x, y.astype(str), verbose=0)",
    "labels as booleans": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(1, 'sigmoid')]); m.compile('adam', 'binary_crossentropy', metrics=['accuracy', keras.metrics.AUC()]); m.fit(flat, y > 4, validation_split=0.1, verbose=0).history",
    "labels of more classes": "m = net(12, loss='categorical_crossentropy'); m.fit(x, keras.utils.to_categorical(y, 12), verbose=0).history",
    "labels of fewer columns than outputs": "m = net(12, loss='categorical_crossentropy'); m.fit(x, one, verbose=0)",
    "labels by TensorFlow": "m = net(loss='categorical_crossentropy'); m.fit(x, tf.one_hot(y, 10), verbose=0).history",
    "labels by pandas": "import pandas as pd; m = net(loss='categorical_crossentropy'); m.fit(x, pd.get_dummies(y), verbose=0).history",
    "labels by scikit-learn": "from sklearn.preprocessing import LabelBinarizer; m = net(loss='categorical_crossentropy'); m.fit(x, LabelBinarizer().fit_transform(y), verbose=0).history",
    "images by pandas": f"import pandas as pd; {DEEP}; m.fit(pd.DataFrame(flat), pd.Series(y, name='label'), validation_split=0.2, verbose=0).history",
    "images that are sparse": f"import scipy.sparse; {DEEP}; m.fit(scipy.sparse.csr_matrix(flat), y, verbose=0)",
    "images of every type": "m = net()\nfor kind in ('float16', 'float32', 'float64', 'uint8', 'int32', 'int64', 'bool'):\n    h = m.fit((x * 255).astype(kind), y.astype(kind if kind != 'bool' else 'int8'), verbose=0)\nint(m.optimizer.iterations), m.weights[0].dtype",
    "arrays of every form": "np.save('x.npy', x); a = np.load('x.npy', mmap_mode='r'); m = net(); [m.fit(z, y, verbose=0).history.keys() for z in (np.asfortranarray(x), a, np.ma.array(x), x.view(), x[::1], np.broadcast_to(x, x.shape))]; int(m.optimizer.iterations)",
    "rows in many ways": "from sklearn.model_selection import StratifiedKFold, train_test_split\na, b, c, d = train_test_split(x, y, test_size=0.2, stratify=y, random_state=1); p = np.random.permutation(len(x)); mask = y < 5\nm = net(); [len(m.fit(z, w, verbose=0).history) for z, w in ((a, c), (x[p], y[p]), (x[mask], y[mask]), (np.concatenate([x, x]), np.concatenate([y, y])), *((x[i], y[i]) for i, j in StratifiedKFold(2).split(flat, y)))]",
    "one image": "m = net(); m.fit(x[:1], y[:1], verbose=0).history, m.evaluate(xt[:1], yt[:1], verbose=0), m.predict(xt[0:1], verbose=0).shape, m.predict(xt[0][None], verbose=0).argmax(1).shape",
    "an image without a batch": "m = net(); m.predict(xt[0], verbose=0)",
    "a batch that is larger than all": "m = net(); h = m.fit(x, y, batch_size=5000); int(m.optimizer.iterations)",
    "a batch size below zero": "m = net(); m.fit(x, y, batch_size=-5, verbose=0)",
    "a batch size as a float": "m = net(); m.fit(x, y, batch_size=32.0, verbose=0)",
    "epochs below zero": "m = net(); h = m.fit(x, y, epochs=-1, verbose=0); h.history, h.epoch",
    "an initial epoch that is too late": "m = net(); h = m.fit(x, y, epochs=2, initial_epoch=5, verbose=0); h.history, h.epoch, m.optimizer.built",
}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "batches by hand", "a dataset that augments", "a folder of images",
    "weights of samples in columns", "images with no numbers", "labels with fractions", "images that are sparse",
    "images of every type", "arrays of every form",
}  # fmt: skip
