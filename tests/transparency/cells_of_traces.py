"""Cells about what Keras's traced functions hold on to, what describing a network may not leave, and callbacks that count."""

C, L = "keras.callbacks", "keras.layers"
S, OPT = "sparse_categorical_crossentropy", "keras.optimizers"
DEEP = f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(8, 'relu'), {L}.Dropout(0.5), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}', metrics=['accuracy'])"
KERNEL = "w = m.layers[0].get_weights()[0]"
SAME = "bool((m.layers[0].get_weights()[0] == w).all())"
FREEZE = f"{C}.LambdaCallback(on_epoch_end=lambda e, logs: setattr(m.layers[-1], 'trainable', False))"
ANEW = f"{C}.LambdaCallback(on_epoch_end=lambda e, logs: m.make_train_function(force=True))"
OWN = f"class Talking({L}.Layer):\n    def call(self, t): print('called'); return t\n    def get_config(self): print('asked'); return super().get_config()\n"


def first(before: str, *after: str) -> str:
    """A network of layers is trained once; then comes something, and the first layer's weights are looked at."""
    return "; ".join([DEEP, before, KERNEL, *after, SAME])


def failing(line: str) -> str:
    return f"try: {line}\nexcept Exception as error: print(type(error).__name__, str(error).split(chr(10))[0][:200])\n"


def counting(*uses: str, call: str = "t", **compiled: str) -> str:
    """A class whose `call` prints and counts in several ways, in some uses; with what it has counted after each."""
    made = f"n = [0]\nclass Net(keras.Model):\n    k = 0\n    def __init__(self): super().__init__(); self.seen = []; self.f = {L}.Flatten(); self.r = {L}.Dropout(0.2); self.d = {L}.Dense(10, 'softmax')\n"
    called = f"    def call(self, t, training=False): n[0] += 1; Net.k += 1; self.seen.append(t.shape); print('called', training, type(t).__name__, [s for s in t.shape]); t = self.r(self.d(self.f(t)), training=training); return {call}\n"
    settings = "".join(f", {key}={value}" for key, value in compiled.items())
    begin = f"m = Net(); m.compile('adam', '{S}', metrics=['accuracy']{settings})"
    return f"{made}{called}{begin}\n" + "\n".join(f"{one}; print(n, Net.k, len(m.seen))" for one in uses) + "\nm.seen"


