"""What code of ours fails at in a student's kernel is never the student's: drawn functions of the package raise at a drawn call.

The notebook must earn what it earns undisturbed, or a person looks; and its cells show no exception that they don't raise by themselves.
``AUTOGRADER_FAULTS=100 AUTOGRADER_FAULTS_SEED=2 pytest tests/faults/test_ours.py`` draws that many.
"""

import json
import os
import random

import nbformat
import pytest

from autograder.authoring.solved_notebooks import solved
from autograder.common.errors import GraderFault

COUNT = int(os.environ.get("AUTOGRADER_FAULTS") or 6)
SEED = int(os.environ.get("AUTOGRADER_FAULTS_SEED") or 1)
# What takes the place of others is made of these few lines: where they fail there is nothing left to fall back on.
MADE_OF = (
    "autograder/kernel/in_place.py:", "autograder/kernel/check.py:", "autograder/kernel/graded/keras_loops.py:_Steps.__call__",
)  # fmt: skip
BEGIN = '''
exec(compile("""
import sys as _sys
def _strike(target, number, _counted={{}}):
    root = "/opt/autograder-package/"
    def hook(frame, event, _argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(root):
            place = code.co_filename[len(root):] + ":" + code.co_qualname
            _counted[place] = _counted.get(place, 0) + 1
            if place == target and _counted[place] == number:
                _sys.setprofile(None)
                raise RuntimeError("a fault of ours")
    _sys.setprofile(hook)
    return _counted
""", "/opt/autograder-package/autograder/strike.py", "exec"))
_counted = _strike({target!r}, {number})
'''
END = "import json\n_sys.setprofile(None)\nprint(json.dumps(_counted))"


@pytest.fixture(scope="module")
def notebook(course):
    """`two_layer`, solved, with a training that takes a second where the judge doesn't do it."""
    made = solved(course, "two_layer")
    for cell in made.cells:
        shorter = cell.source.replace(
            "fit(train_input, train_target, epochs=5", "fit(train_input[:1500], train_target[:1500], epochs=2"
        )
        cell.source = shorter if cell.cell_type == "code" else cell.source
    return made


@pytest.fixture
def struck(grade_notebook, notebook):
    """``struck(place, number) -> (statuses, errors, counted)`` of the notebook in which that call of a function of ours raises."""

    def strike(target="", number=0):
        own = nbformat.from_dict(notebook)
        own.cells.insert(0, nbformat.v4.new_code_cell(BEGIN.format(target=target, number=number)))
        own.cells.append(nbformat.v4.new_code_cell(END))
        graded = grade_notebook(own, "two_layer")
        statuses = {(q.question, o.check): o.status.value for q in graded.report.questions for o in q.outcomes}
        outputs = [
            (number, output) for number, cell in enumerate(graded.notebook.cells) for output in cell.get("outputs", ())
        ]
        errors = [(number, one.ename, one.evalue) for number, one in outputs if one.output_type == "error"]
        return statuses, errors, outputs[-1][1].get("text", "")

    return strike


@pytest.mark.slow
def test_what_fails_in_code_of_ours_costs_nobody_a_mark(struck):
    undisturbed, errors, counted = struck()
    assert not errors and set(undisturbed.values()) == {"passed", "failed"}
    calls = {place: number for place, number in json.loads(counted).items() if not place.startswith(MADE_OF)}
    assert len(calls) > 150
    draw = random.Random(SEED)
    for place in draw.sample(sorted(calls), min(COUNT, len(calls))):
        number = draw.choice((1, calls[place], draw.randint(1, calls[place])))
        statuses, errors, _ = struck(place, number)
        lost = {key: status for key, status in statuses.items() if status not in (undisturbed[key], "undecided")}
        assert not lost, (place, number, lost, errors)
        assert {name for _cell, name, _message in errors} <= {GraderFault.__name__}, (place, number, errors)


@pytest.mark.slow
def test_no_code_of_ours_is_around_what_ipython_calls_beside_a_cell(grade_notebook, notebook):
    """IPython shows in the cell what such a function fails at, the lines around a guard too."""
    own = nbformat.from_dict(notebook)
    called = "[one.__code__.co_filename for each in get_ipython().events.callbacks.values() for one in each]"
    own.cells = [nbformat.v4.new_code_cell(f"print({called})")]
    graded = grade_notebook(own, "two_layer")
    files = next(cell for cell in graded.notebook.cells if called in cell.source).outputs[0].text
    assert "contextlib.py" in files and "autograder" not in files
