"""A submission is read safely and put back into the shape of the release, whatever a student did to it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograder.common.errors import SubmissionError
from autograder.common.wire.submitted_notebook import CELLS, PYTHON, content, read, restore


def graded(grade_id: str, source: str, *, locked: bool) -> dict[str, Any]:
    grading: dict[str, Any] = {"grade": locked, "solution": not locked, "locked": locked, "task": False}
    grading |= {"grade_id": grade_id, "schema_version": 3, "checksum": "0" * 32, **({"points": 1} if locked else {})}
    metadata = {"nbgrader": grading, "deletable": False, **({"editable": False} if locked else {})}
    name = f"{grade_id}-check" if locked else grade_id
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def text(name: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": f"About {name}"}


def own(source: str, **more: Any) -> NotebookNode:
    cell = {"cell_type": "code", "id": f"own-{len(source)}", "metadata": {}, "source": source}
    return nbformat.from_dict({**cell, "outputs": [], "execution_count": None, **more})


def release() -> NotebookNode:
    cells = [text("intro")]
    for name in ("a", "b", "c"):
        cells += [text(f"{name}-text"), graded(f"{name}-answer", "raise NotImplementedError()", locked=False)]
        cells += [graded(name, f"check('{name}')", locked=True)]
    return nbformat.from_dict({"cells": cells, "metadata": PYTHON, "nbformat": 4, "nbformat_minor": 5})


def names(notebook: NotebookNode) -> list[str]:
    return [cell.metadata.get("nbgrader", {}).get("grade_id") or cell.source for cell in notebook.cells]


def cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


WHOLE = names(release())


def test_an_untouched_submission_stays_as_it_is() -> None:
    restored, notes = restore(release(), release())
    assert restored == release()
    assert notes == []


def test_students_answers_are_kept_with_the_metadata_of_the_release() -> None:
    submitted = release()
    cell(submitted, "a-answer").source = "x = 1"
    cell(submitted, "a-answer").metadata = nbformat.from_dict(
        {"nbgrader": {"grade_id": "a-answer", "locked": True, "points": 99}, "tags": ["raises-exception"]}
    )
    restored, notes = restore(submitted, release())
    assert cell(restored, "a-answer").source == "x = 1"
    assert cell(restored, "a-answer").metadata == cell(release(), "a-answer").metadata
    assert notes == []


def test_pictures_stay_with_the_text_that_they_were_pasted_into() -> None:
    """The release's in its own texts, a student's in an answer, and no student's in a text of the release."""
    mine, theirs = ({f"{name}.png": {"image/png": "iVBORw0KGgo="}} for name in ("mine", "theirs"))
    original = nbformat.v4.new_notebook()
    for locked in (True, False):
        one = {**graded(f"text-{locked}", "A text", locked=locked), "cell_type": "markdown", "attachments": theirs}
        original.cells.append(nbformat.from_dict(one))
    handed_in = copy.deepcopy(original)
    for one in handed_in.cells:
        one.attachments = mine
    found, _notes = restore(handed_in, original)
    assert [one.attachments for one in found.cells] == [theirs, mine]


def test_inputs_are_left_as_they_are() -> None:
    submitted, released = release(), release()
    submitted.cells.reverse()
    before = copy.deepcopy(submitted)
    restored, _ = restore(submitted, released)
    restored.cells[0].source = "changed"
    cell(restored, "a").metadata.nbgrader["points"] = 7
    assert (submitted, released) == (before, release())


def _edit(n: NotebookNode) -> None:
    cell(n, "b").source = "check = print"


def _retype(n: NotebookNode) -> None:
    cell(n, "b").cell_type = "markdown"
    del cell(n, "b")["outputs"], cell(n, "b")["execution_count"]


def _delete(n: NotebookNode) -> None:
    n.cells.remove(cell(n, "b"))


def _delete_answer(n: NotebookNode) -> None:
    n.cells.remove(cell(n, "b-answer"))


def _move(n: NotebookNode) -> None:
    moved = cell(n, "b")
    n.cells.remove(moved)
    n.cells.insert(0, moved)


def _repoint(n: NotebookNode) -> None:
    cell(n, "b").metadata.nbgrader["grade_id"] = "zzz"


def _worthless(n: NotebookNode) -> None:
    cell(n, "b").metadata.nbgrader.update(points=0, grade=False, locked=False, solution=True)


