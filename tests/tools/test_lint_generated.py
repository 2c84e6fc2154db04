"""`make lint` refuses a catalogue or a reference that the code has left behind."""

import pytest

from tests.conftest import ROOT
from tools import lint_generated, messages, reference


def test_what_is_made_from_the_code_is_what_it_makes_now():
    assert not [*lint_generated.stale(ROOT)], "run the commands, and translate what is new"


@pytest.mark.parametrize("maker", [messages, reference])
def test_each_document_that_differs_is_named_with_what_makes_it(maker, monkeypatch):
    made = maker.documents()
    changed = {path: content + b"#" for path, content in made.items()}
    monkeypatch.setattr(maker, "documents", lambda: changed)
    command = {messages: "make messages", reference: "make docs"}[maker]
    assert [*lint_generated.stale(ROOT)] == [
        f"{path.relative_to(ROOT)}: not what the code says now: run `{command}`" for path in made
    ]
    monkeypatch.setattr(maker, "documents", lambda: {ROOT / "nowhere.md": b""})
    assert [*lint_generated.stale(ROOT)] == [f"nowhere.md: not what the code says now: run `{command}`"]


def test_a_sentence_that_moves_to_another_file_changes_no_catalogue(tmp_path, monkeypatch):
    said = []
    for name in ("one.py", "other.py"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text('"""A file."""\nx = _("no layers")\n', "utf-8")
        messages.template.cache_clear()
        monkeypatch.setattr(messages, "PACKAGE", folder)
        said.append(messages.as_po(messages.template()))
    messages.template.cache_clear()
    assert said[0] == said[1] and b"no layers" in said[0]
