"""At home: what will be different when the notebook is graded, told by what decides it there.

A call of ``fit`` is read by the client that a graded kernel has, which asks a judge that only says whether it would train.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.common.wire.messages import Fit
from autograder.kernel.graded.judged_fit import JudgeClient


class _WouldTrain(Exception):
    """The judge's answer, as far as home needs it."""


class GraderAtHome(JudgeClient):
    """`would_train` raises CannotRebuild for a request that the judge refuses."""

    def __init__(self, would_train: Any) -> None:
        super().__init__("")
        self._would_train = would_train

    def _ask(self, request: Any) -> Any:
        if isinstance(request, Fit):
            self._would_train(request)
        raise _WouldTrain

    def refusal(self, model: Any, call: Mapping[str, Any]) -> str:
        """Why the grader can't repeat this call of ``fit``, before it runs; '' where it can."""
        try:
            training = self._training(model, dict(call))
            if getattr(training.data, "samples", True) is None:
                return ""  # data that are read epoch by epoch: whether they are known shows only then
            training.judge()
        except _WouldTrain:
            return ""
        except CannotTrainHere as error:
            return str(error)
        except Exception as error:  # CannotRebuild, or something that Keras won't take either
            return str(error) or type(error).__name__
        return ""


def imported(space: Mapping[str, Any]) -> Iterator[str]:
    """The top-level modules that the names of a notebook come from."""
    for name, value in list(space.items()):
        if name.startswith("_"):
            continue
        module = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        if (
            isinstance(value, (types.ModuleType, type, types.FunctionType))
            and isinstance(module, str)
            and module != "__main__"
        ):
            yield module.partition(".")[0]


def missing_there(names: list[str]) -> str:
    """What to say of modules that the grader may lack."""
    modules = ", ".join(f"`{name}`" for name in names)
    return _(
        "The grader may not have {modules}: a person will have to look at what needs it. Files of your own are not there either.",
        modules=modules,
    )
