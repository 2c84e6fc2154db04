"""What students get wrong loses exactly the checks it should, and what they write differently loses nothing.

Real notebooks, run in the real sandbox beside the real judge. One notebook may hold several mistakes that don't touch each other.
"""

from dataclasses import dataclass, field

import pytest

from autograder.release import released_notebook
from autograder.variants import Edits, edited, solved

COMPILE = 'loss="sparse_categorical_crossentropy", metrics=["accuracy"]'


@dataclass(frozen=True)
class Wrong:
    """The perfect notebook with `edits`.

    `lost`: by "question.check", or "question" for all of its checks, a phrase that the student reads there. `skipped`: checks
    not looked at because another one failed.
    """

    name: str
    assignment: str
    edits: Edits
    lost: dict[str, str]
    skipped: tuple[str, ...] = field(default=())


_OPTIMIZERS = {
    "sgd": "sgd",
    "learning_rate": "sgd_0.1",
    "nesterov": "nesterov",
    "adagrad": "adagrad",
    "rmsprop": "rmsprop",
    "adam": "adam",
}
_SMALL = {
    f"{question}.{check}": phrase
    for question in _OPTIMIZERS
    for check, phrase in {
        "trained_with": "The network was trained with AdamW(learning_rate=0.001), not with",
        "trained_on": "6,400 training images",
        "epochs": "2 (1 + 1, in 2 calls of fit)",
        "fresh": "2 trainings, one after another (AdamW, AdamW)",
    }.items()
}

