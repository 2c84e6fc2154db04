"""Keras's own loops work on `JudgedEpochs` as well as on batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from typing import Any

from autograder.kernel.describing.wiring import trains_as_keras
from autograder.kernel.graded.judged_iterator import JudgedEpochs
from autograder.kernel.graded.traced import Form, as_traced, form_of, last_form, traced_before
from autograder.kernel.in_place import Steps, called_by_c, in_place_of, told
from autograder.kernel.object_notes import Notes, replacements

_FUNCTIONS = ("train_function", "test_function")
_making_steps: Notes[bool] = Notes()


def install_loops() -> None:
    """Have Keras iterate over `JudgedEpochs` that it gets as x as they are, and make its functions anew where a callback wants that."""
    from keras.src.backend.tensorflow import trainer

    if not replacements.get(trainer.TFEpochIterator.__new__):
        _make_judged(trainer.TFEpochIterator)
    for name in _FUNCTIONS:
        make = getattr(trainer.TensorFlowTrainer, f"make_{name}")
        if not _making_steps.get(make):
            setattr(trainer.TensorFlowTrainer, f"make_{name}", _making(name, make))


def _make_judged(kind: Any) -> None:
    """Keras's iterators of that `kind` are judged where that is expected of their data."""

    @in_place_of(kind.__new__)
    @told
    def new(cls: Any, *_args: Any, **kwargs: Any) -> Any:
        x = kwargs.get("x")
        if isinstance(x, JudgedEpochs):
            return x.opened(kwargs)
        judged = _expected_for(x)
        return object.__new__(cls) if judged is None else judged.read_by(object.__new__(_judged_kind(cls)))

    new.__module__ = kind.__module__
    kind.__new__ = staticmethod(new)  # what it gives, Python initializes, unless it is of another kind


_here = threading.local()  # `expected`: what is judged of data that Keras gets as they are


@contextmanager
def expected(judged: Iterable[JudgedEpochs | None]) -> Iterator[None]:
    """Keras's own iterators over the data of `judged` that are code, where one is made of them, are these."""
    before = getattr(_here, "expected", [])
    _here.expected = [*before, *(one for one in judged if one is not None)]
    try:
        yield
    finally:
        _here.expected = before


def _expected_for(x: Any) -> JudgedEpochs | None:
    expected_ones: list[JudgedEpochs] = getattr(_here, "expected", [])
    found = [one for one in expected_ones if one.data.is_code() and one.data.given["x"] is x]
    if not found:
        return None
    _here.expected = [one for one in _here.expected if one is not found[-1]]
    return found[-1]


@cache
def _judged_kind(kind: Any) -> Any:
    def epoch(self: Any) -> Iterator[Any]:
        return iter(self.judged)

    return type(kind)(kind.__name__, (kind,), {"__iter__": epoch, "__module__": kind.__module__, "judged": None})


def judged_by(iterator: Any) -> JudgedEpochs | None:
    """What is judged where Keras iterates over that."""
    judged = iterator if isinstance(iterator, JudgedEpochs) else getattr(iterator, "judged", None)
    return judged if isinstance(judged, JudgedEpochs) else None


def _making(name: str, original: Any) -> Any:
    @in_place_of(original)
    def make(self: Any, *args: Any, **kwargs: Any) -> Any:
        steps = getattr(self, name)
        result = original(self, *args, **kwargs)
        if isinstance(steps, _Steps):
            steps.wanted = True
            if getattr(self, name) is not steps:
                steps.own, steps.form = getattr(self, name), None
                setattr(self, name, steps)
        return result

    _making_steps.set(make, True)
    return make


class _Steps:
    """A network's ``train_function`` or ``test_function`` while Keras's ``fit`` runs: nothing is left to do after a `judge`."""

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name
        self.own = getattr(model, name)
        self.wanted = False  # by Keras, which makes it before its loop
        self.calls = 0  # of `fit` and the like that go on, one within another or in several threads
        self.form: Form | None = None  # what Keras has traced it for

    @property
    def __call__(self) -> Callable[[Any], Any]:
        """A property, as Python's own code asks for it where a step is called."""
        return called_by_c(self._called)

    def _called(self, iterator: Any) -> Steps:
        if isinstance(iterator, JudgedEpochs):
            return iterator.results
        function = self.made()
        form = form_of(iterator.element_spec) if hasattr(iterator, "element_spec") else last_form(function)
        if form is None or form == self.form:
            with _counting_as_compiled(self.model):
                return (yield partial(function, iterator))
        yield from traced_before(function, form)
        with as_traced(self.model, function, form, by_keras=True), _counting_as_compiled(self.model):
            result = yield partial(function, iterator)
        self.form = form
        return result

    def made(self) -> Any:
        """Keras's own function; making it traces nothing."""
        if self.own is None:
            setattr(self.model, self.name, None)
            getattr(self.model, f"make_{self.name}")()
            self.own = getattr(self.model, self.name)
            setattr(self.model, self.name, self)
        return self.own


@contextmanager
def _counting_as_compiled(model: Any) -> Iterator[None]:
    """A step that XLA has compiled counts nothing where its batch fails or doesn't come; without XLA, as it is here, it has counted by then."""
    counts = model.jit_compile and not model.run_eagerly and model.steps_per_execution == 1
    optimizer: Any = model.optimizer if counts else None
    before = None if optimizer is None else int(optimizer.iterations)
    try:
        yield
    except BaseException:
        if before is not None:
            optimizer.iterations.assign(before)
        raise


@contextmanager
def judged_steps(model: Any) -> Iterator[None]:
    """Keras's loops work on `JudgedEpochs` as well as on batches; after the last of them nothing is left of it."""
    with _beginning_or_ending:
        steps = [_begun(model, name) for name in _FUNCTIONS]
    try:
        yield
    finally:
        with _beginning_or_ending:
            for step in steps:
                step.calls -= 1
            ended = [step for step in steps if not step.calls]
            left = getattr(model, "_eval_epoch_iterator", None)  # after an error in a validation: Keras goes on with it
            # Not after each validation in a fit, which goes on with what is judged.
            if ended and (judged := judged_by(left)):
                model._eval_epoch_iterator = judged.real()
            for step in ended:
                if getattr(model, step.name) is step:
                    setattr(model, step.name, step.made() if step.wanted else step.own)


_beginning_or_ending = threading.RLock()


def _begun(model: Any, name: str) -> _Steps:
    step = getattr(model, name)
    if not isinstance(step, _Steps):
        step = _Steps(model, name)
        setattr(model, name, step)
    step.calls += 1
    return step


def keras_steps(model: Any) -> AbstractContextManager[None]:
    """For Keras's loops on batches: its functions are traced as they would have been where something was judged before, and known by then."""
    return judged_steps(model) if model.compiled and trains_as_keras(model) else nullcontext()
