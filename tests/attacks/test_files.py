"""Attacks by what is handed in: bytes that are no notebook, odd folders, changed cells, and pages that run scripts."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import resource
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

from autograder.authoring.solved_notebooks import edited, solved
from autograder.classroom.find_submissions import find_submissions, submitted_at
from autograder.classroom.pages.summary import class_table, failed_checks
from autograder.common.errors import AutograderError
from autograder.common.results import Report
from autograder.common.showing.outcome_table import as_html
from autograder.common.submission import Submission
from autograder.common.wire.submitted_notebook import parse, restore
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from autograder.worker.grading import grade_submission
from tests.attacks.attack import BASES, honest
from tests.attacks.conftest import Grader

CELL = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [], "execution_count": None, "id": "a"}


def notebook(**fields: object) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], **fields}).encode()


NO_NOTEBOOKS = {
    "empty": b"",
    "binary": bytes(range(256)) * 100,
    "a pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "a zip": b"PK\x03\x04" + bytes(1000),
    "deeply nested": b"[" * 500_000,
    "deeply nested objects": b'{"cells":' * 200_000,
    "a number of a million digits": b'{"nbformat": ' + b"9" * 1_000_000 + b"}",
    "more cells than allowed": notebook(cells=[CELL] * 20_000),
    "larger than allowed": notebook(cells=[{**CELL, "source": "x" * 3_000_000}]),
    "an XML entity bomb": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
    "a list": b"[]",
    "cells that are no cells": notebook(cells=[None, 1, "x", []]),
    "cells that are a dictionary": notebook(cells={"0": CELL}),
    "of another format": notebook(nbformat=10**9),
    "a source that is no text": notebook(cells=[{**CELL, "source": {"a": 1}}]),
    "NaN and infinity": b'{"nbformat": NaN, "cells": Infinity}',
    "UTF-16": notebook().decode().encode("utf-16"),
    "duplicate keys": b'{"nbformat": 4, "cells": [], "cells": 7}',
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("content", NO_NOTEBOOKS.values(), ids=NO_NOTEBOOKS)
def test_what_is_no_notebook_earns_nothing_and_is_explained(content: bytes, grader: Grader) -> None:
    graded = grader(content, "two_layer")
    assert graded.report.points == 0 and not graded.report.undecided
    assert all(re.match(r"The (file|notebook) ", question.problem) for question in graded.report.questions)
    assert Report.from_json(graded.report.to_json()) == graded.report


ODD_BUT_RIGHT = {
    "grade ids that are lists": lambda nb: nb["cells"].append({**CELL, "metadata": {"nbgrader": {"grade_id": ["scale"]}}}),
    "metadata of a megabyte": lambda nb: nb["metadata"].update(x="y" * 1_000_000),
    "metadata that ask for another kernel": lambda nb: nb["metadata"].update(kernelspec={"name": "bash", "display_name": "x", "language": "bash"}),
    "points raised in the metadata": lambda nb: [cell["metadata"].get("nbgrader", {}).update(points=1000.0, grade=True, locked=False) for cell in nb["cells"]],
    "all cells with one id": lambda nb: [cell.update(id="same") for cell in nb["cells"]],
    "outputs that claim points": lambda nb: [
        cell.update(outputs=[{"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {}, "execution_count": 1}])
        for cell in nb["cells"] if cell["cell_type"] == "code"
    ],
    "attachments and unknown keys": lambda nb: nb["cells"][0].update(attachments={"x.png": {"image/png": "AAAA"}}, evil=[1]),
}  # fmt: skip


def what_runs(content: bytes, course: Course) -> list[object]:
    """Of a file, all that a kernel and the judge get to know: who hands in the same has the same report, and needs no kernel to show it."""
    restored, _notes = restore(nbformat.from_dict(parse(content)), released_notebook(course, "two_layer"))
    return [(cell.cell_type, cell.source, cell.metadata) for cell in restored.cells]


@pytest.mark.parametrize("change", ODD_BUT_RIGHT.values(), ids=ODD_BUT_RIGHT)
def test_what_stands_around_the_answers_changes_nothing(change, grader: Grader, before) -> None:
    unchanged = nbformat.writes(honest(grader.course, "short")).encode()
    document = json.loads(unchanged)
    change(document)
    content = json.dumps(document).encode()
    if what_runs(content, grader.course) != what_runs(unchanged, grader.course):
        assert grader(content, "two_layer").report.questions == before("short").questions


def by_grade_id(document: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(cell for cell in document.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


CELLS = {
    "check cells deleted": lambda nb: nb.update(cells=[c for c in nb.cells if not c.metadata.get("nbgrader", {}).get("grade")]),
    "check cells emptied": lambda nb: [c.update(source="pass") for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")],
    "check cells as markdown": lambda nb: [c.update(cell_type="markdown") for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")],
    "check cells doubled, with other points": lambda nb: nb.cells.extend(
        [nbformat.from_dict({**c, "source": "1000", "metadata": {"nbgrader": {**c.metadata.nbgrader, "points": 1000}}})
         for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")]),
    "check cells that hand in another question's answers": lambda nb: by_grade_id(nb, "steps").update(
        source="check('two_layer.parameters', dense1_parameters=78500, dense2_parameters=1010, total_parameters=79510)"),
    "check cells first": lambda nb: nb.cells.sort(key=lambda c: not c.metadata.get("nbgrader", {}).get("grade")),
    "grade ids of other assignments": lambda nb: nb.cells.append(
        nbformat.v4.new_code_cell("check('deep.network')", metadata={"nbgrader": {"grade_id": "network", "points": 99, "grade": True}})),
    "grade ids swapped": lambda nb: (by_grade_id(nb, "steps").metadata.nbgrader.update(grade_id="tmp"),
                                     by_grade_id(nb, "outputs").metadata.nbgrader.update(grade_id="steps"),
                                     by_grade_id(nb, "tmp").metadata.nbgrader.update(grade_id="outputs")),
}  # fmt: skip


@pytest.mark.parametrize("change", CELLS.values(), ids=CELLS)
def test_changed_cells_that_grade_are_put_back(change, grader: Grader, before) -> None:
    wrong = edited(
        honest(grader.course, "short"),
        {"parameters-answer": "dense1_parameters = dense2_parameters = total_parameters = 0"},
    )
    unchanged = nbformat.writes(wrong).encode()
    change(wrong)
    if what_runs(nbformat.writes(wrong).encode(), grader.course) == what_runs(unchanged, grader.course):
        return
    report = grader(wrong, "two_layer").report
    honest_points = {question.question: question.points for question in before("short").questions}
    for question in report.questions:
        wanted = 0 if question.question == "parameters" else honest_points[question.question]
        assert question.points <= wanted and question.out_of < 10, question
    assert report.out_of == before("short").out_of and len(report.questions) == len(before("short").questions)


# ---- files and folders


def submission(place: Path) -> Submission:
    return Submission("mallory", "two_layer", place / "two_layer.ipynb")


def grade(place: Path, grader: Grader) -> Report:
    return grade_submission(submission(place), grader.course, grader.bench, grader.sandbox).report


def refused(report: Report, phrase: str) -> None:
    assert report.points == 0 and phrase in report.questions[0].problem, report.questions[0].problem


def test_links_pipes_devices_and_folders_are_not_read(tmp_path: Path, grader: Grader) -> None:
    secret = grader.course.root / "solutions" / "two_layer" / "two_layer.ipynb"
    for name, target in {
        "absolute": secret,
        "relative": Path(os.path.relpath(secret, tmp_path)),
        "device": Path("/dev/zero"),
        "loop": tmp_path / "two_layer.ipynb",
    }.items():
        place = tmp_path / name
        place.mkdir()
        (place / "two_layer.ipynb").symlink_to(target)
        refused(grade(place, grader), "link")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "two_layer.ipynb")
    refused(grade(tmp_path / "pipe", grader), "not an ordinary file")
    (tmp_path / "folder" / "two_layer.ipynb").mkdir(parents=True)
    refused(grade(tmp_path / "folder", grader), "not an ordinary file")
    (tmp_path / "nothing").mkdir()
    refused(grade(tmp_path / "nothing", grader), "can't be read")


@pytest.mark.timeout(60)
def test_a_file_of_a_terabyte_costs_no_time(tmp_path: Path, grader: Grader) -> None:
    with (tmp_path / "two_layer.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    refused(grade(tmp_path, grader), "larger than")


@pytest.mark.timeout(60)
def test_submitted_folders_of_every_odd_sort(tmp_path: Path, course: Course) -> None:
    submitted = tmp_path / "submitted"
    good = nbformat.writes(honest(course, "short"))
    (submitted / "alice" / "two_layer").mkdir(parents=True)
    (submitted / "alice" / "two_layer" / "two_layer.ipynb").write_text(good)
    (submitted / "linked").symlink_to(submitted / "alice")
    (submitted / "outside").symlink_to("/")
    (submitted / "bob").mkdir()
    (submitted / "bob" / "two_layer").symlink_to(submitted / "alice" / "two_layer")
    (submitted / "bob" / "..two_layer").mkdir()
    (submitted / "carol").write_text("a file")
    (submitted / ".hidden" / "two_layer").mkdir(parents=True)
    many = submitted / "dave" / "two_layer"
    many.mkdir(parents=True)
    for number in range(10_000):
        (many / f"{number}.ipynb").touch()
    (submitted / "eve" / "two_layer").mkdir(parents=True)
    (submitted / "eve" / "two_layer" / "renamed.ipynb").symlink_to(
        submitted / "alice" / "two_layer" / "two_layer.ipynb"
    )
    (submitted / "frank" / "two_layer" / "two_layer" / "two_layer").mkdir(parents=True)
    found = {one.student: one for one in find_submissions(submitted, course)}
    assert sorted(found) == ["alice", "dave", "eve", "frank"]
    for name in ("dave", "eve", "frank"):
        assert found[name].digest() == ""


def test_a_forged_or_huge_timestamp_harms_only_its_own_submission(tmp_path: Path) -> None:
    for name, write in {
        "huge": lambda file: os.truncate(file, 1 << 29), "noise": lambda file: file.write_bytes(b"\xff\x00" * 50),
        "script": lambda file: file.write_text("<script>alert(1)</script>"), "year": lambda file: file.write_text("99999-01-01"),
        "far": lambda file: file.write_text("9999-12-31 23:59:59-12:00"), "near": lambda file: file.write_text("0001-01-01 00:00:00+14:00"),
    }.items():  # fmt: skip
        place = tmp_path / name
        place.mkdir()
        (place / "timestamp.txt").touch()
        write(place / "timestamp.txt")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            moment = submitted_at(submission(place))
        except AutograderError:
            continue
        finally:
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, name  # kilobytes
        assert moment is None or moment.astimezone(dt.UTC), name  # the gradebook's clock


# ---- pages and terminals


SCRIPT = "<script>alert('gotcha')</script><img src=x onerror=alert(2)>"
NAMES = (
    "[/red]",
    "[link=file:///etc/passwd]x",
    "[bold]",
    "<script>alert(1)</script>",
    "\x1b]0;pwned\x07",
    "a\nb",
    "=cmd|'/C calc'!A0",
    "‮gnp.exe",
    "' OR 1=1 --",
    "x" * 200,
    "..",
    "-rf",
)


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_of_students_stay_text(name: str, grader: Grader, before) -> None:
    report = before("short").model_copy(update={"student": name})
    console = Console(record=True, width=200, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(class_table([report], ["two_layer"], {(name, "two_layer"): 1.0}))
    for line in failed_checks(report):
        console.print(line)
    text = console.export_text(styles=True)
    assert "\x1b]0;" not in text and "\x07" not in text and "file:///" not in text.replace(name, "")
    if name.isprintable():
        assert name[:20] in text
    assert Report.from_json(report.to_json()) == report


def test_our_tables_never_run_what_a_student_wrote(grader: Grader) -> None:
    attack = edited(honest(grader.course, "short"), {
        "outputs-answer": f"binary = multiclass = regression = {SCRIPT!r}",
        "parameters-answer": f"class Odd(Exception): pass\nOdd.__name__ = {SCRIPT!r}\nraise Odd({SCRIPT!r})",
        "steps-answer": f"steps_default, steps_full = [{SCRIPT!r}], {{{SCRIPT!r}: {SCRIPT!r}}}",
    })  # fmt: skip
    graded = grader(attack, "two_layer")
    assert "alert" in graded.report.to_json()  # the words themselves are shown
    for question in graded.report.questions:
        assert "<script" not in as_html(question) and "<img" not in as_html(question)
    for cell in graded.notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            page = cell.outputs[0].data["text/html"]
            assert "<script" not in page and "<img" not in page


class Page(HTMLParser):
    """What a browser would run of a page that isn't ours: scripts that mention alert, event handlers, javascript: links."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.runs, self.script = 0, [], False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen += 1
        self.script = tag == "script"
        self.runs += [(tag, name) for name, value in attributes if name.startswith("on") and "alert" in (value or "")]
        self.runs += [
            (tag, name)
            for name, value in attributes
            if "javascript:" in (value or "").lower().replace(" ", "")
            and name in ("href", "src", "srcdoc", "data", "action")
        ]
        self.runs += [(tag, "")] if tag in ("iframe", "object", "embed") else []

    def handle_data(self, data: str) -> None:
        if self.script and "alert" in data:
            self.runs.append(("script", data[:80]))

    def handle_endtag(self, tag: str) -> None:
        self.script = False


