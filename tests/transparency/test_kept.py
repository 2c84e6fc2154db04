"""What is kept of plain Keras, so that it needn't run again."""

import json

from tests.transparency.asked import asked
from tests.transparency.compare import Kept, basis


def test_what_is_kept_is_of_cells_that_the_suite_runs(tmp_path, monkeypatch):
    """Also where a run asks for one of them alone."""
    monkeypatch.setattr(Kept, "file", tmp_path / "plain.json")
    monkeypatch.setenv("AUTOGRADER_PLAIN", "keep")
    (first, seen), (second, seen_too), *_others = asked()
    kept = {Kept._key(first, seen): "a digest", Kept._key("a cell of before", False): "another"}
    Kept.file.write_text(json.dumps({"basis": basis(), "cells": kept}))
    Kept().keep({second: (seen_too, {"result": 1}), "a sequence of a long run": (False, {"result": 2})})
    now = Kept()
    assert [now.of(code, watched) is not None for code, watched in ((first, seen), (second, seen_too))] == [True, True]
    assert len(now.known) == 2
    assert now.of(second, not seen_too) is None
