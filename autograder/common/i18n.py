"""Languages: English stands in the code, every other language in a gettext catalogue under ``locale/``.

Which one is spoken belongs to the running task, not to the process: a judge decides one submission in English and the next
in Korean. Where nobody chose, ``AUTOGRADER_LANGUAGE`` counts, and then English.

::

    with speaking("ko"):
        _("{count} layers", count=3)   # translated first, filled in afterwards: never an f-string inside

Catalogues are brought up to date by ``make messages``.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from autograder.common.environment import said

DOMAIN = "autograder"
LOCALES = Path(__file__).parent / "locale"
LANGUAGES = (
    "en",
    "ko",
)  # that the grader speaks; the first is the one in the code. A course may be in any other as well
# What the sentences in the code count: where a value is 1, they are about one. Other languages have their forms in a catalogue.
_ONE = {f"{noun}s": noun for noun in (
    "argument", "assignment", "byte", "call", "cell", "core", "drawing", "epoch", "file", "folder", "group", "image", "label", "layer", "line",
    "minute", "name", "network", "notebook", "number", "parameter", "pixel", "place", "point", "question", "result", "row", "sample", "second",
    "step", "student", "submission", "target", "time", "training", "unit", "value", "way", "worker",
)} | {"axes": "axis", "classes": "class"}  # fmt: skip
_IS = {"are": "is", "have": "has", "were": "was"}
_COUNTED = re.compile(
    rf"(?P<there>[Tt]here are )?(?P<field>\{{(?P<name>\w+)[^{{}}]*\}})(?P<between> (?:[a-z]+ )?)(?P<noun>{'|'.join(_ONE)})\b(?: (?P<verb>{'|'.join(_IS)})\b)?"
)
_CODE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}))?")
VARIABLE = "AUTOGRADER_LANGUAGE"

_chosen: ContextVar[str] = ContextVar("autograder_language", default="")


# What people write for a language: its name, or its country's code, which is another language's (kr Kanuri's, tw Twi's) or none's.
_OTHERWISE = {
    "english": "en", "korean": "ko", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "chinese": "zh", "japanese": "ja",
    "kr": "ko", "jp": "ja", "cn": "zh", "tw": "zh", "cz": "cs", "dk": "da", "gr": "el", "us": "en", "gb": "en",
}  # fmt: skip


def known(name: str) -> str:
    """The code of the language that `name` means (``ko``, ``KO``, ``ko_KR.UTF-8``; ``fr``, ``pt-BR``), or '' if it means none.

    A country tells languages apart only where no catalogue is: ``en_GB`` is ``en``.
    """
    plain = name.strip().lower().partition(".")[0]
    code = _CODE.fullmatch(_OTHERWISE.get(plain, plain))
    if code is None:
        return ""
    short, country = code.groups()
    short = _OTHERWISE.get(short, short)
    return f"{short}-{country.upper()}" if country and short not in LANGUAGES else short


def asked_for() -> str:
    """What ``AUTOGRADER_LANGUAGE`` says, or ''."""
    return known(said(VARIABLE))


def language() -> str:
    """The language that is spoken now."""
    return _chosen.get() or asked_for() or LANGUAGES[0]


def speak(name: str) -> None:
    """Speak `name` from now on, in this task; what is no language changes nothing."""
    _chosen.set(known(name) or _chosen.get())


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak `name` inside the block; with '' go on as before. Where there is no catalogue, what is in the code is said."""
    token = _chosen.set(known(name) or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(token)


@lru_cache(maxsize=64)
def _catalogue(name: str) -> gettext.NullTranslations:
    if name not in LANGUAGES[1:]:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, [name], fallback=True)


def _(message: str, /, **values: object) -> str:
    """`message` in the language that is spoken, its ``{placeholders}`` filled in from `values`."""
    text = _catalogue(language()).gettext(message) if message else ""
    return agreeing(text, lambda field, _name: field.format(**values) == "1").format(**values) if values else text


def agreeing(text: str, is_one: Callable[[str, str], bool]) -> str:
    """`text`, in English, with each noun behind a ``{field}`` that counts one in its singular: ``{n} layers are`` as ``{n} layer is``.

    `is_one` is asked of the field, and of the name in it.
    """

    def said(found: re.Match[str]) -> str:
        there, field, name, between, noun, verb = found.groups()
        if not is_one(field, name):
            return found[0]
        there = there.replace("are", "is") if there else ""
        return f"{there}{field}{between}{_ONE[noun]}" + (f" {_IS[verb]}" if verb else "")

    return _COUNTED.sub(said, text)


def counted(text: str) -> list[str]:
    """The names of the fields of `text` that say how many there are of something."""
    return [found["name"] for found in _COUNTED.finditer(text)]


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The form for `number`, which fills in ``{number}``."""
    return _catalogue(language()).ngettext(one, many, number).format(number=number, **values)


def N_(message: str) -> str:
    """Mark a constant: `_` translates it where it is used, in the language that is spoken then."""
    return message
