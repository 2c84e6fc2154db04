"""nbgrader's GenerateAssignment: a source notebook becomes what students receive, and enters the gradebook."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.gradebook.converting import Failed, converting
from autograder.common.errors import ReleaseError
from autograder.common.i18n import _
from autograder.course.course import Course


def generate(course: Course, assignment: str, notebook: NotebookNode, target: Path, database: str = "") -> None:
    """Run nbgrader's GenerateAssignment on `notebook`; with `database`, a URL, its cells are entered there as well.

    The result, with whatever else lies in solutions/<assignment>/, is in `target`/<assignment>/.
    Raises ReleaseError with nbgrader's reason.
    """
    # Imported here because it takes seconds, and reading a release doesn't need it.
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "source" / assignment
        ignored = shutil.ignore_patterns("*.ipynb", ".*", "__pycache__")
        shutil.copytree(course.root / "solutions" / assignment, folder, ignore=ignored)
        (folder / f"{assignment}.ipynb").write_text(nbformat.writes(notebook), "utf-8")
        config = Config()
        config.CourseDirectory.root = scratch
        config.CourseDirectory.release_directory = str(target.resolve())
        config.CourseDirectory.course_id = course.course.id
        config.CourseDirectory.assignment_id = assignment
        config.CourseDirectory.notebook_id = assignment
        if not database:
            config.GenerateAssignment.no_database = True
            config.SaveCells.enabled = False  # no_database alone does not keep this one from opening a database
        else:
            config.CourseDirectory.db_url = database
        try:
            with converting() as log:
                courses = CourseDirectory(config=config, log=log)
                GenerateAssignment(coursedir=courses, config=config, log=log).start()
        except Failed as error:
            raise ReleaseError(
                _(
                    "solutions/{assignment}/{assignment}.ipynb: nbgrader refuses it: {reason}",
                    assignment=assignment,
                    reason=error,
                )
            ) from error
