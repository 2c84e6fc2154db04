"""Is this machine, and this course, ready to grade? One finding for each thing that grading needs, with the remedy.

Nothing here imports TensorFlow but `deep`. A finding is never an exception: what can't be looked at is said to be so.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import PackageNotFoundError, entry_points, metadata, version
from pathlib import Path

from packaging.specifiers import SpecifierSet

from autograder.common.errors import AutograderError
from autograder.common.files import said_of
from autograder.common.i18n import N_, _
from autograder.common.machine.capacity import WORKER_GB, cores, default_workers, gigabytes
from autograder.common.machine.requirements import NETWORKS, THIS, least, recent
from autograder.course.course import Course, DataSettings, find, load
from autograder.course.packages import ALWAYS, lacking
from autograder.course.released_notebook import RELEASES

FREE_GB = 2
KERNEL = "python3"
PROVISIONERS = "jupyter_client.kernel_provisioners"


class Mark(StrEnum):
    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """`subject` is what was looked at, `says` what was found; `remedy` is '' when nothing is to be done."""

    subject: str
    mark: Mark
    says: str
    remedy: str = ""


def good(subject: str, says: str) -> Finding:
    return Finding(subject, Mark.GOOD, says)


def bad(subject: str, error: AutograderError) -> Finding:
    return Finding(subject, Mark.BAD, str(error), error.remedy)


def examine(course_file: Path | None, deep: bool = False) -> Iterator[Finding]:
    """All findings, in the order in which remedies are best followed; the course's own last. Keras only where it is needed."""
    course: Course | AutograderError
    try:
        course = load(course_file)
    except AutograderError as error:
        course = error
    networks = isinstance(course, AutograderError) or course.networks
    yield _python()
    if networks:
        yield from (_installed("Keras", "keras"), _installed("TensorFlow", "tensorflow"))
    if isinstance(course, AutograderError) and not _is_there(course_file):
        yield _data_set()  # of the course that comes with the package
    elif not isinstance(course, AutograderError) and networks:
        for data in course.all_data:
            yield _guarded(N_("the course's data set"), partial(_data_set, data, course.root), None)
    yield from (_sandbox(), _machine(), _disk(), _kernel())
    if isinstance(course, AutograderError):
        yield bad("course.yml", course)
    else:
        count = len(course.assignments)
        yield good("course.yml", _("{count} assignments in {folder}", count=count, folder=course.root))
        if course.isolation == "bubblewrap":
            yield _guarded(N_("isolation"), _apart, course)
        yield from (_guarded(N_("gradebook"), _gradebook, course), _guarded(N_("nbgrader"), _nbgrader, course))
        yield from (_guarded(N_("releases"), _releases, course), _guarded(N_("packages"), _packages, course))
    if deep:
        yield _guarded(N_("training"), _training, None)


def _is_there(course_file: Path | None) -> bool:
    """Whether there is a course, right or wrong: its data are its own, and what is wrong with it is said below."""
    try:
        return (course_file or find()).is_file()
    except AutograderError:
        return False


def _guarded(subject: str, look: Callable[..., Finding], course: Course | None) -> Finding:
    try:
        return look(course) if course is not None else look()
    except (AutograderError, OSError) as error:
        return bad(_(subject), said_of(error) if isinstance(error, OSError) else error)
    except Exception as error:  # this command is run because something is broken
        return Finding(_(subject), Mark.BAD, f"{type(error).__name__}: {error}"[:500])


def _python() -> Finding:
    found = platform.python_version()
    wanted = metadata(THIS)["Requires-Python"]
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return good("Python", found)
    return Finding("Python", Mark.BAD, found, _("Use Python {wanted}: `make setup PYTHON=python3.12`.", wanted=wanted))


def _installed(subject: str, package: str) -> Finding:
    wanted = least(package)
    extra = "tensorflow" if package in NETWORKS else "grading"
    remedy = _("Run `make setup`, or `pip install '{package}'`.", package=f"{THIS}[{extra}]")
    try:
        found = version(package)
    except PackageNotFoundError:
        return Finding(subject, Mark.BAD, _("not installed; {wanted} or newer is needed", wanted=wanted), remedy)
    if not recent(package, found):
        return Finding(subject, Mark.BAD, _("{found}; {wanted} or newer is needed", found=found, wanted=wanted), remedy)
    return good(subject, found)


