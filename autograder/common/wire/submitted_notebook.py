"""A submitted notebook, read without trusting it and put back into the shape in which it was released.

Nothing here runs anything. `read` turns bytes into a notebook that holds cells, their text and their grade ids, and
nothing else; `restore` puts the cells that grade back where the release has them.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, is_answer, mark
from autograder.common.errors import SubmissionError, Unreadable
from autograder.common.files import NotAFile, opened
from autograder.common.i18n import N_, _
from autograder.common.showing.readable import shorten

PYTHON: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What the system says of a place where no ordinary file lies; all else (rights, a disk or a server that fails) is no student's doing.
NO_FILE = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.ENAMETOOLONG}
)
CELLS = 2000  # more than anyone writes by hand; keeps a hostile file from costing hours
AGAIN = N_("Save it again in Jupyter and hand in that file.")
_TYPES = ("code", "markdown", "raw")
IMAGES = ("image/png", "image/jpeg", "image/gif")  # that are pasted into texts and shown
_PICTURE = re.compile(r"[^\s()<>\"'\ud800-\udfff]{1,200}\Z")
_BASE64 = re.compile(r"\A[A-Za-z0-9+/\s]*(?:=\s*){0,2}\Z")
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def read(path: Path, limit_mb: int) -> NotebookNode:
    """The notebook in `path`: cells with their type, source, pasted pictures, id and grade_id, in format 4.5; all else is dropped.

    Raises SubmissionError, in a sentence for the student, unless it is a regular file of at most `limit_mb` megabytes
    that holds a notebook of format 3 or 4 with at most `CELLS` cells.
    """
    return parse(content(path, limit_mb))


def parse(text: bytes) -> NotebookNode:
    """`read` for content that is in memory already. Raises SubmissionError."""
    try:
        document = json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _no_notebook(_("it is not UTF-8 text")) from None
    except RecursionError:
        raise _no_notebook(_("it is nested too deeply")) from None
    except ValueError as error:  # not JSON, or a number of thousands of digits
        if isinstance(error, json.JSONDecodeError):
            raise _no_notebook(_("it is not valid JSON (line {line})", line=error.lineno)) from None
        raise _no_notebook(_("it is not valid JSON")) from None
    if not isinstance(document, dict):
        raise _no_notebook(_("it has no cells"))
    return _notebook([_cell(cell, number) for number, cell in enumerate(_cells(document), 1)])


def restore(submitted: NotebookNode, released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """`submitted` with the graded cells of `released`, and notes that tell the student what was put back.

    Cells that students don't answer in (locked, or worth points) get the release's type, text and metadata, and stand
    in the release's order; those that are missing are inserted. Answer cells keep the student's text. Of several cells
    with one grade_id the first counts, the others become ordinary cells. Outputs, execution counts and all other
    metadata are cleared. Both notebooks are left as they are.
    """
    originals = {grade_id_of(cell): cell for cell in released.cells if grade_id_of(cell)}
    order = {grade_id: position for position, grade_id in enumerate(originals)}
    notes: list[str] = []
    cells: list[NotebookNode] = []
    present: set[str] = set()
    for cell in submitted.cells:
        grade_id = grade_id_of(cell)
        if grade_id in originals and grade_id not in present:
            present.add(grade_id)
            cells.append(_restored(cell, originals[grade_id], notes))
            continue
        if grade_id in originals:
            notes.append(_("There was more than one {cell}: the first one counts.", cell=_called(originals[grade_id])))
        elif grade_id:
            notes.append(
                _(
                    "The cell '{grade_id:.60}' is not part of this assignment and is an ordinary cell now.",
                    grade_id=grade_id,
                )
            )
        cells.append(_plain(str(cell.cell_type), str(cell.source), str(cell.get("id", "")), cell))
    fixed = {grade_id for grade_id, original in originals.items() if is_answer(original)}
    astray = _out_of_order([grade_id for grade_id in map(grade_id_of, cells) if grade_id], order, fixed) - fixed
    cells = [cell for cell in cells if grade_id_of(cell) not in astray]
    places = _Places(released)
    for grade_id, original in originals.items():
        if grade_id in astray:
            notes.append(
                _(
                    "The cells around the {cell} stood in another order: it is in its place again.",
                    cell=_called(original),
                )
            )
        elif grade_id not in present:
            notes.append(
                _("The {cell} was missing and was put back.", cell=_called(original))
                if not is_answer(original)
                else _("The {cell} was missing: an empty one was put in its place.", cell=_called(original))
            )
        else:
            continue
        copy = _copy(original, {"source": ""} if is_answer(original) else original)
        cells.insert(places.index(grade_id, cells), copy)
    return _notebook(cells), notes


def content(path: Path, limit_mb: int) -> bytes:
    """The bytes of a regular file; a link, a pipe or a device is never followed or waited for.

    Raises SubmissionError, in a sentence for the student, when there are none, or more than `limit_mb` megabytes; Unreadable where
    that is the machine's fault.
    """
    limit = limit_mb * 1_000_000
    try:
        with opened(path, follow=False) as file:
            read = file.read(limit + 1)
    except NotAFile as error:
        is_link = error.errno == errno.ELOOP
        raise _no_notebook(str(error.strerror) if is_link else _("it is not an ordinary file")) from None
    except ValueError:
        raise SubmissionError(_("The file can't be read: {reason}.", reason=_("its name is odd")), _(AGAIN)) from None
    except OSError as error:
        said = _("The file can't be read: {reason}.", reason=error.strerror)
        if error.errno in NO_FILE:
            raise _missing(path, said) from None
        raise Unreadable(said, _("Run the command again.")) from None
    if len(read) > limit:
        remedy = _("Clear the outputs (Edit, Clear Outputs of All Cells), save, and hand in that file.")
        raise SubmissionError(_("The file is larger than {megabytes} MB.", megabytes=limit_mb), remedy)
    if not read.strip():
        raise _no_notebook(_("it is empty"))
    return read


def _missing(path: Path, said: str) -> SubmissionError:
    """That there is no such file; where others lie in its place, that nobody can tell which of them it should be."""
    with contextlib.suppress(OSError):
        others = sorted(shorten(one.name, 60) for one in path.parent.glob("*.[iI][pP][yY][nN][bB]"))
        if len(others) > 1:
            shown = ", ".join([*others[:4], *(["…"] if len(others) > 4 else [])])
            return SubmissionError(
                _(
                    "There are {count} notebooks ({names}), and none is called {name}: which of them counts?",
                    count=len(others),
                    names=shown,
                    name=path.name,
                ),
                _("Hand in one notebook alone, or call the one that counts {name}.", name=path.name),
            )
    return SubmissionError(said, _(AGAIN))


def _no_notebook(why: str) -> SubmissionError:
    return SubmissionError(_("The file is not a notebook: {why}.", why=why), _(AGAIN))


def _cells(document: Mapping[str, Any]) -> list[Any]:
    """The cells of a notebook of format 3 (in worksheets) or 4, still unchecked. Raises SubmissionError."""
    version = document.get("nbformat")
    if type(version) is not int:
        raise _no_notebook(_("it does not say which notebook format it has"))
    if version == 3:
        sheets = document.get("worksheets")
        parts = [sheet.get("cells") if isinstance(sheet, dict) else None for sheet in _list(sheets)]
        cells = [cell for part in parts for cell in _list(part)]
    elif version == 4:
        cells = _list(document.get("cells"))
    else:
        raise _no_notebook(_("its notebook format is neither 3 nor 4"))
    if len(cells) > CELLS:
        raise SubmissionError(
            _("The notebook has more than {number} cells.", number=CELLS), _("Delete the cells that you don't need.")
        )
    return cells


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _no_notebook(_("it has no cells"))
    return value


def _cell(cell: Any, number: int) -> NotebookNode:
    """One cell with nothing but what counts; its id is '' where it has no usable one. Raises SubmissionError."""
    if not isinstance(cell, dict):
        raise _no_notebook(_("its cell {number} is not a cell", number=number))
    kind = cell.get("cell_type")
    if kind in ("heading", "html"):  # of format 3
        kind = "markdown"
    if kind not in _TYPES:
        raise _no_notebook(_("its cell {number} has an unknown type", number=number))
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise _no_notebook(_("its cell {number} has no text", number=number))
    name = cell.get("id")
    # A lone half of a surrogate pair is valid in JSON, and nothing can write it afterwards.
    plain = _plain(str(kind), source.encode("utf-8", "replace").decode("utf-8"), "", cell)
    plain["id"] = name if isinstance(name, str) and _CELL_ID.match(name) else ""
    if _CELL_ID.match(grade_id := grade_id_of(cell)):
        mark(plain, grade_id)
    return plain


def _restored(cell: NotebookNode, original: NotebookNode, notes: list[str]) -> NotebookNode:
    """The student's cell in the release's shape; a locked one with the release's text."""
    if cell.cell_type != original.cell_type:
        notes.append(
            _(
                "The {cell} was a {found} cell and is a {wanted} cell again.",
                cell=_called(original),
                found=cell.cell_type,
                wanted=original.cell_type,
            )
        )
    elif not is_answer(original) and cell.source != original.source:
        notes.append(_("The {cell} was changed; its original text was restored.", cell=_called(original)))
    return _copy(original, cell if is_answer(original) else original, cell.get("id"))


