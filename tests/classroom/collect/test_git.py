"""GitHub Classroom checkouts: real repositories, whose last commit is the time, and whose configuration is never believed."""

import itertools
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.classroom.collect import git
from tests.classroom.collect.conftest import outcome, submission

ZONE = "+09:00"


@pytest.fixture
def checkout(tmp_path):
    """``checkout("deep-submissions/deep-ada", {"deep.ipynb": (b"...", "2027-03-14T23:59:00")}) -> Path``."""

    def make(place, commits, branch="main"):
        path = tmp_path / place
        path.mkdir(parents=True, exist_ok=True)

        def git(*arguments, moment="2027-01-01T00:00:00"):
            stamp = {"GIT_COMMITTER_DATE": moment + ZONE, "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z"}
            names = {
                f"GIT_{who}_{what}": "x@example.edu" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
            }
            environment = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", **stamp, **names}
            subprocess.run(["git", *arguments], cwd=path, check=True, env=environment, capture_output=True)

        if not (path / ".git").exists():
            git("init", "-q", "-b", branch)
        for name, (content, moment) in commits.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
            git("add", "-A")
            git("commit", "-q", "-m", name, moment=moment)
        make.git = git
        return path

    return make


def test_the_last_commit_of_the_notebook_is_the_time(checkout, work, tmp_path, collecting, classroom):
    """Not the author's date, and not the commit of a bot that came after."""
    checkout("gh/deep-submissions/deep-ada", {
        "deep.ipynb": (work("deep", "ada"), "2027-03-14T23:59:00"), ".github/feedback.yml": (b"", "2027-04-01T00:00:00"),
    })  # fmt: skip
    checkout(
        "gh/deep-submissions/deep-bob-b", {"src/김.ipynb": (work("deep", "bob"), "2027-03-15T00:30:00")}, "feature/x.y"
    )
    for place in (tmp_path / "gh" / "deep-submissions", tmp_path / "gh"):  # also from the folder above
        collected = collecting(place, platform="github" if place.name == "gh" else "auto")
        assert collected.platform == "github"
        assert {one.student for one in collected.notebooks} == {"ada", "bob-b"}
    assert submission(classroom, "ada", "deep") == (work("deep", "ada"), "2027-03-14 14:59:00 UTC")
    assert submission(classroom, "bob-b", "deep") == (work("deep", "bob"), "2027-03-14 15:30:00 UTC")


def test_an_assignment_of_another_name_is_what_all_repositories_begin_with(checkout, work, tmp_path, collecting):
    for login in ("ada", "bob-b"):
        checkout(f"all/homework-week-3-{login}", {"deep.ipynb": (work("deep", login), "2027-03-14T23:59:00")})
    assert set(outcome(collecting(tmp_path / "all"))[0]) == {("ada", "deep"), ("bob-b", "deep")}


def test_a_single_checkout_that_is_pulled_again_brings_the_later_attempt(checkout, work, collecting, classroom):
    place = checkout("two-layer-ada", {"two_layer.ipynb": (work("two_layer", "1"), "2027-03-14T08:00:00")})
    assert outcome(collecting(place)) == ({("ada", "two_layer"): "taken"}, {})
    checkout("two-layer-ada", {"two_layer.ipynb": (work("two_layer", "2"), "2027-03-14T09:00:00")})
    checkout.git("pack-refs", "--all")
    assert outcome(collecting(place)) == ({("ada", "two_layer"): "replaced"}, {})
    assert submission(classroom, "ada", "two_layer") == (work("two_layer", "2"), "2027-03-14 00:00:00 UTC")


def test_a_repositorys_configuration_runs_nothing(checkout, work, tmp_path, collecting, classroom):
    place = checkout("deep-mallory", {"deep.ipynb": (work("deep", "m"), "2027-03-14T23:59:00")})
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    config = f"[log]\nshowSignature = true\n[gpg]\nprogram = {program}\n[core]\npager = {program}\nfsmonitor = {program}\nhooksPath = {tmp_path}\n[alias]\nlog = !{program}\n"  # fmt: skip
    with (place / ".git" / "config").open("a") as file:
        file.write(config)
    collecting(place, platform="github")
    assert submission(classroom, "mallory", "deep")[1] == "2027-03-14 14:59:00 UTC"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "head", ["", "ref: refs/../../x", "ref: refs/heads/none", "f" * 40, "no commit", "ref: refs/heads/main; touch x"]
)
def test_a_checkout_that_git_cannot_read_has_no_time(head, checkout, work, collecting, classroom):
    place = checkout("deep-ada", {"deep.ipynb": (work("deep", "ada"), "2027-03-14T23:59:00")})
    (place / ".git" / "HEAD").write_text(head)
    collected = collecting(place, platform="github")
    assert (collected.untimed(), submission(classroom, "ada", "deep")[1]) == (1, None)


