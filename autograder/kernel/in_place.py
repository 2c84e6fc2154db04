"""Functions of ours in the place of Keras's and others': whoever calls them finds nothing of ours, neither in them, nor in what they raise,
nor on the stack while the notebook's own code runs.

A generator function that stands for another one *yields* the calls below which a notebook's code may run, callbacks for one, and is sent
what they return. It is suspended meanwhile, and Python's own C code makes the call: so there is no frame of ours for anyone to see. Where
such a call raises, the generator is closed, as one is that nobody needs any more: ``with`` and ``finally`` clean up, ``except`` hears nothing.

What code of ours fails at by itself (`is_fault`) is done by the original, as if nothing stood in its place; where there is none to call, a
`GraderFault` says whose fault it is, and no student's question fails for it.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import operator
import os
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any, TypeGuard, TypeVar

from autograder.common.errors import AutograderError, GraderFault
from autograder.kernel.object_notes import replacements

PLACES = [str(Path(__file__).resolve().parent.parent) + os.sep]  # what frames of ours come from

Call = functools.partial[Any]  # a call that is still to be made
F = TypeVar("F", bound=Callable[..., Any])
Steps = Generator[Call, Any, Any]  # of a generator that stands for a function


def in_place_of(
    original: Any, otherwise: Callable[..., object] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a function, or a generator function, that is called instead of `original`, with all its arguments.

    `otherwise` hears of these arguments when the original has done what a generator function failed at.
    """

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        stepwise = inspect.isgeneratorfunction(function)
        instead = below_handler(original) if stepwise else original

        @functools.wraps(original)
        def standing(*args: Any, **kwargs: Any) -> Any:
            for called in (function, instead):
                try:
                    result = called(*args, **kwargs)
                    break
                except BaseException as error:
                    if called is instead or not is_fault(error):
                        leave_out_frames_of_ours(error)
                        raise  # this adds no frame
            if not stepwise:
                return result
            if called is instead:
                return {"result": result}
            heard = otherwise and functools.partial(otherwise, *args, **kwargs)
            return _Made(_Calls(result, functools.partial(instead, *args, **kwargs), heard))

        if isinstance(function, FunctionType):
            function.__qualname__ = getattr(
                original, "__qualname__", function.__qualname__
            )  # errors about arguments say it
        named: Any = standing
        if hasattr(original, "__code__"):
            named.__code__ = named.__code__.replace(co_name=original.__code__.co_name)
            # For those who look at them: what the original isn't told, it takes from its own.
            named.__defaults__, named.__kwdefaults__ = original.__defaults__, original.__kwdefaults__
        if stepwise:
            named = (_handler() if has_handler(original) else _taking_last)(standing)
            named.__wrapped__ = below_handler(original)
        replacements.set(named, True)
        result: Callable[..., Any] = named
        return result

    return decorated


def has_handler(function: Any) -> bool:
    """Whether it is Keras's handler of errors that is called."""
    from keras.src.utils import traceback_utils

    code = traceback_utils.filter_traceback(len).__code__
    return getattr(function, "__code__", None) in (code, _handler()(len).__code__)


def below_handler(function: Any) -> Any:
    """What Keras's handler of errors calls: a function that is stood for has that handler already."""
    return function.__wrapped__ if has_handler(function) else function


def done(steps: Steps) -> Any:
    """What a generator returns when the calls that it yields are made."""
    return _Made(_Calls(steps))["result"]


