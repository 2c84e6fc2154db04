"""One submission, whatever is in it: broken notebooks, forged ones, curious ones, and a grader that breaks itself."""

import errno
import html
import json
import os
import random
import re
import signal
import threading
import time
from dataclasses import replace
from itertools import product

import nbformat
import pytest

from autograder.authoring.solved_notebooks import edited, solved
from autograder.common.errors import SandboxError
from autograder.common.results import Report
from autograder.common.wire.submitted_notebook import NO_FILE, read
from autograder.course.released_notebook import released_notebook
from autograder.networks.memo import Memo
from autograder.sandbox.host import Sandbox
from autograder.worker.judge_process import JudgeProcess

# The questions of `deep` that need no training.
WORTH = {"network": 4.5, "count": 2, "add": 2.5, "names": 1, "weights": 2.5, "vanishing": 2, "gradient": 4}


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


@pytest.fixture
def quick(course):
    """`deep`, with right answers to the questions that need no training, and nothing that takes time."""

    def make(edits=()):
        notebook = solved(course, "deep")
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell in code[1:]:
            if not grade_id(cell):
                cell.source = ""
            elif grade_id(cell) in ("compile-answer", "train-answer", "accuracy-answer"):
                cell.source = "raise NotImplementedError()"
        return edited(notebook, dict(edits))

    return make


def scores(report):
    return {question.question: question.points for question in report.questions if question.points}


def question(report, name):
    return next(question for question in report.questions if question.question == name)


def number(notebook, name):
    """A cell's number, as sentences count them."""
    return next(place for place, cell in enumerate(notebook.cells, 1) if grade_id(cell) == name)


# ---- files that are no notebook


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("print('hello')", "it is not valid JSON (line 1)"),
        ("", "it is empty"),
        (None, "The file can't be read: No such file or directory"),
        ('{"nbformat": 4}', "it has no cells"),
        ('{"cells": [], "nbformat": 9}', "its notebook format is neither 3 nor 4"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
    ids=["not JSON", "empty", "missing", "no cells", "unknown format", "nested"],
)
def test_a_file_that_is_no_notebook_earns_nothing_and_the_reason_is_said(grade_notebook, course, content, reason):
    graded = grade_notebook(content, "deep")
    assert (graded.report.points, graded.report.out_of) == (0, course.assignment("deep").points)
    assert not graded.report.undecided
    assert [grade_id(cell) for cell in graded.notebook.cells if grade_id(cell) in course.assignment("deep").questions]
    assert all(
        html.escape(reason) in cell.outputs[0].data["text/html"]
        for cell in graded.notebook.cells
        if cell.get("outputs")
    )
    assert reason in graded.report.notes[0]
    assert {result.problem for result in graded.report.questions} == set(graded.report.notes)


