"""What is finished stays finished: whatever ends the process, whatever the disk says."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.classroom.folder import Folder
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading import journal as module
from autograder.classroom.grading import state
from autograder.classroom.grading.basis import Bases, Basis, of_report, released
from autograder.classroom.grading.handin_store import Store
from autograder.classroom.grading.journal import Journal, Result
from autograder.common.errors import JournalError
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.submission import Submission
from autograder.common.wire.handins import HandIns, Kept, pack
from autograder.course.course import Course
from autograder.worker.answers import all_failed
from autograder.worker.task import Task
from tests.hand_built import report_of
from tests.tiny_course import tiny_course, tiny_submission


def report(points: float = 1.0, status: Status = Status.PASSED) -> str:
    outcome = Outcome(check="c", title="C", status=status, points=points, out_of=1.0)
    question = QuestionResult(question="add", title="Add", out_of=1.0, outcomes=(outcome,))
    return report_of(question, student="ada").to_json()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    folder = tmp_path / "submitted" / "ada" / "first"
    folder.mkdir(parents=True)
    (folder / "first.ipynb").write_text("{}")
    return Submission("ada", "first", folder / "first.ipynb")


RESULT = Result(report(), '{"cells": []}', pack(Kept(HandIns(), {})), 3, 1, 2.5)


def known(journal: Journal, submission: Submission, digest: str = "0", **others: str) -> object:
    """What is finished of a submission with these bytes."""
    now = of_report(Report.from_json(report()), "").model_copy(update={"submission": digest, **others})
    found = journal.known(submission, now)
    return (found, journal.read(submission)) if isinstance(found, Report) else None


def test_what_was_written_is_known_again_with_its_figures(journal: Journal, submission: Submission) -> None:
    assert known(journal, submission) is None
    journal.finish(submission, RESULT)
    found: Any = known(journal, submission)
    assert found is not None
    assert found[0].to_json() == RESULT.report
    assert (found[1].points, found[1].fits, found[1].trained, found[1].seconds) == (1.0, 3, 1, 2.5)
    kept = Store(journal.root).of("ada", "first")
    assert kept is not None
    assert pack(kept) == RESULT.handins
    assert [(student, assignment) for student, assignment, _ in journal.entries()] == [("ada", "first")]


@pytest.mark.parametrize("change", ["key", "report", "notebook", "no notebook", "half an entry"])
def test_what_does_not_fit_any_more_is_graded_again(journal: Journal, submission: Submission, change: str) -> None:
    journal.finish(submission, RESULT)
    match change:
        case "report":
            journal.folder.report(submission).write_text(report(0.5))
        case "notebook":
            journal.folder.notebook(submission).write_text('{"cells": [1]}')
        case "no notebook":
            journal.folder.notebook(submission).unlink()
        case "half an entry":
            path = journal.folder.entry(submission)
            path.write_bytes(path.read_bytes()[:-20])
    assert known(journal, submission, "1" if change == "key" else "0") is None


def test_what_was_undecided_is_tried_again_and_listed(journal: Journal, submission: Submission) -> None:
    journal.finish(submission, Result(report(0.0, Status.UNDECIDED), "{}"))
    assert known(journal, submission) is None
    ((_, _, entry),) = journal.entries()
    assert entry.undecided == ("add",)


VALUES = {
    "student": "ada", "assignment": "first", "submission": "s", "course": "c", "release": "r", "grader": "0.1.0+1",
    "isolation": "none", "language": "en", "versions": ("keras 3",),
}  # fmt: skip
SAID = {
    "student": "", "assignment": "", "submission": "the submission changed", "course": "course.yml changed",
    "release": "the released notebook changed", "grader": "the grader changed (0.1.0+1 → another)",
    "isolation": "another isolation (none → another)", "language": "another language (en → another)",
    "versions": "other libraries (another)",
}  # fmt: skip


@pytest.mark.parametrize("name", list(Basis.model_fields))
def test_whatever_determines_a_report_changes_its_key_and_is_said(name: str) -> None:
    before = Basis.model_validate(VALUES)
    now = before.model_copy(update={name: ("another",) if name == "versions" else "another"})
    assert now.key() != before.key() and len(now.key()) == 64
    assert before.changes(now) == tuple(filter(None, [SAID[name]])) and before.changes(before) == ()


def test_what_a_report_says_of_itself_is_what_it_rests_on() -> None:
    """A field that says who graded it, how and with what is a field of the basis too."""
    outcome = {"questions", "notes", "breaks", "first_cause"}
    assert set(Report.model_fields) - outcome == set(Basis.model_fields) - {"release"}


def test_a_report_and_the_moment_agree_about_what_it_rests_on(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    task = Task("ada", "first", "d", course, "none", "ko")
    made = of_report(task.report(all_failed(task.asked, "ko", "no")), released(course, "first"))
    ada = Submission("ada", "first", tmp_path)
    assert made == Bases(course, "none", "ko").of(ada, "d")
    released_notebook = course.root / "assignments" / "en" / "first" / "first.ipynb"
    released_notebook.write_text(released_notebook.read_text().replace("About add", "On add"))
    assert Bases(course, "none", "ko").of(ada, "d").changes(made) == ("the released notebook changed",)


def test_what_changed_in_the_course_is_named(journal: Journal, submission: Submission) -> None:
    journal.finish(submission, RESULT)
    now = of_report(Report.from_json(report()), "").model_copy(update={"course": "1"})
    changed = {"add": ["points 1 → 2"], "own/refs.py": ["changed"], "": ["seed 42 → 43"]}
    assert journal.known(submission, now, lambda: changed) == (
        "a file that checks use changed: own/refs.py", "course.yml changed: add", "course.yml changed: seed 42 → 43",
    )  # fmt: skip
    assert journal.known(submission, now) == ("course.yml changed",)


def test_what_an_older_version_finished_is_graded_again_and_says_so(journal: Journal, submission: Submission) -> None:
    journal.finish(submission, RESULT)
    path = journal.folder.entry(submission)
    entry = json.loads(path.read_text())
    del entry["basis"]
    path.write_text(json.dumps({**entry, "key": "0"}))
    now = of_report(Report.from_json(report()), "").model_copy(update={"grader": "2"})
    assert journal.known(submission, now) == ("the grader changed (an older one → 2)",)


def test_what_is_regraded_is_finished_under_its_new_course(journal: Journal, submission: Submission) -> None:
    journal.finish(submission, RESULT)
    again = Report.from_json(report(0.5)).model_copy(update={"course": "1"})
    Journal(journal.root).write(submission, again.to_json(), "{}", RESULT.handins)
    assert known(journal, submission) is None
    found: Any = known(journal, submission, course="1")
    assert found[0] == again


class Cut(BaseException):
    """The process ends here."""


def test_a_process_that_ends_at_any_step_leaves_the_old_result_or_the_new_one(
    journal: Journal, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Report.from_json(report(0.5)).model_copy(update={"submission": "1"}).to_json()
    new = Result(text, '{"cells": [2]}', RESULT.handins)
    steps = ("open", "fsync", "replace", "mkdir", "unlink")
    ended = 0
    for last in range(60):
        journal.finish(submission, RESULT)
        left = [last]

        def cut(name: str, real: object, left: list[int] = left) -> object:
            def step(*arguments: object, **named: object) -> object:
                if left[0] == 0:
                    raise Cut(name)
                left[0] -= 1
                return real(*arguments, **named)  # type: ignore[operator]

            return step

        with monkeypatch.context() as patch:
            for name in steps:
                patch.setattr(os, name, cut(name, getattr(os, name)))
            try:
                journal.finish(submission, new)
                whole = True
            except Cut:
                whole = False
                ended += 1
        before: Any = known(journal, submission, "0")
        after: Any = known(journal, submission, "1")
        assert not (before and after)
        if before:
            assert before[0].to_json() == RESULT.report
        if after or whole:
            assert after and after[0].to_json() == new.report
        journal.sweep()
        assert not list(journal.root.rglob(".*.part"))
        if whole:
            break
    assert ended > 8
    assert whole


def test_the_timestamp_follows_the_submission_and_foreign_files_go(journal: Journal, submission: Submission) -> None:
    stamp = submission.path.parent / "timestamp.txt"
    stamp.write_text("2027-03-14 12:00:00 UTC")
    journal.finish(submission, RESULT)
    (journal.folder.notebook(submission).parent / "old.csv").write_text("1")
    stamp.write_text("2027-03-15 12:00:00 UTC")
    journal.stamp(submission)
    assert {path.name: path.read_text() for path in journal.folder.notebook(submission).parent.iterdir()} == {
        "first.ipynb": RESULT.notebook, "timestamp.txt": "2027-03-15 12:00:00 UTC",
    }  # fmt: skip
    stamp.unlink()
    journal.stamp(submission)
    assert [path.name for path in journal.folder.notebook(submission).parent.iterdir()] == ["first.ipynb"]


def test_two_runs_at_a_time_are_refused_and_a_dead_one_holds_nothing(journal: Journal) -> None:
    assert not journal.busy()
    holder = (
        "import sys, time\nfrom pathlib import Path\nfrom autograder.classroom.grading.journal import Journal\n"
        "with Journal(Path(sys.argv[1])).alone():\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", holder, str(journal.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    assert journal.busy()
    with pytest.raises(JournalError, match="another autograder is grading this course") as caught, journal.alone():
        pass
    assert "autograder status" in caught.value.remedy
    process.kill()
    process.wait()
    process.stdout.close()
    assert not journal.busy()
    with journal.alone():
        assert journal.busy()


def test_a_folder_that_cannot_be_written_is_named(journal: Journal, submission: Submission) -> None:
    (journal.root / "reports").write_text("a file where a folder should be")
    with pytest.raises(JournalError, match=r"reports.*can't be written") as caught:
        journal.finish(submission, RESULT)
    assert "what was graded is kept" in caught.value.remedy


# ---- a whole run, on a disk that gets full: submissions that are no notebooks need no worker


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = tiny_course(tmp_path_factory.mktemp("unreadable") / "course")
    generator = random.Random(5)
    for number in range(40):
        path = tiny_submission(course, f"s{number:02}")
        path.unlink()
        match generator.choice(["empty", "link", "folder", "nothing"]):
            case "empty":
                path.touch()
            case "link":
                path.symlink_to("/etc/hostname")
            case "folder":
                path.mkdir()
    return course


def grades(course: Course) -> list[object]:
    with Book(address(course), course.course.id) as book:
        return [*book.scores()]


def reports(root: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in root.glob("reports/*/*.json")}


FULL = """
set -u
cp -a "$1" "$2/course" && cd "$2/course"
# Room for the gradebook and a part of the results.
free=$(df --output=avail -k . | tail -n 1)
head -c $(( (free - 700) * 1024 )) /dev/zero > "$2/ballast"
"$3" -m autograder.cli grade --isolation none; echo "first $?"
ls journal/entries | wc -l
rm "$2/ballast"
"$3" -m autograder.cli grade --isolation none; echo "second $?"
cp -r reports gradebook.db "$4"
"""


def test_a_full_disk_is_named_loses_nothing_and_the_next_run_goes_on(unreadable: Course, tmp_path: Path) -> None:
    """On a disk of 6 MB of its own, in a mount namespace that goes away with the test."""
    small, result = tmp_path / "small", tmp_path / "result"
    small.mkdir()
    result.mkdir()
    command = ["bwrap", "--dev-bind", "/", "/", "--size", str(6 << 20), "--tmpfs", str(small), "--bind", str(result)]
    command += [str(result), "bash", "-c", FULL, "-", str(unreadable.root), str(small), sys.executable, str(result)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    lines = done.stdout.split()
    assert "first 4" in done.stdout, done.stdout + done.stderr
    said = " ".join(done.stderr.split())
    assert "the disk is full" in said or "disk is full" in said
    assert "Free some space" in said or "free some space" in said
    assert "run the same command again" in said
    assert "Traceback" not in said
    assert 0 < int(lines[lines.index("first") + 2]) < 40
    assert "second 0" in done.stdout, done.stdout + done.stderr

    from autograder.classroom.find_submissions import find_submissions
    from autograder.classroom.grading.grade_class import Settings, grade_class

    settings = Settings(unreadable.root / "course.yml", "none", 1, None)
    grade_class(find_submissions(unreadable.root / "submitted", unreadable), unreadable, settings)
    assert reports(result) == reports(unreadable.root)
    with Book(f"sqlite:///{result}/gradebook.db", "tiny") as book:
        assert [*book.scores()] == grades(unreadable)


def test_a_read_only_gradebook_stops_before_anything_is_graded_and_the_next_run_goes_on(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    tiny_submission(course, "ada").write_text("")
    with Book(address(course), course.course.id) as book:
        book.prepare(course, "first")
    command = ["bwrap", "--dev-bind", "/", "/"]
    command += ["--ro-bind", str(course.root / "gradebook.db"), str(course.root / "gradebook.db")]
    program = [sys.executable, "-m", "autograder.cli", "grade", "--isolation", "none", "--json"]
    stopped = subprocess.run([*command, *program], cwd=course.root, capture_output=True, text=True, check=False)
    said = " ".join(stopped.stderr.split())
    assert stopped.returncode == 4, said
    assert "gradebook.db" in said
    assert "readonly database" in said
    assert "writable for you" in said
    assert "Traceback" not in said
    assert not (course.root / "reports").exists()
    resumed = subprocess.run(program, cwd=course.root, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert [one["student"] for one in json.loads(resumed.stdout)] == ["ada"]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The gradebook refuses after a number of submissions."""
    from autograder.common.errors import GradebookError

    left = [3]
    real = Book.write_all

    def write_all(self: Book, reports: object, *arguments: object) -> None:
        if left[0] <= 0:
            raise GradebookError(
                "the gradebook can't be used: database or disk is full (gradebook.db)", "Free some space."
            )
        left[0] -= 1
        real(self, reports, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Book, "write_all", write_all)
    yield left


