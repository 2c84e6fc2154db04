"""What decides a report beside course.yml: every file that a check names, in whatever field, and every file that those use."""

import json
from pathlib import Path
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, Field

from autograder.checks import Check, InCourse, passed
from autograder.common.errors import CourseError
from autograder.common.results import Status
from autograder.course.checks import registry
from autograder.course.checks.base import Facts
from autograder.course.course import load
from autograder.networks.lab import CourseLab
from autograder.worker.bundle import pack, unpack


class Rule(BaseModel):
    by: InCourse = InCourse("")


class Foreign(Check):
    """As another package could bring one: it names files in fields of its own."""

    type: Literal["foreign"] = "foreign"
    oracle: str = ""
    table: Path | None = None
    rule: InCourse = InCourse("")
    rules: tuple[Rule, ...] = ()
    by_name: dict[str, InCourse] = Field(default={})

    def describe(self):
        return "foreign"

    def decide(self, value, facts):
        return passed(facts.lab.reference(self.oracle or "own/secret.py:f")(1))


@pytest.fixture
def made(tmp_path, monkeypatch):
    """``made(**fields) -> Course`` with one check of the foreign type."""
    monkeypatch.setitem(registry.TYPES, "foreign", Foreign)

    def make(*checks, **fields):
        declared = checks or ({"type": "foreign", "points": 1, **fields},)
        questions = {"q": {"title": "Q", "points": len(declared), "checks": list(declared)}}
        assignment = {"title": "A", "due": "2027-03-14T23:59:00+09:00", "questions": questions}
        other = {
            **assignment,
            "questions": {"q": {"title": "Q", "points": 1, "checks": [{"type": "value", "equals": 1, "points": 1}]}},
        }
        document = {"course": {"id": "c", "title": "C"}, "assignments": {"a": assignment, "b": other}}
        (tmp_path / "course.yml").write_text(yaml.safe_dump(document), "utf-8")
        return load(tmp_path / "course.yml")

    return make


def write(root, name, text="def f(x):\n    return x\n"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    "fields",
    [
        {"oracle": "other/refs.py:f"}, {"table": "other/refs.py"}, {"rule": "other/refs.py:f"}, {"rule": "other/refs.py"},
        {"rules": [{}, {"by": "other/refs.py:f"}]}, {"by_name": {"x": "other/refs.py"}},
    ],
)  # fmt: skip
def test_a_file_counts_in_whatever_field_a_check_names_it(made, tmp_path, fields):
    write(tmp_path, "other/refs.py")
    course = made(**fields)
    assert set(course.files("a")) == {"other/refs.py"} and course.files("b") == {}
    before = course.digest("a"), course.digest("b")
    write(tmp_path, "other/refs.py", "def f(x):\n    return 2 * x\n")
    assert course.digest("a") != before[0] and course.digest("b") == before[1]


def test_every_field_of_our_own_checks_that_names_a_file_counts(course):
    """No list of check types: whatever field of whatever type is given a place, it is found."""
    place = "solutions/other.py:f"
    for kind in set(registry.TYPES.values()):
        assert kind.model_construct(points=1, of="x").places() == set()
        for name, field in kind.model_fields.items():
            if field.annotation in (str, InCourse) and name not in ("type", "id", "of"):
                assert kind.model_construct(points=1, **{name: place}).places() == {place}, (kind, name)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("import helper", "own/helper.py"), ("from helper import g", "own/helper.py"),
        ("import own.helper", "own/helper.py"), ("from own import helper", "own/helper.py"),
        ("from shared.deep import thing", "shared/deep.py"), ("import shared", "shared/__init__.py"),
        ("def f(x):\n    import helper\n    return x", "own/helper.py"),
        ("import helper", "own/further.py"),  # which helper imports
        ("from pathlib import Path\nTABLE = Path(__file__).with_name('table.csv')", "own/table.csv"),
        ("open('own/table.csv')", "own/table.csv"),
    ],
)  # fmt: skip
def test_what_a_reference_uses_of_the_course_counts_too(made, tmp_path, text, used):
    write(tmp_path, "own/refs.py", text + "\n")
    write(tmp_path, "own/helper.py", "from further import h\n")
    for name in ("own/further.py", "own/table.csv", "shared/__init__.py", "shared/deep.py", "own/unused.py"):
        write(tmp_path, name, "1\n")
    course = made(oracle="own/refs.py:f")
    before = course.digest("a")
    write(tmp_path, "own/unused.py", "2\n")
    assert course.digest("a") == before and "own/unused.py" not in course.files("a")
    write(tmp_path, used, "from further import h  # and another thing\n")
    assert course.digest("a") != before


