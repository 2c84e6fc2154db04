"""From a live object to its description: the only code that looks into a student's networks. Runs in the kernel.

It never judges. What it can't describe faithfully it names (`custom`, `OtherDescription`) instead of guessing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.common import allowed
from autograder.common.i18n import _
from autograder.common.wire.description import (
    ArrayDescription,
    CompileDescription,
    Component,
    FailureDescription,
    FunctionDescription,
    LayerDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    OtherDescription,
    ScalarDescription,
)

SMALL_ARRAY = 1 << 20  # bytes: larger arrays travel only as the row numbers they are made of
MAX_DEPTH = 6
_OWN_MODULES = ("keras.", "tensorflow.")


def describe(value: Any, *, names: Mapping[int, str] | None = None, depth: int = 0) -> Any:
    """The description of any object. `names` maps ``id(object)`` to the name it was handed in under."""
    import keras

    if value is None or type(value) is bool:
        return ScalarDescription(value=value)
    if type(value) is int:
        return ScalarDescription(value=value) if abs(value) < 2**63 else OtherDescription(type="a very large integer")
    if isinstance(value, str):  # numpy's str_ too: an element of an array of names
        return ScalarDescription(value=_text(value, 4000))
    if isinstance(value, (float, np.floating)):
        return ScalarDescription(value=float(value))
    if isinstance(value, np.bool_):
        return ScalarDescription(value=bool(value))
    if isinstance(value, np.integer):
        return ScalarDescription(value=int(value))
    if isinstance(value, BaseException):
        return FailureDescription(error=_text(type(value).__name__), message=_text(value, 4000))
    if isinstance(value, keras.Model):
        return describe_model(value, names or {})
    if isinstance(value, keras.layers.Layer):
        return describe_layer(value, names or {})
    if type(value).__name__ == "TensorShape" and type(value).__module__.startswith("tensorflow."):
        value = tuple(value.as_list()) if value.rank is not None else value  # what `weight.shape` is
    if depth < MAX_DEPTH and type(value) in (list, tuple) and len(value) <= 1000:
        return ListDescription(items=tuple(describe(item, names=names, depth=depth + 1) for item in value))
    if depth < MAX_DEPTH and isinstance(value, dict) and len(value) <= 200:
        items = {_text(key): describe(item, names=names, depth=depth + 1) for key, item in value.items()}
        return MappingDescription(items=items)
    if isinstance(value, np.ndarray) or keras.ops.is_tensor(value) or isinstance(value, keras.Variable):
        return describe_array(np.asarray(value))
    if callable(value) and not isinstance(value, type):
        return FunctionDescription(name=_text(getattr(value, "__name__", "")))
    return OtherDescription(type=type(value).__name__[:200])


def _text(value: Any, length: int = 200) -> str:
    """At most `length` characters that can be written as UTF-8."""
    return str(value)[:length].encode("utf-8", "replace").decode()


def describe_array(array: np.ndarray[Any, Any]) -> ArrayDescription | ScalarDescription:
    from autograder.kernel.recognise import shared

    if array.dtype.kind not in "biuf" or array.ndim > 8:
        return OtherDescription(type=f"array of {array.dtype}")  # type: ignore[return-value]
    if array.ndim == 0:
        return ScalarDescription(value=array.item())
    facts: dict[str, Any] = {"dtype": array.dtype.name, "shape": array.shape}
    recognised = shared.rows(array) if array.ndim in (2, 3, 4) and array.size > 784 else None
    if array.size:
        low, high = recognised.range() if recognised else (float(array.min()), float(array.max()))
        facts["finite"] = math.isfinite(low) and math.isfinite(high)
        if facts["finite"]:
            facts |= {"minimum": low, "maximum": high}
    if recognised is not None:
        facts |= {"rows": recognised.rows, "lookup": recognised.lookup}
    elif array.nbytes <= SMALL_ARRAY:
        facts["data"] = array
    return ArrayDescription(**facts)


def describe_model(model: Any, names: Mapping[int, str]) -> ModelDescription:
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    described = tuple(describe_layer(layer, names) for layer in layers)
    topology: Any = "unbuilt" if not model.built else "chain" if _is_chain(model, layers) else "graph"
    shape = None
    if model.built:
        try:
            shape = _axes(model.input_shape)
        except (AttributeError, ValueError, TypeError):
            shape = _axes(getattr(model, "_build_input_shape", None))
    return ModelDescription(
        name=_text(model.name),
        topology=topology,
        input_shape=shape,
        layers=described,
        compiled=describe_compile(model),
    )


def _is_chain(model: Any, layers: list[Any]) -> bool:
    """Whether the layers follow one another and nothing else happens: always so in a plain Sequential."""
    import keras

    if type(model) is keras.Sequential:
        return True
    if not hasattr(model, "operations") or len(model.inputs) != 1 or len(model.outputs) != 1:
        return False  # a subclass with its own `call` has no graph of operations
    if not type(model).__module__.startswith("keras.src.models."):
        return False
    operations = [op for op in model.operations if type(op).__name__ != "InputLayer"]
    if [id(op) for op in operations] != [id(layer) for layer in layers]:
        return False  # an operation that is no layer, such as x + 1
    tensor = model.inputs[0]
    for layer in layers:
        if len(layer._inbound_nodes) < 1 or not any(node.input_tensors == [tensor] for node in layer._inbound_nodes):
            return False
        tensor = next(node for node in layer._inbound_nodes if node.input_tensors == [tensor]).output_tensors[0]
    return tensor is model.outputs[0]


def _axes(shape: Any) -> tuple[int | None, ...] | None:
    if not isinstance(shape, tuple) or any(axis is not None and not isinstance(axis, int) for axis in shape):
        return None
    return shape


def describe_layer(layer: Any, names: Mapping[int, str]) -> LayerDescription:
    kind = type(layer)
    custom = (
        ""
        if kind.__module__.startswith("keras.src.layers.")
        else _("{kind} is not one of Keras's layers", kind=kind.__name__)
    )
    fields = allowed.LAYERS.get(kind.__name__)
    config: dict[str, Any] = {}
    if not custom and fields is None:
        custom = _("the grader does not know the layer {kind}", kind=kind.__name__)
    elif not custom and fields is not None:
        raw = layer.get_config()
        config = {field: _setting(field, sort, raw.get(field), layer) for field, sort in fields.items()}
        if layer.dtype_policy.name != "float32":
            config["dtype"] = _text(layer.dtype_policy.name)
    try:
        shape = _axes(layer.output.shape)
    except (AttributeError, ValueError):
        shape = None
    return LayerDescription(
        type=kind.__name__[:200],
        name=_text(layer.name),
        config=config,
        output_shape=shape,
        weights=tuple(np.asarray(weight.value) for weight in layer.weights if "seed_generator" not in weight.path),
        trainable=bool(layer.trainable),
        same_as=names.get(id(layer), ""),
        custom=custom[:4000],
    )


def _setting(field: str, sort: str, value: Any, layer: Any) -> Any:
    if sort == "activation":
        return activation_name(layer.activation)
    if sort in ("initializer", "regularizer"):
        return None if value is None else _component_of_config(value)
    return _plain(value)


def activation_name(function: Any) -> str:
    """Keras's name for an activation, also when it was given as TensorFlow's function; the function's own name otherwise."""
    if function is None:
        return "linear"
    name = str(getattr(function, "__name__", type(function).__name__)).removesuffix("_v2")  # tf.nn.softmax_v2
    name = allowed.ALIASES.get(name, name)
    module = str(getattr(function, "__module__", "")) + "."
    if type(function).__module__.startswith("keras.src.layers."):  # activation=keras.layers.ReLU()
        name = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu"}.get(type(function).__name__, name)
        module = "keras."
    return name[:200] if module.startswith(_OWN_MODULES) else f"custom:{name}"[:200]


