"""A sentence of the grader, said again in another language: what a report holds in English, on a page in Korean.

Reports hold sentences, filled in, in the language that they were graded in. The catalogue of translations knows the form of each: a text that
fits one is said in the other's form, with the same numbers and names. What fits none (an author's own words, Python's) stays as it is.

Texts hold what students wrote. So nothing is searched by pattern: the fixed words of a form are looked for from left to right, once each.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from string import Formatter

from autograder.common.files import bytes_of
from autograder.common.i18n import DOMAIN, LANGUAGES, LOCALES, agreeing, counted

LONGEST = 2_000  # characters of a text that is looked at
FEWEST = 6  # letters that a form needs beside what is filled in, or any text would fit
DEEPEST = 2  # forms inside forms
_ENDS = (".", "?", "!")  # of a sentence: of what is less, the fixed words are too few to know it by
_BETWEEN = re.compile(r"(?<=[.?!]) ")  # sentences of one text


@dataclass(frozen=True)
class Form:
    """A sentence with room for values: `fixed` words, and between each two of them one of `names`."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, message: str) -> Form:
        """Raises ValueError for what is no format string."""
        fixed, names = [""], []
        for words, name, _spec, _conversion in Formatter().parse(message):
            fixed[-1] += words
            if name is not None:
                names.append(name)
                fixed.append("")
        return cls(tuple(fixed), tuple(names))

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places; None if the text has another form."""
        first, *others = self.fixed
        if not text.startswith(first):
            return None
        found: dict[str, str] = {}
        at = len(first)
        for place, (name, words) in enumerate(zip(self.names, others, strict=True), 1):
            end = place == len(others)
            upto = len(text) - len(words) if end and text.endswith(words) else -1 if end else text.find(words, at + 1)
            if upto <= at or (found.setdefault(name, text[at:upto])) != text[at:upto]:
                return None
            at = upto + len(words)
        return found

    def said(self, values: Mapping[str, str]) -> str:
        """Filled in; in English, one of what is counted is said of one."""
        plain = "".join(
            f"{words.replace('{', '{{').replace('}', '}}')}{{{name}}}"
            for words, name in zip(self.fixed, (*self.names, "_end"), strict=True)
        )
        return agreeing(plain, lambda _field, name: values.get(name) == "1").format(**values, _end="")


class SaidAgain:
    """``SaidAgain("en", "ko")("1 layer")``. `known`: other texts with what they are in the language that is wanted, such as a course's titles."""

    def __init__(self, source: str, target: str, known: Mapping[str, str] | None = None) -> None:
        self.exact = dict(known or {})
        self.forms: list[tuple[Form, Form]] = []
        for one, other in _pairs(source, target):
            said = Form.of(other)
            for form in map(Form.of, _in_both_numbers(one)):
                if not form.names:
                    if " " in form.fixed[0]:  # a word alone may be a name in somebody's code
                        self.exact.setdefault(form.fixed[0], said.fixed[0])
                elif _is_sentence(form) and set(said.names) <= set(form.names):
                    self.forms.append((form, said))
        self._known: dict[str, str] = {}  # a class says the same few sentences again and again
        self.forms.sort(key=lambda pair: -sum(map(len, pair[0].fixed)))  # the one with most words of its own says most

    def __call__(self, text: str) -> str:
        """`text` in the language that is wanted; as it is where any part of it isn't known."""
        if not text or len(text) > LONGEST:
            return text
        if text not in self._known:
            self._known[text] = self._again(text)
        return self._known[text]

    def _again(self, text: str) -> str:
        whole = self._sentence(text)
        if whole is not None:
            return whole
        parts = [self._sentence(part) for part in _BETWEEN.split(text)]
        return " ".join(part for part in parts if part is not None) if None not in parts else text

    def _sentence(self, text: str, depth: int = 0) -> str | None:
        if text in self.exact:
            return self.exact[text]
        for form, said in self.forms if depth < DEEPEST else ():
            values = form.values(text)
            if values is not None:
                again = {name: self._sentence(value, depth + 1) for name, value in values.items()}
                inner = () if form.fixed[-1] else form.names[-1:]  # where a sentence stands that has a form itself
                if all(again[name] is not None or (_is_value(values[name]) and name not in inner) for name in values):
                    return said.said({name: again[name] or value for name, value in values.items()})
        return None


def _in_both_numbers(message: str) -> Iterator[str]:
    """A sentence as it counts several, and as it counts one, of each thing that it counts."""
    names = sorted(set(counted(message)))
    for ones in product((False, True), repeat=len(names)):
        of_one = {name for name, one in zip(names, ones, strict=True) if one}
        yield agreeing(message, lambda _field, name, of_one=of_one: name in of_one)  # type: ignore[misc]


def _is_sentence(form: Form) -> bool:
    if not form.fixed[-1]:
        return form.fixed[-2].endswith(": ")
    return form.fixed[-1].endswith(_ENDS) and sum(map(str.isalpha, "".join(form.fixed))) >= FEWEST


def _is_value(text: str) -> bool:
    """A name, a number, a shape, code: no words beside each other, of which a sentence might be made that has another form."""
    return ": " not in text and not any(word.isalpha() for word in text.split(" ")[:-1])


def _pairs(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Messages of two languages that mean the same; where one has a form more for numbers, the general one."""
    into = {target: 1, source: 0}
    for name in {source, target} - {LANGUAGES[0]}:
        for english, translated in _catalogue(name):
            both = [english, [translated[-1]] * len(english)]
            if into[name] == 0:
                both = [[translated[-1]], [english[-1]]]
            for one, other in zip(*both, strict=True):
                with_values = one, other
                if _is_form(one) and _is_form(other):
                    yield with_values


def _is_form(message: str) -> bool:
    try:
        Form.of(message)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8)
def _catalogue(name: str) -> tuple[tuple[list[str], list[str]], ...]:
    """The forms of each message and of its translation: gettext's own reader forgets the plural in English.

    https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
    """
    path = LOCALES / name / "LC_MESSAGES" / f"{DOMAIN}.mo"
    content = bytes_of(path) if path.is_file() else b""
    if not content:
        return ()
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack_from(f"{order}3I", content, 8)

    def text(table: int, number: int) -> list[str]:
        length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
        return str(content[start : start + length], "utf-8").split("\0")

    return tuple((text(originals, n), text(translations, n)) for n in range(count) if text(originals, n)[0])
