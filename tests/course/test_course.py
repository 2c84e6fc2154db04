"""course.yml: what is in it, what is said about wrong files, and what students may see of it."""

import ast
import datetime as dt
import json
import shutil

import pytest
import yaml

from autograder.common.errors import CourseError
from autograder.course.course import LatePolicy, find, load
from autograder.course.source_notebook import source_notebook

DUE = "2027-03-14T23:59:00+09:00"


@pytest.fixture
def changed(tmp_path, course_file):
    """course.yml with one text replaced by another, in a folder of its own, with the reference functions."""
    source = course_file.read_text("utf-8")
    shutil.copytree(course_file.parent / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))

    def change(old, new):
        assert old in source, "this test no longer fits course.yml"
        path = tmp_path / "course.yml"
        path.write_text(source.replace(old, new, 1), "utf-8")
        return path

    return change


def test_the_course_has_its_four_assignments_in_order(course):
    assert list(course.assignments) == ["two_layer", "deep", "flatten_relu", "optimizers"]
    assert course.course.languages == ("en", "ko")
    assert course.data.holdout.test_size == 0.2 and course.data.holdout.random_state == 42


def test_every_question_is_worth_what_its_checks_are_worth(course):
    for assignment in course.assignments.values():
        for question in assignment.questions.values():
            assert sum(check.points for check in question.checks) == pytest.approx(question.points)
            assert len(question.visible()) + len(question.hidden()) == len(question.checks)


def test_points_are_whole_or_half_and_every_assignment_is_worth_a_quarter_of_a_hundred(course):
    for assignment in course.assignments.values():
        assert sum(question.points for question in assignment.questions.values()) == 25
        for question in assignment.questions.values():
            assert all((check.points * 2).is_integer() for check in question.checks), question.title


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_two_checks_of_a_question_have_the_same_title(course, language):
    """Whoever looks at two networks in one question must read which of them is meant."""
    for assignment in course.assignments.values():
        for name, question in assignment.questions.items():
            titles = [check.heading(language) for check in question.checks]
            assert len(set(titles)) == len(titles), (name, titles)


def test_due_dates_have_a_time_zone(course):
    assert all(assignment.due.utcoffset() == dt.timedelta(hours=9) for assignment in course.assignments.values())


def test_a_course_cannot_be_changed(course):
    with pytest.raises(ValueError, match="frozen"):
        course.seed = 1


