"""Grades leave for other systems: each format as its reader expects it, nothing undecided or missing taken for zero."""

import csv
import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.authoring.release import release
from autograder.classroom.export import FORMATS, Sheet
from autograder.classroom.export.csv_cells import guarded, number, table
from autograder.classroom.export.grades import Person, make
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.cli.app import app
from autograder.cli.export import FormatName
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.course import load
from tests.authoring.test_release import make as tiny_course
from tests.hand_built import report_of

FORMULA = '=HYPERLINK("http://evil.example","x")'
LATE = dt.datetime(
    2027, 3, 15, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=9))
)  # a day and an hour... of grace: none


def outcome(check, status, points, out_of, **more):
    return Outcome(check=check, title=f"The {check}", status=status, points=points, out_of=out_of, **more)


SHOWN = outcome("shown", Status.PASSED, 0.5, 0.5)
SECRET = outcome("secret", Status.PASSED, 1.5, 1.5, hidden=True)
MISSED = outcome("secret", Status.FAILED, 0, 1.5, actual="5", hint="Think again.", hidden=True)
NAME = outcome("name", Status.PASSED, 1, 1)
WRONG = outcome("name", Status.FAILED, 0, 1, expected="ada", actual=FORMULA, hint='Say "ada", please.')
UNSURE = outcome("name", Status.UNDECIDED, 0, 1, actual="the worker was lost\x07")
SKIPPED = outcome("secret", Status.SKIPPED, 0, 1.5, actual="not looked at", hidden=True)


def report(student, add, name, problem="", **more):
    questions = (
        QuestionResult(question="add", title="Addition", out_of=2, outcomes=add),
        QuestionResult(question="name", title="A name", out_of=1, outcomes=name, problem=problem),
    )
    return report_of(*questions, student=student, **more)


