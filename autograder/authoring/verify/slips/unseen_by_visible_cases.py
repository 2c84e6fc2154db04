"""Visible cases of a function that can't see a mistake which its hidden calls see: whoever makes it is told only by lost points."""

from __future__ import annotations

import ast
import contextlib
import io
import random
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.authoring.verify.asked_and_checked import handed_in
from autograder.authoring.verify.rewriting import Source, Version, calls, rewrite
from autograder.authoring.verify.slips.mistakes import MISTAKES
from autograder.authoring.verify.slips.requirements import same, seen_of_function
from autograder.common.code_names import python
from autograder.course.checks.answers.functions import Function
from autograder.course.course import Question

ATTEMPTS = 24  # of one kind of mistake in one cell: most have fewer places
_SLOW = ("fit", "evaluate", "predict")


def blind(
    source: Source, questions: Mapping[str, Question], names: Mapping[str, Any]
) -> Iterator[tuple[Version, tuple[str, ...]]]:
    """Every mistake that is tried, and by ``question.check`` the visible cases that pass it while hidden calls fail.

    `names`: what the cells of the solved notebook bind.
    """
    for name, question in questions.items():
        both = _shown_and_hidden(question)
        if not both:
            continue
        cells = source.questions[name]
        paths = handed_in(source.notebook.cells[cells.check].source, question)
        given = {of: path for of, some in paths.items() for path in some if len(some) == 1 and path.isidentifier()}
        for place in cells.answers:
            for mistake, code, unseen in _looked(source.notebook.cells[place].source, both, given, names):
                checks = tuple(f"{name}.{check.id}" for check in unseen)
                yield Version(-1, (f"{name}: {mistake}",), {place: code}), checks


def _shown_and_hidden(question: Question) -> list[tuple[Function, Function]]:
    functions = [check for check in question.checks if isinstance(check, Function)]
    return [
        (shown, hidden)
        for shown in functions
        for hidden in functions
        if shown.cases and not shown.hidden and hidden.hidden and hidden.of == shown.of
    ]


def _looked(
    code: str, both: list[tuple[Function, Function]], given: Mapping[str, str], names: Mapping[str, Any]
) -> Iterator[tuple[str, str, list[Function]]]:
    """(kind of mistake, code with it, checks whose visible cases don't see what hidden calls see)"""
    if any(calls(node, *_SLOW) for node in ast.walk(ast.parse(python(code)))):
        return
    right = _bound(python(code), names)
    for rewriter in MISTAKES:
        drawn = {rewrite(code, rewriter, random.Random(f"{rewriter.name}/{number}")) for number in range(ATTEMPTS)}
        for wrong in sorted(one for one in drawn if one):
            made = _bound(wrong, names)
            named = [(shown, hidden, given.get(shown.of, shown.of)) for shown, hidden in both]
            unseen = [
                shown
                for shown, hidden, name in named
                if _alike(shown, name, right, made) and not _alike(hidden, name, right, made)
            ]
            yield rewriter.name, wrong, unseen


def _bound(code: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """What a cell binds: of one that raises, what it bound before."""
    own = dict(names)
    with _quiet(), contextlib.suppress(Exception):
        exec(compile(code, "<cell>", "exec"), own)
    return own


def _alike(check: Function, name: str, right: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Whether both functions give the same where this check calls them."""
    with _quiet(), contextlib.suppress(Exception):
        return same(seen_of_function(check, right[name]), seen_of_function(check, made[name]))
    return False


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
