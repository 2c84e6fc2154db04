"""The parts of a new assignment, out of the templates of its task: source notebook, entry, what it is on, mutants, alternatives, test."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import nbformat

from autograder.common.cells import mark
from autograder.common.i18n import LANGUAGES, N_, _, known, speaking
from autograder.common.wire.submitted_notebook import PYTHON
from autograder.course.checks.base import Localised
from autograder.course.settings import DataSettings
from autograder.course.yaml_file import parse_yaml

DAYS = 30  # until the assignment is due
# Folders of templates, and what their assignments are called where nobody says it and the name says nothing.
TASKS = {
    "network": N_("A small network"), "cnn": N_("A convolutional network"), "regression": N_("Predicting a number"), "sklearn": N_("A pipeline"),
}  # fmt: skip
_TEXTS = re.compile(r"\{" + ", ".join(rf'{name}: ("[^"]*"|[^,{{}}]*)' for name in LANGUAGES) + r"\}")
_TEMPLATES: Traversable = files("autograder.authoring.scaffold") / "templates"


def template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def quoted(text: str) -> str:
    """As it stands between double quotes in YAML."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class New:
    """What is to be made: a `name` as course.yml has it, and titles that students read."""

    name: str
    title: str = ""
    title_ko: str = ""
    due: str = ""
    languages: tuple[str, ...] = LANGUAGES  # of the course, in its order
    task: str = "network"  # what it is about: one of TASKS

    def told_apart(self, titles: Iterable[Localised]) -> New:
        """The same with another Korean title where an assignment has the one that its task would give it."""
        own = self._titled("ko")
        alike = own in {title.in_language("ko") for title in titles} and not (self.title or self.title_ko)
        return replace(self, title_ko=f"{own}: {self._titled()}") if alike else self

    @property
    def data(self) -> str:
        """The lines of course.yml on what the task's notebook is on; those of a task without its own are those of most."""
        own = f"{self.task}/data.yml"
        return self._filled(template(own if (_TEMPLATES / own).is_file() else "data.yml"))

    @property
    def networks(self) -> bool:
        return parse_yaml(self.data, "data.yml").get("networks") is not False

    def entry(self, course: DataSettings | None = None) -> str:
        """The lines of course.yml; with what it is on, where that is not what the `course` is on."""
        text = _spoken(self._filled(template(f"{self.task}/entry.yml")), self.languages)
        own = parse_yaml(self.data, "data.yml").get("data")
        if course is None or own is None or DataSettings.model_validate(own) == course:
            return text
        lines = "".join(f"  {line}\n" for line in self.data.splitlines() if not line.startswith("networks:"))
        return re.sub(r"^  questions:$", lambda match: lines + match[0], text, count=1, flags=re.MULTILINE)

    def files(self) -> dict[Path, str]:
        """All other files, by their path in the course's folder."""
        made = {
            Path("solutions") / self.name / f"{self.name}.ipynb": self.notebook(),
            Path("tests") / f"test_{self.name}.py": self._filled(template("test.txt")),
        }
        if (prepares := _TEMPLATES / self.task / "prepare.txt").is_file():
            made[Path("solutions") / f"{self.name}.py"] = prepares.read_text("utf-8")
        for kind in ("mutants", "alternatives"):
            for file in sorted((_TEMPLATES / self.task / kind).iterdir(), key=lambda file: file.name):
                said = file.read_text("utf-8")
                made[Path("tests") / kind / self.name / file.name] = (
                    self._read_in_english(said) if kind == "mutants" else said
                )
        return made

    def _read_in_english(self, variant: str) -> str:
        """A mutant whose phrases are those that are read: in English, where the course has it; else none, for its author to write."""
        if known(self.languages[0]) in ("", LANGUAGES[0]):  # what isn't spoken is said in English
            return variant
        if LANGUAGES[0] in self.languages:
            return f"language: {LANGUAGES[0]}\n{variant}"
        before, loses, phrases = variant.partition("\nloses:\n")
        return before + loses + re.sub(r"^(  [\w.]+):.*$", r'\1: ""', phrases, flags=re.MULTILINE)

    def notebook(self) -> str:
        """The source notebook, as nbgrader and `autograder release` want it."""
        made = nbformat.v4.new_notebook()
        made.metadata, made.nbformat_minor = nbformat.from_dict(PYTHON), 5
        cells = parse_yaml(template(f"{self.task}/notebook.yml"), "notebook.yml")
        made.cells = [self._cell(cell) for cell in _in_languages(cells, self.languages)]
        return str(nbformat.writes(made)).rstrip("\n") + "\n"

    @cached_property
    def _points(self) -> dict[str, float]:
        questions = parse_yaml(self.entry(), "entry.yml")[self.name]["questions"]
        return {name: question["points"] for name, question in questions.items()}

    def _titled(self, language: str = "") -> str:
        """The title in a language; one that nobody gave is the name, which is English, or else what the task is called there."""
        if given := (language == "ko" and self.title_ko) or self.title:
            return given
        if language in LANGUAGES[1:]:
            with speaking(language):
                return _(TASKS[self.task])
        return self.name.replace("_", " ").capitalize()

    def _filled(self, text: str) -> str:
        places = {
            "NAME": self.name, "TITLE_EN": quoted(self._titled()), "TITLE_KO": quoted(self._titled("ko")),
            "DUE": self.due or _due(),
        }  # fmt: skip
        return re.sub(r"\b(NAME|TITLE_EN|TITLE_KO|DUE)\b", lambda match: places[match[1]], text)

    def _cell(self, cell: dict[str, Any]) -> Any:
        source, kind = str(cell["source"]).rstrip("\n"), cell["kind"]
        if kind in self.languages:
            said = parse_yaml(template("how_to_work.yml"), "how_to_work.yml")
            source = source.replace("# NAME", f"# {self._titled(kind)}")
            source = source.replace("HOW_TO_WORK", said.get(kind, said[LANGUAGES[0]]).rstrip("\n"))
            return nbformat.v4.new_markdown_cell(source, id=cell["id"], metadata={"tags": [kind]})
        source = self._filled(source)
        if kind == "answer":
            source = f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
        if cell.get("hidden"):
            source += f"\n### BEGIN HIDDEN TESTS\n{source[:-1]}, hidden=True)\n### END HIDDEN TESTS"
        made = nbformat.v4.new_code_cell(source, id=cell["id"])
        grading = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        if kind == "answer":
            mark(made, cell["id"], **grading | {"solution": True})
        elif kind == "check":
            question = cell["question"]
            mark(made, question, **grading | {"grade": True, "locked": True, "points": self._points[question]})
        return made


def _due() -> str:
    day = dt.datetime.now().astimezone() + dt.timedelta(days=DAYS)
    return day.replace(hour=23, minute=59, second=0, microsecond=0).isoformat()


def _in_languages(cells: list[dict[str, Any]], languages: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Text in the course's languages alone, in their order; what no template says in one is said in the first, to be translated."""
    for spoken, group in groupby(cells, key=lambda cell: cell["kind"] in LANGUAGES):
        if not spoken:
            yield from group
            continue
        while twins := {cell["kind"]: cell for cell in islice(group, len(LANGUAGES))}:
            first = twins[LANGUAGES[0]]
            for name in languages:
                own = {**first, "kind": name, "id": first["id"].removesuffix(LANGUAGES[0]) + name.lower()}
                yield twins.get(name, own)


def _spoken(text: str, languages: tuple[str, ...]) -> str:
    """An entry of course.yml with texts in the course's languages, as `_in_languages`."""

    def said(match: re.Match[str]) -> str:
        texts = dict(zip(LANGUAGES, match.groups(), strict=True))
        return "{" + ", ".join(f"{name}: {texts.get(name, match[1])}" for name in languages) + "}"

    return _TEXTS.sub(said, text)
