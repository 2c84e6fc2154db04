"""How much of the slow layer continuous integration has time for."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("fast", "left", "minutes", "share"),
    [
        (680, 2_600, 60, ""),  # all of it
        (1_600, 1_640, 60, "0.24"), (1_600, 100, 60, "0.05"), (1_600, -300, 60, "0.05"), (1_600, 1_640, 30, "0.24"),
        (1_600, -1_600, 0, ""),  # however long it takes
        (0, 1_640, 60, ""),
    ],
)  # fmt: skip
def test_a_share_is_what_is_left_of_the_time(fast, left, minutes, share):
    command = [ROOT / "tools" / "slow_share", *map(str, (fast, left, minutes))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == share


@pytest.mark.parametrize(("minutes", "share"), [("7", "0.05"), ("0", "")])
def test_the_slow_layer_is_told_its_share_and_whoever_reads_the_run_too(tmp_path, minutes, share):
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\ntest "$1" != test-slow || echo "share=$AUTOGRADER_SHARE seed=$AUTOGRADER_SHARE_SEED"\n')
    make.chmod(0o755)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    stand_ins = ("bwrap", "chromium", "dpkg", "apt-get")  # all is there, and nothing is fetched
    for program in stand_ins:
        (tmp_path / program).symlink_to(make)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CI_MINUTES": minutes,
        "PYTHON": sys.executable,
    }
    done = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"share={share} seed={'2' if share else ''}" in done.stdout
    assert (
        ("too slow for all of the slow layer" in done.stderr) == (f"a share of {share}" in done.stdout) == bool(share)
    )
    assert {path.name for path in tmp_path.iterdir()} == {".ci", "tools", "build", "make", *stand_ins}
