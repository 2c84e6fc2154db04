"""What ruff, mypy and import-linter don't know of this package, looked up in its files: part of ``make lint``.

Each rule is a generator of what is wrong with one file, as (line, message). Rules about sentences are here too, since a catalogue
holds only what can be found in the code.
"""

from __future__ import annotations

import ast
import re
import re._parser as sre_parser  # type: ignore[import-not-found]  # as re itself reads a pattern
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.lint_clocks import clocks
from tools.lint_generated import stale
from tools.lint_korean import wrong_korean
from tools.lint_package import PACKAGE, astray, circle, house, idle

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 350  # lines: more than that, nobody reads at one sitting
TRANSLATE = ("_", "N_", "ngettext")
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}|\0,? [(]?[a-z]{3,}|[A-Za-z]{3,}:? \0")
MARKUP = re.compile(r"\[/?[a-z ]*\]|`[^`]*`|\bautograder\b|--[a-z-]+")  # rich's, code, our name, options
MANY = 20  # repetitions
NOT_TOLD = {"ProtocolError"}  # of messages that a kernel of ours never sends: nobody reads it
ERRORS = (
    set(re.findall(r"^class (\w+)", (ROOT / PACKAGE / "common" / "errors.py").read_text("utf-8"), re.MULTILINE))
    - NOT_TOLD
)

Found = Iterator[tuple[int, str]]


def length(path: Path, text: str, tree: ast.Module) -> Found:
    lines = len(text.splitlines())
    if lines > LONGEST:
        yield LONGEST, f"{lines} lines, and {LONGEST} are the most: make two files of it"


def exports(path: Path, text: str, tree: ast.Module) -> Found:
    """`__init__.py` imports, names what it exports, and may wait with an import until it is wanted (`__getattr__`)."""
    if path.name != "__init__.py":
        return
    for node in tree.body:
        names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        special = bool(names) and all(name.startswith("__") for name in names)
        waits = isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
        if not (isinstance(node, ast.Import | ast.ImportFrom | ast.If) or documents or special or waits):
            yield node.lineno, "an __init__.py only exports: move this into a file of its own"


def absolute(path: Path, text: str, tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "imports are absolute: name the package"


def translatable(path: Path, text: str, tree: ast.Module) -> Found:
    """Constants, filled in after the translation; none inside an f-string, where nothing extracts them."""
    inside = {id(call) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for call in _calls(node)}
    for call in _calls(tree):
        if id(call) in inside:
            yield call.lineno, f"{_name(call)}() inside an f-string is not found: out with it"
        elif not call.args or isinstance(call.args[0], ast.JoinedStr | ast.BinOp):
            yield call.lineno, f"{_name(call)}() takes a constant, and values by keyword"


def underscore(path: Path, text: str, tree: ast.Module) -> Found:
    """`for _ in ...` makes `_` a local name, and the function's `_("...")` an error when it is called."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _calls(function):
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "_":
                    yield node.lineno, f"{function.name} translates with `_`, so it can't throw values away as `_`"


@dataclass(frozen=True)
class Once:
    """What one file does for all the others: an expression, or a module that is imported, that `says` fits stands nowhere else."""

    says: str
    owner: str | tuple[str, ...]
    instead: str


ONCE = (
    Once(r"warnings\.warn(_explicit)?\(.*", "kernel/graded/traced.py", "a warning shows the line that gives it, which is none of the notebook's"),
    Once(r"'grade_id'|.*metadata(\.get\(|\[|\.)'?nbgrader\b.*", "common/cells.py", "ask common/cells.py what nbgrader says of a cell"),
    Once(r"hashlib(\.(sha256|file_digest))?", "common/digests.py", "use common/digests.py"),
    Once(r"rich\.progress\..*", "cli/progress_bar.py", "use cli/progress_bar.py"),
    Once(r"os\.(replace|rename|renames|fsync)|shutil\.move", "common/files.py", "use common/files.py: put, move or make"),
    Once(r".*\.(read_bytes|read_text)|(?!os\.|tarfile\.|gzip\.|archive\.)(.*\.)?open\((?!.*'[awx]).*\)", ("common/files.py", "kernel/", "sandbox/", "common/machine/confined.py", "authoring/verify/probe.py", "authoring/scaffold/parts.py", "classroom/give_back/prepared_results.py"), "use bytes_of, text_of or opened of common/files.py: whoever opens a pipe waits for ever"),
    Once(r"(?=.*is_symlink\(\))(?=.*is_file\(\))(?!.*is_dir).* (or|and) .*", "classroom/gradebook/database.py", "open it with common/files.py and follow=False: what a path was when it was asked says nothing of what is opened"),
    Once(r"tempfile\.mkdtemp", "common/machine/scratch.py", "use common/machine/scratch.py: make"),
    Once(r"xml\.etree\b.*", "common/showing/junit.py", "use common/showing/junit.py"),
    Once(r"yaml\.(safe_|full_|unsafe_)?load(_all)?", ("course/yaml_file.py", "classroom/collect/platform_metadata.py", "cli/shell.py"), "read the course's files with course/yaml_file.py"),
    Once(r"784|70000|'fashion.mnist'", "common/data/fashion_mnist.py", "ask the data set, common/data/base.py, or its source"),
    Once(r"json\.dumps\(.*ensure_ascii=False.*\)|.*\.print_json", ("common/showing/readable.py", "classroom/pages/html.py", "authoring/calibration/evidence.py"), "use json_text of common/showing/readable.py: it may hold what a student wrote"),
    Once(r"print\(json\..*", "common/showing/readable.py", "use json_text of common/showing/readable.py: it may hold what a student wrote"),
    Once(r"rich\.console\.Console", ("cli/common.py", "common/showing/outcome_table.py"), "use the consoles of cli/common.py: what a student wrote acts on others"),
    Once(r"os\.environ\.clear", "common/environment.py", "use change_to of common/environment.py: a thread that reads the environment while it is emptied ends the process"),
    Once(r"pydantic\.(BaseModel|ConfigDict)", "common/models.py", "derive it from Frozen or Written of common/models.py"),
)  # fmt: skip


def once(path: Path, text: str, tree: ast.Module) -> Found:
    """Each thing has one way to be done, and one file that does it."""
    place = path.as_posix().partition(f"{PACKAGE}/")[2]
    rules = [(re.compile(rule.says), rule.instead) for rule in ONCE if not place.startswith(rule.owner)]
    found = {
        (node.lineno, instead)
        for node in ast.walk(tree)
        for said in _said(node)
        for says, instead in rules
        if says.fullmatch(said)
    }
    yield from sorted(found)


def _said(node: Any) -> list[str]:
    """A constant, a name with what it is of, a call, an item or a condition as it is written, a module with what is imported from it."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Constant | ast.Attribute | ast.Subscript | ast.Call | ast.BoolOp):
        return [ast.unparse(node)]
    return []


# What reads texts of strangers, and which files use it: each with what bounds it there, or why nobody hostile wrote what it reads.
PARSERS = re.compile(
    r"json\.loads?|yaml\.(safe_)?(load|parse|compose)(_all)?|nbformat\.reads?|(np|numpy)\.load|zipfile\.ZipFile|tarfile\.open|csv\.reader"
    r"|(ast|.*lexers?.*)\.parse|ast\.literal_eval|tokenize\.generate_tokens|(bleach\.)?Cleaner|markdown2html|MarkdownWithMath|SanitizeHTML|.*\.fromstring"
)
BOUNDED = {
    "networks/estimators.py": "a text of 200 characters at the most, in brackets",
    "common/data/own_images.py": "so many bytes, unpacked too",
    "common/data/tables.py": "so many bytes, unpacked too",
    "classroom/collect/archives.py": "so many entries (zip_directory.py), members by size, ratio and way of packing",
    "classroom/collect/platform_metadata.py": "confined, no aliases",
    "classroom/collect/csv_lines.py": "the teacher's, and of the platform; a roster of so many bytes and rows",
    "classroom/give_back/archives.py": "written, not read",
    "classroom/give_back/prepared_results.py": "the platform's, in its own container",
    "classroom/folder.py": "so many bytes; called in confined children",
    "classroom/gradebook/due.py": "ours",
    "classroom/grading/basis.py": "ours",
    "classroom/grading/handin_store.py": "ours, by digest",
    "classroom/grading/regrade.py": "ours",
    "classroom/grading/workers.py": "of a worker, which bounds reports and notebooks",
    "classroom/pages/class_page/hints_needed.py": "so many bytes, in a confined child",
    "classroom/pages/student_page/notebook.py": "so many characters a cell, in a confined child (publish.py)",
    "classroom/pages/class_page/similar.py": "so many characters a notebook, in a confined child (material.py)",
    "common/data/cifar10.py": "an archive of one digest",
    "common/machine/confined.py": "so many bytes",
    "common/machine/imports.py": "this package's and the course's own files",
    "common/keras_tables/class_names.py": "ours",
    "common/keras_tables/keras_names.py": "ours",
    "common/data/mnist.py": "a file of one digest",
    "common/wire/handins.py": "the judge packed it: so many bytes, every digest compared",
    "common/code_names.py": "so many characters and levels, in a confined child (worker/grading.py)",
    "common/wire/submitted_notebook.py": "in a confined child (worker/grading.py, collect/matching.py)",
    "common/wire/protocol.py": "so many bytes, before they are read",
    "judge/process.py": "of its worker",
    "judge/trial_documents.py": "of our own judge",
    "networks/build.py": "ours, made by architecture()",
    "networks/memo.py": "ours, with a checksum",
    "networks/size.py": "ours, made by architecture()",
    "networks/fit_spec.py": "ours, made by compile_settings()",
    "sandbox/host.py": "of our own parent process",
    "sandbox/inside/parent.py": "of its worker",
    "sandbox/provisioner.py": "ours",
    "worker/bundle.py": "of the machine that asks",
    "worker/judge_process.py": "of its judge",
    "worker/sanitize.py": "in a confined child",
    "worker/statement_names.py": "a statement of what `code_names` has read, within its bounds",
}
TRUSTED = (
    "authoring",
    "cli",
    "course",
    "kernel",
)  # the teacher's files; a student's kernel, where the student is at home


def bounded(path: Path, text: str, tree: ast.Module) -> Found:
    """What reads a stranger's text is bounded: `BOUNDED` says how, and knows each file that does."""
    place = path.as_posix().partition(f"{PACKAGE}/")[2]
    if place.split("/")[0] in TRUSTED:
        return
    found = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and PARSERS.fullmatch(ast.unparse(node.func))
    ]  # fmt: skip
    if place not in BOUNDED:
        yield from ((node.lineno, "say in BOUNDED of tools/lint.py what bounds this parser") for node in found)
    elif not found:
        yield 1, "parses nothing: take it out of BOUNDED in tools/lint.py"


def regexes(path: Path, text: str, tree: ast.Module) -> Found:
    """No pattern repeats what repeats something itself, unless it never takes back (``*+``): others may take time without end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.fullmatch(r"re\.\w+|Form", ast.unparse(node.func)) and node.args:
            pattern = _words(node.args[0]).replace("\0", "x")
            if isinstance(node.args[0], ast.Constant) and pattern:
                pattern = re.sub(r"\{[a-z]+\}", "x", pattern)  # what is filled in stands for one word
                if _repeats_repetition(sre_parser.parse(pattern), inside=False):
                    yield (
                        node.lineno,
                        "a repetition in a repetition: make the inner one and the outer one possessive (*+, ++)",
                    )


def _repeats_repetition(parsed: Any, inside: bool) -> bool:
    for operation, argument in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _least, most, part = argument
            gives_back = name != "POSSESSIVE_REPEAT"
            many = most > MANY and gives_back
            if (many and inside) or _repeats_repetition(part, inside=most > MANY or inside):
                return True
        else:
            parts = argument if isinstance(argument, tuple) else (argument,)
            flat = [one for part in parts for one in (part if isinstance(part, list) else [part])]
            if any(isinstance(part, sre_parser.SubPattern) and _repeats_repetition(part, inside) for part in flat):
                return True
    return False


def spoken(path: Path, text: str, tree: ast.Module) -> Found:
    """In cli/, which speaks to people, every sentence goes through `_()`; docstrings and ``help=`` are translated without."""
    if path.parent.name != "cli":
        return
    known = {id(inner) for call in _calls(tree) for inner in ast.walk(call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            known.add(id(node.value))
        elif isinstance(node, ast.keyword) and node.arg in ("help", "epilog"):
            known |= {id(inner) for inner in ast.walk(node.value)}
        elif isinstance(node, ast.JoinedStr):  # looked at as a whole
            known |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
    for node in ast.walk(tree):
        if id(node) not in known and SENTENCE.search(MARKUP.sub("", _words(node))):
            yield node.lineno, "a sentence that nobody translates: put it into _()"


def told(path: Path, text: str, tree: ast.Module) -> Found:
    """What an error of ours says, and its remedy, go through `_()` wherever it is raised, also by way of a variable."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        given = [
            one for call in ast.walk(function) if isinstance(call, ast.Call) and _of_ours(call.func)
            for one in (*call.args, *(word.value for word in call.keywords))
        ]  # fmt: skip
        names = {one.id for one in given if isinstance(one, ast.Name)}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and names & {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}:
                given += node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for one in given:
            if SENTENCE.search(MARKUP.sub("", _words(one))):
                yield one.lineno, "a sentence that nobody translates: put it into _()"