@pytest.mark.parametrize("number", [one for one in errno.errorcode if one not in NO_FILE])
def test_a_file_that_the_machine_does_not_give_is_nobodys_zero(course, sandbox, tmp_path, monkeypatch, number):
    """Rights, a disk, a server, descriptors: whatever the system says, unless it is that no ordinary file is there."""
    from autograder.common.submission import Submission
    from autograder.worker.grading import grade_submission

    path, open_ = tmp_path / "deep.ipynb", os.open
    path.touch()

    def failing(opened, *arguments):
        if str(opened) == str(path):
            raise OSError(number, os.strerror(number))
        return open_(opened, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr("autograder.common.files.os.open", failing)
        report = grade_submission(Submission("ann", "deep", path), course, None, sandbox).report
    assert all(result.undecided for result in report.questions)
    assert os.strerror(number) in report.questions[0].problem


# ---- notebooks that break


def test_a_kernel_that_ends_keeps_what_was_handed_in_before(grade_notebook, quick):
    notebook = quick({"names-answer": "import os\nos._exit(3)"})
    report = grade_notebook(notebook, "deep").report
    assert scores(report) == {name: WORTH[name] for name in ("network", "count", "add")}
    ended = (
        f"the kernel ended in cell {number(notebook, 'names-answer')} (exit code 3), so the cells after it were not run"
    )
    assert question(report, "names").problem == f"Nothing was handed in: {ended}."
    assert question(report, "weights").problem == f"The check cell did not run: {ended}."
    assert [note.lower() for note in report.notes] == [f"{ended}.".lower()]
    assert not report.undecided


def test_breaking_a_limit_costs_only_the_questions_that_needed_it(grade_notebook, quick, sandbox, monkeypatch):
    hurried = sandbox.limits.model_copy(update={"cell_seconds": 6, "output_kb": 16})
    monkeypatch.setattr(sandbox, "limits", hurried)
    notebook = quick(
        {
            "network-answer": "model = keras.Sequential([",
            "count-answer": "hidden_parameters, deep_parameters = 10100, 99710\nimport sys\nsys.exit(1)",
            "names-answer": "default_names = ['dense']\nwhile True:\n    pass",
            "weights-answer": [("shapes", "print('x' * 100_000)\nshapes")],
            "compile-answer": "while True:\n    print('x' * 10_000)",
        }
    )
    graded = grade_notebook(notebook, "deep")
    assert scores(graded.report) == {name: WORTH[name] for name in ("count", "add", "weights", "vanishing", "gradient")}
    # From Python 3.13 on, as IPython shows it: _IncompleteInputError.
    assert re.match(r"Your cell raised \w+: .*incomplete input", question(graded.report, "network").problem)
    stopped = f"cell {number(notebook, 'names-answer')} was stopped after 6 s"
    assert (
        question(graded.report, "names").problem == f"{stopped.capitalize()}."
    )  # that was handed in: the check cell ran
    cut = f"the output of cell {number(notebook, 'weights-answer')} was cut: the notebook printed more than 16 KB"
    flood = f"cell {number(notebook, 'compile-answer')} was stopped because it printed without end"
    assert "KeyboardInterrupt" not in graded.report.model_dump_json()
    assert [note[:1].lower() + note[1:] for note in graded.report.notes] == [f"{s}." for s in (stopped, cut, flood)]
    assert len(nbformat.writes(graded.notebook)) < 300_000
    # The allowance for output is used up, and what explains a failure is still kept.
    assert question(graded.report, "train").problem == "This question was not answered."


# ---- notebooks that were tampered with


def test_tampered_cells_are_put_back_and_the_judge_decides(grade_notebook, quick):
    notebook = quick({"names-answer": 'default_names = ["first", "second"]', "weights-answer": "shapes = []"})
    cells = {grade_id(cell): cell for cell in notebook.cells if grade_id(cell)}
    notebook.cells.remove(cells["count"])
    cells["names"].source = 'check("deep.names", ["dense", "dense_1"])'
    double = nbformat.from_dict(cells["add"])
    double.id, double.source = "another", 'check("deep.add", keras.Sequential())'
    notebook.cells.insert(notebook.cells.index(cells["add"]) + 1, double)
    cells["weights"].outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "3.0"}, execution_count=1)]

    graded = grade_notebook(notebook, "deep")
    # What the second cell handed in counts, as the last hand-in of a question does: it is the student's own.
    assert scores(graded.report) == {"network": 4.5, "count": 2, "weights": 1, "vanishing": 2, "gradient": 4}
    assert graded.report.notes == (
        "There was more than one check cell 'add': the first one counts.",
        "The check cell 'names' was changed; its original text was restored.",
        "The check cell 'count' was missing and was put back.",
    )


def test_the_executed_notebook_shows_the_judges_tables_and_points(grade_notebook, quick):
    forged = "from IPython.display import display\n"
    graded = grade_notebook(
        quick({"names-answer": 'default_names = ["a"]', "add-answer": forged + "print(3.0)"}), "deep"
    )
    nbformat.validate(graded.notebook)
    results = {result.question: result for result in graded.report.questions}
    cells = {grade_id(cell): cell for cell in graded.notebook.cells if grade_id(cell) in results}
    assert list(cells) == list(results)
    for name, cell in cells.items():
        table, score = cell.outputs
        assert 'class="autograder-check"' in table.data["text/html"]
        assert results[name].title in table.data["text/html"]
        assert score.output_type == "execute_result"
        assert float(score.data["text/plain"]) == results[name].points
    assert "found" in cells["names"].outputs[0].data["text/html"]
    assert json.loads(graded.report.to_json())["isolation"] == "bubblewrap"


