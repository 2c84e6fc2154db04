"""What can be proven of the committed releases without running anything: up to date, alike in all languages, nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autograder.authoring.release import revealed
from autograder.authoring.verify.proof import Reason
from autograder.common.cells import grade_id_of, grading_of, is_check, is_manual
from autograder.common.errors import AutograderError
from autograder.common.files import text_of
from autograder.common.i18n import N_, _
from autograder.course.checks.base import Check
from autograder.course.checks.forms import Form
from autograder.course.course import Course
from autograder.course.released_checks import RELEASED
from autograder.course.released_notebook import release_file, release_place, released_notebook
from autograder.course.yaml_file import read_yaml

_HIDDEN_KEYS = {"title", "points", "of", "form"}  # all that a released checks.yml says of a hidden check
_TELLS = {
    "title": N_("the title of a hidden check tells its answer"),
    "hint": N_("the hint of a hidden check tells its answer"),
}
_WORTH = {
    "checks": N_("its visible checks are worth something else"),
    "hidden": N_("its hidden checks are worth something else"),
}
_NO_ANSWER = {"among", "kind", "split", "metric", "draws", "args", "tolerance", "reference", "match", "others"}
_LONG = 2  # an answer of one character, such as 2, stands in many a text by chance


def stale(paths: Iterable[Path], course: Course, assignment: str) -> Iterable[Reason]:
    """A reason for each of `paths`, the files that ``release.stale`` found, that belongs to `assignment`."""
    for path in paths:
        if path.parent.name == assignment:
            place = str(path.relative_to(course.root))
            yield Reason(
                message=_("it is not what `autograder release` would write now: run it, and commit"), file=place
            )


def reveals(course: Course, assignment: str, language: str) -> Iterable[Reason]:
    """Hidden parameters, solutions and markers in a committed release."""
    for message in revealed(course, assignment, language):
        yield Reason(message=message)
    folder = release_place(assignment, language)
    file = str(folder / RELEASED)
    yield from _checks_reveal(course, assignment, read_yaml(course.root / file), file)
    places = {place for _name, check in hidden_checks(course, assignment) for place in check.places()}
    for path in sorted((course.root / folder).iterdir()):
        text = text_of(path, "replace")
        for place in sorted(places):
            if place in text:
                message = _("it names the reference function {place}", place=place)
                yield Reason(message=message, file=str(path.relative_to(course.root)))


def _checks_reveal(course: Course, assignment: str, document: Any, file: str) -> Iterable[Reason]:
    questions = document.get("questions", {}) if isinstance(document, dict) else {}
    for name, question in course.assignment(assignment).questions.items():
        released: Mapping[str, Any] = questions.get(name, {})
        for check, entry in zip(question.hidden(), released.get("hidden", ()), strict=False):
            place = f"{name}.{check.id}"
            more = {"form"} if entry.get("form", {}).keys() - Form.model_fields else set()
            for key in sorted(entry.keys() - _HIDDEN_KEYS | more):
                message = _("students can read '{key}' of a hidden check", key=key)
                yield Reason(message=message, file=file, place=place, found=f"{entry[key]!r:.100}")
        hidden = {check.id for check in question.hidden()}
        for entry in released.get("checks", ()):
            if entry.get("hidden") or entry.get("id", entry.get("type")) in hidden:
                place = f"{name}.{entry.get('id', entry.get('type'))}"
                yield Reason(message=_("students can read all of a hidden check"), file=file, place=place)


def hidden_checks(course: Course, assignment: str) -> Iterable[tuple[str, Check]]:
    """Each hidden check of an assignment, with its ``question.check``."""
    for name, question in course.assignment(assignment).questions.items():
        for check in question.hidden():
            yield f"{name}.{check.id}", check


def expectations(check: Check) -> Iterable[tuple[str, Any]]:
    """What a hidden check expects, by its key. How it looks is no secret, nor how it is called, nor what goes without saying."""
    for name, field in type(check).model_fields.items():
        value = getattr(check, name)
        if name not in {*Check.model_fields, *_NO_ANSWER, *check.values_named} and value != field.default:
            yield name, value


def answers(check: Check) -> set[str]:
    """What a hidden check expects, as it might be written in a text."""
    found: set[str] = set()
    for _name, value in expectations(check):
        found |= _written(value)
    for answer in getattr(check, "answers", ()):
        found |= _written(answer)
    return {text for text in found if len(text) >= _LONG}


def _written(value: Any) -> set[str]:
    if isinstance(value, bool) or value is None or value == ():
        return set()
    if isinstance(value, int):
        return {str(value), f"{value:,}"}
    if isinstance(value, float):
        return {f"{value:g}", str(value)}
    if isinstance(value, tuple):
        return {str(value), str(list(value))}
    return {str(value)} if isinstance(value, str) else set()


def hidden_answer_in(text: str, check: Check) -> str:
    """The answer of `check` that stands in `text` as a word of its own; '' if none does."""
    for answer in sorted(answers(check)):
        if re.search(rf"(?<![\w.]){re.escape(answer)}(?!\w|[.,]\d)", text):
            return answer
    return ""


def titles_tell(course: Course, assignment: str) -> Iterable[Reason]:
    """Hidden checks whose own title or hint, which students read, holds the answer."""
    for place, check in hidden_checks(course, assignment):
        for language in course.course.languages:
            question = course.question(f"{assignment}.{place.partition('.')[0]}")[1]
            hints = [hint.in_language(language) for hint in (*([check.hint] if check.hint else []), *question.hints)]
            texts = {"title": check.heading(language), "hint": "\n".join(hints)}
            for kind, text in texts.items():
                if answer := hidden_answer_in(text, check):
                    message = _(_TELLS[kind])
                    yield Reason(
                        message=message,
                        file="course.yml",
                        place=place,
                        found=_("{answer!r} in {text!r}", answer=answer, text=text),
                    )


def languages_differ(course: Course, assignment: str) -> Iterable[Reason]:
    """Questions, points and locked code that are not the same in every language; questions that course.yml knows otherwise."""
    wanted = {name: question.points for name, question in course.assignment(assignment).questions.items()}
    first = course.language
    cells = {language: _graded(course, assignment, language) for language in course.course.languages}
    for language, own in cells.items():
        file = release_file(assignment, language).as_posix()
        points = {name: worth for name, (worth, _code) in own.items() if worth is not None}
        if list(points) != list(wanted):
            message = _("its questions are not those of course.yml, in that order")
            yield Reason(message=message, file=file, expected=", ".join(wanted), found=", ".join(points))
        for name in points.keys() & wanted.keys():
            if points[name] != wanted[name]:
                message = _("a question is worth something else")
                found = f"{points[name]:g}"
                yield Reason(message=message, file=file, place=name, expected=f"{wanted[name]:g}", found=found)
        for name in sorted(own.keys() & cells[first].keys()):
            if own[name][1] != cells[first][name][1]:
                yield Reason(
                    message=_("its code differs from that in '{language}'", language=first), file=file, place=name
                )
        yield from _checks_differ(course, assignment, language)


def _graded(course: Course, assignment: str, language: str) -> dict[str, tuple[float | None, str]]:
    """Points (None for what earns none) and code of each cell with a grade id; answer cells count by their released text."""
    found = {}
    for cell in released_notebook(course, assignment, language).cells:
        if grade_id_of(cell):
            points = grading_of(cell).get("points") if is_check(cell) or is_manual(cell) else None
            found[grade_id_of(cell)] = (points, str(cell.source))
    return found


def _checks_differ(course: Course, assignment: str, language: str) -> Iterable[Reason]:
    file = (release_place(assignment, language) / RELEASED).as_posix()
    document = read_yaml(course.root / file)
    if not isinstance(document, dict) or not isinstance(document.get("questions"), dict):
        raise AutograderError(_("{file} holds no questions", file=course.root / file), _("Run `autograder release`."))
    wanted = course.public(assignment, language)["questions"]
    released = document["questions"]
    if list(released) != list(wanted):
        message = _("its questions are not those of course.yml, in that order")
        yield Reason(message=message, file=file, expected=", ".join(wanted), found=", ".join(released))
    for name in wanted.keys() & released.keys():
        for kind in ("checks", "hidden"):
            expected = [check["points"] for check in wanted[name][kind]]
            found = [check.get("points") for check in released[name].get(kind, ())]
            if expected != found:
                yield Reason(
                    message=_(_WORTH[kind]), file=file, place=name,
                    expected=str(expected), found=str(found),
                )  # fmt: skip
