"""Names of people, files and assignments: compared without regard to spelling, and made safe for folders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from autograder.course.course import Course

LONGEST = 60  # characters of a student id; 180 bytes in Korean, and file systems take 255
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(?:\.|\Z)", re.IGNORECASE
)  # on Windows, with any ending
_COPIES = (
    re.compile(r"[ _]*\((?P<number>\d{1,4})\)\Z"),  # a browser's second download
    re.compile(r"의 사본(?: ?(?P<number>\d{1,4}))?\Z"),  # macOS, Google Drive
    re.compile(r"[ _-]*(?:copy|복사본|사본)[ _]*(?P<number>\d{0,4})\Z", re.IGNORECASE),  # Jupyter, Windows
    re.compile(r"-(?P<number>\d{1,3})\Z"),  # Canvas, for a file that was handed in again
)
_NOISE = {".git", ".ipynb_checkpoints", "__MACOSX", "__pycache__", ".venv", "node_modules", "site-packages"}
_COPY_OF = re.compile(r"(?:copy of |사본 - )", re.IGNORECASE)


def words(text: str) -> list[str]:
    """The words and numbers of a name, without case: what two spellings of one name share."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character if _is_letter(character) else " " for character in text).split()


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"  # letters, the marks that go with them, numbers


def key(text: str) -> str:
    """`text` without case, spaces and punctuation: 'Doe, Jane' and 'doejane' differ by their order alone."""
    return "".join(words(text))


def safe_id(text: str) -> str:
    """A student id that file systems, nbgrader's patterns and terminals take as it is; '' when nothing is left.

    Letters and digits of every script, ``_ . @ -`` stay; runs of anything else become one ``-``; at the ends, ``-``
    and ``.`` go. At most `LONGEST` characters.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(character if _is_letter(character) or character in "_.@-" else "\n" for character in text)
    text = re.sub(r"\n+", "-", text).lstrip("-.")[:LONGEST].rstrip("-.")
    return f"_{text}" if _RESERVED.match(text) else text


def is_safe(name: str) -> bool:
    return bool(name) and safe_id(name) == name


def is_noise(path: str) -> bool:
    """Whether a file is one that no student means: of an environment, a cache or a system's own, by its name or a folder's above it."""
    return any(name in _NOISE or (name.startswith(".") and name != ".") for name in path.split("/"))


def stem(filename: str) -> str:
    """A notebook's name without its ending: also of ``deep.ipynb.txt``, as browsers save it."""
    return re.sub(r"\.ipynb(?:\.(?:txt|json))?\Z", "", filename, flags=re.IGNORECASE)


def without_copy(name: str) -> tuple[str, int]:
    """A file's stem without the mark of a copy, and the copy's number; 0 for an original."""
    number = 0
    if match := _COPY_OF.match(name):
        name, number = name[match.end() :], 1
    for _ in range(2):  # 'deep - Copy (2)' has two
        for pattern in _COPIES:
            if (match := pattern.search(name)) and match.start():
                name, number = name[: match.start()], max(number, int(match["number"] or 1))
                break
    return name, number


class Spellings:
    """What the course's assignments may be called: their names, and their titles in every language."""

    def __init__(self, course: Course) -> None:
        self.by_name = {
            name: [name, *(assignment.title.in_language(language) for language in course.course.languages)]
            for name, assignment in course.assignments.items()
        }
        self._by_key: dict[str, set[str]] = {}
        for name, each in self.by_name.items():
            for spelling in each:
                self._by_key.setdefault(key(spelling), set()).add(name)
        titles = [course.course.title.in_language(language) for language in course.course.languages]
        self.of_course = [words(text) for text in (course.course.id, *titles)]

    def pattern(self) -> str:
        """A regular expression for any of them, however their words are joined: 'two_layer', 'Two-Layer', 'two layer'."""
        spellings = {spelling for each in self.by_name.values() for spelling in each}
        joined = [r"[\W_]*".join(map(re.escape, parts)) for each in sorted(spellings) if (parts := words(each))]
        return "(?:" + "|".join(sorted(joined, key=len, reverse=True)) + ")"

    def exact(self, text: str) -> str:
        """The assignment that `text` is a spelling of, or ''."""
        found = self._by_key.get(key(text), set()) if text else set()
        return next(iter(found)) if len(found) == 1 else ""

    def without_course(self, text: str) -> str:
        """`text` without the name of the course: "Deep Learning" is no assignment called deep."""
        there = words(text)
        for name in self.of_course:
            there = _without(name, there)
        return " ".join(there)

    def within(self, texts: Iterable[str]) -> str:
        """The one assignment whose spelling stands, as whole words, in the first of `texts` that holds any; or ''."""
        for text in texts:
            there = words(text)
            found = [name for name, each in self.by_name.items() if any(_stands(words(one), there) for one in each)]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""


def _stands(wanted: list[str], there: list[str]) -> bool:
    joined = "".join(wanted)
    return bool(wanted) and (
        joined in there or any(there[i : i + len(wanted)] == wanted for i in range(len(there) - len(wanted) + 1))
    )


def _without(unwanted: list[str], there: list[str]) -> list[str]:
    """`there` without the run of words that `unwanted` is."""
    for start in range(len(there) - len(unwanted) + 1) if unwanted else ():
        if there[start : start + len(unwanted)] == unwanted:
            return there[:start] + there[start + len(unwanted) :]
    return there
