"""Functions of ours in the place of Keras's and others': whoever calls them finds nothing of ours, neither in them nor in what they raise."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any

from autograder.kernel.object_notes import replacements

PLACES = [str(Path(__file__).resolve().parent.parent) + os.sep]  # what frames of ours come from


def in_place_of(original: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a function that is called instead of `original`, with all its arguments."""

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def standing(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except BaseException as error:
                _leave_out_frames_of_ours(error)
                raise  # this adds no frame

        if isinstance(function, FunctionType):
            function.__qualname__ = getattr(
                original, "__qualname__", function.__qualname__
            )  # errors about arguments say it
        named: Any = standing
        if hasattr(original, "__code__"):
            named.__code__ = named.__code__.replace(co_name=original.__code__.co_name)
        replacements.set(named, True)
        return standing

    return decorated


def filter_as_keras_does() -> None:
    """Keras leaves its own frames out of what it raises, and keeps the innermost if no other is left: ours are none to keep."""
    from keras.src.utils import traceback_utils

    traceback_utils._EXCLUDED_PATHS = (*traceback_utils._EXCLUDED_PATHS, *PLACES)


def _leave_out_frames_of_ours(error: BaseException) -> None:
    """And of its causes. What is raised by code of ours alone then comes from where the notebook called it."""
    waiting: list[BaseException | None] = [error]
    seen = set[int]()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        if isinstance(getattr(one, "_message", None), str):  # TensorFlow's errors quote frames in their text
            one._message = _quoted().sub("", one._message)  # type: ignore[attr-defined]
        kept = [frame for frame in _frames(one.__traceback__) if not _is_ours(frame)]
        for frame, following in zip(kept, [*kept[1:], None], strict=False):
            frame.tb_next = following
        one.__traceback__ = kept[0] if kept else None


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_ours(frame: TracebackType) -> bool:
    return frame.tb_frame.f_code.co_filename.startswith(tuple(PLACES))


def _quoted() -> re.Pattern[str]:
    places = "|".join(map(re.escape, PLACES))
    return re.compile(rf'^ *File "(?:{places})[^\n]*\n+', re.MULTILINE)
