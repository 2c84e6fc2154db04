"""Released notebooks say where they can be opened, and get what they need in Colab."""

from __future__ import annotations

import subprocess
import sys
import types
import urllib.request
from pathlib import Path

import pytest

from autograder.authoring import release
from autograder.common.errors import CourseError
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from tests.authoring.test_release import COURSE, make

NETWORKS = COURSE.replace("networks: false\n", "")
GITHUB = NETWORKS.replace("title: Tiny,", "title: Tiny, github: ada/nets, branch: spring,")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = make(tmp_path_factory.mktemp("course"), text=GITHUB)
    release.release(course, ["first"])
    return course


@pytest.mark.parametrize(("language", "local"), [("en", "Work on your own computer"), ("ko", "내 컴퓨터에서 열기")])
def test_a_published_course_has_badges_in_its_notebooks(published: Course, language: str, local: str) -> None:
    badges = released_notebook(published, "first", language).cells[0]
    folder = f"assignments/{language}/first"
    assert f"(https://colab.research.google.com/github/ada/nets/blob/spring/{folder}/first.ipynb)" in badges.source
    assert f"[{local}](https://github.com/ada/nets/tree/spring/{folder})" in badges.source


def test_a_course_that_is_published_nowhere_has_none(tmp_path: Path) -> None:
    course = make(tmp_path)
    release.release(course, ["first"])
    assert "colab" not in str(released_notebook(course, "first"))


def test_in_colab_the_first_cell_gets_the_package_and_the_checks(
    published: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = released_notebook(published, "first", "ko").cells[1]
    commands: list[list[str]] = []
    fetched: list[tuple[str, str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    monkeypatch.setattr(urllib.request, "urlretrieve", lambda *names: fetched.append(names))
    exec(cell.source, {})
    assert not commands and not fetched  # not in Colab
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    exec(cell.source, {})
    assert [command[1:] for command in commands] == [
        [
            "-m",
            "pip",
            "install",
            "--quiet",
            "deep-networks-autograder[tensorflow] @ git+https://github.com/ada/nets@spring",
        ]
    ]
    raw = "https://raw.githubusercontent.com/ada/nets/spring/assignments/ko/first/checks.yml"
    assert fetched == [(raw, "checks.yml")]


def test_moving_the_course_changes_no_report(tmp_path: Path) -> None:
    assert make(tmp_path / "a", text=NETWORKS).digest("first") == make(tmp_path / "b", text=GITHUB).digest("first")


def test_what_is_no_repository_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        CourseError, match=r"course\.github: https://github\.com/ada/nets is not .*: write it like owner/name"
    ):
        make(tmp_path, text=GITHUB.replace("ada/nets", "https://github.com/ada/nets"))
