"""Habits of writing a value that YAML or the course reads otherwise: at every place of right courses, the message says how it is written."""

import re
from collections import Counter

import pytest
import yaml

from autograder.course import meant, yaml_file
from autograder.course.meant import get, places, put
from autograder.course.settings import LatePolicy, Limits
from tests.course.mistakes import folder_like, right, tried


def habits(value):
    """How else authors write `value`: a name for the habit, what stands there then, and the value that is meant."""
    if isinstance(value, float) and 0.01 <= value < 1 and round(value * 100, 6) == round(value * 100):
        yield "per cent", f"{value * 100:g}%"
        yield "per cent, with a blank", f"{value * 100:g} %"
        yield "a decimal comma", f"{value}".replace(".", ",")
    if isinstance(value, int) and value >= 1000:
        yield "grouped digits", f"{value:,}"
    if isinstance(value, list):
        if len(value) == 1 and not isinstance(value[0], (dict, list)):
            yield "one alone", value[0]
        if len(value) > 1 and all(isinstance(one, str) for one in value):
            yield "with commas", ", ".join(value)
        if len(value) > 1 and all(type(one) is int for one in value):
            yield "as Python's tuple", f"({', '.join(map(str, value))})"
        if len(value) > 1 and all(type(one) is int and one > 0 for one in value):
            yield "as width by height", "x".join(map(str, value))
        if value and all(isinstance(one, dict) and [*one] == ["type"] for one in value):
            yield "classes by name", [one["type"] for one in value]
    if isinstance(value, dict):
        if value.keys() == {"at_least", "at_most"}:
            yield "from to", f"{value['at_least']}-{value['at_most']}"
        if value.keys() == {"at_least"}:
            yield "at least", f">= {value['at_least']}"
        if value.keys() == {"any_of"} and not isinstance(value["any_of"][0], dict):
            yield "several", value["any_of"]
        if [*value] == ["type"]:
            yield "a class by its name", value["type"]
        if "type" in value and len(value) == 2 and all(isinstance(one, (int, float, str)) for one in value.values()):
            yield "a class as the key", {value["type"]: {key: one for key, one in value.items() if key != "type"}}


def cases():
    """Each habit once at each kind of place."""
    seen = set()
    for source, document in right():
        for place in places(document):
            check = get(document, place[:6]).get("type") if len(place) > 6 and place[4] == "checks" else ""
            kind = check, tuple(part for part in place[2:] if isinstance(part, str))
            for name, written in habits(get(document, place)):
                if (name, kind) not in seen:
                    seen.add((name, kind))
                    yield name, source, document, place, written


def test_a_habit_is_told_as_it_is_written_here(tmp_path):
    """Where it isn't taken for what it says, such as a text that may be any."""
    told, untold = Counter(), []
    for name, source, document, place, written in cases():
        said = tried(put(document, place, written), folder_like(source, tmp_path))
        if said is None:
            continue
        ways = re.findall(r"course\.yml:\d+: .*write (?:it|all of \S+) as (.*?)(?: \(found .*)?$", said, re.MULTILINE)
        value = get(document, place)
        keyed = max(number for number, part in enumerate(place, 1) if isinstance(part, str))
        whole = {place[keyed - 1]: get(document, place[:keyed])}  # a part of a list is told with the list
        if ways and yaml.safe_load(ways[0]) in (value, whole, *(value if isinstance(value, list) else ())):
            told[name] += 1
        else:
            untold.append((name, place[4:], written, said.partition(": ")[2][:300]))
    assert untold == []
    assert len(told) > 8 and sum(told.values()) > 40, told


UNITS = {
    "seconds": {"s": 1, " sec": 1, "min": 60, " minutes": 60, "h": 3600, " hours": 3600},
    "minutes": {" min": 1, "h": 60, "d": 1440},
    "days": {" days": 1, "d": 1},
    "mb": {"MB": 1, " MiB": 1, "GB": 1024, "g": 1024},
    "kb": {"kB": 1, "MB": 1024},
    "epochs": {" epochs": 1}, "parameters": {"M": 1_000_000, "k": 1000}, "processes": {" processes": 1},
}  # fmt: skip


def test_a_number_with_its_unit_is_told_in_the_unit_of_its_key(tmp_path):
    source, document = next(right())
    count = 0
    for section, model in (("limits", Limits), ("late", LatePolicy)):
        for key in model.model_fields:
            for unit, size in UNITS.get(key.rpartition("_")[2], {}).items():
                for number in (2, 600):
                    said = tried({**document, section: {key: f"{number}{unit}"}}, folder_like(source, tmp_path))
                    right_number = number * size
                    try:
                        model.model_validate({key: right_number})
                    except ValueError:  # too little of it
                        continue
                    assert said and f"write it as {right_number} (found" in said, (key, unit, said)
                    count += 1
    assert count > 60


