"""Questions that people grade: released, told apart from unanswered ones, waiting in the gradebook with their rubric, and counted when scored."""

import json
import shutil

import nbformat
import pytest
import yaml
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.authoring import release
from autograder.authoring.solved_notebooks import hand_in, solved
from autograder.authoring.verify import compare
from autograder.classroom.export import grades
from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.reference import _require_full_marks
from autograder.classroom.pages.class_page.page import Material, class_page
from autograder.cli import app as cli
from autograder.common.errors import AutograderError, CourseError, ReleaseError
from autograder.common.results import Status
from autograder.common.wire.submitted_notebook import restore
from autograder.course import course as course_module
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.course.released_checks import read
from autograder.course.released_notebook import released_notebook
from autograder.worker.answers import by_hand, unanswered, unseen
from tests.authoring.test_release import answer, code, test_cell
from tests.hand_built import NoLab, report_of, scalar

RUBRIC = [
    {"points": 2, "says": {"en": "names the cause", "ko": "원인을 말함"}},
    {"points": 1, "says": "is <b>clear</b>"},
]
QUESTIONS = {
    "name": {"title": "A name", "points": 1, "checks": [{"type": "value", "of": "name", "equals": "ada", "points": 1}]},
    "essay": {"title": "Why it overfits", "points": 3, "manual": True, "rubric": RUBRIC},
    "plot": {"title": "A plot", "points": 2, "manual": True},
    "explore": {"title": "Explore", "points": 4, "manual": True},
}


def cell(kind, name, source, **grading):
    made = getattr(nbformat.v4, f"new_{kind}_cell")(source, id=name)
    made.metadata["nbgrader"] = {
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        "schema_version": 3,
        "grade_id": name,
        **grading,
    }
    return made


def notebook():
    made = nbformat.v4.new_notebook()
    made.nbformat_minor = 5
    made.cells = [
        code("imports", "from autograder import check"),
        answer("name", "name = 'ada'"), test_cell("name", 1),
        cell("markdown", "essay", "### BEGIN SOLUTION\nBecause it learns the noise.\n### END SOLUTION", grade=True, solution=True, points=3),
        cell("code", "plot", "### BEGIN SOLUTION\ndrawn = [1, 2, 3]\n### END SOLUTION", grade=True, solution=True, points=2),
        cell("markdown", "explore", "Try something.\n### BEGIN MARK SCHEME\nAnything that was tried.\n### END MARK SCHEME", task=True, locked=True, points=4),
    ]  # fmt: skip
    return made


def make(root, questions=QUESTIONS, source=None):
    assignments = {"first": {"title": "First", "due": "2027-03-14T23:59:00+09:00", "questions": questions}}
    heading = {"id": "tiny", "title": "Tiny", "languages": ["en", "ko"]}
    (root / "solutions" / "first").mkdir(parents=True)
    (root / "course.yml").write_text(
        yaml.safe_dump({"course": heading, "networks": False, "assignments": assignments}, allow_unicode=True, sort_keys=False),
        "utf-8",
    )  # fmt: skip
    (root / "solutions" / "first" / "first.ipynb").write_text(json.dumps(source or notebook()), "utf-8")
    return course_module.load(root / "course.yml")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    course = make(tmp_path_factory.mktemp("manual"))
    release.release(course, ["first"])
    return course


@pytest.fixture
def course(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "course")
    return course_module.load(tmp_path / "course" / "course.yml")


def test_the_release_has_room_for_answers_and_no_mark_scheme(course):
    cells = {
        cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell for cell in released_notebook(course, "first").cells
    }
    assert "YOUR ANSWER HERE" in cells["essay"].source and "NotImplementedError" in cells["plot"].source
    assert cells["explore"].source.strip() == "Try something." and cells["explore"].metadata["nbgrader"]["task"]
    released = course.root / "assignments" / "en" / "first" / "checks.yml"
    assert "rubric" not in released.read_text("utf-8") and list(read(released).questions) == ["first.name"]
    assert list(read(course.root / "course.yml").questions) == ["first.name"]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("name", {"manual": True, "rubric": []}, "no checks: a person grades all of it"),
        ("essay", {"manual": False, "rubric": []}, "checks: this key is needed here"),
        ("name", {"rubric": RUBRIC}, "a rubric is of a question with `manual: true`"),
        ("essay", {"hints": ["Think."]}, "check.hint"),
        ("essay", {"rubric": [{"points": 3, "says": {"en": "x"}}]}, "essay.rubric.0.says: it has no text in 'ko'"),
        ("essay", {"rubric": [{"point": 1, "says": "x"}]}, "did you mean 'points'"),
        ("essay", {"points": 0}, "greater than 0"),
    ],
)
def test_a_question_that_is_half_manual_is_refused(tmp_path, name, change, said):
    with pytest.raises(CourseError) as caught:
        make(tmp_path, {**QUESTIONS, name: {**QUESTIONS[name], **change}})
    assert said in str(caught.value) and "course.yml:1: " not in str(caught.value)


