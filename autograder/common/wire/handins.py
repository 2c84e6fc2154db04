"""What was handed in, kept: a change of course.yml can then be judged without running a notebook again.

`HandIns` is what one submission left with the judge, as plain data. The judge packs it, once (`pack`); the worker adds what only it
knows (`annotated`), without opening it; a `Store` unpacks it, once, and keeps it beside the reports. Its arrays are kept once for the whole class, by their digest: five hundred students with the same network
share its weights, and the rows of the training split are there once::

    reports/.handins/arrays/<SHA-256>                    the bytes of an array (or of a course)
    reports/.handins/entries/<student>/<assignment>.json the rest

Whoever writes a report calls ``Store(root).keep(...)`` before; ``of`` gives it back, or None if it isn't there or is damaged. The store
is ours, but what it holds came from students: it is parsed by type, every digest is compared, and nothing is ever unpickled.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from autograder.common.digests import sha256
from autograder.common.errors import ProtocolError
from autograder.common.i18n import N_
from autograder.common.results import Frozen
from autograder.common.showing.exhibits import Mistake
from autograder.common.wire.description import decode, encode

if TYPE_CHECKING:
    from nbformat import NotebookNode

VERSION = 2
MAX_ARRAYS = 64 << 20  # bytes of arrays that are kept of one submission: 200 networks of the course's size
MAX_DOCUMENT = 16 << 20  # bytes of JSON
TOO_LARGE = N_("what was handed in is too large to be kept")
_MAGIC = b"AGH1"
_HEAD = struct.Struct("<4sII")  # magic, bytes of the document, bytes of the list of arrays
_NOTE = b"AGN1"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TooLarge(Exception):
    """What was handed in is not kept."""


class Answer(Frozen):
    """One question. `values` is the JSON of `description.encode`; `arrays` are the digests of its frames, in order.

    A value that was handed in without a name is called ''. `calls`: by name of a function and id of a check, the digest of
    the arguments that the function was called on for it. `lacks`: names that checks looked at, and the student never made.
    """

    values: str
    arrays: tuple[Digest, ...] = ()
    calls: dict[str, dict[str, str]] = Field(default={})
    lacks: tuple[str, ...] = ()


class Measured(Frozen, ser_json_inf_nan="constants"):  # a loss may be NaN
    """What the grader measured on networks, by the digest of all that determines it: metrics, and images got wrong."""

    metrics: dict[str, dict[str, float]] = Field(default={})
    mistakes: dict[str, tuple[Mistake, ...]] = Field(default={})

    def ordered(self) -> Measured:
        """A copy in the order of the keys: the same measurements are the same bytes."""
        return Measured(metrics=dict(sorted(self.metrics.items())), mistakes=dict(sorted(self.mistakes.items())))


class Cause(Frozen):
    """An exception that later ones come from: in the cell number `cell` (from 0), which is the answer cell of `question` or stands
    under `heading`. `error`: name and message; `lack`: what the grader's machine lacks, and its name, if that is why.
    `followed`: later errors; `questions`: those that depend on it; `rests`: earlier ones whose answers the statement that raised it reads.
    """

    cell: int
    question: str = ""
    heading: str = ""
    error: tuple[str, str]
    lack: tuple[str, str] = ("", "")
    followed: int = 0
    questions: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()


class Circumstances(Frozen):
    """What the executed notebook says about its questions, beside what they handed in.

    `missing`: why nothing was handed in, or what stopped the answer, with a hint. `errors`: what answer cells raised, name and message. `forgotten`: answers that
    stand beside a ``raise NotImplementedError()``, and whether they ran ("above", "below" or "both" of it). `causes`: in the
    notebook's order. `first`: which of them explains most, or -1. `below`: names that were missing and are made further down: in which
    cell, of which question, below which heading.
    """

    missing: dict[str, tuple[str, str]] = Field(default={})
    errors: dict[str, tuple[str, str]] = Field(default={})
    forgotten: dict[str, str] = Field(default={})
    causes: tuple[Cause, ...] = ()
    first: int = -1
    below: dict[str, tuple[int, str, str]] = Field(default={})


class HandIns(Frozen, ser_json_inf_nan="constants"):  # a loss may be NaN
    """One submission. `answers` by question; `circumstances` say why nothing came for the others.

    `submission`: digest of the file. `code`: digest of the code that ran, the release's cells included. `course`: digest, among
    the arrays, of the document that the course's digest is made of. `runner`: digest of the grader's code that ran it. `measured`:
    what was measured on its networks.
    `unreadable`: why the file is no notebook. `dropped`: why nothing was kept.
    """

    version: int = VERSION
    assignment: str = ""
    submission: str = ""
    language: str = ""
    course: str = ""
    code: str = ""
    runner: str = ""
    versions: dict[str, str] = Field(default={})
    answers: dict[str, Answer] = Field(default={})
    circumstances: Circumstances = Circumstances()
    measured: Measured = Measured()
    unreadable: str = ""
    dropped: str = ""

    def digests(self) -> set[str]:
        """Of everything that is kept beside the document."""
        found = {digest for answer in self.answers.values() for digest in answer.arrays}
        return found | ({self.course} if self.course else set())


class Kept:
    """`document`, and the bytes that it names: `arrays` by SHA-256."""

    def __init__(self, document: HandIns, arrays: Mapping[str, bytes]) -> None:
        self.document = document
        self.arrays = dict(arrays)

    def values(self, question: str) -> dict[str, Any]:
        """The values of a question, by the name that they were handed in under. Raises ProtocolError if they are malformed."""
        answer = self.document.answers[question]
        try:
            document = json.loads(answer.values)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("the values of a question are malformed") from error
        return decode(document, [self.arrays[digest] for digest in answer.arrays])

    def course(self) -> dict[str, Any]:
        """The course that it was graded with, as `course.course_document` writes it."""
        document: dict[str, Any] = json.loads(self.arrays[self.document.course])
        return document

    def changed(self, arrays: Mapping[str, bytes] | None = None, **fields: Any) -> Kept:
        """A copy with other fields, without arrays that it doesn't name any more. Raises ProtocolError if it names one more."""
        document = self.document.model_copy(update=fields)
        together = {**self.arrays, **(arrays or {})}
        if not document.digests() <= together.keys():
            raise ProtocolError("the hand-ins are not complete")
        return Kept(document, {digest: together[digest] for digest in sorted(document.digests())})

    def capped(self) -> Kept:
        """Itself, or if it is too large a document that says so."""
        text = self.document.model_dump_json()
        if sum(map(len, self.arrays.values())) <= MAX_ARRAYS and len(text) <= MAX_DOCUMENT:
            return self
        return dropped(self.document.assignment)


