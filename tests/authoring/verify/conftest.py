"""A tiny course, made once and copied for each test."""

import shutil

import pytest

from autograder.course import course as course_module
from tests.authoring.verify import courses_to_prove


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return courses_to_prove.write(tmp_path_factory.mktemp("tiny")).root


@pytest.fixture
def tiny_course(template, tmp_path):
    shutil.copytree(template, tmp_path / "course")
    return course_module.load(tmp_path / "course" / "course.yml")
