"""``python -m tests.kernel.home.at_home FOLDER...``: runs the notebook in each folder as its student does, and writes down what `check` said.

Each runs in a fork of a process that has imported Keras: the import takes longer than all else. What was said is in ``said.json``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

import nbformat


def main(folders: list[str]) -> None:
    import keras  # noqa: F401 - for all forks
    import matplotlib
    import sklearn.model_selection  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        def enable_gui(self, gui: object = None) -> None:
            """As in a kernel: ``%matplotlib inline`` asks for none."""

    matplotlib.use("Agg")
    for folder in folders:
        child = os.fork()
        if child == 0:
            try:
                _run(Path(folder), Shell.instance())
            finally:
                os._exit(0)
        os.waitpid(child, 0)


def _run(folder: Path, shell: object) -> None:
    os.chdir(folder)
    os.environ["AUTOGRADER_COURSE"] = str(folder / "checks.yml")
    (path,) = folder.glob("*.ipynb")
    printed: dict[str, str] = {}
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code":
            text = io.StringIO()
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
                shell.run_cell(cell.source, store_history=True)  # type: ignore[attr-defined]
            printed[cell.metadata.get("nbgrader", {}).get("grade_id", cell.id)] = text.getvalue()
    from autograder.kernel import check

    results = check._student.results if check._student else {}
    outcomes = {
        place.partition(".")[2]: {one.check: [one.status.value, one.expected, one.actual, one.hint] for one in answered.result.outcomes}
        for place, answered in results.items()
    }  # fmt: skip
    malformed = {
        place.partition(".")[2]: [one.title for one in answered.later if one.found]
        for place, answered in results.items()
    }
    (folder / "said.json").write_text(json.dumps({"outcomes": outcomes, "malformed": malformed, "printed": printed}))


if __name__ == "__main__":
    main(sys.argv[1:])