def _data_set(data: DataSettings | None = None, root: Path | None = None) -> Finding:
    from autograder.common.data import data_sets

    if data is not None and (data.of_course or not data_sets.has_images(data.name)):
        return _own_data(data, root or Path())
    source = data_sets.source(data.name if data is not None else data_sets.USUAL)
    try:
        return good(_(source.title), str(source.find(download=False)))
    except AutograderError as error:
        return bad(_(source.title), error)


def _own_data(declared: DataSettings, root: Path) -> Finding:
    try:
        data = declared.load(root)
    except AutograderError as error:
        return bad(declared.of_course, error)
    if declared.images:
        of = " x ".join(map(str, data.shape))
        says = _("{rows:,} images of {shape} pixels, {count} classes", rows=len(data), shape=of, count=data.class_count)
        return good(_(data.title), says)
    return good(_(data.title), _("{rows} rows of {columns} numbers", rows=len(data), columns=data.values))


def _packages(course: Course) -> Finding:
    """What students may import, beside what grading needs."""
    wanted = (*ALWAYS, *course.packages)
    if not (absent := lacking(wanted)):
        return good(_("packages"), ", ".join(wanted))
    quoted = " ".join(f"'{package}'" for package in absent)
    remedy = _("Run `pip install {packages}`: questions that need one are undecided without it.", packages=quoted)
    return Finding(_("packages"), Mark.BAD, _("not installed: {packages}", packages=", ".join(absent)), remedy)


def _sandbox() -> Finding:
    from autograder.sandbox import bubblewrap, cgroups

    reason = bubblewrap.available()
    if reason:
        return Finding("bubblewrap", Mark.BAD, _("student code can't be isolated here"), reason)
    above, why = cgroups.usable()
    says = _("student code can be isolated: own namespaces, no network")
    held = (
        _("memory by control groups in {folder}", folder=above) if above else _("memory by watching ({why})", why=why)
    )
    return good("bubblewrap", f"{says}; {held}")


def _apart(course: Course) -> Finding:
    from autograder.classroom.grading.isolation import keep_apart

    keep_apart(course)
    return good(_("isolation"), _("no notebook can see the course's folder"))


def _machine() -> Finding:
    memory = gigabytes()
    if memory is None:
        return good(_("machine"), _("{cores} cores, memory unknown", cores=cores()))
    says = _("{cores} cores, {memory:.0f} GB of memory: room for {workers} workers", cores=cores(), memory=memory, workers=default_workers())  # fmt: skip
    if memory < WORKER_GB:
        remedy = _("A worker needs about {memory} GB of memory.", memory=WORKER_GB)
        return Finding(_("machine"), Mark.DOUBTFUL, says, remedy)
    return good(_("machine"), says)


def _disk() -> Finding:
    from autograder.networks.memo import default_folder

    folder = default_folder()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = {place: shutil.disk_usage(place).free / 2**30 for place in (there, Path(tempfile.gettempdir()))}
    place, least = min(free.items(), key=lambda item: item[1])
    says = _("{free:.0f} GB free", free=least)
    if least < FREE_GB:
        remedy = _("Free some room in {folder}: `autograder memo clear` forgets trainings.", folder=place)
        return Finding(_("disk"), Mark.DOUBTFUL, says, remedy)
    return good(_("disk"), says)


def _kernel() -> Finding:
    subject, remedy = _("kernel"), _("Run `{command}`.", command=f"{sys.executable} -m ipykernel install --sys-prefix")
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(KERNEL)
    except NoSuchKernel:
        return Finding(subject, Mark.BAD, _("there is no kernel '{name}'", name=KERNEL), remedy)
    if "autograder-sandbox" not in {point.name for point in entry_points(group=PROVISIONERS)}:
        says = _("the sandbox is not registered with Jupyter")
        return Finding(
            subject, Mark.BAD, says, _("Run `make setup`, or `pip install '{package}'`.", package=f"{THIS}[grading]")
        )
    # As jupyter_client's KernelManager.format_kernel_cmd: a bare `python` is the Python that starts it, activated or not.
    bare = spec.argv[0] in ("python", *(f"python{'.'.join(map(str, sys.version_info[:parts]))}" for parts in (1, 2)))
    program = sys.executable if bare else shutil.which(spec.argv[0]) or spec.argv[0]
    if not Path(program).exists():
        return Finding(subject, Mark.BAD, _("kernel '{name}' runs {program}, which does not exist", name=KERNEL, program=program), remedy)  # fmt: skip
    return good(subject, _("'{name}' and the sandbox's own", name=KERNEL))


