"""Plain nbgrader on this course, without the autograder: its stock kernel, and Keras's own training."""

import os
import subprocess
import sys

import pytest
from traitlets.config import PyFileConfigLoader


@pytest.mark.slow
def test_nbgrader_validates_a_source_notebook(course):
    """The slowest test of all: TensorFlow is imported and a network trained for five epochs by Keras itself (40 s)."""
    program = [sys.executable, "-m", "nbgrader", "validate", "solutions/two_layer/two_layer.ipynb"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(
        program, cwd=course.root, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert (result.returncode, result.stdout.strip()) == (0, "Success! Your notebook passes all the tests."), (
        result.stderr
    )


def test_nbgrader_gives_a_cell_as_long_as_the_course_does(course):
    """Its own default, 30 s, is too short for Keras's training."""
    config = PyFileConfigLoader("nbgrader_config.py", str(course.root)).load_config()
    assert config.Execute.timeout == course.limits.cell_seconds
