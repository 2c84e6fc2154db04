"""What a notebook imports: ``from autograder import check``.

Where the environment names a judge (graded/check_while_grading.py), `check` hands the values over to it, and judges nothing. At home (home/check_at_home.py) it looks
at the work, prints what it found, and returns the points of the visible checks (plain nbgrader takes that as partial credit).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograder.common.environment import said
from autograder.common.errors import AutograderError, GraderFault
from autograder.common.i18n import _, speaking
from autograder.common.wire import protocol
from autograder.common.wire.protocol import JUDGE
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.in_place import is_fault_of_a_call

_NOTHING = object()
_student: Student | None = None


def start(own: Student | None = None) -> Student:
    """Install the hooks, once. Not done on import: the process that forks kernels imports this module too.

    `own`: the student of whoever runs notebooks in this process, so that importing ``check`` there makes no other one.
    """
    global _student
    if own is not None:
        _student = own
    elif _student is None:
        _student = _of_this_mode(said(JUDGE))
    return _student


def networks() -> bool:
    """Whether the course of this notebook has any networks, as far as that can be told."""
    if said(JUDGE):
        return protocol.has_networks()
    try:
        from autograder.kernel.home.check_at_home import has_networks
    except ModuleNotFoundError:  # in the grader's sandbox, where nobody is asked
        return True
    return has_networks()


def _of_this_mode(address: str) -> Student:
    if address:
        from autograder.kernel.graded.check_while_grading import GradedStudent

        return GradedStudent(address)
    from autograder.kernel.home.check_at_home import HomeStudent

    return HomeStudent()


class Checker:
    """What notebooks call ``check``: see `__call__`, `progress` and `hint`."""

    def __call__(self, question: str, value: Any = _NOTHING, /, *, hidden: bool = False, **named: Any) -> float | None:
        """Check your work on a question, such as ``check("two_layer.model", model)``.

        Shows what is right, what isn't yet, and a hint; returns the points of the visible checks. Further checks, which
        are hidden, run when the notebook is graded.
        """
        given = value is not _NOTHING
        return _spoken(lambda student: student.check(question, value, named, given, hidden), (value, *named.values()))

    def progress(self, assignment: str = "") -> None:
        """Show what is left of the assignment: each question with its points, as far as it was checked in this kernel."""
        _spoken(lambda student: student.progress(assignment))

    def hint(self, question: str = "") -> None:
        """Show the next hint for a question, such as ``check.hint("two_layer.model")``; without one, for that checked last.

        The first says where to look, the last how to begin. Hints cost nothing.
        """
        _spoken(lambda student: student.hint(question))


def _spoken(do: Callable[[Student], float | None], objects: tuple[Any, ...] = ()) -> float | None:
    try:
        student = start()
        with speaking(student.language):
            try:
                return do(student)
            except GraderFault:
                raise
            except AutograderError as error:
                print(_("check() can't look at this: {error}. {remedy}", error=error, remedy=error.remedy))
    except Exception as error:
        if not is_fault_of_a_call(error) or any(map(_pretends, objects)):
            raise
        print(f"{GraderFault.__name__}: {GraderFault.of(error)}", file=sys.stderr)
        print(_("This is a fault of the grader's, and no mistake of yours."), file=sys.stderr)
    return None


def _pretends(thing: Any) -> bool:
    """Whether it says to be of a class that it isn't of: what such a thing leads to is its own fault."""
    try:
        return thing.__class__ is not type(thing)
    except Exception:
        return True


check = Checker()
