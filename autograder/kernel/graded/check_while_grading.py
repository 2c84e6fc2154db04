"""`check` while grading: hands the values over to the judge, and judges nothing."""

from __future__ import annotations

import ast
import contextlib
import io
from typing import Any

from IPython import get_ipython

from autograder.common.cells import left_empty
from autograder.common.errors import AutograderError, ProtocolError
from autograder.common.i18n import _, speaking
from autograder.common.wire import protocol
from autograder.common.wire.description import ModelDescription, decode
from autograder.common.wire.messages import HandIn, dump
from autograder.common.wire.protocol import has_networks
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.describing.weights import is_fresh
from autograder.kernel.graded.judged_fit import JudgeClient
from autograder.kernel.object_notes import Notes

_PLAIN = (bool, int, float, str, type(None))


class GradedStudent(Student):
    """`address`: the judge's socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.handed: set[str] = set()
        self.known: Notes[bool] = Notes()  # of objects that were handed in: they are no answer to a later question
        # Since the last check cell: whether a cell ran, and one of them holds no answer.
        self.tried = self.left_empty = False
        super().__init__(JudgeClient(address), has_networks())

    def _known_about(self, model: Any, described: ModelDescription) -> ModelDescription:
        return described.model_copy(update={"origin": "" if is_fresh(model) else "touched"})

    def check(self, place: str, value: Any, named: dict[str, Any], given: bool, hidden: bool) -> None:
        try:
            self.hand_in(place, value, named, given)
        except ProtocolError as error:
            print(_("This could not be handed in: {error}", error=error))

    def progress(self, assignment: str) -> None:
        """Nothing: while grading there is nobody to read it."""

    def hint(self, place: str) -> None:
        """Nothing, as `progress`."""

    def hand_in(self, place: str, value: Any, named: dict[str, Any], given: bool) -> None:
        objects = {"": value, **named} if given else named
        values = self.values(value, named, given, "")
        answer, frames = self._send(place, values, answered=False)
        if answer.get("type") == "call":
            arguments = decode(answer["arguments"], frames)
            calls: dict[str, dict[str, list[Any]]] = {}
            for name, check, _number, keys in answer["calls"]:
                own = name if name in objects else ""
                calls.setdefault(own, {}).setdefault(check, []).append(tuple(_argument(arguments[key]) for key in keys))
            self._send(place, self.answer(values, objects, calls), answered=True)
        self.handed.add(place)
        for one in objects.values():
            if not isinstance(one, _PLAIN):
                self.known.set(one, True)
        print(_("Handed in: {place}", place=place))

    def _send(self, place: str, values: dict[str, Any], answered: bool) -> Any:
        request = HandIn(type="hand_in", question=place, values=values, answered=answered)
        return protocol.ask(self.address, *dump(request))

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
        if answered and len(there) < len(asked) and place not in self.handed:
            value = there.pop("", None)
            quietly = contextlib.redirect_stdout(io.StringIO())
            with speaking(self.language), quietly, contextlib.suppress(AutograderError):
                self.check(place, value, there, value is not None, False)


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


def _argument(described: Any) -> Any:
    return described.data if hasattr(described, "data") else described.value
