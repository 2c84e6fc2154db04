"""Every wait and deadline by the clock, with what it costs on a machine that is twenty times slower: never a mark.

Part of ``make lint``: who asks for the time or waits for so long is listed here, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ASKS = re.compile(
    r"time\.(monotonic|time)(_ns)?|asyncio\.(wait_for|timeout)|.*\.settimeout|(?!os\.).*\.wait|signal\.(alarm|setitimer)"
)
WAITS = {"timeout", "lost_worker_timeout"}
CLOCKS = {
    # what a student's work may take: of the time that it is given, see sandbox/granted_time.py
    "sandbox/granted_time.py": "the measure itself",
    "sandbox/client.py": "of what the kernel is given; a machine that gives too little: tried again, then undecided",
    "sandbox/run_notebook.py": "of what the kernel is given; one that doesn't start: tried again, then undecided",
    "common/machine/confined.py": "processor time is what counts; the clock's end is the machine's: tried again, then undecided",
    "common/wire/protocol.py": "no limit: looks whether somebody still waits",
    # what the grader's own parts may take: then they are replaced
    "sandbox/host.py": "a parent that doesn't answer is replaced, and the notebook runs again; then undecided",
    "sandbox/inside/parent.py": "a kernel that doesn't start: as above. One that stands still stopped itself, which no load does",
    "sandbox/cgroups.py": "a group that can't be removed stays until the next",
    "sandbox/listener_memory.py": "between two looks",
    "sandbox/bubblewrap.py": "the probe, before anything is graded: the run is refused, with the reason",
    "worker/judge_process.py": "a judge that doesn't answer is replaced, and the notebook runs again; then undecided",
    "worker/service.py": "when nobody needs a judge any more",
    "worker/grade_alone.py": "until the judge is up, as above",
    "classroom/grading/dispatch.py": "no worker at all: the run ends, with the reason, and goes on from there",
    "classroom/grading/workers.py": "a worker that doesn't answer: its submission is tried again, then undecided",
    # nothing of a student's hangs on it
    "classroom/grading/state.py": "how often progress is written down",
    "classroom/grading/handin_store.py": "age of arrays that nobody names; without them a notebook runs again",
    "classroom/process_lock.py": "another process that holds the lock: the command ends, with the reason, and nothing is written",
    "classroom/collect/git.py": "a repository that isn't read is listed, with the reason, and nothing is replaced",
    "common/machine/scratch.py": "age of a folder that nobody holds yet",
    "networks/memo.py": "age of half-written entries",
}
NOT_GRADING = ("authoring", "cli", "kernel/home")


def clocks(path: Path, text: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    place = path.as_posix().partition("autograder/")[2]
    if place.startswith(NOT_GRADING):
        return
    found = [
        node for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and ASKS.fullmatch(ast.unparse(node))) or (isinstance(node, ast.keyword) and node.arg in WAITS)
    ]  # fmt: skip
    if place not in CLOCKS:
        yield from (
            (
                getattr(node, "lineno", 1),
                "say in CLOCKS of tools/lint_clocks.py what a student loses when the machine is slow",
            )
            for node in found
        )
    elif not found:
        yield 1, "asks for no time: take it out of CLOCKS in tools/lint_clocks.py"
