"""Which calls of ``fit`` in a folder of notebooks the judge would train, and why not the others: ``census.py FOLDER``.

Static: nothing is run. A call is taken unless something in its own text, or a name that it uses in the same notebook, says otherwise;
what only running would tell (whether the data are the course's images) is not looked at.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat

from autograder.common.allowed import LOSS_CLASSES
from autograder.common.errors import AutograderError

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


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    total, taken, why = 0, 0, Counter[str]()
    for path in sorted(Path(sys.argv[1]).rglob("*.ipynb")):
        try:
            for call, module in calls(path):
                found = reasons(call, module)
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