def dropped(assignment: str) -> Kept:
    """In place of what is too large to be kept."""
    return Kept(HandIns(assignment=assignment, dropped=TOO_LARGE), {})


def pack(kept: Kept) -> bytes:
    """One run of bytes: head, document, list of digests and lengths, the arrays. The same always gives the same."""
    text = kept.document.model_dump_json().encode()
    order = sorted(kept.arrays)
    listed = json.dumps([[digest, len(kept.arrays[digest])] for digest in order]).encode()
    return b"".join(
        [_HEAD.pack(_MAGIC, len(text), len(listed)), text, listed, *(kept.arrays[digest] for digest in order)]
    )


def annotated(packed: bytes, fields: Mapping[str, Any], arrays: Mapping[str, bytes]) -> bytes:
    """`pack`'s bytes with other values for `fields` of the document, and further arrays; nothing is unpacked for it."""
    text = json.dumps(fields).encode()
    listed = json.dumps([[digest, len(array)] for digest, array in arrays.items()]).encode()
    return b"".join([_HEAD.pack(_NOTE, len(text), len(listed)), text, listed, *arrays.values(), packed])


def unpack(content: bytes) -> Kept:
    """What `pack` made, `annotated` or not, `capped`. Raises ProtocolError for anything else, and for a byte that is not what it was."""
    if len(content) < _HEAD.size or len(content) > MAX_ARRAYS + 4 * MAX_DOCUMENT:
        raise ProtocolError("these are no hand-ins: their size is wrong")
    if content[: len(_NOTE)] != _NOTE:
        return _unpacked(content)
    _magic, text, listed = _HEAD.unpack_from(content)
    place = _HEAD.size + text + listed
    arrays, end = _arrays(content, place - listed, place)
    fields = parse_document(content[_HEAD.size : place - listed])
    kept = _unpacked(content[end:])
    return kept.changed(arrays, **{name: getattr(fields, name) for name in fields.model_fields_set}).capped()


def _unpacked(content: bytes) -> Kept:
    if len(content) < _HEAD.size:
        raise ProtocolError("these are no hand-ins: their size is wrong")
    magic, text, listed = _HEAD.unpack_from(content)
    place = _HEAD.size + text + listed
    if magic != _MAGIC or place > len(content):
        raise ProtocolError("these are no hand-ins")
    document = parse_document(content[_HEAD.size : _HEAD.size + text])
    arrays, end = _arrays(content, place - listed, place)
    if end != len(content) or not document.digests() <= arrays.keys():
        raise ProtocolError("the hand-ins are not complete")
    return Kept(document, arrays)


def _arrays(content: bytes, start: int, place: int) -> tuple[dict[str, bytes], int]:
    """The arrays that the list between `start` and `place` names, which begin at `place`; and where they end."""
    try:
        sizes = [(str(digest), int(size)) for digest, size in json.loads(content[start:place])]
    except (ValueError, TypeError) as error:
        raise ProtocolError("the list of hand-ins is malformed") from error
    arrays = {}
    for digest, size in sizes:
        arrays[digest] = content[place : place + size]
        if size < 0 or sha256(arrays[digest]) != digest:
            raise ProtocolError("an array of the hand-ins is not what it was")
        place += size
    return arrays, place


def parse_document(text: bytes) -> HandIns:
    try:
        document = HandIns.model_validate_json(text)
    except ValidationError as error:
        raise ProtocolError(f"the hand-ins are malformed: {str(error)[:200]}") from error
    if document.version != VERSION:
        raise ProtocolError(f"these hand-ins are of version {document.version}")
    return document


def answer(
    values: Mapping[str, Any], calls: dict[str, dict[str, str]], known: Mapping[str, bytes] | None = None
) -> tuple[Answer, dict[str, bytes]]:
    """Described values as they are kept: the answer, and the arrays that it names and that are not `known` by their digests.

    Raises TooLarge before arrays are copied of which no more are kept.
    """
    document, frames = encode(dict(values))
    digests = tuple(sha256(frame.reshape(-1).view("u1").data) for frame in frames)
    new = {name: frame for name, frame in zip(digests, frames, strict=True) if name not in (known or {})}
    if sum(frame.nbytes for frame in new.values()) + sum(map(len, (known or {}).values())) > MAX_ARRAYS:
        raise TooLarge
    raw = {name: frame.tobytes() for name, frame in new.items()}
    return Answer(values=json.dumps(document), arrays=digests, calls=calls), raw


def code_digest(notebook: NotebookNode) -> str:
    """SHA-256 of the code that runs, cell by cell: the same code hands in the same values."""
    return sha256(json.dumps([cell.source for cell in notebook.cells if cell.cell_type == "code"]).encode())
