"""Feedback on its way back: what each platform's own importer finds in the archive, from what was collected to whose it is."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.classroom.collect import Settings, collect
from autograder.classroom.folder import Folder, Place
from autograder.classroom.give_back import PLATFORMS
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.cli.app import app
from autograder.cli.feedback import ZipChoice
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.released_notebook import released_notebook
from tests.hand_built import report_of
from tests.tiny_course import tiny_course, tiny_submission

# What each platform wrote; of the same four people, one of them with a name that looks like another's folder.
SOURCES = {
    "moodle": {
        "Jane Doe_11_assignsubmission_file/first.ipynb": "jane",
        "Bob van_Roe_12_assignsubmission_file/Jane Doe_11_assignsubmission_file/x.ipynb": "bob",
        "김철수_13_assignsubmission_file_first.ipynb": "kim",
        "~Dora._14_assignsubmission_file/first.ipynb": "dora",
    },
    "blind": {f"Participant_{number}_assignsubmission_file/first.ipynb": str(number) for number in (11, 12, 13, 14)},
    "canvas": {
        "doejane_501_9001_first.ipynb": "jane",
        "roebob_LATE_502_9002_first-1.ipynb": "bob",
        "kim_503_9003_work_5_6.ipynb": "kim",
        "anon_Xy12z_9004_first.ipynb": "dora",
    },
    "gradescope": {f"submission_{number}/first.ipynb": str(number) for number in (101, 102, 103, 104)},
}
METADATA = "\n".join(
    f"submission_{number}:\n  :submitters:\n  - :name: P{number}\n    :email: p{number}@example.edu" for number in (101, 102, 103, 104)
)  # fmt: skip


def graded(student, shown=Status.PASSED):
    outcomes = tuple(
        Outcome(check=name, title=name, status=shown, points=points if shown is Status.PASSED else 0, out_of=points, hint="<Look> again")
        for name, points in (("shown", 0.5), ("secret", 1.5))
    )  # fmt: skip
    right = (Outcome(check="value", title="A name", status=Status.PASSED, points=1, out_of=1),)
    questions = (
        QuestionResult(question="add", title="Addition", out_of=2, outcomes=outcomes),
        QuestionResult(question="name", title="A name", out_of=1, outcomes=right),
    )
    return report_of(*questions, student=student)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, request):
    """A course into which one of `SOURCES` was collected, graded: full marks, wrong, undecided, full marks; and one by hand."""
    source, tmp_path = SOURCES[request.param], tmp_path_factory.mktemp(request.param)
    course = tiny_course(tmp_path / "course")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for name, who in source.items():
            archive.write(tiny_submission(course, "scratch", name=f"name = {who!r}"), name)
        if request.param == "gradescope":
            archive.writestr("submission_metadata.yml", METADATA)
    subprocess.run(["rm", "-r", course.root / "submitted"], check=True)
    taken = collect(tmp_path / "download.zip", course, Settings()).notebooks
    assert len(taken) == 4
    tiny_submission(course, "by-hand")
    students = [each.student for each in sorted(taken, key=lambda each: list(source).index(each.file))]
    folder = Folder(course.root)
    with Book(address(course), course.course.id) as book:
        book.prepare(course, "first")
        for student, status in zip(
            [*students, "by-hand"], ["passed", "failed", "undecided", "passed", "passed"], strict=True
        ):
            report = graded(student, Status(status)).model_copy(
                update={"language": "ko" if student == students[1] else "en"}
            )
            book.write(report, course, None)
            folder.report(report).parent.mkdir(parents=True)
            folder.report(report).write_text(report.to_json(), "utf-8")
            folder.notebook(report).parent.mkdir(parents=True)
            nbformat.write(released_notebook(course, "first"), folder.notebook(report))
    return course, students


def run(course, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--course", str(course.root / "course.yml")])


def made(course, platform):
    """The archive's texts by name; nobody but who was not collected is left out."""
    done = run(course, "feedback", "--zip", platform)
    assert done.exit_code == 1 and "not in the archive: by-hand" in done.output, done.output
    assert f"feedback/first-{platform}.zip: 4 students" in done.output
    with zipfile.ZipFile(course.root / "feedback" / f"first-{platform}.zip") as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info).decode() for info in archive.infolist()}


def moodle_takes(name, participants):
    """``is_valid_filename_for_import`` of moodle/moodle: the participant and the name that the page gets, or None."""
    if PurePosixPath(name).name.startswith((".", "~")):
        return None
    parts = name.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if (
            len(info) < 4
            or not info[1].isdigit()
            or int(info[1]) not in participants
            or info[2:4] != ["assignfeedback", "file"]
        ):
            continue
        return int(info[1]), "/".join([*info[4:], *parts])
    return None


