"""The first cause of a notebook's errors: it is named, and what the grader lacks costs nobody a point."""

import itertools
import random

import nbformat
import pytest

from autograder.authoring.solved_notebooks import solved
from autograder.common.cells import cells_by_id
from autograder.common.results import Status
from autograder.common.showing.readable import without_places
from autograder.common.wire.handins import Cause, Circumstances
from autograder.course.released_notebook import released_notebook
from autograder.sandbox.run_notebook import Break, Run
from autograder.worker import statement_names, surroundings
from autograder.worker.answers import first_cause, printed_by
from tests.worker.executing import answer, execute, graded

LACKS = {
    "a package": "import package_that_is_not_here",
    "a name of a package": "from mlxtend.plotting import plot_confusion_matrix",
    "a part of a package": "import tensorflow_datasets.core as tfds",
    "a part of a folder that packages share": "import google.generativeai as genai",
    "another system's module": "import winsound",
    "a library": "raise ImportError('libcudart.so.12: cannot open shared object file: No such file or directory')",
    "an option": "raise ImportError(\"Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.\")",
    "pydot": "raise ImportError('You must install pydot (`pip install pydot`) for `plot_model` to work.')",
    "GPU": "import tensorflow as tf\ntf.config.list_physical_devices('GPU')[0]",
    "GPU in two steps": "import tensorflow as tf\ngpus = tf.config.list_physical_devices('GPU')\nuse = gpus\nuse[0].name",
    "GPU unpacked": "import tensorflow as tf\n(gpu,) = tf.config.list_physical_devices('GPU')",
    "GPU asserted": "import tensorflow as tf\nfound = tf.config.list_physical_devices('GPU')\nassert len(found) > 0, 'switch it on'",
    "GPU of Colab": "import tensorflow as tf\nname = tf.test.gpu_device_name()\nif name != '/device:GPU:0':\n    raise SystemError('not found')",
    "GPU, or leave": "import tensorflow as tf, sys\nif not tf.config.list_physical_devices('GPU'):\n    sys.exit('no accelerator')",
    "GPU in a function": "import tensorflow as tf\ndef first():\n    return tf.config.list_physical_devices('GPU')[0]\nfirst()",
    "TPU": "raise ValueError('Please provide a TPU Name to connect to.')",
    "a program": "import subprocess\nsubprocess.check_output(['nvidia-smi'])",
    "another program": "import subprocess\nsubprocess.run(['program_that_is_not_here', '-V'], check=True)",
    "network": "import urllib.request\nurllib.request.urlopen('http://no-such-host.invalid/x')",
    "a socket": "import socket\nsocket.create_connection(('no-such-host.invalid', 80))",
    "a server": "raise ConnectionRefusedError(111, 'Connection refused')",
    "a download": "raise Exception('URL fetch failure on https://example.org/x: None -- [Errno -3] Temporary failure in name resolution')",
    "data of the web": "import pandas as pd\npd.read_csv('https://no-such-host.invalid/a.csv')",
    "a fetched file": "!wget -q http://no-such-host.invalid/a.csv\nopen('a.csv')",
    "Tk": "import tkinter\ntkinter.Tk()",
    "a window": "class error(Exception): pass\nraise error('The function is not implemented. Rebuild the library with Windows, GTK+ 2.x')",
    "a backend": "raise ImportError(\"Cannot load backend 'QtAgg' which requires the 'qt' interactive framework, as 'headless' is running\")",
    "somebody who answers": "name = input('Your name: ')",
    "a drive": "open('/content/drive/MyDrive/data/notes.txt')",
    "a folder of Windows": "open(r'C:\\Users\\ada\\notes.txt')",
    "a folder": "import os\nos.chdir('/content/drive/MyDrive')",
    "a variable": "import os\nos.environ['COLAB_TPU_ADDR']",
    "a version": "import sys\nassert sys.version_info >= (3, 99)",
    "an old version": "import numpy\nassert numpy.__version__.startswith('1.2'), numpy.__version__",
    "a magic": "%watermark_that_is_not_here",
    "an extension": "%load_ext no_such_extension",
}  # fmt: skip


