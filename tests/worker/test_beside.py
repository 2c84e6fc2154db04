"""Files that are released beside the notebook lie there while it is graded, and can't be changed."""

import shutil

import pytest

from autograder.authoring.solved_notebooks import edited, solved
from autograder.classroom.grading.basis import released
from autograder.common.submission import Submission
from autograder.course.course import load
from autograder.course.released_notebook import beside
from autograder.worker.bundle import pack, unpack
from autograder.worker.grading import grade_submission

FILES = {"data.csv": "a,b\n1,2\n", "helper.py": "def answer():\n    return 100 * 784 + 100\n", "images/one.txt": "one"}
LOOK = """\
import os, pathlib
import helper
found = {name: pathlib.Path(name).read_text() for name in ("data.csv", "images/one.txt")}
names = sorted(os.listdir())
changed = []
for name in ("data.csv", "helper.py", "images/one.txt"):
    try:
        open(name, "a").write("x")
        changed.append(name)
    except OSError:
        pass
for name in ("images/one.txt", "images/two.txt"):
    try:
        os.remove(name)
        changed.append(name)
    except OSError:
        pass
print(helper.answer(), found, names, changed)
"""


@pytest.fixture(scope="module")
def own(course, tmp_path_factory):
    """The course with files beside its notebook, as a worker unpacks it."""
    root = tmp_path_factory.mktemp("course")
    for name in ("course.yml", "solutions", "assignments"):
        copy = shutil.copytree if (course.root / name).is_dir() else shutil.copyfile
        copy(course.root / name, root / name)
    for name, text in FILES.items():
        path = root / "assignments" / "en" / "deep" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    folder = tmp_path_factory.mktemp("unpacked")
    return load(unpack(pack(load(root / "course.yml"), root / "course.yml"), folder))


def test_a_notebook_finds_what_was_released_beside_it_and_cannot_change_it(course, own, bench, sandbox, tmp_path):
    import nbformat

    notebook = edited(solved(course, "deep"), {"count-answer": LOOK, "train-answer": "", "accuracy-answer": ""})
    path = tmp_path / "deep.ipynb"
    nbformat.write(notebook, path)
    graded = grade_submission(Submission("ada", "deep", path), own, bench, sandbox)
    cell = next(cell for cell in graded.notebook.cells if cell.source == LOOK)
    assert [output.get("evalue") for output in cell.outputs if output.output_type == "error"] == []
    printed = "".join(output.text for output in cell.outputs)
    names = ["data.csv", "helper.py", "images"]
    assert printed == f"78500 { {'data.csv': 'a,b' + chr(10) + '1,2' + chr(10), 'images/one.txt': 'one'} } {names} []\n"


def test_the_next_notebook_does_not_find_the_files_of_another_assignment(sandbox, own, course):
    sandbox.lay_beside(beside(own, "deep"))
    assert sorted(path.name for path in (sandbox.run_folder / "beside").iterdir()) == [
        "data.csv",
        "helper.py",
        "images",
    ]
    sandbox.lay_beside(beside(course, "deep"))
    assert not (sandbox.run_folder / "beside").exists()


def test_a_changed_file_beside_the_notebook_changes_what_its_reports_were_made_from(own):
    before = released(own, "deep")
    path = own.root / "assignments" / "en" / "deep" / "data.csv"
    path.write_text("a,b\n1,3\n")
    assert released(own, "deep") != before
    assert released(own, "optimizers") == released(load(own.root / "course.yml"), "optimizers")
