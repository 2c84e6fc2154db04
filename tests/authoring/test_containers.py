"""An autograder in somebody else's container: what is in the zip, what is not, and what it makes of a submission."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from autograder.authoring.containers import archive
from autograder.authoring.release import release
from autograder.classroom import gradescope_container as container_module
from autograder.classroom.gradescope_container import grade_here
from autograder.cli.app import app
from autograder.common.errors import CourseError
from autograder.course.course import load
from tests.conftest import ROOT
from tests.tiny_course import tiny_course, tiny_submission


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_course(tmp_path_factory.mktemp("tiny"))


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {name: found.read(name).decode("utf-8", "replace") for name in found.namelist()}


def test_the_zip_holds_one_assignment_without_solutions_and_the_versions_of_here(course):
    files = unpacked(archive(course, course.root / "course.yml", "flatten_relu"))
    of_course = {name for name in files if name.startswith("course/")}
    assert {"course/course.yml", "course/assignments/ko/flatten_relu/flatten_relu.ipynb"} <= of_course
    assert not [name for name in of_course if "deep" in name or name.startswith("course/solutions/flatten_relu")]
    assert "  deep:" not in files["course/course.yml"] and "gradebook" not in files["course/course.yml"]
    assert any(line.startswith("tensorflow==") for line in files["requirements.txt"].splitlines())
    assert "package/autograder/common/locale/ko/LC_MESSAGES/autograder.mo" in files
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyc")]


def test_what_is_visible_alone_gives_nothing_away(tiny):
    whole = unpacked(archive(tiny, tiny.root / "course.yml", "first"))
    assert any("987654" in text for text in whole.values())
    visible = unpacked(archive(tiny, tiny.root / "course.yml", "first", visible=True))
    assert "course/assignments/en/first/first.ipynb" in visible
    assert not any("987654" in text for text in visible.values())


def test_scripts_are_bash_can_be_run_and_take_another_root(tiny, tmp_path):
    content = archive(tiny, tiny.root / "course.yml", "first")
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        for name in ("setup.sh", "run_autograder"):
            assert found.getinfo(name).external_attr >> 16 == 0o100755
            (tmp_path / name).write_bytes(found.read(name))
            assert subprocess.run(["bash", "-n", tmp_path / name], check=False).returncode == 0
            text = (tmp_path / name).read_text()
            assert (
                text.startswith("#!") and text.replace("${AUTOGRADER_ROOT:-/autograder}", "").count("/autograder") == 0
            )


def test_set_up_gets_what_the_course_needs_by_a_command_that_there_is(tiny, tmp_path):
    """The last line of setup.sh; and of a course without networks neither a data set nor TensorFlow."""
    without = shutil.copytree(ROOT / "examples" / "estimators", tmp_path / "without")
    release(load(without / "course.yml"), ["estimators"])
    for name, course, assignment in (
        ("tiny", tiny, "first"),
        ("without", load(without / "course.yml"), "estimators"),
    ):
        content = archive(course, course.root / "course.yml", assignment)
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            found.extractall(tmp_path / name / "autograder" / "source")
        script = unpacked(content)["setup.sh"]
        assert f'-m {container_module.__name__} {container_module.DATA} "$root"' in script
        assert bool(container_module.fetch_data(tmp_path / name / "autograder")) == course.networks
        assert ("tensorflow==" in unpacked(content)["requirements.txt"]) == course.networks


def test_an_assignment_that_was_not_released_is_refused(tiny, tmp_path):
    (tmp_path / "course.yml").write_bytes((tiny.root / "course.yml").read_bytes())
    with pytest.raises(CourseError, match="not released"):
        archive(tiny.model_copy(update={"root": tmp_path}), tmp_path / "course.yml", "first")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gradescope"], "Name it with --assignment"),
        (["gradescope", "-a", "depp"], "did you mean 'deep'?"),
        (["moodle"], "moodle"),
    ],
)
def test_wrong_use_is_2(course, arguments, sentence):
    done = CliRunner().invoke(
        app, ["export-autograder", *arguments], env={"AUTOGRADER_COURSE": str(course.root / "course.yml")}
    )
    assert done.exit_code == 2 and sentence in done.output


@pytest.fixture
def container(tiny, tmp_path):
    """Gradescope's folders, with a submission of these files."""

    def make(**submitted):
        root = tmp_path / "autograder"
        with zipfile.ZipFile(io.BytesIO(archive(tiny, tiny.root / "course.yml", "first"))) as found:
            found.extractall(root / "source")
        for name in ("submission", "results"):
            (root / name).mkdir()
        for name, path in submitted.items():
            shutil.copyfile(path, root / "submission" / f"{name}.ipynb")
        return root

    return make


@pytest.mark.parametrize(("names", "said"), [((), "No notebook"), (("one", "two"), "More than one")])
def test_a_submission_without_one_notebook_is_told_to_its_student(container, tiny, names, said):
    notebook = tiny_submission(tiny, "s")
    document = grade_here(container(**dict.fromkeys(names, notebook)))
    assert document["score"] == 0 and said in document["output"] and "first.ipynb" in document["output"]


@pytest.mark.slow
def test_a_container_without_namespaces_grades_writes_its_results_and_says_that_there_is_no_sandbox(
    container, tiny, tmp_path
):
    root = container(anything=tiny_submission(tiny, "s", name="name = 'eva'"))
    programs = tmp_path / "bin"  # no bwrap among them
    programs.mkdir()
    environment = {
        "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable, "PATH": str(programs), "HOME": str(tmp_path),
        "KERAS_HOME": os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"),
    }  # fmt: skip
    done = subprocess.run(
        [shutil.which("bash"), root / "source" / "run_autograder"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((root / "results" / "results.json").read_text("utf-8"))
    assert (
        document["score"] == 0.5
        and document["extra_data"]["isolation"] == "none"
        and "without a sandbox" in document["output"]
    )
    tests = {test["extra_data"]["check"]: test for test in document["tests"]}
    assert {name: test["visibility"] for name, test in tests.items()} == {
        "shown": "visible",
        "secret": "after_published",
        "value": "visible",
    }
    assert (
        tests["value"]["status"] == "failed"
        and "ada" in tests["value"]["output"]
        and "987654" not in json.dumps(document)
    )
