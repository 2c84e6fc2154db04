"""The allow-list: which of Keras's layers, initializers, regularizers, optimizers and losses the judge will build, and from what.

Each is a class name with the settings it may be built from. What a setting may hold is one of the kinds below, checked by
exact type. A network with anything else is `undecided`, not wrong. No framework is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ACTIVATIONS: Final = frozenset(
    [
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "softmax",
        "log_softmax",
        "softplus",
        "softsign",
        "exponential",
        "mish",
    ]
)

_DENSE = {
    "units": "length", "activation": "activation", "use_bias": "flag", "kernel_initializer": "initializer",
    "bias_initializer": "initializer", "kernel_regularizer": "regularizer", "bias_regularizer": "regularizer",
    "activity_regularizer": "nothing", "kernel_constraint": "nothing", "bias_constraint": "nothing",
}  # fmt: skip
_WINDOWS = {"strides": "lengths", "padding": "padding", "data_format": "channels_last"}
_POOL = {"pool_size": "lengths", **_WINDOWS}
_GLOBAL_POOL = {"keepdims": "flag", "data_format": "channels_last"}
_CONVOLVED = {"filters": "length", "kernel_size": "lengths", **_WINDOWS, "dilation_rate": "lengths"}
_CONV = {**_CONVOLVED, "groups": "length", **{k: v for k, v in _DENSE.items() if k != "units"}}
_SEPARABLE = {
    **_CONVOLVED, "depth_multiplier": "length", "activation": "activation", "use_bias": "flag",
    "depthwise_initializer": "initializer", "pointwise_initializer": "initializer", "bias_initializer": "initializer",
    "depthwise_regularizer": "regularizer", "pointwise_regularizer": "regularizer", "bias_regularizer": "regularizer",
    "activity_regularizer": "nothing", "depthwise_constraint": "nothing", "pointwise_constraint": "nothing",
    "bias_constraint": "nothing",
}  # fmt: skip
_TRANSPOSED = {k: v for k, v in _CONV.items() if k != "groups"} | {"output_padding": "nothing"}
_DEPTHWISE = {k: v for k, v in _SEPARABLE.items() if k != "filters" and not k.startswith("pointwise")}
_NORMALISED = {
    "axis": "axis", "epsilon": "number", "center": "flag", "scale": "flag", "beta_initializer": "initializer",
    "gamma_initializer": "initializer", "beta_regularizer": "nothing", "gamma_regularizer": "nothing",
    "beta_constraint": "nothing", "gamma_constraint": "nothing",
}  # fmt: skip
_RECURRENT = {
    **_DENSE, "recurrent_initializer": "initializer", "recurrent_regularizer": "regularizer", "recurrent_constraint": "nothing",
    "dropout": "number", "recurrent_dropout": "number", "return_sequences": "flag", "go_backwards": "flag",
    "return_state": "off", "stateful": "off", "unroll": "off", "zero_output_for_mask": "off",
}  # fmt: skip
_AUGMENTING = {
    "fill_mode": "fill",
    "fill_value": "number",
    "interpolation": "interpolation",
    "data_format": "channels_last",
}

# Layers that take several others.
MERGES: Final[dict[str, dict[str, str]]] = {
    **{kind: {} for kind in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")},
    "Concatenate": {"axis": "axis"},
}

LAYERS: Final[dict[str, dict[str, str]]] = {
    "Dense": _DENSE,
    "Flatten": {"data_format": "channels_last"},
    "Activation": {"activation": "activation"},
    "ReLU": {"max_value": "number", "negative_slope": "number", "threshold": "number"},
    "LeakyReLU": {"negative_slope": "number"},
    "ELU": {"alpha": "number"},
    "Softmax": {"axis": "axis"},
    "Dropout": {"rate": "number", "noise_shape": "nothing"},
    "AlphaDropout": {"rate": "number", "noise_shape": "nothing"},
    "GaussianDropout": {"rate": "number"},
    "GaussianNoise": {"stddev": "number"},
    "SpatialDropout1D": {"rate": "number"},
    "SpatialDropout2D": {"rate": "number", "data_format": "channels_last"},
    "BatchNormalization": {
        **_NORMALISED, "momentum": "number",
        "moving_mean_initializer": "initializer", "moving_variance_initializer": "initializer",
    },
    "LayerNormalization": _NORMALISED,
    "Normalization": {"axis": "one axis", "mean": "statistics", "variance": "statistics", "invert": "off"},
    "Reshape": {"target_shape": "shape"},
    "Permute": {"dims": "lengths"},
    "RepeatVector": {"n": "length"},
    "UpSampling1D": {"size": "length"},
    "UpSampling2D": {"size": "lengths", "interpolation": "interpolation", "data_format": "channels_last"},
    **{f"ZeroPadding{n}D": {"padding": "sides", "data_format": "channels_last"} for n in (1, 2)},
    "Cropping1D": {"cropping": "sides"},
    "Cropping2D": {"cropping": "sides", "data_format": "channels_last"},
    "Rescaling": {"scale": "number", "offset": "number"},
    **{f"Conv{n}D": _CONV for n in (1, 2)},
    **{f"Conv{n}DTranspose": _TRANSPOSED for n in (1, 2)},
    **{f"SeparableConv{n}D": _SEPARABLE for n in (1, 2)},
    **{f"DepthwiseConv{n}D": _DEPTHWISE for n in (1, 2)},
    **{f"{kind}Pooling{n}D": _POOL for kind in ("Max", "Average") for n in (1, 2)},
    **{f"Global{kind}Pooling{n}D": _GLOBAL_POOL for kind in ("Max", "Average") for n in (1, 2)},
    "Embedding": {
        "input_dim": "length", "output_dim": "length", "embeddings_initializer": "initializer",
        "embeddings_regularizer": "regularizer", "embeddings_constraint": "nothing", "activity_regularizer": "nothing",
        "mask_zero": "flag",
    },
    "SimpleRNN": _RECURRENT,
    "LSTM": {**_RECURRENT, "recurrent_activation": "activation", "unit_forget_bias": "flag"},
    "GRU": {**_RECURRENT, "recurrent_activation": "activation", "reset_after": "flag"},
    "RandomFlip": {"mode": "flip", "data_format": "channels_last"},
    "RandomRotation": {"factor": "factor", **_AUGMENTING},
    **{
        kind: {"height_factor": "factor", "width_factor": "factor", **_AUGMENTING}
        for kind in ("RandomTranslation", "RandomZoom")
    },
    **MERGES,
}  # fmt: skip

# The judge draws from the course's seed; axes other than the usual ones exist since Keras 3.13.
_SEEDED = {"seed": "ignored", "input_axes": "nothing", "output_axes": "nothing"}
INITIALIZERS: Final[dict[str, dict[str, str]]] = {
    "GlorotUniform": _SEEDED, "GlorotNormal": _SEEDED, "HeUniform": _SEEDED, "HeNormal": _SEEDED,
    "LecunUniform": _SEEDED, "LecunNormal": _SEEDED, "Zeros": {}, "Ones": {},
    "Constant": {"value": "number"},
    "RandomNormal": {"mean": "number", "stddev": "number", **_SEEDED},
    "RandomUniform": {"minval": "number", "maxval": "number", **_SEEDED},
    "TruncatedNormal": {"mean": "number", "stddev": "number", **_SEEDED},
    **{name: {"gain": "number", "seed": "ignored"} for name in ("Orthogonal", "OrthogonalInitializer")},
}  # fmt: skip

REGULARIZERS: Final[dict[str, dict[str, str]]] = {
    "L1": {"l1": "number"},
    "L2": {"l2": "number"},
    "L1L2": {"l1": "number", "l2": "number"},
}

_ANY_OPTIMIZER = {
    "learning_rate": "rate", "weight_decay": "number", "clipnorm": "number", "clipvalue": "number",
    "global_clipnorm": "number", "use_ema": "off", "ema_momentum": "ignored", "ema_overwrite_frequency": "ignored",
    "loss_scale_factor": "nothing", "gradient_accumulation_steps": "nothing", "name": "ignored",
}  # fmt: skip
_ADAM = {"beta_1": "number", "beta_2": "number", "epsilon": "number"}
OPTIMIZERS: Final[dict[str, dict[str, str]]] = {
    "SGD": {**_ANY_OPTIMIZER, "momentum": "number", "nesterov": "flag"},
    "Adagrad": {**_ANY_OPTIMIZER, "initial_accumulator_value": "number", "epsilon": "number"},
    "RMSprop": {**_ANY_OPTIMIZER, "rho": "number", "momentum": "number", "epsilon": "number", "centered": "flag"},
    "Adam": {**_ANY_OPTIMIZER, **_ADAM, "amsgrad": "flag"},
    "AdamW": {**_ANY_OPTIMIZER, **_ADAM, "amsgrad": "flag"},
    "Nadam": {**_ANY_OPTIMIZER, **_ADAM},
    "Adamax": {**_ANY_OPTIMIZER, **_ADAM},
    "Adadelta": {**_ANY_OPTIMIZER, "rho": "number", "epsilon": "number"},
    "Lion": {**_ANY_OPTIMIZER, "beta_1": "number", "beta_2": "number"},
}
SCHEDULES: Final[dict[str, dict[str, str]]] = {
    "ExponentialDecay": {"initial_learning_rate": "number", "decay_steps": "number", "decay_rate": "number", "staircase": "flag", "name": "ignored"},
    "InverseTimeDecay": {"initial_learning_rate": "number", "decay_steps": "number", "decay_rate": "number", "staircase": "flag", "name": "ignored"},
    "PolynomialDecay": {"initial_learning_rate": "number", "decay_steps": "number", "end_learning_rate": "number", "power": "number", "cycle": "flag", "name": "ignored"},
    "PiecewiseConstantDecay": {"boundaries": "numbers", "values": "numbers", "name": "ignored"},
    "CosineDecayRestarts": {"initial_learning_rate": "number", "first_decay_steps": "number", "t_mul": "number", "m_mul": "number", "alpha": "number", "name": "ignored"},
    "CosineDecay": {"initial_learning_rate": "number", "decay_steps": "number", "alpha": "number", "warmup_target": "number", "warmup_steps": "number", "name": "ignored"},
}  # fmt: skip

# Losses by their functions' names.
_ANY_LOSS = {"reduction": "mean", "dtype": "ignored", "name": "ignored"}
_OF_CLASSES = {"from_logits": "flag", "axis": "last", **_ANY_LOSS}
_FOCAL = {**_OF_CLASSES, "label_smoothing": "number", "alpha": "number", "gamma": "number"}
_OF_NUMBERS = {"from_logits": "off", **_ANY_LOSS}
LOSSES: Final[dict[str, dict[str, str]]] = {
    "sparse_categorical_crossentropy": {**_OF_CLASSES, "ignore_class": "nothing"},
    "categorical_crossentropy": {**_OF_CLASSES, "label_smoothing": "number"},
    "binary_crossentropy": {**_OF_CLASSES, "label_smoothing": "number"},
    "categorical_focal_crossentropy": _FOCAL,
    "binary_focal_crossentropy": {**_FOCAL, "apply_class_balancing": "flag"},
    "huber": {"delta": "number", **_OF_NUMBERS},
    **dict.fromkeys(
        ("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "log_cosh", "poisson"),
        _OF_NUMBERS,
    ),
}  # fmt: skip


def class_of_loss(name: str) -> str:
    """The class beside a loss's function: Keras calls both alike."""
    return "".join(part.title() for part in name.split("_"))


