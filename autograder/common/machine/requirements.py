"""Whether a notebook's Python can run `check` at all. Looks at what is installed; imports no framework."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from autograder.common.environment import said
from autograder.common.errors import SandboxError
from autograder.common.i18n import _

THIS = "deep-networks-autograder"
BACKEND = "KERAS_BACKEND"
NETWORKS = ("keras", "tensorflow")  # what a course with networks needs: the extra `tensorflow`


@cache
def least(package: str) -> str:
    """The oldest version of `package` that pyproject.toml allows, as this package's own metadata have it; '' where nothing says so."""
    try:
        asked = [Requirement(text) for text in requires(THIS) or ()]
    except PackageNotFoundError:
        return ""
    bounds = (bound for each in asked if canonicalize_name(each.name) == package for bound in each.specifier)
    return next((bound.version for bound in bounds if bound.operator == ">="), "")


def recent(package: str, found: str) -> bool:
    """Whether version `found` of `package` is new enough. A candidate of a release is older than the release."""
    wanted = least(package)
    try:
        return not wanted or Version(found) >= Version(wanted)
    except InvalidVersion:
        return False


def require_networks() -> None:
    """Raises SandboxError, with the remedy, where what builds and trains networks is not installed."""
    if lacking := [name for name in NETWORKS if find_spec(name) is None]:
        raise SandboxError(
            _("this course needs {packages}, which is not installed here", packages=_(" and ").join(lacking)),
            _(
                "Run `pip install '{package}'`; a course without networks says `networks: false`.",
                package=f"{THIS}[tensorflow]",
            ),
        )


def problem(networks: Callable[[], bool] = lambda: True) -> str:
    """A sentence on what keeps `check` from working here, with the remedy; '' when nothing does.

    `networks`: whether the course has any; without them nobody needs Keras.
    """
    if (missing := _of_keras()) and networks():
        return missing
    from autograder.common.wire.protocol import JUDGE

    if not said(JUDGE) and find_spec("autograder.kernel.home") is None:
        return _("check() has nobody to ask in this kernel: it runs in the grader's sandbox, which holds no course. Grade with {command}.", command="`autograder grade`")  # fmt: skip
    return ""


def _of_keras() -> str:
    install = _("Type {command} in a cell, then restart the kernel.", command=f"%pip install 'keras>={least('keras')}'")
    try:
        found = version("keras")
        version("tensorflow")
    except PackageNotFoundError as error:
        return _("This notebook needs Keras and TensorFlow, and {package} is not installed.", package=error.name) + (
            " " + _("Type {command} in a cell, then restart the kernel.", command="%pip install keras tensorflow")
        )
    if not recent("keras", found):
        wanted = least("keras")
        return (
            _("This notebook needs Keras {wanted} or newer, and {found} is installed.", wanted=wanted, found=found)
            + " "
            + install
        )
    backend = os.environ.get(BACKEND, "")
    if backend not in ("", "tensorflow"):
        return _(
            "This notebook needs Keras on TensorFlow, and {variable} asks for {backend}. Remove that setting, then "
            "restart the kernel.",
            variable=BACKEND,
            backend=backend,
        )
    return ""


class NotReady:
    """Stands in for `check` where it can't work: says so instead of raising."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __call__(self, *values: object, **named: object) -> None:
        print(self.sentence)

    def progress(self, assignment: str = "") -> None:
        print(self.sentence)

    def hint(self, question: str = "") -> None:
        print(self.sentence)
