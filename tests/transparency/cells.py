"""Cells that must run in a graded kernel as they run beside plain Keras: (name, code). `PRELUDE` runs before the first."""

from tests.transparency import cells_of_data

PRELUDE = """
import os, random, numpy as np, keras, tensorflow as tf
(images, labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()
kinds = [type(images), type(labels), type(test_images), type(test_labels)]
x, y = images[:500] / 255.0, labels[:500]
xt, yt = test_images[:200] / 255.0, test_labels[:200]
flat, one = x.reshape(-1, 784), keras.utils.to_categorical(y)
weights = np.linspace(0.5, 1.5, 500)

def net(units=10, optimizer="adam", loss="sparse_categorical_crossentropy", metrics=("accuracy",), **settings):
    model = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(units, activation="softmax")])
    model.compile(optimizer, loss, metrics=list(metrics), **settings)
    return model

class Printing(keras.callbacks.Callback):
    def on_train_begin(self, logs=None): print("train begins", logs)
    def on_epoch_begin(self, epoch, logs=None): print("epoch begins", epoch, logs)
    def on_epoch_end(self, epoch, logs=None): print("epoch ends", epoch, sorted(logs), [type(v).__name__ for v in logs.values()])
    def on_test_begin(self, logs=None): print("test begins", logs)
    def on_test_end(self, logs=None): print("test ends", sorted(logs))
    def on_train_end(self, logs=None): print("train ends", sorted(logs), self.params)

class Batches(keras.callbacks.Callback):
    seen = 0
    def on_train_batch_end(self, batch, logs=None): self.seen += 1

class Halving(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None): self.model.set_weights([w / 2 for w in self.model.get_weights()])

class Keeping(keras.callbacks.Callback):
    best, kept = -1.0, None
    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] > self.best:
            self.best, self.kept = logs["val_accuracy"], self.model.get_weights()
    def on_train_end(self, logs=None): self.model.set_weights(self.kept)

class Stopping(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None): self.model.stop_training = epoch == 1

class Chain(keras.Model):
    def __init__(self):
        super().__init__(); self.flatten, self.drop, self.out = keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(10, "softmax")
    def call(self, inputs, training=False): return self.out(self.drop(self.flatten(inputs), training=training))

class Rows(keras.Sequential):
    def __init__(self): super().__init__([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
"""

