"""Where a released notebook can be opened: its first cells, when course.yml says where the course is published.

``course: {github: owner/name}`` gives each notebook a Colab badge, a link to its folder, and a cell that gets the package and
checks.yml when the notebook runs in Colab, where nothing lies beside it.
"""

from __future__ import annotations

from nbformat import NotebookNode, v4

from autograder.common.i18n import _, speaking
from autograder.common.machine.requirements import THIS
from autograder.course.course import Course
from autograder.course.released_checks import RELEASED
from autograder.course.released_notebook import release_place

COLAB = "https://colab.research.google.com"
BADGE = f"{COLAB}/assets/colab-badge.svg"
SETUP = """\
import sys

if "google.colab" in sys.modules:  # {comment}
    import subprocess
    import urllib.request

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "{package}git+{repository}@{branch}"], check=True)
    urllib.request.urlretrieve("{raw}/{folder}/{checks}", "{checks}")"""


def add(course: Course, assignment: str, language: str, notebook: NotebookNode) -> None:
    """Put the two cells in front; without ``github`` in course.yml, nothing."""
    heading = course.course
    if not heading.github:
        return
    repository = f"https://github.com/{heading.github}"
    folder = release_place(assignment, language).as_posix()
    with speaking(language):
        colab, local = _("Open in Colab"), _("Work on your own computer")
        comment = _("elsewhere this cell does nothing")
    opened = f"{COLAB}/github/{heading.github}/blob/{heading.branch}/{folder}/{assignment}.ipynb"
    links = f"[![{colab}]({BADGE})]({opened}) [{local}]({repository}/tree/{heading.branch}/{folder})"
    package = f"{THIS}[tensorflow] @ " if course.networks else ""
    setup = SETUP.format(
        package=package,
        comment=comment, repository=repository, branch=heading.branch, folder=folder, checks=RELEASED,
        raw=f"https://raw.githubusercontent.com/{heading.github}/{heading.branch}",
    )  # fmt: skip
    notebook.cells[:0] = [v4.new_markdown_cell(links, id="badges"), v4.new_code_cell(setup, id="colab-setup")]
