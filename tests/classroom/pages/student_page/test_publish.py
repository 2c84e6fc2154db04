"""`autograder feedback`, and the same pages by nbgrader's own commands: made, released, and what people wrote is in them."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash
from typer.testing import CliRunner

from autograder.authoring import demo as authoring_demo
from autograder.authoring import release
from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.pages.student_page.publish import write_all
from autograder.cli import demo
from autograder.cli.app import app
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course import course as course_module
from autograder.course.released_notebook import released_notebook
from tests.authoring.test_release import make
from tests.conftest import ROOT
from tests.hand_built import report_of

SECRET = "b" * 30
STAMP = "2027-03-14 12:00:00 UTC"


def report(student="alice", language="en"):
    failed = Outcome(
        check="secret", title="A secret", status=Status.FAILED, out_of=1.5, hint="Think again.", hidden=True
    )
    shown = Outcome(check="shown", title="`total` is 5", status=Status.PASSED, points=0.5, out_of=0.5)
    name = Outcome(check="name", title="The name", status=Status.PASSED, points=1.0, out_of=1.0)
    questions = (
        QuestionResult(question="add", title="Addition", out_of=2.0, outcomes=(shown, failed)),
        QuestionResult(question="name", title="A name", out_of=1.0, outcomes=(name,)),
    )
    return report_of(*questions, student=student, language=language, versions={"keras": "3.15.1"})


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course in which alice handed in through the exchange and bob by e-mail, and a person has looked at alice's work."""
    root = tmp_path_factory.mktemp("graded")
    course = make(root)
    release.release(course, ["first"])
    config = (ROOT / "nbgrader_config.py").read_text("utf-8").replace("deep-neural-networks", "tiny")
    (root / "nbgrader_config.py").write_text(config, "utf-8")
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        for student in ("alice", "bob"):
            folder = root / "reports" / student
            folder.mkdir(parents=True)
            (folder / "first.json").write_text(report(student).to_json(), "utf-8")
            book.write(report(student), course, None)
            for place in ("submitted", "autograded"):
                work = root / place / student / "first"
                work.mkdir(parents=True)
                notebook = released_notebook(course, "first")
                notebook.cells[1].source = "total = 2 + 3  # mine"
                nbformat.write(notebook, work / "first.ipynb")
                if student == "alice":
                    (work / "timestamp.txt").write_text(STAMP)
                    (work / "submission_secret.txt").write_text(SECRET)
    with Gradebook(address(course), "tiny") as raw:
        raw.find_grade("add", "first", "first", "alice").manual_score = 1.25
        raw.find_comment("add-answer", "first", "first", "alice").manual_comment = "Well argued, <b>alice</b>."
        raw.db.commit()
    return root


@pytest.fixture
def root(graded, tmp_path):
    copy = tmp_path / "course"
    shutil.copytree(graded, copy)
    return copy


def run(root, *arguments):
    return CliRunner().invoke(app, [*arguments, "--course", str(root / "course.yml")])


def nbgrader(root, *arguments):
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(root / "nothing"), "HOME": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_each_report_becomes_the_page_that_nbgrader_releases(root):
    done = run(root, "feedback")
    assert done.exit_code == 0, done.output
    assert "2 pages in" in done.output
    assert "1 of them did not come through nbgrader's exchange: give it back yourself." in done.output
    alice, bob = (root / "feedback" / name / "first" for name in ("alice", "bob"))
    assert sorted(path.name for path in alice.iterdir()) == ["first.html", "submission_secret.txt", "timestamp.txt"]
    assert sorted(path.name for path in bob.iterdir()) == ["first.html"]
    page = (alice / "first.html").read_text("utf-8")
    assert "A person gave 1.25 points for this question." in page
    assert "Well argued, &lt;b&gt;alice&lt;/b&gt;." in page
    assert "mine" in page


def test_nbgraders_own_commands_make_the_same_page_and_release_it(root):
    """Where there is no report, it is nbgrader's own page, as without us."""
    run(root, "feedback", "--student", "alice")
    place = root / "feedback" / "alice" / "first"
    ours = (place / "first.html").read_text("utf-8")
    shutil.rmtree(root / "feedback")
    (root / "reports" / "bob" / "first.json").unlink()
    nbgrader(root, "generate_feedback", "first")
    assert (place / "first.html").read_text("utf-8") == ours
    assert "(Score: 1.5 / 3.0)" in (root / "feedback" / "bob" / "first" / "first.html").read_text("utf-8")
    exchange = root / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    nbgrader(root, "release_feedback", "first", "--student=alice", f"--Exchange.root={exchange}")
    released = exchange / "tiny" / "feedback" / f"{notebook_hash(secret=SECRET, notebook_id='first')}.html"
    assert released.read_text("utf-8") == ours


def test_pages_speak_another_language_than_the_reports_and_say_what_they_leave_in_it(root):
    done = run(root, "feedback", "first", "--language", "ko", "--student", "bob")
    page = (root / "feedback" / "bob" / "first" / "first.html").read_text("utf-8")
    assert '<html lang="ko">' in page and "덧셈" in page
    assert "다른 언어로 채점되었습니다" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["feedback", "frist"], "frist"),
        (["feedback", "--language", "fr"], "the course has no language 'fr'"),
        (["feedback", "--student", "alcie"], "alice"),
        (["report", "--assignment", "frist"], "frist"),
    ],
)
def test_what_is_not_there_is_an_error_with_a_remedy(root, arguments, said):
    done = run(root, *arguments)
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("arguments", [["feedback"], ["report", "--output", "class.html"]])
def test_a_broken_report_is_named_and_stops_nobody_elses_page(root, monkeypatch, arguments):
    monkeypatch.chdir(root)
    (root / "reports" / "bob" / "first.json").write_text("{", "utf-8")
    done = run(root, *arguments)
    assert done.exit_code == 1
    assert "bob/first.json is damaged" in done.output.replace("\n", "") and "`autograder grade`" in done.output
    page = root / ("class.html" if arguments[0] == "report" else "feedback/alice/first/first.html")
    assert "alice" in page.read_text("utf-8")
    assert not (root / "feedback" / "bob").exists()