_ITSELF = """\
from autograder.kernel.graded import keras_itself
noted = {id(place) for place, before in keras_itself._kept}
print("PLACES", len(noted) > 500, [place.__name__ for place in keras_itself._places() if id(place) not in noted])
print("CHANGED", [keras_itself.changed()])
keras.layers.Dense.call = lambda self, inputs: inputs
print("CHANGED", [keras_itself.changed()])
"""


def test_a_kernel_knows_of_all_of_keras_whether_a_notebook_changed_it(grade_notebook, quick):
    """What Keras is was noted before the kernel was forked, and of the grader's own stand-ins after it."""
    notebook = grade_notebook(quick({"names-answer": _ITSELF}), "deep").notebook
    (cell,) = (cell for cell in notebook.cells if grade_id(cell) == "names-answer")
    assert cell.outputs[0].text.split("\n")[:3] == ["PLACES True []", "CHANGED ['']", "CHANGED ['Dense.call']"]


# ---- what students must not see

_CURIOUS = """\
import gc, os, sys
import autograder
seen = []
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if folder + name not in ("/proc", "/sys")]
    seen += [os.path.join(folder, file) for file in files
             if file in ("references.py", "course.yml", "checks.yml", "gradebook.db", "nbgrader_config.py") or file.endswith((".fit", ".ipynb"))]
print("FILES", [name for name in seen if "site-packages" not in name and "dist-packages" not in name])
print("ENVIRONMENT", {name: value for name, value in os.environ.items() if name != "PATH"})
print("OBJECTS", [type(o).__name__ for o in gc.get_objects()
                  if type(o).__module__.startswith("autograder.course.") or type(o).__name__ in ("Course", "Assignment", "Question")])
print("WORDS", [word for word in (b"/solutions", b"course.yml", b"memo") if word in open("/proc/self/environ", "rb").read()])
text = b"".join(open(os.path.join(folder, file), "rb").read() for folder, _, files in os.walk(os.path.dirname(autograder.__file__))
                for file in files if file.endswith(".py"))
print("PACKAGE", [word for word in (b"W2 @ W1", b"79510", b"99710", b"0.825") if word in text])
print("SECRETS", len(seen))
"""


@pytest.mark.parametrize("empty", ["", " \n\t", "pass", "# 모르겠어요"])
def test_an_answer_is_empty_however_it_was_emptied(grade_notebook, quick, empty):
    """Also where a cell ran before it, and an earlier question's network is what it would rest on: nothing of it is handed in."""

    def graded(who, source):
        notebook = quick({"weights-answer": source})
        place = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) == "weights-answer")
        notebook.cells.insert(place, nbformat.v4.new_code_cell("for layer in model2.layers:\n    print(layer.name)"))
        return grade_notebook(notebook, "deep", who)

    released, emptied = graded("ada", "raise NotImplementedError()"), graded("ben", empty)
    assert [one.actual for one in question(emptied.report, "weights").outcomes] == [
        one.actual for one in question(released.report, "weights").outcomes
    ]
    assert scores(emptied.report) == scores(released.report) and "weights" not in scores(emptied.report)
    (shown,) = (cell for cell in emptied.notebook.cells if grade_id(cell) == "weights-answer")
    assert shown.source == empty and not shown.outputs


