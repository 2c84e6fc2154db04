"""nbgrader's formgrader in a real browser, over a gradebook that grading wrote."""

import os

import pytest
from playwright.sync_api import expect

from autograder.authoring import release
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from tests.authoring.test_release import make
from tests.classroom.gradebook.test_book import NAME, UNSURE, autograded, report
from tests.serving import jupyter

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "tiny"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments/en"
"""


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """The address of formgrader: alice has an undecided question, bob a failed one; 0.5 of 3 points each."""
    root = tmp_path_factory.mktemp("course")
    course = make(root)
    release.release(course, ["first"])
    (root / "nbgrader_config.py").write_text(CONFIG)
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        for student, name in (("alice", UNSURE), ("bob", NAME)):
            autograded(course, student)
            book.write(report(student, name=(name,)), course, None)
    home = tmp_path_factory.mktemp("home")
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    formgrader = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"
    with jupyter("jupyter_server", root, home / "server.log", {**os.environ, **own}, formgrader) as server:
        yield f"{server}/formgrader"


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    page.close()


def test_the_class_is_listed_with_its_scores_and_who_waits_for_a_person(formgrader, page, tmp_path):
    page.goto(f"{formgrader}/manage_submissions/first")
    for student, status in (("alice", "needs manual grading"), ("bob", "graded")):
        row = page.locator("tbody tr", has_text=student)
        expect(row).to_contain_text("0.5 / 3")
        expect(row).to_contain_text(status)
    page.screenshot(path=tmp_path / "class.png")


def test_a_submission_shows_what_each_question_earned_and_why(formgrader, page, tmp_path):
    page.goto(f"{formgrader}/gradebook/first/first")
    page.get_by_role("link", name="Submission #2").click()
    page.wait_for_url("**/submissions/**")
    scores = page.locator("input.score")
    expect(scores).to_have_count(2)
    for number, score in enumerate(("0.5", "0")):  # formgrader fetches scores and comments after the page has come
        expect(scores.nth(number)).to_have_attribute("placeholder", score)
    comment = page.locator("textarea.comment[placeholder*='Think again.']")
    expect(comment).to_have_count(1)
    shown = [
        box.input_value() + (box.get_attribute("placeholder") or "") for box in page.locator("textarea.comment").all()
    ]
    assert len(shown) == 2 and not any("987654" in text for text in shown)
    page.screenshot(path=tmp_path / "submission.png", full_page=True)