def test_feedback_pages_do_not_run_a_students_script(grader: Grader) -> None:
    """nbgrader renders the executed notebook: markdown, outputs and names that the student chose."""
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    config = Config()
    settings: dict[str, object] = {"get_config": lambda: config}
    exec((Path(__file__).parents[2] / "nbgrader_config.py").read_text("utf-8"), settings)  # the course's own settings
    attack = honest(grader.course, "short")
    attack.cells.insert(
        0,
        nbformat.v4.new_markdown_cell(
            f"# Mine {SCRIPT}\n[x](javascript:alert(3)) <iframe src='javascript:alert(4)'></iframe>"
        ),
    )
    attack.cells.insert(
        0,
        nbformat.v4.new_markdown_cell(
            "[x](javascript:alert(8)) [y](java&#115;cript:alert(9)) [z][1]\n\n[1]: javascript:alert(10)"
        ),
    )
    attack.cells.insert(1, nbformat.v4.new_code_cell(
        "from IPython.display import HTML, Javascript, SVG, Markdown, display\n"
        f"display(HTML({SCRIPT!r}), Javascript('alert(5)'), Markdown({SCRIPT!r}), SVG(\"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(6)'><script>alert(7)</script></svg>\"))"
    ))  # fmt: skip
    graded = grader(attack, "two_layer")
    page, _ = HTMLExporter(config=config).from_notebook_node(graded.notebook)
    found = Page()
    found.feed(page[page.index("<body") :])
    assert found.seen > 100 and found.runs == []


def test_bytes_that_are_base64_of_a_notebook_are_no_notebook(grader: Grader) -> None:
    encoded = base64.b64encode(nbformat.writes(honest(grader.course, "short")).encode())
    assert grader(encoded, "two_layer").report.points == 0


def test_the_perfect_notebook_of_another_assignment_earns_nothing_here(grader: Grader) -> None:
    other = solved(grader.course, "deep")
    other.cells = [
        cell
        for cell in other.cells
        if cell.id in ("imports", "count-answer", "count-check", "names-answer", "names-check")
    ]
    assert grader(other, "two_layer").report.points == 0
    assert BASES["short"][0] == "two_layer"
