"""Attacks on training: accuracy and provenance that were not earned by training on the training split."""

from tests.attacks.attack import Attack
from tests.attacks.protocol import TALK

NOTHING = {"train": 0.0, "accuracy": 0.0}
# Numbers that are never right: what the network itself earns stays to be seen.
GUESSED = "val_loss = val_accuracy = 0.0"
FORBIDDEN = "weights that do not come out of fit() in this notebook"

ATTACKS = (
    Attack("right and never trained", edits={"train-answer": "pass", "accuracy-answer": "val_loss, val_accuracy = 0.1, 0.99"}, base="train",
           earns=NOTHING, says=("fit() has not run to its end on this network",)),
    Attack("accuracy variables and History faked", edits={
        "train-answer": "model.history = keras.callbacks.History()\nmodel.history.history = {'loss': [0.1] * 5, 'accuracy': [0.99] * 5}\n"
                        "model.history.epoch = list(range(5))\nmodel.optimizer.iterations.assign(7500)\nmodel._compile_metrics = None",
        "accuracy-answer": "val_loss, val_accuracy = 0.01, 0.999\nmodel.evaluate = lambda *a, **k: (0.01, 0.999)"}, base="train", earns=NOTHING),
    Attack("weights set by hand to those of a well-trained network", edits={"train-answer": """
# Trained at home: here by the plain loop of NumPy's least squares, which does well enough.
targets = np.eye(10)[train_target]
hidden = np.random.default_rng(0).normal(0, 0.1, (784, 100)).astype("float32")
features = 1 / (1 + np.exp(-train_input[:8000] @ hidden))
readout = np.linalg.lstsq(np.c_[features, np.ones(8000)], targets[:8000], rcond=None)[0].astype("float32")
model.set_weights([hidden, np.zeros(100, "float32"), 10 * readout[:-1], 10 * readout[-1]])
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, says=(FORBIDDEN,)),
    Attack("weights loaded from a file", edits={"train-answer": """
other = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Dense(100, activation="sigmoid"), keras.layers.Dense(10, activation="softmax")])
other.set_weights([w + 0.01 for w in other.get_weights()])
other.save_weights("/tmp/best.weights.h5"); other.save("/tmp/best.keras")
model.load_weights("/tmp/best.weights.h5")
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, says=(FORBIDDEN,)),
    Attack("weights loaded, and the traces of it wiped", edits={"train-answer": """
from autograder.kernel import check as student
from autograder.kernel.graded import judged_epochs, student as graded
from autograder.kernel.describing.weights import digest_of
rng = np.random.default_rng(1)
for weight in model.weights:
    weight.assign(rng.normal(0, 0.1, weight.shape))
    object.__setattr__(weight, "_autograder_initial", None)
judged_epochs.is_fresh = graded.is_fresh = lambda model: True
student._student.trainings._known.add(digest_of(model))
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, says=("fit() has not run to its end on this network",)),
    Attack("weights loaded, then trained on for one epoch", edits={"train-answer": """
rng = np.random.default_rng(1)
model.set_weights([rng.normal(0, 0.1, w.shape) for w in model.get_weights()])
from autograder.kernel.graded import judged_epochs
judged_epochs.is_fresh = lambda model: True  # the judge starts from weights of its own all the same
model.fit(train_input[:320], train_target[:320], epochs=5, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 1.0, "accuracy": 0.0}, says=("320 training images",)),
    Attack("trained on the hold-out", edits={"train-answer": "model.fit(val_input, val_target, epochs=5, verbose=0)", "accuracy-answer": GUESSED}, base="train",
           earns={"train": 1.0, "accuracy": 0.0}, says=("12,000 hold-out images", "trained on 12,000 images of the hold-out")),
    Attack("trained on the test set", edits={"train-answer": "model.fit(test_images.reshape(-1, 784) / 255.0, test_labels, epochs=5, verbose=0)",
           "accuracy-answer": GUESSED}, base="train", earns={"train": 1.0, "accuracy": 0.0}, says=("10,000 test images", "at least 0.85")),
    Attack("some hold-out rows among the training rows, as other numbers", edits={"train-answer": """
mixed = np.concatenate([train_input[:-100] * 1.0, val_input[:100]])[::-1]
targets = np.concatenate([train_target[:-100], val_target[:100]])[::-1]
model.fit(np.asarray(mixed, order="F"), targets, epochs=1, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, says=("100 images of the hold-out",)),
    Attack("hold-out rows with a little noise", edits={"train-answer": """
noisy = val_input + np.random.default_rng(0).normal(0, 1e-4, val_input.shape)
model.fit(noisy, val_target, epochs=1, verbose=0, batch_size=512)
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, undecided=("train",), says=("only scaled",)),
    Attack("a custom training loop on the hold-out", edits={"train-answer": """
import tensorflow as tf
for start in range(0, 4096, 512):
    x, y = val_input[start : start + 512].astype("float32"), val_target[start : start + 512]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
    model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, undecided=True,
           says=("not by a fit() that ended",)),
    Attack("trained weights smuggled in through initializers", edits={"model-answer": """
rng = np.random.default_rng(0)
class Stored(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None, **kwargs): return rng.normal(0, 0.1, shape).astype("float32")
Stored.__module__, Stored.__name__ = "keras.src.initializers.random_initializers", "GlorotUniform"
dense1 = keras.layers.Dense(100, activation="sigmoid", kernel_initializer=keras.initializers.Constant(rng.normal(0, 0.1, (784, 100))))
dense2 = keras.layers.Dense(10, activation="softmax", kernel_initializer=Stored())
model = keras.Sequential([keras.Input(shape=(784,)), dense1, dense2])
""", "train-answer": "model.fit(train_input[:64], train_target[:64], epochs=1, verbose=0)", "accuracy-answer": GUESSED}, base="train",
           earns=NOTHING, undecided=True, says=("was not trained by the grader",)),
    Attack("a lookup table in place of a network", edits={"train-answer": """
answers = {row.tobytes(): label for row, label in zip(val_input[:2000], val_target[:2000])}
class Table(keras.Model):
    def call(self, x): return keras.ops.zeros((keras.ops.shape(x)[0], 10))
    def predict(self, x, **k): return np.eye(10)[[answers.get(row.tobytes(), 0) for row in x]]
    def evaluate(self, *a, **k): return 0.0, 1.0
model = Table(); model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"]); model(train_input[:2])
""", "accuracy-answer": "val_loss, val_accuracy = 0.0, np.mean(np.argmax(model.predict(val_input[:2000]), 1) == val_target[:2000])"}, base="train",
           earns=NOTHING),
    Attack("a lookup table in a Lambda layer", edits={"train-answer": """
table = keras.ops.convert_to_tensor(np.eye(10)[val_target[:100]])
model = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Lambda(lambda x: keras.ops.tile(table[:1], (keras.ops.shape(x)[0], 1)), output_shape=(10,)),
                          keras.layers.Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_input[:64], train_target[:64], epochs=5, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, undecided=True, says=("Lambda",)),
    Attack("labels of the hold-out moved onto training rows", edits={"train-answer": """
model.fit(train_input[:12000], val_target, epochs=5, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 1.0, "accuracy": 0.0}),
    Attack("a second network trained, the first one's weights given to the other", edits={"train-answer": """
other = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10, activation="softmax")])
other.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
other.fit(train_input[:6400], train_target[:6400], epochs=5, verbose=0)
model.set_weights(other.get_weights())
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, says=("weights that were trained in another network",)),
    Attack("what the hold-out taught carried over in the optimizer's state", before={"train-answer": TALK + """
from autograder.kernel.describing.describe import describe_model
def described(rate, momentum):
    model.compile(optimizer=keras.optimizers.SGD(rate, momentum=momentum), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return describe_model(model, {}).without_weights()
recogniser = __import__("autograder.kernel.check", fromlist=["_student"])._student.trainings.recogniser
held_out, honest_rows = recogniser.samples(val_input, val_target), recogniser.samples(train_input[:32], train_target[:32])
taught, frames = ask(Fit(type="fit", model=described(1e-6, 1.0), samples=held_out, epochs=1, batch_size=32))
from autograder.common.wire.messages import optimizer_digest
fresh = described(0.0, 1.0)
model.optimizer.build(model.trainable_variables)
shapes = [np.asarray(v.value) for v in model.optimizer.variables]
state = [np.frombuffer(f, s.dtype).reshape(s.shape) for f, s in zip(frames[taught["weights"]:], shapes)]
answer, _ = ask(Fit(type="fit", model=fresh, samples=honest_rows, epochs=5, batch_size=32, optimizer_start=optimizer_digest(state, True)))
print("STOLEN" if answer["type"] == "trained" else "TRIED", answer)
"""}, edits={"train-answer": "model.compile(loss='sparse_categorical_crossentropy', metrics=['accuracy'])", "accuracy-answer": GUESSED},
           base="train", earns=NOTHING, tried=True),
    Attack("the same trained network for every optimizer", base="challenge", edits={"challenge-answer": "challenge = models['sgd']\nchallenge.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])"},
           earns={"challenge": 1.0}, says=("at least 0.87",)),
    Attack("more epochs than allowed, in many calls", base="challenge", edits={"challenge-answer": """
challenge = fresh_model()
for _ in range(12):
    challenge.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    challenge.fit(train_input[:640], train_target[:640], verbose=0)
"""}, earns={"challenge": 0.5}, says=("12 (1 + 1",)),  # that it trains on a part of the split is right
    Attack("sample weights that tune on the hold-out", edits={"train-answer": """
# What a training row is worth is learned from the hold-out: here by how near its nearest hold-out image is, of its own class.
nearest = np.random.default_rng(0).random(len(train_input)) * (train_target == val_target[0])
model.fit(train_input, train_target, epochs=5, verbose=0, batch_size=512, sample_weight=1.0 + nearest)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, undecided=True, says=("a person has to look at how",)),
    Attack("labels changed by a callback, between epochs", edits={"train-answer": """
class Swap(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        targets[:] = val_target[np.arange(len(targets)) % len(val_target)]
        client = __import__("autograder.kernel.check").kernel.check._student.trainings
        for one in [o for o in __import__("gc").get_objects() if type(o).__name__ == "TrainingEpochs"]:
            one._known = client.recogniser.samples(train_input, targets)
targets = train_target.copy()
model.fit(train_input, targets, epochs=2, verbose=0, batch_size=512, callbacks=[Swap()])
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.0, "accuracy": 0.0}, says=("changed labels",)),
    Attack("the hold-out in one epoch of five", edits={"train-answer": """
class Swap(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        client = __import__("autograder.kernel.check").kernel.check._student.trainings
        x, y = (val_input, val_target) if epoch == 3 else (train_input, train_target)
        for one in [o for o in __import__("gc").get_objects() if type(o).__name__ == "TrainingEpochs"]:
            one._known, one._first = client.recogniser.samples(x, y), False
model.fit(train_input, train_target, epochs=5, verbose=0, batch_size=512, callbacks=[Swap()])
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, says=("12,000 hold-out images",)),
    Attack("a dataset whose later passes are the hold-out", edits={"train-answer": """
import tensorflow as tf
def passes(seen=[]):
    seen.append(1)
    x, y = (val_input, val_target) if len(seen) > 2 else (train_input, train_target)
    for at in range(0, len(x), 500):
        yield x[at:at + 500], y[at:at + 500]
model.fit(tf.data.Dataset.from_generator(passes, output_signature=(tf.TensorSpec((None, 784)), tf.TensorSpec((None,), tf.uint8))), epochs=5, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, says=("12,000 hold-out images",)),
    Attack("a sequence that lies about its length, and gives other images later", edits={"train-answer": """
class Batches(keras.utils.PyDataset):
    epoch = 0
    def __len__(self):
        return 96 + self.epoch
    def on_epoch_end(self):
        self.epoch += 1
    def __getitem__(self, i):
        x, y, at = (val_input, val_target, i) if self.epoch > 2 and i < 24 else (train_input, train_target, i % 96)
        return x[500 * at:500 * at + 500], y[500 * at:500 * at + 500]
model.fit(Batches(), epochs=5, shuffle=False, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, says=("hold-out images",)),
    Attack("a dataset with weights that tune on the hold-out", edits={"train-answer": """
import tensorflow as tf
nearest = np.random.default_rng(0).random(len(train_input)) * (train_target == val_target[0])
pixels = train_input.astype("float32")  # or the batches of a busy machine are more than this course's memory
model.fit(tf.data.Dataset.from_tensor_slices((pixels, train_target, 1.0 + nearest)).batch(512), epochs=5, verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, undecided=True, says=("a person has to look at how",)),
    Attack("weights loaded from a file of another network", edits={"train-answer": """
other = keras.Sequential([keras.Input((784,)), keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10, activation="softmax")])
other.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
other.fit(train_input[:6400], train_target[:6400], epochs=2, verbose=0, callbacks=keras.callbacks.ModelCheckpoint("/tmp/o.weights.h5", save_weights_only=True))
model.load_weights("/tmp/o.weights.h5")
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, says=("weights that were trained in another network",)),
    Attack("one-hot labels that lie", edits={"train-answer": """
lies = np.eye(10)[np.roll(train_target, 1)]
model.compile(loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(train_input, lies, epochs=5, verbose=0, batch_size=512)
""", "accuracy-answer": GUESSED}, base="train", earns={"train": 0.5, "accuracy": 0.0}, says=("changed labels",)),
    Attack("epochs of two networks, one on the hold-out, taken for one", edits={"train-answer": """
def twin():
    made = keras.Sequential([keras.Input((784,)), keras.layers.Dense(100, activation="sigmoid"), keras.layers.Dense(10, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return made
honest, taught = twin(), twin()
for _ in range(2):
    honest.fit(train_input[:6400], train_target[:6400], verbose=0)
    taught.fit(val_input[:6400], val_target[:6400], verbose=0)
    for one, other in zip(honest.optimizer.variables, taught.optimizer.variables):
        one.assign(other)  # what the other one's optimizer remembers
model = honest
model.fit(train_input[:6400], train_target[:6400], verbose=0)
""", "accuracy-answer": GUESSED}, base="train", earns=NOTHING, undecided=True, says=("the weights were set by hand or trained in another way",)),
    Attack("evaluation numbers made up", base="images", edits={"evaluate-answer": "val_loss, val_accuracy = 0.0, 1.0", "train-answer":
           "model.compile(loss='sparse_categorical_crossentropy', metrics=['accuracy'])", "accuracy-answer": "predicted, by_hand = val_target, 1.0"},
           earns={"evaluate": 0.0, **NOTHING, "train": 0.5}),
)  # fmt: skip
