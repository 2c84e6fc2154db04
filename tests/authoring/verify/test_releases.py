"""Releases that give something away, are out of date, or differ between languages: each is a reason with its file."""

import json

import nbformat
import pytest
import yaml

from autograder.authoring import release
from autograder.authoring.verify import feedback, probe, releases
from autograder.authoring.verify.proof import Part
from autograder.authoring.verify.verify_course import verify
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course import course as course_module
from tests.authoring.verify import courses_to_prove
from tests.hand_built import report_of

STATIC = frozenset({Part.CHECKS, Part.LANGUAGES, Part.THRESHOLDS})
CHECKS = "assignments/{}/first/checks.yml"
NOTEBOOK = "assignments/{}/first/first.ipynb"


def sentences(reasons):
    return [reason.sentence() for reason in reasons]


def change_checks(course, language, change):
    path = course.root / CHECKS.format(language)
    document = yaml.safe_load(path.read_text("utf-8"))
    change(document["questions"])
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")


def change_notebook(course, language, grade_id, change):
    path = course.root / NOTEBOOK.format(language)
    notebook = json.loads(path.read_text("utf-8"))
    (cell,) = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id]
    change(cell)
    path.write_text(json.dumps(notebook), "utf-8")


def test_a_fresh_release_has_nothing_against_it(tiny_course):
    for language in ("en", "ko"):
        assert sentences(releases.reveals(tiny_course, "first", language)) == []
    assert sentences(releases.languages_differ(tiny_course, "first")) == []
    assert sentences(releases.titles_tell(tiny_course, "first")) == []
    assert sentences(releases.stale(release.stale(tiny_course), tiny_course, "first")) == []


def test_this_course_gives_nothing_away_and_is_alike_in_all_languages(course):
    for name in course.assignments:
        found = [*releases.titles_tell(course, name), *releases.languages_differ(course, name)]
        for language in course.course.languages:
            found += releases.reveals(course, name, language)
        assert sentences(found) == []


def test_a_hidden_parameter_in_the_released_checks_is_found(tiny_course):
    change_checks(tiny_course, "ko", lambda questions: questions["add"]["hidden"][0].update(equals=5))
    assert sentences(releases.reveals(tiny_course, "first", "en")) == []
    (found,) = sentences(releases.reveals(tiny_course, "first", "ko"))
    assert found == f"{CHECKS.format('ko')}: add.secret: students can read 'equals' of a hidden check (found 5)"


def test_a_whole_hidden_check_in_the_released_checks_is_found(tiny_course):
    hidden = {"type": "value", "id": "secret", "of": "add", "equals": 5, "points": 1.5}
    change_checks(tiny_course, "en", lambda questions: questions["add"]["checks"].append(hidden))
    (found,) = sentences(releases.reveals(tiny_course, "first", "en"))
    assert found == f"{CHECKS.format('en')}: add.secret: students can read all of a hidden check"


@pytest.mark.parametrize(
    ("grade_id", "source", "reason"),
    [
        ("add", 'check("first.add", add, hidden=True)', "'hidden=True' would reach students"),
        ("add-answer", "total = 2\nadd = total + 3  # five", "holds text of the solution of 'add-answer'"),
        ("add", "### BEGIN HIDDEN TESTS", "'BEGIN HIDDEN TESTS' would reach students"),
    ],
)
def test_a_secret_in_a_released_notebook_is_found(tiny_course, grade_id, source, reason):
    change_notebook(tiny_course, "en", grade_id, lambda cell: cell.update(source=source))
    (found,) = sentences(releases.reveals(tiny_course, "first", "en"))
    assert reason in found and NOTEBOOK.format("en") in found


def test_the_place_of_a_reference_function_in_a_release_is_found(course_of):
    course = course_of('{type: function, of: add, id: secret, reference: "solutions/references.py:plus", draws: 1, args: [{integer: [0, 9]}], hidden: true, points: 1.5, title: A secret}')  # fmt: skip
    (course.root / "assignments/en/first/notes.md").write_text("see solutions/references.py:plus", "utf-8")
    (found,) = sentences(releases.reveals(course, "first", "en"))
    assert found == "assignments/en/first/notes.md: it names the reference function solutions/references.py:plus"


