"""Lines that do something on a student's machine, and have no meaning while a notebook is graded: here they do no harm.

Display backends, Colab's helpers, TensorBoard, and installing packages. What is not installed still can't be imported: then the grader says so.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from autograder.kernel.in_place import in_place_of

COLAB = "google.colab"
INSTALLS = re.compile(
    r"^\s*(?:sudo\s+)?(?:\S+\s+-m\s+)?"
    r"(?:uv\s+pip|pip[\d.]*|conda|mamba|micromamba|apt|apt-get|brew|poetry|uv)\s+(?:-\S++\s++)*+(?:install|add|update|upgrade|uninstall|remove)\b"
)
SAID = "(this has no meaning while a notebook is graded)"
NO_MEANING = ("tensorboard", "tensorflow_version", "watermark", "conda", "mamba", "micromamba", "uv", "pip")


def install(shell: Any) -> None:
    """For the IPython shell of a kernel, before the first cell."""
    sys.meta_path.append(_Colab())
    _draw_inline(shell)
    _install_nothing(shell)


def _draw_inline(shell: Any) -> None:
    """``%matplotlib notebook``, ``widget``, ``qt`` ... and ``matplotlib.use("TkAgg")``: figures are drawn inline."""
    matplotlib, pylab = shell.enable_matplotlib, shell.enable_pylab
    shell.enable_matplotlib = in_place_of(matplotlib)(lambda gui=None: matplotlib("inline"))
    shell.enable_pylab = in_place_of(pylab)(lambda gui=None, **options: pylab("inline", **options))
    shell.enable_gui = in_place_of(shell.enable_gui)(lambda gui=None: None)
    if "matplotlib" in sys.modules:
        library = sys.modules["matplotlib"]
        library.use = _where_it_can(library.use)  # type: ignore[attr-defined]
    if "matplotlib.pyplot" in sys.modules:
        plot = sys.modules["matplotlib.pyplot"]
        plot.switch_backend = _where_it_can(plot.switch_backend)  # type: ignore[attr-defined]


def _where_it_can(choose: Callable[..., Any]) -> Callable[..., Any]:
    @in_place_of(choose)
    def chosen(backend: str, **options: Any) -> None:
        with suppress(ImportError):
            choose(backend, **options)

    return chosen


def write_no_summaries() -> None:
    """What is written for TensorBoard is for nobody here: where it isn't installed, ``tf.summary`` writes nothing instead of raising."""
    if find_spec("tensorboard") is not None:
        return
    import tensorflow
    import tensorflow.summary as written  # its import makes a second module of it, which is tf.summary from then on

    for name in ("audio", "histogram", "image", "scalar", "text"):
        nothing = in_place_of(getattr(written, name))(lambda *_values, **_options: tensorflow.constant(False))
        setattr(written, name, nothing)


def _install_nothing(shell: Any) -> None:
    system = shell.system

    @in_place_of(system)
    def run(command: str) -> Any:
        if INSTALLS.match(command):
            print(SAID)
            return None
        return system(command)

    shell.system = run
    for name in NO_MEANING:
        shell.register_magic_function(_nothing, "line", name)


def _nothing(_line: str) -> None:
    print(SAID)


class _Module(ModuleType):
    """A part of Colab's package: every function of it exists, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _upload if name.startswith("upload") else _ignored


def _ignored(*_values: Any, **_options: Any) -> None:
    return None


def _upload(*_values: Any, **_options: Any) -> dict[str, bytes]:
    return {}


class _Colab(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``google.colab`` and all parts of it when they are imported, and not before: notebooks ask whether it is there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name == COLAB or name.startswith(f"{COLAB}."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing runs. Its usual parts are modules, so that ``from google.colab import drive`` finds functions in them."""
        if module.__name__ == COLAB:
            for part in ("drive", "files", "output", "auth", "userdata", "data_table", "patches", "widgets", "runtime"):
                setattr(module, part, _Module(f"{COLAB}.{part}"))
