"""Every command in surroundings that lack something: a sentence and an exit code, never a traceback, and nothing replaced.

The commands and their options are the application's own, so that a new one is tried as well. Each runs in a fork of this process, which has
imported everything already.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from autograder.cli import app as cli
from autograder.common.machine import scratch
from tests.tiny_course import tiny_class, tiny_course

SECONDS = 120
CODES = {0, 1, 2, 3, 4}
ODD = "\udce9\udcff"  # what a file name that is no UTF-8 becomes
HEAVY = {
    "grade",
    "regrade",
    "verify",
    "calibrate",
    "demo",
}  # they start judges: here they are asked for what there is none of
OUTPUTS = ("--output", "--junit", "--html", "--plot", "--folder", "--memo")


def commands(command: Any, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found = {} if hasattr(command, "commands") else {words: command}
    for name, one in getattr(command, "commands", {}).items():
        found |= commands(one, (*words, name))
    return found


COMMANDS = commands(typer.main.get_command(cli.app))
every_command = pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)


def options(words: tuple[str, ...]) -> Iterator[str]:
    """Those that take a text or a place."""
    for parameter in COMMANDS[words].params:
        annotation = repr(parameter.type_descriptor.annotation)
        if parameter.opts[0].startswith("--") and ("Path" in annotation or "'str'" in annotation):
            yield parameter.opts[0]


def needed(words: tuple[str, ...], value: str = "nothing") -> list[str]:
    """As many arguments as the command can't do without; heavy ones are given the name of an assignment that there is none of."""
    found = []
    for parameter in COMMANDS[words].params:
        is_option = parameter.opts[0].startswith("-")
        if parameter.required:
            found += [parameter.opts[0], "csv"] if is_option else [value]
    if words[0] in HEAVY:
        names_one = any(parameter.name == "assignment" for parameter in COMMANDS[words].params)
        found += ["--assignment" if names_one else "--course", value]
    return found


class Ended:
    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, said

    def well(self, words: bool = True) -> None:
        assert "Traceback" not in self.said, self.said[-3000:]
        assert self.code in CODES, (self.code, self.said[-1000:])
        assert self.code == 0 or len(self.said.strip()) > 10 or not words, "an error without a word"


def open_streams(encoding: str = "utf-8") -> None:
    """As Python does when it starts."""
    for number, name in enumerate(("stdout", "stderr"), 1):
        setattr(sys, name, open(number, "w", encoding=encoding, errors="strict", closefd=False))  # noqa: SIM115


def run(words: tuple[str, ...], *arguments: str, cwd: Path, prepare: Callable[[], None] = open_streams) -> Ended:
    """The command in a child of ours; `prepare` is called there, before Python opens its streams on what leads here."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            code = 99
            try:
                signal.alarm(SECONDS)
                for number in (1, 2):
                    os.dup2(said.fileno(), number)
                os.chdir(cwd)
                os.environ["AUTOGRADER_MEMO"] = str(cwd / "memo")
                sys.argv = ["autograder", *words, *arguments]
                prepare()
                cli.main()
                code = 0
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            except BaseException:
                os.write(said.fileno(), traceback.format_exc().encode("utf-8", "replace"))
            finally:
                try:
                    for stream in filter(None, (sys.stdout, sys.stderr)):
                        try:
                            stream.flush()
                        except Exception:
                            with suppress(OSError):  # where no file may grow, not even this can be said
                                os.write(said.fileno(), traceback.format_exc().encode("utf-8", "replace"))
                    scratch._leave(os.getpid())
                finally:
                    os._exit(code)  # whatever happens: a fork never goes on as the tests' own process
        status = os.waitpid(child, 0)[1]
        said.seek(0)
        return Ended(os.waitstatus_to_exitcode(status), said.read().decode("utf-8", "replace"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with students who handed in, among them names and files that are no text."""
    import nbformat  # noqa: F401 - once, and not in every child
    from nbconvert.exporters import HTMLExporter  # noqa: F401

    course = tiny_course(tmp_path_factory.mktemp("surroundings") / "course")
    tiny_class(course, 2)
    for name in (ODD, "s0000"):
        folder = course.root / "submitted" / name / "first"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{ODD}.ipynb").touch()
    (course.root / ODD).touch()
    return course.root


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """All that lies in a folder, but for logs."""
    found = {}
    for path in sorted(root.rglob("*")):
        kind = path.lstat().st_mode
        if "logs" not in path.parts and not stat.S_ISDIR(kind):
            content = path.read_bytes() if stat.S_ISREG(kind) else b""
            found[str(path.relative_to(root))] = (stat.S_IFMT(kind), content)
    return found


