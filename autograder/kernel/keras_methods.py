"""How a kernel takes part in a notebook's ``fit`` and ``evaluate``: what home's recorder and the judge's client share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from autograder.kernel.describing.recognised_samples import shared
from autograder.kernel.in_place import Steps, below_handler, filter_as_keras_does, in_place_of
from autograder.kernel.object_notes import Notes, replacements


class Trainings:
    """Base of both modes: wraps the methods of ``keras.Model``, and reads the arguments of a call."""

    def __init__(self) -> None:
        self.recogniser = shared
        self.original_fit: Callable[..., Any] | None = None
        self.original_evaluate: Callable[..., Any] | None = None
        self._steps: Notes[int] = Notes()  # by an optimizer's counter: that it had made when a fit with it ended

    def install(self) -> None:
        import keras

        if replacements.get(keras.Model.fit):
            return
        self.original_fit, self.original_evaluate = map(below_handler, (keras.Model.fit, keras.Model.evaluate))
        filter_as_keras_does()
        replace("fit", self.fit, self.trained_otherwise)
        replace("evaluate", self.evaluate)
        note_optimizers()

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        raise NotImplementedError

    def evaluate(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        assert self.original_evaluate is not None
        return (yield partial(self.original_evaluate, model, *args, **kwargs))

    def trained_otherwise(self, model: Any, *args: Any, **kwargs: Any) -> None:
        """Keras has trained the network since `fit` failed at it."""

    def ended(self, model: Any) -> None:
        """A ``fit`` of the network has ended: the steps of its optimizer are accounted for."""
        optimizer = getattr(model, "optimizer", None)
        if optimizer is not None:
            self._steps.set(optimizer.iterations, int(optimizer.iterations))

    def stepped(self, model: Any) -> bool:
        """Whether an optimizer has made steps on the network outside of a ``fit`` that ended: by ``train_on_batch``, or in a loop of the notebook's own."""
        counters = [counter for weight in model.weights for counter in _counters.get(weight) or ()]
        return any(int(counter) > (self._steps.get(counter) or 0) for counter in counters)

    def arguments(self, method: Callable[..., Any], model: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        bound = inspect.signature(method).bind(model, *args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def split(self, call: dict[str, Any]) -> tuple[Any, Any, Any, tuple[Any, Any, Any] | None]:
        """x, y, weights of samples, and the same of the validation, of a call of fit: in the forms that the notebook gave.

        ``validation_split`` takes the last samples. Raises ValueError where Keras does.
        """
        from keras.src.trainers.data_adapters.array_slicing import train_validation_split
        from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight

        given, validation = (call["x"], call["y"], call["sample_weight"]), call["validation_data"]
        if validation is not None:
            return *given, unpack_x_y_sample_weight(validation)
        if call["validation_split"]:
            given, validation = train_validation_split(given, validation_split=call["validation_split"])
        return *given, validation


def replace(
    name: str, replacement: Callable[..., Any], otherwise: Callable[..., object] | None = None, of: Any = None
) -> None:
    """Have `replacement` called for a method of ``keras.Model``, or `of` another class; it stays where Keras has it: in a class that this derives from."""
    import keras

    owner = next(kind for kind in (of or keras.Model).__mro__ if name in vars(kind))
    setattr(owner, name, in_place_of(getattr(owner, name), otherwise)(replacement))


_counters: Notes[list[Any]] = Notes()  # by variable: of the steps of each optimizer that was ever to train it


def note_optimizers() -> None:
    """Note from here on which variables an optimizer is to train: where a loop keeps it, or whether it is still there, tells nobody afterwards."""
    import keras

    build = keras.optimizers.Optimizer.build
    if replacements.get(build):
        return

    def noted(optimizer: Any, variables: Any) -> Steps:
        result = yield partial(build, optimizer, variables)
        for variable in optimizer._trainable_variables:
            _counters.set(variable, [*(_counters.get(variable) or ()), optimizer.iterations])
        return result

    replace("build", noted, of=keras.optimizers.Optimizer)
