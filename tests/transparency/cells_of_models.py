"""Cells about networks, what they are compiled with, how they are kept, and what else Keras and TensorFlow offer around them."""

C, L, OPT = "keras.callbacks", "keras.layers", "keras.optimizers"
DENSE = "keras.layers.Dense(10, activation='softmax'"
SPARSE = "sparse_categorical_crossentropy"


def chain(*layers: str, compiled: str = f"'adam', '{SPARSE}', metrics=['accuracy']") -> str:
    return f"m = keras.Sequential([keras.layers.Input((784,)), {', '.join(layers)}]); m.compile({compiled})"


CELLS = {
    # ---- callbacks that write, watch or average
    "tensorboard by batch": f"c = {C}.TensorBoard('logs', update_freq='batch'); m = net(); h = m.fit(x, y, verbose=0, callbacks=[c])",
    "csv that is gone on with": f"m = net(); h = m.fit(x, y, verbose=0, callbacks=[{C}.CSVLogger('a.csv', ';')]); h = m.fit(x, y, verbose=0, callbacks=[{C}.CSVLogger('a.csv', ';', append=True)]); [line.count(';') for line in open('a.csv')]",
    "backup that is kept": f"c = {C}.BackupAndRestore('b', delete_checkpoint=False); m = net(); m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); k = net(); h = k.fit(x, y, epochs=3, verbose=0, callbacks=[{C}.BackupAndRestore('b', delete_checkpoint=False)]); h.epoch",
    "checkpoint of the best only": f"c = {C}.ModelCheckpoint('b.keras', 'val_accuracy', save_best_only=True, mode='max', verbose=1, initial_value_threshold=2.0); m = net(); h = m.fit(x, y, validation_data=(xt, yt), verbose=0, callbacks=[c]); c.best",
    "checkpoint named by its numbers": f"c = {C}.ModelCheckpoint('b{{epoch:02d}}.keras'); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c])",
    "checkpoint of what isn't there": f"c = {C}.ModelCheckpoint('b.keras', 'val_loss', save_best_only=True); m = net(); h = m.fit(x, y, verbose=0, callbacks=[c])",
    "averages of weights": f"m = net(optimizer={OPT}.SGD(0.1, use_ema=True)); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[{C}.SwapEMAWeights(swap_on_epoch=True)])",
    "several callbacks": f"m = net(); h = m.fit(x, y, epochs=6, validation_split=0.2, verbose=0, callbacks=[{C}.EarlyStopping('val_loss', min_delta=10, patience=2), {C}.ReduceLROnPlateau('val_loss', min_delta=10, patience=0), {C}.ModelCheckpoint('c.keras'), {C}.CSVLogger('l.csv')]); h.epoch, sorted(h.history), os.listdir('.').__len__()",
    "parameters and model of a callback": "c = Printing(); m = net(); h = m.fit(x, y, batch_size=100, epochs=2, verbose=0, callbacks=[c]); c.params, c.model is m, [type(k).__name__ for k in [m.history]]",
    "a list of callbacks": f"m = net(); k = {C}.CallbackList([Printing()], add_history=True, model=m, epochs=1, steps=1, verbose=0); h = m.fit(x, y, verbose=0, callbacks=k); type(h).__name__",
    "a history of one's own": f"c = {C}.History(); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); h is c, c.epoch",
    "a bar of one's own": f"m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[{C}.ProgbarLogger()])",
    "training in a callback": f"m, k = net(), net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: k.fit(x[:64], y[:64], verbose=0))]); int(k.optimizer.iterations)",
    "predicting in a callback": f"seen = []; m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(m.predict(xt, verbose=0).shape))]); seen",
    "logs changed by a callback": f"m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(lr=float(m.optimizer.learning_rate)))]); sorted(h.history)",
    # ---- layers and what belongs to them
    "penalties": chain(
        f"{L}.Dense(8, 'relu', kernel_regularizer='l2', activity_regularizer=keras.regularizers.L1(0.01))", f"{DENSE})"
    )
    + "; h = m.fit(flat, y, verbose=0); len(m.losses), h.history",
    "constraints": chain(f"{DENSE}, kernel_constraint=keras.constraints.UnitNorm(), bias_constraint='non_neg')")
    + "; h = m.fit(flat, y, verbose=0); k = m.get_weights(); bool(np.allclose(np.linalg.norm(k[0], axis=0), 1, atol=1e-3)), bool((k[1] >= 0).all())",
    "initializers": chain(
        f"{L}.Dense(8, 'relu', kernel_initializer='he_normal', bias_initializer=keras.initializers.Constant(0.5))",
        f"{DENSE}, kernel_initializer=keras.initializers.RandomNormal(stddev=0.1))",
    )
    + "; h = m.fit(flat, y, verbose=0); [w.shape for w in m.get_weights()]",
    "a convolution": "m = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Conv2D(4, 3, activation='relu'), keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x[..., None], y, verbose=0); m.summary()",
    "texts to predict": "i = keras.Input((28, 28)); m = keras.Model([i], keras.layers.Dense(10, 'softmax')(keras.layers.Flatten()(i))); m.predict(xt.astype(str), verbose=0)",
    "a lambda": chain(f"{L}.Lambda(lambda t: t * 2)", f"{DENSE})") + "; h = m.fit(flat, y, verbose=0)",
    "noise in a network": chain(
        f"{L}.GaussianNoise(0.1)",
        f"{L}.GaussianDropout(0.2)",
        f"{L}.AlphaDropout(0.1)",
        f"{L}.Dropout(0.2)",
        f"{DENSE})",
    )
    + "; h = m.fit(flat, y, epochs=2, verbose=0); m.evaluate(flat, y, verbose=0)",
    "scaling in a network": "m = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(images[:500], labels[:500], verbose=0); h.history",
    "normalisation that is adapted": "n = keras.layers.Normalization(); n.adapt(flat); m = keras.Sequential([n, keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(flat, y, verbose=0)",
    "weights of a layer": chain(f"{DENSE}, name='out')")
    + "; w = m.get_layer('out').get_weights(); m.get_layer('out').set_weights([w[0] * 0, w[1]]); h = m.fit(flat, y, verbose=0); [v.path for v in m.weights], m.get_layer(index=0).name",
    "layers added and taken": "m = keras.Sequential(); m.add(keras.Input((784,))); m.add(keras.layers.Dense(5)); m.pop(); m.add(keras.layers.Dense(10, 'softmax')); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(flat, y, verbose=0); len(m.layers)",
    "a layer added after training": "m = net(); m.fit(x, y, verbose=0); m.add(keras.layers.Dense(10, 'softmax')); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit(x, y, verbose=0).history",
    "a network in a network": "a = keras.Sequential([keras.layers.Dense(16, 'relu')]); m = keras.Sequential([keras.layers.Input((784,)), a, keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(flat, y, verbose=0)",
    "a graph with a way around": "i = keras.Input((784,)); a = keras.layers.Dense(16, 'relu')(i); b = keras.layers.Concatenate()([i, a]); m = keras.Model(i, keras.layers.Dense(10, 'softmax')(b)); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, validation_split=0.2, verbose=0).history",
    "a residual block": "i = keras.Input((28, 28)); a = keras.layers.Conv1D(4, 3, padding='same', activation='relu')(i); b = keras.layers.Conv1D(4, 3, padding='same')(keras.layers.LayerNormalization()(a)); p = keras.layers.GlobalMaxPooling1D()(keras.layers.Add()([a, b])); m = keras.Model(i, keras.layers.Dense(10, 'softmax')(p)); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, epochs=2, validation_split=0.2); m.evaluate(x, y, verbose=0); m.predict(xt, verbose=0).shape, [v.path for v in m.weights]",
    "a layer called twice": "i = keras.Input((784,)); one = keras.layers.Dense(8, 'relu', name='one'); a = one(keras.layers.Dense(8)(i)); m = keras.Model(i, keras.layers.Dense(10, 'softmax')(keras.layers.Add()([a, one(a)]))); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(flat, y, verbose=0); len(m.get_weights())",
    "rows read one after another": "m = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.LSTM(8, return_sequences=True, dropout=0.1), keras.layers.GRU(6), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, epochs=2); [v.path for v in m.variables], m.evaluate(x, y, verbose=0)",
    "augmented images": "m = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.RandomFlip('horizontal'), keras.layers.RandomRotation(0.05), keras.layers.RandomZoom(0.1), keras.layers.SeparableConv2D(4, 3, strides=2), keras.layers.SpatialDropout2D(0.1), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x[..., None], y, epochs=2); m.evaluate(x[..., None], y, verbose=0)",
    "a table that is too short": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Embedding(10, 2), keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(images[:500].reshape(-1, 784), y, verbose=0)",
    "two outputs": "i = keras.Input((784,)); m = keras.Model(i, [keras.layers.Dense(10, 'softmax', name='a')(i), keras.layers.Dense(1, name='b')(i)]); m.compile('adam', {'a': 'sparse_categorical_crossentropy', 'b': 'mse'}, loss_weights={'a': 1.0, 'b': 0.1}); h = m.fit(flat, {'a': y, 'b': y * 1.0}, verbose=0); sorted(h.history)",
    "outputs by name": "i = keras.Input((784,), name='pixels'); m = keras.Model({'pixels': i}, keras.layers.Dense(10, 'softmax')(i)); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit({'pixels': flat}, y, verbose=0)",
    # ---- steps of one's own
    "a training step of one's own": "class Net(keras.Model):\n    def train_step(self, data):\n        a, b = data\n        with tf.GradientTape() as tape: loss = self.compute_loss(y=b, y_pred=self(a, training=True))\n        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)\n        return {'mine': loss}\ni = keras.Input((784,)); m = Net(i, keras.layers.Dense(10, 'softmax')(i)); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit(flat, y, verbose=0).history",
    "fit of one's own": "class Net(keras.Sequential):\n    def fit(self, *a, **k):\n        print('mine'); return super().fit(*a, **k)\nm = Net([keras.layers.Input((784,)), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); h = m.fit(flat, y, verbose=0)",
    "metrics of one's own class": "class Net(keras.Sequential):\n    @property\n    def metrics(self): return super().metrics[:1]\nm = Net([keras.layers.Input((784,)), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, verbose=0).history",
    "a loss added in a call": "class Net(keras.layers.Layer):\n    def call(self, t):\n        self.add_loss(0.1 * keras.ops.mean(t)); return t\n"
    + chain("Net()", f"{DENSE})")
    + "; h = m.fit(flat, y, verbose=0)",
    "a tape": "m = net()\nwith tf.GradientTape() as tape: loss = keras.losses.sparse_categorical_crossentropy(y[:32], m(x[:32]))\ng = tape.gradient(loss, m.trainable_variables); m.optimizer.apply_gradients(zip(g, m.trainable_variables)); h = m.fit(x, y, verbose=0); int(m.optimizer.iterations)",
    # ---- compile
    "weighted metrics": "m = net(weighted_metrics=['accuracy']); m.fit(x, y, sample_weight=weights, verbose=0).history",
    "loss weights": "m = net(loss_weights=[0.5]); m.fit(x, y, verbose=0).history",
    "without xla": "m = net(jit_compile=False); h = m.fit(x, y, verbose=0); m.jit_compile",
    "three steps at once": "m = net(steps_per_execution=3); h = m.fit(x, y, epochs=2); int(m.optimizer.iterations)",
    "the loss as a class": "m = net(loss=keras.losses.SparseCategoricalCrossentropy); m.fit(x, y, verbose=0)",
    "logits": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10)]); m.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy']); m.fit(flat, y, verbose=0).history",
    "the metric nobody knows": "m = net(metrics=['acuracy']); m.fit(x, y, verbose=0)",
    "the loss nobody knows": "m = net(loss='crossentropie'); m.fit(x, y, verbose=0)",
    "no loss": "m = net(loss=None); m.fit(x, y, verbose=0)",
    "metrics as a dictionary": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10, 'softmax', name='out')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics={'out': ['accuracy']}); m.fit(flat, y, verbose=0).history",
    "what compile says of itself": "m = net(); m.fit(x, y, verbose=0); m.get_compile_config(), m.loss, type(m.optimizer).__name__",
    # ---- optimizers
    "optimizers' variables": "m = net(optimizer='rmsprop'); m.fit(x, y, verbose=0); [v.path for v in m.optimizer.variables], float(m.optimizer.learning_rate)",
    "clipping": f"m = net(optimizer={OPT}.Adam(clipnorm=1.0)); m.fit(x, y, verbose=0).history",
    "decay of weights": f"m = net(optimizer={OPT}.AdamW(weight_decay=0.01)); m.fit(x, y, verbose=0).history",
    "gradients collected": f"m = net(optimizer={OPT}.SGD(0.1, gradient_accumulation_steps=2)); m.fit(x, y, verbose=0); int(m.optimizer.iterations)",
    "a cosine": f"m = net(optimizer={OPT}.Adam({OPT}.schedules.CosineDecay(0.01, 100))); h = m.fit(x, y, epochs=2, verbose=0); type(m.optimizer.learning_rate).__name__",
    "a schedule of one's own": f"class S({OPT}.schedules.LearningRateSchedule):\n    def __call__(self, step): return 0.01 / (1.0 + keras.ops.cast(step, 'float32'))\nm = net(optimizer={OPT}.SGD(S())); m.fit(x, y, verbose=0).history",
    "a schedule that is set": f"m = net(optimizer={OPT}.SGD({OPT}.schedules.ExponentialDecay(0.1, 10, 0.9))); m.fit(x, y, verbose=0); m.optimizer.learning_rate = 0.01",
    "an optimizer saved and loaded": "m = net(); m.fit(x, y, verbose=0); s = {}; m.optimizer.save_own_variables(s); k = net(); k.fit(x[:32], y[:32], verbose=0); k.optimizer.load_own_variables(s); h = k.fit(x, y, verbose=0); int(k.optimizer.iterations)",
    "an optimizer from its settings": f"o = {OPT}.Adam(0.01); m = net(optimizer={OPT}.Adam.from_config(o.get_config())); h = m.fit(x, y, verbose=0); round(float(m.optimizer.learning_rate), 5)",
    "many of Keras's optimizers": "[len(net(optimizer=o).fit(x[:64], y[:64], verbose=0).history) for o in ('adagrad', 'adadelta', 'adamax', 'nadam', 'ftrl', 'lion', 'adafactor')]",
    # ---- keeping
    "json": "m = net(); m.fit(x, y, verbose=0); k = keras.models.model_from_json(m.to_json()); k.set_weights(m.get_weights()); k.compile('adam', 'sparse_categorical_crossentropy'); k.fit(x, y, verbose=0).history",
    "from its settings": "m = net(); k = keras.Sequential.from_config(m.get_config()); k.compile('adam', 'sparse_categorical_crossentropy'); k.fit(x, y, verbose=0).history",
    "exported": "m = net(); m.fit(x, y, verbose=0); m.export('out', verbose=False); k = tf.saved_model.load('out'); k.serve(tf.constant(x[:2], tf.float32)).shape",
    "weights in a file": "m = net(); m.fit(x, y, verbose=0); m.save_weights('w.weights.h5'); k = net(); k.load_weights('w.weights.h5'); k.fit(x, y, verbose=0); k.evaluate(xt, yt, verbose=0)",
    "weights of a wrong file": "m = net(); m.save_weights('w.weights.h5'); k = net(5); k.load_weights('w.weights.h5')",
    "weights of a wrong name": "m = net(); m.save_weights('w.h5')",
    "a checkpoint of TensorFlow's": "m = net(); m.fit(x, y, verbose=0); c = tf.train.Checkpoint(model=m); p = c.save('ck'); m.fit(x, y, verbose=0); c.restore(p); m.evaluate(xt, yt, verbose=0)",
    "loaded and not compiled": "m = net(); m.fit(x, y, verbose=0); m.save('m.keras'); k = keras.models.load_model('m.keras', compile=False); k.compile('sgd', 'sparse_categorical_crossentropy'); k.fit(x, y, verbose=0).history",
    "cloned with changes": "m = net(); k = keras.models.clone_model(m, clone_function=lambda l: l.__class__.from_config({**l.get_config(), 'name': l.name + '_2'})); k.compile('adam', 'sparse_categorical_crossentropy'); k.fit(x, y, verbose=0); [l.name.rsplit('_', 1)[-1] for l in k.layers]",
    "copied and pickled": "import copy, pickle; m = net(); m.fit(x, y, verbose=0); k, p = copy.deepcopy(m), pickle.loads(pickle.dumps(m)); k.fit(x, y, verbose=0); p.evaluate(xt, yt, verbose=0)",
    # ---- what stands around
    "seeds in the middle": "keras.utils.set_random_seed(7); a = keras.random.normal((2,)); keras.utils.set_random_seed(7); bool(np.allclose(a, keras.random.normal((2,)))), np.random.randint(10**6), random.random() < 2",
    "generators of seeds": "g = keras.random.SeedGenerator(5); a = keras.random.uniform((2,), seed=g); g.state.shape, g.next().shape, keras.random.dropout(x[:1], 0.5, seed=1).shape",
    "generators of TensorFlow": "g = tf.random.Generator.from_non_deterministic_state(); a = tf.random.get_global_generator(); g.normal((2,)).shape, a.uniform((2,)).shape, type(g.state).__name__",
    "graphs of version 1": "with tf.Graph().as_default(), tf.compat.v1.Session() as s: n = s.run(tf.random.normal((2,)))\nn.shape",
    "operations that want seeds": "a = tf.nn.fractional_max_pool(tf.random.normal((1, 8, 8, 1)), [1.0, 1.5, 1.5, 1.0]); a[0].shape",
    "results after evaluate": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0); m.get_metrics_result(), [float(v.result()) >= 0 for v in m.metrics]",
    "evaluate many ways": "m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, batch_size=7, verbose=1), m.evaluate(tf.constant(xt), yt.tolist() and yt, verbose='auto', callbacks=[Printing()])",
    "predict many ways": "m = net(); m.predict(xt, batch_size=7, verbose=2).shape, m.predict([xt], verbose=0).shape, m.predict(xt.tolist()[:2] and xt[:2], steps=1, verbose=0).shape, m.predict_on_batch(xt[:3]).shape, m(xt[:2]).shape",
    "the default level of words": "keras.config.disable_interactive_logging()\ntry:\n    m = net(); h = m.fit(x, y); r = m.evaluate(xt, yt); p = m.predict(xt)\nfinally:\n    keras.config.enable_interactive_logging()\nh.params",
    "epochs that are limited": "keras.config.set_max_epochs(2) if hasattr(keras.config, 'set_max_epochs') else None\ntry:\n    m = net(); h = m.fit(x, y, epochs=5, verbose=0)\nfinally:\n    keras.config.set_max_epochs(None) if hasattr(keras.config, 'set_max_epochs') else None\nh.epoch",
    "steps that are limited": "keras.config.set_max_steps_per_epoch(3) if hasattr(keras.config, 'set_max_steps_per_epoch') else None\ntry:\n    m = net(); h = m.fit(x, y, epochs=2, verbose=0)\nfinally:\n    keras.config.set_max_steps_per_epoch(None) if hasattr(keras.config, 'set_max_steps_per_epoch') else None\nint(m.optimizer.iterations)",
    "a session that is cleared": "m = net(); m.fit(x, y, verbose=0); keras.backend.clear_session(); k = net(); k.fit(x, y, verbose=0); k.layers[0].name, m.evaluate(xt, yt, verbose=0)",
    "functions decorated": "@tf.function\ndef f(a): return m(a)\nm = net(); m.fit(x, y, verbose=0); f(tf.constant(x[:2], tf.float32)).shape",
    "summaries": "m = net(); m.fit(x, y, verbose=0); m.summary(line_length=60, show_trainable=True, print_fn=print); m.count_params(), keras.utils.get_file.__name__",
    "a network with more inputs than data": "i, j = keras.Input((784,)), keras.Input((784,)); m = keras.Model([i, j], keras.layers.Dense(10, 'softmax')(keras.layers.Add()([i, j]))); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit([flat, flat], y, verbose=0).history",
    "fit in a thread": "import threading; m = net(); t = threading.Thread(target=lambda: m.fit(x, y, verbose=0)); t.start(); t.join(); int(m.optimizer.iterations)",
    "interrupted": f"m = net()\ndef stop(e, logs): raise KeyboardInterrupt\ntry: m.fit(x, y, epochs=3, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=stop)])\nexcept KeyboardInterrupt: print('stopped')\nm.fit(x, y, verbose=0); int(m.optimizer.iterations)",
}
# Whose training is not the judge's.
LEFT = {
    "tensorboard by batch", "averages of weights", "a list of callbacks", "penalties", "constraints",
    "weights of a layer", "a layer added after training", "a layer called twice", "two outputs",
    "a training step of one's own", "fit of one's own", "metrics of one's own class", "a loss added in a call",
    "a tape", "weighted metrics", "loss weights", "gradients collected", "a schedule of one's own", "an optimizer saved and loaded",
    "many of Keras's optimizers", "a network with more inputs than data",
}  # fmt: skip
