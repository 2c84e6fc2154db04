"""One Korean word for one thing: docs/glossary.md, wherever students and instructors read Korean."""

import re
from functools import cache

import nbformat
import pytest
import yaml

from autograder.course.course import load
from tests.conftest import ROOT
from tools import messages

HANGUL = re.compile("[가-힣]")
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]*?) ?\|$", re.MULTILINE)
SUBJECT, COURSE = "## The subject", "## The course and its grading"
TEMPLATES = sorted((ROOT / "autograder" / "authoring" / "scaffold" / "templates").rglob("*.yml"))


@cache
def rows(heading):
    """(English, Korean, words to avoid) of one table of the glossary."""
    section = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    found = [
        (english.partition(" (")[0], korean, tuple(filter(None, avoid.split(", "))))
        for english, korean, avoid in ROW.findall(section)
    ]
    return [row for row in found if HANGUL.search(row[1])]


TERMS = [*rows(SUBJECT), *rows(COURSE)]


@cache
def notebooks():
    """Korean text of each assignment's source notebook, in the order of the course."""
    course = load(ROOT / "course.yml")
    found = {}
    for name in course.assignments:
        notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
        found[name] = "\n".join(cell.source for cell in notebook.cells if HANGUL.search(cell.source))
    return found


def korean_of(document):
    """Every Korean text in a YAML document."""
    for value in document.values() if isinstance(document, dict) else document:
        if isinstance(value, dict | list):
            yield from korean_of(value)
        elif isinstance(value, str) and HANGUL.search(value):
            yield value


@cache
def texts():
    """Where Korean stands, and the sentences that stand there."""
    found = {f"solutions/{name}": text.splitlines() for name, text in notebooks().items()}
    found["catalogue"] = [form for m in messages.current("ko") if m.id for form in messages.forms(m)]
    for path in (ROOT / "course.yml", *TEMPLATES):
        found[path.name] = [*korean_of(yaml.safe_load(path.read_text("utf-8")))]
    found["student-guide.ko.md"] = (ROOT / "docs" / "student-guide.ko.md").read_text("utf-8").splitlines()
    found["README.md"] = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if HANGUL.search(line)]
    assert all(found[name] for name in found if name not in {path.name for path in TEMPLATES})
    return found


def said(sentence, word, preferred):
    """Whether a sentence says `word`, and not as a part of the preferred term."""
    return word in (sentence if preferred in word else sentence.replace(preferred, ""))


def avoided(sentences):
    """Words of the glossary that a text should not say, each with its sentence."""
    return [
        f"{word} (better: {korean}): {sentence.strip():.120}"
        for _english, korean, avoid in TERMS for word in avoid for sentence in sentences if said(sentence, word, korean)
    ]  # fmt: skip


def introduced(english, korean, books):
    """Whether the first notebook with the Korean term has the English one beside it; None when no notebook has it."""
    beside = re.compile(rf"{korean}[*`]*\([*`]*{english}\b")
    return next((bool(beside.search(text)) for text in books.values() if korean in text), None)


@pytest.mark.parametrize("place", sorted(texts()))
def test_no_text_says_a_word_that_the_glossary_avoids(place):
    assert avoided(texts()[place]) == []


def test_a_term_of_the_subject_has_its_english_word_where_it_is_introduced():
    found = {korean: introduced(english, korean, notebooks()) for english, korean, _avoid in rows(SUBJECT)}
    assert {korean for korean, beside in found.items() if beside is False} == set()
    assert sum(found.values()) > 20  # and most of them do occur


def test_a_word_to_avoid_is_found_and_a_preferred_one_is_not():
    assert len(TERMS) > 40 and sum(map(len, texts().values())) > 1500
    assert avoided(["지표를 기록합니다"]) and avoided(["미니배치 크기 32"]) and avoided(["이 과목의 학급"])
    assert not avoided(["측정 지표를 기록합니다", "배치 크기 32", "미니배치 하나", "이 강의의 수강생"])
    assert introduced("bias", "절편", {"a": "가중치", "b": "**절편**(bias)"})
    assert introduced("bias", "절편", {"a": "절편", "b": "절편(bias)"}) is False


def test_no_title_asks_whether():
    titles = [text for name in ("catalogue", "course.yml") for text in texts()[name]]
    assert not [title for title in titles if title.rstrip(".").endswith("는지")]