def test_what_was_written_ends_as_links_to_open(root, monkeypatch, capsys):
    page, of_class = root / "feedback" / "alice" / "first" / "first.html", root / "class.html"
    assert page.as_uri() in run(root, "feedback").output.replace("\n", "")
    assert of_class.as_uri() in run(root, "report", "--output", str(of_class)).output.replace("\n", "")
    shutil.rmtree(root / "feedback")
    of_class.unlink()
    monkeypatch.setattr(authoring_demo, "SHOWN", Place("alice", "first"))
    demo.pages(course_module.load(root / "course.yml"), root)  # as `autograder demo` ends
    assert capsys.readouterr().out.split() == [of_class.as_uri(), page.as_uri()]
    assert of_class.is_file() and page.is_file()


def test_a_page_is_made_also_without_gradebook_and_notebook(root):
    (root / "gradebook.db").unlink()
    shutil.rmtree(root / "autograded")
    assert run(root, "feedback").exit_code == 0
    assert "A person gave" not in (root / "feedback" / "alice" / "first" / "first.html").read_text("utf-8")


def test_links_out_of_the_submitted_folder_are_not_followed(root):
    secret = root / "submitted" / "alice" / "first" / "submission_secret.txt"
    secret.unlink()
    secret.symlink_to(root / "course.yml")
    run(root, "feedback", "--student", "alice")
    assert not (root / "feedback" / "alice" / "first" / "submission_secret.txt").exists()


def test_the_class_page_has_gradebook_scores_links_times_and_similar_notebooks(root):
    from autograder.classroom.grading.journal import Entry

    (root / "journal" / "entries" / "alice").mkdir(parents=True)
    (root / "journal" / "entries" / "alice" / "first.json").write_text(
        Entry(key="", report="", notebook="", points=1, out_of=3, seconds=61.25).model_dump_json(), "utf-8"
    )
    course = course_module.load(root / "course.yml")
    changed = report("bob").model_copy(update={"questions": report("bob").questions[:1]})
    from autograder.classroom.pages.class_page.material import gather

    material = gather(course, [report("alice"), changed], "https://grading.example/formgrader/")
    assert material.standings["alice", "first"].total == 2.25  # 1.25 by a person
    assert material.links["alice", "first"].startswith("https://grading.example/formgrader/submissions/")
    assert material.seconds == {("alice", "first"): 61.25}
    assert material.differences == {("bob", "first"): (0.5, 1.5)}
    assert material.similar == {"first": []}
    assert material.scored == {("alice", "first"): {"add": 1.25}}
    folder = Folder(root)
    before = gather(course, [report("alice"), changed], beside=root / "some" / "where").pages
    write_all(course, [report("alice")])
    pages = gather(course, [report("alice"), changed], beside=root / "some" / "where").pages
    assert pages == before  # whichever of the two was made first
    for student in ("alice", "bob"):
        address = root / "some" / "where" / pages[student, "first"]
        assert address.resolve() == folder.page(report(student)).resolve()


def test_the_class_page_says_what_changed_since_the_last_one(root):
    page = root / "class.html"
    told = lambda: page.read_text("utf-8").partition('<details class="since">')[2].partition("</summary>")[0]  # noqa: E731
    again = report("bob").model_copy(update={"submission": "1"})
    for text, expected in (
        ("", ""),
        (again.to_json(), ": 1 handed in again."),
        (again.to_json(), ": 1 handed in again."),
    ):
        if text:
            (root / "reports" / "bob" / "first.json").write_text(text, "utf-8")
        assert run(root, "report", "--no-similar", "--output", str(page)).exit_code == 0
        assert expected in told() and bool(expected) == bool(told())
    assert run(root, "report", "--output", str(root)).exit_code == 4  # nobody saw that one
    assert (root / "journal" / "class.json").is_file()


def test_report_says_which_feedback_pages_its_links_wait_for(root):
    told = lambda: run(root, "report", "--no-similar", "--output", str(root / "class.html")).output  # noqa: E731
    shutil.rmtree(root / "feedback", ignore_errors=True)
    assert "links to 2 feedback pages that aren't there yet: `autograder feedback` makes them" in told()
    assert run(root, "feedback", "--student", "alice").exit_code == 0
    assert "links to 1 feedback page that isn't there yet" in told()
    assert run(root, "feedback").exit_code == 0
    assert "aren't there" not in told() and "isn't there" not in told()


def test_the_class_page_is_one_file(root, tmp_path):
    target = tmp_path / "pages" / "class.html"
    done = run(root, "report", "--output", str(target))
    assert done.exit_code == 0, done.output
    assert "2 submissions" in done.output
    page = target.read_text("utf-8")
    assert "alice" in page and "vegaEmbed" in page
    assert "src=" not in page.partition("<script>")[0]
    assert run(root, "report", "--output", str(root)).exit_code == 4
