"""A cell that looks through its own kernel for what only the grader may know: what a curious student would try.

It goes into the untouched release, so that nothing which the student wrote can be what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from autograder.authoring.verify.proof import Reason
from autograder.authoring.verify.releases import hidden_checks
from autograder.classroom.folder import Folder
from autograder.common.i18n import _
from autograder.course.course import FILE, Course
from autograder.course.released_notebook import released_notebook
from autograder.sandbox import bound_folders

FOUND, DONE = "PROBE FOUND", "PROBE DONE"
_ID = "verify-probe"

# Needles come reversed, and are turned round one at a time, so that the probe's own text is not what it finds.
_PROBE = """\
def probe(reversed_needles, files, modules):
    import ctypes, gc, importlib, os, sys
    found = []
    for thing in gc.get_objects():
        if str(getattr(type(thing), "__module__", "")) in modules:
            found.append("an object of the grader's, " + type(thing).__name__)
    for name in modules:
        try:
            importlib.import_module(name)
            found.append("a part of the grader, " + name)
        except ImportError:
            pass
    folder = os.path.abspath(os.curdir)
    while True:
        found += [os.path.basename(file) for file in files if os.path.lexists(os.path.join(folder, file))]
        if folder == os.path.dirname(folder):
            break
        folder = os.path.dirname(folder)
    package = os.path.dirname(os.path.dirname(__import__("autograder").__file__))
    found += [os.path.basename(file) for file in files if os.path.lexists(os.path.join(package, file))]
    needles = [text[::-1].encode() for text in reversed_needles]
    buffer = bytearray(1 << 22)
    first = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    total = 0
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in open("/proc/self/maps"):
            area, rights, _, _, _, *path = line.split()
            start, end = (int(number, 16) for number in area.split("-"))
            if "rw" not in rights or (path and path != ["[heap]"]):
                continue
            at = start
            while at < end:
                memory.seek(at)
                try:
                    count = memory.readinto(memoryview(buffer)[: min(len(buffer), end - at)])
                except OSError:
                    break
                if not count:
                    break
                total += count
                for needle in needles:
                    place = buffer.find(needle, 0, count)
                    while place >= 0:
                        address = at + place
                        own = any(0 <= address - id(one) < 200 for one in needles) or 0 <= address - first < len(buffer)
                        if not own:
                            found.append("in memory: " + needle.decode())
                        place = buffer.find(needle, place + 1, count)
                at += count
    for name in sorted(set(found)):
        print("{found}", name)
    print("{done}" if total > 10_000_000 else "", total)


probe({needles}, {files}, {modules})
"""


def needles(course: Course, assignment: str) -> list[str]:
    """Texts of the grader's that no student's kernel may hold: places of reference functions, ids of hidden accuracy checks."""
    found = set()
    for place, check in hidden_checks(course, assignment):
        found |= check.places()
        name = place.partition(".")[2]
        found |= {name} if len(name) >= 8 and check.type == "accuracy" and name != check.type else set()
    return sorted(found)


def files(course: Course) -> list[str]:
    """Names that must not be in sight: the whole course file, the solutions, what was handed in, the gradebook."""
    return [FILE, "solutions", "calibration.json", *(path.name for path in Folder(course.root).made())]


def notebook(course: Course, assignment: str) -> NotebookNode:
    """The untouched release with the probe as its last cell."""
    probed = released_notebook(course, assignment)
    reversed_needles = json.dumps([needle[::-1] for needle in needles(course, assignment)])
    source = (
        _PROBE.replace("{needles}", reversed_needles)
        .replace("{files}", json.dumps(files(course)))
        .replace("{modules}", json.dumps(bound_folders.outside()))
        .replace("{found}", FOUND)
        .replace("{done}", DONE)
    )
    cell = nbformat.v4.new_code_cell(source)
    cell["id"] = _ID
    probed.cells.append(cell)
    return probed


def findings(executed: NotebookNode, file: str) -> Iterable[Reason]:
    """What the probe printed; a reason as well when it did not come to its end, for then nothing is proven."""
    texts = [
        "".join(str(output.get(key, "")) for key in ("text", "ename", "evalue"))
        for cell in executed.cells
        if cell.get("id") == _ID
        for output in cell.get("outputs", ())
    ]
    printed = "".join(texts)
    for line in printed.splitlines():
        if line.startswith(FOUND):
            message = _("a student's code can find something that only the grader may know")
            yield Reason(message=message, file=file, found=line.removeprefix(FOUND).strip())
    if DONE not in printed:
        message = _("the look through the kernel did not come to its end, so it proves nothing")
        yield Reason(message=message, file=file, found=printed[-300:])
