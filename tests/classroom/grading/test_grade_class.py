"""A class: found in a folder, graded by workers, entered into the gradebook; and the command line around it."""

import csv
import datetime as dt
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.authoring.solved_notebooks import edited, hand_in, solved
from autograder.classroom.find_submissions import find_submissions, submitted_at
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.grade_class import Settings, grade_class
from autograder.cli.app import app
from autograder.common.errors import AutograderError, CourseError, SubmissionError
from autograder.common.results import Report
from autograder.course.course import load

SCORES = {"ada": 25.0, "bob": 20.5, "carl": 0.0, "dora": 19.5}  # of `deep`: right, wrong, no notebook, half undecided
_OWN_LAYER = """\
class Mine(keras.layers.Dense):
    def call(self, inputs):
        return super().call(inputs)


model = keras.Sequential([keras.Input((784,)), Mine(10, "softmax")])
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_input[:64], train_target[:64], epochs=5, verbose=0)
"""


@pytest.fixture(scope="module")
def copy(course, tmp_path_factory):
    """``copy() -> Course``: a course folder of its own; with the folder of a graded class, all of that."""

    def make(original=course.root, names=("course.yml", "nbgrader_config.py", "solutions", "assignments")):
        root = tmp_path_factory.mktemp("course") / "course"
        root.mkdir()
        for name in names or [path.name for path in original.iterdir()]:
            if (original / name).is_dir():
                shutil.copytree(original / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copyfile(original / name, root / name)
        return load(root / "course.yml")

    return make


def hand_in_class(course):
    submitted = course.root / "submitted"
    perfect = solved(course, "deep")
    hand_in(perfect, submitted, "ada", "deep", "2027-03-21 14:00:00 UTC")
    unnamed = {"network-answer": [(f', name="{name}"', "") for name in ("hidden1", "hidden2", "hidden3", "output")]}
    wrong = unnamed | {"count-answer": "hidden_parameters = deep_parameters = 0", "weights-answer": "shapes = []"}
    hand_in(edited(perfect, wrong), submitted, "bob", "deep", "2027-03-23 02:59:00 UTC")
    (submitted / "carl" / "deep").mkdir(parents=True)
    (submitted / "carl" / "deep" / "deep.ipynb").write_text("no notebook")
    hand_in(edited(perfect, {"train-answer": _OWN_LAYER}), submitted, "dora", "deep")


@pytest.fixture(scope="module")
def settings(memo_folder):
    def make(course, **others):
        values = {"isolation": "bubblewrap", "workers": 1, "memo": memo_folder, **others}
        return Settings(course.root / "course.yml", **values)

    return make


@pytest.fixture(scope="module")
def graded(copy, settings, cluster):
    """A class of four, graded by one worker of the cluster: the course, and what came out."""
    course = copy()
    hand_in_class(course)
    cluster.start("first")
    with_it = settings(course, scheduler=cluster.address)
    done = grade_class(find_submissions(course.root / "submitted", course), course, with_it)
    return course, done


def gradebook(course):
    with Book(address(course), course.course.id) as book:
        return {score.student: (score.points, score.penalty, score.undecided) for score in book.scores()}


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_class_gets_its_scores_and_a_broken_file_costs_the_others_nothing(graded):
    course, done = graded
    assert [(d.submission.student, d.report.points) for d in done] == list(SCORES.items())
    assert not any(d.unchanged for d in done)
    ada, carl = done[0], done[2]
    assert (ada.fits, carl.fits) == (1, 0)
    assert {"read", "kernel", "cells", "hand_in", "decide", "finish"} <= ada.stages.keys()
    assert 0 < sum(ada.stages.values()) <= ada.seconds
    scores = gradebook(course)
    assert {student: score[0] for student, score in scores.items()} == SCORES
    # 36 hours late, one of them of grace: two started days.
    assert {student: score[1] for student, score in scores.items() if score[1]} == {"bob": pytest.approx(4.1)}
    # Two questions that the grader could not decide wait for a person.
    assert {student: score[2] for student, score in scores.items() if score[2]} == {"dora": 2}


def test_autograded_and_reports_are_laid_out_as_nbgrader_does(graded):
    course, done = graded
    assert sorted(files(course.root / "autograded")) == [
        "ada/deep/deep.ipynb", "ada/deep/timestamp.txt", "bob/deep/deep.ipynb", "bob/deep/timestamp.txt",
        "carl/deep/deep.ipynb", "dora/deep/deep.ipynb",
    ]  # fmt: skip
    for result in done:
        path = course.root / "reports" / result.submission.student / "deep.json"
        assert Report.from_json(path.read_text("utf-8")) == result.report


def test_a_second_run_grades_nothing_again_and_changes_nothing(graded, settings):
    course, done = graded
    before = files(course.root / "reports"), gradebook(course)
    decided = find_submissions(course.root / "submitted", course, students=["ada", "bob", "carl"])
    started = []
    again = grade_class(decided, course, settings(course), on_start=started.append)
    assert [d.unchanged for d in again] == [True, True, True]
    assert started == []  # no worker, no reference solution
    assert [d.report for d in again] == [d.report for d in done[:3]]
    assert (files(course.root / "reports"), gradebook(course)) == before


@pytest.mark.slow
def test_two_workers_forced_and_in_another_order_write_what_one_worker_wrote(graded, copy, settings):
    course, _ = graded
    other = copy(course.root, ())
    submissions = list(reversed(find_submissions(other.root / "submitted", other)))
    forced = grade_class(submissions, other, settings(other, workers=2, reference=False, force=True))
    assert [d.submission for d in forced] == submissions
    assert not any(d.unchanged for d in forced)
    assert files(other.root / "reports") == files(course.root / "reports")
    assert gradebook(other) == gradebook(course)


def test_a_reference_solution_that_fails_stops_with_the_reason(copy, settings):
    course = copy()
    text = (course.root / "course.yml").read_text("utf-8")
    (course.root / "course.yml").write_text(text.replace("equals: 10100, hidden", "equals: 10101, hidden"), "utf-8")
    hand_in_class(course)
    wrong = load(course.root / "course.yml")
    with pytest.raises(AutograderError) as caught:
        grade_class(find_submissions(course.root / "submitted", wrong), wrong, settings(wrong))
    message = str(caught.value)
    assert message.startswith("the reference solution of deep earned 24 of 25 points")
    assert "count: Parameters of hidden2: 10100" in message
    assert "--no-reference" in caught.value.remedy
    assert not (course.root / "autograded").exists()


@pytest.mark.slow
def test_nbgraders_own_commands_show_the_scores(graded, copy):
    course = copy(graded[0].root, ())
    program = [sys.executable, "-m", "nbgrader"]
    exported = subprocess.run([*program, "export"], cwd=course.root, capture_output=True, text=True, check=False)
    assert exported.returncode == 0, exported.stderr
    with (course.root / "grades.csv").open(newline="") as stream:
        rows = {row["student_id"]: row for row in csv.DictReader(stream) if row["assignment"] == "deep"}
    assert {student: float(row["raw_score"]) for student, row in rows.items()} == SCORES
    assert float(rows["bob"]["score"]) == pytest.approx(16.4)
    made = subprocess.run(
        [*program, "generate_feedback", "deep"], cwd=course.root, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    pages = {
        student: (course.root / "feedback" / student / "deep" / "deep.html").read_text("utf-8") for student in SCORES
    }
    assert "Give each layer its name" in pages["bob"]
    assert "is not valid JSON" in pages["carl"]
    for (
        student,
        page,
    ) in pages.items():  # the page that teaches, which nbgrader_config.py puts in the place of nbgrader's
        assert "Content-Security-Policy" in page and "<small> / 25 points</small>" in page and student in page


# ---- finding submissions


@pytest.fixture
def submitted(course, tmp_path):
    """A folder of empty files; nothing here is graded."""

    def make(*places):
        for place in places:
            path = tmp_path / "submitted" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "submitted"

    return make


def found(submissions):
    return [(s.student, s.assignment, s.path.name) for s in submissions]


def test_submissions_are_found_in_nbgraders_layout(submitted, course):
    folder = submitted(
        "bob/deep/deep.ipynb", "ada/two_layer/two_layer.ipynb", "ada/deep/deep.ipynb", ".hidden/deep/deep.ipynb",
        "ada/notes/notes.ipynb", "stray.ipynb", "carl/deep/deep (1).ipynb", "dan/deep/a.ipynb", "dan/deep/b.ipynb",
        "fay/deep/DEEP.IPYNB",
    )  # fmt: skip
    (folder / "eve").mkdir()
    (folder / "eve" / "deep").symlink_to(folder / "ada" / "deep")
    everything = found(find_submissions(folder, course))
    assert everything == [
        ("ada", "deep", "deep.ipynb"),
        ("ada", "two_layer", "two_layer.ipynb"),
        ("bob", "deep", "deep.ipynb"),
        ("carl", "deep", "deep (1).ipynb"),  # a lone notebook was renamed
        ("dan", "deep", "deep.ipynb"),  # missing: which of the two should it be?
        ("fay", "deep", "DEEP.IPYNB"),
    ]
    assert found(find_submissions(folder, course, ["two_layer"])) == everything[1:2]
    assert found(find_submissions(folder, course, students=["bob", "carl"])) == everything[2:4]


@pytest.mark.parametrize("odd", ["", "/deep"])
def test_a_folder_that_cannot_be_read_is_said_and_stops_nobody(submitted, course, monkeypatch, odd):
    folder = submitted("ada/deep/deep.ipynb", "bob/deep/a.ipynb", "carl/deep/deep.ipynb")
    real, told = Path.iterdir, []

    def iterdir(path):
        if path == Path(f"{folder}/bob{odd}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert [one[0] for one in found(find_submissions(folder, course, amiss=told.append))] == ["ada", "carl"]
    assert [str(error) for error in told] == [f"{folder}/bob was not graded: Permission denied"]


def test_nothing_to_grade_is_said(submitted, course, tmp_path):
    with pytest.raises(SubmissionError, match="there is no folder") as caught:
        find_submissions(tmp_path / "nowhere", course)
    assert "submitted/<student>/<assignment>/" in caught.value.remedy
    folder = submitted("ada/notes/notes.ipynb")
    with pytest.raises(SubmissionError, match="holds no submission"):
        find_submissions(folder, course)
    with pytest.raises(SubmissionError, match="holds no submission of bob, eve"):
        find_submissions(folder, course, students=["eve", "bob"])
    with pytest.raises(CourseError, match="two_layr"):
        find_submissions(folder, course, ["two_layr"])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-14 23:59:00 UTC", dt.datetime(2027, 3, 14, 23, 59, tzinfo=dt.UTC)),
        ("2027-03-14 23:59:00.123456 UTC\n", dt.datetime(2027, 3, 14, 23, 59, 0, 123456, tzinfo=dt.UTC)),
        ("2027-03-15T08:59:00+09:00", dt.datetime(2027, 3, 14, 23, 59, tzinfo=dt.UTC)),
    ],
)
def test_timestamps_are_read_as_nbgrader_writes_them(submitted, course, text, moment):
    folder = submitted("ada/deep/deep.ipynb")
    (submission,) = find_submissions(folder, course)
    assert submitted_at(submission) is None
    (submission.path.parent / "timestamp.txt").write_text(text)
    assert submitted_at(submission) == moment


def test_a_timestamp_that_is_no_time_is_refused(submitted, course):
    folder = submitted("ada/deep/deep.ipynb")
    (submission,) = find_submissions(folder, course)
    (submission.path.parent / "timestamp.txt").write_text("yesterday")
    with pytest.raises(SubmissionError, match=r"is not a time .'yesterday'"):
        submitted_at(submission)


# ---- the command line, as a process


def autograder(course, *arguments, **environment):
    program = [sys.executable, "-m", "autograder.cli", *map(str, arguments)]
    return subprocess.run(
        program, cwd=course.root, env={**os.environ, "COLUMNS": "200", **environment}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


def flat(text):
    return " ".join(text.split())


def test_the_command_grades_what_changed_and_prints_the_table_and_every_failed_check(
    graded, copy, memo_folder, cluster
):
    course = copy(graded[0].root, ())
    path = course.root / "submitted" / "bob" / "deep" / "deep.ipynb"
    path.write_text(
        path.read_text("utf-8").replace(
            "hidden_parameters = deep_parameters = 0", "hidden_parameters, deep_parameters = 0, 99710"
        )
    )
    options = ["--no-reference", "--scheduler", cluster.address, "--memo", memo_folder]
    result = autograder(course, "grade", "--verbose", *options)
    assert (result.returncode, result.stderr.count("Traceback")) == (3, 0)  # some checks wait for a person
    rows = {
        line.split()[1]: re.findall(r"[\d.]+!?", line) for line in result.stdout.splitlines() if line.startswith("│")
    }
    assert rows == {"ada": ["25", "25"], "bob": ["17.2", "4.3", "17.2"], "carl": ["0", "0"], "dora": ["19.5!", "19.5"]}
    assert "(of 25)" in result.stdout
    assert "! undecided: waits for a person; (−…) subtracted for being late" in flat(result.stdout)
    lines = flat(result.stdout)
    assert (
        "bob deep.network ✗ Layer names: hidden1, hidden2, hidden3, output: dense, dense_1, dense_2, dense_3" in lines
    )
    assert (
        "bob deep.count ✗ Parameters of hidden2: 0; hidden2 takes the 100 outputs of hidden1, and each unit has a bias besides."
        in lines
    )
    assert "carl deep.network: The file is not a notebook: it is not valid JSON (line 1)." in lines
    assert (
        "dora deep.train ? Trained on the training split, scaled to 0 to 1: this network was not trained by the grader"
        in lines
    )
    assert "ada deep" not in lines
    assert "2 graded, 2 unchanged since they were graded" in flat(result.stderr)
    assert gradebook(course) == {**gradebook(graded[0]), "bob": (21.5, pytest.approx(4.3), 0)}


def test_a_class_without_undecided_checks_gives_exit_code_0(graded, memo_folder):
    students = [argument for student in ("ada", "bob", "carl") for argument in ("-s", student)]
    result = autograder(graded[0], "grade", *students, "--memo", memo_folder)
    assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    figures = autograder(graded[0], "grade", *students, "--memo", memo_folder, "--json")
    assert [(item["student"], item["points"], item["again"]) for item in json.loads(figures.stdout)] == [
        (student, SCORES[student], True) for student in ("ada", "bob", "carl")
    ]
    assert "✗" not in result.stdout  # a line for each failed check only when asked for
    assert "0 graded, 3 unchanged since they were graded; 0 trainings asked for" in flat(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["grade"], 4, ["there is no folder", "Put notebooks into submitted/<student>/<assignment>/"]),
        (["grade", "solutions", "-a", "two_layr"], 2, ["two_layr", "two_layer"]),
        (["grade", "solutions"], 4, ["holds no submission", "submitted/<student>/<assignment>/<assignment>.ipynb"]),
        (["grade", "--language", "fr"], 2, ["the course has no language 'fr'", "en, ko"]),
        (["grade", "--course", "nowhere.yml"], 2, ["nowhere.yml"]),
        (["release", "three_layer"], 2, ["three_layer"]),
    ],
    ids=["no folder", "unknown assignment", "nothing there", "language", "no course", "release"],
)
def test_errors_are_said_in_a_sentence_with_a_remedy(course, arguments, code, said, monkeypatch):
    monkeypatch.chdir(course.root)
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("autograder: ")
    for text in said:
        assert text in flat(result.stderr)


