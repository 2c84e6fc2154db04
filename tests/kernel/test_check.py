"""`check` at home: what it prints, what it returns, and how it helps when something is missing."""

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import textwrap
import types
import warnings
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import yaml
from rich.console import Console

import autograder
from autograder.common.errors import CourseError, DataError
from autograder.common.machine import requirements
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.showing.exhibits import Exhibit, Layer, Network
from autograder.common.showing.outcome_table import Hidden, as_html, as_text, footer
from autograder.common.wire.description import DataRecord
from autograder.common.wire.protocol import JUDGE
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.course.released_checks import locate, read
from autograder.kernel.check import check
from autograder.kernel.home import check_at_home as student
from autograder.kernel.home.check_at_home import HomeStudent
from autograder.kernel.home.progress import Stage, State
from autograder.kernel.home.progress import as_html as progress_html
from autograder.kernel.home.recorder import Recorder
from autograder.kernel.in_place import done
from tests.hand_built import NoLab, scalar
from tests.later import keras

# ---- the released file


@pytest.fixture(scope="module")
def released(course, tmp_path_factory):
    """A folder as a student has it: checks.yml of `two_layer`, nothing else."""
    folder = tmp_path_factory.mktemp("home")
    text = yaml.safe_dump(course.public("two_layer", "en"), allow_unicode=True, sort_keys=False)
    (folder / "checks.yml").write_text(text, "utf-8")
    return folder


def test_the_released_file_gives_the_visible_checks(released, course):
    visible = read(released / "checks.yml")
    question = visible.question("two_layer.accuracy")
    own = course.assignments["two_layer"].questions["accuracy"]
    assert [check.id for check in question.checks] == [check.id for check in own.visible()]
    assert [check.points for check in question.checks] == [check.points for check in own.visible()]
    assert [hidden.title for hidden in question.hidden] == ["Accuracy on images you do not evaluate on"]
    assert question.secret == () and question.first_name == "model"
    assert (visible.data, visible.seed, visible.language) == (course.data, 42, "en")


def test_every_question_can_be_read_in_both_languages(course, tmp_path):
    for language in ("en", "ko"):
        for name, assignment in course.assignments.items():
            path = tmp_path / "checks.yml"
            path.write_text(yaml.safe_dump(course.public(name, language), allow_unicode=True), "utf-8")
            visible = read(path)
            assert list(visible.questions) and set(visible.questions) == {
                f"{name}.{key}" for key in assignment.questions
            }
            for key, own in assignment.questions.items():
                question = visible.question(f"{name}.{key}")
                assert question.title == own.title.in_language(language)
                assert question.first_name == own.first_name() or not question.checks or own.checks[0].hidden


def test_course_yml_itself_serves_instructors(course_file):
    visible = read(course_file)
    question = visible.question("two_layer.accuracy")
    assert [check.id for check in question.secret] == ["unseen_images"]


def test_an_unknown_question_is_answered_with_the_nearest(released):
    visible = read(released / "checks.yml")
    with pytest.raises(CourseError, match=r"there is no question 'two_layer\.modle'") as caught:
        visible.question("two_layer.modle")
    assert caught.value.remedy == "did you mean 'two_layer.model'?"
    with pytest.raises(CourseError) as caught:
        visible.question("xyzzy")
    assert caught.value.remedy.startswith("There are two_layer.scale, ")


def test_the_file_is_looked_for_beside_the_notebook_and_above(released, tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    shutil.copy(released / "checks.yml", tmp_path / "a")
    assert locate(inner) == tmp_path / "a" / "checks.yml"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("questions: [", "a value is missing inside of brackets"),
        ("{}", "can't be used"),
        ("[]", "can't be used"),
        ("assignment: two_layer", "can't be used"),
        (
            "assignment: a\nquestions: {q: {title: T, checks: [{type: nonsense, points: 1}], hidden: []}}",
            "unknown check type",
        ),
        (
            "assignment: a\nquestions: {q: {title: T, checks: [{type: layers, points: 1}], hidden: []}}",
            "layers: this key is needed here",
        ),
    ],
)
def test_a_damaged_file_is_explained(tmp_path, text, reason):
    path = tmp_path / "checks.yml"
    path.write_text(text)
    with pytest.raises(CourseError) as caught:
        read(path)
    assert reason in str(caught.value) and str(path) in str(caught.value)


# ---- in a student's own session

