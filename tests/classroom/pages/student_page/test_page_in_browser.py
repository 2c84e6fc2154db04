"""A student's page in a real browser: what it says, on any screen, and that nothing of a student's runs."""

import json
import re

import nbformat
import pytest
from markupsafe import Markup

from autograder.classroom.pages.student_page.notebook import Cell, cells
from autograder.classroom.pages.student_page.page import Person, feedback_page
from tests.classroom import synthetic
from tests.classroom.synthetic import HOSTILE

CODE = nbformat.v4.new_code_cell


def section(page, question):
    return page.locator(f"#question-{question}")


def test_the_page_says_score_questions_checks_and_hints(show, feedback_file, feedback_report):
    page = show(feedback_file)
    # A person gave 1.5 for *Scale the images*.
    work = sum(1.5 if question.question == "scale" else question.points for question in feedback_report.questions)
    assert work != feedback_report.points
    assert page.title() == "A two-layer network · alice"
    assert (
        page.locator(".score").inner_text().replace("\n", " ") == f"{work - 2.5:g} / {feedback_report.out_of:g} points"
    )
    assert f"{work:g} points for your work, less 2.5 for being late." in page.locator(".deductions").inner_text()
    open_ = page.locator(".overview li .title").all_inner_texts()
    heads = page.locator("main > .question > header h2").all_inner_texts()[: len(open_)]
    assert all(head.endswith(title) for head, title in zip(heads, open_, strict=True))
    assert len(open_) + page.locator("details.right").count() == 12
    assert page.locator("details.right[open]").count() == 0
    layers = section(page, "model").locator(".check.failed").first
    assert "expected" in layers.inner_text() and "what was found" in layers.inner_text()
    assert layers.locator(".hint").inner_text() == "Hint A hint on layers: look again.".replace("Hint ", "Hint")
    assert "a person will look at it" in page.locator(".summary p").inner_text()
    assert "This question was not answered." in section(page, "formula").inner_text()
    assert "But look at the range." in section(page, "scale").inner_text()


def test_of_hidden_checks_it_shows_title_and_hint_and_no_parameters(show, feedback_file):
    steps = section(show(feedback_file), "steps").locator(".check.failed")
    assert "hidden check" in steps.inner_text()
    assert "A hint on" in steps.inner_text()
    assert steps.locator("dl").count() == 0


def test_the_networks_stand_side_by_side_with_the_layers_that_differ_marked(show, feedback_file):
    figure = section(show(feedback_file), "model").locator("figure")
    own, asked = figure.locator("svg").all()
    assert "Dense 50 units relu (differs)" in own.get_attribute("aria-label")
    assert "Dense 100 units sigmoid (differs)" in asked.get_attribute("aria-label")
    assert own.bounding_box()["y"] == asked.bounding_box()["y"]
    assert own.bounding_box()["x"] + own.bounding_box()["width"] < asked.bounding_box()["x"]


def test_the_learning_curve_has_the_threshold_and_the_images_that_were_got_wrong_are_there(show, feedback_file):
    page = show(feedback_file)
    accuracy = section(page, "accuracy")
    assert "asked for: 0.85" in accuracy.locator("svg").first.get_attribute("aria-label")
    assert "0.8421" in accuracy.locator(".measured").inner_text()
    images = accuracy.locator(".mistakes img")
    assert images.count() == 6
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth === 28)")
    assert images.first.get_attribute("alt") == "an image of the class Shirt, taken for T-shirt/top"


def test_the_numbers_behind_a_curve_open_by_keyboard(show, feedback_file):
    page = show(feedback_file)
    details = section(page, "accuracy").locator("figure details")
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.locator("tbody tr").count() == 5
    assert details.locator("tbody tr").first.is_visible()


def test_the_first_tab_skips_to_the_content(show, feedback_file):
    page = show(feedback_file)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")  # moving to a fragment is asynchronous


def test_what_was_asked_opens_the_notebook_at_its_text(show, feedback_file):
    from playwright.sync_api import expect

    page = show(feedback_file)
    text = page.locator("#text-accuracy").locator("..")
    expect(text).not_to_be_visible()
    page.locator("#question-accuracy .asked a").click()
    expect(text).to_be_in_viewport()
    expect(text).to_contain_text("Validation accuracy")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light"), (1920, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(show, feedback_file, amiss, width, scheme):
    page = show(feedback_file, width=width, color_scheme=scheme)
    assert amiss(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_is_dark_and_print_is_black_on_white(show, feedback_file):
    page = show(feedback_file, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(17, 22, 29)"
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_it_fits_on_two_pages_of_paper(show, feedback_file):
    pdf = show(feedback_file).pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))
    assert pdf.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2


