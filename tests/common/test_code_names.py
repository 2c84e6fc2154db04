"""Which names code binds and looks up: compared with Python's own symbol tables over a lot of code that people wrote."""

import ast
import symtable
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.common.code_names import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    bound,
    looked_up,
    owner,
    parse,
    parse_cell,
    python,
    unmet,
)
from tests.conftest import ROOT

LIBRARY = Path(ast.__file__).parent
MODULES = sorted([*(ROOT / "autograder").rglob("*.py"), *LIBRARY.glob("*.py")])[::2]


def referenced(table):
    """The notebook's names that code looks up, as Python's compiler sees it."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from referenced(child)


def declared_global(table):
    for child in table.get_children():
        yield from (one.get_name() for one in child.get_symbols() if one.is_declared_global() and one.is_assigned())
        yield from declared_global(child)


def of_comprehensions(tree):
    """What comprehensions bind, which Python's compiler counts among the names around them from 3.12 on (PEP 709)."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


@pytest.mark.parametrize("part", range(4))
def test_names_are_read_as_pythons_compiler_reads_them(part):
    exactly = 0
    modules = [path for path in MODULES[part::4] if path.name != "poplib.py"]  # symtable takes its `top` for the module
    for path in modules:
        source = path.read_text("utf-8", errors="replace").replace("from __future__ import annotations", "")
        tree, table = ast.parse(source), symtable.symtable(source, path.name, "exec")
        made = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
        inlined = of_comprehensions(tree) if sys.version_info >= (3, 12) else set()
        assert (made | set(declared_global(table))) - inlined == bound(tree.body) - {"*"} - inlined, path
        # More rather than fewer: of a class, and of a function that says `nonlocal`, a name too many may be told.
        found, expected = looked_up(tree), set(referenced(table)) - {"__class__"} - inlined
        assert expected <= found, path
        assert unmet(tree.body, set()) <= found, path
        exactly += found == expected
    assert exactly > 0.8 * len(modules) > 15


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("x = 1\nprint(x)", {"print"}),
        ("if day:\n    x = 1\nprint(x)", {"day", "print", "x"}),
        ("for i in rows:\n    print(i)\nprint(i)", {"rows", "print", "i"}),
        ("with open(path) as file:\n    text = file.read()\nprint(text, file)", {"open", "path", "print"}),
        ("x += 1", {"x"}),
        ("def f(a, b=c):\n    return a + b + d", {"c", "d"}),
        ("class Net(Base):\n    units = 10\n    size = units * k\n    def call(self, x):\n        return units", {"Base", "k", "units"}),
        ("[row for row in rows if row > low]", {"rows", "low"}),
        ("match shape:\n    case (rows, *rest):\n        print(rows, rest)", {"shape", "print", "rows", "rest"}),
        ("del model", {"model"}),
        ("try:\n    x = f()\nexcept Error as e:\n    print(e)", {"f", "Error", "print", "e"}),
    ],
)  # fmt: skip
def test_what_is_certain_to_have_a_value_is_not_needed(code, needs):
    assert unmet(ast.parse(code).body, set()) == needs


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if a:\n    !pip install seaborn\nx = 1", "if a:\n    pass\nx = 1"),
        ("files = !ls\nx = 1", "files = None\nx = 1"),
        ("%%time\nmodel.fit(x)", "\nmodel.fit(x)"),
        ("%%bash\nls", ""),
        ("model.fit?\nx = 1", "pass\nx = 1"),
    ],
)
def test_what_only_ipython_understands_is_left_out_and_lines_keep_their_numbers(cell, left):
    assert python(cell) == left
    assert parse_cell(cell) is not None


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "-" * 5000 + "1",
        "x = a" + ".b" * MAX_DEPTH,
        "x = " + "+".join(["a"] * 5000),
        "x = '" + "a" * MAX_CHARACTERS + "'",
        "x = \0",
        "x =",
    ],
)
def test_what_is_too_long_too_deep_or_no_python_is_not_read(text):
    assert parse(text) is None


def test_code_as_deep_as_people_write_it_is_read():
    for path in sorted((ROOT / "solutions").rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        assert all(parse_cell(cell.source) is not None for cell in notebook.cells if cell.cell_type == "code")
    assert sum(parse(path.read_text("utf-8")) is None for path in (ROOT / "autograder").rglob("*.py")) == 0


def test_an_expression_belongs_to_the_name_that_it_begins_with():
    found = {text: owner(ast.parse(text, mode="eval").body) for text in ("a.b[0](c).d", "a", "f(x)", "[a][0]", "1 + a")}
    assert found == {"a.b[0](c).d": "a", "a": "a", "f(x)": "f", "[a][0]": "", "1 + a": ""}
