"""Output messages as they come from a kernel that may send anything, and what is made of them for a reader.

Oracle: a message is taken, dropped, or is an exception that ends its own cell; what is kept is valid, can be written as UTF-8, and is in
bounds; nothing that the sanitiser leaves could run in a browser, and no cell loses another cell's output.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.sandbox import outputs
from autograder.sandbox.client import Client
from autograder.worker.sanitize import harmless
from tests.fuzz import bounded, fuzz

pytestmark = pytest.mark.slow
KINDS = [*sorted(outputs.COUNTED), "status", "clear_output", "comm_open", "execute_input", "unknown"]
texts = st.text(max_size=12) | st.sampled_from(["\ud800", "a\rb\b\bc", "\x1b[31m", "\0", "x" * 5_000])
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8,
)  # fmt: skip
mimes = st.sampled_from(
    ["text/plain", "text/html", "image/png", "application/json", "application/x+json", "text/latex", "", "a/b"]
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["stdout", "stderr", "other"]) | odd, "text": texts | odd,
        "data": st.dictionaries(mimes | texts, texts | odd, max_size=3) | odd, "metadata": odd, "execution_count": odd,
        "transient": st.fixed_dictionaries({"display_id": texts | odd}) | odd, "ename": texts | odd, "evalue": texts | odd,
        "traceback": st.lists(texts, max_size=3) | odd, "execution_state": st.sampled_from(["idle", "busy"]), "wait": odd,
    },
)  # fmt: skip
messages = st.fixed_dictionaries({"msg_type": st.sampled_from(KINDS), "content": contents | odd, "metadata": odd})


def client(cell: nbformat.NotebookNode) -> Client:
    one = Client(nbformat.v4.new_notebook(cells=[cell]), allow_errors=True, store_widget_state=False)
    one.km = SimpleNamespace(provisioner=SimpleNamespace(kernel=SimpleNamespace(interrupt=lambda: None)))
    one.reset_execution_trackers()
    one.clear_before_next_output = False
    one.allowance, one.shown, one.code_cells_executed = 20_000, Counter(), 1
    return one


def taken(one: Client, message: dict[str, object], cell: nbformat.NotebookNode) -> None:
    one.process_message({"header": {"msg_type": message["msg_type"]}, "parent_header": {}, **message}, cell, 0)


@given(st.lists(messages, max_size=30))
@example([{"msg_type": "display_data", "content": {"data": {"text/html": ["a", "b"]}, "metadata": {}}, "metadata": {}}])
@example([{"msg_type": "stream", "content": {"name": "stdout", "text": ["a", "b"]}, "metadata": {}}])
@example([{"msg_type": "unknown", "content": {"execution_count": []}, "metadata": {}}])
@fuzz(150)
def test_messages_of_a_kernel(sent: list[dict[str, object]]) -> None:
    cell = nbformat.v4.new_code_cell("")
    one = client(cell)
    with bounded():
        for message in sent:
            try:
                taken(one, message, cell)
            except Exception:  # _Execution._cell: UNREADABLE, and the notebook ends there
                break
        outputs.tidy(cell)
        notebook = nbformat.v4.new_notebook(cells=[cell])
        nbformat.validate(notebook)
        nbformat.writes(notebook).encode("utf-8")
    streams = [output.name for output in cell.outputs if output.output_type == "stream"]
    assert len(streams) == len(set(streams))


shown = st.fixed_dictionaries({
    "msg_type": st.sampled_from(["display_data", "update_display_data", "execute_result"]),
    "content": st.fixed_dictionaries({
        "data": st.dictionaries(mimes | texts, odd, max_size=3), "metadata": st.dictionaries(texts, odd, max_size=2),
        "transient": st.just({}) | st.fixed_dictionaries({"display_id": st.sampled_from(["a", "b"])}), "execution_count": st.just(1),
    }),
    "metadata": st.just({}),
})  # fmt: skip


@given(st.lists(shown, max_size=10))
@example([{"msg_type": "display_data", "content": {"data": {"text/plain": 5}, "metadata": {}}, "metadata": {}}])
@fuzz(150)
def test_nothing_that_a_cell_can_show_ends_its_notebook(sent: list[dict[str, object]]) -> None:
    """IPython asks for dictionaries and takes any values: what no notebook can hold is left out, and the next output stands."""
    cell = nbformat.v4.new_code_cell("")
    one = client(cell)
    for message in [*sent, {"msg_type": "stream", "content": {"name": "stdout", "text": "on"}, "metadata": {}}]:
        taken(one, message, cell)
    outputs.tidy(cell)
    assert one.cut_at is not None or cell.outputs[-1].text == "on"


# ---- the sanitiser

TAGS = [
    "script",
    "svg",
    "math",
    "img",
    "a",
    "b",
    "i",
    "u",
    "li",
    "ul",
    "table",
    "td",
    "style",
    "iframe",
    "form",
    "template",
    "noscript",
    "p",
    "base",
]
ATTRIBUTES = [
    'onerror="x"',
    "href=javascript:x",
    'href="java&#x73;cript:x"',
    "src=x",
    'style="a:expression(x)"',
    "<",
    '"',
    "=",
    "xlink:href=data:x,y",
]
pieces = st.sampled_from(
    [*(f"<{tag}" for tag in TAGS), *(f"</{tag}>" for tag in TAGS), *ATTRIBUTES, ">", "<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&#60;", "[a](javascript:x)",
     "![x](data:text/html,y)", "\0", "\n", " ", "text"]
)  # fmt: skip
fragments = st.lists(pieces, max_size=25).map("".join)


class Scripts(HTMLParser):
    """What in a text could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "form", "base", "style"):
            self.found.append(tag)
        for name, value in attributes:
            if name.startswith("on") or re.match(r"\s*(javascript|vbscript|data:text)", value or "", re.IGNORECASE):
                self.found.append(f"{tag} {name}={value}")


@given(st.lists(fragments, min_size=1, max_size=3), fragments)
@example(["<b><li>" * 1_500], "")
@example(["<b><i><u>" * 2_500 + "<li>" * 500], "<table>" * 800)
@fuzz(40)
def test_what_is_shown_can_not_run(html: list[str], markdown: str) -> None:
    shown = [nbformat.v4.new_output("display_data", data={"text/html": one, "text/markdown": one}) for one in html]
    cells = [nbformat.v4.new_code_cell("1", outputs=[one]) for one in shown]
    plain = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", name="stdout", text="kept")])
    notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_markdown_cell(markdown), plain])
    with bounded(seconds=10):
        safe = harmless(notebook)
    assert safe.cells[-1].outputs[0].text == "kept"  # nobody else is affected
    for cell in safe.cells[:-1]:
        for text in [
            cell.source,
            *(value for output in cell.get("outputs", []) for value in output.get("data", {}).values()),
        ]:
            if "<" in text:
                found = Scripts()
                found.feed(text)
                assert not found.found, (found.found, text)
