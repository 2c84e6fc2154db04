"""What a question's text asks for is handed in by its check cell, and what is handed in is looked at by a check."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

from nbformat import NotebookNode

from autograder.authoring.solved_notebooks import solved
from autograder.authoring.verify.proof import Part, Reason, Step
from autograder.common.code_names import python
from autograder.common.i18n import _
from autograder.course.cell_dependencies import Uses, meet, notebook_uses, path_of, question_cells
from autograder.course.course import Course, Question
from autograder.course.source_notebook import pick_language, source_notebook

_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_BULLET = re.compile(r"^\s*[-*+] +(?=`)", re.MULTILINE)
_DEFINE = re.compile(r"\bdefine\b|정의", re.IGNORECASE)


def steps(course: Course, assignment: str) -> Iterable[Step]:
    """A step for each question. Raises ReleaseError for a notebook that can't be read."""
    notebook = solved(course, assignment)
    source = source_notebook(course, assignment)
    spoken = {language: pick_language(course, source, language) for language in course.course.languages}
    uses, cells = notebook_uses(notebook), question_cells(notebook)
    for name, question in course.assignment(assignment).checked.items():
        made = {path for place in cells[name].answers for path in _made(notebook, uses, place)}
        given = handed_in(notebook.cells[cells[name].check].source, question)
        texts = {language: _text(one, name) for language, one in spoken.items()}
        found = tuple(_reasons(f"solutions/{assignment}/{assignment}.ipynb", name, question, texts, made, given))
        yield Step(part=Part.UNASKED, assignment=assignment, name=name, reasons=found)


def _reasons(
    file: str, name: str, question: Question, texts: Mapping[str, str], made: set[str], given: Mapping[str, set[str]]
) -> Iterator[Reason]:
    """Names that a text tells students to define, in any language, and that the check cell does not hand in."""
    for language, text in texts.items():
        for missing in _missing(told(text, made), given.values()):
            message = _("the text in '{language}' asks for `{name}`, and the check cell does not hand it in", language=language, name=missing)  # fmt: skip
            yield Reason(message=message, file=file, place=name)
    looked_at = {one for check in question.checks for one in check.names()}
    for unseen in sorted(given.keys() - looked_at):
        message = _("the check cell hands in `{name}`, and no check looks at it", name=unseen)
        yield Reason(message=message, file="course.yml", place=name)


def _made(notebook: NotebookNode, uses: list[Uses], place: int) -> Iterator[str]:
    """What the answer defines itself: not what it only changes, such as a network that it compiles."""
    try:
        tree = ast.parse(python(notebook.cells[place].source))
    except SyntaxError:
        return
    entries = {path for path in uses[place].writes if "[" in path}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and path_of(node) in entries:
            yield str(path_of(node))
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name


def told(text: str, made: set[str]) -> set[str]:
    """The names that a text tells students to define: those in backquotes that the solution defines, and each that begins an
    item of a list after the word "define"."""
    text = _FENCE.sub("", text)
    spans = {path for span in _SPAN.findall(text) if (path := _path(span))}
    return {path for path in spans if path in made} | set(_listed(text))


def _listed(text: str) -> Iterator[str]:
    paragraphs = re.split(r"\n\s*\n", text)
    for before, after in itertools.pairwise(paragraphs):
        lines = after.splitlines()
        if not _DEFINE.search(before.splitlines()[-1] if before else "") or not lines or not _BULLET.match(lines[0]):
            continue
        for line in lines:
            if _BULLET.match(line):
                spans = _SPAN.findall(line.partition(":")[0])
                yield from (path for span in spans if (path := _path(span)))


def _path(span: str) -> str | None:
    """The path that a span of code names: of ``relu(z)`` the function, of ``models["sgd"]`` the entry."""
    try:
        node = ast.parse(span.strip(), mode="eval").body
    except SyntaxError:
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return path_of(node) if isinstance(node, (ast.Name, ast.Subscript)) else None


def handed_in(source: str, question: Question) -> Mapping[str, set[str]]:
    """By the name that a check knows it under: the paths that the check cell hands in."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(python(source))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
            if len(node.args) > 1:
                found.setdefault(question.first_name(), set()).update(_paths(node.args[1]))
            for keyword in node.keywords:
                if keyword.arg and keyword.arg != "hidden":
                    found.setdefault(keyword.arg, set()).update(_paths(keyword.value))
    return found


def _paths(node: ast.expr) -> set[str]:
    whole = path_of(node)
    return {whole} if whole else {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _missing(names: set[str], given: Iterable[set[str]]) -> list[str]:
    every = set().union(*given)
    return sorted(name for name in names if not any(meet(name, path) for path in every))


def _text(notebook: NotebookNode, question: str) -> str:
    """What students read between the check cell before and that of `question`."""
    checks = [cell.check for cell in question_cells(notebook).values()]
    own = question_cells(notebook)[question].check
    start = max((place for place in checks if place < own), default=-1)
    return "\n\n".join(cell.source for cell in notebook.cells[start + 1 : own] if cell.cell_type == "markdown")
