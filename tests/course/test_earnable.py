"""Checks that load as YAML and that nobody could earn, on these data or within these limits: refused where the author wrote them."""

import re

import pytest
import yaml

from autograder.common.errors import CourseError
from autograder.common.keras_tables import class_names, setting_kinds
from autograder.course.checks.fitting import unfitting
from autograder.course.checks.networks.object_settings import unknown_class
from autograder.course.course import load

CSV = "size,rooms,price\n50,2,100\n70,3,120\n90,4,180\n"
TABLE = {"data": {"name": "wine", "prepare": "refs.py:prepare"}}
FILE = {"data": {"file": "houses.csv"}}
NUMBERS = {"data": {"name": "diabetes"}}
VALUE = {"type": "value", "equals": 1, "points": 1}
PYDANTIC = re.compile(r"Input|Tuple|String should|Extra|valid (?:tuple|dictionary|list)|after validation")


def messages(folder, check, question=None, **parts):
    """What is said of a course of one check, one line for each fault."""
    (folder / "houses.csv").write_text(CSV)
    (folder / "refs.py").write_text("def prepare(features, targets, train):\n    return {}\n")
    whole = {"title": "Q", "points": 1, "checks": [{"points": 1, **check}], **(question or {})}
    assignment = {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {"q": whole}, **parts.pop("own", {})}
    document = {"course": {"id": "c", "title": "C"}, **parts, "assignments": {"a": assignment}}
    (folder / "course.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(CourseError) as caught:
        load(folder / "course.yml")
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def layers(**settings):
    return {"type": "layers", "of": "m", "layers": [{"type": "Conv2D", **settings}]}


def optimizer(**settings):
    return {"type": "optimizer", "of": "m", "equals": "SGD", "settings": settings}


ON_OTHER_DATA = [
    *(({"of": "m", "split": "test", **check}, parts, "has no test rows: ask for the holdout") for parts in (TABLE, FILE, NUMBERS) for check in (
        {"type": "metric", "metric": "loss", "at_most": 1}, {"type": "evaluation", "model": "n", "metric": "loss"},
        {"type": "trained_on"}, {"type": "score", "metric": "r2", "at_least": 0.1}, {"type": "score", "metric": "r2", "at_least": 0.1, "split": "test"},
    )),
    ({"type": "array", "equals": "test", "prepared": "raw"}, TABLE, "no test rows"),
    ({"type": "array", "equals": "test_labels"}, TABLE, "no test rows"),
    ({"type": "metric", "metric": "loss", "at_most": 1, "split": "test"}, FILE, "say with `test` how many of the file's last rows"),
    ({"type": "array", "equals": "train"}, TABLE, "`prepared: raw` for its own numbers"),
    ({"type": "array", "equals": "train", "scaling": "unit"}, TABLE, "'scaling' is of images, and wine is a table"),
    ({"type": "trained_on", "scaling": "raw"}, FILE, "'scaling' is of images, and houses.csv is a table"),
    ({"type": "array", "equals": "train", "prepared": "raw"}, {}, "'prepared' is of tables, and fashion_mnist are images"),
    ({"type": "trained_on", "prepared": "standardised"}, {}, "'prepared' is of tables"),
    ({"type": "array", "equals": "train_labels", "prepared": "onehot"}, {}, "nothing is prepared as 'onehot': did you mean 'one_hot'?"),
    *(({"of": "m", **check}, NUMBERS, "is of classes, and diabetes has numbers") for check in (
        {"type": "accuracy", "at_least": 0.5}, {"type": "metric", "metric": "f1_score", "at_least": 0.5},
        {"type": "score", "metric": "accuracy", "at_least": 0.5, "split": "holdout"},
    )),
    ({"type": "array", "equals": "train"}, {"networks": False}, "looks at images, and the course has `networks: false`"),
    ({"type": "array", "equals": "train"}, {"own": TABLE}, "`prepared: raw`"),
]  # fmt: skip
BEYOND = [
    ({"type": "epochs", "equals": 200}, {}, "asks for 200 epochs, and the grader trains for 100: raise `limits.epochs`"),
    ({"type": "epochs", "at_least": 30}, {"limits": {"epochs": 20}}, "asks for 30 epochs"),
    ({"type": "parameters", "total": 6_000_000}, {}, "raise `limits.parameters`"),
    ({"type": "metric", "metric": "r2_score", "at_least": 2}, TABLE, "r2_score is 1 at the most"),
    ({"type": "evaluation", "model": "n", "tolerance": 2}, {}, "every accuracy is within a tolerance of 2: write 1 % as 0.01"),
    ({"type": "metric", "metric": "accuracy", "at_least": 90}, {}, "write 90 % as 0.9"),
    ({"type": "score", "metric": "accuracy", "at_least": 90, "split": "holdout"}, TABLE, "accuracy is 1 at the most"),
    ({"type": "metric", "metric": "loss", "at_least": 2, "at_most": 1}, {}, "more than at_most"),
    ({"type": "metric", "metric": "mean_absolute_error", "at_most": -1}, {}, "never below 0"),
]  # fmt: skip
NOTHING_LIKE_IT = [
    (layers(padding="smae"), "Conv2D has no padding='smae': did you mean 'same'?"),
    (layers(kernel_size="3x3"), "no kernel_size='3x3': it is a whole number above 0, or several"),
    (layers(strides=0), "no strides=0"), (layers(kernel_size=[3, 0]), "no kernel_size"), (layers(filters=2.5), "no filters=2.5"),
    (layers(use_bias="maybe"), "no use_bias='maybe': it is true or false"), (layers(filters={"any_of": [8, "x"]}), "no filters='x'"),
    (optimizer(momentum=True), "SGD has no momentum=true: it is a number"), (optimizer(nesterov=1), "it is true or false"),
    (optimizer(learning_rate="small"), "SGD has no learning_rate='small'"),
    ({"type": "layers", "layers": [{"type": "keras.layers.Dense"}]}, "did you mean 'Dense'?"),
    ({"type": "metrics", "includes": ["acuracy"]}, "did you mean 'accuracy'?"),
    ({"type": "object", "equals": "keras.callbacks.EarlyStopping"}, "did you mean 'EarlyStopping'?"),
    ({"type": "output_shapes", "shapes": [[100], [10]]}, "[100] has no batch axis, which comes first: [null, 100]"),
    ({"type": "choice", "equals": "a", "among": ["a"]}, "nothing to choose"),
    *(({"of": "a", **check}, "both name `a`: each is a value of its own") for check in (
        {"type": "evaluation", "model": "a"}, {"type": "evaluations", "models": "a"}, {"type": "predictions", "model": "a"}, {"type": "winner", "results": "a"},
        {"type": "same_layers", "layers": ["b", "a"]}, {"type": "score", "metric": "r2", "split": "holdout", "reported": "a"},
    )),
    ({"type": "table", "columns": ["size", "size"]}, "'size' stands twice in 'columns'"),
    ({"type": "table", "columns": ["size", "rooms"], "kinds": {"room": "float"}}, "none of its columns: did you mean 'rooms'?"),
    ({"type": "metric", "metric": "wer", "at_least": 0.5}, "there are loss, accuracy, r2_score"),
    ({"type": "metric", "metric": "r2", "at_least": 0.5}, "did you mean 'r2_score'?"),
    ({"type": "metric", "metric": "r2_scor", "at_least": 0.5}, "did you mean 'r2_score'?"),
    ({"type": "object", "equals": "EarlyStopping", "settings": {"patience": "three"}}, "EarlyStopping has no patience='three': it is a whole number at least 0"),
    ({"type": "object", "equals": "EarlyStopping", "settings": {"mode": "mni"}}, "EarlyStopping has no mode='mni': did you mean 'min'?"),
    ({"type": "object", "equals": "Ridge", "settings": {"alpha": -1}}, "Ridge has no alpha=-1"),
    ({"type": "object", "equals": "Pipeline", "settings": {"m": {"type": "Ridge", "alpha": -1}}}, "Ridge has no alpha=-1"),
    (optimizer(learning_rate=-0.1), "SGD has no learning_rate=-0.1: it is a number above 0"), (optimizer(learning_rate=0), "no learning_rate=0"),
    (optimizer(learning_rate={"at_most": 0}), "SGD has no learning_rate=at most 0"), (optimizer(momentum={"type": "Adam"}), "SGD has no momentum=Adam"),
    ({"type": "layers", "layers": [{"type": "Conv3D", "filters": "many"}]}, "a layer Conv3D has no filters='many'"),
    ({"type": "epochs", "equals": True}, "true and false as truth values"), ({**VALUE, "points": True}, "true and false as truth values"),
    ({"type": "epochs", "equals": 10**30}, "more than 64 bits"), ({**VALUE, "tolerance": 5}, "less than 1"),
    ({"type": "function", "cases": [{"args": [1], "returns": "x"}]}, "'returns' holds 'x': what a function gives is compared as numbers"),
    ({"type": "function", "reference": "refs.py:prepare", "draws": 2, "args": [{"integer": [1, 3]}]}, "takes 3 arguments, and is called with 1"),
    ({"type": "table", "reference": "refs.py:prepare"}, "takes 3 arguments, and is called with 0"),
    ({**VALUE, "id": "my check"}, "leave blanks and dots out"), ({**VALUE, "id": "a.b"}, "leave blanks and dots out"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "parts", "says"), ON_OTHER_DATA + BEYOND)
def test_what_these_data_or_limits_do_not_have_is_refused(tmp_path, check, parts, says):
    (said,) = messages(tmp_path, {"of": "x", **check}, **parts)
    assert re.match(r"course\.yml:\d+: assignments\.a\.questions\.q\.checks\.0(\.\w+)*: ", said) and says in said


@pytest.mark.parametrize(("check", "says"), NOTHING_LIKE_IT)
def test_what_there_is_nothing_like_is_refused(tmp_path, check, says):
    (said,) = messages(tmp_path, check)
    assert says in said


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "load_wine"}, "did you mean 'wine'?"),
        ({"name": "fashion-mnist"}, "did you mean 'fashion_mnist'?"),
        ({"name": "wine", "holdout": {"random_state": -1}}, "greater than or equal to 0"),
        ({"name": "wine", "prepare": "refs:prepare"}, "write it like solutions/references.py:relu"),
        ({"name": "wine", "prepare": "refs.py"}, "write it like solutions/references.py:relu"),
    ],
)
def test_data_that_there_are_not_are_told_with_what_is_meant(tmp_path, data, says):
    (said,) = messages(tmp_path, VALUE, data=data)
    assert says in said


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"manuel": True, "rubric": [{"points": 1, "says": "x"}]}, "manuel: this key is not known here; did you mean 'manual'?"),
        ({"title": " "}, "it has no text in 'en'"),
        ({"hints": list("abcd")}, "should have at most 3"),
        ({"manual": True, "points": 3, "checks": [], "rubric": [{"points": 1, "says": "x"}]}, "add up to 1, and its points are 3"),
        ({"manual": True, "points": None, "checks": []}, "should be a number"),
    ],
)  # fmt: skip
def test_a_question_that_nobody_can_grade_is_refused(tmp_path, question, says):
    assert says in messages(tmp_path, VALUE, question)[0]


