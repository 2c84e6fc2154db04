"""Keras's own loops work on `JudgedEpochs` as well as on batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograder.kernel.judged_epochs import JudgedEpochs


def install_iterator() -> None:
    """Have Keras iterate over `JudgedEpochs` that it gets as x as they are."""
    from keras.src.backend.tensorflow import trainer

    original = trainer.TFEpochIterator
    if getattr(original, "_autograder", None) is not None:
        return

    def epoch_iterator(*args: Any, **kwargs: Any) -> Any:
        x = kwargs.get("x")
        return x.opened(kwargs) if isinstance(x, JudgedEpochs) else original(*args, **kwargs)

    epoch_iterator._autograder = True  # type: ignore[attr-defined]
    trainer.TFEpochIterator = epoch_iterator


class _Steps:
    """A network's ``train_function`` or ``test_function`` while Keras's ``fit`` runs: nothing is left to do after a `judge`."""

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name
        self.own = getattr(model, name)
        self.judged = False

    def __call__(self, iterator: Any) -> Any:
        if isinstance(iterator, JudgedEpochs):
            self.judged = True
            return self.model.get_metrics_result()
        return self.made()(iterator)

    def made(self) -> Any:
        """Keras's own function; making it traces nothing."""
        if self.own is None:
            setattr(self.model, self.name, None)
            getattr(self.model, f"make_{self.name}")()
            self.own = getattr(self.model, self.name)
            setattr(self.model, self.name, self)
        return self.own


@contextmanager
def judged_steps(model: Any) -> Iterator[None]:
    """Keras's loops work on `JudgedEpochs` as well as on batches; afterwards nothing is left of it."""
    names = [name for name in ("train_function", "test_function") if not isinstance(getattr(model, name), _Steps)]
    steps = [_Steps(model, name) for name in names]
    for step in steps:
        setattr(model, step.name, step)
    try:
        yield
    finally:
        for step in steps:
            setattr(model, step.name, step.made() if step.judged else step.own)
