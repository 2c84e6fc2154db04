"""docs/writing-assignments.md, followed word by word in an empty folder, by an installed package that sees no other course."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml

from tests.conftest import ROOT
from tests.test_project import code_blocks

PAGE = (ROOT / "docs" / "writing-assignments.md").read_text("utf-8")
WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """This project as `pip install` leaves it, in a folder of its own: run(arguments, folder) runs its command there."""
    target = tmp_path_factory.mktemp("installed")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "--target", str(target), str(ROOT)], check=True, capture_output=True)

    def run(arguments, folder, **environment):
        variables = {key: value for key, value in os.environ.items() if not key.startswith("AUTOGRADER_COURSE")}
        return subprocess.run(
            [sys.executable, "-m", "autograder.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False,
            env={**variables, "PYTHONPATH": str(target), "COLUMNS": "120", **environment},
        )  # fmt: skip

    place = [sys.executable, "-c", "import autograder; print(autograder.__file__)"]
    found = subprocess.run(
        place, cwd=target, env={**os.environ, "PYTHONPATH": str(target)}, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(target))
    return run


def steps():
    """What the page says to do, in order: ("run", command), ("cell", id, source), ("entry", text), ("file", path, text), ("remove", path)."""
    found = []
    pattern = re.compile(
        r"Cell `(?P<cell>[\w-]+)`:\n\n```\w+\n(?P<source>.*?)^```|"
        r"File `(?P<file>[^`]+)`:\n\n```\w+\n(?P<text>.*?)^```|"
        r"Replace the entry in `course\.yml`:\n\n```yaml\n(?P<entry>.*?)^```|"
        r"Remove `(?P<remove>[^`]+)`|"
        r"so the question is worth (?P<points>\d+) points: say so in its test cell too \(cell `(?P<test>[\w-]+)`|"
        r"^```sh\n(?P<sh>.*?)^```",
        re.MULTILINE | re.DOTALL,
    )
    for match in pattern.finditer(PAGE):
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        if "cell" in groups:
            found.append(("cell", groups["cell"], groups["source"].rstrip("\n")))
        elif "file" in groups:
            found.append(("file", groups["file"], groups["text"]))
        elif "entry" in groups:
            found.append(("entry", groups["entry"]))
        elif "remove" in groups:
            found.append(("remove", groups["remove"]))
        elif "points" in groups:
            found.append(("points", groups["test"], float(groups["points"])))
        else:
            found += [("run", line) for line in groups["sh"].splitlines()]
    return found


def edit_cell(folder, cell, change):
    path = folder / "solutions" / "progress" / "progress.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (found,) = [one for one in notebook.cells if one.id == cell]
    change(found)
    nbformat.write(notebook, path)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # on a busy machine
def test_the_page_builds_releases_calibrates_and_proves_an_assignment_from_nothing(installed, tmp_path, memo_folder):
    folder, ran = tmp_path, []
    for kind, *rest in steps():
        if kind == "run":
            command = shlex.split(rest[0])
            if command[0] in ("mkdir", "cd"):
                folder = tmp_path / command[1]
                folder.mkdir(exist_ok=True)
                continue
            assert command[0] == "autograder", command
            # 300 of each take minutes and say no more of the page than 5 do. What is made at first is examples/regression,
            # byte for byte (scaffold/test_make.py), and proven whole as that (tests/test_examples.py).
            made = ["--only", "solution", "--only", "release"] if "verify" not in ran else ["--versions", "5"]
            fewer = made if command[1] == "verify" else []
            done = installed([*command[1:], *fewer], folder, AUTOGRADER_MEMO=str(memo_folder))
            assert done.returncode == 0, f"{rest[0]}\n{done.stdout}\n{done.stderr}"
            assert str(ROOT / "course.yml") not in done.stdout + done.stderr
            ran.append(command[1])
        elif kind == "cell":
            edit_cell(folder, rest[0], lambda cell, source=rest[1]: cell.update(source=source))
        elif kind == "points":
            edit_cell(folder, rest[0], lambda cell, points=rest[1]: cell.metadata.nbgrader.update(points=points))
        elif kind == "file":
            (folder / rest[0]).write_text(rest[1], "utf-8")
        elif kind == "remove":
            (folder / rest[0]).unlink()
        else:
            text = (folder / "course.yml").read_text("utf-8")
            start = text.index("  progress:\n")
            (folder / "course.yml").write_text(text[:start] + rest[0], "utf-8")
    assert ran == ["new-course", "release", "verify", "release", "calibrate", "verify"]
    (network,) = json.loads((folder / "calibration.json").read_text("utf-8"))["assignments"]["progress"]["networks"]
    trials = {trial["name"]: trial for trial in network["trials"]}
    reference = trials["reference"]
    assert reference["seeds"] == [42, 43, 44, 45, 46] and min(reference["accuracy"]["holdout r2_score"]) > 0.3
    assert trials["linear"]["caught_by"] == ["model.layers"] and trials["raw"]["caught_by"] == ["train.trained_on"]
    assert (folder / "calibration.svg").read_text("utf-8").startswith("<svg")
    # Going on from what is known trains nothing, and gives the same file.
    before = (folder / "calibration.json").read_bytes()
    done = installed(["calibrate", "progress", "--judge-only"], folder)
    assert done.returncode == 0 and (folder / "calibration.json").read_bytes() == before
    assert "sd below the mean" in done.stdout


def test_the_page_links_to_places_that_there_are():
    anchors = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= anchors
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for place in re.findall(r"\]\(reference\.md#([\w-]+)\)", PAGE):
        assert re.search(rf"^#+ `?{place.replace('-', ' ')}`?$", reference, re.MULTILINE | re.IGNORECASE), place


def test_the_workflow_that_is_written_is_the_one_that_the_page_shows():
    written = (ROOT / "autograder" / "authoring" / "scaffold" / "templates" / "workflow.txt").read_text("utf-8")
    (shown,) = [yaml.safe_load(block) for block in code_blocks(PAGE, "yaml") if "uses:" in block]
    assert yaml.safe_load(written)["jobs"] == shown["jobs"]


@pytest.mark.parametrize(
    ("page", "name"), [("writing-assignments", "verify-course.yml"), ("autograding", "try-notebook.yml")]
)
def test_the_page_shows_the_inputs_that_the_workflow_takes(page, name):
    workflow = yaml.safe_load((WORKFLOWS / name).read_text("utf-8"))
    inputs = workflow[True]["workflow_call"]["inputs"]  # YAML 1.1 reads `on` as true
    blocks = code_blocks((ROOT / "docs" / f"{page}.md").read_text("utf-8"), "yaml")
    (example,) = [yaml.safe_load(block) for block in blocks if "uses:" in block]
    (job,) = example["jobs"].values()
    assert job["uses"].endswith(f"/.github/workflows/{name}@main")
    for given in (
        job["with"],
        *(yaml.safe_load(block)["with"] for block in blocks if block.lstrip().startswith("with:")),
    ):
        assert set(given) <= set(inputs)
        assert {one for one, facts in inputs.items() if facts.get("required")} <= set(given)


def test_the_page_names_the_versions_of_python_that_the_workflow_takes():
    assert "`python:`" in PAGE and "on Python 3.12 unless" in PAGE


@pytest.mark.parametrize("workflow", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
def test_every_command_of_a_workflow_exists(workflow, installed):
    document = yaml.safe_load((WORKFLOWS / workflow).read_text("utf-8"))
    runs = [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]
    for line in runs:
        command = shlex.split(
            re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", line)
        )  # also what is passed on only where it is given
        if command[0] == "autograder":
            options = [word for word in command[2:] if word.startswith("--")]
            done = installed([command[1], "--help"], ROOT)
            assert done.returncode == 0 and all(option in done.stdout for option in options), line
        elif command[0].startswith(".ci/"):
            assert os.access(ROOT / command[0], os.X_OK), line
        else:
            assert command[0] in ("sudo", "pip", "echo"), line


def test_the_versions_script_knows_its_words():
    done = subprocess.run([ROOT / ".ci" / "versions"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: .ci/versions oldest|newest" in done.stderr
    shell = shutil.which("bash")
    assert subprocess.run([shell, "-n", ROOT / ".ci" / "versions"], check=False).returncode == 0


def test_a_course_needs_nothing_else_of_this_repository(installed, tmp_path):
    """Also where the command is not run inside the course's folder."""
    done = installed(["new-assignment", "alone", "--course", str(tmp_path / "there" / "course.yml")], tmp_path)
    assert done.returncode == 0, done.stderr
    done = installed(["release", "--course", str(tmp_path / "there" / "course.yml")], tmp_path)
    assert done.returncode == 0, done.stderr
    released = [path.name for path in (tmp_path / "there" / "assignments").rglob("*.ipynb")]
    assert released == ["alone.ipynb", "alone.ipynb"]
