"""Runs a command of the command line, and sends this process a signal the n-th time that it is about to change something on the disk, or to import something.

``python -m tests.faults.struck <file> <n> <signal> <arguments of autograder>``: n = 0 for never, negative for imports; into `<file>` goes how often
there was an occasion of either sort.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

CHANGES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "sqlite3.connect",
    "subprocess.Popen",
}
NOT_OURS = ("/dev/", "/proc/", "/sys/")


class Moments:
    """An audit hook. `count` and `imports`: the occasions so far; at the one of number `at`, or the import of number `-at`, comes the signal."""

    def __init__(self, at: int, number: int) -> None:
        self.count, self.imports, self.at, self.number = 0, 0, at, number

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import":
            self.imports += 1
            if self.imports == -self.at:
                os.kill(os.getpid(), self.number)
            return
        if event == "open":
            path, _mode, flags = arguments
            if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR) or str(path).startswith(NOT_OURS):
                return
        elif event not in CHANGES:
            return
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), self.number)


def main() -> None:
    tally, at, name, *arguments = sys.argv[1:]
    from autograder.cli.__main__ import main as command

    # As for a person at a terminal: who runs the tests may have them ignored, as nohup and a shell's `&` do.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    moments = Moments(int(at), signal.Signals[name])
    sys.argv = ["autograder", *arguments]
    sys.addaudithook(moments)
    try:
        command()
    finally:
        counts, moments.at = f"{moments.count} {moments.imports}", 0
        Path(tally).write_text(counts, "utf-8")


if __name__ == "__main__":
    main()
