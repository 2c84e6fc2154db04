"""A graded notebook for a page: cells as HTML that can't run, load or hide anything, however they came about.

Text, code and outputs are what a student wrote. Markdown and HTML outputs go through an allow-list of tags; images are
embedded; everything else is escaped text. The page's content security policy stands behind that.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

from autograder.common.cells import grade_id_of, is_check
from autograder.common.showing.readable import uncoloured
from autograder.common.wire.submitted_notebook import IMAGES

MOST_TEXT = 20_000  # characters of one output or cell
MOST_IMAGE = 400_000  # bytes of base64 of one image
MOST = 3_000_000  # characters of all cells
TEXT_TAGS = ("a", "abbr", "b", "br", "code", "del", "em", "i", "img", "kbd", "s", "span", "strong", "sub", "sup")
BLOCK_TAGS = (
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "ul",
)
TABLE_TAGS = ("table", "tbody", "td", "tfoot", "th", "thead", "tr")
TAGS = frozenset([*TEXT_TAGS, *BLOCK_TAGS, *TABLE_TAGS])
ATTRIBUTES = {"a": ["href", "title"], "img": ["src", "alt"], "th": ["scope"], "span": ["class"], "div": ["class"]}
NOTHING = Markup()
_ANCHOR = re.compile(
    r'<a class="anchor-link" [^>]{1,300}>&#182;</a>'
)  # nbconvert's, to places that are not in the page


@dataclass(frozen=True)
class Cell:
    """A cell to show: `text` of a Markdown cell, or `code` and its `outputs`. `number` counts all cells from 1."""

    number: int
    name: str = ""  # nbgrader's grade id
    text: Markup = NOTHING
    code: Markup = NOTHING
    outputs: tuple[Markup, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        outputs = [str(one) for one in self.outputs]
        return {**vars(self), "text": str(self.text), "code": str(self.code), "outputs": outputs}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Cell:
        """From what `document` gave, and nobody else wrote."""
        outputs = tuple(map(Markup, document["outputs"]))
        return cls(document["number"], document["name"], Markup(document["text"]), Markup(document["code"]), outputs)


def prepare() -> None:
    """Import what cells are made of: once, and not anew in every child that makes them."""
    code("")
    markdown("")


def cells(notebook: Mapping[str, Any], *, plain: bool = False) -> list[Cell]:
    """The notebook's cells; those after the first 3 million characters are left out. Check cells show no outputs.

    `plain`: nothing is taken for Markdown, Python or HTML.
    """
    shown, size = [], 0
    for number, cell in enumerate(notebook.get("cells", []), 1):
        source = str(cell.get("source", ""))[:MOST_TEXT]
        name = grade_id_of(cell)
        if plain:
            shown.append(Cell(number, name, code=_text(source)))
            continue
        if cell.get("cell_type") == "code":
            outputs = () if is_check(cell) else tuple(filter(None, map(output, cell.get("outputs", []))))
            view = Cell(number, name, code=code(source), outputs=outputs)
        else:
            view = Cell(number, name, text=markdown(source, cell.get("attachments", {})))
        size += len(view.text) + len(view.code) + sum(map(len, view.outputs))
        if size > MOST:
            break
        shown.append(view)
    return shown


def code(source: str) -> Markup:
    """Python with its words marked up."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(source, PythonLexer(), HtmlFormatter(cssclass="highlight")))


def markdown(source: str, pasted: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> Markup:
    """`pasted`: pictures that it shows, as a cell's attachments; none that is too large."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    pictures = {
        name: {kind: text if len(text) <= MOST_IMAGE else "" for kind, text in data.items()} for name, data in pasted.items()
    }  # fmt: skip
    renderer = IPythonRenderer(escape=False, attachments=pictures)
    return clean(_ANCHOR.sub("", MarkdownWithMath(renderer=renderer).render(source)))


def clean(html: str) -> Markup:
    """HTML of known tags only. Links keep web addresses, images only what is embedded."""
    return Markup(_cleaner().clean(html))


@cache
def _cleaner() -> Any:
    import bleach

    def allowed(tag: str, name: str, value: str) -> bool:
        if tag == "img" and name == "src":
            return value.startswith(tuple(f"data:{kind};base64," for kind in IMAGES))
        return name in ATTRIBUTES.get(tag, [])

    return bleach.Cleaner(tags=TAGS, attributes=allowed, protocols=["http", "https", "mailto", "data"], strip=True)


def output(item: Mapping[str, Any]) -> Markup:
    """One output; '' for what can't be shown."""
    kind = item.get("output_type")
    if kind == "stream":
        return _text(_joined(item.get("text", "")))
    if kind == "error":
        return _text("\n".join(map(str, item.get("traceback", []))) or f"{item.get('ename')}: {item.get('evalue')}")
    data = item.get("data", {})
    for image in IMAGES:
        if image in data:
            return _image(image, _joined(data[image]))
    if "text/html" in data:
        return clean(_joined(data["text/html"])[:MOST_TEXT])
    if "text/markdown" in data:
        return markdown(_joined(data["text/markdown"])[:MOST_TEXT])
    return _text(_joined(data.get("text/plain", "")))


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _text(text: str) -> Markup:
    text = uncoloured(text)
    if not text.strip():
        return Markup()
    return Markup("<pre>{}</pre>").format(text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "\n…")


def _image(kind: str, text: str) -> Markup:
    try:
        data = base64.b64decode("".join(text.split()), validate=True) if len(text) <= MOST_IMAGE else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        return Markup()
    return Markup('<img alt="" src="data:{};base64,{}">').format(kind, escape(base64.b64encode(data).decode()))
