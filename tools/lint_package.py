"""What `make lint` knows of the package as a whole: its circles, its folders, and what nothing uses."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = "autograder"
BESIDE = 3  # files beside the folders of the package, and __init__.py
# By Dask, Python and IPython, and by attacks, which tests run in a student's kernel.
CALLED_BY_NAME = {"dask_setup", "create_module", "_ipython_display_", "without_weights"}


def imports(tree: ast.Module, modules: set[str]) -> set[str]:
    """Which of `modules` a file imports, at its top or later."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                place if (place := f"{node.module}.{alias.name}") in modules else node.module for alias in node.names
            }
    return found & modules - {PACKAGE}


def circle(trees: dict[str, ast.Module]) -> list[str]:
    """Modules that import one another in a circle, in that order; none is the rule."""
    try:
        TopologicalSorter({name: imports(tree, set(trees)) - {name} for name, tree in trees.items()}).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names
    return []


def house(root: Path) -> Iterator[str]:
    """The folders are those that import-linter holds in order (pyproject.toml), with few files beside them."""
    with (root / "pyproject.toml").open("rb") as stream:
        contracts = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    wanted = {name.strip().removeprefix(f"{PACKAGE}.") for layer in layers for name in layer.split("|")}
    found = {path.parent.name for path in (root / PACKAGE).glob("*/__init__.py")}
    for name in sorted(found ^ wanted):
        yield f"{PACKAGE}/{name}: a folder, and a layer of pyproject.toml's import-linter, or neither"
    files = sorted(path.name for path in (root / PACKAGE).glob("*.py") if path.name != "__init__.py")
    if len(files) > BESIDE:
        yield f"{PACKAGE}: {len(files)} files beside the folders ({', '.join(files)}), and {BESIDE} are the most"


def astray(root: Path, trees: dict[str, ast.Module]) -> Iterator[str]:
    """Imports that lead nowhere, in what stands beside the package and no type checker reads: a module was moved."""
    files = [path for folder in ("tests", "benchmarks") for path in sorted((root / folder).rglob("*.py"))]
    there = {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}
    beside = {name: ast.parse(path.read_text("utf-8")) for name, path in there.items()}
    bound = {name: _bound(tree) for name, tree in (trees | beside).items()}
    for name, tree in beside.items():
        for node in ast.walk(tree):
            if (
                not isinstance(node, ast.ImportFrom)
                or node.level
                or f"{node.module}".split(".")[0] not in (PACKAGE, "tests")
            ):
                continue
            module, place = str(node.module), f"{there[name].relative_to(root)}:{node.lineno}"
            if module not in bound:
                yield f"{place}: there is no {module}"
                continue
            for one in (alias.name for alias in node.names):
                if f"{module}.{one}" not in bound and not {one, "__getattr__"} & bound[module]:
                    yield f"{place}: {module} has no {one}"


def _bound(tree: ast.Module) -> set[str]:
    """Every name that a module binds, and what it imports of others."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.Name(id=name, ctx=ast.Store())
            ):
                found.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found |= {alias.asname or alias.name for alias in aliases}
    return found


def idle(root: Path, trees: dict[str, ast.Module]) -> Iterator[str]:
    """Functions, classes and methods that nothing in the package names: no code, no text (an entry point), none of the files beside it."""
    beside = [root / name for name in ("pyproject.toml", "nbgrader_config.py")]
    named = Counter(word for path in beside if path.exists() for word in re.findall(r"\w+", path.read_text("utf-8")))
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                named[name] += 1
            case ast.ImportFrom(names=aliases):
                named.update(alias.name for alias in aliases)
            case ast.Constant(value=str(text)) if len(text) < 200:
                named.update(re.findall(r"\w+", text))
    own = {node.name for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for module, tree in trees.items():
        # What derives from a class of somebody else has methods that somebody else calls.
        classes = [
            one for one in tree.body if isinstance(one, ast.ClassDef) and own.issuperset(map(ast.unparse, one.bases))
        ]
        for node in (*tree.body, *(node for one in classes for node in one.body)):
            if (
                not isinstance(node, (ast.FunctionDef, ast.ClassDef))
                or node.decorator_list
                or node.name.startswith("__")
            ):
                continue
            if not named[node.name] and node.name not in CALLED_BY_NAME:
                yield f"{module.replace('.', '/')}.py:{node.lineno}: nothing uses {node.name}: delete it"
