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
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

DOMAIN = "autograder"
LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("en", "ko")  # the first is the one in the code
VARIABLE = "AUTOGRADER_LANGUAGE"

_chosen: ContextVar[str] = ContextVar("autograder_language", default="")


def known(name: str) -> str:
    """The language that `name` means (``ko``, ``KO``, ``ko_KR.UTF-8``), or '' if there is no such one here."""
    short = name.strip().lower().replace("-", "_").replace(".", "_").partition("_")[0]
    return short if short in LANGUAGES else ""


def asked_for() -> str:
    """What ``AUTOGRADER_LANGUAGE`` says, or ''."""
    return known(os.environ.get(VARIABLE, ""))


def language() -> str:
    """The language that is spoken now."""
    return _chosen.get() or asked_for() or LANGUAGES[0]


def speak(name: str) -> None:
    """Speak `name` from now on, in this task; an unknown language changes nothing."""
    _chosen.set(known(name) or _chosen.get())


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak `name` inside the block; with an unknown language, or '', go on as before."""
    token = _chosen.set(known(name) or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(token)


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(name: str) -> gettext.NullTranslations:
    if name == LANGUAGES[0]:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, [name], fallback=True)


def _(message: str, /, **values: object) -> str:
    """`message` in the language that is spoken, its ``{placeholders}`` filled in from `values`."""
    text = _catalogue(language()).gettext(message) if message else ""
    return text.format(**values) if values else text


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The form for `number`, which fills in ``{number}``."""
    return _catalogue(language()).ngettext(one, many, number).format(number=number, **values)


def N_(message: str) -> str:
    """Mark a constant: `_` translates it where it is used, in the language that is spoken then."""
    return message
