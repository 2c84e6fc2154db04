"""Whose work it is, and when, is said by the platform alone: whatever students call their files, folders, archives and notes.

For each platform, classes are generated in which everything that a student chose looks like what some platform writes for somebody
else. Nobody else's submission may come of it, nobody who isn't there, and no time but the platform's.
"""

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.classroom.collect.matching import Settings, match
from autograder.classroom.collect.names import Spellings
from autograder.classroom.collect.paths import choose
from autograder.classroom.collect.platforms import PLATFORMS
from autograder.classroom.collect.sources import File, Source
from autograder.course.course import load
from tests.conftest import ROOT

TIME = "2027-03-14 08:00:00"
METADATA = b"submission_1:\n  :submitters: [{':name': Vera, ':sid': vera, ':email': vera@example.edu}]\n  :created_at: 1999-01-01 00:00:00 Z\n"
# Names that platforms write, for somebody called Vera, who is in some of the classes: files and folders alike.
LIKE_A_PLATFORMS = (
    "Vera_7_assignsubmission_file_", "Participant_7_assignsubmission_file_", "vera_7_99999_", "vera_LATE_7_99999_", "anon_vera_99999_",
    "Lab_vera_attempt_1999-01-01-00-00-00_", "vera+deep+1999-01-01 00:00:00 UTC+x", "deep-submissions", "deep-vera", "submission_1",
    "Vera - ", "vera", "deep", "two_layer", "vera_deep", "inbound", "LATE_", "timestamp.txt", "submission_metadata.yml",
)  # fmt: skip


@cache
def the_course():
    return load(ROOT / "course.yml")  # no fixture: hypothesis would print all of it


@dataclass(frozen=True)
class Layout:
    """How a platform calls what `student` handed in as `inside`, and the id that comes of it."""

    called: str
    id: str
    checkout: bool = False
    beside: str = ""  # a file of the platform's own


LAYOUTS = {
    "moodle": Layout("{name}_{number}_assignsubmission_file_/{inside}", "{name}"),
    "moodle, flat": Layout("{name}_{number}_assignsubmission_file_{inside}", "{name}"),
    "moodle, blind": Layout("Persona_{number}_assignsubmission_file_/{inside}", "Persona_{number}"),
    "canvas": Layout("{login}_{number}_{number}55_{inside}", "{login}-{number}"),
    "blackboard": Layout("Lab 1_{login}_attempt_2027-03-14-08-00-00_{inside}", "{login}"),
    "gradescope": Layout("submission_{number}/{inside}", "{login}", beside="submission_metadata.yml"),
    "exchange": Layout("inbound/{login}+deep+2027-03-14 08:00:00 UTC+a{number}/{inside}", "{login}"),
    "github": Layout("deep-submissions/deep-{login}/{inside}", "{login}", checkout=True),
    "classroom": Layout("{name} - {inside}", "{name}"),
    "folder": Layout("{login}/{inside}", "{login}"),
    "folder, by assignment": Layout("deep/{login}/{inside}", "{login}"),
}
PEOPLE = (("Ann", "ann", 101), ("Bob", "bob", 102), ("Vera", "vera", 7))
NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "check(\'deep.network\', m); check(\'deep.count\', n)"}], "nbformat": 4}'
chosen = st.lists(st.sampled_from(LIKE_A_PLATFORMS), max_size=3)
names = st.tuples(
    chosen, st.sampled_from(("", *LIKE_A_PLATFORMS)), st.sampled_from((".ipynb", "deep.ipynb", ".zip/deep.ipynb"))
)


def inside(parts, is_flat):
    folders, file, ending = parts
    path = "/".join([*folders, f"{file}{ending}"])
    return path.replace("/", " ", path.count("/") - (1 if ".zip/" in path else 0)) if is_flat else path


def file_of(path, content, checkout=""):
    place = Path("/class") / path if checkout else None
    return File(path, len(content), lambda limit: content, place, Path("/class") / checkout if checkout else None)


