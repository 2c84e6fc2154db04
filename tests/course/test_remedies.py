"""Whoever writes what a message says to write has a right file: each remedy is applied where it is told, and the file read again."""

import random
import re

import pytest
import yaml

from autograder.common.errors import CourseError
from autograder.course import yaml_file
from autograder.course.course import load
from autograder.course.meant import get, places, put
from tests.course.mistakes import every, folder_like, tried
from tests.course.test_meant import cases

MOST = 120  # of the mistakes, which are some thousands
LINE = re.compile(r"course\.yml:\d+: ([^ ]+): (.*)")


def told(said):
    """Each place that a message names, where something is to be written, and what: of one place those of its last remedy."""
    for line in said.splitlines():
        if found := LINE.search(line):
            ways = [
                re.search(rf"{words} (.*?)(?: \(found .*\))?$", found[2])
                for words in ("write it as()", "write all of `([^`]+)` as")
            ]
            guess = re.search(r"did you mean '([^']+)'\?(?: \(found .*\))?$", found[2])
            for way in filter(None, ways):
                yield found[1], found[2], _up_to(found[1], way[1]), way[2], None
            if guess and not any(ways):
                yield found[1], found[2], found[1], None, guess[1]


def _up_to(dotted, part):
    """A place, or what of it ends with `part`."""
    return dotted[: dotted.rindex(f".{part}.") + len(part) + 1] if part else dotted


def place_of(document, dotted):
    """The keys of a place that is written with dots."""
    return next((at for at in places(document) if ".".join(map(str, at)) == dotted), None)


def applied(document, at, way, guess, text):
    """Documents that somebody makes of a remedy who takes it at its word: at that place, the keys that it names, or another name of the key."""
    value, owner = get(document, at), get(document, at[:-1])
    if way is not None:
        named = way[0] not in "{[" and ": " in way
        meant = yaml.load(f"{{{way}}}" if named else way, yaml_file._Strict)
        if named and isinstance(value, dict):
            yield put(document, at, {**value, **meant})
        if named and isinstance(owner, dict):
            rest = {key: one for key, one in owner.items() if key != at[-1]}
            yield put(document, at[:-1], {**rest, **meant})
        if not named:
            yield put(document, at, meant)
    elif "this key is not known" in text:
        yield put(document, at[:-1], {guess if key == at[-1] else key: one for key, one in owner.items()})
    elif not isinstance(value, (dict, list)):
        yield put(document, at, guess)


def holds(document, folder, said):
    """Of the remedies that a message tells, those that don't help: what it says at their place is still said."""
    for dotted, text, where, way, guess in told(said):
        at = place_of(document, where)
        if at is None:
            continue
        left = [tried(one, folder) or "" for one in applied(document, at, way, guess, text)]
        if left and all(re.search(rf"course\.yml:\d+: {re.escape(dotted)}[:.]", one) for one in left):
            yield dotted, text, left[0][:300]


def test_a_remedy_mends_what_it_is_told_of(tmp_path):
    found, count = [], 0
    mistaken = [(source, document, place, value) for source, document, place, _name, value in every()]
    random.Random(1).shuffle(mistaken)
    habits = [(source, document, place, value) for _name, source, document, place, value in cases()]
    for source, document, place, value in [*habits, *mistaken[:MOST]]:
        folder, wrong = folder_like(source, tmp_path), put(document, place, value)
        if said := tried(wrong, folder):
            count += sum(1 for _one in told(said))
            found += [(place[4:], value, *one) for one in holds(wrong, folder, said)]
    assert found == [] and count > 100, count


COURSE = """course: {{id: c, title: C, languages: [en]}}
late: {{per_day: 0.1{late}}}
assignments:
  a:
    title: A
    due: 2030-01-31T23:59:00+00:00
    questions:
      q:
        title: {title}
        points: 4
        checks:
          - {check}
"""
LAYER = "{{type: layers, of: m, points: 4, layers: [{{type: Dense, units: 3, {setting}}}]}}"
EPOCHS = "{type: epochs, of: m, equals: 5, points: 4}"


