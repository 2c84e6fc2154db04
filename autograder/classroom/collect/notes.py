"""Files in which a platform says more about submissions than their names do: whose they are, and since when."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import yaml

from autograder.classroom.collect.archives import Refused
from autograder.classroom.collect.encodings import as_utf8
from autograder.classroom.collect.platforms import BLACKBOARD, GRADESCOPE, Rule
from autograder.classroom.collect.sources import File, Source

Groups = dict[str, str]
More = Callable[[str, Groups], list[Groups]]
_NOTE_BYTES = 1_000_000
_METADATA_BYTES = 100_000_000  # holds the results of every attempt
_ATTEMPT = re.compile(r"^.*_\d{4}(?:-\d\d){5}(?=_|\.txt\Z)")
_BLACKBOARD_NAME = re.compile(r"^[^:\n]{1,20}: (?P<name>[^\n]*?) \((?P<login>[^()\n]+)\)[ \t]*\r?$", re.MULTILINE)


def more(rule: Rule, source: Source) -> More:
    """What the platform's notes in `source` add: ``(path, groups) -> groups``, one for each person who handed in."""
    files = [file for file in source.files if rule.platform.notes and file.path.endswith(rule.platform.notes)]
    if rule.platform is GRADESCOPE:
        return _gradescope(files)
    if rule.platform is BLACKBOARD:
        return _blackboard(files)
    return lambda path, groups: [groups]


def _blackboard(files: list[File]) -> More:
    """The first line of an attempt's .txt is ``Name: Jane Doe (jane_doe)``: a user name may hold the ``_`` that parts names."""
    people: dict[str, Groups] = {}
    for file in files:
        attempt = _ATTEMPT.match(file.path)
        if attempt and attempt.end() + len(".txt") == len(file.path):
            text = _text(file, _NOTE_BYTES)
            if found := _BLACKBOARD_NAME.search(text[:2000]):
                people[attempt[0]] = found.groupdict()

    def add(path: str, groups: Groups) -> list[Groups]:
        attempt = _ATTEMPT.match(path)
        person = people.get(attempt[0], {}) if attempt else {}
        # A note that somebody else wrote can't make a file theirs: the login must be in the file's own name.
        named = f"{groups.get('assignment', '')}_{groups.get('login', '')}"
        fits = person and named.endswith(f"_{person['login']}")
        return [{**groups, **person} if fits else groups]

    return add


def _gradescope(files: list[File]) -> More:
    people: dict[str, list[Groups]] = {}
    for file in files:
        folder = PurePosixPath(file.path).parent
        for name, entry in _mapping(_yaml(file)).items():
            submitters = _mapping(entry).get(":submitters")
            found = [_submitter(each) for each in submitters] if isinstance(submitters, list) else []
            moment = _mapping(entry).get(":created_at")
            for one in found if moment else ():
                one["time"] = str(moment)
            people[f"{folder / str(name)}/"] = [one for one in found if one]

    def add(path: str, groups: Groups) -> list[Groups]:
        for prefix, found in people.items():
            if path.startswith(prefix) and found:
                return [{**groups, **one} for one in found]
        return [groups]

    return add


def _submitter(entry: Any) -> Groups:
    """Their student number where the course has one, else the part of the address before the @."""
    fields = {key: str(value) for key, value in _mapping(entry).items() if value}
    login = fields.get(":sid") or fields.get(":email", "").partition("@")[0] or fields.get(":name", "")
    named = {"login": login, "name": fields.get(":name", ""), "email": fields.get(":email", "")}
    return {key: value for key, value in named.items() if value}


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _yaml(file: File) -> Any:
    try:
        return yaml.load(_text(file, _METADATA_BYTES), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _text(file: File, limit: int) -> str:
    try:
        content, _ = as_utf8(file.read(limit))
        return content.decode("utf-8", "replace")
    except Refused:
        return ""