@pytest.mark.parametrize("classroom", ["moodle", "blind"], indirect=True)
def test_moodle_finds_each_page_by_the_participants_number(classroom):
    course, students = classroom
    pages = made(course, "moodle")
    found = {name: moodle_takes(name, {11, 12, 13, 14}) for name in pages}
    assert sorted(found.values()) == [(number, "first.html") for number in (11, 12, 13, 14)]
    folder = Folder(course.root)
    for name, (number, _file) in found.items():
        assert pages[name] == folder.page(Place(students[number - 11], "first")).read_text("utf-8")


def canvas_takes(name):
    """``infer_comment_context_from_filename`` of instructure/canvas-lms: user and attachment."""
    assert not name.startswith("._") and not re.match("link", name.split("_")[-1])
    anonymous = re.match(r"(?:LATE_)?anon_([^_]+)_(\d+)_", name)
    return (
        anonymous.groups() if anonymous else tuple([part for part in name.split("_") if re.fullmatch(r"\d+", part)][:2])
    )


@pytest.mark.parametrize("classroom", ["canvas"], indirect=True)
def test_canvas_finds_user_and_attachment_and_gets_a_notebook_as_it_had_one(classroom):
    course, _students = classroom
    notebooks = made(course, "canvas")
    assert {canvas_takes(name) for name in notebooks} == {
        ("501", "9001"),
        ("502", "9002"),
        ("503", "9003"),
        ("Xy12z", "9004"),
    }
    assert all(name.endswith(".ipynb") and "/" not in name for name in notebooks)
    bob = nbformat.reads(notebooks["roebob_LATE_502_9002_first-1.ipynb"], 4)
    assert "3점 중 1점" in bob.cells[0].source and "&lt;Look&gt; again" in bob.cells[0].source
    assert len(bob.cells) == len(released_notebook(course, "first").cells) + 1


@pytest.mark.parametrize("classroom", ["gradescope"], indirect=True)
def test_gradescopes_autograder_has_each_result_and_leaves_later_submissions_ungraded(classroom, tmp_path):
    course, _students = classroom
    made(course, "gradescope")
    root = tmp_path / "autograder"
    with zipfile.ZipFile(course.root / "feedback" / "first-gradescope.zip") as archive:
        archive.extractall(root / "source")
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755
    assert subprocess.run(["bash", "-n", root / "source" / "setup.sh"], check=False).returncode == 0
    scores = {}
    for number in (101, 102, 103, 104, 999):
        (root / "submission_metadata.json").write_text(json.dumps({"id": number, "users": [{"id": 1}]}))
        result = root / "results" / "results.json"
        result.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", "-S", root / "source" / "run_autograder"],
            env={"AUTOGRADER_ROOT": str(root)},
            check=False,
        )
        assert done.returncode == (number == 999) and result.exists() == (number != 999)
        if result.exists():
            scores[number] = json.loads(result.read_text())["score"]
    assert scores == {101: 3, 102: 1, 103: 1, 104: 3}


@pytest.mark.parametrize("classroom", ["canvas"], indirect=True)
def test_feedback_of_another_platform_is_in_no_archive(classroom):
    course, _students = classroom
    done = run(course, "feedback", "--zip", "moodle")
    assert done.exit_code == 1 and "not in the archive" in done.output
    assert not (course.root / "feedback" / "first-moodle.zip").exists()


@pytest.mark.parametrize("classroom", ["gradescope", "moodle", "canvas"], indirect=True)
def test_pages_of_one_student_made_anew_take_nobody_out_of_the_archive(classroom, request):
    course, students = classroom
    platform = request.node.callspec.params["classroom"]
    whole = made(course, platform)
    done = run(course, "feedback", "--zip", platform, "--student", students[1])
    assert done.exit_code == 0 and "not in the archive" not in done.output, done.output
    with zipfile.ZipFile(course.root / "feedback" / f"first-{platform}.zip") as archive:
        assert {info.filename: archive.read(info).decode() for info in archive.infolist()} == whole


def test_every_platform_is_a_choice():
    assert [choice.value for choice in ZipChoice] == list(PLATFORMS)


# ---- the grading worksheet

HEADER = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
          "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip
MODIFIED = "Sunday, 14 March 2027, 11:59 PM"


