"""The first cause of a notebook's errors: which exception explains the later ones, told from the executed notebook.

Cells are followed in their order. What a cell that failed should have made or changed is marked with its exception; whatever reads a marked
name is marked too; and an error in a statement that reads one comes from there. What runs again whole is clean again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.common import code_names
from autograder.common.cells import cells_by_id, grade_id_of, left_empty
from autograder.common.hints.for_errors import missing_name
from autograder.common.showing.readable import shorten as clean
from autograder.common.wire.handins import Cause
from autograder.course.course import Assignment
from autograder.sandbox.run_notebook import Run
from autograder.worker import statement_names, surroundings
from autograder.worker.statement_names import Statement

MAX_CHARACTERS = 400_000  # of a notebook's code: what is beyond is not followed
_NAME = re.compile(r"name '(\w+)' is not defined|variable '(\w+)'")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"(?:Cell\s+)?In\s*\[(\d+)\],?\s*line:?\s*(\d+)|<(timed exec|timed eval|magic-timeit)>:(\d+)")
_TOLD = re.compile(r"^(UsageError|GraderFault): (.*)", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]++([^ \t\n].*)", re.MULTILINE)
_BEFORE_RUN = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True)
class Error:
    """`frames`: number of execution and line, from the cell to where it was raised, as far as they lie in cells."""

    name: str
    message: str
    frames: tuple[tuple[int, int], ...] = ()


def error_of(cell: NotebookNode) -> Error | None:
    """What a cell raised. What only prints an error: a magic that IPython doesn't know, and code of ours that failed in there."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            name, message = clean(str(output.get("ename", "")), 100), clean(str(output.get("evalue", "")), 400)
            return Error(name, message, tuple(_frames(output.get("traceback"), cell)))
        said = output.get("text", "") if output.output_type == "stream" and output.get("name") == "stderr" else ""
        if match := _TOLD.search(str(said)[:10_000]):
            return Error(match[1], clean(match[2], 400))
    return None


def _frames(traceback: object, cell: NotebookNode) -> list[tuple[int, int]]:
    lines = [str(line)[:2000] for line in traceback[:60]] if isinstance(traceback, list) else []
    text = _ANSI.sub("", "\n".join(lines))
    own = int(cell.get("execution_count") or 0)
    return [
        (int(match[1]), int(match[2])) if match[1] else (own, int(match[4]) + 1)
        for match in _FRAME.finditer(text)
        if len(match[1] or match[4]) < 7 and len(match[2] or match[4]) < 7
    ]


@dataclass
class Followed:
    """What came out. `error`: by cell, and the number of its cause; `reached`: of handed-in questions, all causes that their values come from.

    `breaks`: by cell, which limit it broke and so was stopped by. `below`: names that were missing where they were needed,
    and the later cell that makes them. `others`: names that cells bound and no check cell asks for: one may be meant for another.
    """

    causes: list[Cause] = field(default_factory=list)
    errors: dict[int, Error] = field(default_factory=dict)
    cause: dict[int, int] = field(default_factory=dict)
    reached: dict[str, set[int]] = field(default_factory=dict)
    breaks: Mapping[int, str] = field(default_factory=dict)
    below: dict[str, int] = field(default_factory=dict)
    others: frozenset[str] = frozenset()


