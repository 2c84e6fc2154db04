"""Runs cells in one process, beside plain Keras or as a graded kernel, and writes down what each left: ``kernel.py MODE CELLS FACTS``.

MODE is ``plain`` or ``graded`` (then AUTOGRADER_JUDGE names the judge). Facts are kinds: of numbers only those that are whole
and those that are written down in the cell's result as booleans are compared as they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import random
import re
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipykernel.iostream  # noqa: F401 - Keras prints as in a notebook where this is loaded
import IPython.core.magics.namespace  # noqa: F401 - and says in one where a magic ran what it raises elsewhere
import numpy as np
from IPython.core.interactiveshell import InteractiveShell

from autograder.common import environment

if TYPE_CHECKING:
    from tests.transparency.watch import Watch

SEED = 42
SMALL = 10_000_000  # bytes of an array that is put back as it was
ANSI = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?|\bnan\b|-?\binf\b")
TIME = re.compile(r"N(us|ms|s)(/step|/epoch)?")
FILE = re.compile(r"(?<=tfevents)\.[^/]*")  # TensorFlow names them by time, host and process
OURS = re.compile(
    r'File "[^"]*/transparency/watch\.py", line \d+, in \w+\s*'
)  # in what TensorFlow says of a failing graph
PATH = re.compile(r"(/[\w.+-]+)+")


def text(value: str) -> str:
    """A text without numbers, times, paths, and what a progress bar wrote over."""
    lines = []
    for line in OURS.sub("", ANSI.sub("", value)).replace("\x08", "").split("\n"):
        last = line.rsplit("\r", 1)[-1]
        last = re.sub(r"━+", "━", PATH.sub("PATH", last))
        lines.append(TIME.sub("T", NUMBER.sub("N", re.sub(r"0x[0-9a-f]+", "ADDRESS", last))).rstrip())
    return " ".join("\n".join(lines).split())


def kind(value: Any, depth: int = 0) -> Any:
    """What kind of thing a value is."""
    import keras

    name = type(value).__module__.split(".")[0] + "." + type(value).__qualname__
    if value is None or type(value) in (bool, int):
        return [name, value]
    if isinstance(value, str):
        return [name, text(value)[:300]]
    if isinstance(value, (float, np.floating)):
        return [name, "nan" if value != value else "number"]
    if isinstance(value, np.ndarray) or keras.ops.is_tensor(value) or isinstance(value, keras.Variable):
        return [name, str(value.dtype), list(value.shape)]
    if depth > 5:
        return [name]
    if isinstance(value, keras.Model):
        return [name, model(value, depth)]
    if isinstance(value, keras.optimizers.Optimizer):
        return [name, optimizer(value, depth)]
    if isinstance(value, keras.callbacks.Callback):
        public = {k: v for k, v in vars(value).items() if not k.startswith("_") and not callable(v)}
        return [name, {k: kind(v, depth + 3) for k, v in public.items() if k not in ("best_weights", "kept")}]
    if isinstance(value, dict):
        return [name, {str(key): kind(item, depth + 1) for key, item in value.items()}]
    if isinstance(value, (list, tuple)):
        return [name, [kind(item, depth + 1) for item in value[:20]], len(value)]
    return [name]


def model(value: Any, depth: int) -> dict[str, Any]:
    facts = {}
    names = (
        "built", "compiled", "input_shape", "output_shape", "metrics_names", "stop_training", "trainable", "run_eagerly",
        "steps_per_execution", "jit_compile", "weights", "trainable_weights", "metrics", "dtype",
    )  # fmt: skip
    for name in names:
        try:
            facts[name] = kind(getattr(value, name), depth + 1)
        except Exception as error:
            facts[name] = [type(error).__name__]
    facts["made"] = [getattr(value, f"{name}_function", None) is not None for name in ("train", "test", "predict")]
    history = getattr(value, "history", None)
    if history is not None:
        kept = {name: getattr(history, name, None) for name in ("epoch", "params", "history")}
        facts["history"] = {"epoch": kept["epoch"], "params": kind(kept["params"]), "kept": kind(kept["history"])}
    facts["optimizer"] = kind(getattr(value, "optimizer", None), depth + 1)
    try:
        facts["results"] = kind(value.get_metrics_result(), depth + 1)
    except Exception as error:
        facts["results"] = [type(error).__name__, text(str(error))]
    return facts


def optimizer(value: Any, depth: int) -> dict[str, Any]:
    variables = [[str(variable.dtype), list(variable.shape)] for variable in value.variables]
    try:
        config = {k: v for k, v in value.get_config().items() if type(v) in (bool, int, str) and k != "name"}
    except NotImplementedError:  # a schedule of the cell's own
        config = {}
    return {"variables": variables, "iterations": int(value.iterations), "config": config, "built": value.built}


def run(shell: Any, code: str, begun: dict[str, Any], watch: Watch) -> dict[str, Any]:
    from keras.src.utils import naming
    from tensorflow.python.eager.polymorphic_function import polymorphic_function

    out, err = io.StringIO(), io.StringIO()
    for module in [*sys.modules.values()]:  # a warning is shown once in a process: in each cell again
        getattr(module, "__warningregistry__", {}).clear()
    polymorphic_function._frequent_tracing_detector_manager.__init__()  # which warns of what several cells did together
    naming.reset_uids()  # nor do names tell which cells came before
    process = of_process()
    watch.on = True
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = shell.run_cell(code, store_history=False)
    watch.on = False
    error = result.error_before_exec or result.error_in_exec
    printed = out.getvalue()
    facts: dict[str, Any] = {"stderr": text(err.getvalue())}
    if error is not None:  # the traceback is printed, in a form of IPython's
        facts["error"] = [type(error).__name__, text(str(error))[:600]]
        shown = re.split(r"-{20,}", printed)[0]
    else:
        shown = printed if result.result is None else printed.rsplit("Out[", 1)[0]
        facts["result"] = kind(result.result)
    facts["stdout"] = text(shown).strip()
    names = sorted(set(shell.user_ns) - begun.keys() - {"_", "__", "___", "_i", "_ii", "_iii", "_oh", "Out", "In"})
    facts["names"] = {name: kind(shell.user_ns[name]) for name in names if not name.startswith("_")}
    facts["files"] = sorted(FILE.sub("N", str(path)) for path in Path().rglob("*") if path.is_file())
    facts["random"] = [
        hashlib.sha256(repr(random.getstate()).encode()).hexdigest(),
        float(np.random.get_state()[1].sum()),
        int(np.random.get_state()[2]),
    ]
    shown = [mark for name in names for mark in marks(shell.user_ns[name])]
    facts["shows the grader"] = [*shown, *(["traceback"] if error is not None and "autograder" in printed else [])]
    facts["left to Keras"] = [*LEFT]
    facts["numbers of something else"], facts["relations"] = related(watch, code)
    for name in names:
        del shell.user_ns[name]
    put_back(shell.user_ns, begun)
    put_back_process(process)
    return facts


def related(watch: Watch, code: str) -> tuple[list[str], dict[str, int]]:
    """What of the numbers that the cell's calls gave isn't of their weights and rows; which relations were looked for, and how often."""
    from tests.transparency.relations import broken

    calls, watch.calls = watch.calls, []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return broken(calls, code, while_grading=watch.while_grading)


def put_back(space: dict[str, Any], begun: dict[str, Any]) -> None:
    """The prelude's names and arrays as they were: no cell finds what another one did with them."""
    for name, (value, content) in begun.items():
        if not name.startswith("_"):  # those are IPython's
            space[name] = value
        if content is not None and not np.array_equal(value, content, equal_nan=True):
            np.copyto(value, content)


