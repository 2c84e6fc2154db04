"""A text that asks for a setting has a check that looks at it: the texts of all questions, in every language, against the checks.

The vocabulary is Keras's own names in backquotes or quotes, and the glossary's words for settings. Whoever leaves out, or writes
otherwise, what no check looks at would keep all points.
"""

import re

from autograder.authoring.verify.asked_and_checked import _text
from autograder.common.keras_tables import keras_names
from autograder.course.course import Question
from autograder.course.source_notebook import pick_language, source_notebook

FENCE, SPAN = re.compile(r"```.*?```", re.DOTALL), re.compile(r"`([^`\n]+)`")


def names(kind, least=3):
    """Where a text has one of Keras's names of this kind as code: "relu", `sgd`, keras.optimizers.SGD()."""

    def found(text):
        words = {word for span in SPAN.findall(text) for word in re.findall(r"[A-Za-z_]\w+", span)}
        return any(len(word) >= least and keras_names.canonical(kind, word) for word in words)

    return found


def words(pattern):
    return lambda text: bool(re.search(pattern, text, re.IGNORECASE))


# By setting: how a text speaks of it, and the types of checks that look at it (with the key that says it, where only that does).
SETTINGS = {
    "loss": (names("losses", 8), {"loss"}),
    "metrics": (words(r"`metrics|\bmetric\b|측정 지표"), {"metrics"}),
    "optimizer": (names("optimizers"), {"optimizer", "trained_with"}),
    "activation": (names("activations", 4), {"layers"}),
    "epochs": (words(r"\d+ epochs|`epochs|에포크 \d+회"), {"epochs"}),
    "batch size": (words(r"batch[_ ]size|배치 크기"), {"batch_size"}),
    "learning rate": (words(r"learning rate \*\*|learning_rate=|학습률 \*\*"), {"optimizer.settings", "trained_with.settings"}),
    "momentum": (words(r"momentum \*\*|momentum=|모멘텀 \*\*"), {"optimizer.settings", "trained_with.settings"}),
    "Dropout": (words(r"`[^`]*Dropout"), {"layers"}),
    "callbacks": (words(r"`[^`]*(EarlyStopping|callbacks)"), {"object", "callbacks"}),
    "validation data": (words(r"validation_data|validation_split"), {"trained_on.validation"}),
    "names of layers": (words(r"(with|without giving) (them )?names|`name=|이름을 (주|붙|지)"), {"layer_names"}),
    "input": (words(r"input (shape )?of \d|입력이? \d+개|\d+×\d+ 크기의 입력"), {"input_shape", "layers", "parameters"}),
    "seed of the split": (words(r"random_state"), {"array.equals", "trained_on"}),
    "size of the hold-out": (words(r"test_size"), {"array.equals", "array.shape"}),
    "fresh": (words(r"\bfresh\*?\*? (network|when)|새 신경망"), {"fresh", "optimizer.own"}),
}  # fmt: skip

# What a text only tells of, offers, or asks for where another question looks at it.
EXCEPTIONS = {
    ("two_layer.train", "validation data"): "offered: for those who want to watch",
    (
        "two_layer.accuracy",
        "metrics",
    ): "told: the order of what evaluate() returns; the question before it has the check",
    ("flatten_relu.train", "metrics"): "offered: without it the answers to evaluate, which are checked, can't be had",
    ("flatten_relu.compare", "fresh"): "told: what the given function returns",
    ("optimizers.compare", "optimizer"): "the names are keys of a dictionary, which `keys` looks at",
    ("optimizers.challenge", "batch size"): "free to choose",
    ("optimizers.challenge", "metrics"): "offered: without it `test_accuracy`, which is checked, can't be had",
    ("optimizers.challenge", "callbacks"): "free to choose",
    ("optimizers.challenge", "Dropout"): "free to choose",
    ("optimizers.challenge", "fresh"): "advice: `epochs` counts what a network that isn't fresh was trained before",
}


def looked_at(question: Question) -> set[str]:
    """The types of a question's checks, and ``type.key`` for each key that says something."""
    said = {f"{check.type}.{key}" for check in question.checks for key in check.model_fields_set if getattr(check, key)}
    return said | {check.type for check in question.checks}


def about_things(question: Question) -> bool:
    """Whether it looks at what a student makes; not only at an answer about it."""
    plain = {"value", "choice", "function", "keys", "winner", "manual"}
    return any(check.type not in plain for check in question.checks)


def unseen(text, question):
    """The settings that `text` speaks of and no check of the question looks at."""
    text = FENCE.sub("", text)
    return {name for name, (spoken, checks) in SETTINGS.items() if spoken(text) and not checks & looked_at(question)}


def found(course):
    """``(question, setting)``: in which languages nothing looks at it."""
    said = {}
    for assignment in course.assignments:
        source = source_notebook(course, assignment)
        for language in course.course.languages:
            spoken = pick_language(course, source, language)
            for name, question in course.assignment(assignment).checked.items():
                for setting in unseen(_text(spoken, name), question) if about_things(question) else ():
                    said.setdefault((f"{assignment}.{name}", setting), []).append(language)
    return said


def test_no_text_asks_for_a_setting_that_no_check_looks_at(course):
    assert {where: languages for where, languages in found(course).items() if where not in EXCEPTIONS} == {}


def test_the_exceptions_are_of_settings_that_texts_still_speak_of(course):
    assert EXCEPTIONS.keys() - found(course).keys() == set()