def test_the_cell_and_course_yml_agree_on_who_grades(tmp_path):
    checked = {"title": "E", "points": 3, "checks": [{"type": "value", "of": "essay", "equals": 1, "points": 3}]}
    wrong = make(tmp_path / "a", {**QUESTIONS, "essay": checked})
    with pytest.raises(ReleaseError, match=r"people grade this cell, and course\.yml says nothing of it"):
        release.release(wrong, ["first"])
    wrong = make(tmp_path / "b", {**QUESTIONS, "name": {"title": "N", "points": 1, "manual": True}})
    with pytest.raises(ReleaseError, match=r"course\.yml says `manual: true`, and checks grade this cell"):
        release.release(wrong, ["first"])


def test_an_answer_that_was_not_given_is_told_from_one_that_waits(course):
    given = released_notebook(course, "first")
    whole, nothing = course.assignment("first"), nbformat.v4.new_notebook()
    assert unanswered(whole, restore(given, given)[0], given) == ["essay", "plot"]
    assert unanswered(whole, restore(nothing, given)[0], given) == ["essay", "plot"]  # cells that were deleted
    assert unanswered(whole, restore(solved(course, "first"), given)[0], given) == []


def test_what_students_write_is_kept_and_the_task_is_put_back(course):
    own = solved(course, "first")
    for one in own.cells:
        if one.metadata.get("nbgrader", {}).get("grade_id") in ("essay", "explore"):
            one.source = "Mine."
    kept, notes = restore(own, released_notebook(course, "first"))
    texts = {one.metadata.get("nbgrader", {}).get("grade_id"): one.source for one in kept.cells}
    assert texts["essay"] == "Mine." and texts["explore"].strip() == "Try something." and len(notes) == 1


def reported(course, student="alice", essay=True):
    asked = course.assignment("first").questions
    passed = unseen("name", asked["name"], "en", Status.PASSED, "")
    passed = passed.model_copy(
        update={"outcomes": tuple(one.model_copy(update={"points": one.out_of}) for one in passed.outcomes)}
    )
    people = [by_hand(key, asked[key], "en") for key in ("essay", "plot", "explore")]
    if not essay:
        people[0] = unseen("essay", asked["essay"], "en", Status.FAILED, "This question was not answered.")
    return report_of(passed, *people, student=student)


def test_a_report_that_waits_for_people_alone_is_settled(course):
    report = reported(course)
    assert report.undecided and not report.unsettled and report.complete and (report.points, report.out_of) == (1, 10)
    assert list(compare.full_marks(report, "x")) == []  # `verify`: a right notebook earns all that checks give
    lost = report.model_copy(
        update={
            "questions": (
                report.questions[0],
                unseen("plot", course.question("first.plot")[1], "en", Status.UNDECIDED, "lost"),
            )
        }
    )
    assert lost.unsettled and not lost.complete
    _require_full_marks(report)  # before a class is graded, the reference solution is
    with pytest.raises(AutograderError, match=r"earned 1 of 3 points(.|\n)*plot: lost"):
        _require_full_marks(lost)


def test_people_find_answers_with_their_rubric_and_their_scores_count(course):
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        book.write(reported(course), course, None)
        book.write(reported(course, "bob", essay=False), course, None)
        assert [(score.points, score.out_of, score.undecided) for score in book.scores()] == [(1, 10, 3), (1, 10, 2)]
        assert {entry.question: entry.waiting for entry in book.entries() if entry.student == "bob"} == {
            "name": False,
            "essay": False,
            "plot": True,
            "explore": True,
        }
        entries = book.entries()
    waiting = {grade.student: grade for grade in grades.make(course, entries, {}).grades}
    assert waiting["alice"].status is grades.State.UNDECIDED and waiting["alice"].points is None
    with Gradebook(address(course), "tiny") as raw:
        said = raw.find_comment("essay", "first", "first", "alice").comment
        assert "Rubric:\n- 2 points: names the cause\n- 1 point: `is <b>clear</b>`" in said
        assert "Rubric" not in (raw.find_comment("plot", "first", "first", "alice").comment or "")
        assert raw.find_comment("explore", "first", "first", "alice").comment  # a task has one, too
        for question, points in (("essay", 2.5), ("plot", 2), ("explore", 4)):
            grade = raw.find_grade(question, "first", "first", "alice")
            grade.manual_score, grade.needs_manual_grade = points, False
        raw.db.commit()
    with Book(address(course), "tiny") as book:
        book.write(reported(course), course, None)  # graded again: people's scores stay
        book.prepare(course, "first")
        (alice,) = [grade for grade in grades.make(course, book.entries(), {}).grades if grade.student == "alice"]
    assert (alice.points, alice.status) == (9.5, grades.State.FAILED)