def of_process() -> dict[str, Any]:
    """What a cell may change of the process that all cells share, and how each is set again."""
    import keras
    import matplotlib as mpl

    loggers = [logging.getLogger(name) for name in (None, "absl", "tensorflow")]
    return {
        "loggers": [(one, [*one.handlers], one.level) for one in loggers],
        "warnings": [*warnings.filters],
        "environment": dict(os.environ),
        "path": [*sys.path],
        "streams": (sys.stdout, sys.stderr),
        "errors": np.geterr(),
        "printing": np.get_printoptions(),
        "drawing": dict(mpl.rcParams),
        "keras": (keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()),
        "bars": keras.config.is_interactive_logging_enabled(),
        "policy": keras.config.dtype_policy(),
        "class": dict(vars(keras.Model)),
    }


def put_back_process(begun: dict[str, Any]) -> None:
    """As it was: what a cell leaves doesn't depend on which cells came before (`compare.Kept` keeps it by the cell alone)."""
    import keras
    import matplotlib as mpl

    for logger, handlers, level in begun["loggers"]:
        logger.handlers[:] = handlers
        logger.setLevel(level)
    warnings.filters[:] = begun["warnings"]
    environment.change_to(begun["environment"])  # TensorFlow's threads read it at any time
    sys.path[:] = begun["path"]
    sys.stdout, sys.stderr = begun["streams"]
    np.seterr(**begun["errors"])
    np.set_printoptions(**{key: value for key, value in begun["printing"].items() if key != "override_repr"})
    dict.update(mpl.rcParams, begun["drawing"])
    for setter, value in zip(
        (keras.config.set_floatx, keras.config.set_epsilon, keras.config.set_image_data_format),
        begun["keras"],
        strict=True,
    ):
        setter(value)
    (keras.config.enable_interactive_logging if begun["bars"] else keras.config.disable_interactive_logging)()
    keras.config.set_dtype_policy(begun["policy"])
    for name, value in {**dict.fromkeys(vars(keras.Model)), **begun["class"]}.items():
        if name not in begun["class"]:
            delattr(keras.Model, name)
        elif vars(keras.Model).get(name) is not value:
            setattr(keras.Model, name, value)


