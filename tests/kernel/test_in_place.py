"""What stands in the place of another function can't be told from it, and what it raises comes from the other one."""

import functools
import inspect
import traceback

import pytest

from autograder.kernel.in_place import PLACES, in_place_of
from autograder.kernel.object_notes import replacements

INNER = {}
exec(
    compile(
        "def inner(function, *args):\n    return function(*args)\n"
        "def failing(function, *args):\n    try: function(*args)\n    except ValueError as error: raise KeyError('other') from error\n"
        "def own(*args):\n    raise OSError('ours')\n",
        f"{PLACES[0]}kernel/inner.py",
        "exec",
    ),
    INNER,
)


def handled(function):
    @functools.wraps(function)
    def error_handler(*args, **kwargs):
        return function(*args, **kwargs)

    return error_handler


@handled
def fit(x, epochs=1):
    """Trains."""
    raise ValueError(x)


def names(error):
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def called(function, *args, **kwargs):
    with pytest.raises(Exception) as info:
        function(*args, **kwargs)
    return info.value


@pytest.mark.parametrize("way", ["inner", "failing", "own"])
def test_no_frame_of_ours_is_left_in_an_error_nor_in_its_cause(way):
    standing = in_place_of(fit)(functools.partial(INNER[way], fit))
    try:
        standing(1)
    except Exception as error:
        raised = error
    theirs = {"inner": ["error_handler", "fit"], "failing": [], "own": []}[way]
    assert names(raised)[1:] == theirs
    if way == "failing":
        assert names(raised.__cause__) == ["error_handler", "fit"]
    assert "autograder/kernel" not in "".join(traceback.format_exception(raised))


def test_it_is_called_as_the_other_one():
    standing = in_place_of(fit)(lambda x: x)
    assert standing(3) == 3 and replacements.get(standing)
    for ask in (
        lambda one: one.__code__.co_name, lambda one: one.__qualname__, lambda one: one.__module__, inspect.signature, inspect.getfullargspec,
        inspect.getsource, inspect.getdoc,
    ):  # fmt: skip
        assert ask(standing) == ask(fit)


def test_errors_about_arguments_name_the_other_one():
    def plain(x):
        return x

    standing = in_place_of(plain)(lambda x: x)
    assert (
        str(called(standing)) == str(called(plain)) and len(names(called(standing))) == len(names(called(plain))) == 1
    )


def test_what_tensorflow_quotes_of_ours_is_left_out():
    class Quoting(Exception):
        _message = f'Detected at\n  File "{PLACES[0]}kernel/a.py", line 3, in fit\n  File "/home/mine.py", line 4, in <module>\n'

        def __str__(self):
            return self._message

    def raising():
        raise Quoting

    assert str(called(in_place_of(fit)(raising))) == 'Detected at\n  File "/home/mine.py", line 4, in <module>\n'
