"""Calls of ``fit`` in all shapes, for what their numbers have to do with the weights and rows they are of: `relations` says what that is."""

C = "keras.callbacks"
D = "tf.data.Dataset.from_tensor_slices"
NET = "m = net(optimizer=keras.optimizers.SGD(0.1))"
QUIET = "verbose=0"
VALID = "validation_data=(xt, yt)"

SHAPES = {
    # ---- validation, asked for at once or epoch by epoch
    "at once": f"m.fit(x, y, epochs=3, {VALID}, {QUIET})",
    "a split at once": f"m.fit(x, y, epochs=3, validation_split=0.2, {QUIET})",
    "one by one": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.Callback()])",
    "a split, weights and classes": f"m.fit(x, y, epochs=3, validation_split=0.2, class_weight={{0: 3.0, 1: 0.2}}, {QUIET})",
    "validation with weights": f"m.fit(x, y, epochs=3, validation_data=(xt, yt, weights[:200] ** 3), sample_weight=weights, {QUIET})",
    "now and then": f"m.fit(x, y, epochs=4, {VALID}, validation_freq=2, {QUIET})",
    "in some epochs": f"m.fit(x, y, epochs=4, {VALID}, validation_freq=[1, 4], {QUIET})",
    "in other batches": f"m.fit(x, y, epochs=2, {VALID}, validation_batch_size=7, {QUIET})",
    "in some steps": f"m.fit(x, y, epochs=2, {VALID}, validation_steps=2, {QUIET})",
    "a dataset to validate on": f"m.fit(x, y, epochs=3, validation_data={D}((xt, yt)).batch(40), {QUIET})",
    "a dataset to learn from": f"m.fit({D}((x, y)).shuffle(500).batch(50), epochs=3, validation_data={D}((xt, yt)).batch(40), {QUIET})",
    "some steps of a dataset": f"m.fit({D}((x, y)).shuffle(500).repeat().batch(50), epochs=3, steps_per_epoch=5, {VALID}, {QUIET})",
    "some steps": f"m.fit(x, y, epochs=2, batch_size=50, steps_per_epoch=5, {VALID}, {QUIET})",
    "tensors": f"m.fit(tf.constant(x, tf.float32), tf.constant(y), epochs=2, validation_split=0.2, {QUIET})",
    "gone on with": f"m.fit(x, y, epochs=2, {VALID}, {QUIET}); m.fit(x, y, epochs=5, initial_epoch=2, {VALID}, {QUIET})",
    "shown": f"m.fit(x, y, epochs=2, {VALID}, verbose=2); m.fit(x, y, epochs=3, {VALID})",
    # ---- callbacks between epochs
    "evaluated within": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: m.evaluate(x[:100], y[:100], {QUIET}))])",
    "evaluated before": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.LambdaCallback(on_epoch_begin=lambda e, logs: m.evaluate(x[:100], y[:100], {QUIET}))])",
    "another trained within": f"k = net(); m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: k.fit(x[:100], y[:100], epochs=2, validation_split=0.5, {QUIET}))])",
    "predicted within": f"m.fit(x, y, epochs=2, {VALID}, {QUIET}, callbacks=[{C}.LambdaCallback(on_epoch_end=lambda e, logs: m.predict(xt, {QUIET}))])",
    "changed within": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[Halving()])",
    "stopped and restored": f"m.fit(x, y, epochs=6, {VALID}, {QUIET}, callbacks=[{C}.EarlyStopping('val_loss', min_delta=10, patience=1, restore_best_weights=True)])",
    "stopped by the loss": f"m.fit(x, y, epochs=6, {QUIET}, callbacks=[{C}.EarlyStopping('loss', min_delta=10, patience=2, restore_best_weights=True)])",
    "kept in files": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.ModelCheckpoint('c{{epoch}}.weights.h5', save_weights_only=True), {C}.ModelCheckpoint('best.keras', 'val_loss', save_best_only=True)])",
    "in a table": f"m.fit(x, y, epochs=3, {VALID}, validation_freq=2, {QUIET}, callbacks=[{C}.CSVLogger('log.csv')]); m.fit(x, y, epochs=2, {VALID}, {QUIET}, callbacks=[{C}.CSVLogger('log.csv', append=True)])",
    "rates by epoch": f"m.fit(x, y, epochs=3, {VALID}, {QUIET}, callbacks=[{C}.LearningRateScheduler(lambda e, rate: rate / 2)])",
    "rates by the loss": f"m.fit(x, y, epochs=4, {VALID}, {QUIET}, callbacks=[{C}.ReduceLROnPlateau('val_loss', min_delta=10, patience=1)])",
    "shown, with a callback": f"m.fit(x, y, epochs=3, {VALID}, verbose=2, callbacks=[{C}.Callback()])",
    # ---- what is learned from, in an order that is said
    "in order": f"m.fit(x, y, epochs=3, shuffle=False, {QUIET}); m.fit(x, y, epochs=2, shuffle=False, validation_split=0.3, {QUIET})",
    "in order, with weights": f"m.fit(x, y, epochs=2, shuffle=False, sample_weight=weights ** 3, {QUIET}, callbacks=[{C}.Callback()])",
    "in one batch": f"m.fit(x, y, epochs=3, batch_size=500, {QUIET}, callbacks=[{C}.Callback()])",
    "in batches of its own": f"m.fit(x, y, epochs=2, batch_size=70, shuffle=False, {VALID}, {QUIET}, callbacks=[{C}.LearningRateScheduler(lambda e, rate: rate / 2)])",
    # ---- what learns nothing
    "no rate": f"m.optimizer.learning_rate = 0.0; m.fit(x, y, epochs=2, {QUIET}, callbacks=[{C}.Callback()]); m.fit(x, y, epochs=2, sample_weight=weights, {VALID}, {QUIET}, callbacks=[{C}.Callback()])",
    "no rate, by classes": f"m.optimizer.learning_rate = 0.0; m.fit(x, y, epochs=2, class_weight={{n: 1.0 + n for n in range(10)}}, validation_split=0.2, {QUIET}, callbacks=[{C}.Callback()])",
    # ---- evaluate and predict
    "measured in all forms": f"m.fit(x, y, {QUIET}); m.evaluate(xt, yt, {QUIET}); m.evaluate(xt, yt, {QUIET}, return_dict=True, sample_weight=weights[:200] ** 3); m.evaluate(xt, yt, steps=2, batch_size=30, {QUIET}); m.evaluate({D}((xt, yt)).batch(40), {QUIET}); m.evaluate(x[:70], y[:70])",
    "answered": f"m.predict(xt, {QUIET}); m.fit(x, y, {QUIET}); m.predict(xt, batch_size=7, {QUIET}); m.predict(images[:50], {QUIET})",
    "after it was set": f"m.fit(x, y, epochs=2, {VALID}, {QUIET}); m.set_weights([w / 2 for w in m.get_weights()]); m.evaluate(xt, yt, {QUIET}); m.predict(xt, {QUIET}); m.fit(x, y, epochs=2, {VALID}, {QUIET})",
}  # fmt: skip
NETWORKS = {
    "one-hot": "m = net(optimizer='rmsprop', loss='categorical_crossentropy', metrics=['accuracy', keras.metrics.Precision(name='p'), 'mse']); m.fit(x, one, epochs=3, validation_split=0.2, shuffle=False, verbose=2); m.fit(x, one, epochs=2, shuffle=False, verbose=0, callbacks=[keras.callbacks.Callback()]); m.evaluate(x, one, verbose=0)",
    "several metrics": f"m = net(metrics=['accuracy', keras.metrics.SparseTopKCategoricalAccuracy(3, name='top3'), 'sparse_categorical_crossentropy']); m.fit(x, y, epochs=3, {VALID}, verbose=2); m.evaluate(xt, yt, verbose=0)",
    "no metrics": f"m = net(metrics=[]); m.fit(x, y, epochs=3, {VALID}, verbose=2); m.evaluate(xt, yt, verbose=0)",
    "weighted metrics": f"m = net(weighted_metrics=['accuracy']); m.fit(x, y, epochs=2, sample_weight=weights ** 3, validation_data=(xt, yt, weights[:200] ** 3), {QUIET}); m.evaluate(xt, yt, sample_weight=weights[:200] ** 3, {QUIET})",
    "steps at once": f"m = net(steps_per_execution=4); m.fit(x, y, epochs=3, {VALID}, {QUIET}); m.evaluate(xt, yt, {QUIET})",
    "dropout and normalisation": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(8, 'relu'), keras.layers.Dropout(0.5), keras.layers.BatchNormalization(momentum=0.5), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, epochs=3, validation_data=(xt.reshape(-1, 784), yt), verbose=0); m.fit(flat, y, epochs=3, validation_split=0.2, verbose=0, callbacks=[keras.callbacks.Callback()]); m.evaluate(flat, y, verbose=0); p = m.predict(flat, verbose=0)",
    "penalties": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(8, 'relu', kernel_regularizer='l2'), keras.layers.Dense(10, 'softmax')]); m.compile(keras.optimizers.Adam(0.01, clipnorm=0.1), 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(flat, y, epochs=2, validation_split=0.2, shuffle=False, verbose=0); m.fit(flat, y, epochs=2, validation_split=0.2, shuffle=False, verbose=0, callbacks=[keras.callbacks.Callback()])",
    "a schedule": f"m = net(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), momentum=0.9)); m.fit(x, y, epochs=3, shuffle=False, {VALID}, {QUIET}); m.fit(x, y, epochs=2, shuffle=False, {VALID}, {QUIET}, callbacks=[{C}.Callback()])",
    "not built": f"m = Rows(); m.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(x, y, epochs=3, {VALID}, {QUIET}); m.fit(x, y, epochs=3, {VALID}, {QUIET})",
    "a class of its own": f"m = Chain(); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); m.fit(x, y, epochs=3, {VALID}, {QUIET}); m.fit(x, y, epochs=3, {VALID}, {QUIET}); m.evaluate(xt, yt, {QUIET})",
    "one answer": "m = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(1, 'sigmoid')]); m.compile('adam', 'binary_crossentropy', metrics=['accuracy', keras.metrics.AUC(name='auc')]); m.fit(flat, y == 5, epochs=3, validation_split=0.2, shuffle=False, verbose=2)",
    "saved and loaded": f"m = net(); m.fit(x, y, epochs=2, {VALID}, {QUIET}); m.save('m.keras'); k = keras.models.load_model('m.keras'); k.evaluate(xt, yt, {QUIET}); k.fit(x, y, epochs=3, {VALID}, {QUIET}); k.predict(xt, {QUIET})",
    "compiled again": f"m = net(); m.fit(x, y, epochs=2, {VALID}, {QUIET}); m.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy']); h = m.fit(x, y, epochs=2, {VALID}, {QUIET}); m.evaluate(xt, yt, {QUIET})",
}  # fmt: skip
CELLS = {**{name: f"{NET}; {calls}" for name, calls in SHAPES.items()}, **NETWORKS}
# Whose training is not the judge's, wholly or from some epoch on.
LEFT = {"changed within", "weighted metrics", "after it was set"}