HARM: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "edited": (_edit, "The check cell 'b' was changed; its original text was restored."),
    "retyped": (_retype, "The check cell 'b' was a markdown cell and is a code cell again."),
    "deleted": (_delete, "The check cell 'b' was missing and was put back."),
    "moved": (_move, "The cells around the check cell 'b' stood in another order: it is in its place again."),
    "metadata changed": (_worthless, ""),
}


def test_an_answer_above_another_questions_check_is_kept_and_nobody_is_said_to_have_moved_the_check() -> None:
    submitted = release()
    submitted.cells.insert(3, submitted.cells.pop(5))  # b's answer, between a's and its check
    restored, notes = restore(submitted, release())
    assert sorted(names(restored)) == sorted(WHOLE)
    assert not any("moved" in note for note in notes)


@pytest.mark.parametrize("harm", HARM)
def test_a_check_cell_is_restored_when_it_was(harm: str) -> None:
    change, note = HARM[harm]
    submitted = release()
    change(submitted)
    restored, notes = restore(submitted, release())
    assert restored == release()
    assert notes == ([note] if note else [])


def test_a_missing_answer_cell_comes_back_empty_so_that_comments_have_a_place() -> None:
    submitted = release()
    _delete_answer(submitted)
    restored, notes = restore(submitted, release())
    assert names(restored) == WHOLE
    assert cell(restored, "b-answer").source == ""
    assert notes == ["The answer cell 'b-answer' was missing: an empty one was put in its place."]


def test_a_check_cell_under_another_name_becomes_ordinary_and_the_real_one_returns() -> None:
    submitted = release()
    _repoint(submitted)
    restored, notes = restore(submitted, release())
    assert names(restored) == [*WHOLE[:6], "check('b')", *WHOLE[6:]]
    assert notes == [
        "The cell 'zzz' is not part of this assignment and is an ordinary cell now.",
        "The check cell 'b' was missing and was put back.",
    ]


def test_two_check_cells_that_changed_names_change_back() -> None:
    submitted = release()
    first, second = cell(submitted, "a"), cell(submitted, "b")
    first.metadata.nbgrader["grade_id"], second.metadata.nbgrader["grade_id"] = "b", "a"
    restored, _ = restore(submitted, release())
    assert names(restored) == WHOLE
    assert [cell(restored, name).source for name in "ab"] == ["check('a')", "check('b')"]


def test_of_duplicates_the_first_counts() -> None:
    submitted = release()
    for name in ("a-answer", "a"):
        again = copy.deepcopy(cell(submitted, name))
        again.source = "again"
        submitted.cells.append(again)
    restored, notes = restore(submitted, release())
    assert names(restored) == [*WHOLE, "again", "again"]
    assert all(cell.metadata == {} for cell in restored.cells[-2:])
    assert notes == [
        "There was more than one answer cell 'a-answer': the first one counts.",
        "There was more than one check cell 'a': the first one counts.",
    ]
    assert len({cell.id for cell in restored.cells}) == len(restored.cells)


def test_cells_that_a_student_added_stay_where_they_are() -> None:
    submitted = release()
    submitted.cells.insert(3, own("mine"))
    restored, notes = restore(submitted, release())
    assert names(restored) == [*WHOLE[:3], "mine", *WHOLE[3:]]
    assert notes == []


def test_a_missing_check_stands_behind_what_the_student_wrote_in_its_place() -> None:
    submitted = release()
    submitted.cells.remove(cell(submitted, "b"))
    index = submitted.cells.index(cell(submitted, "b-answer"))
    submitted.cells[index] = own("answered in a cell of my own")
    restored, _ = restore(submitted, release())
    assert names(restored) == [*WHOLE[:5], "answered in a cell of my own", "b-answer", "b", *WHOLE[7:]]


