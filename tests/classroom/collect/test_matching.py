"""Whose notebook of which assignment a file is: by what is in it, then by its names, and never by guessing."""

import json

import nbformat
import pytest

from autograder.classroom.collect import What
from autograder.classroom.collect.encodings import as_utf8
from autograder.classroom.collect.names import Spellings, safe_id, without_copy
from autograder.common.errors import CourseError
from autograder.common.wire.submitted_notebook import parse
from tests.classroom.collect.conftest import outcome, submission


def without_grade_ids(document):
    for cell in document["cells"]:
        cell["metadata"].pop("nbgrader", None)


def without_calls(document):
    without_grade_ids(document)
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"]).replace("check(", "chk(")


@pytest.mark.parametrize("name", ["deep.ipynb", "deep (1).ipynb", "homework.ipynb", "two_layer.ipynb", "x/y/z/h.ipynb", "deep.ipynb.txt", "DEEP.IPYNB"])  # fmt: skip
def test_what_is_in_a_notebook_decides_not_its_name(name, work, folder, collecting, classroom):
    collected = collecting(folder({f"ada/{name}": work("deep", "ada")}))
    assert outcome(collected) == ({("ada", "deep"): "taken"}, {})
    assert submission(classroom, "ada", "deep")[0] == work("deep", "ada")
    (taken,) = collected.notebooks
    assert ("renamed" in taken.notes) == (name.lower() not in ("deep.ipynb", "deep.ipynb.txt"))
    assert ("named like two_layer" in taken.notes) == (name == "two_layer.ipynb")


def test_without_grade_ids_the_checks_that_it_calls_tell(changed, folder, collecting):
    pasted = changed("optimizers", "ada", without_grade_ids)  # pasted into a fresh notebook
    assert outcome(collecting(folder({"ada/work.ipynb": pasted}))) == ({("ada", "optimizers"): "taken"}, {})


@pytest.mark.parametrize(
    ("path", "assignment"),
    [
        ("ada/deep_final_v2.ipynb", "deep"),
        ("ada/Two-Layer (3).ipynb", "two_layer"),
        ("ada/심층 신경망.ipynb", "deep"),
        ("ada/copy of TwoLayer.ipynb", "two_layer"),
        ("ada/week 3/flatten relu/notebook.ipynb", "flatten_relu"),
        ("ada/deepening.ipynb", None),
        ("ada/deep and two_layer.ipynb", None),
        ("ada/notebook.ipynb", None),
    ],
)
def test_where_the_content_does_not_tell_the_names_do(path, assignment, changed, folder, collecting):
    counted, left = outcome(collecting(folder({path: changed("deep", "ada", without_calls)})))
    if assignment is None:
        assert "name it with --assignment" in left[path] and not counted
    else:
        assert (counted, left) == ({("ada", assignment): "taken"}, {})


def test_the_archives_own_name_tells_and_the_courses_name_does_not(changed, zipped, collecting):
    files = {"Jane Doe_1_assignsubmission_file_/work.ipynb": changed("deep", "ada", without_calls)}
    named = zipped(files, "Deep neural networks-Optimizers-4711")
    assert set(outcome(collecting(named))[0]) == {("Jane-Doe", "optimizers")}
    assert not outcome(collecting(zipped(files, "Deep neural networks-4711")))[0]


def test_an_assignment_that_is_asked_for_fills_the_gap_and_sorts_out_others(work, changed, folder, collecting):
    place = folder({
        "ada/work.ipynb": changed("deep", "ada", without_calls), "bob/h.ipynb": work("two_layer", "bob"),
        "carl/two_layer.ipynb": work("two_layer", "carl"),
    })  # fmt: skip
    collected = collecting(place, assignment="deep")
    assert outcome(collected) == (
        {("ada", "deep"): "taken"},
        {"bob/h.ipynb": "it holds the cells of two_layer, and --assignment asks for deep"},
    )
    assert [left.file for left in collected.ignored] == ["carl/two_layer.ipynb"]
    with pytest.raises(CourseError, match="no assignment 'dep'"):
        collecting(place, assignment="dep")


def test_every_release_is_recognised_in_every_language_and_half_of_it_too(course, work):
    from autograder.classroom.collect.contents import Contents

    contents = Contents(course)
    for name in course.assignments:
        for language in course.course.languages:
            document = json.loads(work(name, "", language))
            assert contents.assignment(parse(json.dumps(document).encode())) == name
            document["cells"] = document["cells"][: len(document["cells"]) // 2]
            assert contents.assignment(parse(json.dumps(document).encode())) == name
    both = json.loads(work("deep"))
    both["cells"] += json.loads(work("two_layer"))["cells"]
    assert contents.assignment(parse(json.dumps(both).encode())) == ""


def test_an_unreleased_course_is_recognised_by_its_questions(classroom, work):
    from autograder.classroom.collect.contents import Contents

    (classroom.root / "assignments").unlink()
    assert Contents(classroom).assignment(parse(work("deep", "ada"))) == "deep"


def colab(document):
    """As Colab saves: format 4.0, ids in the metadata, its own keys, no cell ids."""
    document |= {"nbformat": 4, "nbformat_minor": 0}
    document["metadata"] = {"colab": {"provenance": [], "gpuType": "T4"}, "kernelspec": {"name": "python3", "display_name": "Python 3"}, "accelerator": "GPU"}  # fmt: skip
    for cell in document["cells"]:
        cell["metadata"] |= {"id": cell.pop("id"), "colab": {"base_uri": "https://localhost:8080/"}}


def vscode(document):
    document["metadata"] |= {"vscode": {"interpreter": {"hash": "0" * 64}}}
    for cell in document["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}


@pytest.mark.parametrize("editor", [colab, vscode])
def test_what_editors_add_is_kept_and_does_not_matter(editor, changed, folder, collecting, classroom):
    notebook = changed("deep", "ada", editor)
    assert outcome(collecting(folder({"ada/Copy of deep.ipynb": notebook}))) == ({("ada", "deep"): "taken"}, {})
    assert submission(classroom, "ada", "deep")[0] == notebook


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949"])
def test_other_encodings_are_written_as_utf8(encoding, changed, folder, collecting, classroom):
    korean = changed("deep", "김철수", lambda document: None)
    collected = collecting(folder({"ada/deep.ipynb": korean.decode().encode(encoding)}))
    assert submission(classroom, "ada", "deep")[0] == korean
    (taken,) = collected.notebooks
    assert any("written as UTF-8" in note for note in taken.notes)
    nbformat.read(classroom.root / "submitted" / "ada" / "deep" / "deep.ipynb", as_version=4)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"\xff\xfe{", b"\x80\x81\x82", b"\xef\xbb\xbfno", bytes(range(256)), "가나다".encode("cp949")],
)
def test_bytes_that_are_no_notebook_stay_as_they_are(content):
    assert as_utf8(content) == (content, "")


@pytest.mark.parametrize("content", [b"", b"no notebook", b'{"cells": []}', b"[" * 100_000, b"{}" * 10])
def test_a_broken_file_is_collected_by_its_name_so_that_its_student_hears_of_it(content, folder, collecting, classroom):
    collected = collecting(folder({"ada/deep.ipynb": content, "bob/x.ipynb": content}))
    counted, left = outcome(collected)
    assert counted == {("ada", "deep"): "taken"} and list(left) == ["bob/x.ipynb"]
    assert submission(classroom, "ada", "deep")[0] == content
    assert collected.notebooks[0].notes[0].startswith("graded as it is: The file is not a notebook")


def test_files_beside_a_notebook_are_ignored_and_files_without_one_listed(work, folder, collecting):
    collected = collecting(folder({
        "ada/deep.ipynb": work("deep", "ada"), "ada/plot.png": b"", "bob/deep.py": b"", "bob/essay.pdf": b"", "README.md": b"",
    }))  # fmt: skip
    assert outcome(collected)[1] == {"bob/deep.py": "no notebook was handed in with it (deep.py, essay.pdf)"}
    assert [left.file for left in collected.ignored] == ["README.md", "ada/plot.png"]


def test_every_file_is_in_exactly_one_list(work, folder, collecting):
    files = {
        "ada/deep.ipynb": work("deep", "ada"), "ada/deep (1).ipynb": work("deep"), "bob/x.ipynb": b"{", "c/e.pdf": b"",
        "ada/.ipynb_checkpoints/deep.ipynb": b"", "stray": b"", "x.zip": b"", "d/two_layer.ipynb": work("two_layer", "d"),
    }  # fmt: skip
    collected = collecting(folder(files), assignment="deep")
    listed = [one.file for one in (*collected.notebooks, *collected.unmatched, *collected.ignored)]
    assert sorted(listed) == sorted({*files} - {"ada/.ipynb_checkpoints/deep.ipynb"} | {"ada/.ipynb_checkpoints"})


def test_an_untouched_download_does_not_count_as_the_later_one(work, folder, collecting, classroom):
    collected = collecting(folder({"ada/deep.ipynb": work("deep", "ada"), "ada/deep (1).ipynb": work("deep")}))
    assert submission(classroom, "ada", "deep")[0] == work("deep", "ada")
    kept = next(taken for taken in collected.notebooks if taken.what is What.KEPT)
    assert kept.file == "ada/deep (1).ipynb" and "no answer differs from the release" in kept.notes


def test_the_later_copy_counts(work, folder, collecting, classroom):
    names = ("deep.ipynb", "deep (1).ipynb", "deep (2).ipynb", "deep (10).ipynb")
    collecting(folder({f"ada/{name}": work("deep", name) for name in names}))
    assert submission(classroom, "ada", "deep")[0] == work("deep", "deep (10).ipynb")


def test_two_that_nothing_orders_are_both_listed(work, folder, collecting):
    files = {"ada/deep.ipynb": work("deep", "one"), "ada/final.ipynb": work("deep", "two"), "bob/a.ipynb": work("deep", "bob"), "bob/b.ipynb": work("deep", "bob")}  # fmt: skip
    counted, left = outcome(collecting(folder(files)))
    assert counted == {("bob", "deep"): "taken"}  # the same twice is no question
    assert set(left) == {"ada/deep.ipynb", "ada/final.ipynb"}
    assert all(
        reason.startswith("nothing says which is the later: ada/deep.ipynb, ada/final.ipynb")
        for reason in left.values()
    )


def test_a_timestamp_beside_the_notebook_is_its_time(work, folder, collecting, classroom):
    collecting(
        folder({"ada/deep/x.ipynb": work("deep", "ada"), "ada/deep/timestamp.txt": b"2027-03-14 23:59:00 UTC\n"})
    )
    assert submission(classroom, "ada", "deep")[1] == "2027-03-14 23:59:00 UTC"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Jane Doe", "Jane-Doe"), ("김철수", "김철수"), ("김 철수", "김-철수"), ("ada.l@example.edu", "ada.l@example.edu"),
        ("../../etc", "etc"), ("-rf", "rf"), ("...", ""), ("", ""), ("a/b\\c", "a-b-c"), ("a*?[b]{c}", "a-b-c"), ("a+b", "a-b"),
        ("con", "_con"), ("LPT1.x", "_LPT1.x"), ("com¹", "_com¹"), ("x" * 300, "x" * 60), ("a\u202eb\x00\x1b", "a-b"), ("ก้อง", "ก้อง"), ("हिन्दी", "हिन्दी"),
        ("a. ", "a"), ("김", "김"),
    ],
)  # fmt: skip
def test_ids_are_safe_for_folders_and_nbgrader_and_stay_readable(name, safe):
    assert safe_id(name) == safe
    assert safe_id(safe) == safe


@pytest.mark.parametrize(
    ("stem", "plain"),
    [
        ("deep", ("deep", 0)), ("deep (2)", ("deep", 2)), ("deep(3)", ("deep", 3)), ("deep-Copy1", ("deep", 1)), ("deep - Copy", ("deep", 1)),
        ("deep - 복사본 (2)", ("deep", 2)), ("deep의 사본", ("deep", 1)), ("Copy of deep", ("deep", 1)), ("deep-2", ("deep", 2)),
        ("(1)", ("(1)", 0)), ("deep2", ("deep2", 0)), ("deep copy 3", ("deep", 3)),
    ],
)  # fmt: skip
def test_marks_of_copies_are_known(stem, plain):
    assert without_copy(stem) == plain


def test_spellings_of_all_assignments_stay_apart(course):
    spellings = Spellings(course)
    for name in course.assignments:
        assert spellings.exact(name) == spellings.exact(name.replace("_", " ").title()) == name
        assert spellings.within([f"week_4-{name}_jane"]) == name