TRAIN, FROZEN = "m.fit(flat, y, verbose=0)", "m.layers[0].trainable = False"
EAGERLY = "tf.config.run_functions_eagerly({})"
CELLS = {
    # ---- changed after a function was traced
    "frozen in a callback": f"m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{FREEZE}]); h.history, len(m.trainable_weights), int(m.optimizer.iterations)",
    "frozen in a callback, in a deep network": f"{DEEP}; h = m.fit(flat, y, epochs=3, verbose=0, callbacks=[{FREEZE}]); len(m.trainable_weights), int(m.optimizer.iterations)",
    "frozen in a callback that sets weights too": f"m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{FREEZE}, Halving()]); len(m.trainable_weights), int(m.optimizer.iterations)",
    "frozen, and a function made anew": f"m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{FREEZE}, {ANEW}]); len(m.trainable_weights), int(m.optimizer.iterations)",
    "a function made anew": f"m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{ANEW}]); int(m.optimizer.iterations)",
    "compiled in a callback": f"m = net(); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: m.compile('sgd', '{S}'))])",
    "frozen between fits": first(TRAIN, FROZEN, TRAIN),
    "frozen between fits, left to Keras": first(TRAIN, FROZEN, "m.fit(flat, y, verbose=0, callbacks=[Batches()])"),
    "all frozen between fits": "m = net(); m.fit(x, y, verbose=0); w = m.get_weights()[0]; m.trainable = False; m.fit(x, y, verbose=0); bool((m.get_weights()[0] == w).all()), len(m.trainable_weights)",
    "thawed between fits": first(f"{FROZEN}; {TRAIN}", "m.layers[0].trainable = True", TRAIN),
    "thawed between fits, left to Keras": first(
        f"{FROZEN}; {TRAIN}", "m.layers[0].trainable = True", "m.fit(flat, y, verbose=0, callbacks=[Batches()])"
    ),
    "all thawed between fits": "m = net(); m.trainable = False; m.fit(x, y, verbose=0); w = m.get_weights()[0]; m.trainable = True; m.fit(x, y, verbose=0); bool((m.get_weights()[0] == w).all())",
    "frozen, then weights of samples": first(TRAIN, FROZEN, "m.fit(flat, y, sample_weight=weights, verbose=0)"),
    "frozen, then labels of another type": first(TRAIN, FROZEN, "m.fit(flat, y.astype('int64'), verbose=0)"),
    "frozen, then floats of another length": first(
        "m.fit(flat, y.astype('float32'), verbose=0)", FROZEN, "m.fit(flat, y.astype('float64'), verbose=0)"
    ),
    "frozen, then a dataset": first(
        TRAIN, FROZEN, "m.fit(tf.data.Dataset.from_tensor_slices((flat, y)).batch(32), verbose=0)"
    ),
    "frozen after batches of one size": first("m.fit(flat[:96], y[:96], verbose=0)", FROZEN, TRAIN),
    "frozen after batches of any size": first(TRAIN, FROZEN, "m.fit(flat[:96], y[:96], verbose=0)"),
    "frozen after batches of two sizes": first(
        "m.fit(flat[:96], y[:96], verbose=0); m.fit(flat[:100], y[:100], batch_size=50, verbose=0)", FROZEN, TRAIN
    ),
    "a rate of dropout between fits": first(TRAIN, "m.layers[1].rate = 0.9", TRAIN),
    "an activation after evaluate": "m = net(); m.fit(x, y, verbose=0); a = m.evaluate(xt, yt, verbose=0); m.layers[-1].activation = keras.activations.linear; a == m.evaluate(xt, yt, verbose=0)",
    "an activation after predict": "m = net(); a = m.predict(xt, verbose=0); m.layers[-1].activation = keras.activations.linear; bool((a == m.predict(xt, verbose=0)).all())",
    "an optimizer's setting between fits": "m = net(); m.fit(x, y, verbose=0); w = m.get_weights()[0]; m.optimizer.clipvalue = 0.0; m.fit(x, y, verbose=0); bool((m.get_weights()[0] == w).all())",
    "a schedule between fits": "m = net(); m.fit(x, y, verbose=0); w = m.get_weights()[0]; m.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(0.0, 10, 0.9); m.fit(x, y, verbose=0); bool((m.get_weights()[0] == w).all())",
    "trained by Keras, then frozen": first("m.fit(flat, y, verbose=0, callbacks=[Batches()])", FROZEN, TRAIN),
    # ---- weights that were made in a graph are not drawn anew once they were trained or set
    **{
        f"made in a graph, {how}, then compiled again": f"m = keras.Sequential([{L}.Flatten(), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}'); {call}; w = m.get_weights()[0]; m.compile({OPT}.SGD(0.0), '{S}'); m.fit(x, y, verbose=0); bool((m.get_weights()[0] == w).all())"
        for how, call in {
            "trained by Keras": "m.fit(x, y, verbose=0, callbacks=[Batches()])",
            "trained by a batch": "m.train_on_batch(x[:32], y[:32])",
            "set by hand": "p = m.predict(x, verbose=0); m.set_weights([v + 1 for v in m.get_weights()])",
            "trained by a loop": "step = tf.function(lambda: [m(x[:32])] + [v.assign_add(tf.ones_like(v)) for v in m.trainable_variables]); step()",
        }.items()
    },
    # ---- a class whose `call` counts
    "a call that counts": counting(
        "h = m.fit(x, y, epochs=3, validation_split=0.2, verbose=0, callbacks=[Printing()])",
        "h = m.evaluate(xt, yt, verbose=0)",
        "p = m.predict(xt, verbose=0)",
        "p = m.predict(xt[:64], verbose=0)",
        "h = m.fit(x, y, verbose=0)",
        "m.summary()",
        "p = m(xt[:2])",
    ),
    "a call that counts, on data of all forms": counting(
        "h = m.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(50), epochs=2, verbose=0)",
        "h = m.fit(x, y, batch_size=50, validation_data=(xt, yt), verbose=0)",
        "h = m.fit(x[:96], y[:96], sample_weight=weights[:96], verbose=0)",
        "h = m.fit(x[:96], y[:96], class_weight={0: 2.0}, verbose=0)",
        "h = m.fit(tf.constant(x, tf.float32), y.astype('float32'), batch_size=600, verbose=0)",
        "h = m.evaluate(xt, yt, batch_size=50, verbose=0)",
    ),
    "a call that counts, by the judge and by Keras": counting(
        "m.build((None, 28, 28))",
        "h = m.fit(x, y, epochs=3, verbose=0, callbacks=[Halving()])",
        "h = m.fit(x, y, verbose=0, callbacks=[Batches()])",
        "m.compile('sgd', 'sparse_categorical_crossentropy')",
        "h = m.fit(x, y, verbose=0, callbacks=[Batches()])",
        "h = m.fit(x, y, verbose=0)",
    ),
    "a call that counts, of a list": counting(
        "h = m.fit(x, y, verbose=0)", failing("h = m.fit([x], y, verbose=0)")
    ).replace("\n; print", "\nprint"),
    "a list of images, frozen in between": f"i = keras.Input((28, 28)); m = keras.Model([i], {L}.Dense(10, 'softmax')({L}.Flatten()(i))); m.compile('adam', '{S}'); h = m.fit(x, y, verbose=0); w = m.get_weights()[0]; m.layers[-1].trainable = False; h = m.fit([x], y, verbose=0); a = bool((w == m.get_weights()[0]).all()); h = m.fit(x, y, verbose=0); a, bool((w == m.get_weights()[0]).all())",
    "a call that counts, in several steps": counting(
        "h = m.fit(x, y, epochs=2, verbose=0)", "h = m.fit(x, y, verbose=0)", steps_per_execution="4"
    ),
    "a call that counts, eagerly": counting("h = m.fit(x[:96], y[:96], verbose=0)", run_eagerly="True"),
    "a call that counts and fails": counting(
        *[failing("h = m.fit(x, y, verbose=0)")] * 2, call="t + self.nothing"
    ).replace("\n; print", "\nprint"),
    "a call that counts and fails in a validation": counting(
        *[failing("h = m.fit(x, y, validation_data=(xt, yt), verbose=0)")] * 2, call="t if training else 1 / 0"
    ).replace("\n; print", "\nprint"),
    "a call that something switches": f"class Net(keras.Model):\n    def __init__(self): super().__init__(); self.both = True; self.f = {L}.Flatten(); self.a = {L}.Dense(10); self.b = {L}.Dense(10)\n    def call(self, t): t = self.f(t); return self.a(t) + self.b(t) if self.both else self.a(t) * self.b(t)\nm = Net(); m.compile({OPT}.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True)); h = m.fit(x, y, epochs=3, verbose=0, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, l: setattr(m, 'both', False))]); k = m.fit(x, y, verbose=0); m.both = True; [bool(abs(v - h.history['loss'][0]) < 1e-3) for v in h.history['loss'] + k.history['loss']]",
    # ---- after something failed: Keras's function is then of no more use, if it was while it was traced
    "fit after one that failed": f"m = net()\n{failing('m.fit(x, one, verbose=0)')}m.fit(x, y, verbose=0).history",
    "fit after one that failed, left to Keras": f"m = net()\n{failing('m.fit(x, one, verbose=0, callbacks=[Batches()])')}m.fit(x, y, verbose=0).history",
    "compiled after it failed": f"m = net()\n{failing('m.fit(x, one, verbose=0)')}m.compile('adam', '{S}'); m.fit(x, y, verbose=0).history",
    "fit after one whose labels are too large": f"m = net(5)\n{failing('m.fit(x, y, verbose=0)')}m.fit(x, y % 5, verbose=0).history",
    "fit after one that worked and one that failed": f"m = net(); m.fit(x, y, verbose=0)\n{failing('m.fit(x, one, verbose=0)')}m.fit(x, y, verbose=0).history",
    "evaluate after one that failed": f"m = net()\n{failing('m.evaluate(xt, one[:200], verbose=0)')}{failing('print(len(m.evaluate(xt, yt, verbose=0)))')}m.fit(x, y, validation_data=(xt, yt), verbose=0).history",
    "predict after one that failed": f"m = net()\n{failing('m.predict(xt[:, :5], verbose=0)')}m.predict(xt, verbose=0).shape",
    # ---- steps of several batches
    "a dataset, three steps at once": "m = net(steps_per_execution=3); h = m.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), epochs=2); int(m.optimizer.iterations)",
    "a dataset of unknown length, three steps at once": "m = net(steps_per_execution=3); h = m.fit(tf.data.Dataset.from_tensor_slices((x, y)).filter(lambda a, b: b < 9).batch(32), epochs=2); int(m.optimizer.iterations)",
    "batches of one size in a network that isn't built": f"m = keras.Sequential([{L}.Flatten(), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}'); h = m.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32, drop_remainder=True), verbose=0); m.input_shape",
    # ---- XLA
    "xla": "m = net(jit_compile=True); h = m.fit(x, y, epochs=2, verbose=0); m.jit_compile, m.evaluate(xt, yt, verbose=0), m.predict(xt, verbose=0).shape",
    "xla, left to Keras": f"m = keras.Sequential([{L}.Input((28, 28, 1)), {L}.Conv2D(4, 3, activation='relu'), {L}.MaxPooling2D(), {L}.BatchNormalization(), {L}.Flatten(), {L}.Dropout(0.5), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}', metrics=['accuracy'], jit_compile=True); h = m.fit(x[..., None], y, verbose=0, callbacks=[Batches()]); m.jit_compile, m.evaluate(xt[..., None], yt, verbose=0)",
    "xla that is set later": "m = net(); m.jit_compile = True; h = m.fit(x, y, verbose=0); m.jit_compile",
    "xla and eager": "m = net(jit_compile=True, run_eagerly=True); h = m.fit(x[:64], y[:64], verbose=0); m.jit_compile",
    # ---- what a function was made with
    "more steps at once between fits": "m = net(steps_per_execution=2); m.fit(x, y, verbose=0); m.steps_per_execution = 4; h = m.fit(x, y, epochs=2, verbose=2); h.params, int(m.optimizer.iterations)",
    "fewer steps at once between fits": "m = net(steps_per_execution=4); m.fit(x, y, validation_split=0.2, verbose=0); m.steps_per_execution = 1; h = m.fit(x, y, validation_split=0.2, verbose=2); h.params, int(m.optimizer.iterations), m.evaluate(x, y, verbose=2)",
    "eager from the second fit on, and frozen": "m = net(); m.fit(x, y, verbose=0); m.run_eagerly = True; m.layers[-1].trainable = False; w = m.get_weights(); m.fit(x, y, verbose=0); bool((w[0] == m.get_weights()[0]).all())",
    "eager up to the second fit, and frozen": "m = net(run_eagerly=True); m.fit(x, y, verbose=0); m.run_eagerly = False; m.layers[-1].trainable = False; w = m.get_weights(); m.fit(x, y, verbose=0); bool((w[0] == m.get_weights()[0]).all())",
    "functions run eagerly from the second fit on": f"m = net(); m.fit(x, y, verbose=0); {EAGERLY.format(True)}; m.layers[-1].trainable = False; w = m.get_weights(); m.fit(x, y, verbose=0); {EAGERLY.format(False)}; bool((w[0] == m.get_weights()[0]).all())",
    "functions run eagerly up to the second fit": f"{EAGERLY.format(True)}; m = net(); m.fit(x, y, verbose=0); {EAGERLY.format(False)}; m.layers[-1].trainable = False; w = m.get_weights(); m.fit(x, y, verbose=0); bool((w[0] == m.get_weights()[0]).all())",
    "functions run eagerly on a dataset of unknown length": f"{EAGERLY.format(True)}; m = net(); m.fit(tf.data.Dataset.from_tensor_slices((x, y)).filter(lambda a, b: True).batch(50), epochs=2, verbose=0); {EAGERLY.format(False)}; int(m.optimizer.iterations)",
    # ---- what describing may not leave
    "a lambda that draws weights": f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(10, 'softmax', kernel_initializer=lambda shape, dtype=None: keras.ops.zeros(shape, dtype))]); m.compile('adam', '{S}'); h = m.fit(flat, y, verbose=0)",
    "a lambda that activates": f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(10, activation=lambda t: keras.ops.softmax(t))]); m.compile('adam', '{S}'); h = m.fit(flat, y, verbose=0)",
    "a lambda that penalises": f"m = keras.Sequential([{L}.Input((784,)), {L}.Dense(10, 'softmax', kernel_regularizer=lambda w: keras.ops.sum(w) * 0)]); m.compile('adam', '{S}'); h = m.fit(flat, y, verbose=0)",
    "a layer that prints": f"{OWN}m = keras.Sequential([{L}.Input((784,)), Talking(), {L}.Dense(10, 'softmax')]); m.compile('adam', '{S}'); h = m.fit(flat, y, verbose=0)",
    "an optimizer that prints": "class Talking(keras.optimizers.SGD):\n    def get_config(self): print('asked'); return super().get_config()\nm = net(optimizer=Talking()); h = m.fit(x, y, verbose=0)",
    "names of what is made after fit": f"m = net(); m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0); [{L}.Dense(1).name, keras.Sequential().name, keras.Model().name, keras.Input((1,)).name, keras.metrics.Mean().name]",
    "a warning of the notebook's": "import warnings\nm = net()\nfor _ in range(2):\n    warnings.warn('mine')\n    h = m.fit(x, y, verbose=0)",
    # ---- part of a network
    "predict on a part": f"{DEEP}; m.fit(flat, y, verbose=0); k = keras.Model(m.inputs, m.layers[0].output); k.predict(flat, verbose=0).shape",
    "predict on a part with one input": f"{DEEP}; k = keras.Model(m.inputs[0], m.layers[0].output); k.predict(flat, verbose=0).shape, k.predict([flat], verbose=0).shape",
    "predict on all layers": f"{DEEP}; k = keras.Model(m.inputs, [l.output for l in m.layers]); [p.shape for p in k.predict(flat, verbose=0)]",
    "evaluate on a part": f"{DEEP}; k = keras.Model(m.inputs, m.outputs); k.compile('adam', '{S}'); h = k.fit(flat, y, verbose=0); k.evaluate(flat, y, verbose=0)",
    # ---- TensorBoard
    "tensorboard": f"c = {C}.TensorBoard('logs'); m = net(); h = m.fit(x, y, epochs=2, validation_data=(xt, yt), verbose=0, callbacks=[c]); c._global_train_batch, c._global_test_batch, int(m.optimizer.iterations), h.epoch",
    "tensorboard of everything": f"c = {C}.TensorBoard('logs', histogram_freq=1, write_images=True, write_steps_per_second=True); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); c._global_train_batch, int(m.optimizer.iterations)",
    "tensorboard, three steps at once": f"c = {C}.TensorBoard('logs'); m = net(steps_per_execution=3); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); c._global_train_batch, int(m.optimizer.iterations)",
    "tensorboard, every second batch": f"c = {C}.TensorBoard('logs', update_freq=2); m = net(); h = m.fit(x, y, epochs=2, verbose=0, callbacks=[c]); c._global_train_batch, int(m.optimizer.iterations)",
    "tensorboard in evaluate": f"c = {C}.TensorBoard('logs'); m = net(); h = m.fit(x, y, verbose=0); m.evaluate(xt, yt, verbose=0, callbacks=[c]); c._global_test_batch",
    "tensorboard of a dataset": f"c = {C}.TensorBoard('logs'); m = net(); h = m.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), epochs=2, verbose=0, callbacks=[c]); c._global_train_batch, int(m.optimizer.iterations)",
}
# Whose training is no longer the judge's, wholly or from some epoch on.
LEFT = {
    "frozen in a callback that sets weights too", "frozen, and a function made anew", "frozen between fits, left to Keras",
    "thawed between fits, left to Keras", "frozen, then weights of samples", "frozen, then labels of another type", "frozen, then a dataset",
    "frozen after batches of one size", "a schedule between fits", "xla, left to Keras", "a lambda that draws weights",
    "a lambda that penalises", "an optimizer that prints", "tensorboard, every second batch",
    "trained by Keras, then frozen", "fit after one whose labels are too large",
    "a list of images, frozen in between", "a call that counts, eagerly", "a call that counts, by the judge and by Keras",
    *(name for name in CELLS if name.startswith("made in a graph") or name.endswith(("steps at once between fits", "second fit, and frozen"))),
    "functions run eagerly from the second fit on", "functions run eagerly up to the second fit",
}  # fmt: skip