def written(check=EPOCHS, title="Q", late=""):
    return COURSE.format(check=check, title=title, late=late)


# What an author writes, what is told, and what somebody writes who was told so.
TEXTS = [
    (written("{type:epochs, of: m, equals: 5, points: 4}"), "behind the colon of 'type:epochs': type: epochs", written()),
    (written("{type: epochs, of: m, equals: 5, points:4}"), "behind the colon of 'points:4': points: 4", written()),
    (written().replace("points: 4\n", "points:4\n"), ":10: a blank belongs behind the colon of 'points:4': points: 4", written()),
    (written(title="> x"), ":9: a text that begins with > or | needs quotes", written(title="'> x'")),
    (written(title="Network #1"), ":9: a # behind a blank begins a comment", written(title="'Network #1'")),
    (written(title="#1 of the networks"), ":9: a # behind a blank begins a comment", written(title="'#1 of the networks'")),
    (written("{type: parameters, of: m, total: 1,000, points: 4}"), "of thousands the comma, 1000", written("{type: parameters, of: m, total: 1000, points: 4}")),
    (written(late=", grace_minutes: 1:00"), "write the number that is meant", written(late=", grace_minutes: 60")),
    (written('{type: text, of: m, equals: "\\d", points: 4}'), "a backslash in double quotes begins a code", written("{type: text, of: m, equals: '\\d', points: 4}")),
    (written("{type: epochs, of: m, equals: [5, 10], points: 4}"), "write it as at_least: 5, at_most: 10", written("{type: epochs, of: m, at_least: 5, at_most: 10, points: 4}")),
    (written("{type: batch_size, of: m, equals: 16-64, points: 4}"), "write it as at_least: 16, at_most: 64", written("{type: batch_size, of: m, at_least: 16, at_most: 64, points: 4}")),
    (written("{type: metric, metric: accuracy, of: m, at_least: [0.85, 0.9], points: 4}"), "write it as at_least: 0.85, at_most: 0.9", written("{type: metric, metric: accuracy, of: m, at_least: 0.85, at_most: 0.9, points: 4}")),
    (written("{type: value, of: m, equals: 0.001-0.1, points: 4}"), "write it as at_least: 0.001, at_most: 0.1", written("{type: value, of: m, at_least: 0.001, at_most: 0.1, points: 4}")),
    (written("{type: value, of: m, equals: 0.01f, points: 4}"), "write it as equals: 0.01", written("{type: value, of: m, equals: 0.01, points: 4}")),
    (written("{type: value, of: m, equals: '>= 3', points: 4}"), "write it as at_least: 3", written("{type: value, of: m, at_least: 3, points: 4}")),
    (written(LAYER.format(setting="kernel_initializer: he")), "did you mean 'HeNormal' or 'HeUniform'?", written(LAYER.format(setting="kernel_initializer: HeNormal"))),
    (written(LAYER.format(setting="kernel_initializer: [{type: he_normal}]")), "kernel_initializer: he_normal", written(LAYER.format(setting="kernel_initializer: he_normal"))),
    (written(LAYER.format(setting="name: hidden")), "a check of its own asks for it, `layer_names`", written("{type: layer_names, of: m, names: [hidden], points: 4}")),
    (written(LAYER.format(setting="input_shape: [784]")), "a check of its own asks for it, `input_shape`", written("{type: input_shape, of: m, shape: [784], points: 4}")),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "says", "mended"), TEXTS)
def test_what_is_told_of_a_slip_of_yamls_mends_it(tmp_path, wrong, says, mended):
    path = tmp_path / "course.yml"
    path.write_text(wrong)
    with pytest.raises(CourseError) as caught:
        load(path)
    assert says in str(caught.value), caught.value
    path.write_text(mended)
    assert load(path).assignment("a").questions["q"].points == 4


@pytest.mark.parametrize("title", ["Network # the first", "Q  # 3 points", "'Network #1'", "Q#1"])
def test_a_comment_stays_a_comment(tmp_path, title):
    (tmp_path / "course.yml").write_text(written(title=title))
    assert load(tmp_path / "course.yml").assignment("a")
