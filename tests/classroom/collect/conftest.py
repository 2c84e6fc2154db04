"""What the tests of collecting share: a course without submissions, notebooks by many students, and archives."""

import json
import shutil
import zipfile
from dataclasses import replace
from functools import cache

import nbformat
import pytest

from autograder.authoring.solved_notebooks import solved
from autograder.classroom.collect import Settings, What, collect
from autograder.course.released_notebook import released_notebook


@pytest.fixture(scope="session")
def work(course):
    """``work("deep", "ada") -> bytes``: a solved notebook, different for each student; of none, as released."""

    @cache
    def make(assignment, student="", language="en"):
        if not student:
            return nbformat.writes(released_notebook(course, assignment, language)).encode()
        notebook = solved(course, assignment, language)
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"By {student}", id="by"))
        return nbformat.writes(notebook).encode()

    return make


@pytest.fixture
def changed(work):
    """``changed("deep", "ada", lambda document: ...) -> bytes``: the notebook as JSON, changed."""

    def make(assignment, student, change):
        document = json.loads(work(assignment, student))
        change(document)
        return json.dumps(document, ensure_ascii=False).encode()

    return make


@pytest.fixture
def classroom(course, tmp_path):
    """A course of its own with releases and no submissions."""
    root = tmp_path / "course"
    root.mkdir()
    shutil.copyfile(course.root / "course.yml", root / "course.yml")
    (root / "solutions").symlink_to(course.root / "solutions")
    (root / "assignments").symlink_to(course.root / "assignments")
    return course.model_copy(update={"root": root})


@pytest.fixture
def zipped(tmp_path):
    """``zipped({path: bytes}, "DL-deep-4711") -> Path``: a zip with these files."""

    def make(files, name="class", packing=zipfile.ZIP_DEFLATED):
        path = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w", packing) as archive:
            for inside, content in files.items():
                archive.writestr(inside, content)
        return path

    return make


@pytest.fixture
def folder(tmp_path):
    """``folder({path: bytes}, "inbound") -> Path``: a folder with these files."""

    def make(files, name="handed-in"):
        for inside, content in files.items():
            path = tmp_path / name / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / name

    return make


@pytest.fixture
def collecting(classroom):
    """``collecting(place, platform="moodle", ...) -> Collected``, into `classroom`."""

    def run(place, dry_run=False, **settings):
        return collect(place, classroom, replace(Settings(), **settings), dry_run=dry_run)

    return run


@pytest.fixture(scope="module")
def in_this_process():
    """Without a process for each file: what is drawn here are names, and the files are all good."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("matching", "platform_metadata"):
            patch.setattr(f"autograder.classroom.collect.{module}.confined", lambda work, **limits: work())
        patch.setattr("autograder.classroom.collect.git.committed_at", lambda repository, file, seconds: None)
        yield


def outcome(collected):
    """``{(student, assignment): what}`` of those that count, and ``{file: reason}`` of those that don't fit."""
    counted = {(t.student, t.assignment): str(t.what) for t in collected.notebooks if t.what is not What.KEPT}
    return counted, {left.file: left.reason for left in collected.unmatched}


def tree(folder):
    """Every file below `folder` with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def submission(course, student, assignment):
    """The notebook that counts, and its time stamp or None."""
    place = course.root / "submitted" / student / assignment
    stamp = place / "timestamp.txt"
    return (place / f"{assignment}.ipynb").read_bytes(), stamp.read_text("utf-8") if stamp.is_file() else None
