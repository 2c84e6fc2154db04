"""A course to try things on: all that grading reads of it, and nothing of the people who take it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from autograder.common.files import text_of
from autograder.course.course import FILE, OF_PEOPLE, SQLITE, Course
from autograder.course.released_notebook import RELEASES
from autograder.course.yaml_file import read_yaml


def copy_course(course: Course, target: Path) -> Path:
    """`course` in `target` with a gradebook of its own: solutions, releases, the files that checks and data name; no roster,
    no extensions. Its course.yml, which keeps its comments where nothing had to be taken out."""
    target.mkdir(parents=True, exist_ok=True)
    for folder in ("solutions", RELEASES):
        shutil.copytree(course.root / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for file in {file for name in course.assignments for file in course.files(name)}:
        if not (target / file).exists() and (course.root / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(course.root / file, target / file)
    (target / FILE).write_text(_alone(course), "utf-8")
    return target / FILE


def _alone(course: Course) -> str:
    document = read_yaml(course.root / FILE)
    alone: dict[str, Any] = {**document, "gradebook": SQLITE}
    for *above, key in OF_PEOPLE:
        alone = _without(alone, *above, key)
    if alone == {"gradebook": SQLITE, **document}:
        return text_of(course.root / FILE)
    return yaml.safe_dump(alone, allow_unicode=True, sort_keys=False)


def _without(document: Mapping[str, Any], first: str, *below: str) -> dict[str, Any]:
    if not below:
        return {key: value for key, value in document.items() if key != first}
    return {key: _without(value, *below) if key == first else value for key, value in document.items()}
