"""A course without networks: nothing loads Keras or TensorFlow, not the judge, not the kernel, not the worker, and nobody needs them."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from autograder.common.errors import CourseError, SandboxError
from autograder.common.machine.requirements import NETWORKS
from autograder.course.course import load
from autograder.course.packages import not_promised
from autograder.sandbox.host import Sandbox
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "estimators"
# Grades the example's solution, with a cell that says what its kernel has loaded, and says the same of this process, the worker's.
GRADES = """
import json, sys
from pathlib import Path
import nbformat
from autograder.authoring.release import release
from autograder.authoring.solved_notebooks import solved
from autograder.common.submission import Submission
from autograder.course.course import load
from autograder.worker.grade_alone import grade_alone

file = Path("course.yml").resolve()
course = load(file)
release(course, ["estimators"])
notebook = solved(course, "estimators")
loaded = "import sys\\nprint('LOADED', sorted({'keras', 'tensorflow'} & set(sys.modules)))"
notebook.cells.append(nbformat.v4.new_code_cell(loaded))
path = Path("handed_in.ipynb")
nbformat.write(notebook, path)
graded = grade_alone(Submission("s", "estimators", path), course, file, "none", None)
said = [output.get("text", "") for cell in graded.notebook.cells if "LOADED" in cell.source for output in cell.outputs]
print(json.dumps({
    "points": graded.report.points, "of": graded.report.out_of, "kernel": said, "worker": sorted({"keras", "tensorflow"} & set(sys.modules)),
}))
"""


@pytest.fixture
def example(tmp_path):
    return shutil.copytree(EXAMPLE, tmp_path / "estimators", ignore=shutil.ignore_patterns("assignments"))


@pytest.fixture
def poisoned(tmp_path):
    """Where Keras and TensorFlow are found first, and raise: whoever imports one fails."""
    for name in NETWORKS:
        (tmp_path / "poison" / name).mkdir(parents=True)
        (tmp_path / "poison" / name / "__init__.py").write_text(
            f"raise ModuleNotFoundError('no {name}', name='{name}')\n"
        )
    return os.pathsep.join([str(tmp_path / "poison"), str(ROOT)])


@pytest.mark.slow
def test_it_is_graded_where_whoever_imports_keras_fails(example, poisoned):
    environment = {**os.environ, "PYTHONPATH": poisoned}
    run = [sys.executable, "-c", GRADES]
    done = subprocess.run(run, cwd=example, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"points": 11, "of": 11, "kernel": ["LOADED []\n"], "worker": []}


def test_check_works_at_home_without_keras(example, poisoned):
    """Also where it isn't installed: a student is told to install it only for a course with networks."""
    code = (
        "import autograder.common.machine.requirements as r; r.version = lambda name: (_ for _ in ()).throw(r.PackageNotFoundError(name))\n"
        "from autograder import check\nfrom sklearn.svm import SVC\nimport sys\n"
        "check('estimators.search', search=SVC())\nassert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": poisoned, "AUTOGRADER_COURSE": str(example / "course.yml")}
    done = subprocess.run([sys.executable, "-c", code], cwd=example, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "GridSearchCV" in done.stdout, done.stdout + done.stderr
    text = (example / "course.yml").read_text("utf-8").replace("networks: false\n", "")
    (example / "course.yml").write_text(text, "utf-8")
    done = subprocess.run([sys.executable, "-c", code], cwd=example, env=environment, capture_output=True, text=True)
    assert "needs Keras and TensorFlow" in done.stdout


def test_a_check_that_looks_at_a_network_is_refused_in_it(example):
    text = (example / "course.yml").read_text("utf-8").replace("{type: object, of: model, id: fitted, equals: Pipeline, fitted: true,", "{type: fresh, of: model,")  # fmt: skip
    (example / "course.yml").write_text(text, "utf-8")
    with pytest.raises(CourseError, match="it looks at a network, and the course has `networks: false`"):
        load(example / "course.yml")


def test_where_a_course_needs_keras_and_it_is_missing_one_sentence_says_so(course, example, monkeypatch):
    monkeypatch.setattr("autograder.common.machine.requirements.find_spec", lambda name: None)
    with pytest.raises(
        SandboxError, match="this course needs keras and tensorflow, which is not installed here"
    ) as caught:
        Sandbox.of(course)
    assert "deep-networks-autograder[tensorflow]" in caught.value.remedy
    with Sandbox.of(load(example / "course.yml")) as sandbox:
        assert sandbox is not None


def test_keras_is_promised_only_where_there_are_networks():
    assert not_promised(["keras", "sklearn"], (), networks=False) == ["keras"]
    assert not_promised(["keras", "sklearn"], ()) == []
