"""Files in which a platform says more about submissions than their names do: whose they are, and since when.

They are looked for at the one place where the platform puts them, beside its own names, and never among what students handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import yaml

from autograder.classroom.collect.encodings import as_utf8
from autograder.classroom.collect.paths import Cut, Groups, Rule
from autograder.classroom.collect.platforms import BLACKBOARD, GRADESCOPE
from autograder.classroom.collect.sources import File, Source
from autograder.classroom.collect.zip_directory import Refused
from autograder.common.errors import SubmissionError
from autograder.common.machine.confined import OverLimit, confined

More = Callable[[Cut], list[Groups]]
_NOTE_BYTES = 1_000_000
_METADATA_BYTES = 100_000_000  # holds the results of every attempt
_METADATA = "submission_metadata.yml"
_NOTHING = ("", "~", "null")
_ZONE = re.compile(r"Z|[-+][\d:]+")
_ATTEMPT = re.compile(r".+?_[^_]+_[^\W\d_]+_\d{4}(?:-\d\d){5}(?=_|\.txt\Z)")
_BLACKBOARD_NAME = re.compile(r"^[^:\n]{1,20}: (?P<name>[^\n]*?) \((?P<login>[^()\n]+)\)[ \t]*\r?$", re.MULTILINE)


def more(rule: Rule, source: Source) -> More:
    """What the platform's notes in `source` add: ``cut -> groups``, one for each person who handed in."""
    files = {file.path: file for file in source.files}
    if rule.platform is GRADESCOPE:
        return _gradescope(files)
    if rule.platform is BLACKBOARD:
        return _blackboard(files)
    return lambda cut: [cut.groups]


def _blackboard(files: dict[str, File]) -> More:
    """The first line of an attempt's .txt is ``Name: Jane Doe (jane_doe)``: a user name may hold the ``_`` that parts names."""

    def add(cut: Cut) -> list[Groups]:
        attempt = _ATTEMPT.match(cut.platform)
        note = files.get(cut.sibling(f"{attempt[0]}.txt")) if attempt else None
        found = _BLACKBOARD_NAME.search(_text(note, _NOTE_BYTES)[:2000]) if note else None
        person = found.groupdict() if found else {}
        # A note that somebody else wrote can't make a file theirs: the login must be in the file's own name.
        named = f"{cut.groups.get('assignment', '')}_{cut.groups.get('login', '')}"
        fits = person and named.endswith(f"_{person['login']}")
        return [{**cut.groups, **person} if fits else cut.groups]

    return add


def _gradescope(files: dict[str, File]) -> More:
    known: dict[str, dict[str, list[Groups]]] = {}  # by file of metadata, and by folder of a submission

    def add(cut: Cut) -> list[Groups]:
        place = cut.sibling(_METADATA)
        if place not in known:
            known[place] = _metadata(files[place]) if place in files else {}
        people = known[place].get(cut.platform, [])
        return [{**cut.groups, **one} for one in people] or [cut.groups]

    return add


def _metadata(file: File) -> dict[str, list[Groups]]:
    """Students chose names in it, and what their programs said: within limits, as all that strangers wrote."""
    try:
        found: dict[str, list[Groups]] = confined(
            partial(_read, _text(file, _METADATA_BYTES)), seconds=300, megabytes=8192
        )
    except (OverLimit, SubmissionError):
        return {}
    return found


def _people(metadata: Any) -> dict[str, list[Groups]]:
    people: dict[str, list[Groups]] = {}
    for name, entry in _mapping(metadata).items():
        submitters = _mapping(entry).get(":submitters")
        found = [one for each in submitters if (one := _submitter(each))] if isinstance(submitters, list) else []
        moment = _scalar(_mapping(entry).get(":created_at"))
        time, _blank, zone = moment.rpartition(" ")
        if _ZONE.fullmatch(zone):  # before which Ruby writes a blank
            moment = time.rstrip(" ") + zone
        people[str(name)] = [{**one, "time": moment} if moment else one for one in found]
    return people


def _submitter(entry: Any) -> Groups:
    """Their student number where the course has one, else the part of the address before the @."""
    fields = {key: _scalar(value) for key, value in _mapping(entry).items()}
    login = fields.get(":sid") or fields.get(":email", "").partition("@")[0] or fields.get(":name", "")
    named = {"login": login, "name": fields.get(":name", ""), "email": fields.get(":email", "")}
    return {key: value for key, value in named.items() if value}


def _scalar(value: Any) -> str:
    """A text, number or time as it is written; '' for what holds other things, and where nothing stands."""
    return value if isinstance(value, str) and value not in _NOTHING else ""


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


# All that is no list or mapping is text, and ``<<`` an ordinary key: a student called 9999-99-99, whom Ruby writes without quotes, would
# be a day that no calendar has, and nobody of the class be known; merged again and again, a kilobyte becomes gigabytes.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _read(text: str) -> dict[str, list[Groups]]:
    """Who handed in, by folder; nothing of what is no YAML, or repeats itself by aliases."""
    try:
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
            return {}
        return _people(yaml.load(text, _Loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def _text(file: File, limit: int) -> str:
    try:
        content, _ = as_utf8(file.read(limit))
        return content.decode("utf-8", "replace")
    except Refused:
        return ""
