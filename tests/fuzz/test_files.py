"""Files that strangers made: notebooks, archives, rosters, metadata, course.yml, hand-ins.

Oracle: each is read, or refused with a sentence (an AutograderError), within bounds. A notebook that is read has all of the release's graded
cells, in order, with the release's text. Of an archive each file is in exactly one list: taken, unmatched or ignored.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.classroom.collect import roster
from autograder.classroom.collect.matching import Settings, match
from autograder.classroom.collect.names import is_safe
from autograder.classroom.collect.platform_metadata import _read
from autograder.classroom.collect.platforms import PLATFORMS
from autograder.classroom.collect.sources import read as read_source
from autograder.common.cells import grade_id_of, is_answer
from autograder.common.errors import AutograderError, CollectError, CourseError, ProtocolError, SubmissionError
from autograder.common.wire.handins import HandIns, Kept, answer, pack, unpack
from autograder.common.wire.submitted_notebook import parse, restore
from autograder.course.course import Course, load
from autograder.course.released_notebook import released_notebook
from tests.conftest import ROOT
from tests.fuzz import bounded, fuzz
from tests.hand_built import model, scalar

pytestmark = pytest.mark.slow
texts = st.text(max_size=20)
places = st.integers(0, 2**31)


def bent(content: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    """`content` with bytes written over, put in or cut out at random places."""
    changed = bytearray(content)
    for place, new in changes:
        at = place % (len(changed) + 1)
        kind = place // 7 % 3
        changed[at : at + (len(new) if kind == 0 else 0 if kind == 1 else place % 300)] = new
    return bytes(changed)


changes = st.lists(
    st.tuples(
        places, st.binary(max_size=6) | st.sampled_from([b"{", b"[[[[", b'"', b"&a *a", b"\0", b"\xff", b"9" * 400])
    ),
    max_size=6,
)


# ---- notebooks


@given(changes, st.integers(0, 1))
@example([(0, b"[" * 100_000)], 0)
@fuzz(60)
def test_notebooks(course: Course, how: list[tuple[int, bytes]], whole: int) -> None:
    released = released_notebook(course, "two_layer")
    content = bent(nbformat.writes(released).encode(), how) if whole == 0 or how else b""
    with bounded():
        try:
            notebook, notes = restore(parse(content), released)
        except SubmissionError as error:
            assert len(str(error)) > 10
            return
        again, _notes = restore(parse(content), released)
    assert notebook == again
    wanted = [(grade_id_of(cell), cell.source) for cell in released.cells if grade_id_of(cell) and not is_answer(cell)]
    found = {grade_id_of(cell): cell.source for cell in notebook.cells if grade_id_of(cell)}
    assert [(name, found[name]) for name, _source in wanted] == wanted
    order = [grade_id_of(cell) for cell in released.cells if grade_id_of(cell)]
    assert [grade_id_of(cell) for cell in notebook.cells if grade_id_of(cell)] == order
    assert all(isinstance(note, str) for note in notes)
    nbformat.writes(notebook).encode("utf-8")


# ---- archives

LIKE = [
    "Ann_101_assignsubmission_file_", "deep.ipynb", "bob+deep+2027-03-14 08:00:00 UTC+a1", "inbound", "submission_7", "submission_metadata.yml",
    "Lab 1_bob_attempt_2027-03-14-08-00-00_deep.ipynb", "deep-submissions", "deep-bob", "doejane_7_9_deep.ipynb", "LATE_anon_x1_7_deep.ipynb", "Ann - deep.ipynb",
    "timestamp.txt", "..", ".", "", " ", "a" * 300, "가나다", "deep", "con", "x.zip", ".git", "__MACOSX", "-" * 250, "_" * 120 + "-" * 120, "\\", "C:", "\u202e",
    "Zoe\u0301_8_assignsubmission_file_", "Zo\u00e9_9_assignsubmission_file_", "ANN_101_assignsubmission_file_", "ann\u200b", "\x1b[31m\x07", "a\nb", "=cmd|' /C x'!A0",
    "x;=1", "<b>", "[red]", "{0}%s", "com\u00b9", "aux.", "~", "-rf", "$(id)", "DEEP.IPYNB", "deep.ipynb.", "\ufeffdeep.ipynb", "%2e%2e", "\u2025", "\uff0f",
]  # fmt: skip
paths = st.lists(st.sampled_from(LIKE) | texts, min_size=1, max_size=4).map("/".join)
members = st.lists(
    st.tuples(
        paths,
        st.sampled_from(
            [
                b"",
                b"{}",
                b'{"cells": [], "nbformat": 4}',
                b"PK\5\6",
                b"PK\5\6" + bytes(18),
                b"PK\6\6" + bytes(60),
                b"0" * 3_000_000,
            ]
        ),
    ),
    max_size=8,
)


@given(members, changes, st.sampled_from(["auto", *PLATFORMS]))
@example([("\0", b"")], [], "auto")
@fuzz(60)
def test_archives(
    course: Course, tmp_path: Path, files: list[tuple[str, bytes]], how: list[tuple[int, bytes]], platform: str
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files:
            archive.writestr(
                zipfile.ZipInfo(path.encode("utf-8", "replace").decode() or "x"), content, zipfile.ZIP_DEFLATED
            )
    place = tmp_path / "class.zip"
    place.write_bytes(bent(buffer.getvalue(), how[:2]))
    with bounded():
        try:
            source = read_source(place)
        except CollectError as error:
            assert len(str(error)) > 10
            return
        try:
            matched = match(source, course, Settings(platform=platform))
        except AutograderError:
            return
        finally:
            source.close()
    listed = [file.path for file in source.files] + [left.path for left in (*source.refused, *source.noise)]
    sorted_out = {one.file.path for one in matched.candidates} | {
        one.file for one in (*matched.unmatched, *matched.ignored)
    }
    assert sorted_out <= set(listed)
    assert all(is_safe(one.student) for one in matched.candidates)
    assert not {one.file.path for one in matched.candidates} & {one.file for one in matched.unmatched}


# ---- tables and YAML


@given(
    changes,
    st.lists(
        st.lists(texts | st.sampled_from(["id", "name", "email", "Participant 1", '"', "\0"]), max_size=5), max_size=6
    ),
)
@fuzz(80)
def test_rosters(tmp_path: Path, how: list[tuple[int, bytes]], rows: list[list[str]]) -> None:
    text = "id,name,email\nann,Ann Lee,ann@x.org\n" + "\n".join(",".join(row) for row in rows)
    place = tmp_path / "roster.csv"
    place.write_bytes(bent(text.encode("utf-8", "replace"), how))
    with bounded():
        try:
            found = roster.load(place)
        except CollectError as error:
            assert str(place) in str(error)
            return
        found.find("moodle", {"name": "Ann", "login": "ann", "number": "1"})
    assert all(is_safe(person.id) for person in found.people)


METADATA = b"submission_7:\n  :submitters:\n  - {:name: Ann, :sid: '1', :email: ann@x.org}\n  :created_at: 2027-03-14 08:00:00 Z\n  :results: {a: [1, 2]}\n"


@given(changes)
@example([(0, b"a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n")])
@example([(0, b"x: " + b"[" * 5_000)])
@fuzz(150)
def test_metadata(how: list[tuple[int, bytes]]) -> None:
    content = bent(METADATA, how).decode("utf-8", "replace")
    with bounded():
        people = _read(content)
    assert all(isinstance(text, str) for groups in people.values() for one in groups for text in one.values())
    json.dumps(people)


@given(changes)
@example([(0, b"x: " + b"[" * 2_000)])
@example([(0, b"x: &a [1, 1]\ny: &b [*a, *a, *a, *a]\nz: &c [*b, *b, *b, *b]\nw: [*c, *c, *c, *c]\n")])
@fuzz(25)
def test_course_files(tmp_path: Path, how: list[tuple[int, bytes]]) -> None:
    place = tmp_path / "course.yml"
    place.write_bytes(bent((ROOT / "course.yml").read_bytes(), how))
    with bounded(seconds=20):
        try:
            load(place)
        except CourseError as error:
            assert "course.yml" in str(error) or len(str(error)) > 10


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.recursive(
            st.none() | st.integers() | texts,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        ),
        max_size=3,
    )
)
@fuzz(25)
def test_course_files_of_other_things(tmp_path: Path, document: dict[str, object]) -> None:
    whole = yaml.safe_load((ROOT / "course.yml").read_text("utf-8"))
    place = tmp_path / "course.yml"
    names = ("assignments", "course", "limits")
    place.write_text(
        yaml.safe_dump({**whole, **{names["abc".index(key)]: value for key, value in document.items()}}), "utf-8"
    )
    with bounded(seconds=20):
        try:
            load(place)
        except CourseError as error:
            assert len(str(error)) > 10


# ---- hand-ins


@given(changes)
@fuzz(150)
def test_hand_ins(how: list[tuple[int, bytes]]) -> None:
    kept, arrays = answer({"model": model(), "n": scalar(3)}, {})
    content = pack(Kept(HandIns(answers={"q": kept}), arrays))
    with bounded():
        try:
            found = unpack(bent(content, how))
            for question in found.document.answers:
                found.values(question)
        except ProtocolError as error:
            assert str(error)