def test_an_empty_submission_gets_every_graded_cell_in_order() -> None:
    submitted = nbformat.from_dict({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    restored, notes = restore(submitted, release())
    assert names(restored) == ["a-answer", "a", "b-answer", "b", "c-answer", "c"]
    assert len(notes) == 6


def test_text_cells_are_recognised_without_ids() -> None:
    submitted = release()
    _delete(submitted)
    _delete_answer(submitted)
    for number, each in enumerate(submitted.cells):
        each["id"] = f"other-{number}"
    restored, _ = restore(submitted, release())
    assert names(restored) == WHOLE


def test_a_reversed_notebook_keeps_its_answers_and_every_check_follows_its_answer() -> None:
    submitted = release()
    submitted.cells.reverse()
    found = names(restore(submitted, release())[0])
    assert sorted(found) == sorted(WHOLE)
    assert all(found.index(name) == found.index(f"{name}-answer") + 1 for name in ("b", "c"))
    assert found.index("a") > found.index("a-answer")


def test_outputs_kernels_and_odd_metadata_are_cleared() -> None:
    submitted = release()
    submitted.metadata = nbformat.from_dict({"kernelspec": {"name": "bash"}, "widgets": {"a": 1}, "language_info": {}})
    output = nbformat.v4.new_output("stream", text="2")
    submitted.cells.append(own("1 + 1", outputs=[output], execution_count=3, metadata={"tags": ["skip-execution"]}))
    cell(submitted, "a").outputs = [output]
    restored, _ = restore(submitted, release())
    assert restored.metadata == PYTHON
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in restored.cells)
    assert restored.cells[-1].metadata == {}
    nbformat.validate(restored)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 11), max_size=24), st.randoms(use_true_random=False))