def _plain(value: Any) -> Any:
    """A JSON scalar or a tuple of integers; anything else by its type's name, which no allow-list accepts."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if value is None or isinstance(value, str):
        return value if value is None else value[:200]
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value) and len(value) <= 8:
        return tuple(int(item) for item in value)
    return Component(type=f"{type(value).__name__}"[:200], custom=_("not a plain value"))


def scalar_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Of a loss or metric, what determines its numbers."""
    return {str(key)[:200]: _plain(value) for key, value in config.items() if key not in ("name", "dtype", "fn")}


def _component_of_config(value: Any) -> Component:
    """From Keras's serialised form ({module, class_name, config}) of an initializer, regularizer or schedule."""
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        return Component(type=str(value)[:200], custom=_("not serialised"))
    own = value.get("registered_name") is None and str(value.get("module", "")).startswith("keras.")
    name = str(value.get("class_name"))[:200]
    return Component(
        type=name,
        settings={str(key)[:200]: _plain(item) for key, item in value["config"].items()},
        custom="" if own else _("{name} is not one of Keras's own", name=name),
    )


def describe_compile(model: Any) -> CompileDescription | None:
    """Optimizer, loss and metrics; None when ``compile`` was not called."""
    compiled = getattr(model, "_compile_config", None)
    if not getattr(model, "compiled", False) or compiled is None:
        return None
    settings = compiled.config
    odd = [key for key in ("loss_weights", "weighted_metrics") if settings.get(key)]
    metrics = tuple(describe_metric(metric) for metric in _flat(settings.get("metrics")))
    return CompileDescription(
        optimizer=describe_optimizer(model.optimizer),
        loss=describe_loss(settings.get("loss")),
        metrics=(*metrics, *(Component(type=key, custom=_("{key} is set", key=key)) for key in odd))[:20],
    )


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def describe_optimizer(optimizer: Any) -> Component:
    import keras

    if optimizer is None:
        return Component(type="none", custom=_("there is no optimizer"))
    kind = type(optimizer)
    settings = {str(key): _plain(value) for key, value in optimizer.get_config().items() if key != "learning_rate"}
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        settings["learning_rate"] = _component_of_config(keras.optimizers.schedules.serialize(rate))
    elif callable(rate) and not isinstance(rate, keras.Variable):
        settings["learning_rate"] = Component(type="function", custom=_("a learning rate that is a function"))
    else:
        # Shortest decimal that gives this float32: 0.1, not 0.10000000149011612.
        settings["learning_rate"] = float(str(np.float32(optimizer.learning_rate)))
    own = kind.__module__.startswith("keras.src.optimizers.")
    return Component(
        type=kind.__name__, settings=settings, custom="" if own else _("{kind} is not Keras's own", kind=kind.__name__)
    )


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def describe_loss(loss: Any) -> Component:
    """A loss under its function's name, however it was spelled; `settings` holds from_logits when an object was given."""
    if isinstance(loss, str):
        return Component(type=_snake(loss) if loss[:1].isupper() else loss[:200], settings={"from_logits": False})
    return _loss_or_metric(loss)


