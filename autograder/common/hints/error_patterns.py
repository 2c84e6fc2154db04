"""What beginners raise most with Keras 3 and NumPy, and what to do about each: patterns of messages, tried in this order.

A hint may name what a pattern's groups found, and `guess`: the known name that is nearest to the group `name`. Messages are cut
to a few hundred characters where they travel, so that a pattern looks for what stands early.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograder.common.i18n import N_
from autograder.common.keras_tables import keras_names

COMPILE = ("optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly", "steps_per_execution")
FIT = (
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle", "class_weight",
    "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps", "validation_batch_size", "validation_freq",
)  # fmt: skip
MODEL = (
    "add", "build", "compile", "count_params", "evaluate", "fit", "get_config", "get_layer", "get_weights", "input_shape", "layers",
    "load_weights", "metrics_names", "name", "optimizer", "output_shape", "pop", "predict", "save", "save_weights", "set_weights",
    "summary", "trainable", "weights",
)  # fmt: skip
IMPORTS = {
    "np": "import numpy as np", "numpy": "import numpy", "keras": "import keras", "tf": "import tensorflow as tf", "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt", "train_test_split": "from sklearn.model_selection import train_test_split",
    "check": "from autograder import check",
}  # fmt: skip

Names = Callable[[Mapping[str, str]], Sequence[str]]


def of_module(found: Mapping[str, str]) -> Sequence[str]:
    """What Keras's module `module` holds, as far as it is known."""
    kind = found["module"].rpartition(".")[2]
    if kind in ("layers", "losses", "metrics", "optimizers", "activations", "initializers", "regularizers"):
        own: keras_names.Kind = kind  # type: ignore[assignment]
        return [*keras_names.known(own), *keras_names.spellings(own)]
    return (
        "layers",
        "losses",
        "metrics",
        "optimizers",
        "activations",
        "Sequential",
        "Model",
        "Input",
        "utils",
        "datasets",
        "callbacks",
    )


def settings_of_optimizers(_found: Mapping[str, str]) -> Sequence[str]:
    return sorted({key for name in keras_names.known("optimizers") for key in keras_names.settings("optimizers", name)})


def settings_of_layer(found: Mapping[str, str]) -> Sequence[str]:
    return list(keras_names.settings("layers", found["layer"]))


# By the word that Keras has for it in its messages, what a name is, and what to do about one that stands in another's place.
KINDS: Mapping[str, keras_names.Kind] = {
    "optimizer": "optimizers", "loss": "losses", "metric": "metrics", "activation function": "activations", "initializer": "initializers",
    "regularizer": "regularizers",
}  # fmt: skip
BELONGS: Mapping[keras_names.Kind, str] = {
    "optimizers": N_("`{name}` is an optimizer: give it to compile() by its name, optimizer='{name}'."),
    "losses": N_("`{name}` is a loss: give it to compile() by its name, loss='{name}'."),
    "metrics": N_("`{name}` is a metric: give it to compile() in a list, metrics=['{name}']."),
    "activations": N_("`{name}` is an activation function: give it to a layer, activation='{name}'."),
    "initializers": N_("`{name}` is an initializer: give it to a layer, kernel_initializer='{name}'."),
    "regularizers": N_("`{name}` is a regularizer: give it to a layer, kernel_regularizer='{name}'."),
    "layers": N_("`{name}` is a layer: it stands in the network by itself, keras.layers.{name}(...)."),
}


class Rule(NamedTuple):
    """`pattern` is searched in ``Class: message``. `near`: the known names that `guess` is taken from; `alone`: the hint without one."""

    pattern: re.Pattern[str]
    hint: str
    near: Names | None = None
    alone: str = ""


def _rule(pattern: str, hint: str, near: Names | None = None, alone: str = "") -> Rule:
    return Rule(re.compile(pattern), hint, near, alone)