def _copy(original: NotebookNode, written: Mapping[str, Any], name: str | None = None) -> NotebookNode:
    """The `original` cell with what is `written` in another one."""
    copy = _plain(str(original.cell_type), written["source"], name or original.get("id", ""), written)
    copy["metadata"] = nbformat.from_dict(json.loads(json.dumps(original.metadata)))
    return copy


def _plain(kind: str, source: str, name: str, of: Mapping[str, Any]) -> NotebookNode:
    """A cell without metadata and outputs, but with the pictures that were pasted into the text `of` which it is."""
    cell = NotebookNode(cell_type=kind, id=name, metadata=NotebookNode(), source=source)
    if kind == "code":
        cell.update(outputs=[], execution_count=None)
    elif kind == "markdown" and (pictures := dict(_pictures(of.get("attachments")))):
        cell.update(attachments=pictures)
    return cell


def _pictures(attachments: Any) -> Iterator[tuple[str, NotebookNode]]:
    for name, data in attachments.items() if isinstance(attachments, dict) else ():
        kept = {kind: data[kind] for kind in IMAGES if isinstance(data, dict) and isinstance(data.get(kind), str)}
        if kept and all(map(_BASE64.match, kept.values())) and _PICTURE.match(name):
            yield name, NotebookNode(kept)


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    """The cells as a notebook. The first cell with an id keeps it; new ids are the same on every run."""
    taken = {cell["id"] for cell in cells}
    seen: set[str] = set()
    for number, cell in enumerate(cells, 1):
        if not cell["id"] or cell["id"] in seen:
            names = (f"cell-{number}-{attempt}" if attempt else f"cell-{number}" for attempt in itertools.count())
            cell["id"] = next(name for name in names if name not in taken and name not in seen)
        seen.add(cell["id"])
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=nbformat.from_dict(PYTHON), cells=cells)


