"""Several attempts: the latest counts, earlier ones are kept, nothing is lost, and a second run changes nothing."""

import dataclasses
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.classroom.collect import PLATFORMS, Settings, What, collect
from autograder.classroom.collect import write as writing
from autograder.classroom.find_submissions import find_submissions, submitted_at
from autograder.classroom.folder import Folder, Place
from autograder.classroom.give_back.origin import origin
from autograder.classroom.process_lock import alone
from autograder.common.errors import CollectError
from tests.classroom.collect.conftest import outcome, submission, tree
from tests.classroom.collect.test_whose import NOTEBOOK, the_course

TIMES = ("2027-03-14-08-00-00", "2027-03-14-20-00-00", "2027-03-15-02-00-00")


@pytest.fixture
def attempts(work, zipped):
    """``attempts(0, 2) -> Path``: Blackboard's zip with ada's first and third attempt."""

    def make(*numbers, name="class"):
        return zipped({f"Lab_ada_attempt_{TIMES[n]}_deep.ipynb": work("deep", f"attempt {n}") for n in numbers}, name)

    return make


def whats(collected):
    return [str(taken.what) for taken in collected.notebooks]


def kept(classroom):
    place = classroom.root / "submitted" / ".attempts" / "ada" / "deep"
    return {path.name: (path / "deep.ipynb").read_bytes() for path in place.iterdir() if path.is_dir()}


def test_the_latest_counts_and_the_earlier_are_kept(attempts, collecting, classroom, work):
    assert whats(collecting(attempts(0, 1, 2))) == ["kept", "kept", "taken"]
    assert submission(classroom, "ada", "deep") == (work("deep", "attempt 2"), "2027-03-14 17:00:00 UTC")
    assert sorted(kept(classroom).values()) == sorted([work("deep", "attempt 0"), work("deep", "attempt 1")])
    assert sorted(name[:18] for name in kept(classroom)) == ["2027-03-13T230000Z", "2027-03-14T110000Z"]


def test_running_it_again_changes_nothing(attempts, collecting, classroom):
    collecting(attempts(0, 1, 2))
    before = tree(classroom.root)
    assert whats(collecting(attempts(0, 1, 2))) == ["unchanged"] * 3
    assert whats(collecting(attempts(0))) == ["unchanged"]
    assert tree(classroom.root) == before


def test_a_later_attempt_replaces_and_the_one_before_is_kept(attempts, collecting, classroom, work):
    collecting(attempts(0))
    assert whats(collecting(attempts(0, 1))) == ["unchanged", "replaced"]
    assert submission(classroom, "ada", "deep") == (work("deep", "attempt 1"), "2027-03-14 11:00:00 UTC")
    assert list(kept(classroom).values()) == [work("deep", "attempt 0")]


def test_an_earlier_attempt_that_comes_later_is_kept_beside(attempts, collecting, classroom, work):
    collecting(attempts(2))
    assert whats(collecting(attempts(0))) == ["kept"]
    assert submission(classroom, "ada", "deep")[0] == work("deep", "attempt 2")
    assert list(kept(classroom).values()) == [work("deep", "attempt 0")]


def test_the_order_of_collecting_does_not_matter(attempts, collecting, classroom):
    for number in (1, 0, 2):
        collecting(attempts(number))
    apart = tree(classroom.root / "submitted" / "ada"), kept(classroom)
    shutil.rmtree(classroom.root / "submitted")
    collecting(attempts(0, 1, 2))
    assert (tree(classroom.root / "submitted" / "ada"), kept(classroom)) == apart


def test_the_same_notebook_handed_in_later_gets_the_later_time(work, zipped, collecting, classroom):
    def place(time):
        return zipped({f"Lab_ada_attempt_{time}_deep.ipynb": work("deep", "ada")})

    collecting(place(TIMES[0]))
    (taken,) = collecting(place(TIMES[1])).notebooks
    assert (taken.what, taken.notes[0]) == (What.REPLACED, "the same notebook, handed in later")
    assert submission(classroom, "ada", "deep")[1] == "2027-03-14 11:00:00 UTC"
    assert whats(collecting(place(TIMES[0]))) == ["unchanged"]