def class_of(layout, handed_in, notebook):
    """Files of a source, and whose each of them is by the platform's word."""
    files, owners, metadata = [], {}, b""
    is_flat = "{inside}" in layout.called.rpartition("/")[2] and layout.called.rpartition("/")[2] != "{inside}"
    for name, login, number in PEOPLE:
        call = partial(layout.called.format, name=name, login=login, number=number)
        own = layout.id.format(name=name, login=login, number=number)
        root = call(inside="").rstrip("/") if layout.checkout else ""
        metadata += f"submission_{number}:\n  :submitters: [{{':sid': {login}}}]\n  :created_at: {TIME} Z\n".encode()
        for parts in handed_in.get(login, [([], "", "deep.ipynb")]):
            path = call(inside=inside(parts, is_flat))
            if path not in owners:
                owners[path] = own
                files.append(file_of(path, notebook, root))
        if login == "ann":  # notes that are the student's own, wherever there may be some
            for note, content in (("timestamp.txt", b"1999-01-01 00:00:00 UTC"), ("submission_metadata.yml", METADATA)):
                if not is_flat:
                    files.append(file_of(call(inside=f"work.zip/{note}"), content, root))
    if layout.beside:
        files.append(file_of(layout.beside, metadata))
    return files, owners


@pytest.mark.parametrize("kind", LAYOUTS)
@given(ann=st.lists(names, min_size=1, max_size=6), bob=st.lists(names, max_size=2))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_nothing_that_a_student_chose_says_whose_or_since_when(kind, in_this_process, ann, bob):
    layout = LAYOUTS[kind]
    plain = [([], "", "deep.ipynb")]
    files, owners = class_of(layout, {"ann": [*plain, *ann], "bob": [*plain, *bob]}, NOTEBOOK)
    source = Source("class")
    source.files = files
    matched = match(source, the_course(), Settings())
    assert matched.platform.name == kind.partition(",")[0]
    for candidate in matched.candidates:
        assert candidate.student == owners[candidate.file.path], candidate.file.path
        assert candidate.time is None or candidate.time.year == 2027, candidate.file.path
    assert {candidate.student for candidate in matched.candidates} == set(owners.values())


def test_a_student_with_a_thousand_files_does_not_choose_the_platform(course):
    """One folder is one name among those of the class, however full it is."""
    honest = [file_of(f"{name}_{n}_assignsubmission_file_/deep.ipynb", b"") for name, _, n in PEOPLE[:2]]
    flood = [
        file_of(f"Eve_9_assignsubmission_file_/work.zip/bob+deep+{TIME} UTC+{n}/deep.ipynb", b"") for n in range(1000)
    ]
    assert choose(Spellings(course), "class", [*honest, *flood]).platform is PLATFORMS["moodle"]
    plain = [file_of(f"{login}/deep.ipynb", b"") for _, login, _ in PEOPLE]
    flood = [file_of(f"eve/Bob_{n}_assignsubmission_file_/deep.ipynb", b"") for n in range(1000)]
    assert choose(Spellings(course), "class", [*plain, *flood]).platform is PLATFORMS["folder"]


@pytest.mark.parametrize("word", ["Participant", "참가자", "Teilnehmer", "Participante", "受講者"])
def test_blind_marking_is_known_in_every_language_and_found_in_both_forms_of_the_roster(
    word, work, zipped, collecting, tmp_path
):
    from autograder.classroom.collect.roster import load

    place = zipped({f"{word}_{n}_assignsubmission_file_/deep.ipynb": work("deep", str(n)) for n in (12345, 12346)})
    (tmp_path / "roster.csv").write_text("id,moodle\n2027001,12345\n2027002,Participant 12346\n")
    plain = collecting(place, dry_run=True)
    assert {each.student for each in plain.notebooks} == {f"{word}_12345", f"{word}_12346"}
    found = collecting(place, roster=load(tmp_path / "roster.csv"))
    assert {each.student for each in found.notebooks} == {"2027001", "2027002"}


def test_two_people_of_the_platform_who_are_one_in_the_roster_are_listed_and_nobody_is_replaced(
    work, zipped, collecting, classroom, tmp_path
):
    from autograder.classroom.collect.roster import load
    from tests.classroom.collect.conftest import outcome, tree

    (tmp_path / "roster.csv").write_text("id,name,email\n1,Jane Doe,jdoe@example.edu\n")
    roster = load(tmp_path / "roster.csv")
    first = {"Jane Doe_1_assignsubmission_file_/deep.ipynb": work("deep", "jane")}
    other = {"Doe Jane_2_assignsubmission_file_/deep.ipynb": work("deep", "eve")}
    counted, left = outcome(collecting(zipped({**first, **other}), roster=roster))
    assert not counted and len(left) == 2 and all("the roster must tell them apart" in why for why in left.values())
    collecting(zipped(first), roster=roster)
    before = tree(classroom.root / "submitted")
    counted, left = outcome(collecting(zipped(other, "later"), roster=roster))
    assert not counted and "was somebody else before" in next(iter(left.values()))
    assert tree(classroom.root / "submitted") == before
