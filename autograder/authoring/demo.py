"""A class of twelve synthetic students: right, right but written differently, and each of the lecture's slips."""

from __future__ import annotations

import datetime as dt
import shutil
import site
import sys
from dataclasses import dataclass, field
from pathlib import Path

import autograder
from autograder.authoring.course_copy import copy_course
from autograder.authoring.solved_notebooks import Edits, edited, hand_in, solved
from autograder.classroom.folder import Folder, Place
from autograder.common.cells import grade_id_of
from autograder.common.errors import AutograderError, CourseError
from autograder.common.files import text_of
from autograder.common.i18n import N_, _
from autograder.common.machine.requirements import THIS
from autograder.course.course import FILE, SQLITE, Course, find
from autograder.course.released_notebook import released_notebook
from autograder.course.yaml_file import read_yaml

_NBGRADER = "nbgrader_config.py"
_REFORMATTED = """\
inputs = keras.Input((784,))
hidden = keras.layers.Dense(units=100)
dense1, dense2 = hidden, keras.layers.Dense(10, activation=keras.activations.softmax)
dense1.activation = keras.activations.sigmoid
model = keras.Model(inputs, dense2(dense1(inputs)))
"""
_ADDED = """\
model = keras.Sequential(name='mine')
model.add(keras.layers.Input(shape=(28, 28)))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(100))
model.add(keras.layers.Activation('relu'))
model.add(keras.layers.Dense(10))
model.add(keras.layers.Softmax())
"""
_FORGOTTEN = [("    network.compile(optimizer=optimizer, ", "    network.compile(")]
_SECOND_FIT = [
    ("    network = fresh_model()\n", ""),
    ("for name, optimizer", "network = fresh_model()\nfor name, optimizer"),
]
_FLAT = "model.fit(train_input.reshape(-1, 784), train_target, epochs=5)"


@dataclass(frozen=True)
class Student:
    """`about` is translated when it is shown. `work`: by assignment, the edits that turn the perfect notebook into this
    student's. `empty`: cells left as released."""

    name: str
    about: str
    work: dict[str, Edits]
    empty: dict[str, tuple[str, ...]] = field(default_factory=dict)
    days_late: float = -1.0
    language: str = ""  # the course's first


STUDENTS = (
    Student("perfect", N_("everything right"), {"two_layer": {}, "deep": {}, "flatten_relu": {}, "optimizers": {}}),
    Student("reformatted", N_("right, and written differently (functional API, add(), own names, Korean notebook)"),
            {"two_layer": {"model-answer": _REFORMATTED}, "flatten_relu": {"model-answer": _ADDED}}, language="ko"),
    Student("typo", N_("activation='oftmasx' left in the debugging question"),
            {"flatten_relu": {"debug-answer": [('"softmax"', '"oftmasx"')]}}),
    Student("string-metrics", N_("metrics='accuracy' as a string"),
            {"two_layer": {"compile-answer": [('["accuracy"]', '"accuracy"')]}}),
    Student("forgotten-optimizer", N_("an optimizer is made and never given to compile()"),
            {"optimizers": {"trainings-answer": _FORGOTTEN}}),
    Student("second-fit", N_("compile() and fit() again on a trained network"),
            {"optimizers": {"trainings-answer": _SECOND_FIT}}),
    Student("input-shape", N_("input_shape= on the first layer: accepted"),
            {"deep": {"network-answer": [("    keras.Input(shape=(784,)),\n", ""),
                                         ('activation="sigmoid", name="hidden1"',
                                          'activation="sigmoid", name="hidden1", input_shape=(784,)')]}}),
    Student("wrong-shape", N_("flat rows given to a network that begins with Flatten"),
            {"flatten_relu": {"train-answer": [("model.fit(train_input, train_target, epochs=5)", _FLAT)]}}),
    Student("unscaled", N_("pixels not divided by 255"), {"two_layer": {"scale-answer": [(" / 255.0", "")]}}),
    Student("half-done", N_("the second half was never answered"), {"deep": {}},
            empty={"deep": ("weights", "compile", "train", "accuracy")}),
    Student("crashing", N_("the kernel is ended halfway; what came before counts"),
            {"two_layer": {"compile-answer": "import os\nos._exit(1)"}}),
    Student("late", N_("right, and two and a half days late"), {"deep": {}, "flatten_relu": {}}, days_late=2.5),
)  # fmt: skip