def test_a_curious_notebook_finds_nothing_of_the_course(grade_notebook, quick, course):
    graded = grade_notebook(
        quick({"names-answer": _CURIOUS, "count-answer": "hidden_parameters = deep_parameters = 1"}), "deep"
    )
    cell = next(cell for cell in graded.notebook.cells if grade_id(cell) == "names-answer")
    printed = dict(line.split(" ", 1) for line in "".join(output.text for output in cell.outputs).splitlines())
    assert set(printed) == {"FILES", "ENVIRONMENT", "OBJECTS", "WORDS", "PACKAGE", "SECRETS"}
    assert [printed[name] for name in ("FILES", "OBJECTS", "WORDS", "PACKAGE")] == ["[]"] * 4
    for word in (str(course.root), "solutions", "memo", "MEMO", "gradebook"):
        assert word not in printed["ENVIRONMENT"]


def test_hidden_parameters_are_neither_in_the_notebook_nor_in_the_report(grade_notebook, course):
    wrong = {
        "defaults-answer": "default_optimizer, default_momentum, default_learning_rate = 'sgd', 1, 1",
        "quiz-answer": "q1 = q2 = q3 = q4 = 4",
    }
    notebook = edited(released_notebook(course, "optimizers"), wrong)
    graded = grade_notebook(notebook, "optimizers")
    hidden = [outcome for result in graded.report.questions for outcome in result.outcomes if outcome.hidden]
    assert len(hidden) == sum(c.hidden for q in course.assignment("optimizers").questions.values() for c in q.checks)
    assert {outcome.expected for outcome in hidden} <= {"", "one of the answers"}  # its form is no secret
    tables = "".join(
        cell.outputs[0].data["text/html"] for cell in graded.notebook.cells if grade_id(cell) in ("defaults", "quiz")
    )
    assert "rmsprop" not in tables
    assert "expected" not in tables
    text = nbformat.writes(graded.notebook)
    for secret in ("hidden=True", "BEGIN HIDDEN", "references.py", "at_least", "0.86"):
        assert secret not in text


# ---- the grader's own failures


def test_a_judge_that_is_killed_is_replaced_and_the_notebook_graded_again(grade_notebook, quick, bench, sandbox):
    notebook = quick({"names-answer": [("default_names", "import time\ntime.sleep(2)\ndefault_names")]})
    bench.begin("deep", sandbox.run_folder / "judge", "en")  # it is up
    bench.end("en")
    victim = bench._process

    def kill():
        while not (sandbox.run_folder / "judge").exists():
            time.sleep(0.02)
        time.sleep(1.5)
        victim.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    report = grade_notebook(notebook, "deep").report
    killer.join()
    assert bench._process is not victim
    assert (scores(report), report.undecided) == (WORTH, False)


def test_of_a_network_that_two_judges_died_of_only_its_own_questions_are_undecided(grade_notebook, quick, monkeypatch):
    """Another cause, or another network each time, is no reason to leave one out: then all is undecided."""
    from autograder.worker import grading
    from autograder.worker.judge_process import JudgeDied

    run, avoided = grading._run, []

    def dying(of):
        def attempt(notebook, task, bench, sandbox, avoid):
            avoided.append(avoid)
            if avoid:
                return run(notebook, task, bench, sandbox, avoid)
            raise JudgeDied("the judge died", of.pop(0))

        monkeypatch.setattr(grading, "_run", attempt)
        avoided.clear()
        return grade_notebook(quick(), "deep").report

    report = dying([(79_510, 110), (79_510, 110)])
    assert avoided == [[], [], [(79_510, 110)]]
    assert (scores(report), report.undecided) == (WORTH, False)
    for deaths in ([(1, 1), (2, 2)], [(), ()]):
        report = dying(list(deaths))
        assert avoided == [[], []] and all(question.undecided for question in report.questions)


