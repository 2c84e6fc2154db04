"""A course on images of its own, one file of grey and one of coloured ones, graded as a class is: right and wrong notebooks lose what is theirs."""

import nbformat
import numpy as np
import pytest
import yaml

from autograder.authoring.release import release
from autograder.common.submission import Submission
from autograder.course.course import load
from autograder.course.released_notebook import released_notebook
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.authoring.test_release import answer, code

CHECKS = {
    "part": [{"type": "array", "of": "part", "equals": "train", "scaling": "unit", "points": 1}],
    "model": [
        {"type": "trained_on", "of": "model", "split": "train", "scaling": "unit", "points": 1},
        {"type": "epochs", "of": "model", "equals": 3, "points": 1},
        {"type": "accuracy", "of": "model", "split": "test", "at_least": 0.9, "points": 1},
    ],
}
QUESTIONS = {key: {"title": key, "points": len(checks), "checks": checks} for key, checks in CHECKS.items()}
SHAPES = {"grey": (12, 10, 1), "coloured": (10, 12, 3)}
COURSE = {
    "course": {"id": "photos", "title": "Photos"},
    "assignments": {
        name: {
            "title": name, "due": "2030-01-31T23:59:00+00:00", "questions": QUESTIONS,
            "data": {"images": f"{name}.npz", "classes": ["a", "b", "c"], "holdout": {"test_size": 0.25, "stratify": True}},
        }
        for name in SHAPES
    },
}  # fmt: skip
START = """import keras
import numpy as np
from sklearn.model_selection import train_test_split
from autograder import check
photos = np.load("NAME.npz")"""
SPLIT = """part, held, labels, others = train_test_split(
    photos["x_train"] / 255.0, photos["y_train"], test_size=0.25, random_state=42, stratify=photos["y_train"])"""
TRAIN = """model = keras.Sequential([
    keras.Input(SHAPE),
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(part, labels, epochs=3, batch_size=8, validation_data=(held, others))"""
BY_HAND = """rows = train_test_split(np.arange(240), test_size=60, stratify=photos["y_train"][:, 0], random_state=42)[0]
part = np.multiply(photos["x_train"].astype("float32"), np.float32(1 / 255))[rows]
labels = photos["y_train"].ravel()[rows]
held, others = photos["x_test"] / 255, photos["y_test"]"""
ONE_HOT = TRAIN.replace("sparse_", "").replace(
    "part, labels", "(mixed := np.random.permutation(180)) is None or part[mixed], np.eye(3)[labels.ravel()[mixed]]"
)
# Of answers to both questions: what they lose.
NOTEBOOKS = {
    "solution": (SPLIT, TRAIN, set()),
    "by hand": (BY_HAND, TRAIN, set()),
    "one-hot, mixed": (SPLIT, ONE_HOT.replace(", validation_data=(held, others)", ""), set()),
    "as a data set": (SPLIT, f"import tensorflow as tf\n{TRAIN[:TRAIN.index('model.fit')]}model.fit(tf.data.Dataset.from_tensor_slices((part, labels)).batch(8), epochs=3)", set()),
    "with the hold-out": (SPLIT, TRAIN.replace("part, labels", "photos['x_train'] / 255, photos['y_train']"), {"trained_on"}),
    "with the test set": (SPLIT, TRAIN.replace("part, labels", "*(np.concatenate(two) for two in ((part, photos['x_test'] / 255), (labels, photos['y_test'])))"), {"trained_on", "accuracy"}),
    "other labels": (SPLIT, TRAIN.replace("part, labels", "part, (labels + 1) % 3"), {"trained_on", "accuracy"}),
    "not scaled": (SPLIT.replace("/ 255.0", "* 1.0"), TRAIN, {"array", "trained_on"}),
    "two epochs, another split": (SPLIT.replace("42", "7"), TRAIN.replace("epochs=3", "epochs=2"), {"array", "trained_on", "epochs"}),
}  # fmt: skip


def images(shape, seed):
    """Three classes that a small network tells apart: a bright line at another height for each, in noise."""
    draw = np.random.default_rng(seed)
    labels = np.arange(300) % 3
    drawn = draw.integers(10, 90, (300, *shape))
    for row, label in enumerate(labels):
        drawn[row, 2 + 3 * label] += 150
    found = {"x_train": drawn[:240], "y_train": labels[:240, None], "x_test": drawn[240:], "y_test": labels[240:, None]}
    return {name: array.astype(np.uint8) for name, array in found.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for number, (name, shape) in enumerate(SHAPES.items()):
        np.savez_compressed(root / f"{name}.npz", **images(shape, number))
        cells = [code("start", START.replace("NAME", name))]
        for key, solution in {"part": SPLIT, "model": TRAIN.replace("SHAPE", str(shape))}.items():
            check = code(
                key, f'check("{name}.{key}", {key})', grade=True, locked=True, grade_id=key, points=len(CHECKS[key])
            )
            cells += [answer(key, solution), check]
        (root / "solutions" / name).mkdir(parents=True)
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, root / "solutions" / name / f"{name}.ipynb")
    (root / "course.yml").write_text(yaml.safe_dump(COURSE, sort_keys=False))
    course = load(root / "course.yml")
    release(course, list(SHAPES))
    return course


@pytest.fixture(scope="module")
def graded(made, memo_folder):
    """What a notebook loses, graded by one judge and one sandbox: failed checks and undecided ones."""
    with JudgeProcess(made.root / "course.yml", memo_folder) as bench, Sandbox.of(made) as sandbox:

        def grade(name, part, model, path):
            notebook = released_notebook(made, name)
            answers = {"part-answer": part, "model-answer": model.replace("SHAPE", str(SHAPES[name]))}
            for cell in notebook.cells:
                cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
            nbformat.write(notebook, path / f"{name}.ipynb")
            report = grade_submission(Submission("ada", name, path / f"{name}.ipynb"), made, bench, sandbox).report
            return {(one.check, one.status) for question in report.questions for one in question.outcomes}

        yield grade


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_notebook_on_a_courses_own_images_loses_what_is_wrong_with_it(graded, name, notebook, tmp_path):
    part, model, loses = NOTEBOOKS[notebook]
    found = graded(name, part, model, tmp_path)
    assert {check for check, status in found if status == "failed"} == loses
    assert {status for _check, status in found} <= {"passed", "failed"}
    assert len(found) == 4
