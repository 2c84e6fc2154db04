"""`make lint`'s own rules: this package keeps them, and each finds what breaks it."""

import ast
import shutil

import pytest

from tools import lint

LAYERS = """
[[tool.importlinter.contracts]]
type = "layers"
layers = ["autograder.cli", "autograder.judge | autograder.kernel"]
"""


# What breaks a rule: a file, its text, and what is said of it.
BREAKING = [
    ("cli/app.py", "x = 1\n" * 351, "351 lines, and 350 are the most"),
    ("networks/lab.py", "import hashlib\n", "use common/digests.py"),
    ("judge/a.py", "x = path.is_symlink() or not path.is_file()\n", "and follow=False"),
    ("cli/__init__.py", "def f(): pass\n", "an __init__.py only exports"),
    ("cli/__init__.py", "NUMBER = 3\n", "an __init__.py only exports"),
    ("cli/app.py", "def f():\n    from .common import x\n", "autograder/cli/app.py:2: imports are absolute"),
    ("judge/a.py", 'table.add_column("student", width=3)\n', "'student' is shown"),
    ("judge/a.py", 'x = Table(title="Scores")\n', "'Scores' is shown"),
    ("judge/a.py", 'x = " and ".join(names)\n', "' and ' is shown"),
    ("cli/app.py", 'x = f"{_(1)}"\n', "_() inside an f-string"),
    ("cli/app.py", 'N_(f"{x}")\n', "N_() takes a constant"),
    ("judge/new.py", "import json\nx = json.loads(y)\n", "autograder/judge/new.py:2: say in BOUNDED"),
    ("worker/sanitize.py", "x = 1\n", "parses nothing"),
    ("judge/new.py", "import time\nx = time.monotonic()\n", "autograder/judge/new.py:2: say in CLOCKS"),
    ("judge/new.py", "x.get(timeout=3)\n", "say in CLOCKS"),
    ("networks/memo.py", "x = json.loads(y)\n", "asks for no time"),
    ("cli/app.py", 're.compile(r"(a+)+b")\n', "a repetition in a repetition"),
    ("cli/app.py", 're.compile(r"(?:a|b*)*")\n', "a repetition in a repetition"),
    ("cli/app.py", 're.compile(r"(?:x(?=a+))*")\n', "a repetition in a repetition"),
    ("cli/app.py", 'Form(r"(?:{name}+,)*")\n', "a repetition in a repetition"),
    ("cli/app.py", 'ngettext("a" + b, "c", 2)\n', "ngettext() takes a constant"),
    (
        "cli/app.py",
        'def f(x):\n    for _ in x:\n        _("a")\n',
        "autograder/cli/app.py:2: f translates with `_`",
    ),
    ("cli/app.py", 'import warnings\nwarnings.warn("x")\n', "autograder/cli/app.py:2: a warning shows the line"),
    ("cli/app.py", 'x = cell.metadata.get("nbgrader", {})\n', "autograder/cli/app.py:1: ask common/cells.py"),
    ("cli/app.py", "x = cell.metadata.nbgrader\n", "ask common/cells.py"),
    ("cli/app.py", 'x = grading["grade_id"]\n', "ask common/cells.py"),
    ("cli/app.py", "import hashlib\n", "use common/digests.py"),
    ("cli/app.py", "from hashlib import sha256\n", "use common/digests.py"),
    ("cli/app.py", "import os\nos.replace(a, b)\n", "autograder/cli/app.py:2: use common/files.py"),
    ("cli/app.py", "from pydantic import Field, BaseModel\n", "derive it from Frozen or Written"),
    ("cli/app.py", "from rich.progress import Progress\n", "use cli/progress_bar.py"),
    ("cli/app.py", "x = json.dumps(y, ensure_ascii=False)\n", "use json_text of common/showing/readable.py"),
    ("cli/app.py", "print(json.dumps(y))\n", "use json_text of common/showing/readable.py"),
    ("cli/app.py", "out.print_json(x)\n", "use json_text of common/showing/readable.py"),
    ("cli/app.py", "from rich.console import Console\n", "use the consoles of cli/common.py"),
    ("cli/app.py", "from xml.etree import ElementTree as xml\n", "use common/showing/junit.py"),
    ("cli/app.py", 'print(f"{number} were graded")\n', "app.py:1: a sentence that nobody translates"),
    ("cli/app.py", 'said = "No run yet"\n', "a sentence that nobody translates"),
    ("cli/app.py", 'x = Table(title=f"worker {name}")\n', "a sentence that nobody translates"),
    ("cli/a.py", "import autograder.cli.b", "in a circle"),
    ("extra/__init__.py", "", "autograder/extra: a folder, and a layer"),
    ("d.py", "", "4 files beside the folders"),
    (
        "judge/a.py",
        'def f():\n    raise CourseError("no such key here", _("Write it."))\n',
        "a.py:2: a sentence that nobody translates",
    ),
    (
        "judge/a.py",
        'def f(x):\n    why = f"{x} is no such key"\n    raise CourseError(why)\n',
        "a.py:2: a sentence that nobody translates",
    ),
]


