"""Writing into submitted/: a submission is there whole or not at all, and what it replaces is kept.

A new submission is written beside, the old folder moves to the attempts, the new one moves into its place. A process
that dies in between leaves the old one among the attempts and no new one: collecting again puts it there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autograder.classroom.collect import times
from autograder.classroom.collect.attempts import Step, digest_of, label
from autograder.classroom.collect.matching import Candidate, content
from autograder.classroom.collect.zip_directory import Refused
from autograder.common.errors import CollectError
from autograder.common.files import make, move, put, unwritable
from autograder.common.i18n import N_, _

_NEW = ".new"
_BESIDE = 10_000  # bytes; nbgrader's secret has 128

AGAIN = N_("Then collect again: nothing is lost, and what was written stays.")  # behind a remedy


def apply(step: Step, limit: int) -> None:
    """Do what `step` says. Raises CollectError when the disk or SOURCE doesn't let it; nothing is half there then."""
    if step.counts is None and not step.keep and not step.has_news:
        return
    try:
        for left in step.place.kept.glob(f"{_NEW}-*"):  # by a process that died
            shutil.rmtree(left, ignore_errors=True)
        for each in step.keep:
            _put(each, step.place.kept / label(each.digest, each.time), step.place.assignment, limit)
        if step.counts is not None:
            _replace(step, step.counts, limit)
        put(step.place.record, step.record.model_dump_json(indent=1) + "\n", durable=True)
    except Refused as error:
        raise CollectError(
            _("SOURCE changed while it was collected: {error}", error=error), _("Collect again.")
        ) from None
    except OSError as error:
        raise unwritable(step.place.folder, error, _(AGAIN), CollectError) from None


def _replace(step: Step, counts: Candidate, limit: int) -> None:
    place = step.place
    fresh = place.kept / f"{_NEW}-{label(counts.digest, counts.time)}"
    _put(counts, fresh, place.assignment, limit)
    if place.folder.exists():
        notebook = place.notebook()
        old = place.kept / label(digest_of(notebook) if notebook else "none", place.time())
        number = 1
        while old.exists():
            number += 1
            old = old.with_name(f"{old.name.partition('+')[0]}+{number}")
        move(place.folder, old)
    make(place.folder.parent, durable=True)
    move(fresh, place.folder, durable=True)


def _put(candidate: Candidate, folder: Path, assignment: str, limit: int) -> None:
    """The folder of one attempt: the notebook and its time."""
    data, _encoding = content(candidate.file, limit)
    scratch = folder.with_name(f"{_NEW}-{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    put(scratch / f"{assignment}.ipynb", data, durable=True)
    if candidate.time is not None:
        put(scratch / "timestamp.txt", times.stamp(candidate.time), durable=True)
    for file in candidate.beside:
        put(scratch / file.name, file.read(_BESIDE), durable=True)
    if digest_of(scratch / f"{assignment}.ipynb") != candidate.digest:
        shutil.rmtree(scratch)
        raise Refused(_("{path} is another file now", path=candidate.file.path))
    shutil.rmtree(folder, ignore_errors=True)
    move(scratch, folder, durable=True)