def test_whatever_dies_in_whatever_order_a_kernel_that_was_killed_once_costs_nothing(
    grade_notebook, quick, monkeypatch
):
    """Judges, sandboxes and kernels end in every order: the notebook's is a signal's end only when it happens twice."""
    from autograder.worker import grading
    from autograder.worker.judge_process import JudgeDied

    run, finished, first, made, used, events = grading._run, grading._finished, [], [], [], []

    def attempt(*arguments):
        first[:] = first or [run(*arguments)]
        event = events.pop(0)
        used.append(event)
        if event == "sandbox":
            raise SandboxError("the sandbox died")
        if event in ("judge", "judge at work"):
            raise JudgeDied("the judge died", (5, 5) if event == "judge at work" else ())
        went, decided = first[0]
        return (went if event == "well" else replace(went, died=True, code=event)), decided

    def finish(task, notebook, trial, went, *rest):
        used.append(went.code)
        made[:] = made or [finished(task, notebook, trial, first[0][0], *rest)]
        return made[0]

    monkeypatch.setattr(grading, "_run", attempt)
    monkeypatch.setattr(grading, "_finished", finish)
    kinds = ("judge", "judge at work", "sandbox", 128 + signal.SIGKILL, 128 + signal.SIGTERM, 3)
    for order in [*product(kinds, repeat=2), *random.Random(3).sample([*product(kinds, repeat=3)], 20)]:
        events[:], used[:] = [*order, "well", "well", "well"], []
        report = grade_notebook(quick(), "deep").report
        by_signal = [event for event in used[:-1] if isinstance(event, int) and event > 128]
        failed = [event for event in used if event in ("judge", "judge at work", "sandbox")]
        if used[-1] is None or isinstance(used[-1], int):  # what its report was made of
            assert used[-1] == 3 or used[-1] is None or len(by_signal) == 2, used
            assert scores(report) == WORTH and len(failed) <= 2, used
        else:
            assert report.undecided and len(failed) >= 2 and not scores(report), used
    # Whoever has taken the time of all its runs isn't run again: then it is for a person, whatever it was that died.
    monkeypatch.setattr(grading, "MOST_TIMES", 0)
    for kind in kinds[:-1]:
        events[:], used[:] = [kind, "well"], []
        report = grade_notebook(quick(), "deep").report
        assert used == [kind] and report.undecided and not scores(report)
        assert all("was not run again" in question.problem for question in report.questions)


@pytest.mark.parametrize("step", ["parse", "circumstances", "illustrations.left_out"])
def test_what_others_do_to_a_process_of_ours_costs_nobody_a_mark(grade_notebook, quick, monkeypatch, step, tmp_path):
    """Wherever the grader reads what a student wrote in a child of its own: ended once it is done again, ended again it is for a person."""
    from autograder.worker import grading

    module, _, name = f"grading.{step}".rpartition(".")
    place = grading if module == "grading" else grading.illustrations
    work, times = getattr(place, name), [1]

    def killed(*arguments):
        count = len(list(tmp_path.iterdir()))
        if count < times[0]:
            (tmp_path / str(count)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*arguments)

    monkeypatch.setattr(place, name, killed)
    report = grade_notebook(quick(), "deep").report
    assert (scores(report), report.undecided) == (WORTH, False) and len(list(tmp_path.iterdir())) == 1
    times[0] = 99
    report = grade_notebook(quick(), "deep").report
    assert report.undecided and all(question.undecided for question in report.questions)


def test_without_a_judge_everything_is_undecided_and_nothing_is_zero(grade_notebook, quick, tmp_path):
    with JudgeProcess(tmp_path / "nowhere.yml", None) as broken:
        graded = grade_notebook(quick(), "deep", bench=broken)
    assert graded.report.undecided
    assert {o.status for result in graded.report.questions for o in result.outcomes} == {"undecided"}
    assert all(result.problem.startswith("the grader failed: the judge died") for result in graded.report.questions)
    assert graded.notebook is not None


# ---- the same submission, the same report


@pytest.fixture(scope="module")
def other_benches(course_file, tmp_path_factory):
    """A judge that keeps nothing, and one whose memo is empty at first."""
    with (
        JudgeProcess(course_file, None) as forgetful,
        JudgeProcess(course_file, tmp_path_factory.mktemp("empty")) as empty,
    ):
        for bench in (forgetful, empty):
            bench.start()
        yield {"off": forgetful, "empty": empty}


