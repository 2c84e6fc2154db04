"""Keras's own loops work on `JudgedEpochs` as well as on batches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from autograder.kernel.describing.structure import trains_as_keras
from autograder.kernel.graded.judged_epochs import JudgedEpochs
from autograder.kernel.graded.traced import Form, as_traced, form_of, last_form
from autograder.kernel.in_place import in_place_of, leaving_no_frame
from autograder.kernel.object_notes import replacements

_FUNCTIONS = ("train_function", "test_function")


def install_loops() -> None:
    """Have Keras iterate over `JudgedEpochs` that it gets as x as they are, and make its functions anew where a callback wants that."""
    from keras.src.backend.tensorflow import trainer

    original = trainer.TFEpochIterator
    if replacements.get(original):
        return

    @in_place_of(original)
    def epoch_iterator(*args: Any, **kwargs: Any) -> Any:
        x = kwargs.get("x")
        return x.opened(kwargs) if isinstance(x, JudgedEpochs) else original(*args, **kwargs)

    trainer.TFEpochIterator = epoch_iterator
    for name in _FUNCTIONS:
        setattr(
            trainer.TensorFlowTrainer, f"make_{name}", _making(name, getattr(trainer.TensorFlowTrainer, f"make_{name}"))
        )


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

    return make


class _Steps:
    """A network's ``train_function`` or ``test_function`` while Keras's ``fit`` runs: nothing is left to do after a `judge`."""

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name
        self.own = getattr(model, name)
        self.wanted = False  # by Keras, which makes it before its loop
        self.calls = 0  # of `fit` and the like that go on, one within another or in several threads
        self.form: Form | None = None  # what Keras has traced it for

    @leaving_no_frame
    def __call__(self, iterator: Any) -> Any:
        if isinstance(iterator, JudgedEpochs):
            return iterator.results
        function = self.made()
        form = form_of(iterator.element_spec) if hasattr(iterator, "element_spec") else last_form(function)
        if form is None or form == self.form:
            with _counting_as_compiled(self.model):
                return function(iterator)
        with as_traced(self.model, function, form, by_keras=True), _counting_as_compiled(self.model):
            result = function(iterator)
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
    except Exception:
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
            if ended and isinstance(left, JudgedEpochs):
                model._eval_epoch_iterator = left.real()
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
