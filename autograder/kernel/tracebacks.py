"""Tracebacks as they are beside plain Keras, at home and while grading."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any


def show_no_frames_of_ours(shell: Any) -> None:
    """A traceback shows what it shows beside plain Keras: our wrappers around ``fit`` and others are taken out of it."""
    package = str(Path(__file__).resolve().parent.parent) + os.sep
    original = shell._get_exc_info
    _quoting = re.compile(rf'^ *File "{re.escape(package)}[^\n]*\n+', re.M)

    def own(frame: Any) -> bool:
        return str(frame.tb_frame.f_code.co_filename).startswith(package)

    def shown(exc_tuple: Any = None) -> Any:
        kind, error, trace = original(exc_tuple)
        waiting, seen = [error], set()
        while waiting:
            one = waiting.pop()
            if not isinstance(one, BaseException) or id(one) in seen:
                continue
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__]
            if isinstance(getattr(one, "_message", None), str):  # TensorFlow's errors quote frames in their text
                one._message = _quoting.sub("", one._message)  # type: ignore[attr-defined]
            frames = []
            frame = one.__traceback__
            while frame is not None:
                frames.append(frame)
                frame = frame.tb_next
            kept = [frame for frame in frames if not own(frame)]
            if not kept or len(kept) == len(frames):  # nothing of ours, or an error of ours: the more there is to see
                continue
            for frame, following in zip(kept, [*kept[1:], None], strict=True):
                frame.tb_next = following
            one.__traceback__ = kept[0]
        return kind, error, getattr(error, "__traceback__", trace)

    shell._get_exc_info = shown