SESSION = """
import io, json, contextlib, sys
import numpy as np
import keras
from autograder import check

facts = {}

def said(name, *args, **kwargs):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        facts[name] = [check(*args, **kwargs)]
    facts[name].append(" ".join(printed.getvalue().split()))

(x, y), _ = keras.datasets.fashion_mnist.load_data()
flat = x.reshape(-1, 784) / 255.0
said("scaled", "two_layer.scale", flat)
said("unscaled", "two_layer.scale", x.reshape(-1, 784))
said("unknown", "two_layer.modle", 3)
said("not_a_question", "two_layer", 3)
said("nothing", "two_layer.scale")
said("hidden_only", "two_layer.steps", steps_default=1500, steps_full=1)
said("hidden_malformed", "two_layer.steps", steps_default="1500", steps_full=1)
said("hidden_answered", "two_layer.output_shapes", dense1_shape=(None, 99), dense2_shape=[None, 10], why_none="1")
said("hidden_unanswered", "two_layer.parameters", dense1_parameters=None, dense2_parameters=None, total_parameters=None)
said("hidden_choice", "two_layer.outputs", binary="tanh", multiclass="softmax", regression=None)

dense1 = keras.layers.Dense(100, activation="sigmoid")
dense2 = keras.layers.Dense(10, activation="softmax")
model = keras.Sequential([keras.Input(shape=(784,)), dense1, dense2])
said("model", "two_layer.model", model, dense1=dense1, dense2=dense2)
said("not_compiled", "two_layer.compile", model)
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
said("untrained", "two_layer.train", model)
history = model.fit(flat[:320], y[:320], epochs=2, verbose=0)
facts["history"] = sorted(history.history)
said("trained_on_few", "two_layer.train", model)
model.fit(x[:64].reshape(-1, 784), y[:64], verbose=0, batch_size=16)
said("trained_again", "two_layer.train", model)
model.fit(np.random.default_rng(0).random((32, 784)), y[:32], verbose=0)
said("other_data", "two_layer.train", model)
class Batches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None): pass

watched = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Dense(10, activation="softmax")])
watched.compile("sgd", "sparse_categorical_crossentropy")
watched.fit(flat[:64], y[:64], verbose=0, callbacks=[Batches()])
said("watched", "two_layer.train", watched)
said("watched, nothing passes", "two_layer.accuracy", watched)
said("formula", "two_layer.formula", lambda inputs, units: inputs * units)
def raises(inputs, units):
    raise NotImplementedError()
said("empty", "two_layer.formula", raises)
said("exception", "two_layer.model", ValueError("Could not interpret activation function identifier: oftmasx"))
said("model", "two_layer.model", model, dense1=dense1, dense2=dense2)

def shown(name, *arguments):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        facts[name] = check.progress(*arguments)
    facts[name] = " ".join(printed.getvalue().split())

def hinted(name, *arguments):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert check.hint(*arguments) is None
    facts.setdefault(name, []).append(" ".join(printed.getvalue().split()))

hinted("hints", "two_layer.train")
hinted("hints", "two_layer.train")
hinted("hints", "two_layer.train")
hinted("hint of another", "two_layer.tarin")
hinted("hint of the last one")
said("unscaled again", "two_layer.scale", x.reshape(-1, 784))
shown("progress")
shown("progress of another", "tow_layer")
import os
os.environ["AUTOGRADER_LANGUAGE"] = "ko"
said("korean", "two_layer.scale", x.reshape(-1, 784))
shown("korean progress")
json.dump(facts, open(sys.argv[1], "w"))
"""