LOSS_CLASSES: Final = {name: class_of_loss(name) for name in LOSSES}

# Metrics by class: those of Keras's own that take numbers of classes or one-hot vectors, also where they say several numbers.
_ANY_METRIC = {"name": "ignored", "dtype": "ignored"}
_CROSSENTROPY = {"from_logits": "flag", "axis": "last", "label_smoothing": "number", "ignore_class": "nothing"}
_COUNTED = {"thresholds": "number or numbers"}
_HITS = {**_COUNTED, "top_k": "number", "class_id": "number"}
_AT = {"num_thresholds": "thresholds", "class_id": "number"}
_F = {"average": "average", "threshold": "number"}
_OVERLAP = {"num_classes": "classes", "ignore_class": "number", "sparse_y_pred": "flag", "axis": "last"}
METRICS: Final[dict[str, dict[str, str]]] = {
    kind: {**_ANY_METRIC, **settings}
    for kind, settings in {
        "SparseCategoricalAccuracy": {}, "CategoricalAccuracy": {}, "BinaryAccuracy": {"threshold": "number"},
        "SparseTopKCategoricalAccuracy": {"k": "length", "from_sorted_ids": "off"}, "TopKCategoricalAccuracy": {"k": "length"},
        "SparseCategoricalCrossentropy": _CROSSENTROPY, "CategoricalCrossentropy": _CROSSENTROPY, "BinaryCrossentropy": _CROSSENTROPY,
        "MeanSquaredError": {}, "MeanAbsoluteError": {}, "RootMeanSquaredError": {}, "KLDivergence": {}, "Poisson": {},
        "CosineSimilarity": {"axis": "last"}, "LogCoshError": {}, "Hinge": {}, "SquaredHinge": {}, "CategoricalHinge": {},
        "MeanAbsolutePercentageError": {}, "MeanSquaredLogarithmicError": {},
        "Precision": _HITS, "Recall": _HITS, **{f"{kind}{sign}": _COUNTED for kind in ("True", "False") for sign in ("Positives", "Negatives")},
        "PrecisionAtRecall": {**_AT, "recall": "number"}, "RecallAtPrecision": {**_AT, "precision": "number"},
        "SensitivityAtSpecificity": {**_AT, "specificity": "number"}, "SpecificityAtSensitivity": {**_AT, "sensitivity": "number"},
        "F1Score": _F, "FBetaScore": {**_F, "beta": "number"}, "R2Score": {"class_aggregation": "aggregation", "num_regressors": "off"},
        "MeanIoU": {**_OVERLAP, "sparse_y_true": "flag"}, "OneHotMeanIoU": _OVERLAP,
        "IoU": {**_OVERLAP, "target_class_ids": "class numbers", "sparse_y_true": "flag"},
        "OneHotIoU": {**_OVERLAP, "target_class_ids": "class numbers"}, "BinaryIoU": {"target_class_ids": "class numbers", "threshold": "number"},
        "AUC": {"num_thresholds": "thresholds", "curve": "curve", "summation_method": "curve", "multi_label": "flag",
                "num_labels": "classes or none", "label_weights": "nothing", "from_logits": "flag"},
    }.items()
}  # fmt: skip
# Settings that are one of a few words, by their kind.
_WORDS: Final = {
    "activation": ACTIVATIONS,
    "aggregation": frozenset({"uniform_average", "variance_weighted_average"}),
    "average": frozenset({"micro", "macro", "weighted"}),
    "channels_last": frozenset({"channels_last"}),
    "curve": frozenset({"ROC", "PR", "interpolation", "minoring", "majoring"}),
    "dtype": frozenset({"float32", "float64", "mixed_bfloat16"}),  # policies of layers
    "fill": frozenset({"reflect", "wrap", "constant", "nearest"}),
    "flip": frozenset({"horizontal", "vertical", "horizontal_and_vertical"}),
    "interpolation": frozenset({"nearest", "bilinear"}),
    "mean": frozenset({"sum_over_batch_size", "mean"}),
    "padding": frozenset({"valid", "same", "causal"}),
}
_OR_NONE = {"aggregation", "average"}  # a metric then says a number for each class