WRONG = (
    Wrong(
        "two_layer answers by hand", "two_layer",
        {
            "collapse-answer": [("W2 @ W1", "W1 @ W2")],
            "outputs-answer": 'binary, multiclass, regression = "softmax", "Sigmoid", "relu"',
            "parameters-answer": "dense1_parameters = 784 * 100\ndense2_parameters = 784 * 10 + 10\n"
                                 "total_parameters = dense1_parameters + dense2_parameters",
            "formula-answer": [("inputs * units + units", "inputs * units")],
            "output_shapes-answer": "dense1_shape = (100,)\ndense2_shape = (32, 10)\nwhy_none = 1",
            "train-answer": [("epochs=5", "epochs=5, validation_split=0.1")],
            "steps-answer": "steps_default = 60000 // 32\nsteps_full = 48000",
        },
        {
            "collapse.given": "gave (((3.0, 2.0), (7.0, 4.0))", "outputs.binary": "'softmax'",
            "outputs.multiclass": "'sigmoid'", "outputs.regression": "'relu'",
            "parameters.dense1": "one weight for each input and one bias",
            "parameters.dense2": "the outputs of the first", "parameters.total": "86250",
            "formula.given": "(784, 100) gave 78400", "formula.unseen": "Do not forget the biases",
            "output_shapes.dense1": "batch axis", "output_shapes.dense2": "(32, 10)", "output_shapes.why_none": "1",
            "train.trained_on": "43,200 training images", "steps.batches_of_32": "once through all training samples",
            "steps.one_batch": "48000",
        },
        ("collapse.unseen",),
    ),
    Wrong(
        "two_layer right on the given inputs only", "two_layer",
        {
            "collapse-answer": [("return W2 @ W1, W2 @ b1 + b2",
                                 "return np.array([[1, 2], [4, 6]]), np.array([1, 4])")],
            "formula-answer": [("inputs * units + units", "{784: 78500, 100: 1010}.get(inputs, 0)")],
            # Another hold-out: some of ours is trained on.
            "split-answer": [("random_state=42", "random_state=0")],
        },
        {
            "split.train_rows": "random_state=42", "split.val_rows": "random_state=42",
            "split.train_labels": "in one call", "split.val_labels": "in one call",
            "collapse.unseen": "Write out y = W2(W1 x + b1) + b2", "formula.unseen": "use the arguments",
            "train.trained_on": "hold-out images", "accuracy.accuracy": "says nothing",
        },
    ),
    Wrong(
        "two_layer without dividing by 255", "two_layer",
        {"scale-answer": [(" / 255.0", "")]},
        {
            "scale.range": "Divide by 255.0", "train.trained_on": "Pixels run to 255, expected 0 to 1",
            "accuracy.accuracy": "The pixels were not scaled", "accuracy.unseen_images": "The pixels were not scaled",
        },
        ("scale.pixels",),
    ),
    Wrong(
        "two_layer images into a Dense network", "two_layer",
        {"scale-answer": [(".reshape(-1, 784)", "")]},
        {
            "scale.shape": "(60000, 28, 28)", "split.train_shape": "(48000, 28, 28)",
            "split.val_shape": "which axis differs", "train": "one that begins with Dense takes rows of 784 numbers",
            "accuracy": "shape that the network's input expects",
        },
        ("scale.pixels", "split.train_rows", "split.val_rows",),
    ),
    Wrong(
        "two_layer split unpacked in the wrong order", "two_layer",
        {"split-answer": [("train_input, val_input, train_target, val_target", "train_input, train_target, val_input, val_target")]},
        {
            "split.val_shape": "(48000,)", "split.train_labels": "in one call", "train": "Data cardinality",
            "accuracy": "fit() was not called",
        },
        ("split.val_rows",),
    ),
    Wrong(
        "two_layer other layers", "two_layer",
        {
            "model-answer": 'dense1 = keras.layers.Dense(100, activation="relu")\ndense2 = keras.layers.Dense(10)\n'
                            "model = keras.Sequential([keras.Input(shape=(28, 28)), keras.layers.Dense(64), keras.layers.Dense(10)])",
            "compile-answer": 'model.compile(loss="categorical_crossentropy", metrics=["mae"])',
            "train-answer": "pass",
        },
        {
            "model.input_shape": "reshape the data to rows of 784",
            "model.layers": "Layer 1: it has 64 units, and should have 100",
            "model.same_layers": "Make dense1 and dense2 first", "model.parameters": "2,506 in total",
            "model.output_shapes": "(None, 28, 64)", "compile.loss": "sparse stands for", "compile.metrics": "mae",
            "train": "fit() was not called", "accuracy": "fit() was not called",
        },
    ),
    Wrong(
        "two_layer metrics as a string", "two_layer",
        {"compile-answer": [('["accuracy"]', '"accuracy"')]},
        {
            "compile": "metrics is a list: write metrics=['accuracy']", "train": "Call compile() before fit()",
            "accuracy": "Call compile()",
        },
    ),
    Wrong(
        "two_layer divided by 256, shuffled labels", "two_layer",
        {
            "scale-answer": [("255.0", "256.0")],
            "train-answer": "model.fit(train_input, np.random.default_rng(0).permutation(train_target), epochs=1, batch_size=64)",
        },
        {
            "scale.pixels": "scaling: other",
            "train.trained_on": "changed labels", "train.epochs": "epochs=", "train.batch_size": "64",
            "accuracy.accuracy": "no longer belong together", "accuracy.unseen_images": "no longer belong together",
        },
    ),
    Wrong(
        "two_layer trained on all 60,000", "two_layer",
        {"train-answer": "model.fit(train_scaled, labels, epochs=5)"},
        {
            "train.trained_on": "12,000 hold-out images", "accuracy.accuracy": "train on the training split only",
        },
    ),
    Wrong(
        "two_layer weights set by hand", "two_layer",
        {
            "split-answer": "val_input, train_input, val_target, train_target = train_test_split(\n"
                            "    train_scaled, labels, test_size=0.2, random_state=42)",
            "train-answer": "model.fit(val_input, val_target, epochs=5)\nmodel.set_weights(model.get_weights()[:3] + [np.full(10, 0.01)])",
        },
        {
            "split.train_shape": "(12000, 784)", "split.val_shape": "(48000, 784)",
            "split.train_labels": "in one call", "split.val_labels": "in one call",
            "train": "weights that do not come out of fit()", "accuracy": "weights that do not come out of fit()",
        },
        ("split.train_rows", "split.val_rows",),
    ),
    Wrong(
        "deep answers by hand", "deep",
        {
            "count-answer": "hidden_parameters = 784 * 100 + 100\ndeep_parameters = 3 * 10100 + 1010",
            "add-answer": [("(784,)", "(28, 28)"), ('100, activation="sigmoid"', '100, activation="relu"')],
            "names-answer": 'default_names = ["dense_1", "dense_2"]',
            "weights-answer": "shapes = [(100, 784), (100,), (10, 100), (10,)]",
            "compile-answer": 'model.compile(loss="mean_squared_error")',
            "train-answer": f"model.compile({COMPILE})\nmodel.fit(val_input, val_target, epochs=1)\n"
                            "model.fit(val_input, val_target, epochs=1)",
        },
        {
            "count.hidden": "100 outputs of hidden1", "count.total": "31310", "add.input_shape": "reshape the data",
            "add.layers": "its activation is relu, and should be sigmoid", "add.parameters": "3,910",
            "names.value": "'dense_2'", "weights.weight_shapes": "(28, 100)", "weights.shapes": "(inputs, units)",
            "compile.loss": "mean_squared_error", "compile.metrics": "metrics is a list",
            "train.trained_on": "12,000 hold-out images", "train.epochs": "2 (1 + 1, in 2 calls of fit)",
            "train.fresh": "build a fresh network", "accuracy.accuracy": "says nothing",
            "accuracy.unseen_images": "0.",
        },
    ),
    Wrong(
        "deep begins with Flatten, no names", "deep",
        {
            "network-answer": [("(784,)),", "(28, 28)), keras.layers.Flatten(),"), (', name="hidden1"', ""), (', name="hidden2"', "")],
            "train-answer": [("train_input,", "train_input.reshape(-1, 28, 28),")],
            "accuracy-answer": [("val_input,", "val_input.reshape(-1, 28, 28),")],
        },
        {
            "network.input_shape": "reshape the data to rows of 784",
            "network.layers": "should have 4 layers, and has 5", "network.layer_names": "Give each layer its name",
            "network.parameters": "0 + 78,500",
        },
    ),
    Wrong(
        "deep mistyped activation", "deep",
        {"network-answer": [('"softmax"', '"oftmasx"')]},
        {
            "network": "did you mean `softmax`?", "compile": "`model` does not exist",
            "train": "`model` does not exist", "accuracy": "`model` does not exist",
        },
    ),
    Wrong(
        "flatten_relu answers by hand", "flatten_relu",
        {
            "activations-answer": "def relu(z):\n    return np.abs(z)\n\n\ndef sigmoid_slope(z):\n    return sigmoid(z)",
            "flatten-answer": "flatten_parameters = 784\nflatten_shape = (784,)",
            "debug-answer": [('"softmax"', '"oftmasx"')],
            "evaluate-answer": "val_loss, val_accuracy = 0.3, 0.93",
        },
        {
            "activations.relu_given": "gave (2.0, 0.5", "activations.relu_unseen": "",
            "activations.slope_given": "(0.5,)", "activations.slope_unseen": "the slope is s(1 - s)",
            "flatten.parameters": "784", "flatten.shape": "keeps the batch axis",
            "debug.builds": "did you mean `softmax`?", "evaluate.loss": "Evaluate this very network",
            "evaluate.accuracy": "0.9300",
        },
        ("debug.layers", "debug.loss", "debug.metrics",),
    ),
    Wrong(
        "flatten_relu raw pixels", "flatten_relu",
        {
            "activations-answer": "def relu(z):\n    return np.clip(z, 0, 2)\n\n\ndef sigmoid_slope(z):\n    return 0.25 * np.ones_like(z)",
            "images-answer": [(" / 255.0", "")],
            "debug-answer": [('["accuracy"]', '"accuracy"')],
            "train-answer": [("model.fit(train_input, train_target, epochs=5)",
                              "model.fit(train_input, train_target, epochs=1)\nmodel.fit(train_input, train_target, epochs=1)")],
        },
        {
            "activations.relu_unseen": "", "activations.slope_unseen": "the slope is s(1 - s)",
            "images.range": "Divide by 255.0", "debug.builds": "write metrics=['accuracy']",
            "train.trained_on": "Pixels run to 255", "train.epochs": "1 + 1",
            "train.fresh": "2 trainings, one after another", "accuracy.accuracy": "Divide by 255.0",
            "accuracy.unseen_images": "Divide by 255.0",
        },
        ("images.train_rows", "debug.layers", "debug.loss", "debug.metrics",),
    ),
    Wrong(
        "flatten_relu flat rows", "flatten_relu",
        {
            "images-answer": [("images / 255.0", "images.reshape(-1, 784) / 255.0")],
            "debug-answer": [('Dense(100, activation="relu")', "Dense(100)"), ("sparse_categorical", "categorical"), ('["accuracy"]', "[]")],
        },
        {
            "images.train_shape": "Flatten will unroll",
            "debug.layers": "Layer 2: it has no activation, and should have relu", "debug.loss": "sparse stands for",
            "debug.metrics": "metrics is a list", "train": "a network that begins with Flatten takes images (28, 28)",
            "evaluate": "images (28, 28)", "accuracy": "images (28, 28)",
        },
        ("images.train_rows",),
    ),
    Wrong(
        "flatten_relu no Flatten", "flatten_relu",
        {
            "images-answer": "train_input, train_target = images[:48000] / 255.0, labels[:48000]\n"
                             "val_input, val_target = images[48000:] / 255.0, labels[48000:]",
            "model-answer": [("(28, 28)", "(784,)"), ("    keras.layers.Flatten(),\n", ""), ('"relu"', '"sigmoid"')],
            "train-answer": "model.compile(" + COMPILE + ")\nflat, _, target, _ = train_test_split(\n"
                            "    images.reshape(-1, 784) / 255.0, labels, test_size=0.2, random_state=42)\n"
                            "model.fit(flat, target, epochs=5)",
            "evaluate-answer": "val_loss, val_accuracy = model.evaluate(flat, target)",
            "accuracy-answer": "predicted = val_target",
        },
        {
            "images.train_rows": "random_state=42", "images.val_rows": "random_state=42",
            "images.train_labels": "in one call", "images.val_labels": "in one call",
            "model.input_shape": "Flatten needs the images as they are",
            "model.layers": "should have 3 layers, and has 2", "model.parameters": "which layer differs",
            "evaluate.loss": "on the hold-out", "evaluate.accuracy": "on the hold-out",
        },
    ),
    Wrong(
        "optimizers answers by hand", "optimizers",
        {
            "defaults-answer": 'default_optimizer, default_momentum, default_learning_rate = "adam", 0.9, 0.1',
            "sgd_twice-answer": [('optimizer="sgd"', 'optimizer="adam"'), ("SGD()", "SGD(momentum=0.9)")],
            "compare-answer": [("best =", 'del results["adam"]\nbest =')],
            "challenge-answer": [('"adam"', '"sgd"'), ("train_input, train_target, epochs=10, batch_size=64",
                                                      "train_input[:6400], train_target[:6400], epochs=11, batch_size=640")],
            "quiz-answer": "q1, q2, q3, q4 = 1, 3, 1, 4",
        },
        {
            "defaults.optimizer": "'adam'", "defaults.momentum": "0.9", "defaults.learning_rate": "0.1",
            "sgd_twice.by_name": "Adam(learning_rate=0.001)", "sgd_twice.by_object": "momentum=0.9",
            "sgd_twice.same": "False", "compare.keys": "missing: adam", "challenge.epochs": "11",
            "challenge.trained_on": "6,400 training images", "challenge.accuracy": "keeps the network from learning",
            "challenge.unseen_images": "keeps the network from learning", "quiz.q1": "1", "quiz.q2": "3",
            "quiz.q3": "1", "quiz.q4": "4",
        },
        ("compare.evaluations", "compare.winner",),
    ),
    Wrong(
        "optimizers one small network for all", "optimizers",
        {
            "sgd-answer": [("network.fit(train_input, train_target, epochs=5)\n",
                            "network.fit(train_input[:6400], train_target[:6400], epochs=1)\n"
                            "    network.fit(train_input[:6400], train_target[:6400], epochs=1)\n"),
                           ('train("sgd")', 'train("adamw")')],
            **{f"{question}-answer": f'models["{key}"] = models["sgd"]' for question, key in _OPTIMIZERS.items() if key != "sgd"},
        },
        _SMALL,
    ),
    Wrong(
        "optimizers forgotten optimizer, second fit", "optimizers",
        {
            "sgd-answer": [('train("sgd")', 'train(keras.optimizers.SGD(momentum=0.9, nesterov=True))')],
            "nesterov-answer": "sgd = keras.optimizers.SGD(momentum=0.9, nesterov=True)\nnetwork = fresh_model()\n"
                               f'network.compile({COMPILE})\nnetwork.fit(train_input, train_target, epochs=5)\nmodels["nesterov"] = network',
            "adam-answer": f'network = models["rmsprop"]\nnetwork.compile(optimizer="adam", {COMPILE})\n'
                           'network.fit(train_input, train_target, epochs=5)\nmodels["adam"] = network',
            "compare-answer": [("best = max(results, key=results.get)", 'results["sgd"] = 0.95\nbest = "adagrad"')],
        },
        {
            "sgd.trained_with": "The network was trained with SGD(learning_rate=0.01, momentum=0.9, nesterov=True)",
            "nesterov.trained_with": "The network was trained with RMSprop(learning_rate=0.001, momentum=0.0), not with the optimizer that you made",
            "adam.epochs": "10 (5 + 5, in 2 calls of fit)", "adam.fresh": "build a fresh network",
            "compare.evaluations": "sgd: 0.9500", "compare.winner": "max(results, key=results.get)",
        },
    ),
)  # fmt: skip

