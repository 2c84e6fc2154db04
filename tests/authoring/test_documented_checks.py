"""What docs/writing-assignments.md shows of checks and data: each declaration loads, its function prepares, every type of check is there."""

import numpy as np
import pytest
import yaml
from sklearn.datasets import load_diabetes

from autograder.course.checks.registry import _OWN, parse
from autograder.course.checks.trainings.metric_names import SCORES
from autograder.course.course import Question, load
from autograder.networks.lab import CourseLab
from tests.conftest import ROOT
from tests.course.test_data_settings import COURSE
from tests.test_project import code_blocks

PAGE = (ROOT / "docs" / "writing-assignments.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in code_blocks(PAGE, "yaml")]
DATA = [block for block in BLOCKS if "data" in block]
(PREPARE,) = (block for block in code_blocks(PAGE, "python") if "def prepare" in block)
HOUSES = "size,rooms,town,price\n" + "".join(f"{50 + n},{n % 4},Ulm,{100 + 3 * n}\n" for n in range(10))


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "houses.csv").write_text(HOUSES)
    (tmp_path / "solutions" / "references.py").write_text(PREPARE)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "photos.npz", x_train=images, y_train=np.arange(30) % 3)

    def made(data):
        (tmp_path / "course.yml").write_text(yaml.safe_dump({**COURSE, **data}))
        return load(tmp_path / "course.yml")

    return made


def test_each_declaration_of_data_is_one(course):
    rows = [len(made.data.load(made.root)) for made in map(course, DATA)]
    assert rows == [442, 10, 30, 442]
    houses = course(DATA[1])
    data = houses.data.load(houses.root)
    assert (data.shape, data.training, data.targets[0]) == ((2,), 8, 100)


def test_the_function_prepares_what_the_page_says(course):
    made = course(next(block for block in DATA if "prepare" in block["data"]))
    named = CourseLab(made.data, made.root).prepared
    assert list(named.features) == ["raw", "standardised", "two_columns"]
    assert list(named.targets) == ["raw", "thousands"]
    features, target = load_diabetes(return_X_y=True)
    known = named.known(features[5:9][:, [2, 8]].astype(np.float32), target[5:9] / 1000)
    assert (known.rows.tolist(), known.features, known.targets) == ([5, 6, 7, 8], "two_columns", "thousands")


def test_every_type_of_check_is_shown_with_an_example_that_is_one():
    (shown,) = (block for block in BLOCKS if isinstance(block, list))
    assert {type(parse(check)) for check in shown} == set(_OWN)
    asked = next(block["overfitting"] for block in BLOCKS if "overfitting" in block)
    question = Question.model_validate(asked)
    assert question.manual and sum(one.points for one in question.rubric) == question.points


def test_all_metrics_are_named():
    assert all(f"`{name}`" in PAGE for name in SCORES)