@pytest.fixture(scope="module")
def solutions(course):
    """By assignment: what it asks, its solution, its release, and the solution as it runs."""
    found = {}
    for name in course.assignments:
        notebook = solved(course, name)
        found[name] = (course.assignment(name), notebook, released_notebook(course, name), execute(notebook))
    return found


def first_code(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def with_lines(notebook, lines, place):
    """The lines in the first cell, before its line number `place`."""
    copy = nbformat.from_dict(notebook)
    cell = first_code(copy)
    own = cell.source.split("\n")
    cell.source = "\n".join([*own[:place], lines, *own[place:]])
    return copy


def of(results, status):
    return [name for name, result in results.items() if result.status is status]


def test_the_solutions_run_with_the_stand_ins_and_have_no_cause(solutions):
    for asked, notebook, released, right in solutions.values():
        assert right.values.keys() == asked.questions.keys()
        results, cause = graded(asked, notebook, released, right)
        assert (of(results, Status.PASSED), cause) == (list(asked.questions), None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LACKS)
def test_no_question_fails_for_what_the_grader_lacks_in_the_first_cell(solutions, kind):
    draw = random.Random(f"first {kind}")
    asked, notebook, released, right = solutions[draw.choice(sorted(solutions))]
    results, cause = graded(asked, with_lines(notebook, LACKS[kind], 0), released, right)
    assert of(results, Status.UNDECIDED) == list(asked.questions)
    assert cause.surroundings
    assert cause.cell == notebook.cells.index(first_code(notebook))
    assert all("A person will look at it." in result.problem for result in results.values())
    somewhere = draw.randint(1, first_code(notebook).source.count("\n") + 1)
    results, cause = graded(asked, with_lines(notebook, LACKS[kind], somewhere), released, right)
    assert not of(results, Status.FAILED)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LACKS)
def test_no_question_fails_for_what_the_grader_lacks_in_an_answer(solutions, kind):
    draw = random.Random(f"answer {kind}")
    asked, notebook, released, right = solutions[draw.choice(sorted(solutions))]
    question = draw.choice(list(asked.questions))
    own = next(
        c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"{question}-answer"
    )
    results, cause = graded(asked, answer(notebook, question, f"{LACKS[kind]}\n{own}"), released, right, wrong=question)
    assert not of(results, Status.FAILED)
    assert question in of(results, Status.UNDECIDED)
    assert (cause.question, bool(cause.surroundings)) == (question, True)
    before = list(asked.questions)[: list(asked.questions).index(question)]
    assert set(before) <= set(of(results, Status.PASSED))