_GUESSED = N_("There is no `{name}` here; did you mean `{guess}`?")
_UNKNOWN = N_("There is no `{name}` here: is it spelled right?")
_NO_CLASS = N_("`{name}` is a class: write `{name}()`, with brackets, to make one.")
_NOTHING = N_(
    "Something is None: a function without `return` gives None, and so do add(), compile() and summary(); write `model.add(...)`, "
    "not `model = model.add(...)`."
)
_NUMBERS = N_("A text in quotes is no number: leave out the quotes, or convert it with int() or float().")
_NO_INPUT = N_("The network has no weights and shapes until it knows its input: put keras.Input(shape=...) first.")
_SAMPLES = N_("Images and labels differ in number: use those that belong together, split in one call.")
_ARGUMENTS = N_("The function is called with other arguments than it takes: compare both, in number and order.")
_ARRAYS = N_("Hand over NumPy arrays: np.array(...) makes one of a list, if all of its parts have the same length.")
_MATRICES = N_(
    "In a matrix product the inner lengths must agree, as in (a, b) @ (b, c): look at both .shape, and at the order of the product."
)

RULES = (
    # ---- compile
    _rule(r"Expected `metrics` argument to be a list", N_("metrics is a list: write metrics=['accuracy'], with brackets.")),
    _rule(r"dtype='string' is not a valid dtype for Keras type promotion|Failed to convert elements of <\w+ name=", N_("compile() takes optimizer and loss without a name, but not the metrics: "
          "write metrics=['accuracy'].")),
    _rule(r"compile\(\) got an unexpected keyword argument '(?P<name>\w+)'", N_("compile() takes no `{name}`; did you mean `{guess}`?"),
          lambda found: COMPILE, N_("compile() takes no `{name}`: it takes optimizer, loss and metrics.")),
    _rule(r"(?:fit|evaluate|predict)\(\) got an unexpected keyword argument '(?P<name>\w+)'", N_("It takes no `{name}`; did you mean `{guess}`?"),
          lambda found: FIT, N_("It takes no argument `{name}`.")),
    _rule(r"Argument\(s\) not recognized: \{'(?P<name>\w+)'", N_("An optimizer takes no `{name}`; did you mean `{guess}`?"),
          settings_of_optimizers, N_("An optimizer takes no `{name}`.")),
    _rule(r"identifier: <module", N_("A whole module was given: name one function of it, such as 'relu'.")),
    _rule(r"Could not interpret \w+(?: \w+)? identifier: <class '[\w.]*?(?P<name>\w+)'", _NO_CLASS),
    _rule(r"keras\.optimizers\.legacy", N_("keras.optimizers.legacy is gone in Keras 3: take the optimizer itself, such as keras.optimizers.Adam.")),
    _rule(r"optimizer can only be called for the variables", N_("An optimizer belongs to one network: make a new one for each.")),
    _rule(r"No loss to compute", N_("Say which loss: compile(loss=...).")),
    _rule(r"must have the same rank", N_("Labels and outputs differ in shape: whole numbers as labels need sparse_categorical_crossentropy, one-hot "
          "vectors categorical_crossentropy.")),
    _rule(r"must have rank \(ndim\) `target.*target\.shape=\([^,)]*,\), output\.shape=\([^,)]*,[^,)]*,",
          N_("The network gives several rows of numbers for each sample, and there is one label: is Flatten missing, or another layer that makes one row of them?")),
    _rule(r"must have rank \(ndim\) `target\.ndim - 1`", N_("The labels are one-hot vectors: they need categorical_crossentropy; sparse is for whole numbers.")),
    _rule(r"Detected at node \S*SparseSoftmaxCrossEntropyWithLogits|label value .* outside the valid range",
          N_("There are more classes than outputs: the last layer needs one unit for each class.")),
    _rule(r"Detected at node Equal |\{\{node Equal\}\}", N_("keras.metrics.Accuracy compares labels with the outputs themselves; write metrics=['accuracy'].")),
    _rule(r"(?:Dimensions must be equal.*\{\{node |Detected at node )\S*compile_loss/\w+/sub", N_("This loss compares labels and outputs number by "
          "number: whole numbers as labels of classes need sparse_categorical_crossentropy.")),
    _rule(r"(?:Dimensions must be equal.*\{\{node |Detected at node )(?:compile_metrics/)?sub\b", N_("A metric compares labels and outputs number by "
          "number: for classes write metrics=['accuracy'].")),
    _rule(r"call `compile", N_("Call compile() before fit() or evaluate().")),
    # ---- layers
    _rule(r"Cannot convert '(?P<length>\d+)' to a shape", N_("A shape is a tuple, and ({length}) is a number: write shape=({length},), with a comma.")),
    _rule(r"Expected `trainable` to be a boolean.*trainable=<", N_("Sequential takes a list: put the layers into square brackets.")),
    _rule(r"Only instances of `keras\.Layer` can be added.*<class '[\w.]*?(?P<name>\w+)'> \(of type <class 'type'>", _NO_CLASS),
    _rule(r"Only instances of `keras\.Layer` can be added", N_("A network is made of layers alone: this is none.")),
    _rule(r"invalid value for `(?P<name>\w+)`, expected a positive integer", N_("`{name}` is a positive whole number; what comes after it needs its name, as in activation='relu'.")),
    _rule(r"(?P<layer>\w+)\.__init__\(\) missing \d+ required positional arguments?: '(?P<name>\w+)'", N_("{layer} needs `{name}`.")),
    _rule(r"Unrecognized keyword arguments passed to (?P<layer>\w+): \{'(?P<name>\w+)'", N_("{layer} takes no `{name}`; did you mean `{guess}`?"),
          settings_of_layer, N_("{layer} takes no `{name}`.")),
    _rule(r"does not have a `call\(\)` method", N_("What a class of your own does with its input stands in its method call(self, inputs), with a `return`.")),
    _rule(r"isn't built|has never been (?:called|built)|has no defined (?:input shape|output)|must build the layer|not yet been built", _NO_INPUT),
    _rule(r"object has no attribute '(?P<name>output_shape|input_shape)'", N_("In Keras 3 a layer's shapes are `layer.output.shape` and `layer.input.shape`.")),
    _rule(r"should have unique names", N_("Two layers have the same name: give each its own, name='...'.")),
    _rule(r"`name` must be a string .*Received: name=<", N_("Sequential takes a list: put the layers into square brackets.")),
    _rule(r"`name` must be a string and cannot contain", N_("A name is a text without a slash.")),
    _rule(r"is not a valid (?:root )?scope name", N_("TensorFlow doesn't take this name: write the names of layers and functions in Latin letters, digits and _, without blanks, "
          "and with a letter first. Then restart the kernel: until then it fails at every network.")),
    _rule(r"No such layer: (?P<name>[^.]+)\. Existing layers are: \[(?P<names>[^\]]*)\]", N_("There is no layer `{name}`; there are {names}.")),
    _rule(r"retrieve layer at index|IndexError: list index out of range", N_("There is no element with this number: counting begins at 0, and -1 is the last.")),
    _rule(r"weight list of length", N_("set_weights() takes all arrays in the order and shapes of get_weights().")),
    # ---- data
    _rule(r"Data cardinality is ambiguous|inconsistent numbers of samples", _SAMPLES),
    _rule(r"None values not supported", N_("The labels are missing: fit(images, labels), and validation_data=(images, labels).")),
    _rule(r"Expected \w+, but got \S+ of type 'str'", N_("A network with one output takes its labels as they are: fit(images, labels), without a dictionary.")),
    _rule(r"Unrecognized data type|Invalid dtype: object|Failed to convert a NumPy array|inhomogeneous shape", _ARRAYS),
    _rule(r"cannot reshape array", N_("reshape() keeps the number of values: the new lengths multiply to as many as there are, and -1 has one of them worked out.")),
    _rule(r"Expected int\d+ passed to parameter 'size'|cannot be interpreted as an integer", N_("Whole numbers are needed here: 5 and not 5.0 or '5', for epochs and batch_size too.")),
    _rule(r"not sufficient to split it", N_("validation_split is a share between 0 and 1, such as 0.2.")),
    _rule(r"Callback\.\w+\(\) missing", N_("Give a callback, not its class: write EarlyStopping(), with brackets.")),
    # ---- what comes back
    _rule(r"'(?:Sequential|Functional|Model)' object has no attribute 'history'", N_("The network was not trained: run the cell with fit() first.")),
    _rule(r"'History' object is not subscriptable", N_("What fit() returns keeps the numbers in .history: history.history['loss'].")),
    _rule(r"KeyError: '(?P<begin>val_)?acc'", N_("In Keras 3 the entry is called '{begin}accuracy'.")),
    _rule(r"KeyError: 'val_", N_("There are entries with val_ only when fit() is given validation_data or validation_split.")),
    _rule(r"KeyError: 'accuracy'", N_("The accuracy is there only when compile() is given metrics=['accuracy']. In Keras 3 model.metrics_names doesn't name it: "
          "evaluate(..., return_dict=True) does.")),
    _rule(r"KeyError: (?P<name>.+)", N_("There is no entry {name}: print the keys, with .keys(), and compare.")),
    _rule(r"cannot unpack non-iterable float", N_("Without metrics evaluate() returns the loss alone: compile with metrics=['accuracy'].")),
    _rule(r"cannot unpack non-iterable History", N_("fit() returns a History, which keeps its numbers in .history; evaluate() returns loss and accuracy.")),
    _rule(r"cannot unpack non-iterable (?P<name>(?!NoneType)\w+)", N_("Left of = stand several names, and right of it one thing alone: a {name}.")),
    _rule(r"(?:too many|not enough) values to unpack", N_("Left of = stand more or fewer names than values come back; train_test_split(images, labels) returns four.")),
    _rule(r"attribute 'predict_classes'", N_("predict_classes is gone in Keras 3: np.argmax(model.predict(x), axis=1).")),
    _rule(r"attribute '(?P<name>fit|evaluate|predict)_generator'", N_("{name}_generator is gone in Keras 3: {name}() takes generators too.")),
    _rule(r"File not found: filepath=|No such file or directory", N_("There is no such file: is it spelled right, and does it lie beside the notebook?")),
    _rule(r"Invalid filepath extension", N_("The name of the file ends with .keras.")),
    # ---- NumPy
    _rule(r"truth value of an array", N_("if, and, or, max() and min() take one number; for each element of an array take np.where, np.maximum or np.minimum.")),
    _rule(r"only (?:0-dimensional|length-1|size-1) arrays can be converted", N_("The module math takes one number; take NumPy's function for arrays, such as np.exp.")),
    _rule(r"mismatch in its core dimension|not aligned|Matrix size-incompatible", _MATRICES),
    _rule(r"could not be broadcast together|[Ii]ncompatible shapes", N_("The two arrays have shapes that don't fit each other: print both .shape.")),
    _rule(r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<axes>\d+)", N_("There is no axis {axis}: the array has {axes}, and counting begins at 0.")),
    _rule(r"is out of bounds for axis", N_("There is no element with this number: counting begins at 0, and -1 is the last.")),
    _rule(r"only integers, slices", N_("An index is a whole number: use // or int() instead of /.")),
    _rule(r"Cannot cast ufunc", N_("An array of whole numbers can't keep fractions: write x = x / 255 instead of x /= 255.")),
    _rule(r"destination is read-only|does not support item assignment", N_("This array can't be changed: work on a copy, np.array(x).")),
    _rule(r"out of bounds for u?int\d+", N_("The number doesn't fit the array's type: convert first, x.astype(float).")),
    _rule(r"KerasTensor is symbolic|KerasTensor cannot be used", N_("keras.Input stands for data that come later: it holds no numbers yet. Call the network with an array.")),
    _rule(r"expected to be an? \w+ tensor but is an? \w+ tensor", N_("Two tensors differ in type: convert one, tf.cast(x, tf.float32).")),
    # ---- Python
    _rule(r"'NoneType' object is not iterable", N_("None stands where several values are needed: a function without `return` gives None, and so do add(), compile() and summary(). "
          "fit() raises this too where loss is a dictionary: write loss='...' alone.")),
    _rule(r"'NoneType' object|'NoneType' and|and 'NoneType'|NoneType object", _NOTHING),
    _rule(r"'(?:list|tuple|dict|numpy\.ndarray|int|float|str|module)' object is not callable", N_("Round brackets call a function: take an element with [0], and write * between factors.")),
    _rule(r"unsupported operand type.*: (?:'\w+' and )?'(?:function|method|builtin_function_or_method)'", N_("A function stands where its result is needed: call it, with round brackets.")),
    _rule(r"unsupported operand type.*: (?:'\w+' and )?'(?:list|tuple|dict)'", N_("A list is not calculated with as a whole: take its parts one by one, or make an array of it, np.array(...).")),
    _rule(r"multiply sequence by non-int|can only concatenate str|'str' and '(?:int|float)'|'(?:int|float)' and 'str'|invalid literal for int", _NUMBERS),
    _rule(r"module '(?P<module>keras[\w.]*)' has no attribute '(?P<name>\w+)'", _GUESSED, of_module, _UNKNOWN),
    _rule(r"cannot import name 'np_utils'", N_("np_utils is gone in Keras 3: keras.utils.to_categorical.")),
    _rule(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'", _GUESSED, of_module, _UNKNOWN),
    _rule(r"module 'numpy' has no attribute '(?P<name>float|int|bool|object|str)'", N_("np.{name} is gone: write {name}.")),
    _rule(r"'(?:Sequential|Functional|Model)' object has no attribute '(?P<name>\w+)'", _GUESSED, lambda found: MODEL, _UNKNOWN),
    _rule(r"'numpy\.ndarray' object has no attribute '(?P<name>append|count|extend|index|insert|pop|remove)'", N_("Lists have `{name}`, arrays don't: use a function of NumPy, such as np.argmin, or make a list of it first, list(...).")),
    _rule(r"has no attribute '(?P<name>\w+)'", _UNKNOWN),
    _rule(r"No module named '(?P<package>\w+)\.(?P<name>[\w.]+)'", N_("`{package}` is installed, and has no `{name}`: is it spelled right? Older versions may have had it.")),
    _rule(r"No module named '(?P<name>[\w.]+)'", N_("`{name}` is not installed here: is it spelled right? Otherwise run `%pip install {name}` in a cell of its own.")),
    _rule(r"\(\) missing \d+ required|takes \d+ positional arguments? but|takes from \d+ to|got an unexpected keyword", _ARGUMENTS),
    _rule(r"UnboundLocalError.*variable '(?P<name>\w+)'", N_("`{name}` is used before it is set inside the function: set it first, or give it as an argument.")),
    _rule(r"was never closed|unexpected EOF|incomplete input|closing parenthesis|unmatched '", N_("A bracket is open or one too many: count them in this line.")),
    _rule(r"unterminated|EOL while scanning", N_("A text needs a quote at both ends.")),
    _rule(r"IndentationError|TabError", N_("What belongs to def, for or if is indented by four blanks; other lines begin at the left.")),
    _rule(r"SyntaxError.*Maybe you meant '==' ", N_("= sets a value; == compares two.")),
    _rule(r"SyntaxError.*Perhaps you forgot a comma", N_("A comma seems to be missing.")),
    _rule(r"SyntaxError", N_("Python can't read this cell: look at the marked line, and at the end of the one above.")),
    _rule(r"RecursionError", N_("The function calls itself without end.")),
    _rule(r"MemoryError|ResourceExhausted|OOM when allocating", N_("The memory is used up: restart the kernel, and work with fewer copies of the images, or smaller batches.")),
)  # fmt: skip