SHOWN = Place("typo", "flatten_relu")  # whose feedback page shows most: a picture, a mistake and a hint


def course_file(named: Path | None) -> Path | None:
    """The course to grade: the one that is `named`, that of this folder if it is the one that the students took, else the package's own.

    None where there is none of these: whoever loads it says so.
    """
    if named is not None:
        return named
    try:
        own = find()
        if _taken(own):
            return own
    except CourseError:
        pass
    root = Path(autograder.__file__).resolve().parents[1]  # a checkout, or site-packages
    prefixes = (root, Path(sys.prefix), Path(site.getuserbase()))
    places = (root / FILE, *(prefix / "share" / THIS / FILE for prefix in prefixes))
    return next((place for place in places if place.is_file() and _taken(place)), None)


def _taken(file: Path) -> bool:
    """Whether the students' assignments are in it."""
    try:
        assignments = read_yaml(file, "")["assignments"]
        return {name for student in STUDENTS for name in student.work} <= set(assignments)
    except (AutograderError, LookupError, TypeError):
        return False


def make(course: Course, target: Path, students: int = len(STUDENTS)) -> Path:
    """Write the class, of its first so many `students`, and a copy of the course into `target` (a demo made before is replaced); the
    copy's course.yml.

    Raises CourseError when `target` holds something that is not a demo.
    """
    mark = target / ".demo"
    if target.exists() and any(target.iterdir()) and not mark.exists():
        raise CourseError(
            _("{target} is not empty, and is not an earlier demo", target=target), _("Name another --folder.")
        )
    target.mkdir(parents=True, exist_ok=True)
    mark.write_text("made by `autograder demo`\n")  # first and last: whatever of one is left is seen to be one
    for path in target.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != mark:
            path.unlink()
    file = copy_course(course, target)
    _configure_nbgrader(course, target)
    for student in STUDENTS[:students]:
        for assignment, edits in student.work.items():
            _hand_in(course, Folder(target).submitted, student, assignment, edits)
    return file


def _configure_nbgrader(course: Course, target: Path) -> None:
    own = course.root / _NBGRADER
    if own.is_file():
        elsewhere = f'\nc.CourseDirectory.db_url = "{SQLITE}"\n' if course.gradebook != SQLITE else ""
        (target / _NBGRADER).write_text(text_of(own) + elsewhere, "utf-8")


def _hand_in(course: Course, submitted: Path, student: Student, assignment: str, edits: Edits) -> None:
    notebook = edited(solved(course, assignment, student.language), edits)
    released = {cell.id: cell for cell in released_notebook(course, assignment, student.language).cells}
    for question in student.empty.get(assignment, ()):
        for cell in notebook.cells:
            if grade_id_of(cell) == f"{question}-answer":
                cell.source = released[cell.id].source
    moment = course.assignment(assignment).due + dt.timedelta(days=student.days_late)
    timestamp = moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    hand_in(notebook, submitted, student.name, assignment, timestamp)


def explain(target: Path, students: int = len(STUDENTS)) -> str:
    """Where everything is, and what to look at next."""
    folder, anybody = Folder(target), Place("<student>", "<assignment>")
    places = (
        (_("Gradebook"), folder.gradebook),
        (_("Notebooks"), folder.notebook(anybody).parent),
        (_("Reports"), folder.report(anybody)),
    )
    activate = Path(sys.executable).with_name("activate")
    following = (
        *(((f"source {activate}", ""),) if activate.exists() and not shutil.which("autograder") else ()),
        (f"cd {target}", ""),
        ("autograder export --format csv", _("grades for a spreadsheet")),
        ("jupyter lab", _("notebooks and scores in a browser: menu Nbgrader, Formgrader")),
    )
    class_ = [(student.name, _(student.about)) for student in STUDENTS[:students]]
    return "\n".join((
        "",
        *(f"  {name:20} {about}" for name, about in class_),
        "",
        *(f"  {name}: {place}" for name, place in places),
        "",
        _("Next:"),
        *(f"  {command:32} {about}".rstrip() for command, about in following),
    ))  # fmt: skip