@pytest.mark.parametrize(
    "check",
    [
        {"type": "value", "equals": {"a": 1}}, {"type": "text", "equals": 5}, {"type": "layers", "layers": ["Dense"]}, {"type": "evaluation"},
        {"type": "value", "of": ["a"], "equals": 1}, {"type": "epochs", "equals": "x"}, {"type": "input_shape", "shape": 12},
    ],
)  # fmt: skip
def test_one_mistake_is_one_line_in_words_of_people(tmp_path, check):
    """Nothing that only follows from it, and nothing for each of the kinds that might have stood there."""
    said = messages(tmp_path, check)
    assert len(said) == 1 and not PYDANTIC.search(said[0]), said


def _slips(name):
    """What fingers make of a name: a letter too few, one twice, two the other way round, other capitals, its module before it."""
    yield from (name[:at] + name[at + 1 :] for at in range(1, len(name)))
    yield from (name[:at] + name[at - 1] + name[at:] for at in range(1, len(name)))
    yield from (name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :] for at in range(1, len(name)))
    yield from (name.lower(), f"keras.{name}")


def test_each_slip_in_the_name_of_each_class_is_refused_and_most_are_told_what_is_meant():
    wrong = right = 0
    known = class_names.objects()
    for number, name in enumerate(known):
        assert unknown_class(name, {}, known) == ""
        slips = sorted(set(_slips(name)) - known.keys())
        said = [unknown_class(slip, {}, known) for slip in slips[number % 19 :: 19]]
        assert all("have no class" in one for one in said)
        wrong, right = wrong + len(said), right + sum(f"did you mean '{name}'" in one for one in said)
    assert wrong > 500 and right / wrong > 0.95