def _gradebook(course: Course) -> Finding:
    from autograder.classroom.gradebook.book import Book
    from autograder.classroom.gradebook.database import address, shown, sqlite_file

    subject, url = _("gradebook"), address(course)
    place = shown(url)
    if file := sqlite_file(url):
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            says = _("{gradebook} can't be written", gradebook=place)
            return Finding(subject, Mark.BAD, says, _("Change its owner or its permissions."))
        if not file.exists():
            return good(subject, _("{gradebook} will be made at the first grading", gradebook=place))
        problem = _locked(file)
        if problem:
            return Finding(subject, Mark.BAD, f"{place}: {problem}", _("Close what is writing to it."))
    with Book(url, course.course.id) as book:
        return good(subject, _("{gradebook}: {count} submissions", gradebook=place, count=len(book.scores())))


def _locked(file: Path) -> str:
    """Why nothing can be written to an SQLite file now; '' when it can. Changes nothing."""
    connection = sqlite3.connect(file, timeout=1, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
    return ""


def _nbgrader(course: Course) -> Finding:
    installed = _installed("nbgrader", "nbgrader")
    if installed.mark is not Mark.GOOD:
        return installed
    file = course.root / "nbgrader_config.py"
    if not file.is_file():
        remedy = _("Copy nbgrader_config.py of this package into the course's folder.")
        return Finding("nbgrader", Mark.DOUBTFUL, _("there is no {file}", file=file), remedy)
    from traitlets.config.loader import PyFileConfigLoader

    said = PyFileConfigLoader(file.name, path=str(file.parent)).load_config().get("CourseDirectory", {})
    wanted = {
        "course_id": course.course.id,
        "source_directory": "solutions",
        "release_directory": f"{RELEASES}/{course.language}",
    }
    if course.gradebook.startswith("sqlite:"):  # elsewhere the address may hold a password, which belongs in no file
        wanted["db_url"] = course.gradebook
    odd = [f"{key} = {said.get(key)!r}" for key, value in wanted.items() if said.get(key) != value]
    if odd:
        right = ", ".join(f"{key} = {value!r}" for key, value in wanted.items() if said.get(key) != value)
        says = _("nbgrader_config.py does not fit course.yml: {odd}", odd=", ".join(odd))
        return Finding("nbgrader", Mark.BAD, says, _("Write {right} there.", right=right))
    return good("nbgrader", _("{version}, and nbgrader_config.py fits course.yml", version=installed.says))


def _releases(course: Course) -> Finding:
    from autograder.authoring.release import stale

    old = [str(path) for path in stale(course)]
    if old:
        says = _("out of date: {path}", path=", ".join(old[:3]) + (" ..." if len(old) > 3 else ""))
        return Finding(_("releases"), Mark.BAD, says, _("Run `autograder release`."))
    return good(_("releases"), _("assignments/ is up to date"))


def _training() -> Finding:
    """One epoch of a tiny network on a thousand images, twice: TensorFlow works, and gives the same bits."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import json

    import numpy as np

    from autograder.common.data import data_sets
    from autograder.common.data.lookups import UNIT_PIXELS
    from autograder.networks.fit_spec import FitSpec, Samples
    from autograder.networks.train import Trainer, settle

    settle()
    loaded = data_sets.load()
    rows = np.arange(1000, dtype=np.int32)
    dense = {"units": 10, "activation": "softmax"}
    plan = json.dumps({"input": [loaded.values], "layers": [["Dense", True, dense]]})
    settings = json.dumps({"optimizer": ["SGD", {"learning_rate": 0.1}], "loss": ["sparse_categorical_crossentropy", {}], "metrics": ["accuracy"]})  # fmt: skip
    spec = FitSpec(plan, settings, Samples(rows, loaded.targets[rows], UNIT_PIXELS, (loaded.values,)), 1, 32, True, 42)
    trainer = Trainer(loaded)
    first, second = trainer.fit(spec), trainer.fit(spec)
    subject = _("training")
    if any(not np.array_equal(a, b) for a, b in zip(first.weights, second.weights, strict=True)):
        says = _("the same training gives different weights on this machine")
        return Finding(subject, Mark.BAD, says, _("Grade on another machine: scores would depend on chance here."))
    return good(subject, _("a small network was trained twice, with the same result"))