def marks(value: Any) -> list[str]:
    """The grader's own things in an object of a notebook, and in what belongs to a network: whoever looks into them sees Keras's alone."""
    import keras

    parts = [value, type(value)]
    if isinstance(value, keras.Model):
        optimizer = getattr(value, "optimizer", None)
        parts += [*value._flatten_layers(), *value.variables, optimizer, *getattr(optimizer, "variables", ())]
        parts += [getattr(value, f"{name}_function", None) for name in ("train", "test", "predict")]
    attributes = ((key, type(one)) for part in parts for key, one in getattr(part, "__dict__", {}).items())
    return sorted({key for key, kind in attributes if "autograder" in f"{key} {kind.__module__}"})


LEFT: list[str] = []  # why Keras trained and not the judge, of each such fit in a cell


def noting(claim: Any) -> Any:
    def noted(*args: Any) -> Any:
        LEFT.append(args[4])  # the reason
        return claim(*args)

    return noted


def main() -> None:
    mode, cells, target = sys.argv[1:]
    document = json.loads(Path(cells).read_text("utf-8"))
    shell = InteractiveShell.instance(colors="nocolor", cache_size=0)
    import keras

    from tests.transparency.watch import Watch

    watch = Watch(while_grading=mode == "graded")
    watch.patch()
    if watch.while_grading:
        from autograder.kernel.graded import judged_fit
        from autograder.kernel.graded.start import prepare

        client = judged_fit.JudgeClient
        client.fit, client.evaluate = watch.noted(client.fit, 1), watch.noted(client.evaluate, 1)
        judged_fit.predict = watch.noted(judged_fit.predict, 1)
        client._claim = noting(client._claim)
        prepare()
    else:
        from autograder.kernel.graded.stand_ins import write_no_summaries

        write_no_summaries()  # as where TensorBoard is installed, but for its files
        shell.events.register("pre_run_cell", lambda *_: keras.utils.set_random_seed(SEED))
    facts = {}
    shell.run_cell(document["prelude"], store_history=False).raise_error()
    begun = {
        name: (value, value.copy() if type(value) is np.ndarray and value.nbytes < SMALL else None)
        for name, value in shell.user_ns.items()
    }
    home = Path.cwd()
    for number, (name, code) in enumerate(document["cells"].items()):
        folder = home / f"cell{number}"
        folder.mkdir()
        os.chdir(folder)
        LEFT.clear()
        begun_at = time.process_time()
        with watch.plainly() if name in document["watched"] and not watch.while_grading else contextlib.nullcontext():
            facts[name] = run(shell, code, begun, watch)
        print(f"{time.process_time() - begun_at:6.2f} s {mode}: {name}", file=sys.__stderr__, flush=True)
    (home / target).write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
