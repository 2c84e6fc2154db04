"""What a platform called a submission, from what `collect` remembers of where each attempt came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.classroom.collect.attempts import Attempt, SubmissionPaths, digest_of, read_record
from autograder.classroom.collect.platforms import Platform
from autograder.classroom.folder import Folder, Work


@dataclass(frozen=True)
class Origin:
    """`part`: the name that the platform gave to the submission, one folder or file; the rest is what that name says of the student."""

    part: str
    name: str = ""
    number: str = ""


def origin(folder: Folder, work: Work, platform: Platform) -> Origin | None:
    """Where the submission that counts came from; None if it was not collected from `platform`, or by no name of its own.

    Raises CollectError for a damaged list of attempts.
    """
    place = SubmissionPaths(folder.submitted, work.student, work.assignment)
    there = place.notebook()
    digest = digest_of(there) if there is not None else ""
    recorded_last = reversed(read_record(place.record).attempts)
    # What counts, and of that, or where it was mended by hand, the latest: in whatever order they were collected.
    latest = sorted(recorded_last, key=Attempt.rank, reverse=True)
    for attempt in sorted(latest, key=lambda attempt: attempt.sha256 != digest):
        found = next(_parts(attempt, platform), None)
        if found is not None:
            return found
    return None


def _parts(attempt: Attempt, platform: Platform) -> Iterator[Origin]:
    """The platform's part of an attempt's path. Names that students chose stand below it, and claim somebody else if they look like one."""
    whose = attempt.claim.partition(":")[2]
    if attempt.claim.partition(":")[0] not in ("", platform.name):
        return
    for part in PurePosixPath(attempt.file).parts:
        for form in platform.forms:
            match = re.fullmatch(form.pattern, part, re.IGNORECASE)
            groups = match.groupdict() if match else {}
            name, number, login = (groups.get(key) or "" for key in ("name", "number", "login"))
            claims = {login, f"{name} {number}".strip(), f"{name}_{number}"}
            if match and (whose in claims or (not name and not login) or not whose):
                # The number in a team's name is the group's where the name is: the student's own is the roster's.
                is_teams = attempt.claim == f"{platform.name}:" and platform.team == "name"
                yield Origin(part, name, attempt.number if is_teams else number)
