"""What stands in the place of another function can't be told from it, and what it raises comes from the other one."""

import ast
import functools
import inspect
import re
import traceback
from pathlib import Path

import numpy as np
import pytest

from autograder.common.errors import GraderFault
from autograder.kernel import in_place as standing_in
from autograder.kernel.describing.describe import call
from autograder.kernel.in_place import PLACES, below_handler, called_by_c, done, flattened, in_place_of
from autograder.kernel.object_notes import replacements
from tests.later import keras

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
def test_no_frame_of_ours_is_left_in_an_error_and_what_ours_fails_at_by_itself_the_original_does(way):
    raised = called(in_place_of(fit)(functools.partial(INNER[way], fit)), 1)
    assert type(raised) is ValueError and raised.__cause__ is raised.__context__ is None
    assert names(raised)[-2:] == ["error_handler", "fit"]
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


# ---- a generator that stands for a function


def looking(self, way="look"):
    """What Keras calls below its handler, and a notebook's code below that."""
    if way == "raise":
        raise OSError("mine")
    return [frame.name for frame in traceback.extract_stack()]


@pytest.fixture(params=[True, False], ids=["filtered", "unfiltered"])
def filtering(request):
    (keras.config.enable_traceback_filtering if request.param else keras.config.disable_traceback_filtering)()
    yield request.param
    keras.config.enable_traceback_filtering()


def stood_for(original, noted):
    @in_place_of(original)
    def standing(self, *args, **kwargs):
        try:
            first = yield functools.partial(below_handler(original), self, *args, **kwargs)
            again = yield functools.partial(below_handler(original), self, *args, **kwargs)
        finally:
            noted.append("ended")
        noted.append(first == again)
        return "second", again

    return standing


def test_nothing_of_ours_is_on_the_stack_below_a_call_that_is_yielded(filtering):
    original, noted = keras.src.utils.traceback_utils.filter_traceback(looking), []
    word, seen = stood_for(original, noted)(1)
    expected = original(1)
    assert (word, noted) == ("second", ["ended", True])
    assert seen == expected and seen[-2:] == ["error_handler", "looking"]


def test_an_error_below_a_yielded_call_closes_the_generator_and_comes_as_from_the_other_one(filtering):
    original, noted = keras.src.utils.traceback_utils.filter_traceback(looking), []
    raised, expected = called(stood_for(original, noted), 1, way="raise"), called(original, 1, way="raise")
    assert noted == ["ended"]
    shown, wanted = (
        [(one.filename, one.name, one.lineno, one.colno, one.end_colno) for one in traceback.extract_tb(error.__traceback__)]
        for error in (raised, expected)
    )  # fmt: skip
    assert shown[1:] == wanted[1:] and shown[1][1] == "error_handler"


@pytest.mark.parametrize("calls", [0, 1])
def test_of_a_generator_that_fails_itself_the_last_call_counts_or_the_originals(filtering, calls):
    @in_place_of(keras.src.utils.traceback_utils.filter_traceback(looking))
    def standing(self):
        for _ in range(calls):
            yield functools.partial(len, "three")
        INNER["own"]()

    assert standing(1) == 5 if calls else standing(1)[-1] == "looking"


def test_it_stands_for_one_that_stands_for_another_and_for_one_without_keras_handler():
    original, noted = keras.src.utils.traceback_utils.filter_traceback(looking), []
    assert below_handler(original) is looking and below_handler(looking) is looking
    once = stood_for(original, noted)
    assert below_handler(once) is looking and once.__wrapped__ is looking
    assert stood_for(looking, noted)(1)[1][-1] == "looking"


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize(
    "kind", [StopIteration, AttributeError, KeyError, IndexError, TypeError, GeneratorExit, KeyboardInterrupt]
)
def test_whatever_a_yielded_call_raises_comes_as_from_the_other_one(filtering, kind, before):
    """Also what ends iterators, and what C code answers by itself elsewhere."""

    def raising(self):
        raise kind("mine")

    filtered = keras.src.utils.traceback_utils.filter_traceback(raising)
    stand = functools.partial(making, raising, before)
    for standing in (
        in_place_of(filtered)(lambda self: (yield from stand())), in_place_of(raising)(lambda self: (yield from stand())), lambda _given: done(stand()),
        called_by_c(lambda _given: stand()),
    ):  # fmt: skip
        with pytest.raises(kind, match="mine") as info:
            standing(1)
        assert names(info.value)[-1] == "raising"
        # Where an attribute is looked up, Python writes what it was looked up in into the error.
        assert getattr(info.value, "obj", None) is None and getattr(info.value, "name", None) is None


def making(original, before):
    for number in range(before):
        yield functools.partial(int, number)
    yield functools.partial(original, 1)


def test_done_makes_the_calls_of_a_generator():
    def steps():
        return (yield functools.partial(int, "3")) + (yield functools.partial(int, "4"))

    assert done(steps()) == 7


# ---- what is called, or iterated over, through Python's own code


