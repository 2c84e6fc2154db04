"""What notebooks showed is made safe within limits: what would take hours or gigabytes is left out, and the rest stays."""

import json

import nbformat
import pytest
from nbconvert import HTMLExporter

from autograder.classroom.pages.student_page.notebook import cells as page_cells
from autograder.common.wire.submitted_notebook import parse, restore
from autograder.sandbox import outputs
from autograder.worker import sanitize
from autograder.worker.sanitize import harmless

OPEN = "<b><i><u><s><em><strong><code><font><big><small><tt>"
GROWING = {
    "open formatting in list items": "<ul>" + "".join(f"<li>{OPEN}{n}" for n in range(900)),
    "open formatting in table cells": "<table>" + "".join(f"<tr><td>{OPEN}{n}" for n in range(900)),
    "nested far too deeply": "<div>" * 60_000,
    "nested markup in markdown": "<a><p>" * 40_000,
}


def shown(data):
    return nbformat.v4.new_code_cell("show()", outputs=[nbformat.v4.new_output("display_data", data=data)])


@pytest.mark.parametrize("kind", GROWING)
def test_html_that_grows_with_its_square_is_left_out_and_says_so(kind, monkeypatch):
    monkeypatch.setattr(sanitize, "SECONDS", 2)
    monkeypatch.setattr(sanitize, "CELL_SECONDS", 1)
    mime = "text/markdown" if "markdown" in kind else "text/html"
    notebook = nbformat.v4.new_notebook(
        cells=[shown({mime: GROWING[kind]}), shown({"text/html": "<b>kept</b><script>x</script>"})]
    )
    first, second = harmless(notebook).cells
    assert "[autograder] What this cell showed is left out" in str(first.outputs) or len(str(first.outputs)) < 2_000_000
    assert second.outputs[0].data["text/html"].startswith("<b>kept</b>") and "<script>" not in str(second.outputs)


def test_a_text_cell_that_cannot_be_made_safe_is_left_out_too(monkeypatch):
    monkeypatch.setattr(sanitize, "SECONDS", 2)
    monkeypatch.setattr(sanitize, "CELL_SECONDS", 1)
    cell = nbformat.v4.new_markdown_cell(GROWING["open formatting in list items"] * 20)
    (kept,) = harmless(nbformat.v4.new_notebook(cells=[cell])).cells
    assert kept.source.startswith("What this cell showed is left out")


PICTURE = {"image/png": "TUlORQ==\n"}
PASTED = {
    "a picture": {"a.png": PICTURE},
    "a picture of two kinds": {"a.png": {**PICTURE, "text/plain": "x"}},
    "none": None,
    "one of another name": {"b.png": PICTURE},
    "no picture": {"a.png": {}},
    "a drawing that may act": {"a.png": {"image/svg+xml": "PHN2Zz4="}},
    "a text that is no picture": {"a.png": {"image/png": '" onerror="alert(1)'}},
    "lines": {"a.png": {"image/png": ["iVBO", "Rw0K"]}},
    "a list": [PICTURE],
    "a number": {"a.png": 5},
    "a picture that is large": {"a.png": {"image/png": "A" * 500_000}},
}
SHOWING = (
    "![mine](attachment:a.png) and",
    '![mine](attachment:a.png "a title") and',
    "<img src='attachment:a.png'> and",
    "![mine][1] and\n\n[1]: attachment:a.png",
)


@pytest.mark.parametrize("text", SHOWING)
@pytest.mark.parametrize("kind", PASTED)
def test_a_picture_that_was_pasted_is_shown_and_one_that_is_none_costs_nothing_but_itself(kind, text):
    """Jupyter keeps pasted pictures in the cell, and nbconvert makes no page of a notebook that names one which isn't there."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": text, "attachments": PASTED[kind]}
    written = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    restored, _notes = restore(parse(json.dumps(written).encode()), nbformat.v4.new_notebook())
    restored.cells.append(shown({"text/html": "<b>kept</b>"}))
    shown_again = harmless(restored)
    nbformat.validate(shown_again)
    assert "attachment:" not in str(shown_again.cells[0].source) or "a.png" in shown_again.cells[0].attachments
    html, _resources = HTMLExporter().from_notebook_node(shown_again)
    assert "<b>kept</b>" in html
    first, second = (str(one.text) + "".join(one.outputs) for one in page_cells(shown_again))
    assert second == "<b>kept</b>" and "and" in first and "onerror" not in first
    pasted = kind in ("a picture", "a picture of two kinds") and "<img" not in text
    assert ["data:image/png;base64,TUlORQ==" in page for page in (html, first)] == [pasted, pasted]


LISTS = {
    "html": {"output_type": "display_data", "data": {"text/html": ["<b>", "x</b>"]}, "metadata": {}},
    "a stream": {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
    "an image": {"output_type": "display_data", "data": {"image/svg+xml": ["<svg>", "</svg>"]}, "metadata": {}},
    "numbers": {"output_type": "display_data", "data": {"text/plain": [1, 2]}, "metadata": {}},
    "no text at all": {"output_type": "display_data", "data": {"text/html": {"a": 1}}, "metadata": {}},
    "json": {"output_type": "display_data", "data": {"application/json": [1, {"a": [2]}]}, "metadata": {}},
}


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("kind", [*LISTS, "deep json"])
def test_outputs_that_the_format_allows_or_not_never_stop_the_grader(kind):
    """nbformat allows lists of lines where everybody sends one text: what a student publishes by hand."""
    sent = LISTS.get(kind) or {"output_type": "display_data", "data": {"application/json": nested(300)}, "metadata": {}}
    cell = nbformat.v4.new_code_cell("show()")
    cell.outputs = [nbformat.from_dict(sent), nbformat.v4.new_output("stream", name="stdout", text="after\n")]
    outputs.tidy(cell)
    (cell,) = harmless(nbformat.v4.new_notebook(cells=[cell])).cells
    assert cell.outputs[-1].text.endswith("after\n")
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    texts = [
        value for output in cell.outputs for kind, value in output.get("data", {}).items() if not kind.endswith("json")
    ]
    assert all(isinstance(text, str) for text in texts)


def test_comparing_notebooks_reads_only_the_beginning_of_each():
    from autograder.classroom.pages.class_page.similar import READ, groups

    long = {"answer": "x = 1\n" * 800_000}
    ordinary = {"answer": "\n".join(f"name_{n} = {n} * other_{n}" for n in range(40))}
    (group,) = groups({"ann": ordinary, "bob": ordinary, "eve": long, "flo": {"a": "'" * READ * 50}}, {})
    assert group.students == ("ann", "bob")