def words(kind: str) -> frozenset[str]:
    """What a setting of the `kind` may be, where that is one of a few words."""
    return _WORDS.get(kind, frozenset())


# Activations with settings, by what gives them: layers of Keras's, and a function.
_ACTIVATIONS_WITH: Final = {
    **{kind: LAYERS[kind] for kind in ("ReLU", "LeakyReLU", "ELU")},
    "gelu": {"approximate": "flag"},
}
_PLAIN: Final = {"None": None, "True": True, "False": False}


def with_settings(kind: str, settings: Mapping[str, Any]) -> str:
    """In words, as it is made: ``LeakyReLU(negative_slope=0.1)``."""
    return f"{kind}({', '.join(f'{key}={value}' for key, value in settings.items())})"[:200]


def activation_with_settings(said: object) -> tuple[str, dict[str, Any]] | None:
    """What `with_settings` said of an activation; None for anything else."""
    kind, _bracket, rest = said.partition("(") if type(said) is str and len(said) <= 200 else ("", "", "")
    if kind not in _ACTIVATIONS_WITH or not rest.endswith(")"):
        return None
    pairs = (one.partition("=") for one in rest[:-1].split(", "))
    try:
        settings = {key: _PLAIN[value] if value in _PLAIN else float(value) for key, _sign, value in pairs}
    except ValueError:
        return None
    fields = _ACTIVATIONS_WITH[kind]
    known = all(key in fields and fits(fields[key], value) for key, value in settings.items())
    return (kind, settings) if known else None


