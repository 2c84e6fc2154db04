"""What all commands share: consoles, exit codes, common options, and the way an error ends a command."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from enum import EnumType, StrEnum
from inspect import unwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar, get_args, get_type_hints

import typer
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from typer.core import TyperCommand

from autograder.common.errors import AutograderError, SubmissionError
from autograder.common.files import deliver, unwritable
from autograder.common.i18n import _, asked_for, speak
from autograder.common.showing.readable import on_screen

if TYPE_CHECKING:
    from autograder.common.results import Report
    from autograder.course.course import Course


class Terminal(Console):
    """A console on which no text of a stranger's acts: it moves no cursor, sets no title, and turns no line around."""

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=on_screen(segment.text))

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(from_here(item) if isinstance(item, str) else item for item in objects), **how)

    def say(self, text: str | Path, style: str = "") -> None:
        """A line as it is, without markup, which the terminal alone breaks."""
        said = os.path.abspath(text) if isinstance(text, Path) else text
        self.print(said, style=style, markup=False, highlight=False, soft_wrap=True)


def from_here(text: str) -> str:
    """`text` with paths below this folder as they lead from it: the one form of a path in what a command says. Addresses stay whole."""
    try:
        here = re.escape(os.getcwd())
    except OSError:  # of a folder that was removed nothing leads anywhere
        return text
    return re.sub(rf"(?<![^\s'\"(=]){here}/(?=\S)", "", text)


out = Terminal()
err = Terminal(stderr=True)

ASSIGNMENT = "assignment"  # what a parameter is called that names one, or several
AMISS, MISUSED, UNDECIDED, ERROR, INTERRUPTED = 1, 2, 3, 4, 130


