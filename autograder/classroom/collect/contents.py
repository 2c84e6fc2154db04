"""Which assignment a notebook is, told by what is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, is_locked
from autograder.common.errors import ReleaseError
from autograder.course.course import Course
from autograder.course.released_notebook import release_file, released_notebook

FEWEST = 2  # grade ids or checks that say anything: a question has two cells
_CHECK = re.compile(r"""\bcheck\(\s*["'](\w+)\.\w+["']""")


class Contents:
    """What the course's releases hold, to compare notebooks with."""

    def __init__(self, course: Course) -> None:
        self.grade_ids: dict[str, set[str]] = {}
        self.answers: dict[str, dict[str, set[str]]] = {}
        for name, assignment in course.assignments.items():
            released = list(_releases(course, name))
            named = {grade_id_of(cell) for notebook in released for cell in notebook.cells} - {""}
            questions = {f"{question}{ending}" for question in assignment.questions for ending in ("", "-answer")}
            self.grade_ids[name] = named or questions
            self.answers[name] = {}
            for notebook in released:
                for cell in notebook.cells:
                    if grade_id_of(cell) and not is_locked(cell):
                        self.answers[name].setdefault(grade_id_of(cell), set()).add(cell.source.strip())

    def assignment(self, notebook: NotebookNode) -> str:
        """The assignment whose grade ids the notebook holds; else the one that its cells check; '' where neither tells."""
        there = {grade_id_of(cell) for cell in notebook.cells} - {""}
        ids = {name: len(there & own) for name, own in self.grade_ids.items()}
        calls = dict.fromkeys(self.grade_ids, 0)
        for cell in notebook.cells:
            for name in set(_CHECK.findall(cell.source)) & calls.keys():
                calls[name] += 1
        return _clearly_most(ids) or _clearly_most(calls)

    def is_untouched(self, notebook: NotebookNode, assignment: str) -> bool:
        """Whether no answer cell differs from the release: the student's download, not their work."""
        own = self.answers[assignment]
        found = [(own[grade_id_of(cell)], cell.source.strip()) for cell in notebook.cells if grade_id_of(cell) in own]
        return bool(found) and all(source in released for released, source in found)


def _releases(course: Course, name: str) -> Iterable[NotebookNode]:
    for language in course.course.languages:
        path = course.root / release_file(name, language)
        try:
            yield _release(course, name, language, path.resolve(strict=True))
        except (OSError, ReleaseError):
            continue  # not released in this language (yet): course.yml has the questions


_known: dict[tuple[Path, int], NotebookNode] = {}


def _release(course: Course, name: str, language: str, file: Path) -> NotebookNode:
    """The release, read once while it stays the same: reading and validating it takes longer than all else here."""
    key = (file, file.stat().st_mtime_ns)
    if key not in _known:
        _known[key] = released_notebook(course, name, language)
    return _known[key]


def _clearly_most(counts: Mapping[str, int]) -> str:
    """The name with at least `FEWEST`, and with twice as many as any other: assignments share some of their ids."""
    ranked = sorted(counts, key=lambda name: -counts[name])
    first, second = counts[ranked[0]], counts[ranked[1]] if len(ranked) > 1 else 0
    return ranked[0] if first >= FEWEST and first >= 2 * second else ""