def test_a_broken_limit_is_said_with_what_to_do(show, course, tmp_path):
    path = tmp_path / "stopped.html"
    path.write_text(feedback_page(synthetic.stopped(course), course), "utf-8")
    callouts = show(path).locator(".callout.bad")
    assert "Cell 7 was stopped after 900 s." in callouts.nth(0).inner_text()
    assert "a loop that never ends" in callouts.nth(0).inner_text()
    assert "more memory" in callouts.nth(1).inner_text()


def test_korean_pages_speak_korean(show, course, picture, tmp_path, amiss):
    path = tmp_path / "ko.html"
    report = synthetic.report(course, "하늘", "two_layer", failing={"accuracy.accuracy"}, measured=0.8421)
    code = [Cell(1, "train-answer", code=Markup(f"<pre>model.fit({'x' * 300})</pre>"))]
    path.write_text(feedback_page(report, course, speak="ko", image=picture, cells=code), "utf-8")
    page = show(path)
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.title() == "2층 신경망 · 하늘"
    said = page.locator("body").inner_text()
    for words in ("검증 정확도", "신경망이 틀린 검증 세트 이미지", "요구 기준: 0.85", "힌트", "12개 문제 중 11개"):
        assert words in said
    assert amiss(page) == []


def hostile_notebook():
    html = nbformat.v4.new_output("display_data", data={"text/html": HOSTILE, "text/plain": HOSTILE})
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=HOSTILE),
        nbformat.v4.new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE]),
        html,
        nbformat.v4.new_output("display_data", data={"image/png": '" onerror="document.title=1'}),
        nbformat.v4.new_output("display_data", data={"text/markdown": f"[x](javascript:alert(1)) {HOSTILE}"}),
    ]
    answer = CODE(
        f"# {HOSTILE}", outputs=outputs, metadata={"nbgrader": {"grade_id": "model-answer", "solution": True}}
    )
    text = nbformat.v4.new_markdown_cell(
        f"# {HOSTILE}\n\n[x](javascript:document.title='owned') <iframe src=x></iframe>"
    )
    return nbformat.v4.new_notebook(cells=[text, answer])


def test_nothing_that_a_student_wrote_runs(show, course, picture, tmp_path):
    report = synthetic.report(course, HOSTILE, "two_layer", failing={"model.layers"}, notes=(HOSTILE,))
    document = report.model_dump(mode="json")
    for question in document["questions"]:
        question["problem"] = question["hint"] = HOSTILE
        for outcome in question["outcomes"]:
            outcome.update(title=HOSTILE, expected=HOSTILE, actual=HOSTILE, hint=HOSTILE)
        for network in (question["exhibit"] or {}).get("networks", []):
            network["name"] = HOSTILE
            for layer in network["layers"]:
                layer.update(type=HOSTILE[:100], name=HOSTILE, activation=HOSTILE)
        for curve in (question["exhibit"] or {}).get("curves", []):
            curve.update(network=HOSTILE, optimizer=HOSTILE)
    hostile = type(report).from_json(json.dumps(document))
    path = tmp_path / "hostile.html"
    person = Person({}, {"scale": HOSTILE})
    path.write_text(
        feedback_page(hostile, course, cells=cells(hostile_notebook()), image=picture, person=person), "utf-8"
    )
    page = show(path)
    page.wait_for_timeout(200)
    assert page.title().startswith("A two-layer network")
    assert page.locator("script").count() == 0
    assert page.locator("iframe, [onerror], a[href^='javascript']").count() == 0
    assert "<script>document.title='owned'</script>" in page.locator("body").inner_text()


def test_even_a_script_that_got_in_would_not_run(browser, feedback_file, tmp_path):
    """The content security policy by itself: the page as it is, with a script put into it."""
    path = tmp_path / "injected.html"
    text = feedback_file.read_text("utf-8")
    path.write_text(text.replace("<main", "<script>document.title='owned'</script><main", 1), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(200)
    assert page.locator("script").count() == 1
    assert page.title() == "A two-layer network · alice"
    page.close()
