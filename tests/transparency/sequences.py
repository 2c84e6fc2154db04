"""Random sequences of calls over Keras's surface, as cells: what a notebook might do with one network, in any order."""

from __future__ import annotations

import random

BUILD = (
    "m = net()", "m = net(optimizer='sgd')", "m = net(metrics=[])", "m = net(metrics=['acc', 'sparse_top_k_categorical_accuracy'])",
    "m = net(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))", "m = net(5)", "m = net(optimizer='nosuch')",
    "m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy')",
)  # fmt: skip
DATA = (
    "x, y",
    "x[:100], y[:100]",
    "tf.constant(x, tf.float32), y",
    "x[::-1], y[::-1]",
    "x, one",
)
ARGUMENTS = (
    "", "epochs=2", "epochs=3, initial_epoch=1", "batch_size=100", "validation_split=0.2", "validation_data=[xt, yt]",
    "validation_data=(xt, yt), validation_freq=2, epochs=2", "shuffle=False", "class_weight={0: 2.0}", "sample_weight=weights[:len(x)]",
    "steps_per_epoch=2", "epochs=2, callbacks=[Printing()]", "epochs=3, callbacks=Stopping()", "callbacks=[Batches()]",
    "epochs=2, callbacks=[Halving()]", "epochs=2, validation_split=0.2, callbacks=[Keeping()]",
    "epochs=3, callbacks=[keras.callbacks.EarlyStopping('loss', min_delta=10, patience=0, restore_best_weights=True)]",
    "epochs=2, callbacks=[keras.callbacks.ReduceLROnPlateau('loss', min_delta=10, patience=0)]",
    "epochs=2, callbacks=[keras.callbacks.ModelCheckpoint('c.keras')]", "epochs=2, callbacks=[keras.callbacks.ModelCheckpoint('c.weights.h5', save_weights_only=True)]",
)  # fmt: skip
STEPS = (
    "m.evaluate(xt, yt, verbose=0)", "m.evaluate(xt, yt, verbose=2)", "m.evaluate(xt, yt, return_dict=True, verbose=0)", "m.predict(xt, verbose=0).shape",
    "m.optimizer.learning_rate = 0.0005", "m.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])",
    "m.layers[-1].trainable = False; m.compile('sgd', 'sparse_categorical_crossentropy')", "m.layers[-1].trainable = True",
    "m.set_weights([w * 0.5 for w in m.get_weights()])", "w = m.get_weights()", "m.set_weights(w)", "m.save('s.keras'); m = keras.models.load_model('s.keras')",
    "m.save_weights('s.weights.h5')", "m.load_weights('s.weights.h5')", "m = keras.models.load_model('c.keras')", "m.load_weights('c.weights.h5')",
    "m = keras.models.clone_model(m)", "m.train_on_batch(x[:32], y[:32])", "m.get_metrics_result()", "m.reset_metrics()", "m.summary()",
)  # fmt: skip


def program(draw: random.Random) -> str:
    """Between four and eight statements; the last one's result is looked at."""
    lines = ["w = None", draw.choice(BUILD)]
    for _ in range(draw.randint(2, 6)):
        verbose = draw.choice(("verbose=0", "verbose=0", "verbose=0", "verbose=2"))
        fit = f"h = m.fit({draw.choice(DATA)}, {draw.choice(ARGUMENTS)}".rstrip(", ") + f", {verbose})"
        lines.append(draw.choice((fit, fit, draw.choice(STEPS))))
    return "\n".join(
        [
            *lines,
            draw.choice(
                ("h.history", "m.evaluate(xt, yt, verbose=0)", "m.get_metrics_result()", "int(m.optimizer.iterations)")
            ),
        ]
    )


def programs(count: int, seed: int) -> dict[str, str]:
    return {f"sequence {seed + number}": program(random.Random(seed + number)) for number in range(count)}