def _taking_last(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, whose last call's result counts, where Keras has no handler that we know."""

    @functools.wraps(function)
    def standing(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)["result"]

    return standing


def told(function: F) -> F:
    """`function`, called by Keras's own loops: what code of ours fails at in there is a `GraderFault`."""

    @functools.wraps(function)
    def telling(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if is_fault(error):
                raise GraderFault.of(error) from error
            raise

    return telling  # type: ignore[return-value]


@told
def called_by_c(function: Callable[[Any], Steps]) -> Callable[[Any], Any]:
    """A generator function of one argument as a function, of which no frame is on the stack while its calls are made."""
    begin = _Operand(lambda given: _Made(_Calls(function(given))))
    return functools.partial(functools.reduce, operator.matmul, [begin, "result"])


class _Operand:
    """``something @ operand`` is what `call` gives for it."""

    __array_ufunc__ = None

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self._call = call

    def __rmatmul__(self, before: Any) -> Any:
        return self._call(before)


class _Calls:
    """The calls that a generator yields, one after another, to be made by C code; the last one gives what the generator returns."""

    def __init__(self, steps: Steps, original: Call | None = None, otherwise: Call | None = None) -> None:
        self._steps, self._original, self._result, self._ended = steps, original, None, False
        self._otherwise, self._failed = otherwise, False
        self._begun = False  # whether one of them was made

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Callable[[], Any]:
        if self._ended:
            raise StopIteration
        try:
            return self._steps.send(self._result)
        except StopIteration as stop:
            self._ended = True
            return [stop.value].pop
        except BaseException as error:
            if not is_fault(error):
                leave_out_frames_of_ours(error)
                raise
            if self._original is None:
                raise GraderFault.of(error) from error
        self._ended = self._failed = True
        return [self._result].pop if self._begun else self._original

    def only_last(self) -> Iterator[Any]:
        """() for each call but the last."""
        return map(self._or_nothing, map(operator.call, self))

    def _or_nothing(self, result: Any) -> Any:
        self.noted(result)
        return result if self._ended else ()

    def noted(self, result: Any) -> None:
        """What the last call gave."""
        self._result, self._begun = result, True
        if self._failed and self._otherwise is not None:
            with contextlib.suppress(Exception):
                self._otherwise()


class _One(defaultdict[str, Any]):
    """A call without arguments: the ``result`` that this dictionary lacks is what it gives. ``one("result")`` is there then."""

    __call__ = dict.__getitem__


class _Made:
    """What calls give: ``made["result"]``, and ``made @ "result"``, has C code make them all, one after another.

    Whatever a call raises comes from there as it is: a StopIteration of the notebook's would be the end of an iterator that made it, and
    where an attribute is looked up, Python writes its owner into an AttributeError that tells none.
    """

    __getitem__ = __matmul__ = property(functools.partial(max, key=operator.itemgetter("number", "result")))

    def __init__(self, calls: _Calls) -> None:
        self._calls, self._one, self._number = calls, _One(), 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> _One:
        if self._number:
            self._calls.noted(self._one["result"])
        call = next(self._calls)
        self._number += 1
        self._one = _One(call, number=self._number)
        return self._one


@functools.cache
def _handler() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keras's ``filter_traceback``, whose handler takes what the last of a function's calls gives: line by line, and to the eye, the same."""
    from keras.src.utils import traceback_utils

    lines, first = inspect.getsourcelines(traceback_utils.filter_traceback)
    tree = _TakingLast().visit(ast.parse(textwrap.dedent("".join(lines))))
    ast.increment_lineno(tree, first - 1)
    file = traceback_utils.filter_traceback.__code__.co_filename
    made: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(tree), file, "exec"), vars(traceback_utils), made)
    handler: Callable[[Callable[..., Any]], Callable[..., Any]] = made["filter_traceback"]
    return handler


class _TakingLast(ast.NodeTransformer):
    """``fn(*args, **kwargs)`` becomes ``fn(*args, **kwargs)["result"]``."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "fn"):
            return node
        taken: Any = ast.parse('it["result"]', mode="eval").body
        taken.value = node
        for one in (taken, taken.slice):
            ast.copy_location(one, node)
        return taken  # type: ignore[no-any-return]


def flattened(steps: Steps) -> Iterator[Any]:
    """Iterates over what a generator returns when the calls that it yields are made; no frame is on the stack meanwhile."""
    return itertools.chain.from_iterable(_Calls(steps).only_last())


def filter_as_keras_does() -> None:
    """Keras leaves its own frames out of what it raises, and keeps the innermost if no other is left: ours are none to keep."""
    from keras.src.utils import traceback_utils

    traceback_utils._EXCLUDED_PATHS = (*traceback_utils._EXCLUDED_PATHS, *PLACES)


def is_fault(error: BaseException) -> TypeGuard[Exception]:
    """Whether code of ours failed at something by itself: it was raised there, or by C code that was called from there."""
    frames = [*_frames(error.__traceback__)]
    return _is_no_limit(error) and bool(frames) and _is_ours(frames[-1])


def is_fault_of_a_call(error: BaseException) -> TypeGuard[Exception]:
    """Whether a call of ours failed in which no code of the notebook's ran, whatever raised it, or code of ours below that: any other
    `AutograderError` is meant.
    """
    frames = itertools.dropwhile(lambda frame: not _is_ours(frame), _frames(error.__traceback__))
    files = [frame.tb_frame.f_code.co_filename for frame in frames]
    return isinstance(error, GraderFault) or (
        _is_no_limit(error) and bool(files) and all(file.startswith((*PLACES, *_LIBRARIES)) for file in files)
    )


def _is_no_limit(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, (AutograderError, MemoryError, RecursionError))


_LIBRARIES = (sys.prefix + os.sep, sys.base_prefix + os.sep, "<frozen ")


def leave_out_frames_of_ours(error: BaseException) -> None:
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
