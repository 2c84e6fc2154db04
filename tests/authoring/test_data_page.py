"""docs/data-and-tasks.md, word by word: its declarations load, its function prepares, its checks are checks."""

import numpy as np
import pytest
import yaml
from sklearn.datasets import load_diabetes

from autograder.course.checks.accuracy import SCORES
from autograder.course.checks.registry import parse
from autograder.course.course import load
from autograder.networks.lab import CourseLab
from tests.conftest import ROOT
from tests.course.test_data_settings import COURSE
from tests.test_project import code_blocks

PAGE = (ROOT / "docs" / "data-and-tasks.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in code_blocks(PAGE, "yaml")]
HOUSES = "size,rooms,town,price\n" + "".join(f"{50 + n},{n % 4},Ulm,{100 + 3 * n}\n" for n in range(10))


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "houses.csv").write_text(HOUSES)
    (tmp_path / "solutions" / "references.py").write_text(code_blocks(PAGE, "python")[0])

    def made(data):
        (tmp_path / "course.yml").write_text(yaml.safe_dump({**COURSE, **data}))
        return load(tmp_path / "course.yml")

    return made


def test_each_declaration_of_data_is_one(course):
    declared = [block for block in BLOCKS if isinstance(block, dict)]
    rows = [len(made.data.load(made.root)) for made in map(course, declared)]
    assert rows == [442, 10, 442]
    houses = course(declared[1])
    data = houses.data.load(houses.root)
    assert (data.shape, data.training, data.targets[0]) == ((2,), 8, 100)


def test_the_function_prepares_what_the_page_says(course):
    made = course(next(block for block in BLOCKS if isinstance(block, dict) and "prepare" in block["data"]))
    named = CourseLab(made.data, made.root).prepared
    assert list(named.features) == ["raw", "standardised", "two_columns"]
    assert list(named.targets) == ["raw", "thousands"]
    features, target = load_diabetes(return_X_y=True)
    known = named.known(features[5:9][:, [2, 8]].astype(np.float32), target[5:9] / 1000)
    assert (known.rows.tolist(), known.features, known.targets) == ([5, 6, 7, 8], "two_columns", "thousands")


def test_each_check_is_one():
    checks = [parse(check) for block in BLOCKS if isinstance(block, list) for check in block]
    assert len(checks) == 7
    assert {check.prepared for check in checks if hasattr(check, "prepared")} == {"standardised", "raw"}


def test_all_metrics_are_named():
    assert all(f"`{name}`" in PAGE for name in SCORES)
