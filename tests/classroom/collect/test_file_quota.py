"""One upload that holds any number of files, in any shape, costs nobody else anything: not their place, nor a line of the table."""

import os
import subprocess
import tracemalloc
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.classroom.collect import archives, sources
from autograder.classroom.collect.file_quota import FULL, Shares
from autograder.classroom.collect.results import ROWS, Unmatched, few
from tests.classroom.collect.conftest import outcome
from tests.classroom.collect.test_archives import inner

MOST = 60
FLOODS = {
    "in one folder": {f"{number}.png": b"" for number in range(MOST + 5)},
    "in many folders": {f"{number % 9}/{number}.png": b"" for number in range(MOST + 5)},
    "in many archives": {
        f"{number}.zip": inner({f"{n}.ipynb": b"{}" for n in range(5)}) for number in range(MOST // 4)
    },
    "far down": {"d/" * 30 + f"{number}.ipynb": b"{}" for number in range(MOST + 5)},
}
PLACES = {
    "folders": "{student}/{inside}",
    "Moodle": "{student}_1_assignsubmission_file/{inside}",
    "Moodle in the teacher's folder": "down/loads/{student}_1_assignsubmission_file/{inside}",
    "checkouts": "deep-submissions/deep-{student}/{inside}",
}


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize(
    ("place", "packed"),
    [
        *((place, "") for place in PLACES),
        *((place, packed) for place in PLACES if place != "checkouts" for packed in ("FILES", "SOURCE_ENTRIES")),
    ],
)
def test_a_class_is_collected_though_one_hands_in_more_than_all_may_hold(
    place, packed, flood, work, folder, zipped, collecting, monkeypatch
):
    """`packed`: in a zip, which of the two limits it is over."""
    monkeypatch.setattr(archives if packed == "SOURCE_ENTRIES" else sources, packed or "FILES", MOST)
    honest = {f"{name}/deep.ipynb": work("deep", name) for name in ("ada", "bob", "zoe")}
    files = {
        PLACES[place].format(student=path.partition("/")[0], inside=path.partition("/")[2]): content
        for path, content in {**honest, **{f"eve/{path}": content for path, content in FLOODS[flood].items()}}.items()
    }
    source = zipped(files) if packed else folder(files)
    if place == "checkouts":
        for checkout in (source / "deep-submissions").iterdir():
            subprocess.run(["git", "init", "--quiet", checkout], check=True)
    collected = collecting(source)
    counted, _left = outcome(collected)
    assert {student.casefold() for student, _assignment in counted} >= {"ada", "bob", "zoe"}
    assert not any(
        "deep" in row.file and not any(word in row.file for word in ("eve", "png", "zip"))
        for row in collected.unmatched
    )
    if packed != "SOURCE_ENTRIES" or flood != "in many archives":  # which that one has few of
        assert any("left out" in row.reason and "eve" in row.file for row in collected.unmatched)
    assert len(collected.unmatched) < 2 * ROWS


def test_folders_that_lie_one_in_the_other_without_end_are_listed(work, folder, collecting):
    place = folder({"ada/deep.ipynb": work("deep", "ada"), "eve/deep.ipynb": work("deep", "eve")})
    here = os.open(place / "eve", os.O_RDONLY)
    for _level in range(1_500):
        os.mkdir("d", dir_fd=here)
        here, outer = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(outer)
    os.close(here)
    try:
        counted, left = outcome(collecting(place))
    finally:
        subprocess.run(["rm", "-rf", place / "eve"], check=True)
    assert counted == {("ada", "deep"): "taken", ("eve", "deep"): "taken"}
    assert list(left.values()) == ["it lies more than 64 folders deep"]


def test_a_folder_that_can_not_be_looked_into_is_listed(work, folder, collecting, monkeypatch):
    place, look = folder({"ada/deep.ipynb": work("deep", "ada"), "eve.d/deep.ipynb": work("deep", "eve")}), os.scandir

    def scandir(path):
        if str(path).endswith("eve.d"):
            raise PermissionError(13, "Permission denied")
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    counted, left = outcome(collecting(place))
    assert counted == {("ada", "deep"): "taken"} and left == {"eve.d": "it can't be read: Permission denied"}


def test_an_environment_or_cache_that_was_packed_with_the_work_keeps_no_notebook_from_being_collected(
    work, zipped, collecting
):
    for packed in (".venv/lib/{}.py", "venv/Lib/site-packages/{}.py", "__pycache__/{}.pyc", "images/{}.png"):
        many = {f"work/{packed.format(number)}": b"" for number in range(archives.INNER_ENTRIES + 1)}
        hers = inner({**many, "work/deep.ipynb": work("deep", "eve")})
        counted, left = outcome(
            collecting(zipped({"eve/work.zip": hers, "ada/deep.ipynb": work("deep", "ada")}), dry_run=True)
        )
        assert counted == {("ada", "deep"): "taken", ("eve", "deep"): "taken"}
        assert ("left out" in " ".join(left.values())) == (packed == "images/{}.png")


def test_only_so_many_archives_with_more_than_they_may_hold_are_looked_into(work, zipped, collecting, monkeypatch):
    monkeypatch.setattr(archives, "THINNED", 2)
    full = inner({f".venv/{number}": b"" for number in range(archives.INNER_ENTRIES + 1)})
    files = {f"eve/{number}.zip": full for number in range(4)}
    counted, left = outcome(collecting(zipped({**files, "ada/deep.ipynb": work("deep", "ada")})))
    assert counted == {("ada", "deep"): "taken"}
    assert [left.get(f"eve/{number}.zip") for number in range(4)] == ["there is no file in it"] * 2 + [
        "it holds more than 2,000 files"
    ] * 2


names = st.sampled_from(["a", "b", "c"])
floods = st.lists(st.tuples(st.lists(names, max_size=4), st.integers(1, 150)), min_size=1, max_size=4)


@given(floods, st.integers(1, 20), st.lists(names, max_size=2), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_left_out_is_never_anybody_elses(flood, honest, above, at_once):
    """Whatever shapes one upload has; and no more than `most` is ever kept."""
    most, root = 100, "".join(f"{name}/" for name in above)
    shares, kept = Shares(most), []
    files = {f"{root}eve/{'/'.join([*inside, ''])}{number}" for inside, count in flood for number in range(count)}
    own = {f"{root}student{number}/deep.ipynb" for number in range(honest)}
    folders = {f"{root}{name}/" for name in ("eve", *(f"student{number}" for number in range(honest)))}
    found = sorted({*files, *own}, key=lambda path: (os.path.dirname(path), path))
    lists = [found] if at_once else [folders, *(list(together) for _, together in groupby(found, os.path.dirname))]
    for together in lists:
        for left, holds in shares.add(together):
            assert left.startswith(f"{root}eve") and holds * FULL > most
        kept = [path for path in (*kept, *together) if not path.endswith("/") and not shares.is_left_out(path)]
        assert len(kept) <= most
    assert own <= set(kept) and bool(shares.left_out) == (len(files) + honest > most)


def test_a_class_of_many_small_uploads_is_too_large_as_a_whole():
    for place in ("student{}/deep.ipynb", "downloads/class/student{}/deep.ipynb", "{}.ipynb"):
        shares, paths = Shares(100), [place.format(number) for number in range(101)]
        assert shares.add(paths[:100]) == [] and shares.add(paths[100:]) == [("", 0)]


def test_folders_without_number_in_one_another_take_no_more_memory_than_their_names():
    paths = ["ada/deep.ipynb", *(f"eve/{number}/{'d/' * 60}x" for number in range(4_000))]
    shares = Shares(len(paths) // 2)
    tracemalloc.start()
    try:
        assert shares.add(paths) == [("eve", 4_000)]
        assert tracemalloc.get_traced_memory()[1] < 20 * sum(map(len, paths))
    finally:
        tracemalloc.stop()


def test_nobodys_row_is_lost_among_anothers():
    flood = [Unmatched(f"eve/{number:03}.ipynb", "it is a link", "eve") for number in range(ROWS + 7)]
    rows = few([*flood, Unmatched("ada/x.ipynb", "it is a link")], lambda path: path.partition("/")[0])
    assert rows == sorted(
        [*flood[:ROWS], Unmatched("ada/x.ipynb", "it is a link"), Unmatched("eve", "7 files more: it is a link", "eve")]
    )