@every_command
def test_a_name_that_is_no_text(words: tuple[str, ...], root: Path) -> None:
    """As every argument, and as the value of every option that takes a text or a place."""
    before = tree(root)
    run(words, *needed(words, ODD), cwd=root).well()
    for option in options(words):
        if option not in needed(words):
            run(words, option, ODD, *needed(words), cwd=root).well()
    after = tree(root)
    assert {name: after.get(name) for name in before} == before


@every_command
def test_a_course_in_a_folder_whose_name_is_no_text(words: tuple[str, ...], root: Path, tmp_path: Path) -> None:
    course = tmp_path / ODD
    shutil.copytree(root, course, symlinks=True)
    run(words, *needed(words), cwd=course).well()


def without_home() -> None:
    open_streams()
    for name in ("HOME", "XDG_CACHE_HOME", "AUTOGRADER_MEMO", "KERAS_HOME"):
        os.environ.pop(name, None)

    def nobody(number: object) -> object:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    import pwd

    pwd.getpwuid = pwd.getpwnam = nobody  # type: ignore[assignment]


def in_a_folder_that_was_removed() -> None:
    open_streams()
    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())


def into(path: str, stream: int = 1) -> Callable[[], None]:
    return lambda: (os.dup2(os.open(path, os.O_WRONLY), stream) and open_streams()) or None


def closed() -> None:
    open_streams()
    sys.stdout = None  # type: ignore[assignment]  # as Python has it where descriptor 1 is closed


def nobody_reads() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    open_streams()


def ascii_alone() -> None:
    open_streams("ascii")
    os.environ["AUTOGRADER_LANGUAGE"] = "ko"
    from autograder.common.i18n import speak

    speak("ko")


SURROUNDINGS = {
    "no home": without_home, "a full disk behind stdout": into("/dev/full"), "a full disk behind stderr": into("/dev/full", 2), "no stdout": closed,
    "a pipe that nobody reads": nobody_reads, "a terminal that knows ASCII alone": ascii_alone, "a folder that was removed": in_a_folder_that_was_removed,
}  # fmt: skip


@every_command
@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_surroundings_that_lack_something(kind: str, words: tuple[str, ...], root: Path) -> None:
    before = tree(root)
    given = ["a-b"] if words == ("new-assignment",) else needed(words)  # no name that it can be given
    for arguments in (given, ["--help"]):
        ended = run(words, *arguments, cwd=root, prepare=SURROUNDINGS[kind])
        ended.well(words="std" not in kind and "pipe" not in kind)  # what was said may have been on it
    after = tree(root)
    assert {name: after.get(name) for name in before} == before


def test_a_course_is_found_by_its_path_from_a_folder_that_was_removed(root: Path) -> None:
    ended = run(("status",), "--course", str(root / "course.yml"), cwd=root, prepare=in_a_folder_that_was_removed)
    assert ended.code == 0 and "autograder grade" in ended.said, ended.said


def test_a_command_hears_how_its_children_end_whoever_started_it(root: Path, tmp_path: Path) -> None:
    """Reading a notebook takes a child, and so does nearly everything else that is dangerous."""

    def deaf() -> None:
        open_streams()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})

    shutil.copytree(root / "submitted" / "s0001", tmp_path / "handed-in" / "s0001")
    ended = run(("collect",), str(tmp_path / "handed-in"), "--dry-run", cwd=root, prepare=deaf)
    assert ended.code == 0, ended.said


def places(folder: Path) -> dict[str, Path]:
    """Output paths that are no regular files, or can't become one."""
    (folder / "folder").mkdir()
    (folder / "file").write_text("kept")
    (folder / "link").symlink_to(folder / "nothing" / "there")
    os.mkfifo(folder / "pipe")
    return {
        "a folder": folder / "folder", "below a file": folder / "file" / "x", "a pipe": folder / "pipe",
        "a device": Path("/dev/null"), "a full device": Path("/dev/full"), "a link to nowhere": folder / "link",
        "a name too long": folder / ("x" * 300), "a nul": folder / "\0",
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(places(Path(tempfile.mkdtemp()))))
@pytest.mark.parametrize(
    ("words", "option"), [(words, option) for words in sorted(COMMANDS) for option in options(words) if option in OUTPUTS],
    ids=lambda one: one if isinstance(one, str) else " ".join(one),
)  # fmt: skip
def test_an_output_path_that_is_no_regular_file(
    words: tuple[str, ...], option: str, kind: str, root: Path, tmp_path: Path
) -> None:
    place = places(tmp_path)[kind]
    before = tree(tmp_path)
    devices = {name: os.stat(name).st_mode for name in ("/dev/null", "/dev/full")}
    reader = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)  # or the command waits for one
    try:
        run(words, option, str(place), *needed(words), cwd=root).well()
    finally:
        os.close(reader)
    after = tree(tmp_path)
    assert {name: after.get(name) for name in before} == before
    assert {name: os.stat(name).st_mode for name in devices} == devices
