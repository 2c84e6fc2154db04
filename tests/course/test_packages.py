"""What students may import: named in course.yml, looked for by `doctor`, listed in the student guides."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from autograder.authoring.doctor import Mark, examine
from autograder.common.errors import CourseError
from autograder.course.course import load
from autograder.course.packages import ALWAYS, lacking

ROOT = Path(__file__).resolve().parents[2]


def with_packages(tmp_path, packages):
    document = yaml.safe_load((ROOT / "course.yml").read_text("utf-8")) | {"packages": packages}
    path = tmp_path / "course.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    if not (tmp_path / "solutions").exists():
        (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    return path


def test_what_every_course_has_is_in_the_grading_extra_and_installed():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["grading"]
    assert {*ALWAYS} <= {re.split("[>=]", line)[0] for line in extra}
    assert lacking(ALWAYS) == []


def test_the_student_guides_list_what_may_be_imported():
    course = load(ROOT / "course.yml")
    for guide in ROOT.glob("docs/student-guide*.md"):
        text = guide.read_text("utf-8")
        listed = text.partition("<!-- packages")[2].partition("-->")[2].partition("<!-- /packages -->")[0]
        assert re.findall("`([^`]+)`", listed) == [*ALWAYS, *course.packages]


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (["not a package"], "'not a package' is no package"),
        (["x @ https://example.org/x.whl"], "name a package, and a version if need be"),
        (["x; python_version < '3'"], "name a package, and a version if need be"),
        (["tqdm", "TQDM>=4"], "the package 'TQDM' stands twice"),
        (["-r requirements.txt"], "is no package"),
    ],
)
def test_what_is_no_package_is_refused_with_its_place(tmp_path, packages, said):
    with pytest.raises(CourseError, match="packages") as error:
        load(with_packages(tmp_path, packages))
    assert said in str(error.value)


def test_doctor_says_which_packages_are_missing_or_too_old(tmp_path):
    there = f"keras=={version('keras')}"
    path = with_packages(tmp_path, ["package-that-is-not-here", "numpy>=999", there])
    found = next(finding for finding in examine(path) if finding.subject == "packages")
    assert found.mark is Mark.BAD
    assert found.says == "not installed: package-that-is-not-here, numpy>=999"
    assert "pip install 'package-that-is-not-here' 'numpy>=999'" in found.remedy
    good = next(finding for finding in examine(with_packages(tmp_path, [there])) if finding.subject == "packages")
    assert (good.mark, good.says.split(", ")) == (Mark.GOOD, [*ALWAYS, there])


def test_packages_determine_no_report(tmp_path):
    path = with_packages(tmp_path, [])
    bare = load(path).digest("deep")
    path.write_text(path.read_text("utf-8").replace("packages: []", "packages: [xgboost]"), "utf-8")
    assert load(path).packages == ("xgboost",)
    assert load(path).digest("deep") == bare
