"""Habits of writing a value that YAML or the course reads otherwise: at every place of right courses, the message says how it is written."""

import re
from collections import Counter

import pytest
import yaml

from autograder.course import meant, yaml_file
from autograder.course.meant import get, places, put
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
        ways = re.findall(r"course\.yml:\d+: .*write it as (.*?)(?: \(found .*)?$", said, re.MULTILINE)
        value = get(document, place)
        if ways and yaml.safe_load(ways[0]) in (value, {place[-1]: value}, *(value if isinstance(value, list) else ())):
            told[name] += 1
        else:
            untold.append((name, place[4:], written, said.partition(": ")[2][:300]))
    assert untold == []
    assert len(told) > 8 and sum(told.values()) > 40, told


def test_nothing_is_told_that_is_wrong_as_well():
    owner = meant.Owner({"epochs": "20%"}, lambda _changed: {("epochs",)}, ["epochs"], {}, {})
    assert meant.otherwise(owner, ("epochs",), []) == ""


@pytest.mark.parametrize("word", ["yes", "Yes", "no", "on", "off", "y", "n"])
def test_words_that_older_yaml_takes_for_truth_are_texts(word):
    assert yaml_file.parse_yaml(f"{word}: [{word}, true, False]", "course.yml") == {word: [word, True, False]}


CHECK = "{{type: {}, of: x, points: 1}}"
WRONG = [  # what authors write from memory, and what they are told
    ("value, equals: 85%", "write it as equals: 0.85"), ("value, equals: 1/4", "write it as equals: 0.25"),
    ("value, equals: '3,14'", "write it as equals: 3.14"), ("value, equals: ~0.85", "write it as equals: 0.85"),
    ("value, equals: 0.85 +- 0.01", "write it as equals: 0.85"), ("value, equals: [1, 85%]", "write it as 0.85"),
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