@pytest.mark.slow
def test_the_same_submission_gives_the_same_report_whatever_the_memo_holds(
    grade_notebook, course, course_file, quick, other_benches
):
    twice = "model.fit(train_input, train_target, epochs=1)\n"  # the second one goes on where the first one ended
    notebook = edited(
        solved(course, "flatten_relu"),
        {
            "compare-answer": "prediction = 2",
            "train-answer": [("model.fit(train_input, train_target, epochs=5)", twice * 2)],
        },
    )
    first = grade_notebook(notebook, "flatten_relu")
    assert 0 < first.report.points < first.report.out_of
    reports = {"full": grade_notebook(notebook, "flatten_relu").report.to_json()}
    grade_notebook(
        quick({"names-answer": "import numpy as np\nnp.random.seed(1)\nimport os\nos._exit(0)"}), "deep", "another"
    )
    reports["after another student"] = grade_notebook(notebook, "flatten_relu").report.to_json()
    reports["off"] = grade_notebook(notebook, "flatten_relu", bench=other_benches["off"]).report.to_json()
    reports["empty"] = grade_notebook(notebook, "flatten_relu", bench=other_benches["empty"]).report.to_json()
    reports["filled"] = grade_notebook(notebook, "flatten_relu", bench=other_benches["empty"]).report.to_json()
    entries = sorted(other_benches["empty"].memo.glob("*.fit"))
    epochs = [entry for entry in entries if Memo(entry.parent).find(entry.stem).weights]
    measured = [
        entry for entry in entries if entry not in epochs
    ]  # what the hold-out says of the second, and what checks asked
    assert len(epochs) == 2 and len(measured) > 1
    for gone in ([epochs[0]], [epochs[1]], measured):
        for entry in gone:
            entry.unlink()
        with JudgeProcess(
            course_file, other_benches["empty"].memo
        ) as fresh:  # a judge that ran remembers more than the folder
            graded = grade_notebook(notebook, "flatten_relu", bench=fresh)
        assert (graded.fits, graded.trained) == (2, 1 if gone[0] in epochs else 0)
        reports[f"half full, without {gone[0].name}"] = graded.report.to_json()
    assert {name: text for name, text in reports.items() if text != first.report.to_json()} == {}
    assert Report.from_json(first.report.to_json()) == first.report


def test_a_judge_that_knows_every_training_needs_no_tensorflow(
    grade_notebook, course, course_file, bench, importing_no_tensorflow
):
    first = grade_notebook(solved(course, "deep"), "deep").report
    with JudgeProcess(course_file, bench.memo) as fresh:
        again = grade_notebook(solved(course, "deep"), "deep", bench=fresh)
    assert again.report.to_json() == first.to_json() and again.fits and not again.trained
    assert not again.report.undecided


@pytest.mark.slow
def test_a_fresh_parent_for_each_kernel_gives_the_same_report_as_forks_of_one(grade_notebook, quick, course):
    shared = grade_notebook(quick(), "deep").report
    with Sandbox("bubblewrap", course.limits, max_kernels=1) as fresh:
        again = [grade_notebook(quick(), "deep", sandbox=fresh).report for _ in range(2)]
        assert fresh.starts == 2
    assert [report.to_json() for report in again] == [shared.to_json()] * 2


def test_a_report_holds_no_path_and_no_time(grade_notebook, quick, tmp_path, sandbox):
    text = grade_notebook(quick({"names-answer": "import os\nos._exit(1)"}), "deep").report.to_json()
    assert str(tmp_path) not in text
    assert str(sandbox.private_folder) not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)


def test_a_graded_notebook_can_be_handed_in_and_graded_again(grade_notebook, quick, tmp_path):
    first = grade_notebook(quick(), "deep")
    path = tmp_path / "again.ipynb"
    nbformat.write(first.notebook, path)
    assert "autograder-check" not in nbformat.writes(read(path, 20))  # outputs of the submission are dropped
    second = grade_notebook(first.notebook, "deep", "t")
    assert second.report.questions == first.report.questions