@pytest.mark.parametrize("left", ["YOUR ANSWER HERE", " "])
def test_an_answer_that_its_author_never_wrote_is_told(tmp_path, left):
    source = notebook()
    next(cell for cell in source.cells if cell.id == "essay").source = left
    with pytest.raises(ReleaseError, match="essay: it has no answer"):
        release.release(make(tmp_path, source=source), ["first"])


def test_a_question_that_becomes_manual_moves_in_the_gradebook(course):
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        book.write(reported(course), course, None)
        source = notebook()
        source.cells = source.cells[:-1]
        less = make(course.root.parent / "less", {key: QUESTIONS[key] for key in ("name", "essay", "plot")}, source)
        book.prepare(less, "first")
        assert {entry.question for entry in book.entries()} == {"name", "essay", "plot"}


def test_the_class_page_groups_what_waits_with_the_rubric(course):
    page = class_page(Material(reports=[reported(course), reported(course, "bob", essay=False)]), course, "en")
    assert page.count("names the cause") == 1 and "is <b>clear</b>" not in page
    assert "원인을 말함" in class_page(Material(reports=[reported(course)]), course, "ko")


def test_one_check_among_others_may_be_a_persons():
    checks = [
        parse({"type": "value", "of": "n", "equals": 1, "points": 1}),
        parse({"type": "manual", "of": "why", "points": 2}),
    ]
    done = decide(checks, Facts({"n": scalar(1), "why": scalar("Because.")}, NoLab()), "en")
    assert [one.status for one in done] == [Status.PASSED, Status.UNDECIDED]
    assert done[1].by_hand and done[1].actual == "a person grades this: 'Because.'"
    for nothing in ({"n": scalar(1)}, {"n": scalar(1), "why": scalar(" ")}, {"n": scalar(1), "why": scalar(None)}):
        assert decide(checks, Facts(nothing, NoLab()), "en")[1].status is Status.FAILED


@pytest.mark.slow
def test_people_grade_a_class_from_release_to_export(course):
    root, folder = course.root, Folder(course.root)

    def run(*arguments, expected=0):
        done = CliRunner().invoke(cli.app, [arguments[0], "--course", str(root / "course.yml"), *arguments[1:]])
        assert done.exit_code == expected, (done.output, done.exception)
        return done

    hand_in(solved(course, "first"), folder.submitted, "alice", "first")
    hand_in(released_notebook(course, "first"), folder.submitted, "bob", "first")
    run("grade", "--no-memo", "--workers", "1", expected=3)
    alice, bob = (folder.read_report(Place(name, "first")) for name in ("alice", "bob"))
    assert [question.status for question in alice.questions] == [Status.PASSED, *[Status.UNDECIDED] * 3]
    assert [question.status for question in bob.questions] == [Status.FAILED] * 3 + [Status.UNDECIDED]
    again = json.loads(run("grade", "--json", "--workers", "1", expected=3).stdout)
    assert {one["again"] for one in again} == {True}  # nothing is run a second time for what only people tell
    assert json.loads(run("status", "--json").stdout)["undecided"]
    assert "undecided" in run("export", "--format", "csv", expected=3).stdout
    with Gradebook(address(course), "tiny") as raw:
        for student, scores in (("alice", {"essay": 3, "plot": 2, "explore": 4}), ("bob", {"explore": 1})):
            for question, points in scores.items():
                grade = raw.find_grade(question, "first", "first", student)
                assert grade.needs_manual_grade
                grade.manual_score, grade.needs_manual_grade = points, False
        raw.db.commit()
    totals = {one["student"]: one["total"] for one in json.loads(run("export", "--format", "json").stdout)["grades"]}
    assert totals == {"alice": 10, "bob": 1}
    written = (
        course.root / "course.yml"
    )  # a wrong answer key: what people graded was handed in to no judge, and is no new question
    written.write_text(written.read_text("utf-8").replace("equals: ada", "equals: eve"), "utf-8")
    run("release")
    assert "2 judged again" in run("regrade", "--yes", expected=3).stdout
    totals = {one["student"]: one["total"] for one in json.loads(run("export", "--format", "json").stdout)["grades"]}
    assert totals == {"alice": 9, "bob": 1}


@pytest.mark.slow
def test_a_course_that_people_grade_is_proven(course):
    parts = ("solution", "release", "languages", "emptied", "unasked", "nbgrader")
    only = [word for part in parts for word in ("--only", part)]
    path = str(course.root / "course.yml")
    done = CliRunner().invoke(cli.app, ["verify", "--course", path, "--no-memo", "--workers", "1", *only])
    assert done.exit_code == 0, done.output
