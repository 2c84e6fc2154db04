"""Texts that strangers chose: what acts on who shows them is gone or a code, what is a text stays, in a time that grows with their length."""

import json
import sys
import time
import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.showing.readable import (
    LONGEST,
    json_text,
    on_page,
    on_screen,
    readable,
    shorten,
    without_paths,
    without_places,
)

KEPT = "a\tb\nc  d　e é 한국어 نیم‌فاصله 👩‍🔬 क्‍ष ­"


def acts(character: str) -> bool:
    """Whether a terminal or a page does something else with it than to show it: by Unicode's own tables."""
    direction = unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    line = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in "\t\n"
    return direction or line or character in "\u200e\u200f\u061c"


@cache
def acting():
    return [chr(code) for code in range(sys.maxunicode + 1) if acts(chr(code))]


def test_every_character_that_acts_is_none_of_what_is_shown():
    assert len(acting()) > 2_000
    for way in (readable, on_screen, on_page, json_text, shorten):
        for character in acting():
            shown = way(f"a{character}b")
            spelled_out = (
                way is on_screen and unicodedata.category(character) == "Cs"
            )  # by the stream, as its encoding has none
            assert spelled_out or not any(map(acts, shown.replace("\n", ""))), (way.__name__, character)


def test_text_of_every_script_stays():
    for way in (readable, on_screen, on_page):
        assert way(KEPT) == KEPT


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same(document):
    assert json.loads(json_text(document)) == document


@given(st.text())
def test_a_report_that_is_read_again_says_the_same(text):
    assert readable(readable(text)) == readable(text)
    assert len(readable(text)) <= LONGEST


PLACES = {
    f'File "{sys.prefix}/lib/python3.11/site-packages/keras/src/models/model.py", line 3': 'File "…/keras/src/models/model.py", line 3',
    f"File \x1b[32m{sys.prefix}/lib/python3.11/site-packages/a.py:3\x1b[39m, in f": "File \x1b[32m…/a.py:3\x1b[39m, in f",
    "File ~/.venv/lib/python3.12/site-packages/numpy/x.py:3": "File …/numpy/x.py:3",
    "/home/ada lovelace/v/lib/python3.12/site-packages/numpy/x.py": "/home/ada lovelace…/numpy/x.py",  # another's Python
    "/usr/lib/python3.11/json/decoder.py:355": "…/json/decoder.py:355",
    "/usr/lib/python3/dist-packages/x.py": "…/x.py",
    f"{sys.prefix}/bin/python: no module": "…/bin/python: no module",
    "No such file: '/content/drive/MyDrive/data.csv'": "No such file: '/content/drive/MyDrive/data.csv'",
    "https://keras.io/api/a.html and 3/4, a/b": "https://keras.io/api/a.html and 3/4, a/b",
}


@pytest.mark.parametrize("text", PLACES)
def test_where_python_lies_is_left_out_and_nothing_else(text):
    assert without_places(text) == PLACES[text]


def test_a_folder_whose_name_has_a_space_is_left_out(monkeypatch):
    monkeypatch.setattr("autograder.common.showing.readable._own_places", lambda: ("/home/ada lovelace/v",))
    assert without_places("in /home/ada lovelace/v/lib/python3.12/site-packages/numpy/x.py") == "in …/numpy/x.py"


def test_of_a_fault_of_ours_no_folder_is_said():
    said = "FileNotFoundError: '/var/course/solutions/references.py' (see https://x.org/a/b), ~/a/b.txt, ratio 3/4"
    assert without_paths(said) == "FileNotFoundError: '…/references.py' (see https://x.org/a/b), …/b.txt, ratio 3/4"


LONG = {
    "slashes": "/" * 2_000_000, "installed": "/site-packages" * 200_000, "folders": "/a" * 1_000_000, "words": "-/" * 1_000_000,
    "escapes": "\x1b]" * 1_000_000, "colours": "\x1b[1" * 700_000, "places": sys.prefix * 50_000, "quotes": "'/" * 1_000_000,
    "homes": "~/" * 1_000_000, "pythons": "/lib/python3" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
def test_long_texts_take_linear_time(kind):
    for way in (readable, on_screen, on_page, json_text, shorten, without_places, without_paths):
        began = time.process_time()
        way(LONG[kind])
        assert time.process_time() - began < 10, way.__name__  # what grows with the square takes hours


def test_nothing_gets_into_a_report_but_through_its_type():
    bad = f"\x1b[31mx\u202e{sys.prefix}/lib\x07" + "y" * LONGEST
    outcome = Outcome(check="c", title=bad, status=Status.FAILED, expected=bad, actual=bad, hint=bad)
    question = QuestionResult(question="q", title="t", out_of=1.0).model_copy(update={"problem": bad, "hint": bad})
    for said in (outcome.title, outcome.expected, outcome.actual, outcome.hint, question.problem, question.hint):
        assert said.startswith("x …/lib y") and said.endswith("y…") and len(said) == LONGEST
