"""How platforms name what they hand out: one frozen value each, so that adding one is a value here and its tests.

A platform writes one name into every path, at one place: the folder or file of a submission. A `Form` is what such a name may look
like, as a whole; its groups say who handed in what:

========== ====================================================================
name       a person's name, or whatever a folder is called
login      a user name
number     the platform's own number for a person
assignment the assignment, as the platform calls it
time       when it was handed in
order      a number that grows from one upload to the next
late       there when the platform calls it late
file       the rest of the name, where the platform puts the student's file name behind its own words
========== ====================================================================

``{assignment}`` stands for any spelling of an assignment of the course, ``{prefix}`` for what the names of all
repositories in SOURCE begin with. Forms see nothing else of a path: see `paths`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from autograder.common.i18n import N_


@dataclass(frozen=True)
class Form:
    """A name that a platform writes. `pattern` fits all of it, and what a student chose can only stand at its end: so the words of
    the platform are looked for from the left, and found at the first place (lazy groups).

    `levels`: path components that it consists of. `folder`: whether there must (True) or must not (False) be files below it.
    """

    pattern: str
    levels: int = 1
    folder: bool | None = None


@dataclass(frozen=True)
class Platform:
    """The naming rule of a platform.

    `title` is shown, translated if it is more than a name. `forms` are tried in order. `student` are the groups of which a
    student id is made when there is no roster.
    `telling`: how many of the forms, from the first, show that SOURCE is from this platform (None: all of them).
    `above`: how many folders of the teacher's may lie around; None: as many as there are, each alone. `whole`: SOURCE itself may have
    such a name. `checkout`: the name is that of a git checkout, whose last commit is the time. `own`: folders beside submissions that
    are the platform's. `notes`: where the platform says more about submissions (`notes` module). `stamped`: `timestamp.txt` in the
    platform's folder is the teacher's. `team`: what its name of a team's hand-in says, one of the members, the team's own name, or the one or
    the other. `source`: where the rule is documented.
    """

    name: str
    title: str
    forms: tuple[Form, ...]
    student: tuple[str, ...]
    source: str
    telling: int | None = None
    above: int | None = 3
    whole: bool = False
    checkout: bool = False
    own: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    stamped: bool = False
    team: Literal["member", "name", "either"] = "member"


EXCHANGE = Platform(
    name="exchange",
    title=N_("nbgrader's exchange"),
    forms=(
        Form(
            r"(?P<login>.+)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^+]*)(?:\+[^+]*)?",
            folder=True,
        ),
    ),
    student=("login",),
    source="nbgrader, exchange/default/submit.py and collect.py: <user>+<assignment>+<time>+<random>",
    whole=True,
    own=("outbound", "feedback"),
    beside=("submission_secret.txt",),  # release_feedback names the student's page by it
)
GITHUB = Platform(
    name="github",
    title="GitHub Classroom",
    forms=(  # the folder around a checkout, and the checkout
        Form(r"(?P<assignment>[^/]+)-submissions/(?P=assignment)-(?P<login>[^/]+)", levels=2),
        Form(r"[^/]+/(?P<assignment>{assignment})-(?P<login>[^/]+)", levels=2),
        Form(r"[^/]+/{prefix}-(?P<login>[^/]+)", levels=2),
    ),
    student=("login",),
    source="github/gh-classroom, cmd/gh-classroom/clone/student-repos: <assignment>-submissions/<assignment>-<user>/",
    checkout=True,
    team="name",
)
GRADESCOPE = Platform(
    name="gradescope",
    title="Gradescope",
    forms=(Form(r"(?P<number>submission_\d+)", folder=True),),
    student=("login",),
    source="Gradescope's export of submissions: submission_<number>/, and who that is in submission_metadata.yml",
)
MOODLE = Platform(
    name="moodle",
    title="Moodle",
    forms=(Form(r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_[a-z]+(?:_(?P<file>.*))?"),),
    student=("login", "name"),
    source="moodle/moodle, mod/assign/classes/downloader.php: <full name>_<participant>_assignsubmission_<plugin>; a team's once, as "
    "<group>_<number of the group>_assignsubmission_<plugin>, or <Default group>_assignsubmission_<plugin>",
    team="name",
)
BLACKBOARD = Platform(
    name="blackboard",
    title="Blackboard",
    forms=(
        Form(
            r"(?P<assignment>.+?)_(?P<login>[^_]+)_[^\W\d_]+_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)",
        ),
    ),
    student=("login",),
    source="nbgrader's documentation of zip_collect: <assignment>_<user>_attempt_<time>_<file>, and a .txt an attempt",
)
CANVAS = Platform(
    name="canvas",
    title="Canvas",
    forms=(
        Form(r"(?P<late>LATE_)?(?P<login>anon_[^\W_]+)_(?P<order>\d+)_(?P<file>.+)"),
        Form(r"(?P<name>[^_\d].*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<order>\d+)_(?P<file>.+)"),
        Form(r"(?P<name>[^_\d].*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<file>(?:text|link)\.html)", folder=False),
    ),
    student=("login", "name", "number"),
    source="instructure/canvas-lms, lib/content_zipper.rb: <sortable name>_LATE_<user>_<attachment>_<file>; of a group once, with the group's name "
    "and one member's number (app/models/assignment.rb, representatives)",
)
CLASSROOM = Platform(
    name="classroom",
    title="Google Classroom",
    forms=(
        Form(r"(?P<name>.+?) - (?P<file>.+)"),
        Form(r"(?P<assignment>{assignment})/(?P<name>[^/]+)", levels=2, folder=True),
        Form(r"(?P<name>.+)", folder=True),
    ),
    student=("name",),
    source="not documented by Google: <name> - <file>, as Classroom calls the copies that it makes for each student",
    telling=1,
    above=None,
)
FOLDER = Platform(
    name="folder",
    title=N_("folders by student"),
    forms=(
        Form(r"(?P<name>[^/]+)/(?P<assignment>{assignment})", levels=2, folder=True),
        Form(r"(?P<assignment>{assignment})/(?P<name>[^/]+)", levels=2, folder=True),
        Form(r"(?P<assignment>{assignment})/(?P<name>[^/]+?)(?: ?\(\d+\))?\.ipynb[^/]*", levels=2, folder=False),
        Form(r"(?P<name>.+)", folder=True),
        Form(r"(?P<name>.+?)[ _-]+(?P<assignment>{assignment})(?![^\W_]).*", folder=False),
        Form(r"(?P<assignment>{assignment})[ _-]+(?P<name>.+?)(?: ?\(\d+\))?\.ipynb.*", folder=False),
        Form(r"(?P<name>.+?)(?: ?\(\d+\))?\.ipynb.*", folder=False),
    ),
    student=("name",),
    source="nbgrader's layout, <student>/<assignment>/<file>, and simpler ones",
    above=0,
    stamped=True,
    team="either",
)
# The order in which they are tried: a rule that fits by chance comes after those that can't.
PLATFORMS = {each.name: each for each in (EXCHANGE, GITHUB, GRADESCOPE, MOODLE, BLACKBOARD, CANVAS, CLASSROOM, FOLDER)}
