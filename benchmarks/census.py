"""Which calls of ``fit`` in a folder of notebooks the judge would train, and why not the others: ``census.py FOLDER``.

Static: nothing is run. A call is taken unless something in its own text, or a name that it uses in the same notebook, says otherwise;
its network is what was assigned and added to the name on which ``fit`` is called, up to the call. What only running would tell
(whether the data are the course's images) is not looked at: give a folder of notebooks that load them.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat

from autograder.common.errors import AutograderError
from autograder.common.keras_tables.allowed import LAYERS, LOSS_CLASSES
from autograder.common.keras_tables.keras_names import canonical

TAKEN = {
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle", "class_weight",
    "sample_weight", "initial_epoch", "validation_batch_size", "validation_freq", "steps_per_epoch", "validation_steps",
}  # fmt: skip
BATCH_HOOKS = {f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")}
DATASETS = (
    "flow",
    "flow_from_directory",
    "image_dataset_from_directory",
    "ImageDataGenerator",
)  # files, and changed images
LOSSES = {*LOSS_CLASSES, *LOSS_CLASSES.values(), "mse", "mae", "MSE", "MAE"}


def calls(path: Path) -> Iterator[tuple[ast.Call, ast.Module]]:
    """Calls of ``something.fit(x, y, ...)`` that train a network, each with the code of all cells."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise AutograderError(f"{path} is no notebook: {error}") from error
    body: list[ast.stmt] = []
    for cell in notebook.cells:
        lines = [line for line in "".join(cell.source).splitlines() if not line.lstrip().startswith(("%", "!"))]
        try:
            body += ast.parse("\n".join(lines)).body if cell.cell_type == "code" else []
        except SyntaxError:
            continue
    module = ast.Module(body, [])
    for node in ast.walk(module):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fit"
        if called and {"epochs", "batch_size", "validation_data", "callbacks"} & {
            keyword.arg for keyword in node.keywords
        }:
            yield node, module


def reasons(call: ast.Call, module: ast.Module) -> list[str]:
    """Why the judge would not train it; none if it would."""
    found = [f"argument {keyword.arg}" for keyword in call.keywords if keyword.arg not in TAKEN]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    data = ast.unparse(call.args[0]) if call.args else given.get("x", "")
    assigned = {
        ast.unparse(target): ast.unparse(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    if any(word in assigned.get(data, data) for word in DATASETS):
        found.append("files, or images that are changed")
    if "callbacks" in given:
        classes = {
            node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef)
            if BATCH_HOOKS & {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        }  # fmt: skip
        used = {given["callbacks"], *(text for name, text in assigned.items() if name in given["callbacks"])}
        if any(name in text for name in classes | BATCH_HOOKS for text in used):
            found.append("a callback that acts within epochs")
    losses = [
        assigned.get(ast.unparse(keyword.value), ast.unparse(keyword.value)).strip("'\"")
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compile"
        for keyword in node.keywords
        if keyword.arg == "loss"
    ]
    if losses and not any(loss.split("(")[0].rpartition(".")[2] in LOSSES for loss in losses):
        found.append(f"loss {losses[-1][:40]}")
    return found


def _followed(kind: ast.ClassDef) -> bool:
    """Whether a class has nothing of its own but its layers, and calls one after another."""
    methods = {part.name: part for part in kind.body if isinstance(part, ast.FunctionDef)}
    made = {"__init__", "build", "get_config", "from_config", "call", "compute_output_shape"}
    if not methods.keys() <= made:
        return False
    body = ast.Module(methods["call"].body if "call" in methods else [], [])
    others = (ast.BinOp, ast.If, ast.For, ast.While, ast.Subscript, ast.List, ast.Dict)
    plain = not any(isinstance(node, others) for node in ast.walk(body))
    calls = [node.func for node in ast.walk(body) if isinstance(node, ast.Call)]
    return plain and all(isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self" for one in calls)


def network(call: ast.Call, module: ast.Module) -> list[str]:
    """What the judge does not build, in the text that made the network of a call."""
    assert isinstance(call.func, ast.Attribute)
    name, made = ast.unparse(call.func.value), list[ast.AST]()
    for statement in module.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
                made = [node.value]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == f"{name}.add":
                made.append(node)
        if any(node is call for node in ast.walk(statement)):
            break
    called = {ast.unparse(node.func) for part in made for node in ast.walk(part) if isinstance(node, ast.Call)}
    own = {node.name: node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    found = [
        "a class of its own" for name in called if isinstance(own.get(name), ast.ClassDef) and not _followed(own[name])
    ]
    made += [own[name] for name in called if isinstance(own.get(name), ast.FunctionDef)]
    ready = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and "applications" in (node.module or "")
        for alias in node.names
    }
    for node in (node for part in made for node in ast.walk(part) if isinstance(node, ast.Call)):
        if ".applications." in (called_as := ast.unparse(node.func)) or called_as in ready:
            found.append("a network of keras.applications")
        kind = canonical("layers", ast.unparse(node.func).rpartition(".")[2])
        if kind and kind not in LAYERS and kind != "InputLayer":
            found.append(f"layer {kind}")
        settings = {keyword.arg or "" for keyword in node.keywords if kind}
        found += [
            f"setting {setting}" for setting in settings if setting.endswith(("_constraint", "activity_regularizer"))
        ]
    return sorted(set(found))


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    total, taken, why = 0, 0, Counter[str]()
    for path in sorted(Path(sys.argv[1]).rglob("*.ipynb")):
        try:
            for call, module in calls(path):
                found = reasons(call, module) + network(call, module)
                total, taken = total + 1, taken + (not found)
                why.update(set(found))
        except AutograderError as error:
            print(error, file=sys.stderr)
    print(f"{total} calls of fit, {taken} for the judge" + (f" ({100 * taken / total:.0f} %)" if total else ""))
    for reason, number in why.most_common():
        print(f"{number:5}  {reason}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
