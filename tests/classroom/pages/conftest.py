"""A real Chromium, and pages of made-up reports, each made once."""

import os
import shutil
from contextlib import contextmanager

import pytest

from tests.classroom import synthetic

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def chromium():
    """Where Chromium is: ``AUTOGRADER_CHROMIUM``, or the system's."""
    named = os.environ.get("AUTOGRADER_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.fail("Chromium is missing: run `make test-slow`, or `sudo apt-get install chromium`", pytrace=False)
    return found


@contextmanager
def started():
    """A Chromium, for as long as the block. What a test expects of a page may come late on a busy machine."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")  # Playwright keeps an event loop running, which other tests must not find
def browser():
    with started() as browser:
        yield browser


@pytest.fixture
def show(browser):
    """Open a file in a new page: ``show(path, color_scheme="dark")``. No request may leave, no script may fail, nothing be refused."""
    pages, wrong = [], []

    def open_(path, width=1200, **settings):
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        page = context.new_page()
        pages.append(context)
        page.on(
            "request",
            lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        return page

    yield open_
    for context in pages:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def picture():
    """Any image of the data set, as the pages embed it."""
    import numpy as np

    from autograder.classroom.pages.student_page.pictures import png

    return lambda row: png((np.arange(784, dtype=np.uint16) * (row % 7 + 1) % 256).astype(np.uint8).reshape(28, 28))


@pytest.fixture(scope="session")
def feedback_report(course):
    """The report of a student who got some of it right."""
    return synthetic.report(
        course, "alice", "two_layer", failing={"model.layers", "accuracy.accuracy", "steps.one_batch"},
        undecided={"collapse.unseen"}, missing=("formula",), measured=0.8421,
    )  # fmt: skip


@pytest.fixture(scope="session")
def feedback_file(course, feedback_report, picture, tmp_path_factory):
    """That student's page; its path."""
    from autograder.classroom.pages.student_page.bands import bands
    from autograder.classroom.pages.student_page.notebook import cells
    from autograder.classroom.pages.student_page.page import Person, feedback_page
    from autograder.course.released_notebook import released_notebook

    person = Person({"scale": 1.5}, {"scale": "Nice idea.\nBut look at the range."}, 2.5)
    behind = bands(synthetic.report(course, f"s{n}", "two_layer", measured=0.8 + n / 100) for n in range(9))
    shown = cells(released_notebook(course, "two_layer"))
    path = tmp_path_factory.mktemp("feedback") / "alice.html"
    path.write_text(
        feedback_page(feedback_report, course, image=picture, person=person, bands=behind, cells=shown), "utf-8"
    )
    return path


@pytest.fixture(scope="session")
def class_file(course, tmp_path_factory):
    """The page of a class of sixteen; its path."""
    from autograder.classroom.pages.class_page.page import Material, class_page
    from autograder.classroom.pages.class_page.similar import Group
    from autograder.classroom.pages.class_page.since import Looks, compare, shown

    reports = synthetic.classroom(course, 16, ("deep", "optimizers"), seed=4)
    places = [(report.student, report.assignment) for report in reports]
    _first, looks = compare(Looks(), shown(reports[:-3], {places[0]: (1.0, True)}), "2027-03-14 23:59 UTC")
    material = Material(
        reports,
        since=compare(looks, shown(reports, {}), "later")[0],
        pages={place: f"feedback/{place[0]}/{place[1]}/{place[1]}.html" for place in places},
        links={place: f"http://localhost:8888/formgrader/submissions/{number}/" for number, place in enumerate(places)},
        seconds={place: number * 1.5 for number, place in enumerate(places)},
        similar={"deep": [Group(("student-03", "student-17"), False, 46, 0.91, ("for batch in range(1500):",))]},
        differences={("student-04", "deep"): (18.5, 17.0)},
    )
    path = tmp_path_factory.mktemp("class") / "class.html"
    path.write_text(class_page(material, course), "utf-8")
    return path


@pytest.fixture(scope="session")
def amiss():
    """What axe-core finds on a page with everything unfolded, in words, also what it calls minor."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page):
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        found = Axe().run(page).response["violations"]
        return [
            f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for violation in found
            for node in violation["nodes"][:3]
        ]

    return find