Function = TypeVar("Function", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command that takes an assignment by its name alone as well as by ``--assignment``, its one declaration: what is left of the arguments."""

    running: Command | None = None  # whose arguments were read last

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.named = next((parameter for parameter in self.params if parameter.name == ASSIGNMENT), None)
        self.context_settings = {**self.context_settings, "allow_extra_args": self.named is not None}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        Command.running = self
        left: list[str] = super().parse_args(ctx, args)
        if self.named is None or ctx.resilient_parsing:
            return left
        said = ctx.params[ASSIGNMENT]
        names = list(dict.fromkeys([*left, *((said or ()) if self._several else (said,) if said else ())]))
        if len(names) > 1 and not self._several:
            ctx.fail(_("one assignment at a time: {names}", names=", ".join(names)))
        ctx.params[ASSIGNMENT] = names if self._several else "".join(names)
        ctx.args = []
        return []

    def options_that_take(self, name: str) -> list[str]:
        """Options of this command with a choice of words, `name` among them, and the one that takes students' names."""
        hints = get_type_hints(unwrap(self.callback)) if self.callback else {}
        kinds = {key: [hint, *get_args(hint)] for key, hint in hints.items()}
        choices = {
            key for key, own in kinds.items() for kind in own if isinstance(kind, EnumType) and name in list(kind)
        }
        return [
            each.opts[0] for each in self.params if each.name in {*choices, "student"} and each.opts[0].startswith("-")
        ]

    @property
    def _several(self) -> bool:
        return getattr(self.named, "multiple", False)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        own = [] if self.named is None else [f"[{ASSIGNMENT}]" + ("..." if self._several else "")]
        return super().collect_usage_pieces(ctx) + own

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        if self.named is not None and not incomplete.startswith("-"):
            return self.named.shell_complete(ctx, incomplete)
        return super().shell_complete(ctx, incomplete)


class Commands(typer.Typer):
    """What a module of commands declares them on."""

    def command(self, name: str | None = None, *, epilog: str | None = None) -> Callable[[Function], Function]:  # type: ignore[override]
        return super().command(name, cls=Command, epilog=epilog)


class IsolationChoice(StrEnum):
    bubblewrap = "bubblewrap"
    none = "none"


CourseFile = Annotated[
    Path | None, typer.Option("--course", help="course.yml; by default the one in this folder or above it.")
]
OfAssignments = Annotated[
    list[str] | None,
    typer.Option(
        "--assignment", "-a", help="Only this one (repeatable); by default all. Its name alone says the same."
    ),
]
OfStudents = Annotated[list[str] | None, typer.Option("--student", "-s", help="Only this one (repeatable).")]
MemoFolder = Annotated[Path | None, typer.Option("--memo", help="Folder of known trainings; by default in your cache.")]
NoMemo = Annotated[bool, typer.Option("--no-memo", help="Train everything anew, and keep nothing.")]
Workers = Annotated[int, typer.Option("--workers", "-w", min=0, help="Processes; 0: as cores and memory allow.")]
Language = Annotated[
    str,
    typer.Option(
        "--language",
        help="a language of the course; by default each submission in its own.",
        show_default=False,
    ),
]
Isolation = Annotated[IsolationChoice | None, typer.Option("--isolation", help="Instead of course.yml's.")]


def named(course: Course, names: Sequence[str] | None) -> list[str]:
    """`names`, assignments that somebody typed; none means all. Raises AutograderError for one that the course doesn't have, which tells what
    a name alone may have meant: a student's, or one of this command's own words."""
    from autograder.classroom.folder import Folder

    for name in names or ():
        try:
            course.assignment(name)
        except AutograderError as error:
            options = Command.running.options_that_take(name) if Command.running else []
            if "--student" in options and name not in Folder(course.root).students():
                options.remove("--student")
            if options:
                error.remedy = _("did you mean {option} {name}?", option=options[0], name=name)
            raise
    return list(names or ())


def fail(error: AutograderError) -> NoReturn:
    """Say what went wrong and what to do about it, and end the command."""
    err.print(f"[bold red]autograder:[/] {escaped(str(error))}", highlight=False, soft_wrap=True)
    if error.remedy:
        err.say(error.remedy)
    raise typer.Exit(MISUSED if error.misused else ERROR)


def link(path: Path) -> str:
    """Where a page is, as terminals open it with a click: its file:// address, and the path itself where it can't have one."""
    return path.resolve().as_uri() if path.is_file() else str(path)


def escaped(text: str) -> str:
    """`text` without markup: what users and students wrote is shown as it is."""
    from rich.markup import escape

    return escape(text)


def the_language(course: Course, name: str) -> str:
    """`name`, a language of the course or ''. The command speaks it from now on, or what the environment asks for, or the course's first.

    Raises AutograderError if the course has no such language.
    """
    from autograder.common.hints.for_errors import meant

    languages = course.course.languages
    if name and name not in languages:
        said = _("the course has no language '{language}'", language=name)
        raise AutograderError(said, meant(name, list(languages)), misused=True)
    speak(name or asked_for() or course.language)
    return name


def the_course(path: Path | None) -> Course:
    """The course in `path`, or the one in this folder or above it; what is said of it from now on is in its first language, where nobody
    asked for another one. Raises AutograderError."""
    from autograder.course.course import load

    course = load(path and there(path, _("Name an existing file with --course.")))
    speak(asked_for() or course.language)
    return course


def write(path: Path, content: str | bytes, remedy: str) -> None:
    """Write what somebody asked for. Raises AutograderError, with this `remedy`, where it can't be written."""
    try:
        deliver(path, content)
    except OSError as error:
        raise unwritable(path, error, remedy) from error


def there(path: Path, remedy: str = "") -> Path:
    """`path`, which somebody typed to be read. Raises AutograderError, for wrong use, where nothing is."""
    if not path.exists():
        raise AutograderError(_("there is no file {file}", file=path), remedy, misused=True)
    return path


class Amiss:
    """What a command can't use of what lies in the course's folder: each is said, stops nothing else, and ends it with 1."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: AutograderError) -> None:
        self.count += 1
        err.print(f"[yellow]{escaped(f'{error}.')}[/] {escaped(error.remedy)}".strip(), highlight=False, soft_wrap=True)

    def end(self) -> None:
        if self.count:
            raise typer.Exit(AMISS)


def the_reports(
    course: Course, assignments: Sequence[str], students: Sequence[str], language: str, amiss: Amiss
) -> list[Report]:
    """What pages in `language` are made of; `amiss` is told what they can't be made of, and what the gradebook has to catch up on.

    Raises AutograderError for unknown names, and when there is nothing.
    """
    from autograder.classroom.folder import Folder
    from autograder.classroom.gradebook.outdated import outdated_deductions, tell_outdated

    the_language(course, language)
    folder = Folder(course.root)
    found = list(folder.read_reports(assignments or course.assignments, students, amiss=amiss))
    folder.require_students(students)
    if not found:
        raise SubmissionError(_("there are no reports to make pages of"), _("Run `autograder grade` first."))
    tell_outdated(outdated_deductions(course), {(report.student, report.assignment) for report in found}, amiss)
    return found