def run(script, folder, **environment):
    (folder / "session.py").write_text(textwrap.dedent(script))
    everything = {**os.environ, "COLUMNS": "200", **environment}
    for name in ("AUTOGRADER_JUDGE", "AUTOGRADER_COURSE"):
        everything.pop(name, None)
    finished = subprocess.run(
        [sys.executable, "session.py", "facts.json"], cwd=folder, env=everything, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    path = folder / "facts.json"
    return json.loads(path.read_text()) if path.exists() else finished.stdout


@pytest.fixture(scope="module")
def session(released):
    return run(SESSION, released)


def test_right_work_earns_its_points_and_is_said_to_be_right(session):
    points, text = session["scaled"]
    assert points == 2.0
    assert "two_layer.scale" in text and "Scale and reshape the images" in text and "2 of 2 points" in text
    assert text.count("✓") == 3 and "hint" not in text
    assert session["model"][0] == 2.5  # two checks are hidden until the parameters are counted by hand


def test_wrong_work_is_told_expected_found_and_hint(session):
    points, text = session["unscaled"]
    assert points == 0.5  # the shape is right
    assert "✗" in text and "expected: an array of floats" in text and "found: uint8" in text
    assert "hint: Divide by 255.0" in text
    assert "not looked at, because" in text


def test_an_unknown_question_is_answered_with_a_sentence(session):
    for name, sentence in (
        ("unknown", "did you mean 'two_layer.model'?"),
        ("not_a_question", "there is no question 'two_layer'"),
    ):
        points, text = session[name]
        assert points is None and text.startswith("check() can't look at this: ") and sentence in text
        assert "Traceback" not in text


def test_a_value_that_was_not_given_is_missed(session):
    points, text = session["nothing"]
    assert points == 0.0 and "nothing was handed in as `train_scaled`" in text


def test_hidden_checks_are_announced_by_title_only(session, course):
    points, text = session["hidden_only"]
    hidden = course.assignments["two_layer"].questions["steps"].hidden()
    assert points is None and "2 hidden checks are worth 1." in text
    assert len(hidden) == 2 and all(check.heading("en") in text for check in hidden) and "1500" not in text
    assert text.count("is well-formed; whether it is right is checked after the deadline") == 2


def test_the_form_of_a_hidden_answer_is_told_and_not_whether_it_is_right(session):
    points, text = session["hidden_malformed"]
    assert points is None and "expected: a whole number" in text and "found: '1500'" in text
    assert "`steps_default` should be a whole number." in text and text.count("is well-formed") == 1
    points, text = session["hidden_choice"]
    assert points is None and "one of 'sigmoid', 'softmax', 'relu', 'none'" in text and "found: 'tanh'" in text
    assert "found: None" in text and text.count("is well-formed") == 1


def test_compile_and_training_are_looked_at(session):
    assert session["not_compiled"][0] == 0.0
    assert "compile() has not run to its end on this network" in session["not_compiled"][1]
    assert session["untrained"][0] == 0.0 and "fit() has not run to its end on this network" in session["untrained"][1]


def test_trainings_are_recorded_as_they_were(session):
    assert session["history"] == ["accuracy", "loss"]
    points, text = session["trained_on_few"]
    assert points == 0.5  # the batch size
    assert "found: 255 training images and 65 hold-out images" in text and "found: 2 " in text
    assert "Train on the training split only" in text
    text = session["trained_again"][1]
    assert (
        "3 (2 + 1, in 2 calls of fit)" in text and "compile() does not reset them either" in text and "16, 32" in text
    )
    assert "4 (2 + 1 + 1, in 3 calls of fit)" in session["other_data"][1]


def test_what_the_grader_cannot_repeat_is_said_where_it_would_make_a_difference(session):
    points, text = session["watched"]
    sentence = "A person will have to look at this when it is graded: the callback Batches acts within epochs."
    assert points == 0.5 and text.endswith(sentence)
    assert sentence not in session["watched, nothing passes"][1] and sentence not in session["trained_again"][1]


def test_functions_are_called_and_exceptions_explained(session):
    points, text = session["formula"]
    assert points == 0.0 and "(784, 100) gave 78400" in text and "expected: 78500" in text
    assert "1 hidden check is worth 1.5." in text and text.count("This cell is still empty") == 0
    assert "This cell is still empty" in session["empty"][1]
    assert "did you mean `softmax`?" in session["exception"][1]


def test_progress_tells_what_is_left(session):
    text = session["progress"]
    assert re.search(r"✓ . two_layer.model . The network . 2.5 / 2.5 . done", text)
    assert re.search(r"✗ . two_layer.compile . .* . 0 / [\d.]+ . not yet", text)
    assert re.search(r"◐ . two_layer.scale . .* . 0.5 / 2 . partly", text)
    assert re.search(r"◐ . two_layer.steps . .* . 0 / 0 . partly \(\+ 1 hidden\)", text)  # one of two was a text
    assert re.search(r"✓ . two_layer.output_shapes . .* . 0 / 0 . answered; decided after the deadline", text)
    assert re.search(r"· . two_layer.parameters . .* . 0 / 0 . not answered yet", text)
    assert re.search(r"· . two_layer.collapse . .* . 0 / 1 . not answered yet \(\+ 1.5 hidden\)", text)
    assert "more points are decided when this is graded" in text and "questions are left: scale, split," in text


def test_progress_of_an_unknown_assignment_names_the_nearest(session):
    sentence = "check() can't look at this: there is no assignment 'tow_layer' here. did you mean 'two_layer'?"
    assert session["progress of another"] == sentence


def test_hints_come_one_after_the_other_and_end(session, course):
    first, second, again = session["hints"]
    own = [hint.in_language("en") for hint in course.assignments["two_layer"].questions["train"].hints]
    assert "Hint 1 of 2" in first and own[0] in first and own[1] not in first and "last hint" not in first
    assert own[1] in second and second == again and second.endswith("This is the last hint.")
    assert "did you mean 'two_layer.train'?" in session["hint of another"][0]
    assert "two_layer.model" in session["hint of the last one"][0]  # the one that was checked last


def test_the_environment_turns_check_into_another_language(session):
    points, text = session["korean"]
    assert points == session["unscaled"][0] == 0.5
    assert "기대한 값: 실수 배열" in text and "제출한 값: uint8" in text and "2점 중 0.5점" in text
    assert "진행 상황" in session["korean progress"] and "아직 답하지 않음" in session["korean progress"]


def test_without_its_file_check_says_where_it_belongs(tmp_path):
    printed = run("from autograder import check\nprint(check('two_layer.model', 3))", tmp_path)
    text = " ".join(printed.split())
    assert "check() can't look at this: there is no checks.yml beside this notebook" in text
    assert "Keep the notebook in the folder you got it in" in text and text.endswith("None")


def test_in_colab_the_missing_file_is_put_there_by_an_upload(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    with pytest.raises(CourseError) as caught:
        locate(tmp_path)
    assert (
        "from google.colab import files; files.upload()" in caught.value.remedy and "checks.yml" in caught.value.remedy
    )


NOISES = {
    "a log": lambda: logging.getLogger("tensorflow").error(
        "5 out of the last 6 calls triggered tf.function retracing."
    ),
    "our own log": lambda: logging.getLogger("autograder.networks.train").warning("training without XLA"),
    "a warning": lambda: warnings.warn("a shape will change", stacklevel=1),
    "the C++ side": lambda: os.write(2, b"cuda_executor.cc: failed call"),
}


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_what_is_logged_while_networks_are_measured_is_not_shown(released, monkeypatch, capfd, caplog, recwarn, noise):
    """Students can do nothing about it, and plain nbgrader scores a cell with stderr as zero."""
    monkeypatch.chdir(released)
    monkeypatch.setattr(student, "decide", lambda *arguments: (noise(), decide(*arguments))[1])
    before = logging.root.manager.disable
    HomeStudent().check("two_layer.steps", None, {"steps_default": 1500, "steps_full": 1}, False, False)
    shown = capfd.readouterr()
    assert shown.err == "" and "two_layer.steps" in shown.out
    assert caplog.records == [] and list(recwarn) == []
    assert logging.root.manager.disable == before


def test_without_the_data_set_check_says_how_to_get_it(released, monkeypatch, capsys):
    """No internet, nothing in the cache: a sentence with the remedies, not an undecided check for each value."""
    monkeypatch.chdir(released)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)

    def missing(*arguments, **named):
        raise DataError("Fashion-MNIST was not found", "Connect to the internet.")

    monkeypatch.setattr("autograder.networks.lab.data_sets.load", missing)
    monkeypatch.setattr("autograder.kernel.check._student", HomeStudent())
    assert check("two_layer.split", train_target=np.zeros(48000)) is None
    printed = capsys.readouterr().out
    assert printed == "check() can't look at this: Fashion-MNIST was not found. Connect to the internet.\n"
    check.progress()
    assert "not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("versions", "environment", "sentence"),
    [
        ({"keras": "3.9.2", "tensorflow": "2.18"}, "", "needs Keras 3.11 or newer, and 3.9.2 is installed. Type %pip install"),
        ({"keras": "2.15.0", "tensorflow": "2.15"}, "", "and 2.15.0 is installed"),
        ({"tensorflow": "2.21"}, "", "keras is not installed. Type %pip install keras tensorflow"),
        ({"keras": "3.15.1rc0"}, "", "tensorflow is not installed"),
        ({"keras": "3.15.1", "tensorflow": "2.21"}, "jax", "KERAS_BACKEND asks for jax"),
    ],
)  # fmt: skip
def test_where_keras_is_missing_or_old_check_is_a_sentence(monkeypatch, capsys, versions, environment, sentence):
    def version(name):
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr("autograder.common.machine.requirements.version", version)
    monkeypatch.setenv("KERAS_BACKEND", environment)
    stub = autograder.__getattr__("check")
    assert stub("two_layer.scale", 3) is None and stub.progress() is None
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and all(sentence in line for line in said)


