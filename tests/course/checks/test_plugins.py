"""Check types of other packages: a package in a folder of its own, found by its entry point, used in a course."""

import subprocess
import sys
from importlib.metadata import distributions

import pytest

from autograder.course.checks import registry
from tests.conftest import ROOT

MODULE = '''
from typing import Any, Literal

from autograder.checks import Facts, ModelCheck, Verdict, failed, passed


class LayerCount(ModelCheck):
    """How many layers a network has."""

    type: Literal["layer_count"] = "layer_count"
    equals: int

    def describe(self) -> str:
        return f"{self.equals} layers"

    def decide(self, value: Any, facts: Facts) -> Verdict:
        count = len(value.layers)
        return passed(count) if count == self.equals else failed(self.equals, count, "Count the layers that you added.")
'''
COURSE = """
course: {id: plugged, title: Plugged}
assignments:
  first:
    title: First
    due: 2027-03-14T23:59:00+09:00
    questions:
      model:
        title: A network
        points: 1
        checks: [{type: layer_count, of: model, equals: 2, points: 1}]
"""
JUDGE = """
import sys
from pathlib import Path
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.course.course import load
from tests.hand_built import NoLab, dense, model

checks = load(Path(sys.argv[1])).assignments["first"].questions["model"].checks
for network in (model(), model(dense(10))):
    (outcome,) = decide(checks, Facts({"model": network}, NoLab()))
    print(outcome.status.value, outcome.title, outcome.expected, outcome.actual, outcome.hint, sep="|")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """``package(entry points) -> run``: a package as pip installs it; `run` a program that can see it, beside this project."""

    def make(points, module=MODULE):
        (tmp_path / "layer_counting.py").write_text(module, "utf-8")
        facts = tmp_path / "layer_counting-1.2.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: layer-counting\nVersion: 1.2\n")
        (facts / "entry_points.txt").write_text("[autograder.checks]\n" + points)
        (tmp_path / "course.yml").write_text(COURSE, "utf-8")

        def run(*arguments):
            program = [sys.executable, *arguments]
            path = f"{tmp_path}:{ROOT}"
            return subprocess.run(
                program,
                capture_output=True,
                text=True,
                check=False,
                cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path},
            )

        return run

    return make


def test_a_check_of_another_package_decides_in_a_course(package, tmp_path):
    run = package("layer_count = layer_counting:LayerCount\n")
    done = run("-c", JUDGE, str(tmp_path / "course.yml"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "passed|2 layers||2|", "failed|2 layers|2|1|Count the layers that you added."
    ]  # fmt: skip


BROKEN = {
    "a module that is not there": ("layer_count = layer_counts:LayerCount\n", MODULE, "No module named 'layer_counts'"),
    "a class that is not there": ("layer_count = layer_counting:Count\n", MODULE, "has no attribute 'Count'"),
    "a module that raises": ("layer_count = layer_counting:LayerCount\n", "1 / 0", "ZeroDivisionError"),
    "no check": ("layer_count = layer_counting:Any\n", MODULE, "layer_counting:Any is not a subclass of"),
    "no type": ("x = layer_counting:ModelCheck\n", MODULE, "has no type"),
    "the name of one of our own types": (
        "layer_count = layer_counting:LayerCount\n", MODULE.replace("layer_count", "accuracy"), "'accuracy' already",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("points", "module", "why"), BROKEN.values(), ids=BROKEN)
def test_whatever_is_wrong_with_an_entry_point_is_kept_under_its_package(
    package, points, module, why, tmp_path, monkeypatch
):
    package(points, module)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "layer_counting", raising=False)
    monkeypatch.setattr(registry, "BROKEN", {})
    monkeypatch.setattr(registry, "TYPES", dict(registry.TYPES))
    (installed,) = distributions(path=[str(tmp_path)])
    registry._add(next(iter(installed.entry_points)))
    assert list(registry.BROKEN) == ["layer-counting 1.2"] and why in registry.BROKEN["layer-counting 1.2"]
    assert "layer_count" not in registry.TYPES


def test_a_course_that_needs_a_broken_package_is_told_which(package):
    run = package("layer_count = layer_counts:LayerCount\n")
    done = run("-m", "autograder.cli", "release", "--check")
    assert done.returncode == 4 and "Traceback" not in done.stderr
    assert "unknown check type 'layer_count'" in done.stderr
    assert "layer-counting 1.2 brings check types that can't be used (ModuleNotFoundError" in done.stderr


def test_a_broken_package_does_not_stop_a_course_that_does_not_use_it(package, course_file):
    run = package("layer_count = layer_counts:LayerCount\n")
    program = "from autograder.course.course import load; from pathlib import Path; import sys; print(len(load(Path(sys.argv[1])).assignments))"
    done = run("-c", program, str(course_file))
    assert done.stdout.strip() == "4" and "layer-counting 1.2" in done.stderr