def test_without_times_what_is_collected_later_counts(work, folder, collecting, classroom):
    first = folder({"ada/deep.ipynb": work("deep", "first")}, "first")
    second = folder({"ada/deep.ipynb": work("deep", "second")}, "second")
    assert [whats(collecting(place)) for place in (first, second, first, second)] == [
        ["taken"], ["replaced"], ["unchanged"], ["unchanged"],
    ]  # fmt: skip
    assert submission(classroom, "ada", "deep") == (work("deep", "second"), None)
    assert list(kept(classroom).values()) == [work("deep", "first")]


def test_two_who_collect_at_once_take_turns_and_the_later_attempt_counts(
    attempts, collecting, classroom, work, monkeypatch
):
    """The first has planned to replace what it found; the second, with a later attempt, comes before it is done."""
    collecting(attempts(0))
    places, took = [attempts(1, name="one"), attempts(2, name="two")], []
    second = Thread(target=lambda: took.extend(whats(collecting(places[1]))))

    real = writing.apply

    def apply(step, limit):
        if not second.ident:
            second.start()
            second.join(1)
        real(step, limit)

    monkeypatch.setattr("autograder.classroom.collect.collect_class.apply", apply)
    assert whats(collecting(places[0])) == ["replaced"]
    second.join()
    assert took == ["replaced"]
    assert submission(classroom, "ada", "deep")[0] == work("deep", "attempt 2")


def test_who_waits_too_long_for_another_is_told(attempts, collecting, classroom, monkeypatch):
    monkeypatch.setattr("autograder.classroom.collect.collect_class.WAIT", 0.2)
    with alone(Folder(classroom.root).collecting, 0), pytest.raises(CollectError, match="another autograder"):
        collecting(attempts(0))
    assert not (classroom.root / "submitted").exists()


@pytest.mark.parametrize("spelled", ["Ada", "ADA", "aDA"])
def test_who_is_spelled_like_somebody_of_before_is_listed_and_replaces_nobody(
    spelled, work, folder, collecting, classroom
):
    collecting(folder({"ada/deep.ipynb": work("deep", "first")}, "first"))
    before = tree(classroom.root)
    later = collecting(folder({f"{spelled}/deep.ipynb": work("deep", "second")}, "second"))
    assert later.notebooks == () and "was somebody else before (ada)" in later.unmatched[0].reason
    assert tree(classroom.root) == before


def test_a_new_notebook_never_gets_the_time_of_the_old_one(attempts, work, folder, collecting, classroom):
    collecting(attempts(0))
    assert whats(collecting(folder({"ada/deep.ipynb": work("deep", "untimed")}))) == ["replaced"]
    assert submission(classroom, "ada", "deep") == (work("deep", "untimed"), None)


def test_what_an_instructor_mended_stays(attempts, collecting, classroom):
    collecting(attempts(0))
    notebook = classroom.root / "submitted" / "ada" / "deep" / "deep.ipynb"
    notebook.write_bytes(b"mended")
    assert whats(collecting(attempts(0))) == ["unchanged"]
    assert notebook.read_bytes() == b"mended"
    collecting(attempts(1))
    assert b"mended" in kept(classroom).values()


def test_what_was_removed_is_taken_again(attempts, collecting, classroom, work):
    collecting(attempts(0, 1))
    shutil.rmtree(classroom.root / "submitted" / "ada")
    assert whats(collecting(attempts(0, 1))) == ["unchanged", "taken"]
    assert submission(classroom, "ada", "deep")[0] == work("deep", "attempt 1")