WRONG = {
    "an unknown key": ("seed: 42\n", "sead: 42\n", "sead", ["not known", "did you mean 'seed'?", "42"]),
    "an unknown key further in": (
        f"    due: {DUE}", f"    deu: {DUE}", "assignments.two_layer.deu", ["not known", "did you mean 'due'?", "2027"],
    ),
    "an unknown key of a check": (
        "minimum: 0, maximum: 1", "minimun: 0, maximum: 1", "assignments.two_layer.questions.scale.checks.1.minimun",
        ["not known", "(found 0)"],
    ),
    "an unknown check type": (
        "type: array, of: train_scaled, id: shape", "type: arrray, of: train_scaled, id: shape",
        "assignments.two_layer.questions.scale.checks.0", ["'arrray'", "did you mean 'array'?", "accuracy, array, batch_size"],
    ),
    "points that do not add up": (
        "shape: [60000, 784], points: 0.5", "shape: [60000, 784], points: 0.75",
        "assignments.two_layer.questions.scale", ["add up to 2.25", "its points are 2"],
    ),
    "negative points": (
        "{type: builds, of: build, points: 1}", "{type: builds, of: build, points: -1}",
        "assignments.flatten_relu.questions.debug.checks.0.points", ["greater than or equal to 0", "-1"],
    ),
    "a need that no check has": (
        "needs: [shape, range]", "needs: [shapes, range]", "assignments.two_layer.questions.scale",
        ["check 'pixels' needs 'shapes'", "did you mean 'shape'?"],
    ),
    "a need of a later check": (
        "id: shape, shape: [60000, 784], points: 0.5", "id: shape, shape: [60000, 784], points: 0.5, needs: [pixels]",
        "assignments.two_layer.questions.scale", ["check 'shape' needs 'pixels'", "not a check before it"],
    ),
    "a due date without a zone": (
        f"due: {DUE}", "due: 2027-03-14T23:59:00", "assignments.two_layer",
        ["no time zone", "2027-03-14 23:59:00", "write it like 2027-03-14T23:59:00+09:00"],
    ),
    "a due date that is none": (f"due: {DUE}", "due: tomorrow", "assignments.two_layer.due", ["is not a time: write it like 2027", "'tomorrow'"]),
    "two checks of one id": (
        "id: val_shape", "id: train_shape", "assignments.two_layer.questions.split", ["two checks are called 'train_shape'"],
    ),
    "a text for a number": ("seed: 42\n", "seed: many\n", "seed", ["should be a whole number", "'many'"]),
    "an unknown language": ("languages: [en, ko]", "languages: [en, klingon]", "course.languages", ["'klingon' is not the code of a language: write it like en, ko, fr or pt-BR"]),
    "a title in an unknown language": (
        "title: {en: A two-layer network, ko: 2층 신경망}", "title: {FR: Un réseau}", "assignments.two_layer.title",
        ["'FR' is not the code of a language: did you mean 'fr'?"],
    ),
    "a missing due date": (f"    due: {DUE}\n", "", "assignments.two_layer.due", ["this key is needed here"]),
    "a missing course id": ("  id: deep-neural-networks\n", "", "course.id", ["this key is needed here"]),
    "a missing parameter of a check": (
        "of: model, includes: [accuracy], points: 0.5", "of: model, points: 0.5",
        "assignments.two_layer.questions.compile.checks.1.includes", ["this key is needed here"],
    ),
    "an isolation that does not exist": (
        "isolation: bubblewrap", "isolation: docker", "isolation", ["'bubblewrap' or 'none'", "'docker'"],
    ),
    "a penalty above the whole": ("per_day: 0.1", "per_day: 10", "late.per_day", ["less than or equal to 1", "10"]),
    "a name that fits no file": ("  two_layer:\n", "  Two-Layer:\n", "assignments.Two-Layer", ["should begin with a small letter", "'Two-Layer'"]),
    "a check that is no mapping": (
        "{type: builds, of: build, points: 1}", "builds", "assignments.flatten_relu.questions.debug.checks.0",
        ["mapping with the key 'type'", "'builds'"],
    ),
    "a check without a type": (
        "{type: builds, of: build, points: 1}", "{of: build, points: 1}",
        "assignments.flatten_relu.questions.debug.checks.0", ["mapping with the key 'type'"],
    ),
    "the key that the loader itself sets": ("seed: 42\n", "root: /\nseed: 42\n", "root", ["not a key of a course file"]),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "texts"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_explained_by_file_key_and_value(changed, old, new, key, texts):
    path = changed(old, new)
    with pytest.raises(CourseError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    for text in [key, *texts]:
        assert text in message
    assert "pydantic" not in message and "Traceback" not in message


def test_every_mistake_of_a_file_is_named_on_a_line_of_its_own(tmp_path, course_file):
    text = course_file.read_text("utf-8").replace("seed: 42\n", "seed: many\n").replace("per_day: 0.1", "per_day: 10")
    (tmp_path / "course.yml").write_text(text, "utf-8")
    with pytest.raises(CourseError) as caught:
        load(tmp_path / "course.yml")
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["seed", "late.per_day"]


@pytest.mark.parametrize("text", ["seed: [42", "a: b: c", "\t- x", "seed: !!python/object/apply:os.getcwd []"])
def test_a_file_that_is_not_plain_yaml_is_refused(tmp_path, text):
    path = tmp_path / "course.yml"
    path.write_text(text)
    with pytest.raises(CourseError, match=r"course\.yml:1: ") as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "just a sentence", "[1, 2]", "42"])
def test_a_file_without_keys_is_refused(tmp_path, text):
    path = tmp_path / "course.yml"
    path.write_text(text)
    with pytest.raises(CourseError, match="should hold keys such as 'course' and 'assignments'"):
        load(path)


def test_bytes_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "course.yml"
    path.write_bytes(b"course:\n  title: \xff\xfe")
    with pytest.raises(CourseError, match=r"course\.yml:2: this line is not UTF-8") as caught:
        load(path)
    assert caught.value.remedy == "Save the file as UTF-8 in your editor."


