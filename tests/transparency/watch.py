"""Notes the calls of ``fit``, ``evaluate`` and ``predict`` in a cell, with the network before, between and after them.

Nothing of it shows in the notebook: networks are held weakly, arrays copied, and no argument is another one.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from autograder.kernel.describing.plain import unheard
from autograder.kernel.in_place import Steps, below_handler, in_place_of

# Keras's own, whatever stands in their place later.
KERAS = {name: getattr(keras.Model, name) for name in ("fit", "evaluate", "predict")}


@dataclass
class State:
    """Of a network: its weights, and the variables of its optimizer; empty where there are none yet."""

    weights: list[np.ndarray]
    optimizer: list[np.ndarray]

    @classmethod
    def of(cls, model: Any) -> State:
        variables = model.weights, getattr(getattr(model, "optimizer", None), "variables", ())
        return cls(
            *(
                [number(one.value.value() if hasattr(one.value, "handle") else one.value) for one in some]
                for some in variables
            )
        )

    def trained_as(self, other: State) -> bool:
        """Whether the weights are the same."""
        return len(self.weights) == len(other.weights) and all(map(np.array_equal, self.weights, other.weights))


@dataclass
class Epoch:
    """An epoch of a fit, from what callbacks did at its beginning to before what they do at its end."""

    number: int
    began: State
    ended: State | None = None
    logs: dict[str, Any] = field(default_factory=dict)
    tested: dict[str, Any] = field(default_factory=dict)  # what callbacks got at the end of its validation
    rate: float | None = None


@dataclass
class Call:
    """`given`: the arguments as they were, arrays copied. `compiled`, `settings`: of the network and its optimizer, before."""

    name: str
    network: Callable[[], Any]
    given: dict[str, Any]
    before: State
    compiled: dict[str, Any]
    settings: dict[str, Any]
    epochs: list[Epoch] = field(default_factory=list)
    result: Any = None
    after: State | None = None
    results: dict[str, Any] = field(default_factory=dict)  # of the network's metrics, after
    printed: str = ""
    files: dict[str, bytes] = field(default_factory=dict)  # what callbacks had written by its end
    stopping: dict[str, Any] = field(
        default_factory=dict
    )  # attributes of its EarlyStopping at its end, by plain values

    @property
    def model(self) -> Any:
        return self.network()

    @property
    def callbacks(self) -> list[Any]:
        return keras.tree.flatten(self.given.get("callbacks") or [])


class Watch:
    """Of one process. `patch` before anything stands in Keras's place; `calls` are those that came to an end, since it is `on`."""

    def __init__(self, *, while_grading: bool) -> None:
        self.while_grading = while_grading
        self.on = False
        self.calls: list[Call] = []
        self._open: list[Call] = []

    def patch(self) -> None:
        """Keras's list of callbacks, which every fit has, says here when an epoch begins and ends."""
        kind = keras.callbacks.CallbackList
        begin, tested, end = kind.on_epoch_begin, kind.on_test_end, kind.on_epoch_end

        def on_epoch_begin(callbacks: Any, epoch: int, logs: Any = None) -> None:
            begin(callbacks, epoch, logs)
            if call := self._of(callbacks):
                call.epochs.append(Epoch(epoch, State.of(call.model)))

        def on_test_end(callbacks: Any, logs: Any = None) -> None:
            if (call := self._of(callbacks)) and call.epochs and call.epochs[-1].ended is None:
                call.epochs[-1].tested = plain(logs)
            tested(callbacks, logs)

        def on_epoch_end(callbacks: Any, epoch: int, logs: Any = None) -> None:
            if (call := self._of(callbacks)) and call.epochs:
                last = call.epochs[-1]
                last.ended, last.logs = State.of(call.model), plain(logs)
                with contextlib.suppress(AttributeError, TypeError):  # a schedule
                    last.rate = float(call.model.optimizer.learning_rate)
            end(callbacks, epoch, logs)

        kind.on_epoch_begin, kind.on_test_end, kind.on_epoch_end = on_epoch_begin, on_test_end, on_epoch_end

    def _of(self, callbacks: Any) -> Call | None:
        """The fit whose list of callbacks it is."""
        steps = "steps" in callbacks.params and "epochs" in callbacks.params
        return next((one for one in reversed(self._open) if steps and one.model is callbacks.model), None)

    def noted(self, original: Callable[..., Any], at: int = 0) -> Callable[..., Any]:
        """`original`, which stands in the place of one of `KERAS`; of its arguments that of number `at` is the network."""
        name = original.__name__
        signature = inspect.signature(KERAS[name])

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Steps:
            call = self._begun(name, signature, args[at:], kwargs) if self.on else None
            if call is None:
                return (yield from original(*args, **kwargs))
            self._open.append(call)
            begin = len(printed())
            try:
                result = yield from original(*args, **kwargs)
            finally:
                self._open.remove(call)
            call.printed = printed()[begin:]
            self._ended(call, result)
            return result

        return method

    @contextlib.contextmanager
    def plainly(self) -> Iterator[None]:
        """Beside plain Keras, where a notebook could see it: for cells that don't look."""
        owners = {name: next(kind for kind in keras.Model.__mro__ if name in vars(kind)) for name in KERAS}
        for name, owner in owners.items():
            setattr(owner, name, in_place_of(KERAS[name])(self.noted(keras_alone(KERAS[name]))))
        try:
            yield
        finally:
            for name, owner in owners.items():
                setattr(owner, name, KERAS[name])

    @staticmethod
    @unheard
    def _begun(name: str, signature: inspect.Signature, args: Any, kwargs: Any) -> Call | None:
        try:
            given = dict(signature.bind(*args, **kwargs).arguments)
        except TypeError:
            return None
        model = given.pop("self")
        if "kwargs" in given or not isinstance(model, keras.Model):  # the validation in a fit
            return None
        optimizer = getattr(model, "optimizer", None)
        try:
            settings = {"type": type(optimizer), **optimizer.get_config()} if optimizer is not None else {}
        except NotImplementedError:  # a schedule of the cell's own
            settings = {}
        given = {key: keras.tree.map_structure(copied, value) for key, value in given.items()}
        compiled = dict(model._compile_config.config) if model.compiled else {}
        return Call(name, weakref.ref(model), given, State.of(model), compiled, settings)

    @unheard
    def _ended(self, call: Call, result: Any) -> None:
        call.result, call.after = result, State.of(call.model)
        with contextlib.suppress(Exception):  # of a network whose metrics aren't built
            call.results = plain(call.model.get_metrics_result())
        if call.name == "fit":
            call.files = {
                str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and call.callbacks
            }
            stopping = [vars(one) for one in call.callbacks if type(one) is keras.callbacks.EarlyStopping]
            call.stopping = {k: v for one in stopping for k, v in one.items() if not isinstance(v, (list, keras.Model))}
            call.result = {key: [*values] for key, values in result.history.items()}
        self.calls.append(call)


def keras_alone(method: Callable[..., Any]) -> Callable[..., Steps]:
    """What stands in the place of a method and calls it."""

    @functools.wraps(method)
    def called(*args: Any, **kwargs: Any) -> Steps:
        return (yield functools.partial(below_handler(method), *args, **kwargs))

    return called


def printed() -> str:
    """What the cell has printed so far, where a harness keeps it."""
    return getattr(sys.stdout, "getvalue", str)()


def plain(logs: Any) -> dict[str, Any]:
    return {key: number(value) for key, value in (logs or {}).items()}


def number(value: Any) -> np.ndarray:
    """A copy; asked for as an array, a tensor would warn of that where a notebook hears it."""
    return np.array(value.numpy() if hasattr(value, "numpy") else value)


def copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value
