"""After a change of course.yml, what was handed in is judged again: as grading anew would, and without running anything."""

import json
import shutil

import nbformat
import pytest
import yaml
from typer.testing import CliRunner

from autograder.authoring.release import release
from autograder.authoring.solved_notebooks import edited, hand_in, solved
from autograder.classroom.find_submissions import find_submissions
from autograder.classroom.folder import Folder
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.handin_store import Store
from autograder.classroom.grading.journal import Journal
from autograder.classroom.grading.regrade import apply, outdated, plan
from autograder.classroom.pages.changes import changes, course_changes
from autograder.cli.app import app
from autograder.common.results import Status
from autograder.common.submission import Submission
from autograder.common.wire.handins import pack, unpack
from autograder.common.wire.messages import HandIn
from autograder.course.course import load
from autograder.judge.rejudge import rejudge
from autograder.judge.session import Session
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.classroom.grading.test_grade_class import _OWN_LAYER
from tests.hand_built import dense, model, scalar

NAMES = ("course.yml", "solutions", "assignments")


def copy(root, target, names=NAMES):
    target.mkdir()
    for name in names:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / name).is_file():
            shutil.copyfile(root / name, target / name)
    return load(target / "course.yml")


@pytest.fixture(scope="module")
def graded(course, bench, sandbox, tmp_path_factory):
    """A class of four and what grading `deep` wrote: right, wrong (an answer that handed in a part), no notebook, half undecided."""
    own = copy(course.root, tmp_path_factory.mktemp("regrade") / "course")
    submitted, perfect = own.root / "submitted", solved(own, "deep")
    hand_in(perfect, submitted, "ada", "deep")
    wrong = {"count-answer": "hidden_parameters = deep_parameters = 0", "weights-answer": "1 / 0"}
    hand_in(edited(perfect, wrong), submitted, "bob", "deep", "2027-03-23 02:59:00 UTC")
    (submitted / "carl" / "deep").mkdir(parents=True)
    (submitted / "carl" / "deep" / "deep.ipynb").write_text("no notebook")
    hand_in(edited(perfect, {"train-answer": _OWN_LAYER}), submitted, "dora", "deep")
    with Book(address(own), own.course.id) as book:
        book.prepare(own, "deep")
        for submission in find_submissions(submitted, own):
            result = grade_submission(submission, own, bench, sandbox)
            notebook = nbformat.writes(result.notebook)
            Journal(own.root).write(submission, result.report.to_json(), notebook, result.handins)
            book.write(result.report, own, None)
    return own


@pytest.fixture
def changed(graded, tmp_path):
    """``changed(edit, *removed, **points) -> Course``: a copy of the graded class with another course.yml and release."""

    def make(edit=lambda document: None, *, remove=(), points=None):
        own = copy(graded.root, tmp_path / "course", [path.name for path in graded.root.iterdir()])
        document = yaml.safe_load((own.root / "course.yml").read_text("utf-8"))
        edit(document)
        (own.root / "course.yml").write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
        source = own.root / "solutions" / "deep" / "deep.ipynb"
        notebook = json.loads(source.read_text("utf-8"))
        gone = {name for key in remove for name in (key, f"{key}-answer")}
        notebook["cells"] = [cell for cell in notebook["cells"] if grade_id(cell) not in gone]
        for cell in notebook["cells"]:
            if grade_id(cell) in (points or {}):
                cell["metadata"]["nbgrader"]["points"] = points[grade_id(cell)]
        source.write_text(json.dumps(notebook), "utf-8")
        own = load(own.root / "course.yml")
        if remove or points:
            release(own, ["deep"])
        return own

    return make


