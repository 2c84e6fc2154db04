"""A file of the course that one has no right to: every command names it and says what to do, in people's words; none shows Python's."""

import json
import os
import subprocess
import sys

import pytest

from autograder.authoring.scaffold.make import new_course
from autograder.authoring.scaffold.parts import New
from tests.conftest import ROOT

# root may read everything, but for a process without these capabilities
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
TRY = """
import json, os, sys
from pathlib import Path
from typer.testing import CliRunner
from autograder.cli.app import app
from autograder.cli.shell import refused
told = {}
for name in json.loads(sys.argv[1]):
    file = Path(name)
    mode = file.stat().st_mode
    file.chmod(0)
    for command in ("doctor", "release --check", "release"):
        done = CliRunner().invoke(app, command.split())
        code = refused(done.exception) if isinstance(done.exception, OSError) else done.exit_code
        told[f"{command}: {name}"] = [code, done.output, repr(done.exception)]
    file.chmod(mode)
Path("told.json").write_text(json.dumps(told))  # what the system refused ends with a closed stdout
"""
DATA = """data:
  file: houses.csv
  prepare: solutions/prepared.py:prepare
networks: false
"""


@pytest.mark.slow
def test_a_file_that_one_has_no_right_to_is_named_with_what_to_do(tmp_path):
    new_course(tmp_path, New("first", task="sklearn", languages=("en",)))
    course = tmp_path / "course.yml"
    text = course.read_text("utf-8")
    # On the data, as the task has them.
    _languages, *lines = text[text.index("languages:") : text.index("seed:")].splitlines(keepends=True)
    course.write_text(text.replace("".join(lines), DATA), "utf-8")
    (tmp_path / "houses.csv").write_text("size,price\n" + "".join(f"{n},{n % 3}\n" for n in range(40)))
    (tmp_path / "solutions" / "prepared.py").write_text(
        "def prepare(features, targets, train):\n    return {'half': features / 2}\n"
    )
    files = [
        "houses.csv",
        "solutions/prepared.py",
        "solutions/first/first.ipynb",
        "course.yml",
        "assignments/en/first/first.ipynb",
    ]
    release = [sys.executable, "-m", "autograder.cli", "release"]
    there = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400"}
    made = subprocess.run(release, cwd=tmp_path, env=there, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    how = AS_ANYBODY if os.geteuid() == 0 else []
    done = subprocess.run(
        [*how, sys.executable, "-c", TRY, json.dumps(files)],
        cwd=tmp_path,
        env=there,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert len(told) == 3 * len(files)
    for case, (code, output, raised) in told.items():
        said = f"{output}{done.stderr if raised.startswith('PermissionError') else ''}"
        if case.startswith("release: assignments"):  # which it writes anew
            assert code == 0, (case, said)
            continue
        assert code in (1, 4), (case, code, said)
        assert case.rpartition("/")[2].rpartition(" ")[2] in said and "Permission denied" in said, (case, said)
        assert "Errno" not in said and "PermissionError" not in said and "Traceback" not in said, (case, said)
