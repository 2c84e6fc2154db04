"""``autograder new-assignment``: a source notebook, an entry in course.yml, a mutant of each check, an alternative, a test.

course.yml is text that people wrote: the entry is put behind the last assignment, and no other character changes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import yaml

from autograder.authoring.scaffold.parts import TASKS, New, quoted, template
from autograder.classroom.folder import Folder
from autograder.common.errors import AutograderError, CourseError
from autograder.common.files import bytes_of, move, put, unwritable
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import _, known
from autograder.course.checks.in_words import no_language
from autograder.course.course import FILE, load

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # fits nbgrader's grade ids, file names, and Python
_KEPT = (
    ".gitignore",
    "course.yml",
)  # beside a course that is begun: what is there already stays (course.yml: the workflow)


def new_course(folder: Path, new: New, title: str = "") -> list[Path]:
    """Begin a course in `folder`, which is made, with `new` as its first assignment; the files written, as `new_assignment`.

    Raises CourseError where there is one already, and for `languages` that are none.
    """
    if (folder / FILE).exists():
        said = _("{path} is a course already", path=folder / FILE)
        raise CourseError(said, _("Add to it with `autograder new-assignment`."), misused=True)
    for name in new.languages:
        if not name or known(name) != name:
            raise CourseError(no_language(name), "", misused=True)
    return new_assignment(folder / FILE, new, title)


def new_assignment(course_file: Path, new: New, course_title: str = "") -> list[Path]:
    """Make the assignment in the course of `course_file`, and return the files written, course.yml first.

    A course that doesn't exist yet is begun. Nothing that is there is written over; what one left that was killed is taken as it is. Raises
    CourseError for a name that is taken or no name, for a course.yml that can't take an entry, and AutograderError for other files that exist.
    """
    if not NAME.fullmatch(new.name):
        raise CourseError(
            _("'{name}' can't be an assignment's name", name=new.name),
            _("Use small letters, digits and underscores, beginning with a letter: my_assignment."),
            misused=True,
        )
    if new.task not in TASKS:
        raise CourseError(_("there is no task '{name}'", name=new.task), meant(new.task, list(TASKS)), misused=True)
    for text in (new.title, new.title_ko, new.due):
        if not text.isprintable():
            raise CourseError(_("{text!r} can't be written: it is no text", text=text), "", misused=True)
    root = course_file.resolve().parent
    planned: dict[Path, str] = {}
    on = None
    if course_file.is_file():
        course = load(course_file)
        if new.name in course.assignments:
            raise CourseError(
                _("the course has an assignment '{name}' already", name=new.name),
                _("Choose another name."),
                misused=True,
            )
        if new.networks and not course.networks:
            raise CourseError(
                _(
                    "{file} says `networks: false`, and the task '{name}' is about networks",
                    file=course_file,
                    name=new.task,
                ),
                _("Choose `--task sklearn`, or remove that line."),
                misused=True,
            )
        text, new = bytes_of(course_file).decode("utf-8"), replace(new, languages=course.course.languages)
        new = new.told_apart(one.title for one in course.assignments.values())
        on = course.data
    else:
        if not (course_title or root.name).isprintable():
            raise CourseError(
                _("{text!r} can't be written: it is no text", text=course_title or root.name),
                _("Name the course with --title."),
                misused=True,
            )
        text, begun = _begun(root, new, course_title)
        planned |= {path: content for path, content in begun.items() if path.name not in _KEPT or not path.exists()}
    text = inserted(text, new.entry(on))
    planned |= {root / path: content for path, content in new.files().items()}
    taken = [str(path) for path, content in planned.items() if path.exists() and not _holds(path, content)]
    if taken:
        raise AutograderError(
            _("{files} exists already", files=", ".join(taken)), _("Remove it, or choose another name.")
        )
    written: list[Path] = []
    there = {folder for path in planned for folder in path.parents if folder.exists()}
    try:
        for path, content in planned.items():
            if not path.exists():
                written.append(path)
                put(path, content)
        _replace(course_file, text)
    except BaseException as error:
        for path in written if not _holds(course_file, text) else ():  # stopped after all was done
            with suppress(OSError):  # it wasn't made yet
                path.unlink()
            for folder in path.parents:
                if folder in there:
                    break
                with suppress(OSError):  # another file of ours is in it still
                    folder.rmdir()
        if isinstance(error, OSError):
            raise unwritable(root, error, _("Or choose a folder that you may write to.")) from error
        raise
    return [course_file, *planned]


def _begun(root: Path, new: New, title: str) -> tuple[str, dict[Path, str]]:
    """course.yml of a course that begins with `new`, named after its folder, and the files beside it."""
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")
    name = name if re.match("[a-z]", name) else f"course-{name}".strip("-")
    words = {
        "COURSE": name[:61],
        "TITLE": quoted(title or name),
        "LANGUAGES": ", ".join(map(_plain, new.languages)),
        "LANGUAGE": new.languages[0],
    }
    text, config = (
        re.sub(r"\b(COURSE|TITLE|LANGUAGES|LANGUAGE)\b", lambda match: words[match[1]], text)
        for text in (template("begin.yml").replace("DATA: {}\n", new.data), template("nbgrader_config.txt"))
    )
    workflow = root / ".github" / "workflows" / "course.yml"
    return text, {
        root / "nbgrader_config.py": config,
        root / ".gitignore": _ignored(root),
        workflow: template("workflow.txt").replace(
            "[grading,tensorflow]", "[grading,tensorflow]" if new.networks else "[grading]"
        ),
    }


def _holds(path: Path, content: str) -> bool:
    return path.is_file() and bytes_of(path) == content.encode()


def _plain(language: str) -> str:
    return f'"{language}"' if language == "no" else language  # which YAML reads as false


def _ignored(root: Path) -> str:
    """What must never be pushed: all that grading makes, which names students and their grades."""
    made = [path.relative_to(root).as_posix() for path in Folder(root).made()]
    lines = [f"/{name}*" if "." in name else f"/{name}/" for name in made]
    return "\n".join([*lines, ".ipynb_checkpoints/", "__pycache__/"]) + "\n"


def _replace(course_file: Path, text: str) -> None:
    """Put `text` in place of course.yml if it loads as a course."""
    part = course_file.with_name(f".{course_file.name}.part")
    try:
        put(part, text)
        load(part)
    except AutograderError as error:
        part.unlink(missing_ok=True)
        raise CourseError(
            _("{file} can't take a new assignment: {error}", file=course_file, error=error).replace(str(part), FILE),
            error.remedy or _("Nothing was written. Mend what it says, or give another name, title or due date."),
            misused=isinstance(error, CourseError),
        ) from error
    move(part, course_file)


def inserted(text: str, entry: str) -> str:
    """course.yml with `entry` behind its last assignment: comments, blank lines and order stay as they are.

    Raises CourseError when there is no mapping `assignments` in block style.
    """
    document = yaml.compose(text, yaml.SafeLoader)
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == "assignments"), None)
    if found is None or getattr(found[1], "flow_style", False) is True:
        raise CourseError(
            _("course.yml has no `assignments:` in block style"), _("Write `assignments:` on a line of its own.")
        )
    key, value = found
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\r\n" if "\r\n" in text else "\n"
    indent, end = 2, key.end_mark.line + 1
    if isinstance(value, yaml.MappingNode) and value.value:
        indent = int(value.value[0][0].start_mark.column)
        end = min(len(lines), value.end_mark.line + bool(value.end_mark.column))
    # A block ends where the next key begins: comments and blank lines in between belong to what follows, if anything does.
    while end > key.end_mark.line + 1 and not lines[end - 1].strip():
        end -= 1
    while end > key.end_mark.line + 1 and lines[end - 1].startswith("#"):
        end -= 1
    while end > key.end_mark.line + 1 and not lines[end - 1].strip():
        end -= 1
    ends = "\r\n" if "\r\n" in text else "\n"  # as the file has them
    new = [(" " * indent + line if line.strip() else "") + ends for line in entry.splitlines()]
    return "".join([*lines[:end], *new, *lines[end:]])