def stack_below(given):
    """The functions below this one, from the test on."""
    seen = [frame.name for frame in traceback.extract_stack()][:-1]
    return given, seen[next(n for n, name in enumerate(seen) if name.startswith("test_")) :]


def as_step(steps):
    """What Keras calls, once for each batch."""
    return type("Step", (), {"__call__": property(lambda self: called_by_c(steps))})()


@pytest.mark.parametrize("calls", [1, 3])
def test_no_frame_is_on_the_stack_below_what_is_called_by_c(calls):
    def steps(given):
        for number in range(calls):
            given, _seen = yield functools.partial(stack_below, given + number)
        return given, _seen

    step = as_step(steps)
    assert callable(step)
    for _again in range(2):
        given, seen = step(5)
        assert given == 5 + sum(range(calls))
        assert len(seen) == 1


GIVEN = {
    "array": lambda: np.ones((2, 2)), "tensor": lambda: keras.ops.ones((2, 2)), "empty": dict, "nothing": lambda: None, "iterator": lambda: iter(()),
}  # fmt: skip


@pytest.mark.parametrize("made", GIVEN.values(), ids=GIVEN)
def test_whatever_is_given_comes_and_whatever_is_returned_goes_as_it_is(made):
    given = made()

    def steps(one):
        first = yield functools.partial(lambda: one)
        return first, (yield functools.partial(lambda: one))

    assert all(one is given for one in called_by_c(steps)(given))


def test_an_error_in_what_is_called_by_c_closes_the_generator_at_once():
    noted = []

    def steps(given):
        try:
            yield functools.partial(looking, given, way="raise")
        finally:
            noted.append("ended")

    raised = called(as_step(steps), 1)
    assert (str(raised), names(raised)[1:], noted) == ("mine", ["looking"], ["ended"])


def test_an_error_of_ours_in_what_is_called_by_c_is_called_a_fault_of_the_graders():
    def steps(given):
        yield functools.partial(len, "")
        INNER["own"]()

    raised = called(called_by_c(steps), 1)
    assert (type(raised), str(raised)) == (GraderFault, "OSError: ours")


def test_what_is_flattened_is_what_the_generator_returns_without_a_frame_while_calls_are_made():
    seen = []

    def steps():
        for number in range(2):
            seen.append((yield functools.partial(stack_below, [number])))
        return iter("abc")

    assert [*flattened(steps())] == ["a", "b", "c"]
    assert [len(below) for _given, below in seen] == [1, 1]


# ---- whose fault it is


def failing_below(given):
    yield functools.partial(len, "")
    INNER["own"]()


@pytest.mark.parametrize("way", ["in describing", "below a call of Keras's", "below a student's function"])
def test_a_fault_of_ours_in_a_check_is_called_that_and_no_answer_of_the_students(way, monkeypatch, capsys):
    import autograder.kernel.check as checking

    class Failing:
        language = ""

        def check(self, *_arguments):
            if way == "in describing":
                INNER["own"]()
            if way == "below a call of Keras's":
                called_by_c(failing_below)(1)
            return call(lambda: called_by_c(failing_below)(1), ())

    monkeypatch.setattr(checking, "start", Failing)
    # What stands for a student of ours lies where ours lies.
    monkeypatch.setattr("autograder.kernel.in_place.PLACES", [*PLACES, __file__])
    assert checking.check("a.b", 1) is None
    said = capsys.readouterr()
    assert said.err.startswith("GraderFault: OSError: ours\n") and not said.out


def test_what_an_object_that_pretends_a_class_leads_to_is_raised(monkeypatch):
    import autograder.kernel.check as checking

    class Pretends:
        __class__ = property(lambda self: dict)

    monkeypatch.setattr(checking, "start", INNER["own"])
    with pytest.raises(OSError, match="ours"):
        checking.check("a.b", Pretends())


def test_what_calls_are_taken_from_is_a_generator_of_calls():
    """It is sent what each of its calls returned: ``yield from`` a list of calls works until the first of them returns something."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in Path(standing_in.__file__).parent.rglob("*.py")}
    functions = [one for tree in trees.values() for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    yielding = {
        one.name for one in functions if any(isinstance(at, (ast.Yield, ast.YieldFrom)) for at in ast.walk(one))
    }
    sent = [
        one for one in functions if one.returns and {"Steps", "Call"} & {*re.findall(r"\w+", ast.unparse(one.returns))}
    ]
    taken = [at.value for one in sent for at in ast.walk(one) if isinstance(at, ast.YieldFrom)]
    names = [one.func.attr if isinstance(one.func, ast.Attribute) else one.func.id for one in taken]
    assert len(names) >= 4 and {*names} <= yielding


def test_a_function_has_the_defaults_of_the_one_that_it_stands_for():
    def make(self, force=False, *, kind="train"):
        return force, kind

    def given(self, *args, **kwargs):
        return make(self, *args, **kwargs)

    standing = in_place_of(make)(given)
    assert (standing.__defaults__, standing.__kwdefaults__) == ((False,), {"kind": "train"})
    assert standing(1) == (False, "train") and standing(1, True, kind="test") == (True, "test")
