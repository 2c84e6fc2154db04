"""Cells as in Keras's own guides and those who follow them: searching, averaging, transferring, looking into, and going on."""

from tests.transparency.cells_of_models import OPT, C, L
from tests.transparency.cells_of_notebooks import DEEP, D, S

KINDS = "[name for name in dir(keras.optimizers) if isinstance(getattr(keras.optimizers, name), type) and issubclass(getattr(keras.optimizers, name), keras.optimizers.Optimizer) and name not in ('Optimizer', 'LossScaleOptimizer', 'Muon', 'MultiOptimizer')]"
CELLS = {
    # ---- what is built stands where Keras builds it
    "paths of every optimizer": f"r = {{}}\nfor name in {KINDS}:\n    m = net(optimizer=getattr(keras.optimizers, name)()); m.fit(x[:64], y[:64], verbose=0); r[name] = [(v.path.split('/'), v.name, str(v.dtype), v.trainable) for v in m.optimizer.variables]\nr",
    "paths of metrics": "m = net(metrics=['accuracy', keras.metrics.SparseTopKCategoricalAccuracy(3), keras.metrics.SparseCategoricalCrossentropy(name='mine')]); m.fit(x[:64], y[:64], verbose=0); k = net(loss='categorical_crossentropy', metrics=[keras.metrics.AUC(name='auc'), keras.metrics.Precision(name='p'), 'mse']); k.fit(x[:64], one[:64], verbose=0); [(v.path.split('/'), v.name, str(v.dtype), v.trainable, v.shape) for q in (m, k) for v in q.metrics_variables], [[(n.name, type(n).__name__) for n in q.metrics] for q in (m, k)]",
    "paths of layers": f"m = keras.Sequential([{L}.Conv2D(2, 3), {L}.BatchNormalization(), {L}.Dropout(0.1), {L}.Reshape((-1, 2)), {L}.LSTM(3), {L}.Dense(4, name='mine'), {L}.Dense(10, 'softmax')], name='all'); m.compile('adam', '{S}'); m.fit(x[:64, ..., None], y[:64], verbose=0); [(v.path.split('/'), v.name, str(v.dtype), v.trainable) for v in m.variables + m.optimizer.variables]",
    "variables of many kinds": "class V(keras.Variable): pass\nv, w, u, z = keras.Variable(np.ones((2,), 'float32')), keras.Variable('zeros', shape=(2,)), keras.Variable(lambda s, dtype=None: keras.ops.ones(s, dtype), shape=(3,), dtype='float32'), V(2.0); sorted(vars(v)), v._ndim, u.numpy().sum().item(), float(z), type(z).__name__",
    # ---- callbacks
    "a search for a rate": f"""class Finder({C}.Callback):
    def __init__(self): super().__init__(); self.rates = []
    def on_train_begin(self, logs=None): self.model.optimizer.learning_rate = 1e-5
    def on_train_batch_end(self, batch, logs=None): self.rates.append((float(self.model.optimizer.learning_rate), logs['loss'])); self.model.optimizer.learning_rate.assign(self.rates[-1][0] * 1.5)
m = net(); w = m.get_weights(); c = Finder(); m.fit(x, y, verbose=0, callbacks=[c]); m.set_weights(w); m.optimizer.learning_rate = 0.01; h = m.fit(x, y, epochs=2, verbose=0); len(c.rates), h.history""",
    "a score of its own in the logs": f"""from sklearn.metrics import f1_score
class F1({C}.Callback):
    def on_epoch_end(self, epoch, logs={{}}): logs['val_f1'] = f1_score(yt, self.model.predict(xt, verbose=0).argmax(1), average='macro'); print(' - val_f1:', logs['val_f1'])
m = net(); h = m.fit(x, y, epochs=2, callbacks=[F1(), {C}.EarlyStopping('val_f1', mode='max', patience=1)]); sorted(h.history), type(h.history['val_f1'][0]).__name__""",
    "weights averaged over epochs": f"kept = []; m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, l: kept.append(m.get_weights()), on_train_end=lambda l: m.set_weights([np.mean(ws, axis=0) for ws in zip(*kept)]))]); m.evaluate(xt, yt, verbose=0), h.history",
    "what a callback is given": f"""class Mine({C}.Callback):
    def set_model(self, model): super().set_model(model); print('model', type(model).__name__)
    def set_params(self, params): super().set_params(params); print('params', sorted(params.items(), key=str))
    def on_epoch_end(self, epoch, logs=None): print(self.model.optimizer.iterations.numpy(), sorted(logs), [q.name for q in self.model.metrics], sorted(self.model.get_metrics_result()))
m = net(); h = m.fit(x, y, epochs=2, callbacks=[Mine()], validation_data=(xt, yt), verbose=0)""",
    # ---- several networks
    "folds": "from sklearn.model_selection import KFold\nfor a, b in KFold(3, shuffle=True, random_state=1).split(x): m = net(); m.fit(x[a], y[a], validation_data=(x[b], y[b]), verbose=0); s = m.evaluate(x[b], y[b], verbose=0); print(f'{m.metrics_names[1]}: {s[1]:.2f}')",
    "an ensemble": "ms = [net(optimizer=o) for o in ('adam', 'sgd')]; [m.fit(x, y, verbose=0) for m in ms]; p = np.mean([m.predict(xt, verbose=0) for m in ms], axis=0); i = keras.Input((28, 28)); e = keras.Model(i, keras.layers.Average()([m(i) for m in ms])); e.compile(loss='sparse_categorical_crossentropy', metrics=['accuracy']); bool(np.allclose(p, e.predict(xt, verbose=0), atol=1e-5)), e.evaluate(xt, yt, verbose=0), len(e.layers)",
    "another task, then all layers": f"{DEEP}; m.fit(flat, y, verbose=0); b = keras.Model(m.inputs, m.get_layer('hidden').output); b.trainable = False; i = keras.Input((784,)); k = keras.Model(i, {L}.Dense(10, 'softmax')({L}.Dropout(0.2)(b(i, training=False)))); k.compile('adam', '{S}'); k.fit(flat, y, verbose=0); b.trainable = True; k.compile({OPT}.Adam(1e-5), '{S}'); h = k.fit(flat, y, epochs=3, initial_epoch=1, verbose=0); h.history, h.epoch, len(k.trainable_weights)",
    "frozen statistics": f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(8), {L}.BatchNormalization(name='bn'), {L}.ReLU(), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}'); m.fit(flat, y, verbose=0); b = m.get_layer('bn'); q = b.get_weights(); b.trainable = False; m.compile('adam', '{S}'); m.fit(flat, y, verbose=0); [bool((r == s).all()) for r, s in zip(q, b.get_weights())], bool(np.allclose(m(flat[:2], training=True), m(flat[:2], training=False), atol=1e-5))",
    "dropout that stays": f"m = keras.Sequential([{L}.Input((784,)), {L}.Dropout(0.5), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}'); m.fit(flat, y, verbose=0); p = np.stack([m(flat[:5], training=True) for _ in range(4)]); p.shape, bool(p.std(axis=0).max() > 0), bool(np.allclose(m(flat[:5]), m.predict(flat[:5], verbose=0), atol=1e-6))",
    "gone on with in a new session": "m = net(); m.fit(x, y, epochs=2, verbose=0); m.save('c.keras'); del m; keras.backend.clear_session(); m = keras.models.load_model('c.keras'); print(m.optimizer.iterations.numpy(), m.name, [l.name for l in m.layers]); h = m.fit(x, y, epochs=4, initial_epoch=2, validation_data=(xt, yt), verbose=2); h.epoch, int(m.optimizer.iterations), h.history",
    # ---- what the judge leaves to Keras
    "collected gradients, validated": f"m = net(optimizer={OPT}.Adam(0.01, gradient_accumulation_steps=4)); h = m.fit(x, y, epochs=2, validation_split=0.2, verbose=2); int(m.optimizer.iterations), int(m.optimizer._iterations), len(m.optimizer.variables), h.history",
    "half precision, validated": f"keras.mixed_precision.set_global_policy('mixed_float16'); m = keras.Sequential([{L}.Input((784,)), {L}.Dense(8, 'relu'), {L}.Dense(10), {L}.Activation('softmax', dtype='float32')]); m.compile('adam', '{S}', metrics=['accuracy']); h = m.fit(flat, y, epochs=2, validation_split=0.2, verbose=2); [l.compute_dtype for l in m.layers], type(m.optimizer).__name__, float(m.optimizer.dynamic_scale), m.optimizer.inner_optimizer.name, [v.path for v in m.optimizer.variables], m.evaluate(flat, y, verbose=0), h.history",
    # ---- no rows, seeds, generators that end
    "no rows": "m = net(); h = m.fit(x, y, epochs=2, validation_data=(xt[:0], yt[:0]), verbose=2).history; h, m.evaluate(xt[:0], yt[:0], verbose=0)",
    "a seed between": "m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit(x, y, verbose=0); keras.utils.set_random_seed(5); h = m.fit(x, y, verbose=0); int(np.random.randint(10**6)), random.randrange(10**6), int(tf.random.uniform((), maxval=10**6, dtype=tf.int32)), int(keras.random.randint((), 0, 10**6)), int(m.layers[1].seed_generator.state[1])",
    "a validation that ends": "def gen(times):\n    for _ in range(times):\n        for at in range(0, 200, 50): yield xt[at:at + 50], yt[at:at + 50]\nm = net(); h = m.fit(x, y, epochs=3, validation_data=gen(2), verbose=2); k = m.fit(x, y, epochs=3, validation_data=gen(1), validation_steps=3, verbose=2); h.history, k.history",
    "a validation of unknown length": f"m = net(); h = m.fit(x, y, epochs=2, validation_data={D}((xt, yt)).filter(lambda a, b: b < 9).batch(40), verbose=2); h.history",
}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {
    "paths of every optimizer",
    "a search for a rate",
    "another task, then all layers",
    "collected gradients, validated",
    "half precision, validated",
}
