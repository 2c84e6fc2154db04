"""Notebooks executed in this process, in milliseconds: IPython's own shell, with stand-ins for what takes time.

What a cell raises is shown as a kernel shows it. `keras` and `matplotlib` are stand-ins that accept everything.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import socket
import sys
from dataclasses import dataclass, field
from types import ModuleType
from unittest import mock

import nbformat
import numpy as np
import sklearn.model_selection  # noqa: F401 - before modules are replaced: it can be imported once only
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode

from autograder.common.cells import cells_by_id
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.course import Assignment
from autograder.sandbox.run_notebook import Run
from autograder.worker.answers import circumstances, complete, first_cause


class Anything(ModuleType):
    """Accepts every call and gives two of everything."""

    def __init__(self, name: str = "anything") -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    @staticmethod
    def items() -> list:
        return []

    @staticmethod
    def predict(inputs: np.ndarray, **_: object) -> np.ndarray:
        return np.zeros((len(inputs), 10))

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = Anything(name)
        setattr(self, name, value)
        return value

    def __call__(self, *values: object, **named: object) -> Anything:
        return Anything(self.__name__)

    def __iter__(self):
        return iter([0.5, 0.9])

    def __getitem__(self, key: object) -> Anything:
        return Anything("item")

    def __len__(self) -> int:
        return 2

    def __enter__(self) -> Anything:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __mul__(self, other: object) -> Anything:
        return self

    __rmul__ = __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __mul__

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __format__(self, spec: str) -> str:
        return "0.5"


class _Shell(InteractiveShell):
    raised: list[NotebookNode]

    def _showtraceback(self, etype, evalue, stb) -> None:
        self.raised.append(
            nbformat.v4.new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))
        )


@dataclass
class Executed:
    notebook: NotebookNode
    values: dict[str, tuple[tuple, dict]] = field(default_factory=dict)  # what was handed in, by question


def _stand_ins(handed: dict[str, tuple[tuple, dict]]) -> dict[str, ModuleType]:
    keras, plot, grader = Anything("keras"), Anything("matplotlib.pyplot"), ModuleType("autograder")
    images = np.arange(200 * 28 * 28, dtype=np.uint32).reshape(200, 28, 28).astype("uint8")
    labels = (np.arange(200) % 10).astype("uint8")
    keras.datasets.fashion_mnist.load_data = lambda: ((images, labels), (images[:50], labels[:50]))
    plot.subplots = lambda *shape, **_: (Anything(), _axes(*shape))
    tensorflow = Anything("tensorflow")
    tensorflow.keras = keras
    tensorflow.config.list_physical_devices = lambda kind=None: []
    tensorflow.test.gpu_device_name = lambda: ""
    library = Anything("matplotlib")
    library.pyplot = plot

    def check(place, *values, **named):
        handed[place.partition(".")[2]] = (values, named)

    check.progress = lambda *_, **__: None
    grader.check = check
    found = {
        "keras": keras,
        "tensorflow": tensorflow,
        "matplotlib": library,
        "matplotlib.pyplot": plot,
        "autograder": grader,
    }
    found |= {f"keras.{name}": getattr(keras, name) for name in ("layers", "datasets", "utils", "optimizers")}
    return found | {f"tensorflow.{name}": getattr(tensorflow, name) for name in ("keras", "config", "test")}


def _axes(*shape: int):
    if not shape or shape == (1, 1):
        return Anything()
    axes = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        axes[place] = Anything()
    return axes.squeeze()


@contextlib.contextmanager
def _instead(modules: dict[str, ModuleType]):
    """These modules while it lasts; what else is imported meanwhile stays: it may hold classes that others know already."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


_getmodule = inspect.getmodule


def _module(thing: object, file: str | None = None) -> ModuleType | None:
    """What Python says, sooner: IPython asks for each frame of a traceback, and a cell's module is looked for among all that are imported."""
    named = file or (inspect.getfile(thing) if inspect.isframe(thing) or inspect.iscode(thing) else "")
    return None if named.startswith("<ipython-input") else _getmodule(thing, file)


@contextlib.contextmanager
def _alone():
    """Without a network, and without anybody who answers, as in a sandbox."""
    unreachable = socket.gaierror(-3, "Temporary failure in name resolution")
    silent = StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")
    with (
        mock.patch("socket.getaddrinfo", side_effect=unreachable),
        mock.patch("builtins.input", side_effect=silent),
        mock.patch("inspect.getmodule", side_effect=_module),
        mock.patch.dict("os.environ"),
    ):
        os.environ.pop("DISPLAY", None)
        yield


def execute(notebook: NotebookNode) -> Executed:
    """Run a copy of the notebook; a cell that raises doesn't keep the others from running."""
    done = Executed(nbformat.from_dict(notebook))
    with _instead(_stand_ins(done.values)), _alone(), np.errstate(all="ignore"):
        shell = _Shell()
        shell.raised = []
        shell.history_manager.enabled = False
        count = 0
        for cell in done.notebook.cells:
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            count += 1
            shell.execution_count = count
            shell.raised = []
            printed, errors = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
                shell.run_cell(cell.source, store_history=True)
            cell.execution_count = count
            cell.outputs = list(shell.raised)
            for name, text in (("stdout", printed.getvalue()), ("stderr", errors.getvalue())):
                if text:
                    cell.outputs.append(nbformat.v4.new_output("stream", name=name, text=text))
    return done


def judged(asked: Assignment, executed: Executed, right: Executed, wrong: str = "") -> list[QuestionResult]:
    """What was handed in passes where it is what a `right` notebook hands in; the question `wrong` does not: stand-ins train nothing."""
    results = []
    for key, question in asked.questions.items():
        if key in executed.values:
            same = key != wrong and _shown(executed.values[key]) == _shown(right.values[key])
            status = Status.PASSED if same else Status.FAILED
            outcomes = tuple(
                Outcome(check=check.id, title=check.id, status=status, out_of=check.points,
                        points=check.points if status is Status.PASSED else 0)
                for check in question.checks
            )  # fmt: skip
            results.append(QuestionResult(question=key, title=key, out_of=question.points, outcomes=outcomes))
    return results


def _shown(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.dtype), value.tobytes())
    if isinstance(value, Anything):
        return "anything"
    if callable(value):
        try:
            for arguments in range(5):
                with contextlib.suppress(TypeError, AttributeError, ValueError, IndexError):
                    value(*[np.ones((2, 2))] * arguments)
        except NameError as error:
            return str(error)
        return "callable"
    return repr(value)


def graded(
    asked: Assignment,
    notebook: NotebookNode,
    released: NotebookNode,
    right: Executed,
    wrong: str = "",
    run: Run | None = None,
):
    """The questions' results, by name, and the first cause; as a worker makes them of the executed notebook."""
    executed = execute(notebook)
    facts = circumstances(asked, set(executed.values), executed.notebook, released, run or Run())
    results = complete(asked, judged(asked, executed, right, wrong), facts, "en")
    return {result.question: result for result in results}, first_cause(asked, facts, "en", results)


def answer(notebook: NotebookNode, question: str, source: str) -> NotebookNode:
    """A copy with another answer to a question."""
    copy = nbformat.from_dict(notebook)
    cells_by_id(copy)[f"{question}-answer"][1].source = source
    return copy