def test_a_gradebook_that_fails_in_the_middle_costs_no_result(tmp_path: Path, failing: list[int]) -> None:
    from autograder.classroom.find_submissions import find_submissions
    from autograder.classroom.grading.grade_class import Settings, grade_class
    from autograder.common.errors import GradebookError

    course = tiny_course(tmp_path / "course")
    for number in range(5):
        tiny_submission(course, f"s{number}").write_text("")
    settings = Settings(course.root / "course.yml", "none", 1, None)
    submissions = find_submissions(course.root / "submitted", course)
    with pytest.raises(GradebookError, match="disk is full"):
        grade_class(submissions, course, settings)
    assert module.Journal(course.root).read(submissions[3]) is not None  # it was on disk before the gradebook saw it
    assert len(grades(course)) == 3
    failing[0] = 100
    grade_class(submissions, course, settings)
    assert len(grades(course)) == 5


def test_how_a_run_ended_is_known_where_the_disk_takes_no_new_file(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`autograder status` called a run that had failed of it killed."""
    progress = state.Progress(journal, 1)
    progress.change(phase="grading")

    def no_room(*_arguments: Any, **_options: Any) -> None:
        raise JournalError("no room")

    monkeypatch.setattr(state, "write", no_room)
    progress.change(phase="failed", message="no room")
    assert (found := state.read(journal)) is not None and (found.phase, found.message) == ("failed", "no room")


@pytest.mark.parametrize("left", [None, "", "{", "[]", '{"phase": "other"}'])
def test_where_no_word_of_the_run_is_left_what_it_finished_is_counted_and_no_run_is_told(
    tmp_path: Path, left: str | None
) -> None:
    """`autograder status` said that there had been none."""
    from autograder.cli.status import figures

    course = tiny_course(tmp_path / "course")
    assert figures(course)["state"] == "never"
    Journal(course.root).finish(Submission("ada", "first", tiny_submission(course, "ada")), RESULT)
    if left is not None:
        Folder(course.root).state.write_text(left)
    found = figures(course)
    assert (found["state"], found["run"], found["graded"]) == ("unknown", None, 1)