def test_bounds_under_another_word_are_told_as_bounds(tmp_path):
    """Where a check has bounds: by whatever word, in whatever form."""
    count = 0
    for source, document in right():
        for at, names in (
            (at, names)
            for at in places(document)
            for names in (("at_least", "at_most"), ("minimum", "maximum"))
            if isinstance(get(document, at), dict)
            and "of" in get(document, at)
            and names[0] in get(document, at)
            and names[1] in get(document, at)
        ):
            check = get(document, at)
            rest = {key: value for key, value in check.items() if key not in names}
            ends = [check[name] for name in names]
            for written in (
                {"between": ends},
                {"range": ends},
                {"between": f"{ends[0]} and {ends[1]}"},
                {"interval": f"{ends[0]} - {ends[1]}"},
            ):
                said = tried(put(document, at, {**rest, **written}), folder_like(source, tmp_path))
                assert said and f"write it as {names[0]}: {ends[0]}, {names[1]}: {ends[1]}" in said, said
                count += 1
    assert count > 4


# Keys of nbgrader, otter, okpy, pytest and others: here they mean nothing, so nothing like them is meant.
FOREIGN = (
    "version", "generate", "kernelspec", "environment", "export_cell", "init_cell", "save_environment", "all_or_nothing",
    "addopts", "markers", "assert", "suites", "success_message", "failure_message", "locked", "release_date", "author", "email",
)  # fmt: skip


@pytest.mark.parametrize("place", [(), ("course",), ("data",), ("limits",), ("late",), ("assignments", "a"), ("assignments", "a", "questions", "q"),
                                   ("assignments", "a", "questions", "q", "checks", 0)], ids=str)  # fmt: skip
def test_a_key_of_another_tool_is_taken_for_none_of_ours(tmp_path, place):
    source, document = next(
        one
        for one in right()
        if {"limits", "late"} <= {*one[1]} and "checks" in one[1]["assignments"]["a"]["questions"]["q"]
    )
    document = {"data": {}, **document}
    for key in FOREIGN:
        said = tried(put(document, place, {**get(document, place), key: "x"}), folder_like(source, tmp_path))
        assert said and "not known here" in said and "did you mean" not in said and "write it as" not in said, said


def test_a_key_that_is_missing_is_told_by_the_one_that_stands_for_it(tmp_path):
    source, document = next(right())
    case = {"type": "function", "of": "f", "points": 1, "cases": [{"input": [1], "output": 2}]}
    question = {"title": "Q", "points": 1, "checks": [case]}
    said = tried(put(document, ("assignments", "a", "questions", "q"), question), folder_like(source, tmp_path))
    assert said and "did you mean 'args' by 'input'?" in said and "write it as returns: 2" in said
    for key in ("on", "von", "titel"):  # a text by language may have any key: nothing belongs into one for that
        wrong = {**case, "cases": [{"args": [1], "returns": 2}], key: "x"}
        said = tried(
            put(document, ("assignments", "a", "questions", "q"), {**question, "checks": [wrong]}),
            folder_like(source, tmp_path),
        )
        assert said and "title: {" not in said, said


@pytest.mark.parametrize(
    "rubric", [["Good"], "Good", {"Good": 2}, [["Good"]], [{"says": "Good"}], [{"Good": 2}]], ids=str
)
def test_what_is_wrong_inside_of_a_question_is_told_of_that_alone(tmp_path, rubric):
    """Not by rewriting the question around it: what a model fills in for itself has no faults of its own."""
    source, document = next(right())
    question = {"title": "Q", "points": 2, "manual": True, "rubric": rubric}
    said = tried(put(document, ("assignments", "a", "questions", "q"), question), folder_like(source, tmp_path))
    assert said and "title: " not in said and "[Q, " not in said, said
    assert all(".questions.q.rubric" in line for line in said.splitlines()), said
    if rubric == ["Good"]:
        assert "there are points, says" in said


def test_nothing_is_told_that_is_wrong_as_well():
    owner = meant.Owner({"epochs": "20%"}, lambda _changed: {("epochs",)}, ["epochs"], {}, {})
    assert meant.otherwise(owner, ("epochs",), []) == (("epochs",), "")


@pytest.mark.parametrize("word", ["yes", "Yes", "no", "on", "off", "y", "n"])
def test_words_that_older_yaml_takes_for_truth_are_texts(word):
    assert yaml_file.parse_yaml(f"{word}: [{word}, true, False]", "course.yml") == {word: [word, True, False]}