@pytest.mark.parametrize("slip", ["LogisticRegresion", "logisticregression", "sklearn.linear_model.LogisticRegression"])
def test_a_class_that_there_is_not_is_refused_wherever_a_check_names_one(tmp_path, slip):
    for check in (
        {"type": "object", "equals": slip},
        {"type": "object", "equals": "Pipeline", "settings": {"model": {"type": slip}}},
        {"type": "object", "equals": "GridSearchCV", "settings": {"estimator": {"type": "Pipeline", "model": {"type": slip}}}},
    ):  # fmt: skip
        (said,) = messages(tmp_path, check)
        assert re.match(r"course\.yml:\d+: ", said) and "did you mean 'LogisticRegression'" in said


def right(name, key):
    """A value that a setting takes."""
    takes = class_names.takes(name, key)
    words = [kind.word for kind in setting_kinds.read(takes) if kind.word]
    some = (True, None, 1, 2, 0.5, 300, "x", -0.5, (1,), *words, "Adam")
    return next(value for value in some if not unfitting(takes, key, value, name))


def test_each_slip_in_the_name_of_a_setting_is_refused():
    for name in class_names.objects():
        for key in class_names.settings(name) or ():
            assert unknown_class(name, {key: right(name, key)}, class_names.objects()) == ""
            assert f"has no setting '{key}x'" in unknown_class(name, {f"{key}x": 1}, class_names.objects())


