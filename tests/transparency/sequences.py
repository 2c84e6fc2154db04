"""Random sequences of calls over Keras's surface, as cells: what a notebook might do with one network, in any order.

What raises is said, and the next call comes, as in a notebook's next cell.
"""

from __future__ import annotations

import random

BUILD = (
    "m = net()", "m = net(jit_compile=True)", "m = net(steps_per_execution=3)", "m = net(optimizer='sgd')", "m = net(metrics=[])", "m = net(metrics=['acc', 'sparse_top_k_categorical_accuracy'])",
    "m = net(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))", "m = net(5)", "m = net(optimizer='nosuch')",
    "m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy')",
    "m = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(8, 'relu'), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])",
    "i = keras.Input((28, 28)); m = keras.Model([i], keras.layers.Dense(10, 'softmax')(keras.layers.Flatten()(i))); m.compile('rmsprop', 'sparse_categorical_crossentropy')",
    "m = Chain(); m.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])", "m = Rows(); m.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])",
)  # fmt: skip
DATA = (
    "x, y",
    "x[:100], y[:100]",
    "tf.constant(x, tf.float32), y",
    "x[::-1], y[::-1]",
    "x, one",
    "tf.data.Dataset.from_tensor_slices((x, y)).shuffle(500).batch(32)",
    "tf.data.Dataset.from_tensor_slices((x, y)).batch(50).repeat(2)",
    "tf.data.Dataset.from_tensor_slices((x, y)).batch(32, drop_remainder=True)",
    "tf.data.Dataset.from_tensor_slices((x, one)).batch(32)",
    "tf.data.Dataset.from_tensor_slices((x, y))",
)
ARGUMENTS = (
    "", "epochs=2", "epochs=3, initial_epoch=1", "batch_size=100", "validation_split=0.2", "validation_data=[xt, yt]",
    "validation_data=(xt, yt), validation_freq=2, epochs=2", "shuffle=False", "class_weight={0: 2.0}", "sample_weight=weights[:len(x)]",
    "steps_per_epoch=2", "epochs=2, steps_per_epoch=5, batch_size=20", "validation_data=(xt, yt), validation_steps=2",
    "validation_data=tf.data.Dataset.from_tensor_slices((xt, yt)).batch(40), epochs=2", "epochs=2, callbacks=[keras.callbacks.TensorBoard('logs')]",
    "epochs=3, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: setattr(m.layers[-1], 'trainable', e > 0))]",
    "epochs=2, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: m.make_train_function(force=True))]",
    "epochs=2, callbacks=[Printing()]", "epochs=3, callbacks=Stopping()", "callbacks=[Batches()]",
    "epochs=2, callbacks=[Halving()]", "epochs=2, validation_split=0.2, callbacks=[Keeping()]",
    "epochs=3, callbacks=[keras.callbacks.EarlyStopping('loss', min_delta=10, patience=0, restore_best_weights=True)]",
    "epochs=2, callbacks=[keras.callbacks.ReduceLROnPlateau('loss', min_delta=10, patience=0)]",
    "epochs=2, callbacks=[keras.callbacks.ModelCheckpoint('c.keras')]", "epochs=2, callbacks=[keras.callbacks.ModelCheckpoint('c.weights.h5', save_weights_only=True)]",
)  # fmt: skip
STEPS = (
    "m.evaluate(xt, yt, verbose=0)", "m.evaluate(xt, yt, verbose=2)", "m.evaluate(xt, yt, return_dict=True, verbose=0)", "m.predict(xt, verbose=0).shape",
    "m.evaluate(x, one, verbose=0)", "m.predict(xt.astype(str), verbose=0)", "m.predict(xt[:, :5], verbose=0)", "m.stop_training = True",
    "m.optimizer.learning_rate = 0.0005", "m.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])",
    "m.layers[-1].trainable = False; m.compile('sgd', 'sparse_categorical_crossentropy')", "m.layers[-1].trainable = True",
    "m.set_weights([w * 0.5 for w in m.get_weights()])", "w = m.get_weights()", "m.set_weights(w)", "m.save('s.keras'); m = keras.models.load_model('s.keras')",
    "m.save_weights('s.weights.h5')", "m.load_weights('s.weights.h5')", "m = keras.models.load_model('c.keras')", "m.load_weights('c.weights.h5')",
    "m = keras.models.clone_model(m)", "m.train_on_batch(x[:32], y[:32])", "m.get_metrics_result()", "m.reset_metrics()", "m.summary()",
    "m.optimizer.learning_rate.assign(0.01)", "m.evaluate(tf.data.Dataset.from_tensor_slices((xt, yt)).batch(40), verbose=0)",
    "m.compile(m.optimizer, 'sparse_categorical_crossentropy')", "m.layers[-1].set_weights(m.layers[-1].get_weights())", "m.trainable = not m.trainable",
    "m.optimizer.clipvalue = 0.001", "m.layers[-1].activation = keras.activations.sigmoid", "k = keras.Model(m.inputs, m.layers[0].output); k.predict(xt, verbose=0).shape",
)  # fmt: skip


LAST = ("h.history", "m.evaluate(xt, yt, verbose=0)", "m.get_metrics_result()", "int(m.optimizer.iterations)")


def attempted(line: str) -> str:
    return (
        f"try:\n    {line}\nexcept Exception as error: print(type(error).__name__, str(error).split(chr(10))[0][:200])"
    )


def program(draw: random.Random) -> str:
    """Between four and eight statements; the last one's result is looked at."""
    build = draw.choice(BUILD)
    lines = ["w = h = None", attempted(build)]
    for _ in range(draw.randint(2, 6)):
        verbose = draw.choice(("verbose=0", "verbose=0", "verbose=0", "verbose=2"))
        fit = f"h = m.fit({draw.choice(DATA)}, {draw.choice(ARGUMENTS)}".rstrip(", ") + f", {verbose})"
        lines.append(attempted(draw.choice((fit, fit, draw.choice(STEPS)))))
    return "\n".join([*lines, draw.choice(LAST)])


def programs(count: int, seed: int) -> dict[str, str]:
    return {f"sequence {seed + number}": program(random.Random(seed + number)) for number in range(count)}