CHECK = "{{type: {}, of: x, points: 1}}"
WRONG = [  # what authors write from memory, and what they are told
    ("value, equals: 85%", "write it as equals: 0.85"), ("value, equals: 1/4", "write it as equals: 0.25"),
    ("value, equals: '3,14'", "write it as equals: 3.14"), ("value, equals: ~0.85", "write it as equals: 0.85"),
    ("value, equals: 0.85 +- 0.01", "write it as equals: 0.85"), ("value, equals: [1, 85%]", "write it as equals: [1, 0.85]"),
    ("value, any_of: [85%, 90%]", "'85%' is a text"), ("value, equals: '79,510'", "write it as equals: 79510"),
    ("layers, layers: [{{type: Dense, units: 100%}}]", "units: should be a whole number (found '100%')"),
    ("layers, layers: [Dense, Flatten]", "write it as {type: Flatten} (found 'Flatten')"),
    ("accuracy, at_least: 100%", "write it as 1.0"), ("accuracy, at_least: 0.9, split: val", "did you mean 'holdout'?"),
    ("output_shapes, shapes: [null, 10]", "write it as shapes: [[null, 10]]"),
    ("weight_shapes, shapes: [784, 100]", "write it as shapes: [[784, 100]]"),
    ("optimizer, equals: SGD, settings: {{nesterov: 'yes'}}", "write it as nesterov: true"),
    ("metric, metric: r2, at_least: 0.5", "did you mean 'r2_score'?"), ("metrics, includes: [f1]", "did you mean 'f1_score'?"),
    ("layers, match: contains, layers: [{{type: Dense}}]", "did you mean 'any_order'?"), ("text, any_of: [a, b]", "write it as equals: [a, b]"),
    ("array, dtype: float", "did you mean 'kind'?"), ("array, equals: train, scaling: 0-1", "did you mean 'unit'?"),
    ("parameters, equals: 79510", "did you mean 'total'?"), ("function, cases: [{{args: [3], result: 9}}]", "write it as returns: 9"),
]  # fmt: skip
RIGHT = ["value, equals: 0.85", "value, equals: 85%, kind: text", "value, equals: L2", "value, equals: [28, 28]", "value, equals: null",
         "text, equals: 85%", "choice, equals: 85%, among: [85%, 90%]", "accuracy, at_least: .85", "input_shape, shape: [null, 8]",
         "parameters, total: 79_510", "loss, equals: MSE", "output_shapes, shapes: [[null, 10]]", "metrics, includes: [acc]"]  # fmt: skip
HEADS = [
    ({"data": {"name": "wine.csv"}}, "write it as file: wine.csv"), ({"data": {"name": "photos.npz"}}, "write it as images: photos.npz"),
    ({"course": {"id": "c", "title": "C", "languages": ["kr"]}}, "did you mean 'ko'?"),
    ({"course": {"id": "c", "title": "C", "languages": ["jp"]}}, "did you mean 'ja'?"), ({"late": {"at_most": "100%"}}, "write it as 1.0"),
]  # fmt: skip


def said_of(tmp_path, check="{type: value, of: x, equals: 1, points: 1}", **head):
    question = {"title": "Q", "points": 1, "checks": [yaml.safe_load(check)]}
    assignments = {"a": {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {"q": question}}}
    document = {"course": {"id": "c", "title": "C"}, **head, "assignments": assignments}
    return tried(document, folder_like(None, tmp_path)) or ""


@pytest.mark.parametrize(("written", "told"), WRONG)
def test_what_is_written_from_memory_is_told_as_it_is_meant(tmp_path, written, told):
    said = said_of(tmp_path, CHECK.format(written).replace("{{", "{").replace("}}", "}"))
    assert told in said and "course.yml:" in said, said
    assert "[[Dense" not in said


@pytest.mark.parametrize("written", RIGHT)
def test_what_is_right_loads(tmp_path, written):
    assert said_of(tmp_path, CHECK.format(written)) == ""


@pytest.mark.parametrize(("head", "told"), HEADS)
def test_what_is_written_otherwise_in_a_head_is_told(tmp_path, head, told):
    assert told in said_of(tmp_path, **head)


def told(tmp_path, document, source=None):
    """What is told to be written instead, each as it is read from YAML."""
    said = tried(document, folder_like(source, tmp_path)) or ""
    ways = re.findall(r"write (?:it|all of \S+) as (.*?)(?: \(found .*)?$", said, re.MULTILINE)
    return said, [yaml.safe_load(f"{{{one}}}" if re.match(r"\w+: ", one) else one) for one in ways]


def test_a_number_under_a_key_of_another_unit_is_told_in_the_unit_of_the_key_that_is_meant(tmp_path):
    """What was told, cell_seconds by cell_minutes: 10, was ten seconds."""
    source, document = next(right())
    count = 0
    for section, model in (("limits", Limits), ("late", LatePolicy)):
        for key in model.model_fields:
            stem, _stroke, own = key.rpartition("_")
            sizes = {
                "seconds": {"minutes": 60, "hours": 3600},
                "minutes": {"hours": 60, "days": 1440},
                "mb": {"gb": 1024},
                "kb": {"mb": 1024},
            }
            for unit, size in sizes.get(own, {}).items():
                said, ways = told(tmp_path, {**document, section: {f"{stem}_{unit}": 4}}, source)
                assert {key: 4 * size} in ways, (key, unit, said)
                count += 1
    assert count > 8


