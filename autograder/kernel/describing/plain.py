"""Settings of Keras's objects as plain values."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from autograder.common.i18n import _
from autograder.common.wire.description import Component

OWN_MODULES = ("keras.", "tensorflow.")


def loaded_keras() -> Any:
    """Keras, if somebody imported it here; else None, and no object is one of Keras's: a course without networks doesn't load it."""
    return sys.modules.get("keras")


F = TypeVar("F", bound=Callable[..., Any])


def unheard(describing: F) -> F:
    """Nobody asked for what describes a notebook's objects: what they print and warn of then is not heard.

    ``warnings`` itself is left alone: a filter would let it repeat the notebook's own, and one that was given isn't given again.
    """

    @functools.wraps(describing)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        with _one_at_a_time:
            heard, here = warnings.warn, threading.get_ident()
            warnings.warn = lambda *said, **how: None if threading.get_ident() == here else heard(*said, **how)
            try:
                out, err = _Quiet(sys.stdout), _Quiet(sys.stderr)
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    return describing(*args, **kwargs)
            finally:
                warnings.warn = heard

    return quiet  # type: ignore[return-value]


_one_at_a_time = threading.RLock()  # what is put in place of `sys.stdout` is put back in turn


class _Quiet:
    """A stream as it is for all threads but the one that made this: that one is not heard."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def text(value: Any, length: int = 200) -> str:
    """At most `length` characters that can be written as UTF-8."""
    said = str.__str__(value) if isinstance(value, str) else str(value)  # a member of an Enum of texts is its text
    return said[:length].encode("utf-8", "replace").decode()


def of_pandas(value: Any) -> bool:
    """Whether it is a Series, an Index or a DataFrame; older versions name the module within pandas."""
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "to_numpy")


def number(value: Any) -> float:
    """As Python's float; what has fewer bits as the shortest decimal that it stands for: 0.1, not 0.10000000149."""
    return float(str(value)) if isinstance(value, np.floating) and value.dtype.itemsize < 8 else float(value)


def plain(value: Any) -> Any:
    """A JSON scalar or a tuple of numbers; anything else by its type's name, which no allow-list accepts."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)) and abs(int(value)) < 2**63:
        return int(value)
    if isinstance(value, (float, np.floating, Fraction, Decimal)):
        with contextlib.suppress(OverflowError, ValueError):
            return number(value)
    if value is None or isinstance(value, str):
        return value if value is None else value[:200]
    if isinstance(value, (list, tuple)) and len(value) <= 8 and all(map(_travels, value)):
        return tuple(value)
    return Component(type=f"{type(value).__name__}"[:200], custom=_("not a plain value"))


def _travels(item: Any) -> bool:
    return isinstance(item, float) or (isinstance(item, int) and abs(item) < 2**63)


def component_of_config(value: Any) -> Component:
    """From Keras's serialised form ({module, class_name, config}) of an initializer, regularizer or schedule."""
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        return Component(type=str(value)[:200], custom=_("not serialised"))
    own = value.get("registered_name") is None and str(value.get("module", "")).startswith("keras.")
    name = str(value.get("class_name"))[:200]
    return Component(
        type=name,
        settings={str(key)[:200]: plain(item) for key, item in value["config"].items()},
        custom="" if own else _("{name} is not one of Keras's own", name=name),
    )


def is_one_of(value: Any, plain: tuple[Any, ...]) -> bool:
    """Arrays compare element by element, so only plain types are compared."""
    return any(value is one or (type(value) is type(one) and value == one) for one in plain)
