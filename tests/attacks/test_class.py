"""A class in which every second student attacks: the honest ones get what they get alone, byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from autograder.authoring.solved_notebooks import edited, hand_in
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.grade_class import Settings, grade_class
from autograder.common.results import Report
from autograder.common.submission import Submission
from autograder.course.course import load
from autograder.worker.grading import grade_submission
from tests.attacks import process, protocol
from tests.attacks.attack import Attack, honest, notebook_of
from tests.attacks.conftest import Grader, copy_course

HONEST = (
    {},
    {"parameters-answer": "dense1_parameters, dense2_parameters, total_parameters = 78400, 1010, 79410"},
    {"steps-answer": "steps_default = 1500\nsteps_full = 48000"},
    {"outputs-answer": 'binary = multiclass = "softmax"\nregression = "none"'},
)
NAMES = ("things left for the next student", "fork bomb", "malformed messages of every sort", "SIGKILL to everybody")

OWN = (
    Attack("outputs that keep parsers busy", base="short", before={"parameters-answer": """
from IPython.display import publish_display_data
publish_display_data({"text/html": "<b><li>" * 8_000})
publish_display_data({"text/html": ["a", "b"]})
for _ in range(3_000): publish_display_data({"text/plain": "x"})
"""}, edits={"steps-answer": "a = b\n" + "x = " + "-" * 9_000 + "1"}),
    Attack("arrays and sockets without end", base="short", before={"parameters-answer": """
import os, socket, time
from autograder.common.wire import protocol
try: protocol.ask(protocol.said("AUTOGRADER_JUDGE"), {"type": "hand_in", "question": "two_layer.parameters"}, [np.zeros(95 << 20, np.uint8)])
except Exception as error: print(error)
for _ in range(30):
    if os.fork() == 0:
        kept = []
        while True:
            try: kept.append(socket.socketpair())
            except OSError: time.sleep(50)
time.sleep(20)
"""}),
    Attack("a message without end", base="short", before={"parameters-answer": """
kernel, part = get_ipython().kernel, bytes(64 << 20)
kernel.iopub_thread.send_multipart([b"<IDS|MSG>", b"x", b"{}", b"{}", b"{}", *[part] * 30])
import time; time.sleep(5)
"""}),
    Attack("a training that takes the machine's memory", base="short", before={"parameters-answer": """
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(240, 1, padding="same", activation="relu"),
                          keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy")
(images, labels), _ = keras.datasets.fashion_mnist.load_data()
model.fit(images[:600].reshape(-1, 28, 28, 1) / 255.0, labels[:600], batch_size=600, epochs=2, verbose=0)  # a larger batch is refused
"""}),
)  # fmt: skip


ENOUGH = 1_200 << 20  # bytes: that training takes 1.5 GB beside the judge's own half


@contextmanager
def judges_killed_of_memory() -> Iterator[None]:
    """As a system does that has none left: a judge that takes more than `ENOUGH` is killed. (Whether one that is limited dies of it or is only
    refused depends on what TensorFlow does on this processor.)
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for started in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if "autograder.judge.process" in started.cmdline() and started.memory_info().rss > ENOUGH:
                        started.kill()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def attacks() -> list[Attack]:
    known = {attack.name: attack for attack in (*process.ATTACKS, *protocol.ATTACKS)}
    return [*(known[name] for name in NAMES), *OWN]


def test_honest_students_of_a_hostile_class_get_what_they_get_alone(
    grader: Grader, tmp_path: Path, memo_folder: Path
) -> None:
    course = load(copy_course(tmp_path / "course"))
    submitted, submissions, honest_ones = course.root / "submitted", [], []
    hostile = attacks()
    for number in range(2 * len(hostile)):
        student = f"student{number:02}"
        attacking = number % 2 == 0
        notebook = (
            notebook_of(hostile[number // 2], course)
            if attacking
            else edited(honest(course, "short"), HONEST[number // 2 % len(HONEST)])
        )
        path = hand_in(notebook, submitted, student, "two_layer")
        submissions.append(Submission(student, "two_layer", path))
        if not attacking:
            honest_ones.append(submissions[-1])
    settings = Settings(course.root / "course.yml", "bubblewrap", workers=1, memo=memo_folder, reference=False)
    with judges_killed_of_memory():
        done = grade_class(submissions, course, settings)
    assert [one.submission for one in done] == submissions
    logged = "".join(path.read_text("utf-8") for path in (course.root / "logs").glob("*.log"))
    killer = next(number for number, one in enumerate(hostile) if one is OWN[-1])
    assert f"student{2 * killer:02}/two_layer: the judge died" in logged
    alone: dict[bytes, Report] = {}  # by notebook: a report says of its student the name alone
    for one in honest_ones:
        content = one.path.read_bytes()
        if content not in alone:
            alone[content] = grade_submission(one, grader.course, grader.bench, grader.sandbox).report
        expected = alone[content].model_copy(update={"student": one.student})
        together = (course.root / "reports" / one.student / "two_layer.json").read_text("utf-8")
        assert together == expected.to_json(), one.student
    assert len(alone) == len(HONEST)
    with Book(address(course), course.course.id) as book:
        entered = {score.student: (score.points, score.undecided) for score in book.scores()}
    waiting = {one.submission: sum(question.undecided != () for question in one.report.questions) for one in done}
    assert entered == {one.submission.student: (one.report.points, waiting[one.submission]) for one in done}
    assert not any(waiting[one] for one in honest_ones)
