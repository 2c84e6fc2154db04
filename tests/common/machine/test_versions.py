"""Keys follow the code: a digest holds every file that decides, and no other."""

import shutil
from pathlib import Path

import pytest

import autograder
from autograder.common.machine import versions
from autograder.common.machine.versions import code, code_digest

PACKAGE = Path(autograder.__file__).parent
TRAINING = "autograder.networks.memo"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The package's source in a folder where it can be touched; digests are of that."""
    shutil.copytree(PACKAGE, tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__", "locale"))
    monkeypatch.setattr(versions, "_folder", lambda package: tmp_path)
    _forget()
    yield tmp_path
    monkeypatch.undo()
    _forget()


def _forget():
    code.cache_clear()
    code_digest.cache_clear()


def _touched(copy, name):
    path = copy / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n# another word\n")
    _forget()
    digests = {module: code_digest(module) for module in (TRAINING,)}
    path.write_bytes(before)
    _forget()
    return digests


def test_each_module_in_the_closure_changes_the_digest_and_no_other_does(copy):
    before, inside = code_digest(TRAINING), set(code(TRAINING))
    files = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*.py"))
    assert inside < set(files)
    seen = {name: _touched(copy, name)[TRAINING] != before for name in files}
    assert {name for name, changed in seen.items() if changed} == inside


@pytest.mark.parametrize(
    ("module", "inside", "outside"),
    [
        (
            TRAINING,
            ["networks/train.py", "networks/build.py", "networks/memo.py", "common/data/base.py", "common/wire/description.py"],
            ["course/checks/base.py", "kernel/check.py", "classroom/pages/html.py", "cli/grade.py", "__init__.py"],
        ),
        (
            "autograder.worker.grading",
            [
                "worker/answers.py", "judge/process.py", "judge/session.py", "kernel/describing/describe.py", "kernel/check.py",
                "sandbox/inside/child.py", "sandbox/inside/parent.py", "course/checks/trainings/accuracy.py", "common/hints/for_errors.py",
                "networks/train.py", "common/wire/submitted_notebook.py",
            ],
            ["classroom/pages/html.py", "classroom/grading/grade_class.py", "authoring/release.py", "cli/grade.py"],
        ),
    ],
    ids=["training", "report"],
)  # fmt: skip
def test_what_decides_is_in_the_closure(module, inside, outside):
    found = set(code(module))
    assert {f"autograder/{name}" for name in inside} <= found
    assert not found & {f"autograder/{name}" for name in outside}


@pytest.mark.parametrize(
    "text",
    [
        "import rule.other", "from rule import other", "from rule.other import name", "from . import other",
        "from .other import name", "from .other import *", "def f():\n    from rule import other",
        "if True:\n    import rule.other as it", 'run(["-m", "rule.other"])', 'run("from rule.other import x")',
    ],
)  # fmt: skip
def test_however_a_module_is_imported_it_is_found(tmp_path, monkeypatch, text):
    (tmp_path / "rule").mkdir()
    (tmp_path / "rule" / "__init__.py").write_text("")
    (tmp_path / "rule" / "first.py").write_text(text + "\n")
    (tmp_path / "rule" / "other.py").write_text("name = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    assert "rule/other.py" in code("rule.first")


def test_what_only_documentation_names_is_no_use(tmp_path, monkeypatch):
    (tmp_path / "word").mkdir()
    (tmp_path / "word" / "__init__.py").write_text("")
    (tmp_path / "word" / "first.py").write_text('"""See word.other."""\n# word.other\n')
    (tmp_path / "word" / "other.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    assert set(code("word.first")) == {"word/first.py"}


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"autograder\.networks\.nothing"):
        code("autograder.networks.nothing")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        code("nothing_of_this_name.module")


def test_it_reads_the_source_and_imports_nothing(copy):
    (copy / "autograder" / "networks" / "train.py").write_text("raise RuntimeError('imported')\n")
    _forget()
    assert len(code_digest(TRAINING)) == 64
