"""How platforms name what they hand out: one frozen value each, so that adding one is a value here and its tests.

A pattern is matched against a file's path inside SOURCE, with ``/``; its groups say who handed in what:

========== ====================================================================
name       a person's name, or whatever a folder is called
login      a user name
number     the platform's own number for a person
assignment the assignment, as the platform calls it
time       when it was handed in
order      a number that grows from one upload to the next
late       there when the platform calls it late
file       the path that the student chose
========== ====================================================================

``{assignment}`` stands for any spelling of an assignment of the course, ``{prefix}`` for what the names of all
repositories in SOURCE begin with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograder.classroom.collect.names import Spellings
from autograder.common.i18n import N_


@dataclass(frozen=True)
class Platform:
    """The naming rule of a platform.

    `title` is shown, translated if it is more than a name. `patterns` are tried in order. `student` are the groups of which a
    student id is made when there is no roster.
    `telling`: how many of the patterns, from the first, show that SOURCE is from this platform (None: all of them).
    `whole`: patterns may look at the name of SOURCE itself. `checkout`: only files of git checkouts, whose last commit is
    the time. `notes` ends the name of a file that says more about submissions (`notes` module). `source`: where the
    rule is documented.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    student: tuple[str, ...]
    source: str
    telling: int | None = None
    whole: bool = False
    checkout: bool = False
    own: str = ""
    beside: tuple[str, ...] = ()
    notes: str = ""


EXCHANGE = Platform(
    name="exchange",
    title=N_("nbgrader's exchange"),
    patterns=(
        r"(?:^|/)(?P<login>[^/]+)\+(?P<assignment>[^/+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^/+]*)(?:\+[^/]*)?/(?P<file>.+)$",
    ),
    student=("login",),
    source="nbgrader, exchange/default/submit.py and collect.py: <user>+<assignment>+<time>+<random>",
    whole=True,
    own=r"(?:^|/)(?:outbound|feedback)/",
    beside=("submission_secret.txt",),  # release_feedback names the student's page by it
)
GITHUB = Platform(
    name="github",
    title="GitHub Classroom",
    patterns=(
        r"(?:^|/)(?P<assignment>[^/]+)-submissions/(?P=assignment)-(?P<login>[^/]+)/(?P<file>.+)$",
        r"(?:^|/)(?P<assignment>{assignment})-(?P<login>[^/]+)/(?P<file>.+)$",
        r"(?:^|/){prefix}-(?P<login>[^/]+)/(?P<file>.+)$",
    ),
    student=("login",),
    source="github/gh-classroom, cmd/gh-classroom/clone/student-repos: <assignment>-submissions/<assignment>-<user>/",
    whole=True,
    checkout=True,
)
GRADESCOPE = Platform(
    name="gradescope",
    title="Gradescope",
    patterns=(r"(?:^|/)(?P<number>submission_\d+)/(?P<file>.+)$",),
    student=("login",),
    source="Gradescope's export of submissions: submission_<number>/, and who that is in submission_metadata.yml",
    notes="submission_metadata.yml",
)
MOODLE = Platform(
    name="moodle",
    title="Moodle",
    patterns=(
        r"(?:^|/)(?P<login>(?:Participant|참가자|참여자)_\d+)_assignsubmission_[a-z]+(?:_?/|_)(?P<file>.+)$",
        r"(?:^|/)(?P<name>[^/]+?)(?:_(?P<number>\d+))?_assignsubmission_[a-z]+(?:_?/|_)(?P<file>.+)$",
    ),
    student=("login", "name"),
    source="moodle/moodle, mod/assign/classes/downloader.php: <full name>_<participant>_assignsubmission_<plugin>",
)
BLACKBOARD = Platform(
    name="blackboard",
    title="Blackboard",
    patterns=(
        r"(?:^|/)(?P<assignment>[^/]+)_(?P<login>[^/_]+)_[^\W\d_]+_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$",
    ),
    student=("login",),
    source="nbgrader's documentation of zip_collect: <assignment>_<user>_attempt_<time>_<file>, and a .txt an attempt",
    notes=".txt",
)
CANVAS = Platform(
    name="canvas",
    title="Canvas",
    patterns=(
        r"(?:^|/)(?P<late>LATE_)?(?P<login>anon_[^\W_]+)_(?P<order>\d+)_(?P<file>.+)$",
        r"(?:^|/)(?P<name>[^/_\d][^/]*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<order>\d+)_(?P<file>.+)$",
        r"(?:^|/)(?P<name>[^/_\d][^/]*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<file>(?:text|link)\.html)$",
    ),
    student=("login", "name", "number"),
    source="instructure/canvas-lms, lib/content_zipper.rb: <sortable name>_LATE_<user>_<attachment>_<file>",
)
CLASSROOM = Platform(
    name="classroom",
    title="Google Classroom",
    patterns=(
        r"(?:^|/)(?P<name>[^/]+?) - (?P<file>[^/]+)$",
        r"(?:^|/)(?P<assignment>{assignment})/(?P<name>[^/]+)/(?P<file>.+)$",
        r"(?:^|/)(?P<name>[^/]+)/(?P<file>[^/]+)$",
    ),
    student=("name",),
    source="not documented by Google: <name> - <file>, as Classroom calls the copies that it makes for each student",
    telling=1,
)
FOLDER = Platform(
    name="folder",
    title=N_("folders by student"),
    patterns=(
        r"^(?P<name>[^/]+)/(?P<assignment>{assignment})/(?P<file>.+)$",
        r"^(?P<assignment>{assignment})/(?P<name>[^/]+)/(?P<file>.+)$",
        r"^(?P<assignment>{assignment})/(?P<file>(?P<name>[^/]+?)(?: ?\(\d+\))?\.ipynb[^/]*)$",
        r"^(?P<name>[^/]+)/(?P<file>.+)$",
        r"^(?P<file>(?P<name>[^/]+?)[ _-]+(?P<assignment>{assignment})(?![^\W_])[^/]*)$",
        r"^(?P<file>(?P<assignment>{assignment})[ _-]+(?P<name>[^/]+?)(?: ?\(\d+\))?\.ipynb[^/]*)$",
        r"^(?P<file>(?P<name>[^/]+?)(?: ?\(\d+\))?\.ipynb[^/]*)$",
    ),
    student=("name",),
    source="nbgrader's layout, <student>/<assignment>/<file>, and simpler ones",
)
# The order in which they are tried: a rule that fits by chance comes after those that can't.
PLATFORMS = {each.name: each for each in (EXCHANGE, GITHUB, GRADESCOPE, MOODLE, BLACKBOARD, CANVAS, CLASSROOM, FOLDER)}
_CHOICE = (EXCHANGE, GITHUB, GRADESCOPE, MOODLE, BLACKBOARD, CANVAS, CLASSROOM)