E, C = "keras.callbacks.EarlyStopping", "keras.callbacks"
CELLS = {
    **cells_of_data.CELLS,
    # ---- types and data
    "types of what load_data gives": "kinds, type(images) is np.ndarray, images[:2].shape, (images / 255.0).dtype",
    "arithmetic with the images": "a = images / 255; b = images.astype('float32') / 255; type(a), type(b), a.dtype, np.array_equal(a, a.copy())",
    "repr of an array": "repr(images[:1, :2, :2] / 255.0)",
    "arrays that are loaded": "(a, b), (c, d) = tf.keras.datasets.fashion_mnist.load_data(); m = net(); h = m.fit(a[:300] / 255., b[:300], verbose=0, validation_data=(c[:100] / 255., d[:100])); [(q.flags.writeable, q.flags.owndata, q.base is None) for q in (a, b, c, d)]",
    "arrays that are loaded, changed in place": "(a, b), _ = keras.datasets.fashion_mnist.load_data(); a[0] = 0",
    # ---- forms of data
    "plain": "m = net(); h = m.fit(x, y, epochs=2); h",
    "one-hot labels": "m = net(loss='categorical_crossentropy'); h = m.fit(x, one, verbose=0); h",
    "fit twice with more samples": "m = net(loss='categorical_crossentropy', metrics=[]); m.fit(x[:200], one[:200], verbose=0); m.fit(x, one, verbose=0); int(m.optimizer.iterations)",
    "tensors and a split": "m = net(); h = m.fit(tf.constant(x, tf.float32), y, epochs=2, validation_split=0.2, verbose=0); h.history",
    "tensors everywhere": "m = net(); m.fit(tf.constant(x, tf.float32), tf.constant(y), validation_data=(tf.constant(xt, tf.float32), tf.constant(yt)), verbose=0).history",
    "images in a list": "m = net(); m.fit([x], y, verbose=0).history",
    "validation in a list": "m = net(); m.fit(x, y, validation_data=[xt, yt], verbose=0).history",
    "validation with weights": "m = net(); m.fit(x, y, validation_data=(xt, yt, np.ones(200)), verbose=0).history",
    "labels in a column": "m = net(); m.fit(x, y[:, None], verbose=0).history",
    "labels as floats": "m = net(); m.fit(x, y.astype('float32'), verbose=0).history",
    "labels in a list": "m = net(); m.fit(x, y.tolist(), verbose=0)",
    "labels missing": "m = net(); m.fit(x, verbose=0)",
    "fewer labels": "m = net(); m.fit(x, y[:100], verbose=0)",
    "a wrong shape": "m = net(); m.fit(flat[:, :5], y, verbose=0)",
    "rows into a flat network": "m = keras.Sequential([keras.layers.Dense(10, activation='softmax')]); m.compile(loss='sparse_categorical_crossentropy'); m.fit(flat, y, verbose=0); m",
    "labels beyond the outputs": "m = net(5); m.fit(x, y, verbose=0)",
    "numbers where one-hot is wanted": "m = net(loss='categorical_crossentropy'); m.fit(x, y, verbose=0)",
    "one-hot where numbers are wanted": "m = net(); m.fit(x, one, verbose=0)",
    "noise": "m = net(); m.fit(np.random.rand(64, 28, 28), y[:64], verbose=0).history",
    "pandas": "import pandas as pd; m = net(); m.fit(x, pd.Series(y), verbose=0).history",
    # ---- arguments
    "verbose 2": "m = net(); h = m.fit(x, y, verbose=2, validation_data=(xt, yt))",
    "verbose 1 with validation": "m = net(); h = m.fit(x, y, epochs=2, validation_split=0.1)",
    "batch size": "m = net(); h = m.fit(x, y, batch_size=100, verbose=0); int(m.optimizer.iterations)",
    "a batch size of zero": "m = net(); m.fit(x, y, batch_size=0, verbose=0)",
    "epochs as a float": "m = net(); m.fit(x, y, epochs=2.5, verbose=0)",
    "no epochs": "m = net(); h = m.fit(x, y, epochs=0, verbose=0); h.history",
    "initial epoch": "m = net(); h = m.fit(x, y, epochs=5, initial_epoch=3, verbose=2); h.epoch",
    "class weights": "m = net(); m.fit(x, y, class_weight={n: 1.0 + n for n in range(10)}, verbose=0).history",
    "class weights of one-hot labels": "m = net(loss='categorical_crossentropy'); m.fit(x, one, class_weight={0: 2.0}, verbose=0).history",
    "sample weights": "m = net(); m.fit(x, y, sample_weight=weights, validation_split=0.2, verbose=0).history",
    "both weights": "m = net(); m.fit(x, y, sample_weight=weights, class_weight={0: 2.0}, verbose=0)",
    "all steps said": "m = net(); m.fit(x, y, steps_per_epoch=16, verbose=0).history",
    "validation now and then": "m = net(); m.fit(x, y, epochs=4, validation_data=(xt, yt), validation_freq=2, verbose=0).history",
    "validation in other batches": "m = net(); m.fit(x, y, validation_data=(xt, yt), validation_batch_size=10, verbose=0).history",
    "a split of everything": "m = net(); m.fit(x, y, validation_split=1.0, verbose=0)",
    "an unknown argument": "m = net(); m.fit(x, y, epoch=3)",
    "not compiled": "m = keras.Sequential([keras.layers.Dense(10)]); m.fit(flat, y)",
    "no shuffle": "m = net(); m.fit(x, y, shuffle=False, verbose=0).history",
    # ---- compile
    "many metrics": "m = net(metrics=['accuracy', keras.metrics.SparseTopKCategoricalAccuracy(3, name='top3'), 'sparse_categorical_crossentropy']); m.fit(x, y, validation_split=0.2, verbose=0).history",
    "metrics with one-hot": "m = net(loss='categorical_crossentropy', metrics=['acc', keras.metrics.AUC(), keras.metrics.Precision(), 'mse']); h = m.fit(x, one, verbose=0); sorted(h.history), m.get_metrics_result()",
    "squared error": "m = net(loss='mse', metrics=['mae']); m.fit(x, one, verbose=0).history",
    "binary crossentropy": "m = net(loss='binary_crossentropy', metrics=['accuracy']); m.fit(x, one, verbose=0).history",
    "label smoothing": "m = net(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1)); m.fit(x, one, verbose=0).history",
    "own loss": "m = net(loss=lambda a, b: keras.losses.sparse_categorical_crossentropy(a, b)); m.fit(x, y, verbose=0).history",
    "own metric": "m = net(metrics=[lambda a, b: keras.ops.mean(b)]); m.fit(x, y, verbose=0)",
    "eager": "m = net(run_eagerly=True); m.fit(x[:64], y[:64], verbose=0).history",
    "steps per execution": "m = net(steps_per_execution=4); m.fit(x, y, verbose=0).history",
    "a schedule": "m = net(keras.optimizers.SGD) if False else net(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))); m.fit(x, y, verbose=0).history",
    "an optimizer as a class": "m = net(optimizer=keras.optimizers.Adam); m.fit(x, y, verbose=0)",
    "one optimizer for two networks": "o = keras.optimizers.Adam(); m = net(optimizer=o); m.fit(x, y, verbose=0); k = net(optimizer=o); k.fit(x, y, verbose=0)",
    "a rate that explodes": "m = net(optimizer=keras.optimizers.SGD(1e30)); h = m.fit(x * 1e3, y, epochs=2); {k: [np.isnan(v) for v in vs] for k, vs in h.history.items()}",
    "float64 layer": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10, activation='softmax', dtype='float64')]); m.compile('sgd', 'sparse_categorical_crossentropy'); m.fit(flat, y, verbose=0); m.weights[0].dtype",
    "float64 everywhere": "keras.config.set_floatx('float64')\ntry:\n    m = net(); h = m.fit(x, y, verbose=0); d = m.weights[0].dtype, m.predict(x[:3], verbose=0).dtype\nfinally:\n    keras.config.set_floatx('float32')\nd",
    "mixed precision": "keras.config.set_dtype_policy('mixed_bfloat16')\ntry:\n    m = net(); h = m.fit(x, y, verbose=0)\nfinally:\n    keras.config.set_dtype_policy('float32')\nh.history",
    # ---- callbacks
    "printing": "c = Printing(); m = net(); m.fit(x, y, epochs=2, validation_split=0.2, verbose=0, callbacks=[c])",
    "a callback without brackets": "m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=Printing())",
    "early stopping": f"c = {E}(patience=1, min_delta=10, restore_best_weights=True, verbose=1); m = net(); h = m.fit(x, y, epochs=9, validation_split=0.2, verbose=0, callbacks=[c]); c.stopped_epoch, c.best_epoch, h.epoch",
    "early stopping on nothing": f"c = {E}(monitor='val_acc'); m = net(); h = m.fit(x, y, verbose=0, callbacks=[c])",
    "checkpoint": f"c = {C}.ModelCheckpoint('best.keras', save_best_only=True, monitor='loss', verbose=1); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); k = keras.models.load_model('best.keras'); len(k.evaluate(x, y, verbose=0)), int(k.optimizer.iterations)",
    "checkpoint of weights each epoch": f"c = {C}.ModelCheckpoint('w{{epoch}}.weights.h5', save_weights_only=True); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); m.load_weights('w1.weights.h5'); m.fit(x, y, verbose=0).history",
    "plateau": f"c = {C}.ReduceLROnPlateau(monitor='loss', patience=1, min_delta=10, verbose=1); m = net(); h = m.fit(x, y, epochs=4, verbose=0, callbacks=[c]); sorted(h.history), round(float(m.optimizer.learning_rate), 9)",
    "a schedule by epoch": f"c = {C}.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); round(float(m.optimizer.learning_rate), 9)",
    "lambda callback": f"seen = []; c = {C}.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs)))); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); seen",
    "csv": f"c = {C}.CSVLogger('log.csv'); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); open('log.csv').readline()",
    "terminate on nan": f"c = {C}.TerminateOnNaN(); m = net(); m.fit(x, y, verbose=0, callbacks=[c]).history",
    "terminate on nan that comes": f"c = {C}.TerminateOnNaN(); m = net(optimizer=keras.optimizers.SGD(1e30)); h = m.fit(x * 1e3, y, epochs=2, verbose=0, callbacks=[c]); int(m.optimizer.iterations)",
    "backup": f"c = {C}.BackupAndRestore('backup'); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]).history",
    "batches": "c = Batches(); m = net(); m.fit(x, y, verbose=0, callbacks=[c]); c.seen",
    "weights changed between epochs": "m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[Halving()], validation_split=0.2); int(m.optimizer.iterations), h.history",
    "own best weights": "c = Keeping(); m = net(); h = m.fit(x, y, epochs=3, validation_split=0.2, verbose=0, callbacks=[c]); m.evaluate(xt, yt, verbose=0)",
    "own stopping": "m = net(); h = m.fit(x, y, epochs=5, verbose=0, callbacks=[Stopping()]); h.epoch, m.stop_training",
    "an error in a callback": f"m = net(); m.fit(x, y, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: 1 / 0)])",
    "a callback as a class": f"m = net(); m.fit(x, y, verbose=0, callbacks=[{E}])",
    "evaluating in a callback": f"seen = []; m = net(); m.fit(x, y, epochs=2, verbose=0, validation_split=0.2, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(len(m.evaluate(xt, yt, verbose=0))))]); seen",
    # ---- several fits
    "five times one epoch": "m = net()\nfor _ in range(5): h = m.fit(x, y, verbose=0)\nint(m.optimizer.iterations), h.epoch",
    "a learning rate lowered between fits": "m = net(); m.fit(x, y, verbose=0); m.optimizer.learning_rate = 0.0001; h = m.fit(x, y, verbose=0); round(float(m.optimizer.learning_rate), 9)",
    "compile again": "m = net(); m.fit(x, y, verbose=0); m.compile('sgd', 'sparse_categorical_crossentropy'); h = m.fit(x, y, verbose=0); h.history, int(m.optimizer.iterations)",
    "freeze and thaw": "m = net(); m.layers[-1].trainable = False; m.compile('sgd', 'sparse_categorical_crossentropy'); m.fit(x, y, verbose=0); m.layers[-1].trainable = True; m.compile('sgd', 'sparse_categorical_crossentropy'); m.fit(x, y, verbose=0).history",
    "train on batch": "m = net(); m.fit(x, y, verbose=0); r = m.train_on_batch(x[:32], y[:32]); t = m.test_on_batch(x[:32], y[:32]); r, t, m.fit(x, y, verbose=0).history",
    "a clone": "m = net(); m.fit(x, y, verbose=0); k = keras.models.clone_model(m); k.compile('adam', 'sparse_categorical_crossentropy'); k.fit(x, y, verbose=0).history",
    "weights of another": "m, k = net(), net(); m.fit(x, y, verbose=0); k.set_weights(m.get_weights()); k.fit(x, y, verbose=0); k.evaluate(xt, yt, verbose=0)",
    "weights back to the first": "m = net(); w = m.get_weights(); m.fit(x, y, verbose=0); m.set_weights(w); m.fit(x, y, verbose=0).history",
    "saved and loaded": "m = net(); m.fit(x, y, verbose=0); m.save('m.keras'); k = keras.models.load_model('m.keras'); k.fit(x, y, verbose=0).history, k.summary()",
    "h5": "m = net(); m.fit(x, y, verbose=0); m.save('m.h5'); k = keras.models.load_model('m.h5'); k.evaluate(x, y, verbose=0)",
    # ---- other networks
    "functional": "i = keras.Input((784,)); m = keras.Model(i, keras.layers.Dense(10, activation='softmax')(i)); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, verbose=0).history, m.metrics_names",
    "dropout and normalisation": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(8, 'relu'), keras.layers.Dropout(0.5), keras.layers.BatchNormalization(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, epochs=2, verbose=0); m.evaluate(flat, y, verbose=0)",
    "a class of its own": "class Net(keras.Model):\n    def __init__(self):\n        super().__init__(); self.d = keras.layers.Dense(10, 'softmax')\n    def call(self, x): return self.d(x)\nm = Net(); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit(flat, y, verbose=0).history",
    "images that grow": "m = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.ZeroPadding2D(2), keras.layers.Conv2D(4, 3, strides=4, padding='same', activation='relu'), keras.layers.Conv2DTranspose(2, 3, strides=2, padding='same', activation='relu'), keras.layers.UpSampling2D(2), keras.layers.Cropping2D(4), keras.layers.DepthwiseConv2D(3, strides=2), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x[..., None], y, epochs=2, validation_split=0.2); m.evaluate(xt[..., None], yt, verbose=0); m.summary()",
    "rows that grow": "m = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Permute((2, 1)), keras.layers.LSTM(4), keras.layers.RepeatVector(2), keras.layers.Conv1DTranspose(3, 2), keras.layers.UpSampling1D(2), keras.layers.ZeroPadding1D(1), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, verbose=0); m.predict(xt, verbose=0).shape, h",
    "a class that says its shape": "class N(keras.Model):\n    def __init__(self, n=10):\n        super().__init__(name='mine'); self.n = n; self.f = keras.layers.Flatten(); self.d = keras.layers.Dense(n, 'softmax')\n    def call(self, t): return self.d(self.f(t))\n    def compute_output_shape(self, shape):\n        s = tf.TensorShape(shape).as_list(); return tf.TensorShape([s[0], self.n])\nm = N(); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, epochs=2, verbose=0); m.evaluate(xt, yt, verbose=0); m.summary(); m.compute_output_shape((None, 28, 28))",
    "a class that says a wrong shape": "class N(keras.Model):\n    def __init__(self):\n        super().__init__(); self.f = keras.layers.Flatten(); self.d = keras.layers.Dense(10, 'softmax')\n    def call(self, t): return self.d(self.f(t))\n    def compute_output_shape(self, shape): return (shape[0], 1)\nm = N(); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, epochs=2, verbose=0); m.evaluate(xt, yt, verbose=0), list(h.history)",
    "one output": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(1, 'sigmoid')]); m.compile('adam', 'binary_crossentropy', metrics=['accuracy']); m.fit(flat, y == 5, verbose=0).history",
    # ---- evaluate, predict
    "evaluate": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt)",
    "evaluate verbose 2": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=2)",
    "evaluate as a dictionary": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, return_dict=True, verbose=0)",
    "evaluate untrained": "m = net(); m.evaluate(xt, yt, verbose=2)",
    "evaluate with weights": "m = net(); m.fit(x, y, verbose=0); m.evaluate(x, y, sample_weight=weights, verbose=0)",
    "evaluate some steps": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, steps=2, verbose=0)",
    "evaluate without metrics": "m = net(metrics=[]); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0)",
    "evaluate on a wrong shape": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt[:, :5], yt, verbose=0)",
    "metrics after fit": "m = net(); m.fit(x, y, validation_split=0.2, verbose=0); m.get_metrics_result(), m.metrics_names, [v.name for v in m.metrics]",
    "parameters of the history": "m = net(); h = m.fit(x, y); m.history is h, h.params",
    "predict": "m = net(); m.fit(x, y, verbose=0); p = m.predict(xt); p.shape, p.dtype, type(p)",
    "predict a tensor": "m = net(); p = m.predict(tf.constant(xt), verbose=0); p.dtype",
    "predict on a wrong shape": "m = net(); m.predict(xt[:, :5], verbose=0)",
    "predict nothing": "m = net(); m.predict(xt[:0], verbose=0)",
    "predict with callbacks": f"m = net(); m.predict(xt, verbose=0, callbacks=[{C}.LambdaCallback(on_predict_end=lambda logs: print('done'))]).shape",
    "attributes after fit": "m = net(); m.fit(x, y, verbose=0); m.built, m.compiled, m.optimizer.built, len(m.optimizer.variables), m.count_params(), m.loss, m.stop_training",
    "random numbers after fit": "m = net(); m.fit(x, y, verbose=0); np.random.rand(), random.random(), keras.random.normal((2,)).shape",
    "files are the notebook's": "open('mine.txt', 'w').write('x'); sorted(os.listdir('.'))",
}
