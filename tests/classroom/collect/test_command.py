"""`autograder collect` as a process: what it prints, its exit codes, and errors in a sentence."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from autograder.cli import app as cli
from autograder.cli import common
from tests.classroom.collect.conftest import tree


@pytest.fixture
def autograder(classroom):
    def run(*arguments, columns="200"):
        program = [sys.executable, "-m", "autograder.cli", "collect", *map(str, arguments)]
        return subprocess.run(
            program, cwd=classroom.root, env={**os.environ, "COLUMNS": columns}, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip

    return run


def flat(text):
    return " ".join(text.split())


def test_the_table_shows_what_was_taken_and_what_needs_a_person(work, zipped, autograder, classroom, tmp_path):
    files = {
        "Jane Doe_1_assignsubmission_file_/deep (1).ipynb": work("deep", "jane"),
        "Bob [red]Roe_2_assignsubmission_file_/deep.ipynb": work("deep", "bob"),
        "Eve Poe_3_assignsubmission_file_/essay\x1b[31m.pdf": b"%PDF",
    }
    (tmp_path / "roster.csv").write_text("id,name\n1,Jane Doe\n2,Bob [red]Roe\n3,Eve Poe\n4,Kim Lee\n")
    place = zipped(files, "DL-deep-4711")
    dry = autograder(place, "--dry-run", "--roster", tmp_path / "roster.csv")
    assert not (classroom.root / "submitted").exists()
    done = autograder(place, "--roster", tmp_path / "roster.csv")
    for result in (dry, done):
        assert (result.returncode, result.stderr) == (1, "")
        text = flat(result.stdout)
        assert "From Moodle:" in text and "\x1b" not in text
        assert "│ 1 │ deep │ + taken │ – │ Jane Doe_1_assignsubmission_file_/deep (1).ipynb │ renamed │" in text
        assert "Bob [red]Roe_2_assignsubmission_file_/deep.ipynb" in text
        assert "no notebook was handed in with it (essay" in text
        assert "deep: nothing yet from 2 of the roster: 3, 4" in text
        assert "Of 2 of them nobody knows when they were handed in: no late penalty." in text
        assert "2 taken, 0 replaced, 0 kept, 0 unchanged, 1 not collected, 0 files ignored" in text
    assert "Nothing was written. It would be: 2 taken" in flat(dry.stdout)
    assert sorted(name for name in tree(classroom.root / "submitted") if not name.startswith(".")) == [
        "1/deep/deep.ipynb", "2/deep/deep.ipynb",
    ]  # fmt: skip


def test_in_80_columns_a_file_name_stands_on_a_line_of_its_own(work, zipped, autograder):
    name = "Jane Doe_1_assignsubmission_file_/deep (1).ipynb"
    done = autograder(zipped({name: work("deep", "jane")}, "DL-deep-4711"), columns="80")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert f"    {name}" in lines and "    renamed" in lines and "+ taken: Jane-Doe deep, –" in lines, done.stdout


def test_all_well_is_exit_code_0_and_json_is_json(work, zipped, autograder):
    place = zipped({"Lab_ada_attempt_2027-03-14-23-59-00_deep.ipynb": work("deep", "ada")})
    first = autograder(place, "--json", "--timezone", "UTC")
    assert first.returncode == 0
    document = json.loads(first.stdout)
    assert [(one["student"], one["what"], one["time"]) for one in document["notebooks"]] == [
        ("ada", "taken", "2027-03-14T23:59:00Z")
    ]
    again = autograder(place, "--timezone", "UTC", "--verbose")
    assert again.returncode == 0
    assert "unchanged" in again.stdout and "2027-03-14 23:59:00" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["nowhere"], "there is no nowhere", 2),
        (["course.yml"], "neither a folder nor a zip", 2),
        (["assignments", "-a", "depp"], "did you mean 'deep'?", 2),
        (["assignments", "--roster", "none.csv"], "there is no file none.csv", 2),
        (["assignments", "--timezone", "Mars/Olympus"], "there is no time zone 'Mars/Olympus'", 2),
        (["assignments", "--from", "sakai"], "Invalid value for '--from'", 2),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_errors_are_said_in_a_sentence_with_a_remedy(arguments, said, code, classroom, monkeypatch):
    monkeypatch.chdir(classroom.root)
    monkeypatch.setattr(common, "err", common.Terminal(stderr=True, width=200))
    result = CliRunner().invoke(cli.app, ["collect", *arguments])
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in flat(result.stderr) and "Traceback" not in result.stderr
    assert code == 2 or len(result.stderr.splitlines()) == 2


def test_tensorflow_and_nbgrader_stay_away(classroom, zipped, work):
    place = zipped({"Lab_ada_attempt_2027-03-14-23-59-00_deep.ipynb": work("deep", "ada")})
    program = (
        "import sys; import autograder.cli.app as cli\n"
        f"sys.argv = ['autograder', 'collect', {str(place)!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('heavy:', sorted({'tensorflow', 'keras', 'sklearn', 'nbgrader'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, cwd=classroom.root
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy: []"