def test_whatever_is_done_to_the_cells_all_graded_ones_are_there_once_with_their_text(
    picks: list[int], chance: Any
) -> None:
    released, submitted = release(), release()
    pool = [*released.cells, own("one"), own("other")]
    submitted.cells = [copy.deepcopy(pool[pick]) for pick in picks]
    for each in submitted.cells:
        if chance.random() < 0.3:
            each.source = "changed"
    restored, notes = restore(submitted, released)
    for original in released.cells:
        if grade_id := original.metadata.get("nbgrader", {}).get("grade_id"):
            found = [c for c in restored.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
            assert [c.metadata for c in found] == [original.metadata]
            assert original.metadata.nbgrader.solution or found[0].source == original.source
    checks = [name for name in names(restored) if name in ("a", "b", "c")]
    answers = [name for name in names(submitted) if name.endswith("-answer")]
    in_order = list(dict.fromkeys(answers)) == sorted(set(answers))  # a student's own order is not changed
    assert len({c.id for c in restored.cells}) == len(restored.cells)
    assert restore(submitted, released) == (restored, notes)
    if in_order:
        assert checks == ["a", "b", "c"]
        assert restore(restored, released)[0] == restored


def save(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "work.ipynb"


def test_a_saved_release_is_read_as_it_was(file: Path) -> None:
    found = read(save(file, release()), 1)
    assert restore(found, release()) == (release(), [])
    assert all(set(c.metadata) <= {"nbgrader"} for c in found.cells)


def test_a_byte_order_mark_and_sources_in_lines_are_fine(file: Path) -> None:
    document = {"nbformat": 4, "nbformat_minor": 2, "cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    found = read(file, 1)
    assert [c.source for c in found.cells] == ["x = 1\ny = 2"]
    nbformat.validate(found)


def test_format_3_is_upgraded(file: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Title"},
        {"cell_type": "code", "input": ["x = 1"], "metadata": {"nbgrader": {"grade_id": "a"}}, "outputs": []},
    ]
    found = read(save(file, {"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}), 1)
    assert [(c.cell_type, c.source) for c in found.cells] == [("markdown", "Title"), ("code", "x = 1")]
    assert found.cells[1].metadata.nbgrader.grade_id == "a"
    nbformat.validate(found)


def test_cell_ids_become_unique_and_the_same_every_time(file: Path) -> None:
    ids = ["cell-2", "same", "same", "bad id!", None, 7]
    document = {"nbformat": 4, "cells": [{"cell_type": "raw", "source": "", "id": name} for name in ids]}
    found = read(save(file, document), 1)
    assert [c.id for c in found.cells] == ["cell-2", "same", "cell-3", "cell-4", "cell-5", "cell-6"]
    assert read(file, 1) == found


def test_half_a_surrogate_pair_can_be_written_again(file: Path) -> None:
    found = read(save(file, '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}'), 1)
    assert found.cells[0].source == "x = '?'"


def notebook_of(*cells: object) -> dict[str, object]:
    return {"nbformat": 4, "nbformat_minor": 5, "cells": list(cells)}


BAD: dict[str, tuple[object, str]] = {
    "empty": (" \n", "it is empty"),
    "truncated": ('{"cells": [\n', r"it is not valid JSON \(line 2\)"),
    "a list": ([], "it has no cells"),
    "no format": ({"cells": []}, "does not say which notebook format"),
    "format true": ({"nbformat": True, "cells": []}, "does not say which notebook format"),
    "format 5": ({"nbformat": 5, "cells": []}, "neither 3 nor 4"),
    "no cells": ({"nbformat": 4}, "it has no cells"),
    "cells in a mapping": ({"nbformat": 4, "cells": {}}, "it has no cells"),
    "worksheets of numbers": ({"nbformat": 3, "worksheets": [1]}, "it has no cells"),
    "a cell that is none": (notebook_of(text("a"), "b"), "its cell 2 is not a cell"),
    "a type of no notebook": (notebook_of({"cell_type": "exec", "source": ""}), "its cell 1 has an unknown type"),
    "a type that can't be looked up": (notebook_of({"cell_type": [], "source": ""}), "its cell 1 has an unknown type"),
    "a source that is a number": (notebook_of({"cell_type": "code", "source": 1}), "its cell 1 has no text"),
    "lines that are no text": (notebook_of({"cell_type": "code", "source": ["", 1]}), "its cell 1 has no text"),
    "too many cells": (notebook_of(*[{}] * (CELLS + 1)), "more than 2000 cells"),
    "a deep nest": ('{"cells": ' + "[" * 200_000, "nested too deeply"),
    "a closed deep nest": ('{"x":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    "a number of many digits": ('{"nbformat": ' + "9" * 10_000 + "}", "not valid JSON"),
    "not a number": ('{"nbformat": NaN}', "does not say which notebook format"),
    "too large": (notebook_of({"cell_type": "code", "source": "x" * 1_000_000}), "larger than 1 MB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_explained_to_the_student(name: str, file: Path) -> None:
    content, message = BAD[name]
    with pytest.raises(SubmissionError, match=message) as caught:
        read(save(file, content), 1)
    assert caught.value.remedy


def test_oddities_that_do_no_harm_are_dropped(file: Path) -> None:
    odd = (
        '{"nbformat": 4, "metadata": NaN, "cells": [{"cell_type": "code", "source": "1", "source": "2", "metadata": 5},'
    )
    odd += ' {"cell_type": "code", "source": "3", "metadata": {"nbgrader": {"grade_id": ["a"]}}, "outputs": [1e999]}]}'
    found = read(save(file, odd), 1)
    assert [c.source for c in found.cells] == ["2", "3"]
    assert all(c.metadata == {} for c in found.cells)


def test_only_an_ordinary_file_is_read(tmp_path: Path) -> None:
    real = save(tmp_path / "real.ipynb", notebook_of())
    (tmp_path / "link.ipynb").symlink_to(real)
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name, message in (
        ("link", "a link to another file"),
        ("folder", "can't be read|not an ordinary file"),
        ("pipe", "not an ordinary file"),
        ("missing", "none is called missing.ipynb"),
        ("odd\0name", "can't be read"),
    ):
        with pytest.raises(SubmissionError, match=message):
            read(tmp_path / f"{name}.ipynb", 1)
    with pytest.raises(SubmissionError, match="not an ordinary file"):
        read(Path("/dev/zero"), 1)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["code", "markdown"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
CELL = st.fixed_dictionaries(
    {},
    optional={name: JSON | st.text() for name in ("cell_type", "source", "id", "metadata", "outputs", "input")},
)
LIKELY = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([3, 4]) | JSON},
    optional={
        "cells": st.lists(CELL | JSON, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=3)}) | JSON, max_size=2) | JSON,
        "metadata": JSON,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=80) | JSON.map(lambda d: json.dumps(d).encode()) | LIKELY.map(lambda d: json.dumps(d).encode())
)
def test_any_bytes_give_a_notebook_or_a_submission_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz.ipynb"
    path.write_bytes(content)
    try:
        found = read(path, 1)
    except SubmissionError as error:
        assert str(error).endswith(".") and error.remedy
        return
    nbformat.validate(found)
    restored, _ = restore(found, release())
    nbformat.validate(restored)
    path.write_text(nbformat.writes(restored), "utf-8")


@pytest.mark.parametrize("others", [(), ("a.ipynb",), ("a.ipynb", "b.IPYNB"), tuple("abcdefg")])
def test_where_several_notebooks_lie_and_none_has_the_name_it_is_said_what_to_do(tmp_path, others):
    for name in others:
        (tmp_path / name).with_suffix(".ipynb").touch()
    with pytest.raises(SubmissionError) as caught:
        content(tmp_path / "deep.ipynb", 1)
    several = len(others) > 1
    assert (f"There are {len(others)} notebooks (a.ipynb, b." in str(caught.value)) is several
    assert ("call the one that counts deep.ipynb" in caught.value.remedy) is several
    assert ("No such file" in str(caught.value)) is not several
