"""Where a path of SOURCE is cut: into the teacher's folders, what the platform wrote, and what the student chose.

Whose work it is, and since when, is read from the platform's part alone. It stands at one place: the same number of folders down in
the whole of SOURCE, or the git checkout. Everything below that place is the student's, whatever it looks like; so the place is looked
for from the top, and one student's folder, however full, is one name among those of the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NewType

from autograder.classroom.collect.file_quota import folders_of
from autograder.classroom.collect.names import Spellings
from autograder.classroom.collect.platforms import FOLDER, MOODLE, PLATFORMS, Platform
from autograder.classroom.collect.sources import File

Groups = dict[str, str]
PlatformPart = NewType("PlatformPart", str)  # the name that the platform gave to a submission: one folder or file
StudentPart = NewType("StudentPart", str)  # the rest: names that a student chose, which say nothing of whose it is
Tree = dict[str, "Tree"]  # names below a folder; a file has none
_ITSELF = -1  # the depth of a SOURCE that is one submission
_BLIND = ("participant", "참가자", "참여자")  # where one submission alone can't show that its name is a word


@dataclass(frozen=True)
class Cut:
    """A path in three. `above` is '' or ends with a slash. `groups`: what the platform's part says."""

    above: str
    platform: PlatformPart
    student: StudentPart
    groups: Groups

    def sibling(self, name: str) -> str:
        """The path of what the platform itself puts beside its part."""
        return self.above + name

    def within(self, name: str) -> str:
        """The path of what the platform itself puts into its part."""
        return f"{self.above}{self.platform}/{name}" if self.platform else name


@dataclass(frozen=True)
class Ready:
    """A `Form`, compiled for one course and one source."""

    pattern: re.Pattern[str]
    levels: int
    folder: bool | None


class Rule:
    """A platform's forms, made ready for one course and one source: the place of its part is found once, for all files."""

    def __init__(
        self,
        platform: Platform,
        spellings: Spellings,
        source: str = "",
        notebooks: Sequence[File] = (),
        asked: bool = True,
    ) -> None:
        self.platform = platform
        self.spellings = spellings
        self.source = source
        self.asked = asked  # by somebody who knows the platform: then any name that fits shows its place
        self._checkouts = {file.path[: -len(inside)].rstrip("/") for file in notebooks if (inside := _inside(file))}
        prefix = _common_prefix([name for name in map(_checkout, notebooks) if name])
        known = {"{assignment}": spellings.pattern(), "{prefix}": re.escape(prefix) if prefix else r"(?!)"}
        self.forms = [
            Ready(_compiled(_filled(form.pattern, known)), form.levels, form.folder) for form in platform.forms
        ]
        self.blind = False
        self.depth, self.share = self._place(notebooks)
        if platform is MOODLE and (asked or self.share):
            self.blind = self._is_blind(notebooks)

    def _place(self, notebooks: Sequence[File]) -> tuple[int, float]:
        """How many folders down the platform's part stands, and the share of names there that are of its kind; 0 if it is under half."""
        if self.platform.checkout:
            units = {file.repository or file.path.partition("/")[0]: file for file in notebooks}
            fitting = [file for file in units.values() if self._of_checkout(file)]
            return 0, _share(len(fitting), len(units))
        if self.platform.whole and self._first(self.source):
            return _ITSELF, 1.0
        tree = _tree([file.path for file in notebooks])
        depths = range(_alone(tree) + 1 if self.platform.above is None else self.platform.above + 1)
        for depth in depths:
            if share := self._fitting(tree, depth, self.platform.telling):
                return depth, share
        if not self.asked:
            return 0, 0.0
        found = (depth for depth in depths if any(self._at(file.path, depth) for file in notebooks))
        return next(found, 0), 0.0

    def _fitting(self, tree: Tree, depth: int, first: int | None) -> float:
        """The share of names at `depth` that are of the platform's kind: of each of the teacher's folders above them the least. If one
        folder were enough, a student's could be it."""
        names = [name for name in tree if name.lower() not in self.platform.own]
        if not depth:
            return _share(sum(self._any(name, tree[name], first) for name in names), len(names))
        folders = [name for name in names if tree[name]]
        return min((self._fitting(tree[name], depth - 1, first) for name in folders), default=0.0)

    def _any(self, name: str, below: Tree, first: int | None) -> bool:
        """Whether `name`, alone or with a name below it, is of the platform's kind."""
        parts = [(name, bool(below)), *((f"{name}/{inner}", bool(below[inner])) for inner in below)]
        return any(self._read(form, part, inside) for form in self.forms[:first] for part, inside in parts)

    def _read(self, form: Ready, part: str, is_folder: bool) -> Groups:
        """What a name that the platform wrote says; empty where it has not this form."""
        if form.levels != part.count("/") + 1 or form.folder not in (None, is_folder):
            return {}
        found = form.pattern.fullmatch(part)
        groups = {name: text for name, text in found.groupdict().items() if text} if found else {}
        # 'two_layer.ipynb' names no student, and 'deep - final.ipynb' is not by somebody called Deep.
        return {} if self.spellings.exact(groups.get("name", "")) else groups

    def _first(self, part: str) -> Groups:
        return next((groups for form in self.forms if (groups := self._read(form, part, is_folder=True))), {})

    def cut(self, file: File) -> Cut | None:
        """The path of `file` in its three parts, or None where the platform wrote nothing."""
        cut = self._of_checkout(file) if self.platform.checkout else self._at(file.path, self.depth)
        return self._blinded(cut) if cut and self.blind else cut

    def _at(self, path: str, depth: int) -> Cut | None:
        if depth == _ITSELF:
            groups = self._first(self.source)
            return Cut("", PlatformPart(""), StudentPart(path), {**groups, "file": path}) if groups else None
        parts = path.split("/")
        for form in self.forms:
            end = depth + form.levels
            part, rest = "/".join(parts[depth:end]), parts[end:]
            if end <= len(parts) and (groups := self._read(form, part, bool(rest))):
                own = [groups["file"]] if groups.get("file") else [] if rest else [parts[-1]]
                student = "/".join([*own, *rest])
                above = "".join(f"{name}/" for name in parts[:depth])
                return Cut(above, PlatformPart(part), StudentPart(student), {**groups, "file": student})
        return None

    def _of_checkout(self, file: File) -> Cut | None:
        if file.repository is None or file.place is None:
            return None
        place = file.repository.resolve()
        part, inside = f"{place.parent.name}/{place.name}", file.place.relative_to(file.repository).as_posix()
        groups = self._first(part)
        above = file.path.removesuffix(inside)
        return Cut(above, PlatformPart(part), StudentPart(inside), {**groups, "file": inside}) if groups else None

    def upload(self, path: str) -> str:
        """The first folders of `path`, down to what the platform wrote: what one upload's files have in common."""
        if self.platform.checkout and (found := self._checkouts.intersection(folders_of(path))):
            return min(found)
        return "/".join(path.split("/")[: 1 + max(self.depth, 0)])

    def is_own(self, path: str) -> bool:
        """Whether a file is in one of the platform's own folders, beside those of submissions."""
        folders = PurePosixPath(path).parts[:-1]
        return any(name.lower() in self.platform.own for name in folders[: max(self.depth, 0) + 1])

    # ---- blind marking: a word and a number stand where a person's name does

    def _is_blind(self, notebooks: Iterable[File]) -> bool:
        cuts = [cut for file in notebooks if (cut := self._at(file.path, self.depth)) is not None]
        named = {(cut.groups.get("name", "").casefold(), cut.groups.get("number", "")) for cut in cuts}
        names = {name for name, _number in named}
        return len(names) == 1 and ((len(named) > 1 and not re.search(r"\s", names.pop())) or names <= set(_BLIND))

    def _blinded(self, cut: Cut) -> Cut:
        groups = {key: text for key, text in cut.groups.items() if key != "name"}
        login = f"{cut.groups.get('name', '')}_{cut.groups.get('number', '')}"
        return Cut(cut.above, cut.platform, cut.student, {**groups, "login": login})