@pytest.fixture
def course_of(tiny_course):
    """The tiny course with another hidden check: ``course_of("{type: value, ...}")``."""

    def make(check):
        hidden = next(line for line in courses_to_prove.TEXT.splitlines() if "hidden: true" in line)
        text = courses_to_prove.TEXT.replace(hidden.strip(), f"- {check}").replace("networks: false\n", "")
        path = tiny_course.root / "course.yml"
        path.write_text(text, "utf-8")
        return course_module.load(path)

    return make


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("equals: 78500, title: 'Is it 78,500?'", "'78,500'"),
        ("equals: 78500, title: A secret, hint: 'Not far from 78500'", "'78500'"),
        ("equals: [null, 100], title: 'A shape: (None, 100)'", "'(None, 100)'"),
        (
            "equals: 0.25, title: {en: A secret, ko: '0.25인지'}",
            "",
        ),  # part of a word in Korean, which has no spaces there
        ("equals: relu, title: Which one, hint: relu bends", "'relu'"),
        ("equals: 100, title: The 1000 units", ""),
        ("equals: 2, title: Question 2", ""),  # one character says nothing
        ("equals: true, title: Whether it is True", ""),
    ],
)
def test_a_title_or_hint_that_tells_the_answer_is_found(course_of, fields, answer):
    course = course_of(f"{{type: value, of: add, id: secret, hidden: true, points: 1.5, {fields}}}")
    found = sentences(releases.titles_tell(course, "first"))
    assert bool(found) == bool(answer)
    assert all("add.secret" in line and answer in line and "tells its answer" in line for line in found)


def test_a_stale_release_is_a_reason_for_its_assignment_only(tiny_course):
    (tiny_course.root / "assignments/en/first/extra.txt").write_text("left over", "utf-8")
    paths = release.stale(tiny_course)
    assert sentences(releases.stale(paths, tiny_course, "second")) == []
    (found,) = sentences(releases.stale(paths, tiny_course, "first"))
    assert found.startswith("assignments/en/first/extra.txt: it is not what `autograder release` would write now")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: change_notebook(c, "ko", "add", lambda cell: cell["metadata"]["nbgrader"].update(points=9)), "add: a question is worth something else (expected 2, found 9)"),
        (lambda c: change_notebook(c, "ko", "name", lambda cell: cell["metadata"]["nbgrader"].update(grade_id="nmae")), "its questions are not those of course.yml, in that order (expected add, name, why, found add, nmae, why)"),
        (lambda c: change_notebook(c, "ko", "name-answer", lambda cell: cell.update(source="name = ''")), "name-answer: its code differs from that in 'en'"),
        (lambda c: change_checks(c, "ko", lambda questions: questions.pop("name")), "its questions are not those of course.yml, in that order (expected add, name, found add)"),
        (lambda c: change_checks(c, "ko", lambda questions: questions["add"]["checks"][0].update(points=2)), "add: its visible checks are worth something else (expected [0.5], found [2])"),
        (lambda c: change_checks(c, "ko", lambda questions: questions["add"].update(hidden=[])), "add: its hidden checks are worth something else (expected [1.5], found [])"),
    ],
)  # fmt: skip
def test_languages_that_differ_are_found(tiny_course, change, reason):
    change(tiny_course)
    (found,) = sentences(releases.languages_differ(tiny_course, "first"))
    assert found.startswith("assignments/ko/first/") and found.endswith(reason)


def test_a_missing_release_is_a_reason_and_no_crash(tiny_course, grading_settings):
    for language in ("en", "ko"):
        (tiny_course.root / NOTEBOOK.format(language)).unlink()
    proof = verify(tiny_course, ["first"], grading_settings, STATIC)
    (step,) = proof.wrong
    assert step.part is Part.LANGUAGES and "was not released yet" in step.reasons[0].sentence()


def test_static_parts_are_proven_without_running_a_notebook(tiny_course, grading_settings):
    proof = verify(tiny_course, ["first"], grading_settings, STATIC)
    assert proof.proven and not proof.fits and not any(step.seconds for step in proof.steps)
    assert [step.name for step in proof.of("first", Part.CHECKS)] == ["add.shown", "add.secret", "name.value"]