OWN = {
    "a slip in a module's name": ("import nunpy as np", "ModuleNotFoundError"),
    "a part that a module doesn't have": ("import numpy.layers", "ModuleNotFoundError"),
    "a name that a module doesn't have": ("from sklearn.model_selection import train_test_spilt", "ImportError"),
    "a name that nothing makes": ("keras_is_here", "NameError"),
    "no Python": ("import numpy as", "SyntaxError"),
    "a value": ("int('a')", "ValueError"),
    "an assertion": ("assert 1 == 2", "AssertionError"),
    "a misspelt function": ("import tensorflow as tf\n[].list_physical_device('GPU')", "AttributeError"),
    "an index": ("[][0]", "IndexError"),
    "a file of one's own": ("open('notes.txt')", "FileNotFoundError"),
    "an unknown option": ("sorted([], gpu=True)", "TypeError"),
    # Comments and shown texts name GPUs and addresses; the statement that raised asks for none.
    "a mistake in markup with an address": ("repr(f'<svg xmlns=\"http://www.w3.org/2000/svg\"><text>{1 / 0}</text></svg>')", "ZeroDivisionError"),
    "a mistake beside a link": ("repr('<a href=\"https://keras.io\">Keras</a>' * (1 // 0))", "ZeroDivisionError"),
    "a mistake beside an address": ("x = 1 / 0  # as in https://stackoverflow.com/questions/1", "ZeroDivisionError"),
    "a mistake beside a word on a GPU": ("x = int('a')  # faster on a GPU", "ValueError"),
    "a mistake in a sentence": ("print('This takes a minute without a GPU:', 1 / 0)", "ZeroDivisionError"),
    "a mistake in a sentence with values": ("print(f'A GPU would need {1 / 0} of the time')", "ZeroDivisionError"),
    "a mistake with what a comment stood beside": ("x = [1, 2]  # no GPU here\nx[5]", "IndexError"),
    "a mistake with a sentence": ("words = 'my notes on cuda and the environ'\nwords[100]", "IndexError"),
    "a mistake in a function that is described": ("def f():\n    \"\"\"Like https://keras.io does it on the GPU.\"\"\"\n    return 1 / 0\nf()", "ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OWN)
def test_a_mistake_of_ones_own_is_failed_and_named_as_the_first_cause(solutions, kind):
    line, error = OWN[kind]
    asked, notebook, released, right = solutions[random.Random(kind).choice(sorted(solutions))]
    results, cause = graded(asked, with_lines(notebook, line, 0), released, right)
    assert of(results, Status.FAILED) == list(asked.questions)
    assert (cause.question, cause.surroundings, cause.questions) == ("", "", tuple(asked.questions))
    heading = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    assert cause.place == heading
    assert cause.error.startswith(error)
    assert cause.sentence.startswith(f"The first error is in “{heading}”: {error}")
    assert f"{cause.followed} later errors come from it." in cause.sentence
    assert all(
        result.problem.startswith(f"This comes from an earlier error, in “{heading}”") for result in results.values()
    )


def test_a_question_that_was_not_answered_is_named_where_others_need_it(solutions, course):
    asked, notebook, released, right = solutions["two_layer"]
    results, cause = graded(asked, answer(notebook, "model", "raise NotImplementedError()"), released, right)
    assert cause.sentence.startswith("“The network” was not answered.")
    assert results["model"].problem == "This question was not answered."
    for later in ("compile", "train", "accuracy"):
        assert results[later].problem == "This needs “The network”, which was not answered."
    assert not of(results, Status.UNDECIDED)
    assert "scale" in of(results, Status.PASSED)


@pytest.mark.parametrize("name", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_what_is_made_below_the_cell_that_needs_it_is_said_to_be(solutions, name):
    """Whichever answer it is: it stands behind its check cell, in a cell of its own."""
    asked, notebook, released, right = solutions[name]
    question = random.Random(f"below {name}").choice(
        [one for one in asked.questions if one not in ("compile", "train")]
    )
    moved = answer(notebook, question, "# below")
    place = next(n for n, c in enumerate(moved.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == question)
    moved.cells.insert(place + 1, nbformat.v4.new_code_cell(_source(notebook, question)))
    results, _cause = graded(asked, moved, released, right, wrong=question)
    assert results[question].status is Status.FAILED
    assert "is made further down" in results[question].hint, results[question]


@pytest.mark.parametrize("name", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_what_an_error_was_given_is_named_where_it_is_wrong_and_only_there(solutions, name):
    """Whichever later answer fails at whichever earlier one."""
    asked, notebook, released, right = solutions[name]
    needed = [one for one in asked.questions if graded(asked, answer(notebook, one, "1 / 0"), released, right)[1]]
    pairs = [
        (given, later)
        for given, later in itertools.combinations(asked.questions, 2)
        if right.values[given][1] and later in needed
    ]
    for given, later in random.Random(name).sample(pairs, min(4, len(pairs))):
        failing = answer(notebook, later, f"for one in ({next(iter(right.values[given][1]))},):\n    1 / 0")
        for wrong in (given, ""):
            _results, cause = graded(asked, failing, released, right, wrong=wrong)
            assert cause.question == later
            assert (f"look at “{given}” first" in cause.sentence) is bool(wrong), (given, later, cause)
    assert pairs


def test_a_question_that_fails_by_itself_is_no_cause_of_others(solutions):
    asked, notebook, released, right = solutions["two_layer"]
    results, cause = graded(asked, answer(notebook, "parameters", "dense1_parameters = 1 / 0"), released, right)
    assert (of(results, Status.FAILED), cause) == (["parameters"], None)
    assert results["parameters"].problem == "Your cell raised ZeroDivisionError: division by zero"


def test_work_that_is_missing_is_missing_also_where_the_grader_lacks_something(solutions):
    asked, _notebook, released, right = solutions["two_layer"]
    results, _cause = graded(asked, with_lines(released, LACKS["a package"], 0), released, right)
    unanswered = [name for name in asked.questions if "def " not in _source(released, name)]
    assert set(unanswered) <= set(of(results, Status.FAILED))


def _source(notebook, question):
    return next(
        c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"{question}-answer"
    )


RAISE = "raise NotImplementedError()"


@pytest.mark.parametrize("question", ["scale", "outputs", "parameters", "steps"])
def test_a_forgotten_raise_is_told_as_it_is(solutions, question):
    asked, notebook, released, right = solutions["two_layer"]
    own = _source(notebook, question)
    above, _ = graded(asked, answer(notebook, question, f"{own}\n{RAISE}"), released, right)
    assert above[question].status is Status.PASSED
    assert above[question].problem == ""
    below, _ = graded(asked, answer(notebook, question, f"# YOUR CODE HERE\n{RAISE}\n{own}"), released, right)
    assert below[question].status is Status.FAILED
    assert below[question].problem == f"What stands below `{RAISE}` did not run."
    assert below[question].hint == f"Delete the line `{RAISE}`."
    wrong, _ = graded(asked, answer(notebook, question, f"wrong = 1\n{RAISE}"), released, right)
    assert wrong[question].status is Status.FAILED
    assert wrong[question].problem.startswith(f"What stands above `{RAISE}` ran and counts.")
    empty, _ = graded(asked, answer(notebook, question, f"# mine\n{RAISE}"), released, right)
    assert empty[question].problem == "This question was not answered."
    called, _ = graded(asked, answer(notebook, question, "raise NotImplementedError('no call()')"), released, right)
    assert called[question].problem == "Your cell raised NotImplementedError: no call()"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("NameError", "name 'gpus' is not defined"), ("AttributeError", "module 'tensorflow' has no attribute 'gpu'"),
        ("ValueError", "Exception encountered when calling Dense.call(): device:CPU:0 Matrix size-incompatible"),
        ("ModuleNotFoundError", "No module named 'kears'"), ("ModuleNotFoundError", "No module named 'keras.layer'"),
        ("NotImplementedError", ""), ("KeyboardInterrupt", ""), ("TypeError", "'NoneType' object is not iterable"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'notes.txt'"),
        ("ImportError", "cannot import name 'Dens' from 'keras.layers'"),
    ],
)  # fmt: skip
def test_what_is_wrong_everywhere_is_no_lack(error, message):
    assert surroundings.lack(error, message) is None


@pytest.mark.parametrize(
    ("question", "written", "hint"),
    [
        ("outputs", "Binary = 'sigmoid'\nmulticlass = 'softmax'\nregression = 'none'", "There is `Binary`"),
        (
            "output_shapes",
            "dense1_shapes = (None, 100)\ndense2_shape = (None, 10)\nwhy_none = 2",
            "There is `dense1_shapes`",
        ),
        ("output_shapes", "dense2_shape = (None, 10)\nwhy_none = 2", "`dense1_shape` does not exist (yet)"),
        ("outputs", "answer = 'sigmoid'", "`binary` does not exist (yet)"),
    ],
)
def test_a_name_that_was_written_otherwise_is_told(solutions, question, written, hint):
    asked, notebook, released, right = solutions["two_layer"]
    results, _first = graded(asked, answer(notebook, question, written), released, right)
    assert results[question].hint.startswith(hint)


# How a cell shows that it was interrupted: as Python raises it, or as what catches it makes of it.
INTERRUPTED = {
    "plain": "raise KeyboardInterrupt",
    "as another": "try:\n    raise KeyboardInterrupt\nexcept BaseException:\n    raise ValueError('no end')",
    "in a finally": "try:\n    raise KeyboardInterrupt\nfinally:\n    undefined_name",
    "caught": "try:\n    raise KeyboardInterrupt\nexcept BaseException:\n    pass",
}
LIMITS = {
    "cell_seconds": "cell 9 was stopped after 6 s",
    "notebook_seconds": "the notebook was stopped in cell 9, because it took longer than 6 s in all",
    "output": "cell 9 was stopped because it printed without end",
}
CELLS = ["outputs-answer", "formula", "model-answer"]


@pytest.mark.parametrize(
    ("cell", "shown", "limit"),
    [
        (cell, shown, [*LIMITS][number % 3])
        for number, (shown, cell) in enumerate(itertools.product(INTERRUPTED, CELLS))
    ],
)
def test_what_a_limit_of_ours_makes_a_cell_raise_is_not_the_students(solutions, cell, limit, shown):
    asked, notebook, released, right = solutions["two_layer"]
    own = nbformat.from_dict(notebook)
    place, stopped = cells_by_id(own)[cell]
    stopped.source = INTERRUPTED[shown] + (
        "" if shown != "caught" or cell.endswith("-answer") else "\n" + stopped.source
    )
    if limit == "notebook_seconds":
        own.cells = own.cells[: place + 1]
    ended = Run(breaks=(Break(place, limit, LIMITS[limit]),), finished=limit != "notebook_seconds")
    results, first = graded(asked, own, released, right, run=ended)
    question = cell.removesuffix("-answer")
    told = [text for one in results.values() for text in (one.problem, one.hint)] + [first.sentence if first else ""]
    for word in ("KeyboardInterrupt", "no end", "undefined_name", "cell raised"):
        assert not any(word in text for text in told), told
    if results[question].status is not Status.PASSED:
        assert LIMITS[limit] in results[question].problem.lower().replace("nothing was handed in: ", "")


def test_an_output_that_was_cut_is_no_reason_for_what_is_missing(solutions):
    asked, notebook, released, right = solutions["two_layer"]
    own = answer(notebook, "outputs", "print('x')")
    place, _cell = cells_by_id(own)["outputs-answer"]
    results, _first = graded(
        asked, own, released, right, run=Run(breaks=(Break(place, "output", "the output was cut", stops=False),))
    )
    assert "binary" in results["outputs"].problem and "was cut" not in results["outputs"].problem


HOSTILE = ["(" * 40_000, "-" * 49_000 + "1", "a" + ".a" * 24_000, "1" + "+1" * 24_000, "x=" * 20_000 + "1", "a\0b", "f'{" * 100,
           "".join(" " * n + f"for a{n} in a{n - 1}:\n" for n in range(1, 90)) + " " * 90 + "a89.b()",
           "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 150)), "lambda:" * 7_000 + "1", "a" * 10**6, "a," * 10**5,
           "%%time\n" * 1000, "%" * 10_000, "a = !" + "x" * 10_000]  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
def test_only_the_first_error_is_called_the_first(course, first):
    causes = tuple(Cause(cell=cell, heading=f"Part {cell}", error=("ValueError", "no")) for cell in (3, 8))
    found = first_cause(course.assignment("deep"), Circumstances(causes=causes, first=first), "en")
    began = ("The first error is in “Part 3”: ValueError", "Most of the later errors come from “Part 8”: ValueError")
    assert found.sentence.startswith(began[first])


@pytest.mark.parametrize("second", ["keras_tensor_28 (32, 784)", "another (32, 784)"])
def test_the_same_exception_again_is_one_mistake_which_is_named_where_it_came_first(solutions, second):
    asked, notebook, released, right = solutions["two_layer"]
    wrong = answer(
        notebook,
        "collapse",
        "collapse = (_ for _ in ()).throw(ValueError('keras_tensor (32, 784)' + ' and so on' * 60))",
    )
    wrong = answer(wrong, "model", f"model = (_ for _ in ()).throw(ValueError('{second}' + ' and so on' * 60))")
    _results, cause = graded(asked, wrong, released, right)
    assert cause.question == ("collapse" if "keras" in second else "model")
    assert ("Most of the later" in cause.sentence) is (cause.question == "model")


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_read(source):
    found = statement_names.statements(source)
    assert all(isinstance(name, str) for statement in found for name in statement.makes)
    assert isinstance(list(statement_names.parts_at(source, 1)), list)


def test_names_are_followed_statement_by_statement():
    source = "%matplotlib inline\nimport numpy as np\nscaled = images / 255\nmodel.fit(scaled)\nscaled[0] = 1\ndef f(a):\n    return g(a)\n"
    found = statement_names.statements(source)
    assert [sorted(one.binds) for one in found] == [[], ["np"], ["scaled"], [], [], ["f"]]
    assert [sorted(one.changes) for one in found] == [[], [], [], ["model"], ["scaled"], []]
    assert [sorted(one.reads) for one in found][2:] == [["images"], ["model", "scaled"], ["scaled"], ["g"]]
    loops = "for key, network in enumerate(models.values()):\n    for part in network:\n        part.fit(x)\nfor word in words:\n    print(word)"
    assert [sorted(one.changes) for one in statement_names.statements(loops)] == [["models", "network", "part"], []]
    broken = statement_names.statements("import keras as k\nmodel = k.Sequential([\nx, y = 1, 2")
    assert sorted(broken[0].binds) == ["k", "model", "x", "y"]


TRACEBACK = 'Traceback (most recent call last):\n  File "…/IPython/core/interactiveshell.py", line 1, in f\n    f()\n'
ODD = "Unexpected exception formatting exception. Falling back to standard exception\n"
PRINTED = {
    "a line of its own\n": "a line of its own",
    TRACEBACK
    + "RecursionError: maximum recursion depth exceeded\n": "RecursionError: maximum recursion depth exceeded",
    ODD * 3 + TRACEBACK * 2: "",
    f"{TRACEBACK}OSError: [Errno 24] Too many open files\n\nDuring handling ...\n{ODD}{TRACEBACK}": "OSError: [Errno 24] Too many open files",
    "x" * 2_000_000 + "\n" + TRACEBACK + "numpy.linalg.LinAlgError: odd": "numpy.linalg.LinAlgError: odd",
}


@pytest.mark.parametrize("text", PRINTED, ids=lambda text: text[-30:])
def test_a_check_cell_that_could_not_show_its_error_says_how_it_ended(text):
    shown = nbformat.v4.new_output("stream", name="stderr", text=text)
    assert printed_by(nbformat.v4.new_code_cell("check()", outputs=[shown])) == PRINTED[text]


def test_a_file_of_anothers_python_is_the_machines_also_where_its_folder_is_not_named():
    cut = without_places("[Errno 2] No such file or directory: '/usr/local/lib/python3.10/dist-packages/notes.txt'")
    assert surroundings.lack("FileNotFoundError", cut) == (surroundings.FOLDER, "…/notes.txt")