def small(**check):
    checks = [{"type": "layers", "of": "x", "points": 1, **check}]
    question = {"title": "Q", "points": 1, "checks": checks}
    assignment = {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {"q": question}}
    return {"course": {"id": "c", "title": "C", "languages": ["en", "ko"]}, "assignments": {"a": assignment}}


@pytest.mark.parametrize(
    ("check", "way"),
    [
        ({"layers": {"Flatten": None, "Dense": 32}}, [{"type": "Flatten"}, {"type": "Dense", "units": 32}]),
        ({"layers": {"Dense": {"units": 8}, "Dropout": 0.5}}, [{"type": "Dense", "units": 8}, {"type": "Dropout", "rate": 0.5}]),
        ({"layers": [{"dense": 32, "activation": "relu"}]}, {"type": "Dense", "units": 32, "activation": "relu"}),
        ({"layers": [{"Dense": None, "units": 32}]}, {"type": "Dense", "units": 32}),
        ({"type": "epochs", "exactly": 5}, {"equals": 5}),
        ({"type": "epochs", "epochs": 5}, {"equals": 5}),
        ({"type": "epochs", "at_least": 10, "at_most": 5}, {"at_least": 5, "at_most": 10}),
        ({"type": "value", "at_least": 0.1, "at_most": 0.001}, {"at_least": 0.001, "at_most": 0.1}),
        ({"type": "optimizer", "equals": "Adam", "settings": "learning_rate=0.01"}, {"learning_rate": 0.01}),
        ({"type": "optimizer", "equals": "Adam", "settings": ["learning_rate", 0.01]}, {"learning_rate": 0.01}),
        ({"type": "optimizer", "equals": "Adam", "settings": {"learning_rate": "0.01"}}, {"learning_rate": 0.01}),
        ({"type": "optimizer", "equals": "Adam or SGD"}, {"any_of": [{"type": "Adam"}, {"type": "SGD"}]}),
        ({"type": "optimizer", "equals": {"type": "Adam", "learning_rate": 0.1}}, {"any_of": [{"type": "Adam", "learning_rate": 0.1}]}),
    ],
    ids=str,
)  # fmt: skip
def test_a_check_that_is_written_otherwise_is_told_as_it_is_written_here(tmp_path, check, way):
    said, ways = told(tmp_path, small(**check))
    assert way in ways, said


def test_texts_by_language_are_told_as_hints_in_both(tmp_path):
    for written, way in (
        ({"en": ["Look.", "Try."], "ko": ["보세요.", "하세요."]}, [{"en": "Look.", "ko": "보세요."}, {"en": "Try.", "ko": "하세요."}]),
        ({"en": "Look.", "ko": "보세요."}, [{"en": "Look.", "ko": "보세요."}]),
    ):  # fmt: skip
        document = put(small(layers=[{"type": "Dense"}]), ("assignments", "a", "questions", "q", "hints"), written)
        said, ways = told(tmp_path, document)
        assert way in ways, said


def test_points_and_what_they_are_for_are_told_as_a_rubric(tmp_path):
    manual = {"title": "Q", "points": 2, "manual": True}
    for written, way in (
        ([{"Names it": 2}], {"says": "Names it", "points": 2}),
        ([{2: "Names it"}], {"says": "Names it", "points": 2}),
        ({"Names it": 2}, [{"says": "Names it", "points": 2}]),
    ):
        document = put(small(), ("assignments", "a", "questions", "q"), {**manual, "rubric": written})
        said, ways = told(tmp_path, document)
        assert way in ways, said


def test_a_due_date_under_another_key_is_told_as_a_date_is_written(tmp_path):
    document = small(layers=[{"type": "Dense"}])
    assignment = document["assignments"]["a"]
    assignment["deadline"] = yaml.safe_load("2030-01-31T23:59:00+09:00")
    del assignment["due"]
    said, _ways = told(tmp_path, document)
    assert "write it as due: 2030-01-31T23:59:00+09:00" in said


def test_no_key_is_meant_that_stands_there_or_can_not_hold_what_stands_under_the_other(tmp_path):
    for check in (
        {"type": "accuracy", "at_least": 0.85, "at_most": 0.9},
        {"type": "batch_size", "any_of": [16, 32]},
        {"type": "accuracy", "at_least": 0.85, "metric": "accuracy"},
    ):
        said, ways = told(tmp_path, small(**check))
        assert said and "did you mean" not in said and not ways, said