def test_other_files_of_a_submission_are_kept_with_it(attempts, collecting, classroom):
    place = classroom.root / "submitted" / "ada" / "deep"
    place.mkdir(parents=True)
    (place / "by hand.ipynb").write_bytes(b"by hand")
    (place / "plot.png").write_bytes(b"plot")
    assert whats(collecting(attempts(0))) == ["replaced"]
    assert sorted(path.name for path in place.iterdir()) == ["deep.ipynb", "timestamp.txt"]
    (old,) = (classroom.root / "submitted" / ".attempts" / "ada" / "deep").glob("no-time-*")
    assert tree(old) == {"by hand.ipynb": b"by hand", "plot.png": b"plot"}


def test_a_dry_run_says_the_same_and_writes_nothing(attempts, collecting, classroom):
    collecting(attempts(0))
    before = tree(classroom.root)
    planned = collecting(attempts(0, 1, 2), dry_run=True)
    assert tree(classroom.root) == before
    done = collecting(attempts(0, 1, 2))
    assert planned.dry_run and done.model_copy(update={"dry_run": True}) == planned


def test_neither_grading_nor_nbgrader_sees_earlier_attempts(attempts, collecting, classroom):
    collecting(attempts(0, 1, 2))
    (found,) = find_submissions(classroom.root / "submitted", classroom)
    assert (found.student, found.assignment) == ("ada", "deep")
    assert str(submitted_at(found)) == "2027-03-14 17:00:00+00:00"
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    api = NbGraderAPI(CourseDirectory(root=str(classroom.root), db_url="sqlite://"))
    assert api.get_submitted_students("deep") == {"ada"}
    assert api.get_submitted_students("*") == {"ada"}