@pytest.mark.parametrize("arguments", [["grade", "--no-such-option"], ["grade", "--isolation", "docker"], ["gradde"]])
def test_wrong_use_gives_exit_code_2(course, arguments):
    result = autograder(course, *arguments)
    assert result.returncode == 2
    assert "Usage" in result.stderr


def test_isolation_off_is_said_loudly(course):
    result = autograder(course, "grade", "--isolation", "none")
    assert "Isolation is off: submissions can read and change whatever you can." in flat(result.stderr)


def test_a_missing_bwrap_is_said_with_the_remedy(course, tmp_path):
    result = autograder(course, "grade", PATH=str(tmp_path))
    assert result.returncode == 4
    assert "submissions can't be isolated on this machine" in flat(result.stderr)
    assert "apt-get install bubblewrap" in flat(result.stderr)
    assert "--isolation none" in flat(result.stderr)


def test_release_check_names_what_is_out_of_date_and_writes_nothing(copy):
    stale = copy()
    path = stale.root / "assignments" / "en" / "deep" / "deep.ipynb"
    path.write_text(path.read_text("utf-8").replace("keras", "keros", 1), "utf-8")
    result = autograder(stale, "release", "--check")
    assert result.returncode == 1
    assert flat(result.stdout) == f"out of date: {path.relative_to(stale.root)}"
    assert "keros" in path.read_text("utf-8")


def test_the_memo_can_be_looked_at_and_emptied(course, tmp_path):
    (tmp_path / "0.fit").write_bytes(b"0" * 2_000_000)
    assert autograder(course, "memo", "info", "--memo", tmp_path).stdout.startswith("1 training, 2.0 MB of ")
    assert autograder(course, "memo", "clear", "--memo", tmp_path).stdout == "1 training forgotten\n"
    assert not list(Path(tmp_path).iterdir())
