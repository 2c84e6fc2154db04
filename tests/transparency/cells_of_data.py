"""Cells about what Keras iterates over: datasets, generators, sequences, and arrays of which only some batches are used."""

D = "tf.data.Dataset.from_tensor_slices"
SEQUENCE = """
class Seq(keras.utils.PyDataset):
    ended = 0
    def __init__(self, size=64, claims=0, **settings):
        super().__init__(**settings); self.size, self.claims = size, claims
    def __len__(self): return self.claims or -(-len(x) // self.size)
    def __getitem__(self, i): return x[i * self.size:(i + 1) * self.size], y[i * self.size:(i + 1) * self.size]
    def on_epoch_end(self): self.ended += 1
"""
GENERATOR = """
def gen(times=1, size=50, fails=10**9):
    for _ in range(times):
        for at in range(0, len(x), size):
            if at >= fails: raise KeyError("the notebook's own")
            yield x[at:at + size], y[at:at + size]
"""

CELLS = {
    # ---- tf.data
    "a dataset": f"m = net(); m.fit({D}((x, y)).batch(32), epochs=2, verbose=0).history",
    "a dataset, shuffled": f"m = net(); h = m.fit({D}((x, y)).shuffle(500).batch(32).prefetch(2), epochs=2); int(m.optimizer.iterations)",
    "a dataset, verbose 2": f"m = net(); h = m.fit({D}((x, y)).batch(32), epochs=2, verbose=2, validation_data={D}((xt, yt)).batch(32))",
    "a dataset of unknown length": f"m = net(); h = m.fit({D}((x, y)).filter(lambda a, b: b < 9).batch(32), epochs=2)",
    "a dataset without a remainder": f"m = net(); m.fit({D}((x, y)).batch(32, drop_remainder=True), verbose=0); int(m.optimizer.iterations)",
    "a dataset that scales": f"m = net(); m.fit({D}((images[:500], labels[:500])).map(lambda a, b: (tf.cast(a, tf.float32) / 255.0, b)).batch(32), verbose=0).history",
    "a dataset for ever": f"m = net(); h = m.fit({D}((x, y)).shuffle(500).repeat().batch(32), epochs=3, steps_per_epoch=5); int(m.optimizer.iterations), h.epoch",
    "a dataset that ends early": f"m = net(); h = m.fit({D}((x, y)).batch(50), epochs=3, steps_per_epoch=7, verbose=0); int(m.optimizer.iterations), h.epoch",
    "a dataset with an odd batch within": f"m = net(); h = m.fit({D}((x, y)).batch(32).repeat(2), verbose=0); int(m.optimizer.iterations)",
    "a dataset of other rows each time": f"m = net(); m.fit({D}((x, y)).shuffle(500).take(100).batch(32), epochs=3, verbose=0).history",
    "a dataset with weights": f"m = net(); m.fit({D}((x, y, weights)).batch(32), verbose=0).history",
    "a dataset with class weights": f"m = net(); m.fit({D}((x, y)).batch(32), class_weight={{0: 2.0}}, verbose=0).history",
    "a dataset with one-hot labels": f"m = net(loss='categorical_crossentropy'); m.fit({D}((x, one)).batch(32), verbose=0).history",
    "a dataset of noise": f"m = net(); h = m.fit({D}((np.random.rand(100, 28, 28), y[:100])).batch(32), epochs=2, verbose=0); int(m.optimizer.iterations)",
    "a dataset without batches": f"m = net(); m.fit({D}((x, y)), verbose=0)",
    "an empty dataset": f"m = net(); m.fit({D}((x, y)).take(0).batch(32), verbose=0)",
    "a dataset without labels": f"m = net(); m.fit({D}(x).batch(32), verbose=0)",
    "a dataset and labels": f"m = net(); m.fit({D}((x, y)).batch(32), y, verbose=0)",
    "a dataset and a split": f"m = net(); m.fit({D}((x, y)).batch(32), validation_split=0.2, verbose=0)",
    "a dataset with callbacks": f"m = net(); c = keras.callbacks.EarlyStopping('val_loss', min_delta=10, patience=0, restore_best_weights=True); h = m.fit({D}((x, y)).batch(32), epochs=4, validation_data={D}((xt, yt)).batch(50), verbose=0, callbacks=[c, Printing()]); h.epoch, c.stopped_epoch",
    "a dataset in a network that isn't built": f"m = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy'); m.fit({D}((x, y)).batch(32), verbose=0).history",
    "a dataset after arrays": f"m = net(); m.fit(x, y, verbose=0); m.fit({D}((x, y)).batch(100), verbose=0); int(m.optimizer.iterations), m.evaluate({D}((xt, yt)).batch(40), verbose=0)",
    "a dataset in several steps at once": f"m = net(steps_per_execution=4); h = m.fit({D}((x, y)).batch(32), epochs=2); int(m.optimizer.iterations)",
    "a dataset for validation only": f"m = net(); m.fit(x, y, epochs=2, validation_data={D}((xt, yt)).batch(32), verbose=0).history",
    "a dataset to evaluate": f"m = net(); m.fit(x, y, verbose=0); m.evaluate({D}((xt, yt)).batch(32), verbose=2)",
    "a dataset to evaluate in some steps": f"m = net(); m.fit(x, y, verbose=0); m.evaluate({D}((xt, yt)).batch(32), steps=2)",
    "a dataset to predict": f"m = net(); m.predict({D}(xt).batch(32), verbose=0).shape, m.predict({D}((xt, yt)).batch(32)).shape",
    "validation steps": f"m = net(); m.fit(x, y, epochs=2, validation_data={D}((xt, yt)).repeat().batch(32), validation_steps=3, verbose=0).history",
    "validation steps of arrays": "m = net(); m.fit(x, y, validation_data=(xt, yt), validation_steps=2, verbose=0).history",
    "validation on noise": "m = net(); m.fit(x, y, epochs=2, validation_data=(np.random.rand(50, 28, 28), y[:50]), verbose=0).history",
    # ---- generators
    "a generator": f"{GENERATOR}\nm = net(); h = m.fit(gen(), verbose=0); int(m.optimizer.iterations)",
    "a generator with steps": f"{GENERATOR}\nm = net(); h = m.fit(gen(10), epochs=3, steps_per_epoch=10); int(m.optimizer.iterations), h.epoch",
    "a generator that runs out": f"{GENERATOR}\nm = net(); h = m.fit(gen(2), epochs=3, steps_per_epoch=10, verbose=0); int(m.optimizer.iterations)",
    "a generator for several epochs": f"{GENERATOR}\nm = net(); h = m.fit(gen(), epochs=2, verbose=0); int(m.optimizer.iterations)",
    "a generator that fails": f"{GENERATOR}\nm = net(); m.fit(gen(fails=200), verbose=0)",
    "a generator of nothing": "m = net(); m.fit((n for n in []), verbose=0)",
    "a generator with validation": f"{GENERATOR}\nm = net(); m.fit(gen(2), epochs=2, steps_per_epoch=10, validation_data=(xt, yt), verbose=0).history",
    "a dataset from a generator": f"{GENERATOR}\nd = tf.data.Dataset.from_generator(gen, output_signature=(tf.TensorSpec((None, 28, 28)), tf.TensorSpec((None,), tf.uint8))); m = net(); h = m.fit(d, epochs=2); int(m.optimizer.iterations)",
    # ---- sequences
    "a sequence": f"{SEQUENCE}\ns = Seq(); m = net(); h = m.fit(s, epochs=2); int(m.optimizer.iterations), s.ended",
    "a sequence with workers": f"{SEQUENCE}\ns = Seq(workers=2); m = net(); h = m.fit(s, epochs=2, verbose=0); int(m.optimizer.iterations), s.ended",
    "a sequence that says less": f"{SEQUENCE}\ns = Seq(claims=3); m = net(); h = m.fit(s, epochs=2, verbose=0); int(m.optimizer.iterations)",
    "a sequence for validation": f"{SEQUENCE}\nm = net(); m.fit(x, y, epochs=2, validation_data=Seq(), verbose=0).history",
    "a sequence to evaluate": f"{SEQUENCE}\nm = net(); m.fit(x, y, verbose=0); m.evaluate(Seq(), verbose=0)",
    # ---- some batches of arrays
    "some steps": "m = net(); h = m.fit(x, y, steps_per_epoch=4, verbose=0); int(m.optimizer.iterations)",
    "some steps of a size": "m = net(); h = m.fit(x, y, batch_size=50, steps_per_epoch=4, epochs=4); int(m.optimizer.iterations)",
    "more steps than there are": "m = net(); h = m.fit(x, y, batch_size=50, steps_per_epoch=14, epochs=2, verbose=0); int(m.optimizer.iterations), h.epoch",
    "some steps in order": "m = net(); h = m.fit(x, y, batch_size=50, steps_per_epoch=5, epochs=2, shuffle=False, verbose=0); int(m.optimizer.iterations)",
}