def _called(original: NotebookNode) -> str:
    name = grade_id_of(original)
    return _("answer cell '{name}'", name=name) if is_answer(original) else _("check cell '{name}'", name=name)


def _out_of_order(grade_ids: Sequence[str], order: Mapping[str, int], fixed: set[str]) -> set[str]:
    """The fewest of `grade_ids` without which the rest stands in `order`; rather not those that are `fixed`."""
    best: list[tuple[int, list[str]]] = []  # for each cell: the heaviest ascending run that ends with it
    for grade_id in grade_ids:
        before = [(weight, run) for weight, run in best if order[run[-1]] < order[grade_id]]
        weight, run = max(before, key=lambda found: found[0], default=(0, []))
        best.append((weight + (len(order) if grade_id in fixed else 1), [*run, grade_id]))
    return set(grade_ids).difference(max(best, key=lambda found: found[0])[1] if best else ())


class _Places:
    """Where a missing cell of the release belongs among the student's cells."""

    def __init__(self, released: NotebookNode) -> None:
        self.keys = [self._key(cell) for cell in released.cells]
        # A text cell of the release is known by its id or, where an editor dropped the ids, by its text.
        texts = [cell for cell in released.cells if not grade_id_of(cell)]
        self.by_text = {(cell.cell_type, cell.source): self._key(cell) for cell in texts}

    def index(self, grade_id: str, cells: list[NotebookNode]) -> int:
        """Behind the nearest cell before it in the release that is still there, and never out of the graded cells' order.

        Cells that the student added there stay before it: what they define may be what the cell checks.
        """
        own = [self._known(cell) for cell in cells]
        there = {key: index for index, key in reversed(list(enumerate(own))) if key}
        place = self.keys.index(f"grade {grade_id}")
        before = [there[key] + 1 for key in reversed(self.keys[:place]) if key in there]
        graded = [there[key] + 1 for key in reversed(self.keys[:place]) if key in there and key.startswith("grade ")]
        behind = [there[key] for key in self.keys[place:] if key in there and key.startswith("grade ")]
        index = max(min([*before[:1], *behind[:1]], default=0), *graded[:1], 0) if before else 0
        while before and index < len(cells) and not own[index]:
            index += 1
        return index

    def _key(self, cell: NotebookNode) -> str:
        return f"grade {grade_id_of(cell)}" if grade_id_of(cell) else f"id {cell.get('id')}"

    def _known(self, cell: NotebookNode) -> str:
        key = self._key(cell)
        return key if key in self.keys else self.by_text.get((cell.cell_type, cell.source), "")
