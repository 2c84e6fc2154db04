"""Arrays that a course prepares: what its checks call them is what there is, or the release says which there are."""

import pytest
import yaml

from autograder.authoring.release import prepared_file
from autograder.common.errors import CourseError
from autograder.course.course import load

PREPARE = "def prepare(features, targets, train):\n    return {'standardised': features / 2, 'targets': {'halves': targets / 2}}\n"


def course(folder, *checks, **data):
    (folder / "refs.py").write_text(PREPARE)
    declared = [{"of": "x", "points": 1, "id": f"c{number}", **check} for number, check in enumerate(checks)]
    questions = {"q": {"title": "Q", "points": len(checks), "checks": declared}}
    assignment = {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": questions}
    document = {"course": {"id": "c", "title": "C"}, "data": {"name": "wine", **data}, "assignments": {"a": assignment}}
    (folder / "course.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    return load(folder / "course.yml")


def test_a_name_that_nothing_is_prepared_as_is_told_at_its_place(tmp_path):
    wrong = course(
        tmp_path, {"type": "array", "equals": "train", "prepared": "standardized"}, {"type": "trained_on", "prepared": "halves"},
        {"type": "metric", "metric": "loss", "at_most": 1, "targets": "thirds"}, {"type": "array", "equals": "train_labels", "prepared": "raw"},
        prepare="refs.py:prepare",
    )  # fmt: skip
    with pytest.raises(CourseError) as caught:
        prepared_file(wrong, "a")
    said = str(caught.value).splitlines()
    assert len(said) == 3 and "checks.0: nothing is prepared as 'standardized': did you mean 'standardised'?" in said[0]
    assert "checks.1: nothing is prepared as 'halves'" in said[1] and "there are raw, standardised" in said[1]
    assert "checks.2: nothing is prepared as 'thirds'" in said[2] and "halves, one_hot, raw" in said[2]


def test_a_course_that_prepares_nothing_has_its_own_numbers(tmp_path):
    assert prepared_file(course(tmp_path, {"type": "array", "equals": "train", "prepared": "raw"}), "a") == b""
    with pytest.raises(CourseError, match="nothing is prepared as 'standardised'"):
        prepared_file(course(tmp_path, {"type": "trained_on", "prepared": "standardised"}), "a")


def test_names_that_there_are_are_released(tmp_path):
    right = course(
        tmp_path, {"type": "trained_on", "prepared": "standardised"}, {"type": "metric", "metric": "loss", "at_most": 1, "targets": "halves"},
        {"type": "array", "equals": "holdout_labels", "prepared": "one_hot"}, prepare="refs.py:prepare",
    )  # fmt: skip
    assert prepared_file(right, "a").startswith(b"PK")