def grade_id(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def questions(document):
    return document["assignments"]["deep"]["questions"]


def softer(document):
    """A threshold, a hint, points, a check on values that were handed in, a question less."""
    deep = questions(document)
    deep["accuracy"]["checks"][0]["at_least"] = 0.99
    deep["count"]["checks"][0]["hint"] = {"en": "Another hint.", "ko": "다른 힌트."}
    deep["train"]["points"] = 3
    deep["train"]["checks"][1]["points"] = 1.5
    deep["compile"]["checks"][0]["points"] = 0.25
    deep["compile"]["checks"].append({"type": "optimizer", "of": "model", "equals": "Adam", "points": 0.25})
    del deep["names"]


def measuring(document):
    """The same, and an evaluation that nobody made yet."""
    softer(document)
    more = {
        "type": "evaluation",
        "id": "all",
        "of": "val_loss",
        "model": "model",
        "split": "all_train",
        "metric": "loss",
        "points": 0,
    }
    questions(document)["accuracy"]["checks"].append(more)


SOFTER = {"remove": ["names"], "points": {"train": 3}}


def planned(course, **selection):
    return plan(course, course.root / "course.yml", outdated(course, **selection))


def by_student(found):
    return {result.submission.student: result for result in found}


@pytest.fixture
def no_tensorflow(tmp_path, monkeypatch):
    """Processes that are started now can't import it."""
    for name in ("tensorflow", "keras"):
        (tmp_path / "none" / name).mkdir(parents=True)
        (tmp_path / "none" / name / "__init__.py").write_text("raise SystemExit('this was not to be imported')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "none"))


@pytest.mark.slow
def test_regrading_gives_the_reports_of_grading_anew_byte_for_byte(changed, sandbox, memo_folder):
    new = changed(measuring, **SOFTER)
    found = planned(new)
    assert [result.reasons for result in found] == [(), (), (), ()]
    with JudgeProcess(new.root / "course.yml", memo_folder) as bench:
        for result in found:
            anew = grade_submission(result.submission, new, bench, sandbox)
            assert result.after.to_json() == anew.report.to_json(), result.submission.student
            before = Store(new.root).of(result.submission.student, "deep").document
            fresh = unpack(anew.handins).document
            assert (before.code, before.circumstances) == (fresh.code, fresh.circumstances)


def test_a_threshold_a_hint_points_and_a_check_need_no_tensorflow(changed, no_tensorflow):
    found = by_student(planned(changed(softer, **SOFTER)))
    assert {name: (r.before.points, r.after.points, r.gained) for name, r in found.items()} == {
        "ada": (25.0, 23.25, -1.75), "bob": (21.5, 19.75, -1.75), "carl": (0.0, 0.0, 0.0), "dora": (19.5, 18.25, -1.25),
    }  # fmt: skip
    (count,) = [question for question in found["bob"].after.questions if question.question == "count"]
    assert count.outcomes[0].hint == "Another hint."
    ada = {change.question: change for change in found["ada"].changes}
    assert {key: change.gained for key, change in ada.items()} == {
        "compile": -0.25, "train": 1.0, "accuracy": -1.5, "names": -1.0,
    }  # fmt: skip
    (check,) = ada["accuracy"].checks
    assert (check.before.status, check.after.status) == (Status.PASSED, Status.FAILED)
    assert [change.check for change in ada["compile"].checks] == ["loss", "optimizer"]
    assert ada["names"].after is None
    assert "The cell 'names' is not part of this assignment and is an ordinary cell now." in found["ada"].after.notes


def test_applied_it_is_in_reports_gradebook_and_notebooks_and_there_is_nothing_left(changed, no_tensorflow):
    new = changed(softer, **SOFTER)
    found = planned(new)
    assert apply(new, found) == 4
    for result in found:
        folder, submission = Folder(new.root), result.submission
        assert folder.report(submission).read_text("utf-8") == result.after.to_json()
        notebook = folder.read_notebook(submission)
        cells = {grade_id(cell): cell for cell in notebook.cells if grade_id(cell)}
        assert set(cells) & {"names", "names-answer"} == set()
        assert all(not cell.outputs for cell in notebook.cells if 'check("deep.names"' in cell.source)
        assert cells["train"].metadata.nbgrader.points == 3
        for question in result.after.questions:
            assert cells[question.question].outputs[1].data["text/plain"] == f"{question.points:g}"
    with Book(address(new), new.course.id) as book:
        assert {score.student: score.points for score in book.scores()} == {
            result.submission.student: result.after.points for result in found
        }
    assert list(outdated(new)) == []
    again = Store(new.root).of("ada", "deep")
    assert course_changes(again.course(), new.document("deep")) == {}


def test_the_executed_notebook_keeps_its_other_outputs(changed, graded, no_tensorflow):
    new = changed(softer, **SOFTER)
    apply(new, planned(new, students=["bob"]))
    before, after = (
        nbformat.read(own.root / "autograded" / "bob" / "deep" / "deep.ipynb", as_version=4) for own in (graded, new)
    )
    old = {cell.source: cell.outputs for cell in before.cells if cell.cell_type == "code" and grade_id(cell) is None}
    assert any(old.values())  # what its own cells printed
    for cell in after.cells:
        if cell.source in old:
            assert cell.outputs == old[cell.source]


def edit_seed(document):
    document["seed"] = 43


def edit_limits(document):
    document["limits"]["epochs"] = 40


def edit_rows(document):
    document["data"]["holdout"]["random_state"] = 1


def add_question(document):
    questions(document)["more"] = {
        "title": "More", "points": 1, "checks": [{"type": "value", "of": "more", "equals": 1, "points": 1}],
    }  # fmt: skip


def need_a_name(document):
    questions(document)["count"]["checks"].append(
        {"type": "value", "of": "layers", "id": "layers", "equals": 4, "points": 0}
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (edit_seed, "seed 42 → 43"),
        (edit_limits, "limits.epochs 100 → 40"),
        (edit_rows, "data.holdout.random_state 42 → 1"),
        (need_a_name, "count: the check 'layers' looks at `layers`, which was not handed in"),
    ],
)
def test_what_was_handed_in_does_not_suffice_is_said_and_nothing_is_written(changed, no_tensorflow, edit, said):
    new = changed(edit)
    (ada,) = planned(new, students=["ada"])
    assert (ada.after, ada.reasons) == (None, (said,))
    assert apply(new, [ada]) == 0


def test_a_new_question_has_to_be_graded(changed, no_tensorflow):
    new = changed(add_question)
    source = new.root / "solutions" / "deep" / "deep.ipynb"
    notebook = json.loads(source.read_text("utf-8"))
    cell = {**next(cell for cell in notebook["cells"] if grade_id(cell) == "count"), "id": "more"}
    grading = {**cell["metadata"]["nbgrader"], "grade_id": "more", "points": 1}
    notebook["cells"].append({**cell, "metadata": {"nbgrader": grading}, "source": 'check("deep.more", more=1)'})
    source.write_text(json.dumps(notebook), "utf-8")
    release(new, ["deep"])
    found = by_student(planned(new))
    assert found["ada"].reasons == ("'more' is a new question: nothing was handed in for it",)
    assert found["carl"].after.questions[-1].problem.startswith("The file is not a notebook")  # whatever is asked


def test_another_release_runs_other_code(changed, no_tensorflow):
    new = changed(softer, **SOFTER)
    path = new.root / "assignments" / "en" / "deep" / "deep.ipynb"
    path.write_text(
        path.read_text("utf-8").replace('check(\\"deep.add\\", model2)', 'check(\\"deep.add\\", model)'), "utf-8"
    )
    assert by_student(planned(new, students=["ada"]))["ada"].reasons == ("the released notebook runs other code now",)


def test_what_is_not_there_any_more_has_to_be_graded(changed, no_tensorflow):
    new = changed(softer, **SOFTER)
    shutil.rmtree(new.root / "submitted" / "bob")
    (new.root / "submitted" / "carl" / "deep" / "deep.ipynb").write_text("still no notebook")
    Store(new.root).entry("dora", "deep").unlink()
    (new.root / "autograded" / "ada" / "deep" / "deep.ipynb").write_text("{}")
    assert {name: result.reasons for name, result in by_student(planned(new)).items()} == {
        "ada": ("its executed notebook is not in autograded/ as it was written",),
        "bob": ("the submission is not in submitted/ any more",),
        "carl": ("another file was handed in since",),
        "dora": ("what was handed in was not kept",),
    }


def test_other_library_versions_have_to_be_graded(changed, no_tensorflow):
    new = changed(softer, **SOFTER)
    ((submission, report),) = outdated(new, students=["ada"])
    old = report.model_copy(update={"versions": {**report.versions, "keras": "2.0"}})
    (result,) = plan(new, new.root / "course.yml", [(submission, old)])
    assert result.reasons[0].startswith("graded with keras 2.0, and this is 3.")


def test_an_unchanged_course_leaves_nothing_to_do(graded):
    assert list(outdated(graded)) == []


# ---- functions, without a notebook


@pytest.fixture(scope="module")
def formula(course):
    """What a student's `formula` handed in for `two_layer`."""
    lab = CourseLab(course.data, course.root)
    session = Session(course, "two_layer", lab, Memo(None))
    question = course.assignment("two_layer").questions["formula"]
    from autograder.common.wire.description import FunctionDescription

    wrong = [a * b for a, b in question.checks[1].arguments(course.seed)]
    function = FunctionDescription(
        name="formula",
        results={"given": (scalar(78500), scalar(1010)), "unseen": tuple(scalar(value) for value in wrong)},
    )
    session._hand_in(HandIn(type="hand_in", question="two_layer.formula", values={"": function}, answered=True))
    network = model(dense(100, "sigmoid"), dense(10, "softmax", inputs=100))
    session._hand_in(HandIn(type="hand_in", question="two_layer.compile", values={"model": network}))
    session.results("en")
    return lab, session.keep()


def again(course, formula, **question):
    lab, kept = formula
    document = course.assignment("two_layer")
    before = document.questions["formula"]
    after = before.model_copy(update=question)
    questions = {**document.questions, "formula": after}
    new = course.model_copy(
        update={
            "assignments": {**course.assignments, "two_layer": document.model_copy(update={"questions": questions})}
        }
    )
    return rejudge(unpack(pack(kept)), new, lab, Memo(None))


def test_functions_are_judged_again_by_what_they_returned(course, formula):
    given, unseen = course.assignment("two_layer").questions["formula"].checks
    same = again(course, formula)
    assert [outcome.status.value for outcome in same.questions[0].outcomes] == ["passed", "failed"]
    renamed = again(course, formula, checks=(given.model_copy(update={"id": "shown"}), unseen))
    assert [outcome.status.value for outcome in renamed.questions[0].outcomes] == ["passed", "failed"]
    without = again(course, formula, checks=(unseen.model_copy(update={"tolerance": 1e9}),))
    assert [outcome.status.value for outcome in without.questions[0].outcomes] == ["passed"]


def test_functions_that_would_be_called_on_other_inputs_have_to_be_graded(course, formula):
    given, unseen = course.assignment("two_layer").questions["formula"].checks
    more = again(course, formula, checks=(given, unseen.model_copy(update={"draws": 7})))
    assert more.cannot == {"formula": "the check 'unseen' calls `dense_parameters` on inputs that it was not called on"}
    assert [result.question for result in more.questions] == ["compile"]


def test_a_value_without_a_name_goes_to_the_first_check_of_now(course, formula):
    given, unseen = (
        check.model_copy(update={"of": "count"}) for check in course.assignment("two_layer").questions["formula"].checks
    )
    assert again(course, formula, checks=(given, unseen)).questions[0].outcomes[0].status is Status.PASSED


# ---- the command


def run(course, *arguments, **others):
    return CliRunner().invoke(app, ["regrade", "--course", str(course.root / "course.yml"), *arguments], env={"COLUMNS": "200"}, **others)  # fmt: skip


def flat(text):
    return " ".join(text.split())


def test_the_command_shows_who_gains_and_loses_what_and_why_and_applies_on_confirmation(changed, course, no_tensorflow):
    new = changed(softer, **SOFTER)
    shutil.rmtree(new.root / "submitted" / "dora")
    before = {path: path.read_bytes() for path in new.root.rglob("*.json")}
    ran = {}
    for argument in ("--diff", "", "--json"):
        done = ran[argument] = run(new, *filter(None, [argument]))
        assert done.exit_code == 1, done.output
        assert {path: path.read_bytes() for path in new.root.rglob("*.json")} == before
    shown = flat(ran["--diff"].stdout)
    threshold = course.assignment("deep").questions["accuracy"].checks[0].at_least
    for text in (
        f"deep.accuracy accuracy: at_least {threshold:g} → 0.99",
        "deep.count hidden: hint changed",
        "deep.train points 2 → 3",
        "deep.compile optimizer: added",
        "deep.names removed",
        "✓→✗ Accuracy of at least 0.99 on the hold-out",
        "+✗ Compiled with Adam()",
        "3 judged again: 2 lose −3.5 in all, 1 keep their points",
        "1 keep their reports and grades, and can't be judged again: dora deep: the submission is not in submitted/ any more",
    ):
        assert text in shown, shown
    document = json.loads(ran["--json"].stdout)
    ada, dora = ({item["student"]: item for item in document["submissions"]}[name] for name in ("ada", "dora"))
    assert (dora["gone"], dora["grade_again"], ada["gone"]) == (True, [], False)
    assert (ada["before"]["points"], ada["after"]["points"], document["applied"]) == (25.0, 23.25, False)
    assert "there is nobody to ask" in flat(ran[""].stderr)
    done = run(new, "--yes")
    assert done.exit_code == 0  # nobody can grade dora's again
    assert "3 applied to the gradebook, reports/ and autograded/." in flat(done.stderr)
    assert "the submission is not in submitted/ any more" in flat(run(new, "--yes").stdout)
    done = run(new, "--yes", "-s", "ada")
    assert (done.exit_code, flat(done.stdout)) == (0, "Every report fits course.yml: nothing to regrade.")
    shutil.rmtree(new.root / "reports")
    assert flat(run(new).stdout) == "There is no report to regrade: `autograder grade` makes them."


def test_nothing_is_applied_while_somebody_grades_this_course(changed, no_tensorflow):
    course = changed(softer, **SOFTER)
    with Journal(course.root).alone():
        refused = run(course, "--yes")
        shown = run(course, "--diff")
    assert refused.exit_code == 4
    assert "another autograder is grading this course" in flat(refused.stderr)
    assert "judged again" in flat(shown.stdout)
    assert list(outdated(course))


def test_a_persons_score_is_kept_and_said(changed, no_tensorflow):
    from nbgrader.api import Gradebook

    new = changed(softer, **SOFTER)
    with Gradebook(address(new), new.course.id) as raw:
        raw.find_grade("accuracy", "deep", "deep", "ada").manual_score = 2.5
        raw.db.commit()
    done = run(new, "--yes", "-s", "ada")
    assert done.exit_code == 0, done.output
    assert "a person's score counts" in flat(done.stdout)
    with Book(address(new), new.course.id) as book:
        (entry,) = [e for e in book.entries() if (e.student, e.question) == ("ada", "accuracy")]
    assert (entry.auto, entry.manual, entry.waiting) == (2.0, 2.5, True)


def test_points_that_the_notebook_does_not_have_are_refused_before_anything_is_judged(changed):
    done = run(changed(softer))
    assert done.exit_code == 4
    assert "in course.yml" in done.stderr


# ---- differences


def test_reports_that_differ_in_words_only_have_no_changes(graded):
    report = next(iter(Folder(graded.root).report(Submission("ada", "deep", graded.root)).parent.glob("*.json")))
    from autograder.common.results import Report

    before = Report.from_json(report.read_text("utf-8"))
    titled = [question.model_copy(update={"title": "Another"}) for question in before.questions]
    assert changes(before, before.model_copy(update={"questions": tuple(titled)})) == []


def test_course_changes_are_said_by_question_and_check(course):
    before = course.document("deep")
    after = json.loads(json.dumps(before))
    checks = after["assignment"]["questions"]["network"]["checks"]
    checks[1]["layers"][0]["units"] = {"any_of": [], "at_least": 50.5, "at_most": None}
    checks.reverse()
    after["assignment"]["questions"]["add"]["checks"][0]["hidden"] = True
    found = course_changes(before, after)
    assert found["network"][-1] == "checks in another order"
    assert found["network"][0] == "layers: layers.1.units 100 → {at_least: 50.5}"
    assert found["add"] == ["input_shape: hidden false → true"]