def describe_metric(metric: Any) -> Component:
    if isinstance(metric, str):
        name = _snake(metric) if metric[:1].isupper() else metric
        return Component(type="accuracy" if name in _ACCURACY else name[:200])
    component = _loss_or_metric(metric)
    if component.type in _ACCURACY - {"accuracy", "acc"}:  # keras.metrics.Accuracy() compares labels with probabilities
        return Component(type="accuracy", custom=component.custom)
    return component.model_copy(
        update={"custom": component.custom or _("metric {type} as an object", type=component.type)}
    )


_ACCURACY = {"accuracy", "acc", "sparse_categorical_accuracy"}


def _loss_or_metric(value: Any) -> Component:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return describe_loss(value[0])
    module = str(getattr(value, "__module__", ""))
    own = module.startswith(_OWN_MODULES)
    name = getattr(value, "__name__", None) or type(value).__name__
    if not callable(value) and value is not None and not own:
        own = False
    settings: dict[str, Any] = {}
    if hasattr(value, "get_config"):
        try:
            raw = value.get_config()
        except Exception:  # a student's own class may not have one
            raw = {}
        settings = scalar_settings(raw)
    else:
        settings = {"from_logits": False}
    custom = "" if own else _("{name} is not Keras's own", name=name)
    return Component(type=_snake(str(name))[:200], settings=settings, custom=custom[:4000])


def call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a student's function gives for copies of `arguments`, as a description; its exception as a failure."""
    try:
        return describe(function(*(np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments)))
    except Exception as error:
        return describe(error)