def _of_ours(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id in ERRORS


def _words(node: ast.AST) -> str:
    """A text in the code, with \0 for what an f-string fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return ""


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATE
    ]  # fmt: skip


def _name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    return call.func.id


def shown(path: Path, text: str, tree: ast.Module) -> Found:
    """Words that stand alone are translated too: headings of tables, and what lists are joined by."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        words = [keyword.value for keyword in node.keywords if name == "Table" and keyword.arg in ("title", "caption")]
        words += node.args[:1] if name == "add_column" else []
        words += [node.func.value] if name == "join" and isinstance(node.func, ast.Attribute) else []
        for word in words:
            if isinstance(word, ast.Constant) and re.search(r"[A-Za-z]{2,}", re.sub("<[^>]*>", "", str(word.value))):
                yield word.lineno, f"{word.value!r} is shown, and nobody translates it: put it into _()"


RULES: tuple[Callable[[Path, str, ast.Module], Found], ...] = (
    length,
    exports,
    absolute,
    translatable,
    underscore,
    once,
    bounded,
    clocks,
    regexes,
    spoken,
    told,
    shown,
)


def wrong(root: Path = ROOT) -> Iterator[str]:
    """Everything that is wrong below `root`, as ``file:line: what``."""
    trees = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        place, text = path.relative_to(root), path.read_text("utf-8")
        tree = ast.parse(text)
        trees[".".join(place.with_suffix("").parts).removesuffix(".__init__")] = tree
        for rule in RULES:
            yield from (f"{place}:{line}: {message}" for line, message in rule(path, text, tree))
    for path in sorted((root / "tools").glob("*.py")):
        place, text = path.relative_to(root), path.read_text("utf-8")
        yield from (f"{place}:{line}: {message}" for line, message in length(path, text, ast.parse(text)))
    if names := circle(trees):
        yield f"{PACKAGE}: modules import one another in a circle: {' <- '.join(names)}"
    yield from (*astray(root, trees), *idle(root, trees), *house(root))


def main() -> int:
    found = [*wrong(), *stale(ROOT), *wrong_korean()]
    print("\n".join(found) or f"{PACKAGE}: files, imports and sentences are in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
