"""How a kernel takes part in a notebook's ``fit`` and ``evaluate``: what home's recorder and the judge's client share."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.kernel.recognise import array, shared


class Trainings:
    """Base of both modes: wraps the methods of ``keras.Model``, and reads the arguments of a call."""

    def __init__(self) -> None:
        self.recogniser = shared
        self.original_fit: Callable[..., Any] | None = None
        self.original_evaluate: Callable[..., Any] | None = None

    def install(self) -> None:
        import keras

        if getattr(keras.Model.fit, "_autograder", None) is not None:
            return
        self.original_fit, self.original_evaluate = keras.Model.fit, keras.Model.evaluate
        keras.Model.fit = wrapped(self.original_fit, self.fit)
        keras.Model.evaluate = wrapped(self.original_evaluate, self.evaluate)

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def evaluate(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_evaluate is not None
        return self.original_evaluate(model, *args, **kwargs)

    def arguments(self, method: Callable[..., Any], model: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        bound = inspect.signature(method).bind(model, *args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def split(self, call: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
        """x, y, weights of samples, and validation data of a call of fit, in the forms that Keras takes as one.

        ``validation_split`` takes the last samples, as Keras does. Raises CannotTrainHere for what isn't arrays.
        """
        x, y, weights = (array(call[name]) for name in ("x", "y", "sample_weight"))
        validation, share = call["validation_data"], call["validation_split"]
        if isinstance(validation, (list, tuple)) and 2 <= len(validation) <= 3:
            validation = tuple(map(array, validation))
        elif validation is not None:
            raise CannotTrainHere(_("the validation data are not a pair of arrays"))
        elif share:
            at = math.floor(len(x) * (1.0 - share))
            if not 0 < at < len(x):
                raise CannotTrainHere(_("nothing is left to train on, or to validate"))
            parts = [(one[:at], one[at:]) if one is not None else (None, None) for one in (x, y, weights)]
            (x, _x), (y, _y), (weights, _w) = parts
            validation = tuple(rest for _first, rest in parts)
        return x, y, weights, validation


def wrapped(original: Any, replacement: Any) -> Any:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return replacement(self, *args, **kwargs)

    method._autograder = True  # type: ignore[attr-defined]
    return method
