"""What all commands get from outside: --help in the language that is spoken, and names that the shell completes."""

from __future__ import annotations

import gettext
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from autograder import __version__
from autograder.classroom.folder import Folder
from autograder.common.errors import AutograderError
from autograder.common.files import said_of, text_of
from autograder.common.i18n import DOMAIN, LANGUAGES, LOCALES, N_, _, asked_for, known, language, speak
from autograder.common.showing.readable import on_screen

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
EXAMPLE = N_("Example:")
# What typer itself says, through the same gettext.
WORDS = (
    N_("Arguments"), N_("Options"), N_("Commands"), N_("Error"), N_("required"), N_("[required]"), N_("[default: {}]"),
    N_("default: {default}"), N_("Missing command."), N_("No such command {name!r}."), N_("Aborted."),
    N_("Try [blue]'{command_path} {help_option}'[/] for help."), N_("Show this message and exit."), N_("Usage:"),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)  # fmt: skip


def version(asked: bool) -> None:
    if asked:
        print(f"autograder {__version__}")
        raise typer.Exit


class _Unheard(io.FileIO):
    """Where nothing can be written any more, what is told goes untold: it fails no command."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def settle_streams() -> None:
    """What a terminal's encoding can't show is spelled out, a stream that is closed takes nothing, and stderr that is full is no error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr.fileno() == 2:
        raw = io.BufferedWriter(_Unheard(2, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def heed_signals() -> None:
    """SIGTERM, and a terminal that goes away, stop a command as Ctrl-C does: it tidies up. Not where whoever started it said otherwise.

    From `unheeded` on they end it without a word: its exit code is said. What the one who started it blocked or ignored otherwise would be so in all
    that it starts: no child's end would be heard of, no cell could be interrupted.
    """
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)


def unheeded() -> None:
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def stopped() -> None:
    with suppress(OSError):
        print(_("Stopped. Run the same command again to do all of it."), file=sys.stderr)


def refused(error: OSError | AutograderError) -> int:
    """Says what the system refused, where that can still be said; the exit code."""
    with suppress(OSError):
        sys.stdout.flush()
    if isinstance(error, OSError):  # most likely stdout itself: a full disk, a pipe that was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries once more at its end
        error = said_of(error)
    said, remedy = str(error), error.remedy
    with suppress(OSError):
        print(on_screen("\n".join(filter(None, [f"autograder: {said}", remedy]))), file=sys.stderr)
    return 4


def choose_language(arguments: Sequence[str]) -> None:
    """Speak what ``--language`` asks for, also in --help, else what the environment says; typer's own words too."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if option == "--language" or option.startswith("--language="):
            speak(known(option.partition("=")[2] or value))
            break  # of several, the languages of a course, the first counts most
    if not asked_for() and language() == LANGUAGES[0]:
        return
    os.environ["LANGUAGE"] = language()  # for this process, which is the command line's own
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)


def prepare(command: Any) -> None:
    """Translate the help of `command` and of all below it, and give options of well-known names their completion."""
    command.help, command.epilog = command.help and _(command.help), _example(command.epilog or "")
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _(parameter.help)
        names = COMPLETIONS.get((parameter.name or "").rstrip("s"))
        if names is not None and parameter._custom_shell_complete is None:
            parameter._custom_shell_complete = _completing(names)
    for inner in getattr(command, "commands", {}).values():
        prepare(inner)


def _example(text: str) -> str:
    return _(EXAMPLE) + text.removeprefix(EXAMPLE) if text.startswith(EXAMPLE) else _(text)


def _completing(names: Callable[[], list[str]]) -> Callable[[Any, Any, str], list[str]]:
    return lambda context, parameter, typed: [name for name in names() if name.startswith(typed)]


def _course_file() -> Path | None:
    """As `course.find`, which would import pydantic and NumPy: the shell waits for this."""
    named = os.environ.get("AUTOGRADER_COURSE")
    here = Path.cwd()
    places = [Path(named)] if named else [folder / "course.yml" for folder in (here, *here.parents)]
    return next((place for place in places if place.is_file()), None)


def assignments() -> list[str]:
    """Names of the course's assignments; none where there is no readable course."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(text_of(_course_file() or Path()), loader)
        return sorted(document["assignments"])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return []


def students() -> list[str]:
    """Who has handed something in."""
    course = _course_file()
    return Folder(course.parent).students() if course else []


COMPLETIONS: dict[str, Callable[[], list[str]]] = {
    "assignment": assignments,
    "student": students,
    "language": lambda: list(LANGUAGES),
}
