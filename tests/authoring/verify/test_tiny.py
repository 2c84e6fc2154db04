"""The whole command on tiny courses, in the real sandbox beside the real judge: one is right, the others are wrong in every way."""

import json
from xml.etree import ElementTree as xml

import pytest
from typer.testing import CliRunner

from autograder.authoring import release
from autograder.authoring.verify.environment import LINES
from autograder.authoring.verify.proof import Part
from autograder.cli import app as cli
from autograder.course import course as course_module
from tests.authoring.verify import courses_to_prove
from tests.authoring.verify.courses_to_prove import edit_text

BAD = {
    "survivor": {"why": "A comment.", "edits": {"add-answer": [["# five", "# 5"]]}, "loses": {"add.shown": "6"}},
    "greedy": {
        "why": "Both answers are wrong.",
        "edits": {"add-answer": "total = 7\nadd = 6", "name-answer": "name = 'bob'"},
        "loses": {"add.shown": "6", "add.secret": ""},
    },
    "no-hint": {
        "why": "x",
        "edits": {"add-answer": "total = 7\nadd = 6"},
        "loses": {"add.shown": "five", "add.secret": ""},
    },
    "stale": {"why": "x", "edits": {"add-answer": [["no such text", "x"]]}, "loses": {"add.shown": ""}},
    "unreadable": "why: [",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """`good` is right. `bad` has bad mutants and a bad release. `broken` asks for what its solution doesn't give.

    `loose` hands in an answer of its own, asks for a name that it doesn't take, and tells what it hides.
    """
    root = tmp_path_factory.mktemp("four")
    courses_to_prove.write(root, "good", "bad", "loose", "broken")
    edit_text(root / "course.yml", "  broken:", "  bro_ken:")  # so that the next edit finds the last assignment
    text = (root / "course.yml").read_text("utf-8")
    before, _, last = text.partition("  bro_ken:")
    (root / "course.yml").write_text(before + "  broken:" + last.replace("ada lovelace", "grace hopper"), "utf-8")
    courses_to_prove.put(root, "mutants", BAD, "bad")
    wrong = {"why": "Not right at all.", "edits": {"add-answer": "total = 7\nadd = 6"}}
    courses_to_prove.put(root, "alternatives", {"wrong": wrong}, "bad")
    edit_text(root / "assignments/ko/bad/checks.yml", "title: 비밀", "title: 비밀\n      equals: 5")
    edit_text(
        root / "assignments/en/bad/bad.ipynb", "raise NotImplementedError()", "total = 2\\nadd = total + 3  # five"
    )
    notebook = root / "solutions/loose/loose.ipynb"
    edit_text(notebook, 'check(\\"loose.name\\", name)', 'check(\\"loose.name\\", \\"ada lovelace\\")')
    edit_text(notebook, "About name, in en", "Define\\n\\n- `name`: your name")
    edit_text(notebook, "About add, in ko", "`total` = 2")
    course = course_module.load(root / "course.yml")
    release.release(course, ["loose"])
    return course


def invoke(course, *arguments):
    return CliRunner().invoke(cli.app, ["verify", "--course", str(course.root / "course.yml"), *arguments])


SEARCHED = [Part.ENVIRONMENT, Part.SPELLINGS, Part.SLIPS]


def only(parts):
    return [word for part in parts for word in ("--only", part.value)]


@pytest.fixture(scope="module")
def run(course, tmp_path_factory):
    """One run over all four, in the parts that make no versions: (exit code, JSON, JUnit, page)."""
    folder = tmp_path_factory.mktemp("out")
    done = invoke(course, "--no-memo", "--workers", "1", "--json",
                  "--junit", str(folder / "junit.xml"), "--html", str(folder / "verify.html"),
                  *only(part for part in Part if part not in SEARCHED))  # fmt: skip
    assert done.exit_code in (0, 1), done.output
    start = done.stdout.index("{")
    return (
        done.exit_code, json.loads(done.stdout[start:]), xml.parse(folder / "junit.xml").getroot(),
        (folder / "verify.html").read_text("utf-8"),
    )  # fmt: skip


def said(run, assignment, part, name):
    """The reasons of one step, each as ``place: message (found)``."""
    _, document, _, _ = run
    (step,) = [s for s in document["steps"] if (s["assignment"], s["part"], s["name"]) == (assignment, part, name)]
    return [f"{r['file']}: {r['place']}: {r['message']} {r['expected']} {r['found']}" for r in step["reasons"]]


@pytest.fixture(scope="module")
def searched(course):
    """The right assignment in the parts that make versions of its notebook, beside a first line that is the student's own mistake."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LINES, "misspelt", "import nunpy")
        done = invoke(course, "good", "--no-memo", "--workers", "1", "--json", "--versions", "3", *only(SEARCHED))
    assert done.exit_code == 1, done.output
    steps = json.loads(done.stdout[done.stdout.index("{") :])["steps"]
    return {(step["part"], step["name"]): step for step in steps}


def test_a_right_assignment_is_proven_in_the_versions_that_are_made_of_it(searched):
    assert [step for step in searched.values() if step["reasons"] and step["name"] != "misspelt"] == []
    assert {name for part, name in searched if part == "environment"} == {*LINES, "misspelt"} - {
        "device"
    }  # the course has no networks
    assert searched["spellings", "in one process"]["tried"] == searched["slips", "in one process"]["tried"] == 3
    assert {f"in a kernel, seed {seed}" for seed in range(3)} <= {
        name for part, name in searched if part == "spellings"
    }


def test_a_check_that_fails_for_a_line_at_the_top_is_a_reason(searched):
    reasons = searched["environment", "misspelt"]["reasons"]
    assert {reason["place"] for reason in reasons} == {"add.shown", "add.secret", "name.value"}
    assert "failed for what only the grader's machine lacks" in reasons[0]["message"]
    assert reasons[0]["expected"] == "import nunpy" and "nunpy" in reasons[0]["found"]


def test_a_right_assignment_is_proven_in_every_part(run):
    _, document, suites, _ = run
    steps = [step for step in document["steps"] if step["assignment"] == "good"]
    assert [step for step in steps if step["reasons"]] == []
    assert {step["part"] for step in steps} == {
        "solution", "alternatives", "release", "mutants", "checks", "secrets", "nbgrader", "languages",
        "emptied", "unasked", "told",
    }  # fmt: skip
    assert {step["name"] for step in steps if step["part"] == "secrets"} == {
        "titles and hints", "release in en", "release in ko", "kernel", "feedback", "feedback page",
    }  # fmt: skip
    (suite,) = [suite for suite in suites if suite.get("name") == "good"]
    assert suite.get("failures") == "0" and len(suite) == len(steps)


def test_a_wrong_course_ends_with_one_and_its_page_says_so(run):
    code, document, suites, page = run
    assert code == 1 and not document["proven"]
    assert "Not proven" in page and "the mutant survives" in page
    assert int(suites.get("failures")) == sum(bool(step["reasons"]) for step in document["steps"])


def test_a_broken_solution_is_a_reason_with_the_check_and_what_was_found(run):
    (found,) = said(run, "broken", "solution", "solution")
    assert "solutions/broken/broken.ipynb: name.value: this check should pass and is failed" in found
    assert "'ada lovelace'" in found
    assert len(said(run, "broken", "alternatives", "computed")) == 1


def test_an_alternative_that_loses_points_is_a_reason(run):
    found = said(run, "bad", "alternatives", "wrong")
    assert [line.split(":")[1].strip() for line in found] == ["add.shown", "add.secret"]
    assert all(line.startswith("tests/alternatives/bad/wrong.yml") for line in found)


def test_a_mutant_that_survives_is_a_reason(run):
    (found,) = said(run, "bad", "mutants", "survivor")
    assert "tests/mutants/bad/survivor.yml: : the mutant survives" in found


def test_a_mutant_that_loses_more_than_it_names_is_a_reason(run):
    (found,) = said(run, "bad", "mutants", "greedy")
    assert "name.value: the mutant should keep this check, and it is failed" in found and "'bob'" in found


def test_a_hint_that_is_missing_is_a_reason(run):
    (found,) = said(run, "bad", "mutants", "no-hint")
    assert "add.shown: the feedback does not say what the student must read 'five'" in found


def test_mutants_that_can_not_be_made_are_reasons_and_stop_nothing(run):
    (found,) = said(run, "bad", "mutants", "stale")
    assert "does not hold 'no such text'" in found
    (found,) = said(run, "bad", "mutants", "unreadable")
    assert "unreadable.yml:1: a value is missing inside of brackets" in found


def test_a_check_that_no_mutant_kills_is_a_reason(run):
    (found,) = said(run, "bad", "checks", "name.value")
    assert "course.yml: name.value: no mutant in tests/mutants/bad is lost by this check" in found
    assert said(run, "bad", "checks", "add.secret") == []


def test_a_release_that_is_stale_and_earns_points_is_a_reason(run):
    found = said(run, "bad", "release", "up to date")
    assert {line.split(":")[0] for line in found} == {"assignments/en/bad/bad.ipynb", "assignments/ko/bad/checks.yml"}
    found = said(run, "bad", "release", "untouched")
    assert any("add.shown: the untouched notebook earns 0.5 points: it asks for no work" in line for line in found)


def test_a_hidden_parameter_and_a_solution_in_a_release_are_reasons(run):
    (found,) = said(run, "bad", "secrets", "release in ko")
    assert "assignments/ko/bad/checks.yml: add.secret: students can read 'equals' of a hidden check" in found
    (found,) = said(run, "bad", "secrets", "release in en")
    assert "holds text of the solution of 'add-answer'" in found


def test_languages_that_differ_are_a_reason(run):
    (found,) = said(run, "bad", "languages", "en, ko")
    assert "assignments/ko/bad/bad.ipynb: add-answer: its code differs from that in 'en'" in found


def test_a_check_cell_that_ignores_the_answer_is_a_reason(run):
    (found,) = said(run, "loose", "emptied", "name")
    assert "name.value: the answer cell is empty, and this check passes all the same" in found
    assert said(run, "loose", "emptied", "add") == []


def test_a_name_that_the_text_asks_for_and_nobody_takes_is_a_reason(run):
    (found,) = said(run, "loose", "unasked", "name")
    assert "name: the text in 'en' asks for `name`, and the check cell does not hand it in" in found


def test_a_hidden_answer_that_a_text_tells_is_a_reason(run):
    (found,) = said(run, "loose", "told", "add.secret")
    assert "students read the answer of a hidden check before they give it: 2" in found and "text in ko" in found


def test_nbgraders_validator_agrees_where_the_reports_are_right(run):
    for assignment in ("good", "bad", "loose", "broken"):
        assert said(run, assignment, "nbgrader", "nbgrader validate") == []


# ---- without running a notebook


def test_only_some_parts_can_be_asked_for(course):
    done = invoke(course, "good", "--only", "checks", "--only", "languages")
    assert done.exit_code == 0, done.output
    assert "3/3" in done.stdout and "proven" in done.stdout
    done = invoke(course, "bad", "--only", "checks")
    assert done.exit_code == 1
    assert "no mutant in tests/mutants/bad is lost by this check" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "mutant"], "did you mean 'mutants'?"),
        (["--only", "xyz"], "There are solution, alternatives"),
        (["godo"], "did you mean 'good'?"),
        (["good", "--only", "checks", "--html", "/proc/nowhere/x.html"], "can't be written"),
    ],
)
def test_what_can_not_be_done_ends_with_its_code_and_the_remedy(course, arguments, message):
    done = invoke(course, *arguments)
    assert done.exit_code == (4 if "--html" in arguments else 2)
    assert message in done.stderr
