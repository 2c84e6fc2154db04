"""What `grade`, `verify` and `demo` are asked for on the command line, as the settings of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.cli import common
from autograder.cli.common import err
from autograder.common.i18n import _
from autograder.common.machine.capacity import default_workers

if TYPE_CHECKING:
    from autograder.classroom.grading.grade_class import Settings
    from autograder.cli.common import IsolationChoice
    from autograder.course.course import Course


def settings_from(
    course: Path | None, isolation: IsolationChoice | None, workers: int, language: str, memo: Path | None,
    no_memo: bool, force: bool, reference: bool, scheduler: str = "", dashboard: bool = False, submitted: Path | None = None,
) -> tuple[Settings, Course]:  # fmt: skip
    from autograder.classroom.grading.grade_class import Settings
    from autograder.classroom.grading.isolation import require
    from autograder.course.course import find
    from autograder.networks.memo import default_folder

    path = (course or find()).resolve()
    the_course = common.the_course(path)
    language = common.the_language(the_course, language)
    chosen: Any = isolation.value if isolation else the_course.isolation
    if chosen == "none":
        err.print(
            _(
                "[yellow]Isolation is off: submissions can read and change whatever you can. Only for "
                "submissions you trust.[/]"
            )
        )
    folder = None if no_memo else (memo or default_folder())
    require(the_course, chosen, submitted, folder, here=not scheduler)
    settings = Settings(
        path, chosen, workers or default_workers(), folder, language, force, reference, scheduler, dashboard
    )
    return settings, the_course