class _Notebook:
    def __init__(self, asked: Assignment, notebook: NotebookNode, run: Run) -> None:
        self.notebook, self.found = notebook, Followed()
        self.keys = set(asked.questions)
        self.by_id = cells_by_id(notebook)
        self.found.breaks = {broken.cell: broken.sentence for broken in run.breaks if broken.stops}
        self.last = len(notebook.cells) if run.finished or not run.breaks else run.breaks[-1].cell
        self.marked: dict[str, int] = {}  # name: number of the cause
        self.outside: set[str] = set()  # names whose values the machine gave
        self.bound: set[str] = set()
        self.fetched = False
        self.sources = {cell.get("execution_count"): cell.source for cell in notebook.cells if cell.cell_type == "code"}
        self.statements: dict[int, list[Statement]] = {}
        room = MAX_CHARACTERS
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and cell.source.strip():
                room -= min(len(cell.source), code_names.MAX_CHARACTERS)
                self.statements[index] = statement_names.statements(cell.source) if room > 0 else []
        self.modules = {name for found in self.statements.values() for one in found for name in one.imports}

    def follow(self) -> Followed:
        for index, found in self.statements.items():
            cell = self.notebook.cells[index]
            if index > self.last:  # the notebook ended before it
                break
            error = error_of(cell)
            key = grade_id_of(cell)
            if error is None and index not in self.found.breaks:
                stop = len(found)
            elif error is None or error.name in _BEFORE_RUN:
                stop = 0
            else:
                stop = _stopped(found, error, int(cell.get("execution_count") or 0))
            if key in self.keys:  # a check cell only looks
                self._look(key, found)
            else:
                for statement in found[:stop]:
                    self._ran(statement)
            if error is not None or index in self.found.breaks:
                self._failed(index, key, error or Error("", ""), found, stop)
            self.fetched |= surroundings.fetched(cell.source)
        checks = [self.statements.get(self.by_id[key][0], []) for key in self.keys if key in self.by_id]
        asked = {name for found in checks for statement in found for name in statement.reads}
        self.found.others = frozenset(self.bound - asked)
        return self.found

    def _look(self, key: str, found: list[Statement]) -> None:
        names = {name for statement in found for name in statement.reads} - self.modules
        self.found.reached[key] = {self.marked[name] for name in names if name in self.marked}

    def _ran(self, statement: Statement) -> None:
        needs = statement.reads | statement.changes
        marks = {self.marked[name] for name in needs if name in self.marked}
        makes = statement.makes - (self.modules - statement.imports)
        for name in makes if marks else statement.binds:
            if marks:
                self.marked[name] = min(marks)
            else:
                self.marked.pop(name, None)
        self.bound |= statement.binds
        may_come = surroundings.comes_from_the_machine(statement.text)  # the words stand there, if only in prose
        from_machine = (may_come and surroundings.comes_from_the_machine(statement.code)) or (
            statement.copies and needs & self.outside
        )
        self.outside = self.outside | statement.binds if from_machine else self.outside - statement.binds

    def _failed(self, index: int, key: str, error: Error, found: list[Statement], stop: int) -> None:
        cause = self._comes_from(key, error, found, stop)
        if cause is None:
            cause = len(self.found.causes)
            self.found.causes.append(self._new(index, key, error, found, stop))
            self._look_below(index, error)
        else:
            known = self.found.causes[cause]
            self.found.causes[cause] = known.model_copy(update={"followed": known.followed + 1})
        self.found.errors[index], self.found.cause[index] = error, cause
        if key in self.keys:
            return
        for statement in found[stop:]:
            for name in statement.makes - (self.modules - statement.imports):
                self.marked[name] = cause
        if match := _NAME.match(error.message):
            self.marked.setdefault(match[1] or match[2], cause)
        question = key.removesuffix("-answer")
        if key.endswith("-answer") and question in self.by_id:  # what the question asks for, and nothing made
            wanted = {name for one in self.statements.get(self.by_id[question][0], []) for name in one.reads}
            for name in wanted - self.bound:
                self.marked.setdefault(name, cause)

    def _look_below(self, index: int, error: Error) -> None:
        """Whether what `error` misses is made further down."""
        name = missing_name(error.name, error.message)
        for later, found in self.statements.items():
            if name and later > index and any(name in statement.binds for statement in found):
                self.found.below.setdefault(name, later)

    def _comes_from(self, key: str, error: Error, found: list[Statement], stop: int) -> int | None:
        """The number of the cause of an error, or None: it is one itself."""
        if left_empty(error.name, error.message) and key.endswith("-answer"):
            return None
        if (match := _NAME.match(error.message)) and error.name in ("NameError", "UnboundLocalError"):
            return self.marked.get(match[1] or match[2])
        if error.name in _BEFORE_RUN:
            return None
        names = {name for one in _failing(found, error, stop) for name in one.reads | one.changes}
        return min((self.marked[name] for name in names if name in self.marked), default=None)

    def _new(self, index: int, key: str, error: Error, found: list[Statement], stop: int) -> Cause:
        question = key.removesuffix("-answer") if key.endswith("-answer") or key in self.keys else ""
        heading = heading_above(self.notebook, index)
        if index in self.found.breaks:
            return Cause(cell=index, question=question, heading=heading, error=("", self.found.breaks[index]))
        source = self.notebook.cells[index].source
        parts = [] if error.frames else [one.code for one in found] or [source]
        for count, line in {*error.frames[:1], *error.frames[-1:]}:
            parts += statement_names.parts_at(self.sources.get(count) or source, line)
        failing = _failing(found, error, stop)
        needs = {name for one in failing for name in one.reads}
        lack = surroundings.lack(error.name, error.message, sorted(parts), bool(needs & self.outside))
        if lack is None and error.name == "FileNotFoundError" and self.fetched:
            lack = (surroundings.NETWORK, "")
        return Cause(
            cell=index, question=question if question in self.keys else "", heading=heading,
            error=(error.name, error.message), lack=lack or ("", ""),
            rests=self._rests(index, needs | {name for one in failing for name in one.changes}),
        )  # fmt: skip

    def _rests(self, index: int, needed: Collection[str]) -> tuple[str, ...]:
        """The questions before a cell whose check cells hand in what is `needed` there."""
        places = sorted((self.by_id[key][0], key) for key in self.keys if key in self.by_id)
        reads = (
            (key, {name for one in self.statements.get(place, ()) for name in one.reads})
            for place, key in places
            if place < index
        )
        return tuple(key for key, read in reads if (read - self.modules).intersection(needed))