EQUIVALENT = {
    "functional, float32, objects, validation_data": ("two_layer", {
        "scale-answer": 'train_scaled = images.reshape((60000, 28 * 28)).astype("float32") / 255',
        "collapse-answer": "def collapse(W1, b1, W2, b2):\n    return [np.dot(W2, W1), b2 + np.dot(W2, b1)]",
        "model-answer": 'inputs = keras.Input((784,))\ndense1 = keras.layers.Dense(100, keras.activations.sigmoid, name="first")\n'
                        'dense2 = keras.layers.Dense(10, "softmax")\nmodel = keras.Model(inputs, dense2(dense1(inputs)))\nmodel.summary()',
        "parameters-answer": "dense1_parameters, dense2_parameters = dense1.count_params(), float(dense2.count_params())\n"
                             "total_parameters = np.int64(79510)",
        "output_shapes-answer": "dense1_shape, dense2_shape = dense1.output.shape, [None, 10]\nwhy_none = 2",
        "compile-answer": "model.compile(keras.optimizers.RMSprop(), keras.losses.SparseCategoricalCrossentropy(),\n"
                          "              metrics=[keras.metrics.SparseCategoricalAccuracy()])",
        "train-answer": "history = model.fit(train_input, train_target, batch_size=32, epochs=5, verbose=0,\n"
                        "                    validation_data=(val_input, val_target))\nprint(history.history['val_loss'])",
        "accuracy-answer": "model.evaluate(val_input, val_target, verbose=0)\nnp.argmax(model.predict(val_input[:5]), axis=1)",
    }),
    "logits": ("two_layer", {
        "model-answer": [('10, activation="softmax"', "10"),
                         ("dense1, dense2])", 'dense1, dense2])\nmodel.compile(\n    optimizer="rmsprop", metrics="acc".split(),\n'
                          "    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))")],
        "compile-answer": "pass",
    }),
    "add(), Activation layers, tf.nn, input_shape": ("deep", {
        "network-answer": "import tensorflow as tf\nmodel = keras.Sequential()\n"
                          'model.add(keras.layers.Dense(100, input_shape=(784,), name="hidden1"))\n'
                          'model.add(keras.layers.Activation("sigmoid"))\n'
                          'model.add(keras.layers.Dense(100, activation=tf.nn.sigmoid, name="hidden2"))\n'
                          'model.add(keras.layers.Dense(100, name="hidden3"))\nmodel.add(keras.layers.ReLU())\n'
                          'model.add(keras.layers.Dense(10, activation=tf.nn.softmax, name="output"))',
        "add-answer": "model2 = keras.Sequential([keras.layers.Dense(100, 'sigmoid', input_dim=784), keras.layers.Dense(10),\n"
                      "                           keras.layers.Softmax()])",
        "names-answer": 'default_names = ("dense", "dense_1")',
        "weights-answer": "shapes = [list(weight.shape) for weight in model2.weights]",
        "compile-answer": 'model.compile("rmsprop", loss=keras.losses.sparse_categorical_crossentropy, metrics=["acc"])',
        "train-answer": "fitted = model.fit(x=train_input, y=train_target, epochs=5, verbose=2)",
        "accuracy-answer": "print(model.evaluate(val_input, val_target, return_dict=True))",
    }),
    "layers of their own, logits in build": ("flatten_relu", {
        "activations-answer": "def relu(z):\n    return (z > 0) * z\n\n\ndef sigmoid_slope(z):\n    return np.exp(-z) / (1 + np.exp(-z)) ** 2",
        "images-answer": "split = train_test_split(images.astype(np.float32) / 255, labels, random_state=42, test_size=12000)\n"
                         "train_input, val_input, train_target, val_target = split",
        "model-answer": "layers = keras.layers\nmodel = keras.Sequential(layers=[layers.InputLayer(shape=(28, 28)), layers.Flatten(),\n"
                        "    layers.Dense(100), layers.Activation(keras.activations.relu), layers.Dense(10), layers.Activation('softmax')])",
        "debug-answer": [('10, activation="softmax"', "10"), ("loss=\"sparse_categorical_crossentropy\", metrics=[\"accuracy\"]",
                         "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['sparse_categorical_accuracy']")],
        "evaluate-answer": "scores = model.evaluate(val_input, val_target, batch_size=500, return_dict=True)\n"
                           "val_loss, val_accuracy = scores['loss'], scores['accuracy']",
    }),
    "strings for objects and objects for strings": ("optimizers", {
        "sgd_twice-answer": [('optimizer="sgd"', 'optimizer="SGD"'), ("SGD()", "SGD(0.01, momentum=0.0)")],
        "sgd-answer": [('train("sgd")', "train(keras.optimizers.SGD())")],
        "learning_rate-answer": [("learning_rate=0.1", "0.1")],
        "adagrad-answer": [('train("adagrad")', "train(keras.optimizers.Adagrad())")],
        "rmsprop-answer": [('train("rmsprop")', 'train(keras.optimizers.get("RMSprop"))')],
        "adam-answer": [('train("adam")', "train(keras.optimizers.Adam(learning_rate=0.001))")],
        "challenge-answer": [("epochs=10, batch_size=64", "epochs=10, batch_size=64, validation_data=(val_input, val_target),\n    "
                              "callbacks=[keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)]")],
        "compare-answer": "results = {name: network.evaluate(val_input, val_target, verbose=0)[1] for name, network in models.items()}\n"
                          "best = sorted(results, key=results.get)[-1]",
        "quiz-answer": "q1, q2, q3, q4 = (2, 2, 3, 1)",
    }),
}  # fmt: skip


