"""What a mutant waits for can still be read: in a message of the package, or in the course's own texts.

Whoever rewords a message learns here, in a second, which mutants wait for its old words; grading them all takes half an hour.
"""

import builtins
import re
from functools import cache

import nbformat
import yaml

from tests.conftest import ROOT
from tools import messages

FOLDERS = ("tests/mutants", "examples/*/tests/mutants", "autograder/authoring/scaffold/templates/*/mutants")
FILES = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.yml"))
COMMON = ROOT / "autograder/common"
TABLES = (COMMON / "keras_tables/keras_names.json", COMMON / "keras_tables/class_names.json")
RAISED = COMMON / "hints/error_patterns.py"  # has what Keras and Python say
PLACE = re.compile(r"\{\w+[^{}]*\}")  # of a value
WORD = re.compile(r"[^\W\d_]{2,}")
QUOTED = re.compile(r"(?<=`)[^`]*(?=`)|(?<=“)[^”]*(?=”)|(?<=')[^']*(?=')")
NAME = re.compile(r"(?m)\w+(?=[=:])|(?<=: )\w+$|(?<=[\"'`(.])\w+(?=[\"'`(.,)])|\w*[A-Z]\w*[A-Z]\w*|\w+_\w+")


@cache
def runs():
    """The words of every message, from one place that is filled in to the next. One without words is no part of a message that is reworded."""
    forms = (form for message in messages.current("ko") if message.id for form in messages.originals(message))
    return frozenset(words for form in forms for words in PLACE.split(form) if WORD.search(words))


@cache
def author(folder):
    """What the author of the course in a folder wrote, and the names in it."""
    files = [*folder.glob("*.yml"), *folder.glob("*.py"), RAISED, *TABLES]
    books = [nbformat.read(path, as_version=4) for path in folder.glob("solutions/**/*.ipynb")]
    code = [cell.source for book in books for cell in book.cells if cell.cell_type == "code"]
    texts = [*(path.read_text("utf-8") for path in files), *code]
    return " ".join(" ".join(texts).split()), frozenset(
        [*dir(builtins), *(name for text in texts for name in NAME.findall(text))]
    )


@cache
def indexed(runs):
    """All runs in one text, how they end, and which begin with a letter."""
    ends = {words[-length:] for words in runs for length in range(1, len(words))}
    beginning = {}
    for words in runs:
        beginning.setdefault(words[0], []).append(words)
    return "\0".join(runs), ends, beginning


def can_be_said(phrase, runs, text, names):
    """Whether words of messages, one after another, with values between them can give this piece of what is said."""
    every, ends, beginning = indexed(runs)
    if phrase in every:
        return True
    todo = {0, *(at for at in range(1, len(phrase)) if phrase[:at] in ends)}
    reached = set(todo)
    while todo:
        rest = phrase[(at := todo.pop()) :]
        near = beginning.get(rest[:1], ())
        if not rest or rest in text or any(words.startswith(rest) for words in near):
            return True
        upto = {at + len(words) for words in near if rest.startswith(words)}
        if value := QUOTED.match(phrase, at):
            upto.add(value.end())
        if value := re.match(r"\w+", rest):
            upto |= {at + value.end()} if value[0] in names or not WORD.search(value[0]) else set()
        else:
            upto.add(at + 1)
        todo |= upto - reached
        reached |= upto
    return False


@cache
def read(path):
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def waited_for():
    """Each mutant's file and the phrases that it waits for."""
    for path in FILES:
        for phrases in read(path)["loses"].values():
            yield from ((path, phrase) for phrase in ([phrases] if isinstance(phrases, str) else phrases) if phrase)


def unsayable(phrases, runs):
    for path, phrase in phrases:
        folder = next(one for one in path.parents if (one / "course.yml").exists() or (one / "entry.yml").exists())
        text, names = author(folder)
        edits = str(read(path).get("edits", {}))
        if not can_be_said(phrase, runs, text, names.union(re.findall(r"\w+", edits))):
            yield f"{path.relative_to(ROOT)} waits for {phrase!r}"


def test_what_a_mutant_waits_for_can_still_be_said():
    assert len(FILES) > 130
    assert [*unsayable(waited_for(), runs())] == []


def test_whoever_rewords_a_message_learns_which_mutants_wait_for_its_old_words():
    asked = {(path, phrase) for path, phrase in waited_for() if len(WORD.findall(phrase)) > 3}
    found = {one: [words for words in runs() if one[1] in words] for one in asked}
    only = {one: words[0] for one, words in found.items() if len(words) == 1}
    missed = [
        one for one, words in only.items() if not [*unsayable([one], runs() - {words} | {words.replace(one[1], "…")})]
    ]
    assert len(only) > 35 and len(missed) < len(only) / 5  # the course's own texts say some of them too
