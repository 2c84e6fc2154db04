"""A kernel that is graded holds nothing of the course, of the judge, or of how networks are measured."""

import json
import os
import pkgutil
import subprocess
import sys

import autograder.kernel
from autograder.common.wire.protocol import JUDGE

MODULES = {module.name for module in pkgutil.walk_packages(autograder.kernel.__path__, "autograder.kernel.")}
AT_HOME = {name for name in MODULES if name.startswith("autograder.kernel.home")}
GRADED = sorted(MODULES - AT_HOME)
LOADED = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
from autograder import check
check.progress()
check.hint('two_layer.model')
print(json.dumps(sorted(name for name in sys.modules if name.startswith("autograder."))))
"""


def loaded(environment):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(GRADED)], env={**os.environ, **environment}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)  # neither progress nor a hint says anything


def test_a_graded_kernel_loads_common_and_its_own_folder_and_nothing_else(tmp_path):
    names = loaded({JUDGE: str(tmp_path / "judge")})
    assert {name.split(".")[1] for name in names} == {"common", "kernel"}
    assert not AT_HOME & set(names)
    assert set(GRADED) <= set(names)