def test_links_in_submitted_are_not_written_through(attempts, collecting, classroom, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (classroom.root / "submitted").mkdir()
    (classroom.root / "submitted" / "ada").symlink_to(outside)
    counted, left = outcome(collecting(attempts(0)))
    assert not counted and not list(outside.iterdir())
    assert "submitted/ada/deep is a link" in "".join(left.values())


def test_a_damaged_list_of_attempts_is_named(attempts, collecting, classroom):
    collecting(attempts(0))
    record = classroom.root / "submitted" / ".attempts" / "ada" / "deep" / "attempts.json"
    zoneless = record.read_text().replace("Z", "")
    for content in ("{", '{"attempts": 1}', '{"attempts": [], "x": 1}', zoneless):
        record.write_text(content)
        with pytest.raises(CollectError, match=r"attempts.json is not a list of attempts") as caught:
            collecting(attempts(1))
        assert "Delete it" in caught.value.remedy


class Died(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize("step", range(9))
def test_a_process_that_dies_anywhere_loses_nothing(step, attempts, collecting, classroom, work, monkeypatch):
    """Whichever rename it dies before, collecting again ends where an undisturbed run ends."""
    collecting(attempts(0))
    shutil.copytree(classroom.root / "submitted", classroom.root / "before")
    collecting(attempts(0, 1, 2))
    undisturbed = tree(classroom.root / "submitted")
    shutil.rmtree(classroom.root / "submitted")
    (classroom.root / "before").rename(classroom.root / "submitted")
    renames, original = [], os.replace

    def replace(source, target):
        if len(renames) == step:
            raise Died
        renames.append(target)
        original(source, target)

    monkeypatch.setattr(writing.os, "replace", replace)
    with pytest.raises(Died):
        collecting(attempts(0, 1, 2))
    assert work("deep", "attempt 0") in tree(classroom.root / "submitted").values()
    monkeypatch.setattr(writing.os, "replace", original)
    collecting(attempts(0, 1, 2))
    assert tree(classroom.root / "submitted") == undisturbed


def test_a_full_disk_stops_with_the_reason_and_the_old_submission_stays(
    attempts, collecting, classroom, work, monkeypatch
):
    collecting(attempts(0))

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(CollectError, match=r"can't be written: No space left on device") as caught:
        collecting(attempts(1))
    assert "nothing is lost" in caught.value.remedy
    assert submission(classroom, "ada", "deep")[0] == work("deep", "attempt 0")
    monkeypatch.undo()
    assert whats(collecting(attempts(1))) == ["replaced"]


def test_a_source_that_changes_meanwhile_is_noticed(attempts, classroom, collecting, work):
    from autograder.classroom.collect import sources
    from autograder.classroom.collect.attempts import plan
    from autograder.classroom.collect.matching import match

    matched = match(sources.read(attempts(0)), classroom, Settings())
    other = dataclasses.replace(matched.candidates[0].file, read=lambda limit: work("deep", "another"))
    candidate = dataclasses.replace(matched.candidates[0], file=other)
    steps, _ = plan([candidate], classroom.root / "submitted")
    with pytest.raises(CollectError, match="SOURCE changed while it was collected"):
        writing.apply(steps[0], 20_000_000)
    assert not (classroom.root / "submitted" / "ada").exists()


# ---- somebody's attempts, in whatever order they are downloaded: on each platform that says which is the later

# What each of them calls the attempt of a moment.
CALLED = {
    "blackboard": "Lab_jane_attempt_2027-03-{moment:02}-08-00-00_deep.ipynb",
    "canvas": "doejane_501_90{moment:02}_deep.ipynb",
    "exchange": "jane+deep+2027-03-{moment:02} 08:00:00 UTC+x/deep.ipynb",
    "gradescope": "submission_10{moment:02}/deep.ipynb",
}
STUDENT = {"canvas": "doejane-501"}
SUBMITTED = (
    "submission_10{moment:02}:\n  :submitters: [{{':sid': jane}}]\n  :created_at: 2027-03-{moment:02} 08:00:00 Z\n"
)
MOMENTS = range(1, 5)
downloads = st.lists(st.sets(st.sampled_from(MOMENTS), min_size=1), min_size=1, max_size=4)


def download(folder, platform, moments, contents):
    place = Path(folder) / "class.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for moment in moments:
            archive.writestr(CALLED[platform].format(moment=moment), contents[moment])
        if platform == "gradescope":
            notes = "".join(SUBMITTED.format(moment=moment) for moment in moments)
            archive.writestr("submission_metadata.yml", notes)
    return place


@pytest.mark.parametrize("platform", CALLED)
@given(words=st.text("ab", min_size=4, max_size=4), taken=downloads)
@example("aaaa", [{1, 2}])  # the same content twice, at once
@example("aaaa", [{2}, {1}])  # and the earlier collected later
@example("abab", [{1}, {2}, {3}])  # somebody went back to an earlier version
@example("abab", [{1, 2, 3}])
@example("abab", [{2}, {1}, {1}])
@settings(max_examples=20, deadline=None, derandomize=True)
def test_the_latest_attempt_counts_and_is_given_back_however_they_were_collected(
    platform, in_this_process, words, taken
):
    contents = dict(zip(MOMENTS, (NOTEBOOK.replace(b"m)", word.encode() + b")") for word in words), strict=True))
    student, seen = STUDENT.get(platform, "jane"), set()
    with tempfile.TemporaryDirectory() as root:
        course = the_course().model_copy(update={"root": Path(root)})
        for moments in taken:
            place = download(root, platform, sorted(moments), contents)
            collected = collect(place, course, Settings(platform=platform))
            assert not collected.unmatched
            seen |= moments
            latest = max(seen)
            assert submission(course, student, "deep")[0] == contents[latest]
            found = origin(Folder(course.root), Place(student, "deep"), PLATFORMS[platform])
            assert found.part == CALLED[platform].format(moment=latest).removesuffix("/deep.ipynb")
            there = tree(course.root / "submitted")
            assert {contents[moment] for moment in seen} <= set(there.values())
            assert whats(collect(place, course, Settings(platform=platform))) == ["unchanged"] * len(moments)
            assert tree(course.root / "submitted") == there
