"""The command line as a whole: help that teaches, completion, names that are nearly right, no colour where none belongs."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from autograder import __version__
from autograder.authoring.course_copy import copy_course
from autograder.authoring.doctor import _kernel
from autograder.authoring.scaffold.make import new_course
from autograder.authoring.scaffold.parts import New
from autograder.cli import app as cli
from autograder.cli import shell
from autograder.common.data import data_sets
from autograder.common.data.sources import keras_home
from autograder.common.errors import AutograderError
from autograder.common.i18n import language, speaking
from autograder.networks import memo
from tests.conftest import ROOT


def tree(command=None, path=()):
    """Every command and group, as (names, click's command)."""
    command = command or typer.main.get_command(cli.app)
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from tree(inner, (*path, name))


COMMANDS = [(path, command) for path, command in tree() if not getattr(command, "commands", None)]


def run(*arguments, cwd=ROOT, **environment):
    kept = {key: value for key, value in os.environ.items() if key not in ("AUTOGRADER_COURSE", "AUTOGRADER_LANGUAGE")}
    return subprocess.run(
        [sys.executable, "-m", "autograder.cli", *arguments], cwd=cwd, env={**kept, "COLUMNS": "120", **environment},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_explains_itself_and_gives_an_example_that_it_accepts(path, command):
    assert len(command.help.split()) > 3
    for parameter in command.params:
        assert getattr(parameter, "help", None) or parameter.name == "help", parameter.name
    example = command.epilog.partition("Example: ")[2].partition("&&")[0].split()
    assert example[: len(path) + 1] == ["autograder", *path]
    command.make_context(" ".join(path), example[len(path) + 1 :])  # raises for an option that it doesn't have


def parsed(command, *arguments):
    return command.make_context("it", list(arguments)).params


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_an_assignment_is_named_one_way_by_every_command_by_its_name_alone_or_by_the_option(path, command):
    own = {parameter.name: parameter for parameter in command.params}
    assert not {"assignments", "assignment_name"} & set(own)  # one name of the parameter, and so one declaration
    if "student" in own:
        assert {"--student", "-s"} <= set(own["student"].opts) and own["student"].multiple
    if "assignment" not in own:
        return
    assert {"--assignment", "-a"} <= set(own["assignment"].opts)
    first = {"source": "here", "platform": "gradescope", "notebook": "a.ipynb", "submitted": "here", "folder": "there"}
    before = [first[name] for name, each in own.items() if each.param_type_name == "argument"]
    alone = parsed(command, *before, "deep")
    assert alone == parsed(command, *before, "-a", "deep") == parsed(command, "--assignment=deep", *before)
    assert parsed(command, *before, "deep", "-a", "deep") == alone  # said twice
    if own["assignment"].multiple:
        assert alone["assignment"] == ["deep"]
        assert parsed(command, *before, "deep", "-a", "two_layer")["assignment"] == ["deep", "two_layer"]
    else:
        assert alone["assignment"] == "deep"
        with pytest.raises(Exception, match="one assignment at a time"):
            command.make_context("it", [*before, "deep", "-a", "two_layer"])
    assert "[assignment]" in command.get_usage(command.make_context("it", [*before, "deep"]))


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["feedback", "two_layr"], "did you mean 'two_layer'?"),
        (["report", "zzz"], "There are two_layer"),
        (["export", "canvas"], "did you mean --format canvas?"),
        (["feedback", "moodle"], "did you mean --zip moodle?"),
        (["feedback", "alice"], "did you mean --student alice?"),
        (["regrade", "alice"], "did you mean --student alice?"),
        (["grade", "two_layr"], "did you mean 'two_layer'?"),
        (["verify", "alice"], "There are two_layer"),  # which has no students
    ],
)
def test_a_name_that_is_no_assignments_is_told_with_the_option_it_belongs_to(
    tmp_path, course, arguments, remedy, monkeypatch
):
    copy_course(course, tmp_path)
    (tmp_path / "submitted" / "alice" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    said = CliRunner().invoke(cli.app, arguments)
    assert said.exit_code == 2 and remedy in said.output, said.output


def test_what_a_command_says_of_paths_leads_from_where_somebody_stands(tmp_path):
    """Below this folder as they lead from it, elsewhere whole: never two forms in one list."""
    (tmp_path / "below").mkdir()
    for here, named in ((tmp_path, "mine"), (tmp_path / "below", "../other"), (tmp_path, str(tmp_path / "third"))):
        said = run("new-course", named, "--language", "en", cwd=here)
        course = (here / named).resolve()
        files = [line for line in said.stdout.splitlines() if line and not line.startswith("Next")]
        assert len(files) > 5
        inside = course.is_relative_to(here)
        for line in files:
            assert (here / line).resolve().is_relative_to(course), line
            assert os.path.isabs(line) is not inside and ".." not in line
    released = run("release", cwd=course)
    assert released.stdout.splitlines() and not any(str(course) in line for line in released.stdout.splitlines())
    for command in ("grade", "report", "export", "feedback", "status", "calibrate"):
        told = run(command, "--course", str(course / "course.yml"), cwd=course)
        assert not re.search(rf"(?<!file://){re.escape(str(course))}/", told.stdout + told.stderr), (command, told)


def test_help_speaks_korean_and_leaves_commands_and_options_as_they_are():
    asked = run("grade", "--help", AUTOGRADER_LANGUAGE="ko")
    assert asked.returncode == 0 and "제출물을 채점합니다" in asked.stdout and "옵션" in asked.stdout
    assert "--assignment" in asked.stdout and "예: autograder grade" in asked.stdout
    sniffed = run("grade", "--language", "ko", "--help")
    assert sniffed.stdout == asked.stdout
    assert "Grade submissions" in run("grade", "--help").stdout


def korean(text):
    return any("가" <= letter <= "힣" for letter in text)


def test_every_help_is_translated():
    with speaking("ko"):
        root = typer.main.get_command(cli.app)
        shell.prepare(root)
        for path, command in tree(root):
            assert korean(command.help), path
            for parameter in command.params:
                assert korean(getattr(parameter, "help", None) or "한"), (path, parameter.name)


def test_reading_a_notebook_builds_no_grammars():
    program = "import sys; import autograder.cli.app; import autograder.worker.service; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert done.stdout == "False\n", done.stderr


def test_start_up_imports_nothing_that_a_command_does_not_need():
    program = (
        "import sys; sys.argv = ['autograder', '--help']\n"
        "import autograder.cli.app as cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'yaml', 'sqlalchemy', 'nbformat', 'nbclient', 'jinja2', 'distributed', 'altair', 'pandas'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["grad"], "No such command 'grad'. Did you mean 'grade'"),
        (["grade", "--asignment", "deep"], "--assignment"),
        (["release", "two_layers"], "did you mean 'two_layer'?"),
        (["release", "xyz"], "two_layer, deep"),
        (["verify", "two_layers"], "did you mean 'two_layer'?"),
        (["verify", "two_layer", "--only", "mutant"], "mutants"),
        (["report", "--assignment", "depp"], "did you mean 'deep'?"),
        (["feedback", "depp"], "did you mean 'deep'?"),
        (["export", "--assignment", "depp"], "did you mean 'deep'?"),
        (["export", "--format", "gradescope"], "--output"),
        (["export", "--language", "kr"], "did you mean 'ko'?"),
        (["collect", "nowhere"], "there is no nowhere"),
        (["grade", "--language", "kr"], "did you mean 'ko'?"),
        (["grade", "--student", "alise"], "did you mean 'alice'?"),
        (["grade", "--student", "alice", "--student", "nobody"], "There are alice, bob."),
        (["grade", "--assignment", "depp"], "did you mean 'deep'?"),
        (["regrade", "--assignment", "depp"], "did you mean 'deep'?"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(arguments, sentence, course, tmp_path):
    own, handed_in = copy_course(course, tmp_path / "own"), tmp_path / "handed-in"
    for student in ("alice", "bob"):
        (handed_in / student / "deep").mkdir(parents=True)
    if arguments[0] == "grade" and arguments[1].startswith("--"):
        arguments = ["grade", str(handed_in), *arguments[1:], "--isolation", "none"]
    done = CliRunner().invoke(cli.app, [*arguments], env={"AUTOGRADER_COURSE": str(own)})
    assert done.exit_code == 2 and sentence in " ".join(done.output.split())


READ = {
    "course",
    "roster",
    "checks",
    "source",
    "submitted",
    "notebook",
    "worksheet",
    "student",
}  # names of parameters that are read
REQUIRED = {
    "source": "course.yml",
    "platform": "gradescope",
    "notebook": "course.yml",
    "name": "fifth",
    "assignment": "deep",
}


def misnamed():
    """Each command with each name of something to be read that isn't there."""
    for path, command in COMMANDS:
        for parameter in command.params:
            # doctor says what is wrong with a course, as with all else, and new-assignment begins one.
            if parameter.name in READ and path[0] not in ("doctor", "new-assignment"):
                yield path, command, parameter


@pytest.mark.parametrize(
    ("path", "command", "parameter"), misnamed(), ids=lambda value: value.name if hasattr(value, "opts") else None
)
def test_a_file_or_a_person_that_is_not_there_is_wrong_use_in_every_command(
    path, command, parameter, course_file, tmp_path, monkeypatch
):
    shutil.copyfile(course_file, tmp_path / "course.yml")
    (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    (tmp_path / "submitted" / "alice" / "deep").mkdir(parents=True)
    (tmp_path / "gradebook.db").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    option = parameter.opts[0]
    words = [option, "alise"] if option.startswith("-") else ["alise"]
    needed = [REQUIRED[one.name] for one in command.params if one.required and one is not parameter]
    if parameter.name == "worksheet":
        words += ["--format", "moodle", "--assignment", "deep"]
    done = CliRunner().invoke(cli.app, [*path, *words, *needed])
    assert done.exit_code == 2 and ("alise" in done.output or "alice" in done.output), done.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("autograder grade --assignment ", "two_layer deep flatten_relu optimizers"),
        ("autograder grade --assignment t", "two_layer"),
        ("autograder grade --student a", "alice anna"),
        ("autograder release fl", "flatten_relu"),
        ("autograder grade --language ", "en ko"),
        ("autograder gra", "grade"),
        ("autograder grade --assi", "--assignment"),
    ],
)
def test_the_shell_completes_commands_options_assignments_and_students(words, expected, course_file, tmp_path):
    (tmp_path / "course.yml").write_text(course_file.read_text("utf-8"), "utf-8")
    for student in ("alice", "anna", "bob", ".attempts"):
        (tmp_path / "submitted" / student).mkdir(parents=True)
    done = run(
        cwd=tmp_path, _AUTOGRADER_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1),
    )  # fmt: skip
    assert set(done.stdout.split()) == set(expected.split())


def test_completion_without_a_course_offers_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    assert shell.assignments() == shell.students() == []
    (tmp_path / "course.yml").write_text("assignments: [")
    assert shell.assignments() == shell.students() == []


def test_there_is_no_colour_where_nobody_sees_it():
    for environment in ({}, {"NO_COLOR": "1", "FORCE_COLOR": ""}):
        done = run("release", "--course", "nowhere.yml", **environment)
        assert done.returncode == 2 and "there is no file nowhere.yml" in done.stderr
        assert "\x1b" not in done.stdout + done.stderr


# ---- doctor


def finding(findings, subject):
    return next(one for one in findings if one["subject"] == subject)


def test_doctor_finds_this_machine_and_course_ready(tmp_path, course_file):
    done = run("doctor", "--json")
    findings = json.loads(done.stdout)
    assert {one["mark"] for one in findings} <= {"ok", "warning"} and done.returncode == 0, done.stdout
    assert [one["subject"] for one in findings] == [
        "Python", "Keras", "TensorFlow", "Fashion-MNIST", "bubblewrap", "machine", "disk", "kernel", "course.yml",
        "isolation", "gradebook", "nbgrader", "releases", "packages",
    ]  # fmt: skip
    assert all(one["remedy"] == "" for one in findings if one["mark"] == "ok")


@pytest.mark.parametrize(
    ("program", "mark"), [("python", "ok"), ("python3", "ok"), ("python3.99", "bad"), ("/nowhere/python", "bad")]
)
def test_doctor_finds_the_kernel_without_an_activated_environment(monkeypatch, tmp_path, program, mark):
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": [program, "-m", "ipykernel_launcher"], "display_name": "x"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _kernel().mark == mark


def test_doctor_names_what_is_wrong_and_what_to_do(monkeypatch, tmp_path, course_file):
    text = course_file.read_text("utf-8").replace("sqlite:///gradebook.db", "sqlite:///other.db")
    (tmp_path / "course.yml").write_text(text, "utf-8")
    (tmp_path / "solutions").mkdir()
    shutil.copy(course_file.parent / "solutions" / "references.py", tmp_path / "solutions")
    config = (ROOT / "nbgrader_config.py").read_text("utf-8").replace('"solutions"', '"source"')
    (tmp_path / "nbgrader_config.py").write_text(config, "utf-8")
    (tmp_path / "other.db").write_bytes(b"no database, but of some length: " * 40)
    monkeypatch.setattr("autograder.sandbox.bubblewrap.available", lambda: "Install it.")
    monkeypatch.setattr("autograder.authoring.doctor.version", lambda name: {"keras": "3.9.0", "tensorflow": "2.21", "nbgrader": "0.9.6"}[name])  # fmt: skip
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setitem(data_sets.SOURCES, data_sets.USUAL, replace(data_sets.source(), elsewhere=(tmp_path,)))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    done = CliRunner().invoke(cli.app, ["doctor", "--json", "--course", str(tmp_path / "course.yml")])
    assert done.exit_code == 1
    found = {one["subject"]: one for one in json.loads(done.stdout)}
    bad = {subject for subject, one in found.items() if one["mark"] == "bad"}
    assert bad == {"Keras", "Fashion-MNIST", "bubblewrap", "gradebook", "nbgrader", "releases"}
    assert found["Keras"]["says"] == "3.9.0; 3.11 or newer is needed" and "make setup" in found["Keras"]["remedy"]
    assert "dataset-fashion-mnist" in found["Fashion-MNIST"]["remedy"]
    assert found["bubblewrap"]["remedy"] == "Install it."
    assert "file is not a database" in found["gradebook"]["says"]
    assert "source_directory = 'source'" in found["nbgrader"]["says"]
    assert "db_url = 'sqlite:///other.db'" in found["nbgrader"]["remedy"]
    assert "does not exist" in found["releases"]["says"] and found["releases"]["remedy"]


def test_a_course_that_every_notebook_could_read_is_found_out_by_doctor_and_not_graded(
    monkeypatch, tmp_path, course_file
):
    """It lies among Python's libraries; so do its submissions alone, or its gradebook."""
    course = tmp_path / "lib" / "course"
    course.mkdir(parents=True)
    shutil.copy(course_file, course)
    shutil.copytree(course_file.parent / "solutions", course / "solutions")
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    done = CliRunner().invoke(cli.app, ["doctor", "--json", "--course", str(course / "course.yml")])
    found = finding(json.loads(done.stdout), "isolation")
    assert done.exit_code == 1 and found["mark"] == "bad"
    assert f"{course} can be read by every notebook, because it lies in {tmp_path / 'lib'}" in found["says"]
    assert "Move it out of" in found["remedy"]
    outside = tmp_path / "course"
    shutil.copytree(course, outside)
    text = course_file.read_text("utf-8")
    (outside / "course.yml").write_text(text.replace("sqlite:///gradebook.db", f"sqlite:///{course}/other.db"), "utf-8")
    elsewhere = [str(tmp_path / "lib" / "submitted"), "--course", str(course_file)]
    for arguments in (["--course", str(course / "course.yml")], ["--course", str(outside / "course.yml")], elsewhere):
        done = CliRunner().invoke(cli.app, ["grade", *arguments])
        assert done.exit_code == 4 and "can be read by every notebook" in " ".join(done.stderr.split())
    assert not (course / "journal").exists()


def test_doctor_looks_for_no_data_that_a_faulty_course_may_not_be_on(tmp_path):
    (tmp_path / "course.yml").write_text("course: {id: own}\n")
    done = CliRunner().invoke(cli.app, ["doctor", "--json", "--course", str(tmp_path / "course.yml")])
    found = json.loads(done.stdout)
    assert finding(found, "course.yml")["mark"] == "bad" and "Fashion-MNIST" not in {one["subject"] for one in found}


@pytest.mark.parametrize("languages", [("en", "ko"), ("ko", "en"), ("fr", "ko")])
def test_a_course_that_is_begun_is_told_of_in_the_first_of_its_languages(monkeypatch, languages):
    monkeypatch.delenv("AUTOGRADER_LANGUAGE", raising=False)
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setattr(shell.gettext, "textdomain", lambda _name: None)
    with speaking(""):
        shell.choose_language(["new-course", "x", *(word for one in languages for word in ("--language", one))])
        assert language() == languages[0]


SAID = [
    "collect HANDED --dry-run", "status", "regrade --diff", "regrade --student nobody", "export --format csv", "export --student nobody", "feedback a --zip moodle",
    "report --output page.html", "release --check", "verify nothing", "calibrate nothing", "grade --student nobody",
]  # fmt: skip


@pytest.mark.parametrize("asked", SAID)
def test_every_command_on_a_course_speaks_its_first_language_or_the_one_that_is_asked_for(tmp_path, monkeypatch, asked):
    monkeypatch.delenv("AUTOGRADER_LANGUAGE", raising=False)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handed" / "jane").mkdir(parents=True)
    (tmp_path / "handed" / "jane" / "notes.txt").write_text("x")
    new_course(tmp_path / "own", New("a", languages=("ko", "en"), task="sklearn"), "")
    monkeypatch.chdir(tmp_path / "own")

    def said():
        with speaking(""):
            done = CliRunner().invoke(cli.app, asked.replace("HANDED", str(tmp_path / "handed")).split())
        return f"{done.output}{done.stderr}"

    assert korean(said()), said()
    monkeypatch.setenv("AUTOGRADER_LANGUAGE", "en")
    assert not korean(said()), said()


def test_doctor_says_when_there_is_no_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    done = CliRunner().invoke(cli.app, ["doctor"])
    assert done.exit_code == 1
    assert "✗ course.yml" in done.output and "or name the file with --course" in done.output


def test_doctor_sees_a_gradebook_that_is_locked_or_read_only(tmp_path):
    import sqlite3

    from autograder.authoring.doctor import _locked

    file = tmp_path / "gradebook.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert _locked(file) == ""
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert _locked(file) == "database is locked"
    writer.close()


# ---- surroundings that lack something


@pytest.mark.parametrize("command", [["new-assignment", "foo"], ["grade"], ["status"]], ids=" ".join)
def test_where_no_course_is_the_first_command_is_named(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 4 and "`autograder new-course` begins one" in done.output, done.output


def test_the_version_is_told():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"autograder {__version__}\n")


def test_figures_of_a_run_import_no_notebook_library(course):
    program = (
        "import sys\nfrom autograder.cli import status\nfrom autograder.cli.common import the_course\n"
        "status.figures(the_course(None))\nprint(sorted({'nbformat', 'jsonschema', 'nbclient', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=course.root, capture_output=True, text=True, timeout=600)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["status"], ["status", "--json"]], ids=" ".join)
def test_a_full_disk_behind_stdout_is_a_sentence(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "autograder.cli", *arguments], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600
        )  # fmt: skip
    assert done.returncode == 4 and "No space left on device" in done.stderr and "Traceback" not in done.stderr


def test_a_terminal_without_utf8_gets_korean_spelled_out():
    done = run("status", PYTHONIOENCODING="ascii", AUTOGRADER_LANGUAGE="ko")
    assert done.returncode == 0 and "\\u" in done.stdout and not done.stderr


def test_a_user_without_a_home_is_told(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    for name in ("HOME", "XDG_CACHE_HOME", "AUTOGRADER_MEMO", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pathlib.Path.home", nowhere)
    for find in (memo.default_folder, keras_home):
        with pytest.raises(AutograderError, match="no home folder") as caught:
            find()
        assert "HOME" in caught.value.remedy