def test_a_missing_file_is_named_with_a_remedy(tmp_path):
    with pytest.raises(CourseError, match=r"course\.yml can't be read: No such file") as caught:
        load(tmp_path / "course.yml")
    assert "--course" in caught.value.remedy


def test_the_course_is_found_in_a_folder_above(tmp_path, course_file, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    shutil.copy(course_file, tmp_path / "course.yml")
    inner = tmp_path / "submitted" / "alice"
    inner.mkdir(parents=True)
    assert find(inner) == tmp_path / "course.yml"
    monkeypatch.setenv("AUTOGRADER_COURSE", str(course_file))
    assert find(inner) == course_file


def test_without_a_course_the_search_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    with pytest.raises(CourseError, match=r"there is no another\.yml in") as caught:
        find(tmp_path, "another.yml")
    assert str(tmp_path) in str(caught.value) and "--course" in caught.value.remedy


# ---- questions


def test_a_question_is_found_by_assignment_and_name(course):
    name, question = course.question("two_layer.model")
    assert name == "two_layer" and question is course.assignments["two_layer"].questions["model"]


@pytest.mark.parametrize(
    ("place", "message", "remedy"),
    [
        ("two_layer.modle", "has no question 'modle'", "did you mean 'two_layer.model'?"),
        ("two_layers.model", "has no assignment 'two_layers'", "did you mean 'two_layer'?"),
        ("two_layer.xyzzy", "has no question 'xyzzy'", "it has scale, split"),
        ("xyzzy.model", "has no assignment 'xyzzy'", "There are two_layer, deep"),
        ("two_layer", "not the name of a question", "'assignment.question'"),
        ("", "not the name of a question", "'assignment.question'"),
    ],
)
def test_an_unknown_question_is_answered_with_the_nearest(course, place, message, remedy):
    with pytest.raises(CourseError, match=message) as caught:
        course.question(place)
    assert remedy in caught.value.remedy


# ---- late work


@pytest.mark.parametrize(
    ("late", "penalty"),
    [
        (dt.timedelta(days=-1), 0.0),
        (dt.timedelta(), 0.0),
        (dt.timedelta(minutes=60), 0.0),  # the grace is inclusive
        (dt.timedelta(minutes=60, seconds=1), 0.1),  # a day is counted when it starts
        (dt.timedelta(days=1, minutes=60), 0.1),
        (dt.timedelta(days=1, minutes=60, seconds=1), 0.2),
        (dt.timedelta(days=4), 0.4),
        (dt.timedelta(days=30), 0.5),  # and never more
    ],
)
def test_late_work_loses_a_share_per_started_day(late, penalty):
    assert LatePolicy(per_day=0.1, grace_minutes=60, at_most=0.5).penalty(late) == pytest.approx(penalty)


# ---- digests


def _digest(path):
    return load(path).digest("two_layer")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("split: holdout, at_least: 0.85", "split: holdout, at_least: 0.86"),
        ("equals: 1500, hidden: true", "equals: 1501, hidden: true"),
        ("seed: 42\n", "seed: 43\n"),
        ("epochs: 100", "epochs: 101"),
        ("random_state: 42", "random_state: 43"),
    ],
)
def test_the_digest_changes_with_what_decides_a_report(changed, course_file, old, new):
    assert _digest(changed(old, new)) != _digest(changed("seed: 42", "seed: 42"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (DUE, "2027-03-20T23:59:00+09:00"),
        ("per_day: 0.1", "per_day: 0.2"),
        ("gradebook: sqlite:///gradebook.db", "gradebook: sqlite:///other.db"),
        ("split: holdout, at_least: 0.87", "split: holdout, at_least: 0.88"),  # of another assignment
        ("# The course:", "# A course:"),
    ],
)
def test_the_digest_stays_when_nothing_that_decides_a_report_changed(changed, old, new):
    assert _digest(changed(old, new)) == _digest(changed("seed: 42", "seed: 42"))