def test_a_worker_gets_every_file_that_decides_and_has_the_same_digest(made, tmp_path, tmp_path_factory):
    write(tmp_path, "own/refs.py", "from helper import g\n\n\ndef f(x):\n    return g(x)\n")
    write(tmp_path, "own/helper.py", "def g(x):\n    return 3 * x\n")
    write(tmp_path, "own/unused.py")
    course = made(oracle="own/refs.py:f")
    folder = tmp_path_factory.mktemp("worker")
    there = load(unpack(pack(course, tmp_path / "course.yml"), folder))
    assert there.digest("a") == course.digest("a")
    assert not (folder / "own" / "unused.py").exists()
    assert CourseLab(root=folder).reference("own/refs.py:f")(2) == 6


def test_a_file_that_is_not_there_yet_is_seen_when_it_comes(made, tmp_path):
    course = made(oracle="own/refs.py:f")
    assert course.files("a") == {"own/refs.py": ""}
    before = course.digest("a")
    write(tmp_path, "own/refs.py")
    assert course.digest("a") != before


def test_a_file_outside_of_the_course_is_refused(made):
    with pytest.raises(CourseError, match=r"a\.q: '\.\./refs\.py:f' lies outside"):
        made(oracle="../refs.py:f").digest("a")


def test_a_broken_or_endless_file_is_no_trouble(made, tmp_path):
    write(tmp_path, "own/refs.py", "import own.refs, helper\ndef (\n")
    assert set(made(oracle="own/refs.py:f").files("a")) == {"own/refs.py"}
    write(tmp_path, "own/refs.py", "import own.refs, helper\n")
    write(tmp_path, "own/helper.py", "import refs\n")
    assert set(made(oracle="own/refs.py:f").files("a")) == {"own/refs.py", "own/helper.py"}


class _Given:
    def reference(self, place):
        return lambda x: place


def test_a_check_gets_no_reference_that_it_does_not_name(made):
    named = made(oracle="own/refs.py:f").assignments["a"].questions["q"].checks
    facts = Facts({"value": 1}, _Given())
    assert registry.decide(named, facts)[0].status is Status.PASSED
    (unnamed,) = registry.decide(made().assignments["a"].questions["q"].checks, facts)
    assert unnamed.status is Status.UNDECIDED and "own/secret.py:f" in unnamed.actual


# ---- every leaf of course.yml


NO_MATTER = {"gradebook", "isolation", "late", "roster", "root"}  # and `due`, and where the course is published


def _leaves(value, place=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*place, number))
    else:
        yield place, value


def _without_hints(questions):
    return {name: {key: item for key, item in one.items() if key != "hints"} for name, one in questions.items()}


def _another(value):
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return "something"
    return f"{value} else"


def test_every_value_of_the_course_changes_the_digest_but_those_that_determine_no_report(course, monkeypatch):
    whole = course.model_dump(mode="json")
    name = next(iter(course.assignments))
    before, files = course.digest(name), course.files(name)
    monkeypatch.setattr(type(course), "files", lambda self, assignment: files)
    missed, moved = [], []
    for place, value in _leaves(whole):
        document = json.loads(json.dumps(whole))
        inner = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = _another(value)
        with monkeypatch.context() as patch:
            patch.setattr(type(course), "model_dump", lambda self, exclude=(), document=document, **_: {
                key: item for key, item in document.items() if key not in exclude
            })  # fmt: skip
            patch.setattr(type(course.assignments[name]), "model_dump", lambda self, document=document, **_: {
                key: _without_hints(item) if key == "questions" else item
                for key, item in document["assignments"][name].items()
                if key != "due"
            })  # fmt: skip
            changed = course.digest(name)
        decides = place[0] not in NO_MATTER and (
            place[0] != "assignments" or (place[1] == name and place[2] != "due" and place[4:5] != ("hints",))
        )
        if (changed != before) != decides:
            (missed if decides else moved).append(place)
    assert (missed, moved) == ([], [])