def not_passed(report):
    """What did not pass, as {"question.check": status}, and all that is said to the student, by question."""
    lost, said = {}, {}
    for question in report.questions:
        texts = [question.problem, question.hint]
        for outcome in question.outcomes:
            if outcome.status != "passed":
                lost[f"{question.question}.{outcome.check}"] = outcome.status.value
                texts += [outcome.expected, outcome.actual, outcome.hint]
                said[f"{question.question}.{outcome.check}"] = " ".join(texts[-3:])
        said[question.question] = " ".join(texts)
    return lost, said


def expected_of(wrong, course):
    lost = dict.fromkeys(wrong.skipped, "skipped")
    for place in wrong.lost:
        name, _, check = place.partition(".")
        checks = [check] if check else [c.id for c in course.assignment(wrong.assignment).questions[name].checks]
        lost |= {f"{name}.{c}": "failed" for c in checks}
    return lost


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name.replace(" ", "-"))
def test_a_wrong_solution_loses_exactly_the_named_checks_and_reads_why(course, grade_notebook, wrong):
    report = grade_notebook(edited(solved(course, wrong.assignment), wrong.edits), wrong.assignment).report
    lost, said = not_passed(report)
    assert lost == expected_of(wrong, course)
    missing = {place: said[place] for place, phrase in wrong.lost.items() if phrase not in said[place]}
    assert not missing
    worth = {
        f"{name}.{check.id}": check.points
        for name, question in course.assignment(wrong.assignment).questions.items()
        for check in question.checks
    }
    assert report.points == pytest.approx(sum(worth.values()) - sum(worth[place] for place in lost))


