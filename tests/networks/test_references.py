"""The course's own functions are those of its files as they stand."""

import os
import sys

import pytest

from autograder.networks import references

USES = "from answer_{number} import ANSWER\n\n\ndef answer():\n    return ANSWER\n"


@pytest.fixture(autouse=True)
def python_keeps_bytecode(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.parametrize("place", ["solutions", "."])
def test_a_file_that_took_the_place_of_another_within_a_second_is_the_one_that_counts(tmp_path, place):
    """Of the same length, too: to Python's bytecode it would be the same file. So is one beside it that it uses."""
    folder = tmp_path / "solutions"
    folder.mkdir()
    beside = f"answer_{place == '.':d}"
    (folder / "refs.py").write_text(USES.format(number=int(place == ".")))
    (folder / "own.py").write_text("def answer():\n    return 4\n")
    found = []
    for number in (4, 5):
        for path in (tmp_path / place / f"{beside}.py", folder / "own.py"):
            path.write_text(f"ANSWER = {number}\n" if path.stem == beside else f"def answer():\n    return {number}\n")
            os.utime(path, (1_800_000_000, 1_800_000_000))
        sys.modules.pop(beside, None)
        found.append([references.load(tmp_path, f"solutions/{name}.py:answer")() for name in ("refs", "own")])
    assert found == [[4, 4], [5, 5]]
    assert not [*tmp_path.rglob("__pycache__")]
