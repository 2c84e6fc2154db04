"""A student's page as it is written, without a browser: what it names first, and that nothing is missing or twice."""

import io

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from autograder.classroom.gradebook.comments import question_text
from autograder.classroom.pages.student_page.notebook import Cell, cells
from autograder.classroom.pages.student_page.page import Person, feedback_page
from autograder.common.cells import grade_id_of
from autograder.common.results import FirstCause, Status
from autograder.common.showing.outcome_table import as_html, as_text
from autograder.course.released_notebook import released_notebook
from tests.classroom import synthetic

UNSCALED = {"scale.range", "scale.pixels", "train.trained_on", "accuracy.accuracy", "accuracy.unseen_images"}


def page(report, course, **known):
    return BeautifulSoup(feedback_page(report, course, **known), "html.parser")


def opening(made):
    return " ".join(made.select_one(".summary p").get_text().split())


def test_the_sentence_beside_the_score_names_what_to_repair_and_what_hangs_on_it(course):
    report = synthetic.report(course, "alice", "two_layer", failing=UNSCALED)
    assert opening(page(report, course)) == (
        "Repair “Scale and reshape the images”: 2 later questions probably come right with it, +5 points. "
        "9 of 12 questions are completely right."
    )
    assert opening(page(report, course, speak="ko")).startswith(
        "“이미지의 스케일과 모양 바꾸기” 문제를 고치세요. 뒤의 문제 2개도"
    )


def test_it_names_the_earliest_open_question_and_no_more_than_that_brings(course):
    report = synthetic.report(course, "alice", "two_layer", failing={"collapse.unseen", "compile.metrics"})
    assert opening(page(report, course)).startswith("Repair “Two linear layers are one” first: +1.5 points.")
    empty = synthetic.report(course, "alice", "two_layer", missing=("formula",))
    assert opening(page(empty, course)).startswith("Answer “A formula for the parameters” next: +2 points.")


def test_what_a_person_scored_in_full_is_not_to_be_repaired(course):
    report = synthetic.report(course, "alice", "two_layer", failing={"collapse.unseen", "compile.metrics"})
    made = page(report, course, person=Person({"collapse": 2.5}))
    assert opening(made).startswith("Repair “Compile” first")


def test_the_first_error_is_told_after_what_to_repair(course):
    cause = FirstCause(
        cell=9,
        question="compile",
        place="Compile",
        error="x",
        questions=("train", "accuracy"),
        sentence="It began in “Compile”.",
    )
    report = synthetic.report(course, "alice", "two_layer", missing=("compile", "train", "accuracy"), first_cause=cause)
    assert opening(page(report, course)) == (
        "Repair “Compile”: 2 later questions probably come right with it, +6.5 points. It began in “Compile”. "
        "9 of 12 questions are completely right."
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), assignment=st.sampled_from(("two_layer", "deep", "flatten_relu", "optimizers")))
@pytest.mark.filterwarnings("ignore")
def test_every_open_question_comes_before_every_right_one_and_each_is_there_once(course, seed, assignment):
    for report in synthetic.classroom(course, 1, (assignment,), seed):
        made = page(report, course)
        anchors = [one["id"] for one in made.select("[id^=question-]") if not one["id"].endswith("-title")]
        open_ = [q.question for q in report.questions if q.status is not Status.PASSED]
        right = [q.question for q in report.questions if q.status is Status.PASSED]
        assert anchors == [f"question-{key}" for key in [*open_, *right]]
        assert [one["id"] for one in made.select("details.right")] == [f"question-{key}" for key in right]
        targets = [link["href"] for link in made.select("a[href^='#question-']")]
        assert all(target[1:] in anchors for target in targets)
        drawings = [
            str(svg) for svg in made.select("svg[aria-label*=epoch], svg[aria-label*=Accuracy], svg[aria-label*=Loss]")
        ]
        assert len(drawings) == len(set(drawings))


def test_curves_are_drawn_where_they_are_measured_and_pointed_to_from_elsewhere(course):
    made = page(synthetic.report(course, "alice", "two_layer"), course)
    train, accuracy = (made.find(id=f"question-{key}") for key in ("train", "accuracy"))
    assert len(accuracy.select("svg[aria-label^=Accuracy]")) == 1
    assert not train.select("svg[aria-label^=Accuracy]")
    assert train.select_one("a[href='#question-accuracy']")


def test_an_open_question_shows_the_curves_rather_than_a_right_one(course):
    made = page(synthetic.report(course, "alice", "two_layer", failing={"train.epochs"}), course)
    assert made.find(id="question-train").select("svg[aria-label^=Accuracy]")


def test_every_question_leads_to_its_text_in_the_notebook_below(course):
    """Also two that are asked in one text, and none that the student's notebook no longer has."""
    notebook = released_notebook(course, "two_layer")
    names = [grade_id_of(cell) for cell in notebook.cells]
    del notebook.cells[names.index("compile-answer")]
    del notebook.cells[names.index("outputs-answer") - 1 : names.index("outputs-answer")]  # asked above "collapse", now
    made = page(synthetic.report(course, "alice", "two_layer"), course, cells=cells(notebook))
    for key, question in course.assignment("two_layer").questions.items():
        links = made.select(f"#question-{key} .asked a")
        assert len(links) == (key != "compile")
        if links and key not in ("outputs", "collapse"):
            cell = made.select_one(links[0]["href"]).parent
            assert question.title.in_language("en") in cell.find("h2").get_text()
            assert "¶" not in cell.get_text()
    assert len(made.select("[id^=text-]")) == len(course.assignment("two_layer").questions) - 1


def test_a_broken_limit_and_the_notebook_name_questions_and_no_numbers_of_cells(course):
    shown = [Cell(number, name) for number, name in ((7, "model-answer"), (10, "train-answer"))]
    made = page(synthetic.stopped(course), course, cells=[*shown, Cell(11)])
    callouts = [one.get_text() for one in made.select(".callout.bad")]
    assert "That is your answer to “The network”." in callouts[0]
    assert "That is your answer to “Train for five epochs”." in callouts[1]
    assert "Cell 11" not in made.get_text()


def test_what_several_checks_say_is_said_once_wherever_it_is_shown(course):
    """A fit() that ended with an error leaves nothing for any check of its question."""
    report = synthetic.report(
        course, "alice", "two_layer", failing={"train.trained_on", "train.epochs", "train.batch_size"}
    )
    said = {"expected": "a trained network", "actual": "fit() has not run", "hint": "Mend what fit() raised."}

    def untrained(result):
        outcomes = tuple(one.model_copy(update=said) for one in result.outcomes)
        return result.model_copy(update={"outcomes": outcomes}) if result.question == "train" else result

    report = report.model_copy(update={"questions": tuple(map(untrained, report.questions))})
    own = next(result for result in report.questions if result.question == "train")
    screen = io.StringIO()
    Console(file=screen, width=300).print(as_text(own))
    shown = (
        page(report, course).select_one("#question-train").get_text(),
        question_text(own),
        as_html(own),
        screen.getvalue(),
    )
    for text in shown:
        assert [text.count(part) for part in ("fit() has not run", "Mend what fit() raised.")] == [1, 1], text
        assert all(check.title.split(",")[0] in text for check in own.outcomes), text
