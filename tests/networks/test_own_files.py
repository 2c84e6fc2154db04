"""A course's own files, damaged one after the other: whoever needs them says which file and key, and what to do; nobody loses a mark."""

import io
import shutil

import numpy as np
import pytest
import yaml

from autograder.authoring.release import prepared_file
from autograder.common.errors import AutograderError
from autograder.course.course import load
from autograder.judge.process import ready
from autograder.kernel.home.check_at_home import HomeStudent
from autograder.networks.memo import Memo
from autograder.worker.judge_process import JudgeProcess
from autograder.worker.visible_course import of_released

CSV = "size,rooms,price\n" + "".join(f"{size},{size // 20},{2 * size}\n" for size in range(40, 80))
PREPARE = "def prepare(features, targets, train):\n    return {'halves': features / 2}\n"
CHECKS = [
    {"type": "array", "of": "given", "equals": "train", "prepared": "halves", "points": 1},
    {"type": "trained_on", "of": "model", "split": "train", "prepared": "halves", "points": 1},
]
COURSE = {
    "course": {"id": "houses", "title": "Houses", "languages": ["en"]},
    "data": {"file": "houses.csv", "targets": "price", "prepare": "refs.py:prepare"},
    "assignments": {"a": {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {
        "q": {"title": "Q", "points": 2, "checks": CHECKS}}}},
}  # fmt: skip


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


# None: not there; ...: a folder in its place; bytes: what it holds instead.
OTHERS = {"gone": None, "folder": ..., "truncated": b"PK\x03\x04size,", "empty": b""}
DAMAGED = {
    "houses.csv": {**OTHERS, "others": b"a,b\n1,x\n2,y\n"},
    "refs.py": {"gone": None, "folder": ..., "truncated": PREPARE[:30].encode(), "raises": b"def prepare(a, b, c):\n    raise OSError('no')\n", "short": PREPARE.replace("/ 2", "[:3]").encode(), "others": PREPARE.replace("halves", "thirds").encode()},
    "prepared.npz": {**OTHERS, "short": npz(**{"features.halves": np.zeros((3, 2))}), "others": npz(**{"features.thirds": np.zeros((40, 2))}), "no arrays": npz()},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course's folder, and that of a student beside it."""
    root = tmp_path_factory.mktemp("houses")
    (root / "course").mkdir()
    (root / "student").mkdir()
    (root / "course/houses.csv").write_text(CSV)
    (root / "course/refs.py").write_text(PREPARE)
    (root / "course/course.yml").write_text(yaml.safe_dump(COURSE))
    course = load(root / "course/course.yml")
    shutil.copyfile(root / "course/houses.csv", root / "student/houses.csv")
    (root / "student/checks.yml").write_text(yaml.safe_dump(course.public("a", "en")))
    (root / "student/prepared.npz").write_bytes(prepared_file(course, "a"))
    return root


def release(root):
    prepared_file(load(root / "course/course.yml"), "a")


def judge(root):
    """That of `grade`, `regrade` and `verify`."""
    ready(root / "course/course.yml", Memo(None))


def try_(root):
    from nbformat.v4 import new_notebook

    (root / "tried").mkdir()
    notebook = root / "student/a.ipynb"
    of_released(root / "student/checks.yml", notebook, new_notebook(), root / "tried")


def home(root, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(root / "student/checks.yml"))
    HomeStudent("a").check("a.q", None, {"given": np.zeros((4, 2)), "model": None}, False, False)


@pytest.mark.parametrize(
    ("file", "how"), [(file, how) for file, ways in DAMAGED.items() for how in ways], ids=lambda value: value
)
def test_a_damaged_file_is_told_with_its_name_and_a_remedy_before_any_work_is_looked_at(
    made, tmp_path, monkeypatch, file, how
):
    root = tmp_path / "all"
    shutil.copytree(made, root)
    for path in (root / "course" / file, root / "student" / file):
        if path.exists():
            path.unlink()
            if DAMAGED[file][how] is ...:
                path.mkdir()
            elif DAMAGED[file][how] is not None:
                path.write_bytes(DAMAGED[file][how])
    commands = {"refs.py": [release, judge], "prepared.npz": [try_, home], "houses.csv": [release, judge, try_, home]}
    for command in commands[file]:
        with pytest.raises(AutograderError) as refused:
            command(root, *([monkeypatch] if command is home else []))
        said = str(refused.value)
        assert file in said or "halves" in said, (command.__name__, said)
        key = "data.file" if file == "houses.csv" else "data.prepare" if file == "refs.py" else ""
        assert key in said or how == "others", (command.__name__, said)
        mends = (
            refused.value.remedy or "belongs" in said or file == "refs.py"
        )  # what a function is to be is said of it itself
        assert mends or "is not there" in said or "nothing is prepared as" in said, (command.__name__, said)
        assert "grader failed" not in said
        assert "autograder-tmp" not in said


def test_the_judge_says_it_in_its_own_words_and_without_its_folder(made, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(made / "course", root)
    (root / "refs.py").write_text(PREPARE.replace("halves", "thirds"))
    with JudgeProcess(root / "course.yml", None) as bench:
        for ask in (bench.wait, lambda: bench.rejudge(b"")):  # what `begin` raises, a student may read
            with pytest.raises(AutograderError) as refused:
                ask()
            assert str(refused.value).startswith("course.yml:")
            assert "nothing is prepared as 'halves'" in str(refused.value)