def _failing(found: list[Statement], error: Error, stop: int) -> list[Statement]:
    """What an error came out of: the statement where it stopped, or, where that isn't told, any of the cell's."""
    return found[stop : stop + 1] if error.frames else found


def _stopped(found: list[Statement], error: Error, count: int) -> int:
    line = next((line for number, line in error.frames if number == count), 0)
    return statement_names.at_line(found, line) if line else 0


def heading_above(notebook: NotebookNode, index: int) -> str:
    for cell in reversed(notebook.cells[:index]):
        if cell.cell_type == "markdown" and (found := _HEADING.findall(cell.source[:20_000])):
            return clean(str(found[-1]).rstrip().rstrip("#"), 100)
    return ""


def follow(asked: Assignment, notebook: NotebookNode, run: Run, handed_in: Collection[str]) -> tuple[Followed, int]:
    """The causes, each with the questions that it reached, and the number of the one that explains most, or -1."""
    found = _Notebook(asked, notebook, run).follow()
    cells = cells_by_id(notebook)
    reached: dict[int, list[str]] = {}
    for key in asked.questions:
        cause = _of_question(key, cells, found, key in handed_in)
        if cause is not None and (found.causes[cause].question != key or found.causes[cause].lack[0]):
            reached.setdefault(cause, []).append(key)
    causes = [
        cause.model_copy(update={"questions": tuple(reached.get(number, ()))})
        for number, cause in enumerate(found.causes)
    ]
    explaining = [number for number, cause in enumerate(causes) if cause.questions]
    first = max(explaining, key=lambda number: (causes[number].followed, -number), default=-1)
    form = _form(causes[first]) if first >= 0 and not left_empty(*causes[first].error) else ("", "", "")
    alike = [number for number, cause in enumerate(causes) if _form(cause) == form]
    if len(alike) > 1:  # the same exception again and again is one mistake: it is named where it came first
        followed = sum(causes[number].followed + 1 for number in alike) - 1
        first = alike[0]
        causes[first] = causes[first].model_copy(update={"followed": followed})
    found.causes = causes
    return found, first


def _form(cause: Cause) -> tuple[str, str, str]:
    """An exception without the numbers that Keras gives tensors and layers, which differ from cell to cell, nor where it was cut for them."""
    name, message = cause.error
    return name, re.sub(r"_?\d+", "", message)[:300], cause.lack[0]


def _of_question(
    key: str, cells: Mapping[str, tuple[int, NotebookNode]], found: Followed, handed_in: bool
) -> int | None:
    """The cause of what a question lost, if it comes from one."""
    for name in (f"{key}-answer", key):
        if name in cells and cells[name][0] in found.cause:
            return found.cause[cells[name][0]]
    lacking = [number for number in found.reached.get(key, ()) if found.causes[number].lack[0]]
    return min(lacking) if handed_in and lacking else None


def forgotten(cell: NotebookNode, released: NotebookNode | None) -> str:
    """Where an answer stands beside a ``raise NotImplementedError()`` that was left: above, below or both; '' without one."""
    parsed = code_names.parse_cell(cell.source)
    given = code_names.parse_cell(released.source) if released is not None else None
    if parsed is None:
        return ""
    known = {ast.dump(node) for node in ast.walk(given)} if given is not None else set()
    for body in _bodies(parsed):
        place = next((number for number, node in enumerate(body) if _raises(node)), None)
        if place is None:
            continue
        above = any(_says_something(node) and ast.dump(node) not in known for node in body[:place])
        below = any(_says_something(node) and ast.dump(node) not in known for node in body[place + 1 :])
        if above or below:
            return "both" if above and below else "above" if above else "below"
    return ""


def _bodies(parsed: ast.Module) -> list[list[ast.stmt]]:
    return [parsed.body, *(node.body for node in parsed.body if isinstance(node, ast.FunctionDef))]


def _raises(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and left_empty(raised.id, "")


def _says_something(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    return not isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)