def choose(spellings: Spellings, source: str, notebooks: Sequence[File]) -> Rule:
    """The rule whose names stand highest in SOURCE; of several there, the one that most names fit: the platform wrote all of them, and a
    student only the ends of some. Folders by student where none fits half of them."""
    rules = [Rule(platform, spellings, source, notebooks, asked=False) for platform in PLATFORMS.values()]
    fitting = [rule for rule in rules if rule.share and rule.platform is not FOLDER]
    return min(fitting, key=lambda rule: (rule.depth, -rule.share), default=rules[-1])


def _share(good: int, names: int) -> float:
    return good / names if good and 2 * good >= names else 0.0


def _tree(paths: Iterable[str]) -> Tree:
    tree: Tree = {}
    for path in paths:
        below = tree
        for name in path.split("/"):
            below = below.setdefault(name, {})
    return tree


def _alone(tree: Tree) -> int:
    """How many folders lie one in the other, each alone, before there is more than one name."""
    count = 0
    while len(tree) == 1 and (below := next(iter(tree.values()))):
        tree, count = below, count + 1
    return count


def _inside(file: File) -> str:
    """Where in its checkout a file lies; '' for one in none."""
    return file.place.relative_to(file.repository).as_posix() if file.place and file.repository else ""


def _checkout(file: File) -> str:
    return file.repository.resolve().name if file.repository else ""


def _filled(pattern: str, known: dict[str, str]) -> str:
    for placeholder, text in known.items():
        pattern = pattern.replace(placeholder, text)
    return pattern


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _common_prefix(names: Sequence[str]) -> str:
    """What all names begin with, up to a hyphen; '' for fewer than two names."""
    parts = [name.split("-") for name in dict.fromkeys(names)]
    if len(parts) < 2:
        return ""
    common = []
    for column in zip(*(each[:-1] for each in parts), strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    return "-".join(common)