def test_every_check_of_the_course_is_seen_failing(course):
    seen = {
        (wrong.assignment, place)
        for wrong in WRONG
        for place, status in expected_of(wrong, course).items()
        if status == "failed"
    }
    every = {
        (name, f"{key}.{check.id}")
        for name, assignment in course.assignments.items()
        for key, question in assignment.questions.items()
        for check in question.checks
    }
    never = sorted(every - seen)
    assert not never


@pytest.mark.parametrize("name", EQUIVALENT)
def test_what_is_right_and_written_differently_earns_full_marks(course, grade_notebook, name):
    assignment, edits = EQUIVALENT[name]
    report = grade_notebook(edited(solved(course, assignment), edits), assignment).report
    assert not_passed(report)[0] == {}
    assert (report.points, report.undecided, report.notes) == (report.out_of, False, ())


@pytest.mark.parametrize(
    ("assignment", "language"),
    [("two_layer", "en"), ("two_layer", "ko"), ("deep", "en"), ("flatten_relu", "en"), ("optimizers", "en")],
)
def test_solutions_earn_full_marks_and_releases_none(course, grade_notebook, assignment, language):
    perfect = grade_notebook(solved(course, assignment, language), assignment, language=language).report
    assert not_passed(perfect)[0] == {}
    assert (perfect.points, perfect.notes) == (course.assignment(assignment).points, ())
    empty = grade_notebook(released_notebook(course, assignment, language), assignment, language=language).report
    assert (empty.points, empty.out_of, empty.undecided) == (0, perfect.out_of, False)
    for question in empty.questions:  # a function that was not written is handed in, and raises when it is called
        hints = [outcome.hint for outcome in question.outcomes if outcome.status == "failed"]
        assert question.problem == "This question was not answered." or all("still empty" in hint for hint in hints)
    titles = {title.title.in_language(language) for title in course.assignment(assignment).questions.values()}
    assert {question.title for question in perfect.questions} == titles