# These leave one value, which Keras takes by itself.
ONLY_CHECKED = frozenset({"ignored", "nothing", "off", "mean", "last", "channels_last"})


def settled(kind: str, value: Any) -> Any:
    """A plain `value` in the type that settings of the `kind` have, where another stands for the same: 1 is True, and False is 0."""
    if kind in ("flag", "off") and type(value) in (int, float) and value in (0, 1):
        return bool(value)
    if kind == "class numbers" and type(value) is tuple and all(type(v) is float and v.is_integer() for v in value):
        return tuple(map(int, value))  # as numbers travel
    return int(value) if kind in ("number", "rate") and type(value) is bool else value


def fits(kind: str, value: object) -> bool:
    """Whether a scalar `value` is of the `kind`, by exact type and sane range. Components are checked where they are built."""
    number = type(value) in (int, float) and value == value and abs(value) < 1e12  # type: ignore[arg-type]
    if kind in _WORDS:
        return (type(value) is str and value in _WORDS[kind]) or (value is None and kind in _OR_NONE)
    match kind:
        case "length":
            return type(value) is int and 0 < value < 1_000_000
        case "lengths":
            return _whole_numbers(value, 1)
        case "shape":  # -1: what is left
            return _whole_numbers(value, -1)
        case "sides":  # of an image: above, below, left, right
            return _whole_numbers(value, 0) and len(value) in (2, 4)  # type: ignore[arg-type]
        case "count":
            return type(value) is int and 0 <= value < 100_000
        case "last":
            return type(value) is int and value == -1
        case "thresholds":
            return type(value) is int and 1 < value <= 10_000
        case "flag":
            return type(value) is bool
        case "number":
            return value is None or number
        case "numbers":
            return type(value) is tuple and value != () and all(v is not None and fits("number", v) for v in value)
        case "one axis":  # along which each has its own
            return value == () or _whole_numbers(value, -6, most=1, below=7)
        case "statistics":
            return fits("number or numbers", value) and value is not None
        case "number or numbers":
            return fits("number", value) or fits("numbers", value)
        case "classes":  # of which each has a row and a column, kept of every epoch
            return type(value) is int and 0 < value <= 100
        case "classes or none":
            return value is None or fits("classes", value)
        case "class numbers":
            return _whole_numbers(value, 0, most=8, below=100)
        case "axis":
            return type(value) is int and -6 <= value <= 6
        case "factor":  # of a circle or of a size: one number for both directions, or two
            parts: tuple[Any, ...] = value if isinstance(value, tuple) and len(value) == 2 else (value,)
            return value is None or all(type(part) in (int, float) and -10 <= part <= 10 for part in parts)
        case "off":
            return value is False
        case "nothing":
            return value is None
        case "ignored":
            return True
    return False


def _whole_numbers(value: object, least: int, most: int = 5, below: int = 100_000) -> bool:
    """Whether it is a tuple of a few whole numbers, of at least `least`."""
    return type(value) is tuple and 0 < len(value) <= most and all(type(v) is int and least <= v < below for v in value)