def worksheet(tmp_path, header=HEADER, maximum="3.00", names=("Jane Doe", "Bob", "Kim", "Dora", "Eve")):
    path = tmp_path / "Grades.csv"
    rows = [
        [
            f"Participant {11 + at}",
            name,
            f"p{at}@example.edu",
            "Submitted for grading",
            "",
            maximum,
            "Yes",
            MODIFIED,
            "-",
            "",
        ]
        for at, name in enumerate(names)
    ]
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])
    path.write_text("\ufeff" + stream.getvalue(), "utf-8")
    return path


@pytest.mark.parametrize("classroom", ["moodle", "blind"], indirect=True)
def test_a_worksheet_is_filled_in_and_nothing_else_in_it_changes(classroom, tmp_path):
    course, _students = classroom
    before = worksheet(tmp_path)
    done = run(course, "export", "-f", "moodle", "-a", "first", "--worksheet", before, "-o", tmp_path / "out.csv")
    assert done.exit_code == 3 and "3 rows are filled in; nobody here is Participant 15" in done.output
    read = csv.reader(io.StringIO(before.read_text("utf-8-sig"), newline=""))
    old, new = list(read), list(csv.reader((tmp_path / "out.csv").open(newline="", encoding="utf-8")))
    assert [row[4] for row in new] == ["Grade", "3", "1", "", "3", ""]
    assert "<br>" in new[2][9] and "&lt;Look&gt; again" in new[2][9] and not new[3][9]
    for row, was in zip(new, old, strict=True):
        assert [cell for at, cell in enumerate(row) if at not in (4, 9)] == [
            cell for at, cell in enumerate(was) if at not in (4, 9)
        ]


@pytest.mark.parametrize("classroom", ["moodle"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "arguments", "sentence", "code"),
    [
        ({"header": ["Identifier", *HEADER[1:4], "Note", *HEADER[5:]]}, [], "it has no column Grade", 4),
        ({"maximum": "100.00"}, [], "with 100.00 points, and this one has 3", 4),
        ({}, ["-f", "csv"], "--format moodle", 2),
    ],
)
def test_a_worksheet_that_does_not_fit_is_refused(classroom, tmp_path, changes, arguments, sentence, code):
    course, _students = classroom
    options = arguments or ["-f", "moodle"]
    done = run(
        course,
        "export",
        "-a",
        "first",
        *options,
        "--worksheet",
        worksheet(tmp_path, **changes),
        "-o",
        tmp_path / "out.csv",
    )
    assert done.exit_code == code and sentence in done.output.replace("\n", " ")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("classroom", ["moodle"], indirect=True)
@pytest.mark.parametrize("at", [0, 4])
def test_who_is_called_like_another_gets_no_grade_of_theirs(classroom, tmp_path, at):
    """Names are chosen on Moodle: a row's number, ID number and address are asked of all rows before its name is."""
    course, students = classroom
    names = ["Jane Doe", "Bob", "Kim", "Dora", "Eve"]
    names[at] = students[0]
    before = worksheet(tmp_path, names=names)
    rows = list(csv.reader(io.StringIO(before.read_text("utf-8-sig"), newline="")))
    for whole in (rows, [rows[0], *reversed(rows[1:])]):
        with before.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(whole)
        run(course, "export", "-f", "moodle", "-a", "first", "--worksheet", before, "-o", tmp_path / "out.csv")
        new = list(csv.reader((tmp_path / "out.csv").open(newline="", encoding="utf-8")))
        assert {row[0]: row[4] for row in new[1:]} == {
            "Participant 11": "3", "Participant 12": "1", "Participant 13": "", "Participant 14": "3", "Participant 15": "",
        }  # fmt: skip


@pytest.mark.parametrize("classroom", ["moodle"], indirect=True)
@pytest.mark.parametrize("bent", ['"', "\x00" * 3, "x" * 200_000], ids=["quote", "nul", "long"])
def test_a_worksheet_that_is_no_csv_is_refused_with_its_line_or_filled_in(classroom, tmp_path, bent):
    course, _students = classroom
    before = worksheet(tmp_path)
    before.write_text(before.read_text("utf-8").replace("Bob", f"{bent}Bob"), "utf-8")
    done = run(course, "export", "-f", "moodle", "-a", "first", "--worksheet", before, "-o", tmp_path / "out.csv")
    assert done.exit_code in (3, 4) and (done.exit_code == 3 or "Grades.csv, line 3" in done.output.replace("\n", " "))
    assert (tmp_path / "out.csv").exists() == (done.exit_code == 3)
