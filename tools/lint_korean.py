"""What `make lint` knows of the Korean that students and instructors read: particles, and one word for one thing (docs/glossary.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import yaml

from tools import messages

ROOT = Path(__file__).resolve().parent.parent
HANGUL = re.compile("[가-힣]")
PARTICLE = re.compile(
    r"\}[`'\")]*(?:은|는|이|가|을|를|와|과|로|으로|이?라고|이?라는|이?나|이?랑|여야|이어야)(?![가-힣])|\((?:은|는|이|가|을|를|와|과|으)\)"
)
SPELLINGS = {re.compile(r"(?<=[\d}]) %"): "80%, without a blank", re.compile(r"(?<![\d}])1번째"): "첫 번째"}
PROGRAMS = ("grader", "judge")  # whoever reads of the one must not look for the other
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]*?) ?\|$", re.MULTILINE)
SUBJECT, COURSE = "## The subject", "## The course and its grading"
TEMPLATES = sorted((ROOT / "autograder" / "authoring" / "scaffold" / "templates").rglob("*.yml"))
Row = tuple[str, str, tuple[str, ...]]


def wrong_korean() -> Iterator[str]:
    """Everything that is wrong, as ``place: what``."""
    yield from particles(ROOT)
    for place, sentences in texts().items():
        yield from (f"{place}: {said}" for said in [*avoided(sentences), *misspelled(sentences)])
    for message in messages.current("ko"):
        if message.id:
            english = message.id if isinstance(message.id, str) else " ".join(message.id)
            yield from (f"catalogue: {said}" for said in mixed_up(english, " ".join(messages.forms(message))))


def particles(root: Path) -> Iterator[str]:
    """A Korean particle's form depends on the sound before it: none follows a value, and none is written both ways."""
    for path in sorted((root / "autograder").glob("common/locale/ko/*/*.po")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if PARTICLE.search(line):
                yield f"{path.relative_to(root)}:{number}: a particle after a value guesses its ending: reword it"


@cache
def rows(heading: str) -> list[Row]:
    """(English, Korean, words to avoid) of one table of the glossary."""
    section = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    found = [
        (english.partition(" (")[0], korean, tuple(filter(None, avoid.split(", "))))
        for english, korean, avoid in ROW.findall(section)
    ]
    return [row for row in found if HANGUL.search(row[1])]


@cache
def terms() -> list[Row]:
    return [*rows(SUBJECT), *rows(COURSE)]


@cache
def notebooks() -> dict[str, str]:
    """Korean text of each assignment's source notebook, in the order of the course."""
    found = {}
    for name in yaml.safe_load((ROOT / "course.yml").read_text("utf-8"))["assignments"]:
        notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
        found[name] = "\n".join(cell.source for cell in notebook.cells if HANGUL.search(cell.source))
    return found


@cache
def texts() -> Mapping[str, list[str]]:
    """Where Korean stands, and the sentences that stand there."""
    found = {f"solutions/{name}": text.splitlines() for name, text in notebooks().items()}
    found["catalogue"] = [form for m in messages.current("ko") if m.id for form in messages.forms(m)]
    for path in (ROOT / "course.yml", *TEMPLATES):
        found[path.relative_to(ROOT).as_posix()] = [*_korean_of(yaml.safe_load(path.read_text("utf-8")))]
    found["student-guide.ko.md"] = (ROOT / "docs" / "student-guide.ko.md").read_text("utf-8").splitlines()
    found["README.md"] = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if HANGUL.search(line)]
    return found


def _korean_of(document: Any) -> Iterator[str]:
    """Every Korean text in a YAML document."""
    for value in document.values() if isinstance(document, dict) else document:
        if isinstance(value, (dict, list)):
            yield from _korean_of(value)
        elif isinstance(value, str) and HANGUL.search(value):
            yield value


def said(sentence: str, word: str, preferred: str) -> bool:
    """Whether a sentence says `word`, and not as a part of the preferred term."""
    return word in (sentence if preferred in word else sentence.replace(preferred, ""))


def misspelled(sentences: Iterable[str]) -> list[str]:
    """What is written in another way than elsewhere, each with its sentence."""
    return [
        f"write {better}: {sentence.strip():.120}"
        for sentence in sentences for wrong, better in SPELLINGS.items() if wrong.search(sentence)
    ]  # fmt: skip


def mixed_up(english: str, korean: str) -> Iterator[str]:
    """A program that a translation names and its sentence does not."""
    for program, name, _avoid in terms():
        if program in PROGRAMS and name in korean and program not in english.lower():
            yield f"{name} is a {program}: {english:.80}"


def avoided(sentences: Iterable[str]) -> list[str]:
    """Words of the glossary that a text should not say, each with its sentence."""
    return [
        f"{word} (better: {korean}): {sentence.strip():.120}"
        for sentence in sentences for _english, korean, avoid in terms() for word in avoid if said(sentence, word, korean)
    ]  # fmt: skip
