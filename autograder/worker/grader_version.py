"""The grader, as keys know it: its version, and the digest of the code that makes the report of a submission."""

from __future__ import annotations

import inspect
from functools import lru_cache
from pathlib import Path

import autograder
from autograder.common.digests import of_file, of_parts
from autograder.common.i18n import LANGUAGES, _, speaking
from autograder.common.machine.versions import code, code_digest
from autograder.course.checks.base import Check
from autograder.course.course import Course

REPORT = "autograder.worker.grading"  # with all that it uses: sandbox, kernel, judge, networks, checks
CHECKS = "autograder/course/checks/"  # decides on values that were handed in, and so can decide again without a run


def grader(course: Course, assignment: str, language: str) -> str:
    """``0.1.0+3f9a1c2b7d105e88``: the version, and what all its code that determines a report of `assignment` comes to.

    The check classes of other packages count as far as `assignment` uses them, and the words of `language`.
    """
    kinds = {type(check) for question in course.assignment(assignment).questions.values() for check in question.checks}
    foreign = tuple(sorted((kind for kind in kinds if not kind.__module__.startswith("autograder.")), key=str))
    return _grader(foreign, language)


@lru_cache(maxsize=64)
def _grader(foreign: tuple[type[Check], ...], language: str) -> str:
    kinds = [f"{kind.__module__}.{kind.__qualname__} {_foreign(kind)}\n" for kind in foreign]
    digest = of_parts([code_digest(REPORT), *kinds, *_words(language)])
    return f"{autograder.__version__}+{digest[:16]}"


def _words(language: str) -> list[bytes]:
    """What the grader's texts are in `language`; the first one's words are in the code."""
    if language == LANGUAGES[0]:
        return []
    with speaking(language):
        texts = sorted({text for source in code(REPORT).values() for text in source.texts if text})
        words = {text: _(text) for text in texts}
    return [f"{text}\0{word}\0".encode("utf-8", "replace") for text, word in words.items() if word != text]


def _foreign(kind: type[Check]) -> str:
    """Of a class of another package: its module and what that uses; of one whose package has no file, its own file alone."""
    try:
        return code_digest(kind.__module__)
    except (ModuleNotFoundError, ValueError):
        try:
            return of_file(Path(inspect.getfile(kind)))
        except (OSError, TypeError):
            return ""


def runner() -> str:
    """The digest of the code that runs a submission and takes what it hands in: while it stays, that can be judged again."""
    return code_digest(REPORT, but=CHECKS)