def test_without_git_there_is_no_time(checkout, work, tmp_path, collecting, monkeypatch):
    place = checkout("deep-ada", {"deep.ipynb": (work("deep", "ada"), "2027-03-14T23:59:00")})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert collecting(place, platform="github").untimed() == 1


def _nothing(place):
    place.mkdir(parents=True, exist_ok=True)
    return place


ODD = {
    "alternates": lambda objects, odd: odd(_nothing(objects / "info") / "alternates"),
    "alternates elsewhere": lambda objects, odd: (
        odd(_nothing(objects.parent / "more" / "pack") / "pack-1.idx"), (_nothing(objects / "info") / "alternates").write_text("../more\n")
    ),
    "commit graph": lambda objects, odd: odd(_nothing(objects / "info") / "commit-graph"),
    "chain of graphs": lambda objects, odd: odd(_nothing(objects / "info" / "commit-graphs") / "commit-graph-chain"),
    "index of packs": lambda objects, odd: odd(objects / "pack" / "multi-pack-index"),
    "pack": lambda objects, odd: odd(objects / "pack" / f"pack-{40 * '1'}.idx"),
    "promisor": lambda objects, odd: odd(objects / "pack" / f"pack-{40 * '1'}.promisor"),
    "an object": lambda objects, odd: next(
        (path.unlink(), odd(path)) for path in sorted(objects.glob("??/*"))
    ),
    "all objects": lambda objects, odd: [(path.unlink(), odd(path)) for path in sorted(objects.glob("??/*"))],
    "configuration": lambda objects, odd: ((objects.parent / "config").unlink(), odd(objects.parent / "config")),
    "HEAD": lambda objects, odd: ((objects.parent / "HEAD").unlink(), odd(objects.parent / "HEAD")),
    "branch": lambda objects, odd: ((objects.parent / "refs/heads/main").unlink(), odd(objects.parent / "refs/heads/main")),
    "packed branches": lambda objects, odd: ((objects.parent / "refs/heads/main").unlink(), odd(objects.parent / "packed-refs")),
    "shallow": lambda objects, odd: odd(objects.parent / "shallow"),
    "grafts": lambda objects, odd: odd(_nothing(objects.parent / "info") / "grafts"),
    "attributes": lambda objects, odd: odd(_nothing(objects.parent / "info") / "attributes"),
    "fsmonitor": lambda objects, odd: odd(objects.parent / "fsmonitor--daemon.ipc"),
    "index": lambda objects, odd: ((objects.parent / "index").unlink(), odd(objects.parent / "index")),
    "where the common parts lie": lambda objects, odd: odd(objects.parent / "commondir"),
    "modules": lambda objects, odd: odd(objects.parent.parent / ".gitmodules"),
}  # fmt: skip
UNKNOWN = ("pack", "promisor", "index of packs", "an object", "all objects", "HEAD", "branch", "packed branches")


@pytest.mark.parametrize("where", ODD)
def test_whatever_lies_where_git_looks_keeps_nobody_waiting(where, checkout, monkeypatch):
    """A pipe, and a link to a device that never ends: the time is known, or it is not, at once and without a process that has to be stopped."""
    monkeypatch.setattr(git, "subprocess", SimpleNamespace(run=_unhurried, TimeoutExpired=subprocess.TimeoutExpired))
    for number, odd in enumerate((os.mkfifo, lambda path: path.symlink_to("/dev/zero"))):
        place = checkout(f"deep-ada{number}", {"deep.ipynb": (b"x", "2027-03-14T23:59:00")})
        ODD[where](place / ".git" / "objects", odd)
        assert (git.committed_at(place, place / "deep.ipynb") is None) == (where in UNKNOWN)


def _unhurried(*arguments, **options):
    try:
        return subprocess.run(*arguments, **options, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise AssertionError("git waits") from None


def test_a_folder_that_is_no_checkout_is_listed(checkout, work, folder, collecting):
    place = folder({"deep-ada/deep.ipynb": work("deep", "ada")})
    assert outcome(collecting(place, platform="github")) == (
        {}, {"deep-ada/deep.ipynb": "its name is not one that GitHub Classroom gives, or it lies in no checkout"},
    )  # fmt: skip


def test_all_files_of_a_checkout_share_the_time_that_its_history_may_take(monkeypatch):
    """A million commits cost git ten seconds for each of a hundred notebooks: the class waits for one student's no longer than a minute."""
    asked, moments = [], itertools.count(0, 25)
    monkeypatch.setattr(git, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(git, "committed_at", lambda repository, file, seconds: asked.append((repository.name, seconds)))
    commits = git.Commits()
    for _ in range(5):
        commits.at(Path("eve"), Path("eve/deep.ipynb"))
    commits.at(Path("ada"), Path("ada/deep.ipynb"))
    assert asked == [("eve", 60), ("eve", 35), ("eve", 10), ("ada", 60)]
