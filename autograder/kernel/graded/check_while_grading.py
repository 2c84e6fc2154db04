"""`check` while grading: hands the values over to the judge, and judges nothing."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from autograder.common.errors import ProtocolError
from autograder.common.i18n import _
from autograder.common.wire import protocol
from autograder.common.wire.description import ModelDescription, decode
from autograder.common.wire.messages import HandIn, dump
from autograder.common.wire.protocol import has_networks
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.describing.weights import is_fresh
from autograder.kernel.graded.judged_fit import JudgeClient


class GradedStudent(Student):
    """`address`: the judge's socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.handed: set[str] = set()
        super().__init__(JudgeClient(address), has_networks())

    def _known_about(self, model: Any, described: ModelDescription) -> ModelDescription:
        if is_fresh(model):
            return described.model_copy(update={"origin": ""})
        return described.model_copy(update={"origin": "touched", "undecided": self.trainings.stepped(model)})

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
        self.note(objects)
        print(_("Handed in: {place}", place=place))

    def _send(self, place: str, values: dict[str, Any], answered: bool) -> Any:
        request = HandIn(type="hand_in", question=place, values=values, answered=answered)
        return protocol.ask(self.address, *dump(request))

    def take_what_is_there(self, place: str, value: Any, named: dict[str, Any]) -> None:
        if place not in self.handed:
            with contextlib.redirect_stdout(io.StringIO()):
                super().take_what_is_there(place, value, named)


def _argument(described: Any) -> Any:
    return described.data if hasattr(described, "data") else described.value
