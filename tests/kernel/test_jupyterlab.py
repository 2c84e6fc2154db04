"""A student's notebook in JupyterLab and in Notebook 7, in a real browser: filled in, run from its menu, answered by check()."""

import os
import shutil
from contextlib import suppress

import nbformat
import pytest
from playwright.sync_api import TimeoutError, expect

from autograder.authoring.solved_notebooks import edited, solved
from tests.classroom.pages.conftest import started
from tests.conftest import ROOT
from tests.serving import jupyter

pytestmark = pytest.mark.timeout(1800)
ASSIGNMENT = "flatten_relu"
LAST = "model"  # what comes after this question needs training
LEFT_OUT = ("compare", "deep", "explain")  # and so do these cells before it
SLIP = [('Dense(100, activation="relu")', 'Dense(90, activation="relu")')]


def begun(course, language):
    """The released notebook, solved up to the model, with a slip in it, and a look at what is left."""
    notebook = edited(solved(course, ASSIGNMENT, language), {f"{LAST}-answer": SLIP})
    ends = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells].index(LAST)
    progress = nbformat.v4.new_code_cell("check.progress()", id="progress")
    cells = [cell for cell in notebook.cells[: ends + 1] if not cell.id.startswith(LEFT_OUT)]
    notebook.cells = [*cells, progress]
    return notebook


@pytest.fixture(scope="module")
def home(course, tmp_path_factory):
    """A student's home, whose folders en/ and ko/ are what the student got."""
    home = tmp_path_factory.mktemp("home")
    for language in ("en", "ko"):
        folder = home / language
        folder.mkdir()
        shutil.copy(ROOT / "assignments" / language / ASSIGNMENT / "checks.yml", folder)
        nbformat.write(begun(course, language), folder / f"{ASSIGNMENT}.ipynb")
    # Every cell is in the page, also those out of sight.
    settings = home / ".jupyterlab_settings_dir" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    return home


@pytest.fixture(scope="module")
def environment(home):
    own = {name: str(home / f".{name.lower()}") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")}  # fmt: skip
    return {**{key: value for key, value in os.environ.items() if not key.startswith("AUTOGRADER_")}, **own}


@pytest.fixture(scope="module")
def lab(home, environment):
    """The address of JupyterLab over that home."""
    options = ("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    with jupyter("jupyterlab", home, home / "lab.log", environment, *options) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


def run_all(browser, address):
    """Open the notebook, choose "Run All Cells" from the menu, and wait for what the last cell shows.

    A page that orders while the kernel, though "idle", is still being connected may lose all cells or all but the first, and
    whatever it orders later: then the notebook is opened again, as a person would.
    """
    for patience in (90_000, 120_000, 240_000, 480_000):  # on a busy machine the kernel imports TensorFlow for minutes
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        page.wait_for_timeout(3_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(TimeoutError):
            page.locator("table.autograder-progress").wait_for(timeout=patience)
            return page
        page.close()
    raise AssertionError("none of the pages ran the notebook to its end")


def test_check_answers_inside_jupyterlab(browser, lab, tmp_path):
    page = run_all(browser, f"{lab}/lab/workspaces/en/tree/en/{ASSIGNMENT}.ipynb")
    table = page.locator("table.autograder-check").last
    table.scroll_into_view_if_needed()
    expect(table).to_contain_text("flatten_relu.model")
    expect(table).to_contain_text("Layer 2: it has 90 units, and should have 100.")
    expect(page.locator("table.autograder-check").first).to_contain_text("flatten_relu.activations")
    drawings = page.locator("details[open] figure svg")
    expect(drawings).to_have_count(2)
    assert all(drawings.nth(n).bounding_box()["width"] > 200 for n in range(2))
    progress = page.locator("table.autograder-progress")
    expect(progress).to_contain_text("partly")
    expect(progress).to_contain_text("not answered yet")
    page.screenshot(path=tmp_path / "check-en.png")
    progress.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "progress-en.png")
    page.close()


def test_check_speaks_korean_in_the_korean_notebook(browser, lab, tmp_path):
    page = run_all(browser, f"{lab}/lab/workspaces/ko/tree/ko/{ASSIGNMENT}.ipynb")
    table = page.locator("table.autograder-check").last
    table.scroll_into_view_if_needed()
    expect(table).to_contain_text("2번째 층: 뉴런이 90개입니다. 100개여야 합니다.")
    expect(page.locator("table.autograder-progress")).to_contain_text("진행 상황")
    page.screenshot(path=tmp_path / "check-ko.png")
    page.close()


def test_check_answers_inside_notebook_7(browser, home, environment, tmp_path):
    with jupyter("notebook", home, home / "notebook.log", environment) as address:
        page = run_all(browser, f"{address}/notebooks/en/{ASSIGNMENT}.ipynb")
        table = page.locator("table.autograder-check").last
        table.scroll_into_view_if_needed()
        expect(table).to_contain_text("Layer 2: it has 90 units, and should have 100.")
        expect(page.locator("details[open] figure svg")).to_have_count(2)
        expect(page.locator("table.autograder-progress")).to_contain_text("partly")
        page.screenshot(path=tmp_path / "check-notebook.png")
        page.close()
