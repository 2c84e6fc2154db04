"""The courses in examples/: each is released and proven whole, as its author would do it, in a folder of its own."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/course.yml"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_proven(example, tmp_path, memo_folder):
    """Solution, alternatives, mutants, thresholds, and all that `verify` proves besides."""
    course = tmp_path / example / "course.yml"
    shutil.copytree(ROOT / "examples" / example, course.parent)
    for command in (["release"], ["verify", "--workers", "1", "--versions", "15", "--memo", str(memo_folder)]):
        run = [sys.executable, "-m", "autograder.cli", *command, "--course", str(course)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=course.parent, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