def test_in_a_sandbox_without_a_judge_check_is_a_sentence(monkeypatch, capsys):
    """As plain Jupyter starts kernels in the sandbox: home's part isn't there, and nobody takes what is handed in."""
    monkeypatch.setattr("autograder.common.machine.requirements.find_spec", lambda name: None)
    assert autograder.__getattr__("check")("two_layer.scale", 3) is None
    assert capsys.readouterr().out.endswith("holds no course. Grade with `autograder grade`.\n")
    monkeypatch.setenv(JUDGE, "/run/kernel/judge")
    assert requirements.problem() == ""


# ---- the recorder


def test_a_recorder_that_fails_never_spoils_a_training():
    def fail(_):
        raise MemoryError("no more")

    recorder = Recorder(fail)
    recorder.original_fit = keras.Model.fit
    made = keras.Sequential([keras.Input((784,)), keras.layers.Dense(2, "softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    history = done(recorder.fit(made, np.zeros((4, 784)), np.zeros(4), verbose=0))
    assert len(history.history["loss"]) == 1
    assert recorder.fits(made)[0].data == DataRecord(samples=4)


def test_other_data_is_recorded_by_its_size():
    recorder = Recorder(lambda samples: pytest.fail("it was recognised"))
    recorder.original_fit = keras.Model.fit
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy")
    done(recorder.fit(made, np.ones((7, 3)), np.zeros(7), epochs=2, batch_size=2, verbose=0))
    done(recorder.fit(made, np.ones((5, 3)), np.zeros(5), verbose=0))
    first, second = recorder.fits(made)
    assert (first.epochs, first.batch_size, first.data) == (2, 2, DataRecord(samples=7))
    assert (second.epochs, second.batch_size, second.data.samples) == (1, 32, 5)
    assert first.compiled.optimizer.type == "SGD" and len(first.history["loss"]) == 2
    assert recorder.fits(keras.Sequential()) == ()


# ---- the table


def result(*outcomes, question="two_layer.model", title="The network"):
    return QuestionResult(
        question=question, title=title, out_of=sum(o.out_of for o in outcomes) or 1.0, outcomes=outcomes
    )


def outcome(status=Status.FAILED, **fields):
    return Outcome(**{"check": "c", "title": "A check", "status": status, "out_of": 1.0, **fields})


HOSTILE = "<script>alert('x')</script><img src=x onerror=\"alert(1)\">&amp;"


def test_html_shows_hostile_text_as_text():
    page = as_html(
        result(
            outcome(title=HOSTILE, expected=HOSTILE, actual=HOSTILE, hint=HOSTILE),
            outcome(Status.UNDECIDED, title=HOSTILE, actual=HOSTILE),
            outcome(Status.SKIPPED, title=HOSTILE, actual=HOSTILE),
            question=HOSTILE, title=HOSTILE,
        ),
        [Hidden(HOSTILE, 1.0, True, HOSTILE, HOSTILE, HOSTILE)],
    )  # fmt: skip
    for raw in ("<script", "<img", 'onerror="', "&amp;'"):
        assert raw not in page
    assert page.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;") == 13


def test_html_marks_each_status_and_gives_the_points():
    page = as_html(
        result(
            outcome(Status.PASSED, points=1.0), outcome(expected="5", actual="4", hint="One more."),
            outcome(Status.UNDECIDED, actual="a custom layer"), outcome(Status.SKIPPED, actual="not looked at"),
        ),
        [Hidden("Something hidden", 0.5, looked_at=True)],
    )  # fmt: skip
    for mark in ("✓", "✗", "?", "–"):
        assert f">{mark}</span>" in page
    assert "1 / 1" in page and "1 of 4 points by visible checks" in page
    assert "1 hidden check is worth 0.5." in page and "Something hidden" in page and "(0.5)" in page
    for text in ("One more.", "a custom layer", "not looked at"):
        assert text in page


def test_markup_in_a_terminal_is_shown_as_it_is():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(
        as_text(result(outcome(actual="[bold]x[/bold] [link=http://a]y[/link]")), [Hidden("[red]h[/red]", 1.0)])
    )
    text = console.export_text()
    assert "[bold]x[/bold] [link=http://a]y[/link]" in text and "[red]h[/red]" in text


def test_the_footer_counts_points_and_hidden_checks():
    assert footer(result(outcome(Status.PASSED, points=1.0)), []) == "1 of 1 point"
    hidden = [Hidden("A", 0.5), Hidden("B", 2.0)]
    assert footer(result(outcome()), hidden) == "0 of 1 point by visible checks. 2 hidden checks are worth 2.5."
    assert footer(result(), hidden) == "2 hidden checks are worth 2.5."


def test_the_drawing_shows_the_network_beside_the_one_that_is_asked_for():
    layers = (Layer(type="Dense", units=90, differs=True, name=HOSTILE[:60]),)
    shown = Exhibit(
        networks=(Network(name="model", layers=layers),), expected=(Network(name="model", layers=layers[:1]),)
    )
    failed = result(outcome(hint="x")).model_copy(update={"exhibit": shown})
    page = as_html(failed, drawings=True)
    assert page.count("<svg") == 2 and "your network <code>model</code>" in page and "what is asked for" in page
    assert "<details open" in page and "<script" not in page and "<svg" not in as_html(failed)
    right = failed.model_copy(update={"outcomes": (outcome(Status.PASSED, points=1.0),)})
    assert "<details style" in as_html(right, drawings=True)  # nothing to be seen in it, so it stays folded


def test_progress_is_shown_in_html_without_scripts_and_without_faith():
    one = State("a.b", HOSTILE, Stage.PARTLY, 0.5, 2.0, 1.5)
    page = progress_html([one, one._replace(stage=Stage.DONE, points=2.0)])
    assert "<script" not in page and "<img" not in page and "partly (+ 1.5 hidden)" in page
    assert "2.5 of 4 points by visible checks." in page and "1 question is left: b." in page
    assert "Nothing is left" in progress_html([one._replace(stage=Stage.DONE), one._replace(stage=Stage.ANSWERED)])
    assert "Nothing is left" not in progress_html([one._replace(stage=Stage.UNANSWERED)])


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_coloured_text_brings_its_ground_and_is_readable_on_it():
    """WCAG AA: 4.5 to 1. What is around the table may be light or dark; texts without a colour take the page's."""
    every = [outcome(status, actual="a", hint="b", expected="c") for status in Status]
    later = [Hidden("A", 1.0), Hidden("B", 1.0, True), Hidden("C", 1.0, True, "a", "b", "c")]
    troubled = result(*every).model_copy(update={"problem": "It raised.", "hint": "Look."})
    states = [State("a.b", "T", stage, 0.5, 2.0, 1.5) for stage in Stage]
    seen = 0
    for page in (as_html(troubled, later), progress_html(states)):
        for style in re.findall(r'style="?([^">]*)', page):
            settings = dict(part.split(":", 1) for part in style.split(";") if ":" in part)
            if settings.get("color", "inherit") != "inherit":
                seen += 1
                light, dark = sorted((luminance(settings[key]) for key in ("color", "background")), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, style
            assert "opacity" not in settings or float(settings["opacity"]) >= 0.65
    assert seen >= 12


def test_one_cause_is_one_row():
    same = {"expected": "a network that knows its input", "actual": "no weights yet", "hint": "Put keras.Input first."}
    outcomes = (
        outcome(**same, title="Input shape"),
        outcome(title="Loss", actual="mse", hint="x"),
        outcome(**same, title="Parameters"),
    )
    skipped = tuple(outcome(Status.SKIPPED, title=title, actual="not looked at, because A") for title in "BC")
    page = as_html(result(*outcomes, *skipped))
    assert page.count("<tr") == 3 + 1 and "Input shape; Parameters" in page and "B; C" in page and "0 / 2" in page
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(as_text(result(*outcomes, *skipped)))
    assert console.export_text().count("Put keras.Input first.") == 1


def test_what_the_title_says_is_not_said_again():
    page = as_html(
        result(
            outcome(title="Epochs: 5", expected="5", actual="3"), outcome(title="Shape", expected="(2,)", actual="(3,)")
        )
    )
    assert page.count("expected") == 1 and "(2,)" in page


def test_passed_checks_need_no_explanation():
    check = parse({"type": "value", "of": "x", "equals": 3, "points": 1})
    page = as_html(result(*decide([check], Facts({"x": scalar(3)}, NoLab()))))
    assert "expected" not in page and "found" not in page
