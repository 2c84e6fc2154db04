"""``python -m autograder.classroom.gradescope_container [--data] ROOT``: grades the one submission of a Gradescope container, and writes its results.json.

The folders below ROOT are Gradescope's (https://gradescope-autograders.readthedocs.io/en/latest/specs/)::

    ROOT/source/course/           the course, as `autograder export-autograder` packed it
    ROOT/submission/              what the student handed in
    ROOT/results/results.json     what students and instructors see

A container without namespaces of its own, which is usual there, has no room for the sandbox: then the notebook runs in the container as it is, which
nobody uses again, and the report says so. Being late is Gradescope's to know.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from autograder.classroom.collect.contents import Contents
from autograder.classroom.export.grades import of_report
from autograder.classroom.export.gradescope import result
from autograder.classroom.one_notebook import parsed
from autograder.common.data import data_sets
from autograder.common.errors import AutograderError, SubmissionError
from autograder.common.files import put
from autograder.common.i18n import _, speaking
from autograder.common.showing.readable import json_text
from autograder.common.submission import Submission
from autograder.course.course import FILE, Course, Isolation, load
from autograder.networks.memo import default_folder
from autograder.sandbox import bubblewrap
from autograder.worker.grade_alone import grade_alone

COURSE = "source/course"
DATA = "--data"  # set-up's part


def grade_here(root: Path) -> dict[str, Any]:
    """The document for results.json. Raises AutograderError for whatever is not the student's doing."""
    file = root / COURSE / FILE
    course = load(file)
    (assignment,) = course.assignments
    isolation: Isolation = "none" if bubblewrap.available() else "bubblewrap"
    try:
        notebook = _notebook(root / "submission", course, assignment)
    except SubmissionError as error:
        return {"score": 0, "output": f"{error} {error.remedy}".strip(), "visibility": "visible", "tests": []}
    submission = Submission("submission", assignment, notebook)
    report = grade_alone(submission, course, file, isolation, default_folder()).report
    with speaking(report.language):
        document = result(of_report(course, report).grades[0])
        said = _("It ran in Gradescope's container, without a sandbox of its own.") if isolation == "none" else ""
    document["output"] = "\n".join(filter(None, [document["output"], said]))
    document["extra_data"] |= {"isolation": isolation, "grader": report.grader, "submission": report.submission}
    return document


def _notebook(folder: Path, course: Course, assignment: str) -> Path:
    """The notebook that was handed in: under its own name, the only one, or the only one with the assignment's cells.

    Raises SubmissionError, for the student, when there is none or it can't be told.
    """
    found = [
        path
        for path in sorted(folder.rglob("*.ipynb"))
        if path.is_file() and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    ]
    named = [path for path in found if path.name == f"{assignment}.ipynb"]
    if len(named or found) > 1:
        contents = Contents(course)
        limit = course.limits.notebook_mb
        found = [path for path in named or found if contents.assignment(parsed(path, limit)) == assignment]
        named = []
    if len(named or found) != 1:
        said = _("No notebook was handed in.") if not found else _("More than one notebook was handed in.")
        raise SubmissionError(said, _("Hand in {file} alone.", file=f"{assignment}.ipynb"))
    return (named or found)[0]


def fetch_data(root: Path) -> str:
    """Put the course's images where its notebooks find them; the folders, or '' for a course that needs none. Raises DataError."""
    images = load(root / COURSE / FILE).images
    return ", ".join(str(data_sets.source(name).install()) for name in images if isinstance(name, str))


def main() -> int:
    root = Path(sys.argv[-1])
    try:
        if DATA in sys.argv[1:-1]:
            print(fetch_data(root))
            return 0
        document = grade_here(root)
    except AutograderError as error:  # no results.json: Gradescope tells instructors, and nobody gets a zero for it
        print(f"{error} {error.remedy}".strip())
        return 1
    put(root / "results" / "results.json", json_text(document) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