REPORTS = [
    report("ada", (SHOWN, SECRET), (NAME,)),
    report("bob", (SHOWN, MISSED), (WRONG,), notes=("Cell 7 was stopped after 120 s.",)),
    report("carl", (SHOWN, SKIPPED), (UNSURE,)),
    report("dora", (SHOWN, SECRET), (UNSURE,)),  # a person scores what was undecided
    report(FORMULA.replace("/", ""), (SHOWN, MISSED), (WRONG,), problem="Your cell raised\x00 an error."),
]
HOSTILE = REPORTS[-1].student


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A tiny course with a gradebook: full marks, late and wrong, undecided, scored by hand, hostile, and one missing."""
    course = tiny_course(tmp_path_factory.mktemp("course"))
    release(course, ["first"])
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        for result in REPORTS:
            book.write(result, course, LATE if result.student == "bob" else None)
            path = course.root / "reports" / result.student / "first.json"
            path.parent.mkdir(parents=True)
            path.write_text(result.to_json(), "utf-8")
    with Gradebook(address(course), "tiny") as raw:
        raw.add_student("zoe")
        by_hand = raw.find_grade("name", "first", "first", "dora")
        by_hand.manual_score, by_hand.extra_credit, by_hand.needs_manual_grade = 0.75, 0.25, False
        raw.db.commit()
    return course


def run(course, *arguments):
    return CliRunner().invoke(app, ["export", "--course", str(course.root / "course.yml"), *map(str, arguments)])


def exported(course, name, *arguments):
    """What the command writes to the terminal."""
    done = run(course, "--format", name, *arguments)
    assert done.exit_code == 3, done.output  # carl's waits for a person
    return done.stdout


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def by_student(text, column="student"):
    return {row[column].strip("'"): row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_csv_has_points_by_question_and_in_total_with_manual_scores_and_penalties(course):
    found = by_student(exported(course, "csv"))
    keys = ["add", "name", "points", "penalty", "total", "out_of", "status"]
    assert {name: [row[f"first.{key}"] for key in keys] for name, row in found.items()} == {
        "ada": ["2", "1", "3", "0", "3", "3", "full marks"],
        "bob": ["0.5", "0", "0.5", "0.05", "0.45", "3", "lost points"],
        "carl": ["0.5", "undecided", "undecided", "0", "undecided", "3", "undecided"],
        "dora": ["2", "1", "3", "0", "3", "3", "full marks"],
        HOSTILE: ["0.5", "0", "0.5", "0", "0.5", "3", "lost points"],
        "zoe": ["missing", "missing", "missing", "", "missing", "3", "missing"],
    }
    assert [row[0] for row in rows(exported(course, "csv"))[1:]] == [f"'{HOSTILE}", "ada", "bob", "carl", "dora", "zoe"]


def test_canvas_gets_its_columns_and_nothing_where_there_is_no_grade(course):
    header, possible, *students = rows(exported(course, "canvas"))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "First"]
    assert possible == ["    Points Possible", "", "", "", "", "3"]
    assert {row[3].strip("'"): row[5] for row in students} == {
        "ada": "3", "bob": "0.45", "carl": "", "dora": "3", HOSTILE: "0.5", "zoe": "",
    }  # fmt: skip


def test_moodle_gets_a_grade_and_its_feedback_and_a_dash_where_there_is_no_grade(course):
    header, *students = rows(exported(course, "moodle"))
    assert header == ["Username", "Assignment: First (Real)", "Assignment: First (Feedback)"]
    found = {row[0].strip("'"): (row[1], row[2]) for row in students}
    assert {name: grade for name, (grade, _) in found.items()} == {
        "ada": "3", "bob": "0.45", "carl": "-", "dora": "3", HOSTILE: "0.5", "zoe": "-",
    }  # fmt: skip
    assert found["ada"][1] == ""
    assert found["bob"][1].splitlines() == [
        "0.05 points are deducted for being late.",
        "Cell 7 was stopped after 120 s.",
        "Addition: 0.5 of 2 points",
        "- The secret: 5; Think again.",
        "A name: 0 of 1 point",
        f'- The name: expected ada; \'{FORMULA}; Say "ada", please.',
    ]
    assert found["carl"][1].startswith("Undecided: a person will look at this.\nAddition: 0.5 of 2 points")
    assert found["zoe"][1] == "Missing: nothing was handed in."


def test_gradescope_gets_a_results_file_for_each_submission(course, tmp_path):
    done = run(course, "-f", "gradescope", "-o", tmp_path)
    assert done.exit_code == 3
    written = {path.parent.parent.name: json.loads(path.read_text("utf-8")) for path in tmp_path.rglob("results.json")}
    assert sorted(written) == sorted(result.student for result in REPORTS)  # zoe handed in nothing
    assert all((tmp_path / name / "first" / "results.json").is_file() for name in written)
    allowed = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags",
               "visibility", "extra_data"}  # fmt: skip
    for document in written.values():
        assert set(document) <= {
            "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
            "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
        }  # fmt: skip
        for test in document["tests"]:
            assert set(test) <= allowed
            assert test.get("status") in ("passed", "failed", None)
            assert test["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
    bob = written["bob"]
    assert bob["score"] == 0.45
    assert bob["output"] == "Cell 7 was stopped after 120 s.\n0.05 points are deducted for being late."
    assert [
        (t["number"], t["name"], t["score"], t["max_score"], t["status"], t["visibility"]) for t in bob["tests"]
    ] == [
        ("1.1", "Addition: The shown", 0.5, 0.5, "passed", "visible"),
        ("1.2", "Addition: The secret", 0.0, 1.5, "failed", "after_published"),
        ("2.1", "A name: The name", 0.0, 1.0, "failed", "visible"),
    ]
    carl = written["carl"]
    assert (carl["score"], carl["tests"][2].get("score"), carl["tests"][2].get("status")) == (0.5, None, None)
    assert "Undecided: A name. A person will look at this; up to 1 point is not in this score yet." in carl["output"]
    (by_hand,) = [test for test in written["dora"]["tests"] if test["number"] == "2"]
    assert (by_hand["score"], by_hand["output"]) == (1.0, "Scored by a person.")
    assert written["dora"]["score"] == 3.0


# The elements and attributes of Jenkins' junit-10.xsd, as far as it is about what we write: (required, allowed) attributes, children.
SCHEMA = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
}


def check_schema(element):
    required, allowed, children = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= required | allowed, element.tag
    for child in element:
        assert child.tag in children
        check_schema(child)


def test_junit_tells_failed_undecided_skipped_and_missing_apart(course):
    suites = Xml.fromstring(exported(course, "junit").encode())
    check_schema(suites)
    counts = {
        suite.get("name"): tuple(int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped"))
        for suite in suites
    }
    assert counts == {
        "ada/first": (3, 0, 0, 0),
        "bob/first": (3, 2, 0, 0),
        "carl/first": (3, 0, 1, 1),
        "dora/first": (3, 0, 0, 0),
        f"{HOSTILE}/first": (3, 2, 0, 0),
        "zoe/first": (2, 0, 0, 2),
    }
    for suite in suites:  # the counts are those of the elements
        tags = Counter(child.tag for case in suite.iter("testcase") for child in case)
        assert counts[suite.get("name")] == (
            len(suite.findall("testcase")),
            tags["failure"],
            tags["error"],
            tags["skipped"],
        )
    assert [suites.get(key) for key in ("tests", "failures", "errors")] == ["17", "4", "1"]
    bob = suites.find("testsuite[@name='bob/first']")
    assert {p.get("name"): p.get("value") for p in bob.iter("property")} == {
        "student": "bob", "assignment": "first", "status": "failed", "points": "0.5", "penalty": "0.05",
        "total": "0.45", "out_of": "3",
    }  # fmt: skip
    assert [case.get("classname") for case in bob.iter("testcase")] == ["first.add", "first.add", "first.name"]


def test_json_has_everything_and_null_for_what_is_not_known(course):
    document = json.loads(exported(course, "json"))
    assert (document["format"], document["version"], document["course"]["id"]) == ("autograder-grades", 1, "tiny")
    assert document["assignments"] == [
        {"assignment": "first", "title": "First", "out_of": 3.0,
         "questions": [{"question": "add", "out_of": 2.0}, {"question": "name", "out_of": 1.0}]}
    ]  # fmt: skip
    grades = {grade["student"]: grade for grade in document["grades"]}
    assert (grades["carl"]["points"], grades["carl"]["total"], grades["carl"]["decided"]) == (None, None, 0.5)
    assert (grades["zoe"]["status"], grades["zoe"]["total"]) == ("missing", None)
    question = grades["dora"]["questions"][1]
    assert (question["auto"], question["manual"], question["extra_credit"], question["points"]) == (0, 0.75, 0.25, 1)
    assert grades["bob"]["questions"][1]["checks"][0]["actual"] == FORMULA


def test_every_format_is_an_option_and_is_the_same_every_time(course, tmp_path):
    assert set(FORMATS) == {name.value for name in FormatName}
    for name in FORMATS:
        one, two = (tmp_path / f"{name}{n}" for n in (1, 2))
        for place in (one, two):
            assert run(course, "-f", name, "-o", place).exit_code == 3
        for path in one.rglob("*") if one.is_dir() else [one]:
            if path.is_file():
                assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_a_hidden_checks_expectation_stays_hidden_in_every_format(course, tmp_path):
    for name in FORMATS:
        run(course, "-f", name, "-o", tmp_path / name)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or "987654" not in path.read_text("utf-8")


def test_only_the_students_and_assignments_that_were_asked_for(course):
    done = run(course, "-s", "ada", "-s", "dora", "-a", "first")
    assert done.exit_code == 0, done.output
    assert list(by_student(done.stdout)) == ["ada", "dora"]


def test_students_without_anything_decided_can_be_left_out(course):
    done = run(course, "-f", "moodle", "--decided")
    assert done.exit_code == 0
    assert sorted(by_student(done.stdout, "Username")) == sorted({"ada", "bob", "dora", HOSTILE})


def test_what_is_undecided_and_missing_is_named_on_the_terminal(course, tmp_path):
    done = run(course, "-o", tmp_path / "grades.csv")
    said = " ".join(done.stderr.split())
    assert "1 undecided: a person has to look, in formgrader (carl first)" in said
    assert "1 missing (zoe first)" in said
    assert "5 submissions of 6 students" in " ".join(done.stdout.split())
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["-a", "frist"], ["no assignment 'frist'", "did you mean 'first'"], 2),
        (["-s", "nobody"], ["there is no student 'nobody'"], 2),
        (["-s", "adda"], ["there is no student 'adda'", "did you mean 'ada'?"], 2),
        (["-s", "zoe"], ["holds no grades of zoe"], 2),
        (["-s", "ada", "-s", "nobody"], ["there is no student 'nobody'"], 2),
        (["-f", "gradescope"], ["a file for each submission", "--output"], 2),
        (["--language", "fr"], ["no language 'fr'", "en, ko"], 2),
        (["-o", "/dev/null/grades.csv"], ["can't be written", "--output"], 4),
    ],
)
def test_errors_name_the_remedy(course, arguments, said, code):
    done = run(course, *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    for text in said:
        assert text in " ".join(done.stderr.split())


def test_a_pipe_or_a_device_is_written_into_and_never_replaced(course, tmp_path):
    pipe = tmp_path / "grades"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        done = run(course, "-o", str(pipe))
    assert (done.exit_code, read.result().decode().splitlines()) == (3, exported(course, "csv").splitlines())
    assert pipe.is_fifo()
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    assert run(course, "-o", str(link)).exit_code == 3
    assert link.is_symlink() and Path(os.devnull).is_char_device()


def test_without_a_gradebook_none_is_made(tmp_path):
    course = tiny_course(tmp_path)
    done = run(course)
    assert done.exit_code == 4
    assert "autograder grade" in done.stderr
    assert not (tmp_path / "gradebook.db").exists()


def test_a_report_that_the_gradebook_does_not_know_is_said(course):
    path = course.root / "reports" / "ada" / "first.json"
    before = path.read_text("utf-8")
    try:
        path.write_text(report("ada", (SHOWN, MISSED), (NAME,)).to_json(), "utf-8")
        done = run(course)
        assert done.exit_code == 1
        assert "reports/ada/first.json has other points than the gradebook, which counts" in " ".join(
            done.stderr.split()
        )
        assert by_student(done.stdout)["ada"]["first.total"] == "3"
        path.write_text("{", "utf-8")
        done = run(course, "-f", "junit", "-s", "ada")
        assert done.exit_code == 1
        assert "reports/ada/first.json is damaged" in done.stderr.replace("\n", "")
        assert done.stdout.count("<testcase") == 2  # a testcase for each question
    finally:
        path.write_text(before, "utf-8")


def test_the_roster_of_collect_names_the_class(course, tmp_path):
    roster = tmp_path / "class.csv"
    roster.write_text(
        "id,last,first,email,login,canvas\nada,Lovelace,Ada,ada@example.org,al1,17\nyan,Yan,=1+1,,,\n", "utf-8"
    )
    found = by_student(exported(course, "canvas", "--roster", roster), "Student")
    assert [found["Lovelace, Ada"][key] for key in ("ID", "SIS Login ID", "First")] == ["17", "al1", "3"]
    assert [found["Yan, =1+1"][key] for key in ("ID", "SIS Login ID", "First")] == ["", "yan", ""]  # missing
    assert len(found) == len(REPORTS) + 3  # with zoe, and Canvas's row of possible points
    roster.write_text("name\nAda\n", "utf-8")
    done = run(course, "--roster", roster)
    assert (done.exit_code, "there is no column 'id'" in done.stderr) == (4, True)


def test_a_roster_gives_the_platforms_their_own_ids():
    course = load()
    sheet = make(course, [], {}, students=["ada"], assignments=["deep"],
                 people={"ada": Person(student="ada", name="Lovelace, Ada", email="ada@example.org", canvas_id="17",
                                       sis_id="S-1", section="Two")})  # fmt: skip
    assert rows(FORMATS["canvas"].files(sheet)["canvas.csv"])[2] == ["Lovelace, Ada", "17", "S-1", "", "Two", ""]
    assert rows(FORMATS["moodle"].files(sheet)["moodle.csv"])[0][:3] == ["Username", "ID number", "Email address"]
    assert rows(FORMATS["csv"].files(sheet)["grades.csv"])[1][:3] == ["ada", "Lovelace, Ada", "ada@example.org"]


def test_a_students_name_cannot_lead_out_of_the_folder(course, tmp_path):
    sheet = Sheet.model_validate_json(json.dumps({"course": "c", "title": "t", "parts": [], "people": [], "grades": [
        {"student": "../x", "assignment": "first", "title": "t", "status": "failed", "out_of": 1, "questions": []}]}))  # fmt: skip
    with pytest.raises(Exception, match=r"the student '../x' can't have a folder"):
        FORMATS["gradescope"].files(sheet)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "  =", "＝", "\n+"])
def test_no_text_starts_a_formula(start):
    assert guarded(f"{start}1+1").startswith("'")


@given(
    st.lists(
        st.lists(st.sampled_from(["=", "+", "-", "@", "＝", ";", ",", "|", "\t", "\n", "\r", " ", '"', "'", "\u200b", "a", "1", "=cmd|' /C calc'!A0"]), max_size=8)
        .map("".join), min_size=1, max_size=3,
    ),
    st.sampled_from(",;\t|"),
)  # fmt: skip
@example(["x;=1+1"], ";")
@example(['x;"=1+1'], ";")
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_parts_the_lines(texts, mark):
    found = [
        cell for row in csv.reader(io.StringIO(table([["ann", *texts]]), newline=""), delimiter=mark) for cell in row
    ]
    for cell in (cell.strip(" ") for cell in found):
        assert not ((len(cell) > 1 and cell.startswith(("=", "+", "@", "＝"))) or re.match("-[^ ]", cell)), (
            cell,
            found,
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (21.5, "21.5"), (3.0, "3"), (-0.0, "0"), (1 / 3, "0.333333"), (1e-9, "0"), (1e7, "10000000")],
)
def test_numbers_are_written_without_noise(value, text):
    assert number(value) == text


def test_exporting_imports_no_tensorflow(course):
    program = (
        "import sys; from autograder.cli.app import app\n"
        f"try: app(['export', '-f', 'json', '--course', {str(course.root / 'course.yml')!r}])\n"
        "except SystemExit: pass\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=600)
    assert done.stderr.splitlines()[-1] == "[]"
