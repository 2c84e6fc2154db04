"""Alternatives and mutants as files: what is wrong with one is said with file, key and remedy."""

import pytest
import yaml

from autograder.authoring.verify import mutants_and_alternatives
from autograder.common.errors import CourseError
from tests.authoring.verify import courses_to_prove
from tests.conftest import ROOT

LEAST = {mutants_and_alternatives.ALTERNATIVES: 8, mutants_and_alternatives.MUTANTS: 12}


@pytest.fixture
def course(tiny_course):
    return tiny_course


def mutant(course, text):
    courses_to_prove.put(course.root, "mutants", {"m": text})
    return mutants_and_alternatives.read_mutant(course.root / "tests/mutants/first/m.yml", course)


def alternative(course, document):
    courses_to_prove.put(course.root, "alternatives", {"a": document})
    return mutants_and_alternatives.read_alternative(course.root / "tests/alternatives/first/a.yml")


GOOD = "why: A slip.\nedits: {name-answer: name = 1}\nloses: {name.value: '1'}\n"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("why: [", "m.yml:1: a value is missing inside of brackets", ""),
        ("- a", "should hold keys such as 'why' and 'edits'", ""),
        ("why: x\nloses: {name.value: a}\nwhy: y", "the key 'why' stands twice", ""),
        ("loses: {name.value: a}", "m.yml:1: why: this key is needed here", "docs/verifying.md"),
        ("why: ''\nloses: {name.value: a}", "m.yml:1: why: should not be empty", "docs/verifying.md"),
        ("why: x", "m.yml:1: loses: this key is needed here", "docs/verifying.md"),
        ("why: x\nloses: {}", "m.yml:2: loses: should not be empty", "docs/verifying.md"),
        ("why: x\nlooses: {name.value: a}", "m.yml:2: looses: this key is not known here; did you mean 'loses'?", ""),
        ("why: x\nlooses: {name.value: a}\nloses: {name.value: a}", "m.yml:2: looses: this key is not known here; there are", ""),
        ("why: x\npath: /etc\nloses: {name.value: a}", "'path' is not a key", "Remove it."),
        ("why: x\nloses: {name.valeu: a}", "'name.valeu' is not a check", "Did you mean 'name.value'?"),
        ("why: x\nloses: {nmae: a}", "'nmae' is not a check", "Did you mean 'name'?"),
        ("why: x\nloses: {name: a}\nskips: [zzzzz]", "'zzzzz' is not a check", "It has add.shown, add.secret, name.value."),
        ("why: x\nloses: {name: a}\ncells: [{source: a}]", "say either 'before' or 'after'", ""),
        ("why: x\nloses: {name: a}\nedits: {name-answer: [[a]]}", "name-answer", ""),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named_with_key_and_remedy(course, text, message, remedy):
    with pytest.raises(CourseError) as caught:
        mutant(course, text)
    assert message in str(caught.value) and "m.yml" in str(caught.value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"edits": {"nmae-answer": "name = 1"}}, "a.yml: edits: there is no cell 'nmae-answer'"),
        ({"edits": {"name-answer": [["grace", "x"]]}}, "a.yml: edits: cell 'name-answer' does not hold 'grace'"),
        ({"language": "fr"}, "a.yml: language: the course has no 'fr'"),
        ({"cells": [{"before": "nowhere", "source": "1"}]}, "a.yml: there is no cell 'nowhere'"),
        ({"moves": [{"cells": ["add"], "before": "nowhere"}]}, "a.yml: there is no cell 'nowhere'"),
    ],
)
def test_a_variant_that_does_not_fit_the_notebook_says_where(course, document, message):
    with pytest.raises(CourseError) as caught:
        alternative(course, {"why": "x", **document}).notebook(course)
    assert message in str(caught.value)


def test_a_variant_edits_inserts_and_moves_cells(course):
    document = {
        "why": "x", "language": "ko", "edits": {"add-answer": [["# five", "# 다섯"]]},
        "cells": [{"after": "add", "source": "print(1)"}, {"before": "name-answer", "source": "메모", "kind": "markdown"}],
        "moves": [{"cells": ["name-answer", "name"], "before": "add-answer"}],
    }  # fmt: skip
    made = alternative(course, document).notebook(course)
    order = [cell.metadata.get("nbgrader", {}).get("grade_id") or cell.source for cell in made.cells]
    assert order == [
        "from autograder import check",
        "About add, in ko",
        "name-answer",
        "name",
        "add-answer",
        "add",
        "print(1)",
        "About name, in ko",
        "메모",
        "About why, in ko",
        "why",
    ]
    assert made.cells[4].source == "total = 2\nadd = total + 3  # 다섯"
    assert [cell.cell_type for cell in made.cells if cell.source in ("print(1)", "메모")] == ["code", "markdown"]


def test_a_mutant_may_name_a_whole_question_and_several_phrases(course):
    made = mutant(course, "why: x\nloses: {add: [a, b]}\nskips: [add.secret]\n")
    assert made.expected(course.assignment("first")) == {"add.shown": "failed", "add.secret": "failed"}
    assert made.loses == {"add": ("a", "b")}
    assert mutant(course, GOOD).loses == {"name.value": ("1",)}


@pytest.mark.parametrize("folder", LEAST, ids=lambda folder: folder.name)
def test_this_course_has_enough_of_them_and_each_differs_from_the_solution(request, folder):
    course = request.getfixturevalue("real")
    for name in course.assignments:
        files = mutants_and_alternatives.files(course, folder, name)
        assert len(files) >= LEAST[folder], f"{folder / name}"
        read = (
            mutants_and_alternatives.read_alternative
            if folder == mutants_and_alternatives.ALTERNATIVES
            else lambda path: mutants_and_alternatives.read_mutant(path, course)
        )
        sources = [tuple(cell.source for cell in read(path).notebook(course).cells) for path in files]
        assert len(set(sources)) == len(files), "two of them are the same notebook"


@pytest.fixture
def real():
    from autograder.course.course import load

    return load(ROOT / "course.yml")


SLIPS = {
    "oftmasx": "did you mean `softmax`?",
    "metrics as a string": "write metrics=['accuracy']",
    "never given to compile": "was trained with RMSprop(learning_rate=0.001, momentum=0.0), not with SGD",
    "again on the same network": "build a fresh network",
    "images of 28 x 28 go into": "one that begins with Dense takes rows of 784 numbers",
    "flat rows go into": "a network that begins with Flatten takes images (28, 28)",
    "not divided by 255": "Pixels run to 255",
}


@pytest.mark.parametrize("slip", SLIPS)
def test_every_slip_of_the_lecture_is_a_mutant_with_its_hint(real, slip):
    found = []
    for path in sorted((real.root / mutants_and_alternatives.MUTANTS).rglob("*.yml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        if document["why"].startswith("A slip of the lecture") and slip in document["why"]:
            found.append(path)
            assert any(SLIPS[slip] in phrase for phrase in document["loses"].values()), path
    assert found


def test_an_accepted_slip_is_an_alternative(real):
    texts = [path.read_text("utf-8") for path in (real.root / mutants_and_alternatives.ALTERNATIVES).rglob("*.yml")]
    assert sum("input_shape=(784,)" in text for text in texts) >= 2
