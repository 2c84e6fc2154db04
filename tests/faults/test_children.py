"""Of what runs below the tests' own process, only what a command left is its."""

import subprocess
import sys

from tests.faults import course
from tests.faults.course import adopting, children, left_running

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
LEAVING = f"import subprocess, sys; subprocess.Popen({SLEEP!r})"


def test_what_ran_before_lives_on_and_what_a_command_leaves_is_found_and_ended(monkeypatch):
    monkeypatch.setattr(course, "GONE_SECONDS", 1)
    with subprocess.Popen(SLEEP) as before:
        try:
            with adopting():
                assert left_running() == {}
                subprocess.run([sys.executable, "-c", LEAVING], check=True)
                assert len(children()) == 1
                assert len(left_running()) == 1
                assert children() == {}
            assert before.poll() is None
        finally:
            before.kill()