class Rule:
    """A platform's patterns, made ready for one course and one source."""

    def __init__(self, platform: Platform, spellings: Spellings, source: str, repositories: Sequence[str] = ()) -> None:
        self.platform = platform
        self.spellings = spellings
        self.source = source
        prefix = _common_prefix(repositories)
        known = {"{assignment}": spellings.pattern(), "{prefix}": re.escape(prefix) if prefix else r"(?!)"}
        self.patterns = [_compiled(_filled(pattern, known)) for pattern in platform.patterns]

    def match(self, path: str, first: int | None = None) -> dict[str, str] | None:
        """The groups that `path` has, or None when it is not named by this rule (by its `first` patterns)."""
        for pattern in self.patterns[:first]:
            found = pattern.search(f"{self.source}/{path}" if self.platform.whole else path)
            if found is None:
                continue
            groups = {name: text for name, text in found.groupdict().items() if text}
            # 'two_layer.ipynb' names no student, and 'deep - final.ipynb' is not by somebody called Deep.
            if not self.spellings.exact(groups.get("name", "")):
                return groups
        return None

    def is_own(self, path: str) -> bool:
        return bool(self.platform.own and _compiled(self.platform.own).search(path))


def choose(paths: Sequence[str], checkouts: Sequence[str], rules: dict[str, Rule]) -> Rule:
    """The rule that at least half of `paths` (of notebooks) fit; the first that does, and folders where none does.

    `checkouts` are the paths that lie in git checkouts.
    """
    for platform in _CHOICE:
        rule = rules[platform.name]
        fitting = [path for path in (checkouts if platform.checkout else paths) if rule.match(path, platform.telling)]
        others = [path for path in paths if not rule.is_own(path)]
        if fitting and 2 * len(fitting) >= len(others):
            return rule
    return rules[FOLDER.name]


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
