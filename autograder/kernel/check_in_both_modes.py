"""The state behind `check` in one kernel, as far as both modes share it: ``graded/check_while_grading.py`` and ``home/check_at_home.py`` have the rest."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

from IPython import get_ipython

from autograder.common.cells import left_empty
from autograder.common.errors import AutograderError
from autograder.common.i18n import asked_for, speaking
from autograder.common.wire.description import FunctionDescription, ModelDescription, encode
from autograder.kernel.describing.by_chance import is_by_chance
from autograder.kernel.describing.describe import call, describe
from autograder.kernel.describing.describe_things import describe_thing, first_axes
from autograder.kernel.describing.plain import loaded_keras
from autograder.kernel.keras_methods import Trainings
from autograder.kernel.object_notes import Notes

_PLAIN = (bool, int, float, str, type(None))


def _by_chance(name: str, answer: str, numbers: Any) -> bool:
    shell = get_ipython()
    if (
        shell is None
        or not isinstance(numbers, dict)
        or not all(isinstance(one, (int, float)) for one in numbers.values())
    ):
        return False
    return is_by_chance(name, answer, numbers, shell.user_ns, shell.user_ns.get("In") or ())


def _same(one: Any, other: Any) -> bool:
    """Whether two described results say the same, to the last bit."""
    (said, frames), (said_again, frames_again) = encode({"it": one}), encode({"it": other})
    return bool(said == said_again) and [frame.tobytes() for frame in frames] == [f.tobytes() for f in frames_again]


class Student:
    """`trainings` is installed: from now on it sees every ``fit``. Not in a course without `networks`, where Keras isn't loaded."""

    def __init__(self, trainings: Trainings, networks: bool = True) -> None:
        self.trainings = trainings
        self.known: Notes[bool] = Notes()  # of objects that were handed in
        # Since the last check cell: whether a cell ran, and one of them holds no answer.
        self.tried = self.left_empty = False
        if networks:
            self.trainings.install()

    @property
    def language(self) -> str:
        """What the environment asks for, or ''."""
        return asked_for()

    def check(self, place: str, value: Any, named: dict[str, Any], given: bool, hidden: bool) -> float | None:
        """What ``check(place, value, **named)`` does; `given`: there is a `value`. Raises AutograderError."""
        raise NotImplementedError

    def note(self, objects: dict[str, Any]) -> None:
        """These were handed in: they are no answer to a later question."""
        for one in objects.values():
            if not isinstance(one, _PLAIN):
                self.known.set(one, True)

    def hand_in_what_is_there(self, result: Any) -> None:
        """After a cell in which `check` names something that was never made: what else it names counts, and a mistake costs its own."""
        call = _call_of(result.info.raw_cell)
        if call is None:
            self.tried = True
            raised = result.error_in_exec
            self.left_empty |= left_empty(type(raised).__name__, str(raised)) or _does_nothing(result.info.raw_cell)
            return
        tried, self.tried, self.left_empty = self.tried and not self.left_empty, False, False
        if not isinstance(result.error_in_exec, NameError):
            return
        place = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if not isinstance(place, str):
            return
        space = get_ipython().user_ns
        asked = {keyword.arg: keyword.value for keyword in call.keywords}
        asked |= {"": call.args[1]} if len(call.args) == 2 else {}
        there = {key: space[name.id] for key, name in asked.items() if isinstance(name, ast.Name) and name.id in space}
        # An answer that is empty made nothing of what is there; one that failed may rest on it.
        answered = tried or any(not self.known.get(one) for one in there.values())
        if answered and len(there) < len(asked):
            value = there.pop("", None)
            with speaking(self.language):
                self.take_what_is_there(place, value, there)

    def take_what_is_there(self, place: str, value: Any, named: dict[str, Any]) -> None:
        with contextlib.suppress(AutograderError):
            self.check(place, value, named, value is not None, False)

    def progress(self, assignment: str) -> None:
        raise NotImplementedError

    def hint(self, place: str) -> None:
        raise NotImplementedError

    def values(self, value: Any, named: dict[str, Any], given: bool, first: str) -> dict[str, Any]:
        """Described values by name. Networks carry what is known about their training."""
        objects = {first: value, **named} if given else named
        keras = loaded_keras()
        names = {id(item): name for name, item in objects.items() if keras and isinstance(item, keras.layers.Layer)}
        firsts: dict[int, str] = {}

        def told(model: Any, network: ModelDescription, place: str) -> ModelDescription:
            # A network may have no optimizer: then that of nobody else is its own.
            of = firsts.setdefault(id(getattr(model, "optimizer", None) or model), place)
            about = {"same_as": firsts.setdefault(id(model), place), "optimizer_of": of}
            known = self._known_about(model, network)
            return known.model_copy(update={key: one for key, one in about.items() if one != place})

        described = {
            name: describe_thing(item)
            or describe_thing(first_axes(item))
            or describe(item, names=names, told=told, place=name)
            for name, item in objects.items()
        }
        for name, item in objects.items():
            if type(item) is str and any(_by_chance(name, item, other) for other in objects.values()):
                described[name] = described[name].model_copy(update={"by_chance": True})
        return described

    def _known_about(self, model: Any, described: ModelDescription) -> ModelDescription:
        """`described` with what this mode knows about the training of `model`."""
        raise NotImplementedError

    def answer(self, values: dict[str, Any], objects: dict[str, Any], calls: Any) -> dict[str, Any]:
        """`values` with the results of the calls that checks ask for."""

        def told(model: Any, network: ModelDescription, _place: str) -> ModelDescription:
            return self._known_about(model, network)

        for name, checks in calls.items():
            function = values[name]
            answers = {
                check: [call(objects[name], arguments, told) for arguments in tuples]
                for check, tuples in checks.items()
            }
            results = {check: tuple(result for result, _ in found) for check, found in answers.items()}
            changes = {check for check, found in answers.items() if any(changed for _, changed in found)}
            again = {check for check, tuples in checks.items() if tuples and tuples[0] and not _same(answers[check][0][0], call(objects[name], tuples[0], told)[0])}  # fmt: skip
            values[name] = FunctionDescription(
                name=function.name,
                results={**function.results, **results},
                changes=tuple(sorted({*function.changes, *changes})),
                unsteady=tuple(sorted({*function.unsteady, *again})),
            )
        return values


def _call_of(source: str) -> Any:
    """The call that is all of a cell; None for any other cell."""
    try:
        (statement,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check" else None


def _does_nothing(source: str) -> bool:
    """Whether a cell is comments, `pass` and texts alone."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in body
    )