@pytest.fixture
def package(tmp_path):
    """``package({"cli/app.py": "..."})``: what is wrong with a package of three folders and these files."""
    (tmp_path / "pyproject.toml").write_text(LAYERS)

    def check(files):
        for name in ("__init__.py", "cli/__init__.py", "judge/__init__.py", "kernel/__init__.py", *files):
            path = tmp_path / "autograder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files.get(name, ""), "utf-8")
        found = [*lint.wrong(tmp_path)]
        shutil.rmtree(tmp_path / "autograder")
        return found

    return check


def test_a_package_in_order_has_nothing_wrong(package):
    lazy = "from autograder.cli.app import A\n__all__ = ['A']\ndef __getattr__(name): return 1\n"
    kept = 'from autograder.common.i18n import _\ndef f(x):\n    for each in x:\n        print(_("seen"), _(N), _("{n}", n=x))\nf(1)\n'
    assert package({"__init__.py": f'"""About."""\n{lazy}', "cli/app.py": kept, "judge/a.py": "x = 1\n" * 350}) == []


@pytest.mark.parametrize(("name", "text", "said"), BREAKING)
def test_what_breaks_a_rule_is_found(package, name, text, said):
    others = {
        "cli/a.py": "",
        "cli/b.py": "def f():\n    from autograder.cli import a\nf()\n",
        "a.py": "",
        "b.py": "",
        "c.py": "",
    }
    (found,) = package({**others, name: text})
    assert said in found


def test_what_nothing_uses_is_found_and_what_is_used_or_called_by_name_is_not(package):
    kept = "class A(Base):\n    def called(self): pass\n@command\ndef b(): pass\ndef dask_setup(worker): pass\nx = {'c': A}\n"
    files = {
        "cli/app.py": kept,
        "judge/a.py": "def c(): pass\n\nclass D:\n    def __len__(self): return 1\n    def e(self): pass\n\ndef g(): pass\n",
    }
    found = package(files)
    assert found == [
        f"autograder/judge/a.py:{line}: nothing uses {name}: delete it" for line, name in ((3, "D"), (7, "g"), (5, "e"))
    ]


def test_every_rule_has_a_text_that_breaks_it():
    broken = {
        rule for rule in lint.RULES for name, text, _said in BREAKING
        if [*rule(lint.ROOT / lint.PACKAGE / name, text, ast.parse(text))]
    }  # fmt: skip
    assert broken == {*lint.RULES}


def test_an_import_of_a_test_that_leads_nowhere_is_found(package, tmp_path):
    """A module was moved, and nobody ran that test since."""
    (tmp_path / "tests").mkdir()
    lines = (
        "from autograder.cli.a import f, g",
        "from autograder.cli import a, b",
        "from autograder.gone import x",
        "from tests.here import y, z",
    )
    (tmp_path / "tests/test_a.py").write_text("\n".join(lines))
    (tmp_path / "tests/here.py").write_text("def y(): pass")
    found = package({"cli/a.py": "def f(): pass\nf()"})
    assert found == [
        "tests/test_a.py:1: autograder.cli.a has no g", "tests/test_a.py:2: autograder.cli has no b",
        "tests/test_a.py:3: there is no autograder.gone", "tests/test_a.py:4: tests.here has no z",
    ]  # fmt: skip