TRAINED = [{"type": "trained_on"}, {"type": "epochs", "equals": 1}, {"type": "accuracy", "at_least": 0.5}, {"type": "fresh"},
           {"type": "trained_with", "equals": "SGD"}, {"type": "metric", "metric": "loss", "at_most": 1}]  # fmt: skip


def _asked(folder, layer, trained, later, sandbox_training="undecided", **settings):
    """A course that asks for a network with that layer, and of a network called m how it was trained, in another question."""
    checks = [{"type": "layers", "of": "m", "layers": [{"type": layer, **settings}], "points": 1}]
    others = [{"type": "layers", "of": "m", "layers": [{"type": "Dense"}], "points": 1}] if later else []
    questions = {
        "q": {"title": "Q", "points": 1, "checks": checks},
        "r": {"title": "R", "points": 1 + later, "checks": [*others, {**trained, "of": "m", "points": 1}]},
    }
    assignment = {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": questions}
    document = {
        "course": {"id": "c", "title": "C"},
        "sandbox_training": sandbox_training,
        "assignments": {"a": assignment},
    }
    (folder / "course.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    return load(folder / "course.yml")


@pytest.mark.parametrize("trained", TRAINED, ids=lambda check: check["type"])
def test_training_of_a_network_that_the_grader_does_not_train_is_refused_where_its_layers_stand(tmp_path, trained):
    for layer in ("RandomCrop", "Conv3D", "MultiHeadAttention"):
        with pytest.raises(CourseError, match=rf"questions\.q\.checks\.0: the grader doesn't train a layer {layer}"):
            _asked(tmp_path, layer, trained, later=False)
    with pytest.raises(CourseError, match=r"doesn't train a layer LSTM\(stateful=true\), and the training of `m`"):
        _asked(tmp_path, "LSTM", trained, later=False, stateful=True)
    assert _asked(tmp_path, "LSTM", trained, later=False, stateful=False)
    assert _asked(tmp_path, "RandomTranslation", trained, later=False)
    assert _asked(tmp_path, "RandomCrop", trained, later=True)
    assert _asked(tmp_path, "RandomCrop", trained, later=False, sandbox_training="accepted")
    assert _asked(tmp_path, "RandomCrop", {"type": "parameters", "total": 0}, later=False)
