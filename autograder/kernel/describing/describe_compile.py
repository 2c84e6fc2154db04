"""From what a network was compiled with to its description."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import numpy as np

from autograder.common.i18n import _
from autograder.common.keras_tables import allowed, keras_names
from autograder.common.wire.description import CompileDescription, Component
from autograder.kernel.describing.plain import OWN_MODULES, component_of_config, plain, unheard


@unheard
def describe_compile(model: Any, outputs: Any = None) -> CompileDescription | None:
    """Optimizer, loss and metrics; None when ``compile`` was not called. `outputs`: of a network that isn't built yet."""
    compiled = getattr(model, "_compile_config", None)
    if not getattr(model, "compiled", False) or compiled is None:
        return None
    settings = compiled.config
    odd = [key for key in keras_names.METRIC_ARGUMENTS if settings.get(key)]
    loss = _resolved(describe_loss(settings.get("loss")), model, outputs)
    metrics = (describe_metric(metric) for metric in _flat(settings.get("metrics")))
    return CompileDescription(
        optimizer=describe_optimizer(model.optimizer),
        loss=loss,
        metrics=(
            *(_plainly(metric, loss.type) for metric in metrics),
            *(Component(type=key, custom=_("{key} is set", key=key)) for key in odd),
        )[:20],
    )


def _resolved(loss: Component, model: Any, outputs: Any) -> Component:
    """``crossentropy`` as Keras resolves it: by the outputs, and by the labels once it has seen some."""
    if loss.type not in keras_names.CROSSENTROPY:
        return loss
    for seen in getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or ():
        return loss.model_copy(update={"type": describe_loss(getattr(seen[1], "fn", seen[1])).type})
    try:
        binary = (outputs or model.outputs)[0].shape[-1] == 1
    except (AttributeError, IndexError, TypeError, ValueError):
        return loss
    return loss.model_copy(update={"type": "binary_crossentropy" if binary else "sparse_categorical_crossentropy"})


def _plainly(metric: Component, loss: str) -> Component:
    """``accuracy`` for the metric that this word stands for under `loss`."""
    if metric.type == keras_names.ACCURACY_OF.get(loss) and not metric.custom:
        return metric.model_copy(update={"type": "accuracy"})
    return metric


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def shortest(value: Any) -> float:
    """The shortest decimal that gives this float32: 0.1, not 0.10000000149011612."""
    return float(str(np.float32(value)))


def describe_optimizer(optimizer: Any) -> Component:
    import keras

    if optimizer is None:
        return Component(type="none", custom=_("there is no optimizer"))
    kind = type(optimizer)
    try:
        config = optimizer.get_config()
    except Exception:  # of its own, or with a schedule of its own, that can't say what it is made with
        config = {}
    settings = {str(key): _flat_setting(value) for key, value in config.items() if key != "learning_rate"}
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        settings["learning_rate"] = _schedule(rate)
    elif callable(rate) and not isinstance(rate, keras.Variable):
        settings["learning_rate"] = Component(type="function", custom=_("a learning rate that is a function"))
    else:
        settings["learning_rate"] = shortest(optimizer.learning_rate)
    own = kind.__module__.startswith("keras.src.optimizers.")
    return Component(
        type=kind.__name__, settings=settings, custom="" if own else _("{kind} is not Keras's own", kind=kind.__name__)
    )


def _schedule(rate: Any) -> Component:
    import keras

    try:
        return component_of_config(keras.optimizers.schedules.serialize(rate))
    except Exception:
        kind = type(rate).__name__
        return Component(type=kind[:200], custom=_("{kind} is not Keras's own", kind=kind)[:4000])


def _flat_setting(value: Any) -> Any:
    found = plain(value)
    return Component(type=str(found)[:200], custom=_("not a plain value")) if isinstance(found, tuple) else found


def scalar_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Of a loss or metric, what determines its numbers."""
    return {str(key)[:200]: plain(value) for key, value in config.items() if key not in ("name", "dtype", "fn")}


def describe_loss(loss: Any) -> Component:
    """A loss under its canonical name, however it was spelled; `settings` holds from_logits when an object was given."""
    while isinstance(loss, (list, tuple)) and len(loss) == 1:
        loss = loss[0]
    while isinstance(loss, dict) and len(loss) == 1:
        (loss,) = loss.values()
    if isinstance(loss, str):
        name = keras_names.canonical("losses", loss) or loss
        return Component(type=name[:200], settings={"from_logits": False})
    return _loss_or_metric("losses", loss)


def describe_metric(metric: Any) -> Component:
    """A metric under its canonical name. `Accuracy` is keras.metrics.Accuracy: not what the name ``accuracy`` stands for."""
    if isinstance(metric, str):
        return Component(type=(keras_names.canonical("metrics", metric) or metric)[:200])
    if type(metric).__name__ == "MeanMetricWrapper" and not metric._fn_kwargs:
        metric = metric._fn  # all that it does is call this
    return _loss_or_metric("metrics", metric)


def _loss_or_metric(kind: Literal["losses", "metrics"], value: Any) -> Component:
    thing = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
    name = "none" if value is None else str(getattr(thing, "__name__", type(value).__name__))
    own = str(getattr(thing, "__module__", "")).startswith(OWN_MODULES) and callable(value)
    settings: dict[str, Any] = {}
    if hasattr(value, "get_config"):
        try:
            raw = {**getattr(value, "_fn_kwargs", {}), **value.get_config()}  # Huber's doesn't say its delta
        except Exception:  # a class, or a student's own that has none
            raw = {}
        settings = scalar_settings(raw)
    else:
        settings = {"from_logits": False}
    nothing = value is None or isinstance(value, (bool, int, float))  # nobody's loss or metric, so nothing to look into
    custom = "" if own or nothing else _("{name} is not Keras's own", name=name)
    spelled = (keras_names.of_object(kind, name) if own else "") or name
    return Component(type=spelled[:200], settings=settings, custom=custom[:4000])


@unheard
def describe_metrics(model: Any, tensors: tuple[Any, Any]) -> tuple[Component, ...]:
    """The objects that measure, as Keras makes them of what ``compile`` was given for labels and answers of such shapes."""
    metrics = model._compile_metrics
    if metrics is None:
        return ()
    if not metrics.built:
        metrics = type(metrics)(metrics._user_metrics, None, output_names=metrics.output_names)
        metrics.build(*tensors)
    return tuple(map(_metric, metrics.metrics))


def build_by_shape(metrics: Any, tensors: tuple[Any, Any]) -> None:
    """Has those metrics make their variables that make them where they first see labels and answers."""
    from keras.src.backend import compute_output_spec

    for metric in metrics.metrics if metrics is not None else ():
        if vars(metric).get("_built") is False:
            compute_output_spec(metric.update_state, *tensors)


def _metric(metric: Any) -> Component:
    kind = type(metric)
    if not kind.__module__.startswith("keras.src.metrics.") or (hasattr(metric, "_fn_kwargs") and not _own(metric._fn)):
        return Component(type=kind.__name__[:200], custom=_("not one of Keras's metrics"))
    if (
        kind.__name__ == "MeanMetricWrapper" and not metric._fn_kwargs
    ):  # of a function: the class of it measures the same
        function = getattr(metric._fn, "__name__", "")
        for name in allowed.METRICS:
            if keras_names.of_object("metrics", name) == function:
                return Component(type=name)
    return Component(type=kind.__name__[:200], settings=scalar_settings(metric.get_config()))


def _own(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("keras.src.")