def test_the_digest_changes_with_the_reference_functions(changed, course_file):
    path = changed("seed: 42", "seed: 42")
    references = path.parent / "solutions" / "references.py"
    original = _digest(path)
    references.write_text(references.read_text("utf-8").replace("inputs * units + units", "inputs * units"), "utf-8")
    assert original != _digest(path)


# ---- what students receive


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in (key, *_leaves(item))]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("assignment", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_the_public_course_tells_of_hidden_checks_only_that_they_exist(course, assignment, language):
    public = course.public(assignment, language)
    for key, question in course.assignments[assignment].questions.items():
        told = public["questions"][key]
        assert [set(item) for item in told["hidden"]] == [{"title", "points", "of", "form"}] * len(question.hidden())
        assert [item["title"] for item in told["hidden"]] == [c.heading(language) for c in question.hidden()]
        assert len(told["checks"]) == len(question.visible())
        assert not any("hidden" in item or "reference" in item for item in told["checks"])
        known = {item.get("id", item["type"]) for item in told["checks"]}
        assert all(need in known for item in told["checks"] for need in item["needs"])


@pytest.mark.parametrize("assignment", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_no_parameter_of_a_hidden_check_is_in_the_public_course(course, assignment):
    """Parameters that a visible check of the same assignment has too are no secret; all others must not occur."""
    questions = course.assignments[assignment].questions.values()
    visible = {leaf for q in questions for c in q.visible() for leaf in map(repr, _leaves(c.model_dump(mode="json")))}
    public = course.public(assignment, "en")
    found = {repr(leaf) for leaf in _leaves(public)}
    own = {"type", "id", "of", "points", "hidden", "needs", "title", "hint"}  # what every check has
    names = {repr(name) for name in course.assignments[assignment].questions}
    checks = [check for question in questions for check in question.checks]
    forms = {repr(leaf) for check in checks for leaf in _leaves(check.form().model_dump(mode="json"))}  # is no secret
    looked_at = 0
    for question in questions:
        told = names | {repr(c.points) for c in question.checks} | {repr(c.of) for c in question.checks}
        for check in question.hidden():
            parameters = {key: value for key, value in check.model_dump(mode="json").items() if key not in own}
            for leaf in _leaves(list(parameters.values())):
                if repr(leaf) in visible | told | forms or leaf in (None, "", True, False, 0, 1e-5, "any"):
                    continue
                looked_at += 1
                assert repr(leaf) not in found, f"{check.id}: {leaf!r} is told"
    assert looked_at or assignment == "optimizers"


def test_hidden_answers_are_not_told_in_any_text(course):
    """The thresholds, answers and reference functions that only hidden checks have."""
    text = json.dumps(course.public("two_layer", "en")) + json.dumps(course.public("two_layer", "ko"))
    for secret in ("references.py", 'at_least": 0.84', "1500", ":dense_parameters", '"equals": "sigmoid"'):
        assert secret not in text
    text = yaml.safe_dump(course.public("optimizers", "en"))
    assert "equals: rmsprop" not in text and "0.86\n" not in text


def test_the_public_course_says_which_assignment_and_language_it_is(course):
    public = course.public("deep", "ko")
    assert public["assignment"] == "deep" and public["course"]["language"] == "ko"
    assert public["course"]["title"] == "심층 신경망"
    assert public["data"]["holdout"] == {"test_size": 0.2, "random_state": 42}
    assert json.loads(json.dumps(public)) == public


def test_what_a_check_cell_hands_in_has_the_name_that_its_checks_and_their_hints_call_it_by(course):
    """A hint on `model` where `model2` was handed in sends people to another network. (`challenge` has no other: its place in course.yml is
    what its calibration was measured for.)"""
    tried, unlike = 0, []
    for name, one in course.assignments.items():
        for cell in source_notebook(course, name).cells:
            if cell.source.startswith("check("):
                call = ast.parse(cell.source).body[0].value
                place, *given = call.args
                handed = {value.id for value in given} | {keyword.arg for keyword in call.keywords}
                question = place.value.partition(".")[2]
                unlike += [
                    (name, question, check.of) for check in one.questions[question].checks if check.of not in handed
                ]
                tried += 1
    assert {*unlike} == {("optimizers", "challenge", "model")} and tried > 40