@pytest.fixture
def grading_settings(tiny_course):
    from autograder.classroom.grading.grade_class import Settings

    return Settings(tiny_course.root / "course.yml", "bubblewrap", 1, None)


# ---- feedback


def report(status, *, expected="", actual="", hint="", problem=""):
    outcome = Outcome(
        check="secret",
        title="A secret",
        status=status,
        out_of=1.5,
        expected=expected,
        actual=actual,
        hint=hint,
        hidden=True,
    )
    question = QuestionResult(question="add", title="Addition", out_of=2, outcomes=(outcome,), problem=problem)
    return report_of(question)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"expected": "78500"}, "the feedback shows what a hidden check expects (found 78500)"),
        ({"hint": "It should be 78,500."}, "the feedback on a hidden check tells its answer"),
        ({"actual": "78400, not 78500"}, "the feedback on a hidden check tells its answer"),
        ({"actual": "785000", "hint": "Count again."}, ""),
    ],
)
def test_feedback_that_tells_a_hidden_answer_is_found(course_of, fields, reason):
    course = course_of("{type: value, of: add, id: secret, hidden: true, points: 1.5, equals: 78500, title: A secret}")
    found = sentences(feedback.outcomes_tell(course, report(Status.FAILED, **fields), "m.yml"))
    assert [line.startswith(f"m.yml: add.secret: {reason}") for line in found] == [True] * bool(reason)
    assert sentences(feedback.outcomes_tell(course, report(Status.PASSED, **fields), "m.yml")) == []


def test_what_is_right_of_a_students_own_network_is_no_answer_told(course_of):
    course = course_of("{type: parameters, of: add, id: secret, hidden: true, points: 1.5, total: 78510, per_layer: [0, 78510], title: A secret}")  # fmt: skip
    own = report(Status.FAILED, actual="78,510 in total, 78,510 trainable (78,510)")
    assert sentences(feedback.outcomes_tell(course, own, "m.yml")) == []
    told = report(Status.FAILED, actual="1 in total, 1 trainable (1)", hint="It should be 78,510.")
    assert ["tells its answer" in line for line in sentences(feedback.outcomes_tell(course, told, "m.yml"))] == [True]


def test_markers_and_reference_functions_in_rendered_feedback_are_found(course_of):
    course = course_of('{type: function, of: add, id: secret, reference: "solutions/references.py:plus", draws: 1, args: [{integer: [0, 9]}], hidden: true, points: 1.5, title: A secret}')  # fmt: skip
    failed = report(Status.FAILED, actual="7")
    assert sentences(feedback.texts_tell(course, failed, ["<td>7</td>"], "f")) == []
    texts = ["<td>solutions/references.py:plus</td>", "check(add, hidden=True)"]
    assert len(sentences(feedback.texts_tell(course, failed, texts, "f"))) == 2


# ---- the probe


def executed(course, *lines):
    made = probe.notebook(course, "first")
    made.cells[-1].outputs = [nbformat.v4.new_output("stream", text="\n".join(lines))]
    return made


def test_what_the_probe_finds_is_a_reason(tiny_course):
    assert sentences(probe.findings(executed(tiny_course, f"{probe.DONE} 12345"), "k")) == []
    (found,) = sentences(probe.findings(executed(tiny_course, f"{probe.FOUND} course.yml", probe.DONE), "k"))
    assert found == "k: a student's code can find something that only the grader may know (found course.yml)"


def test_a_probe_that_did_not_end_proves_nothing(tiny_course):
    (found,) = sentences(probe.findings(executed(tiny_course, "MemoryError"), "k"))
    assert "did not come to its end" in found and "MemoryError" in found


def test_the_probe_does_not_hold_what_it_looks_for(course):
    for name in course.assignments:
        source = probe.notebook(course, name).cells[-1].source
        compile(source, "probe", "exec")
        wanted = probe.needles(course, name)
        assert not any(needle in source for needle in wanted)
    assert probe.needles(course, "two_layer") == [
        "solutions/references.py:collapse", "solutions/references.py:dense_parameters", "unseen_images",
    ]  # fmt: skip
