"""Brings the catalogues of autograder/common/locale/ up to date with the code: ``make messages``.

What is found: arguments of `_`, `N_` and `ngettext` in the package and its templates; and, without any marking, what a
command's --help shows: its docstring, and every ``help=`` and ``epilog=``. Translations are written by hand into the .po
files; entries that the code lost are dropped, and changed ones are marked fuzzy, which a test refuses. Where in the code a
sentence stands is not written down: a function that moves changes no catalogue.
"""

from __future__ import annotations

import ast
import copy
import inspect
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from autograder.common.i18n import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "autograder"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"), ("**.j2", "jinja2.ext:babel_extract")]
EXAMPLE = "Example:"  # an epilog that needs no translation: the word itself is translated once
HEADERS = [
    ("Project-Id-Version", "autograder"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
]


class Dateless(Catalog):
    """A catalogue whose header holds nothing that changes by itself, so the same messages give the same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:  # type: ignore[override]
        plural = [("Plural-Forms", self.plural_forms)] if self.locale else []
        language = [("Language", str(self.locale))] if self.locale else []
        return [*HEADERS, *language, *plural]

    @mime_headers.setter
    def mime_headers(self, value: object) -> None:
        pass


@cache
def template() -> Catalog:
    """Everything that the code says, in English."""
    found = Dateless()
    for _file, _line, message, comments, context in extract_from_dir(PACKAGE, METHODS, keywords=KEYWORDS):
        if message:
            found.add(message, auto_comments=comments, context=context)
    for path in sorted([*(PACKAGE / "cli").glob("*.py")]):
        for message in helped(ast.parse(path.read_text("utf-8"))):
            found.add(message)
    return found


def helped(tree: ast.AST) -> Iterator[str]:
    """What --help shows of the commands in a module, as click shows it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(_is_command(item) for item in node.decorator_list):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield inspect.cleandoc(text)
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("help", "epilog") and isinstance(keyword.value, ast.Constant):
                    text = str(keyword.value.value)
                    if not text.startswith(EXAMPLE):
                        yield text


def _is_command(node: ast.expr) -> bool:
    call = node.func if isinstance(node, ast.Call) else node
    return isinstance(call, ast.Attribute) and call.attr in ("command", "callback")


def path_of(language: str) -> Path:
    return PACKAGE / "common" / "locale" / language / "LC_MESSAGES" / "autograder.po"


def current(language: str) -> Catalog:
    """The catalogue as it is in the repository."""
    with path_of(language).open("rb") as stream:
        return read_po(stream, locale=language)


def updated(language: str) -> Catalog:
    """The catalogue with what the code says now; new entries are empty, changed ones fuzzy, lost ones gone."""
    old = current(language) if path_of(language).exists() else Catalog(locale=language)
    old.update(copy.deepcopy(template()), no_fuzzy_matching=False)
    fresh = Dateless(locale=language)
    for message in old:
        if message.id:
            fresh.add(
                message.id, message.string, flags=message.flags, user_comments=message.user_comments, auto_comments=message.auto_comments, context=message.context,
            )  # fmt: skip
    return fresh


def originals(message: Message) -> tuple[str, ...]:
    """What the code says, or its two plural forms."""
    return message.id if isinstance(message.id, tuple) else (str(message.id),)


def forms(message: Message) -> tuple[str, ...]:
    """The translation, or one for each plural form."""
    return message.string if isinstance(message.string, tuple) else (str(message.string),)


def as_po(catalogue: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalogue, width=110, sort_output=True, ignore_obsolete=True, no_location=True)
    lines = stream.getvalue().decode().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith("msgid"))
    return "".join(line for line in lines[start:]).encode()  # without Babel's header comment, which holds a year


def as_mo(catalogue: Catalog) -> bytes:
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def documents() -> dict[Path, bytes]:
    """The catalogues, for people and for gettext, as they have to be."""
    fresh = {language: updated(language) for language in LANGUAGES[1:]}
    return {
        path: content
        for language, catalogue in fresh.items()
        for path, content in (
            (path_of(language), as_po(catalogue)),
            (path_of(language).with_suffix(".mo"), as_mo(catalogue)),
        )
    }


def main() -> None:
    for path, content in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for language in LANGUAGES[1:]:
        entries = [message for message in current(language) if message.id]
        missing = sum(not all(forms(message)) for message in entries)
        fuzzy = sum(message.fuzzy for message in entries)
        print(f"{language}: {len(entries)} entries, {missing} to translate, {fuzzy} to look at again")


if __name__ == "__main__":
    main()
