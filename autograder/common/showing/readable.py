"""Text that strangers chose, as people read it: the one place that knows what such a text may hold.

A name, an exception, a printed line or a key may hold codes that move a terminal's cursor, marks that turn a line around, half characters,
and the paths of the machine that ran it. Each way out of the package goes through one function here: a report's texts by their type
(`Said`, common/models.py), a notebook's outputs by `without_places` (sandbox/outputs.py), JSON by `json_text`, terminals, logs and XML by
`on_screen` (cli/common.py), pages by `on_page` (classroom/pages/html.py). All take linear time.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograder.common.i18n import _

LONGEST = 4_000  # characters of one text of a report
CUT = "…"
# Control codes but for tabs and line ends, marks of direction, separators of lines, half characters, tags. Spaces of any width and joiners, which
# are part of words in Persian, of letters in India and of emoji, act on nothing.
_ACTING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_COLOUR = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"
)  # also a terminal's titles and links
_WORD = re.compile(r"[^\s'\"<>()]+")
_INSTALLED = re.compile(r"/(?:site|dist)-packages(?=/)|/lib(?:64)?/python3(?:\.\d+)?(?=/)")
_PLACE = re.compile(r"(?<![\w.:/~])(?:~|[A-Za-z]:)?/[^\s'\"]*/(?=[^/\s'\"])")
_EVERYWHERE = {"/", "/usr", "/usr/local"}  # where Python lies on many machines: this says nothing of one


def uncoloured(text: str) -> str:
    """`text` without a terminal's colours, titles and links."""
    return _COLOUR.sub("", text)


def shorten(text: str, length: int = 300) -> str:
    """One line of printable characters: what student code said may hold colours, control codes and half characters."""
    text = uncoloured(text)
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return text if len(text) <= length else text[: length - 3] + "..."


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def as_yaml(value: Any, length: int = 80) -> str:
    """A value as it is written in YAML, in brackets and braces: what an author reads of a file is what stands there."""
    match value:
        case None | True | False:
            text = {None: "null", True: "true", False: "false"}[value]
        case float() if not math.isfinite(value):
            text = f"{value}".replace("inf", ".inf").replace("nan", ".nan")
        case list() | tuple():
            text = f"[{', '.join(as_yaml(one, length) for one in value)}]"
        case dict():
            text = f"{{{', '.join(f'{key}: {as_yaml(one, length)}' for key, one in value.items())}}}"
        case str():
            text = repr(value)
        case _:
            text = str(value)
    return shorten(text, length)


def one_of(texts: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return _(" or ").join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def readable(text: str) -> str:
    """`text` in its lines, without what acts on who shows it (a space stands there) and this machine's places, and no longer than `LONGEST`."""
    if not text.isprintable():
        text = _ACTING.sub(" ", uncoloured(text))
    text = without_places(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + CUT


@cache
def _own_places() -> tuple[str, ...]:
    """Where this Python and this package lie, innermost first."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    places |= {str(Path(sys.executable).resolve().parents[1]), str(Path(__file__).resolve().parents[3])}
    return tuple(sorted(places - _EVERYWHERE, key=len, reverse=True))


def without_places(text: str) -> str:
    """`text` without the folders that Python and its packages lie in here: ``…/keras/src/models/model.py``, as on any machine."""
    if "/" in text or "\\" in text:
        for place in _own_places():
            text = text.replace(place, CUT)
    return _WORD.sub(_cut, text) if _INSTALLED.search(text) else text


def _cut(word: re.Match[str]) -> str:
    end = max((found.end() for found in _INSTALLED.finditer(word[0])), default=0)
    start = word[0].find("/")
    start -= word[0][start - 1 : start] in ("~", CUT)
    return f"{word[0][:start]}{CUT}{word[0][end:]}" if end else word[0]


def without_paths(text: str) -> str:
    """`text` with names of files only, whatever folder they lie in: what a fault of ours says to a student."""
    return _PLACE.sub(f"{CUT}/", without_places(text))


def json_text(document: Any, indent: int | None = 1, **options: Any) -> str:
    """JSON that reads well in any script; what would act on who shows it stands as its code, so it says the same and does nothing."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, **options)
    return _ACTING.sub(lambda found: json.dumps(found[0])[1:-1], text)  # it can stand nowhere but in texts


def on_screen(text: str) -> str:
    """For a terminal: what would act on it is gone. Half characters are spelled out where they are written."""
    return text if text.isprintable() else _ACTING.sub(lambda found: found[0] if found[0] >= "\ud800" else "", text)


def on_page(text: str) -> str:
    """For a file that people open: what would act on its lines is seen instead."""
    return _ACTING.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
