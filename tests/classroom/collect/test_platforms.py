"""What each platform calls files, as its own code or documentation has it, and whose they are then."""

import datetime as dt
import json
import re
from pathlib import PurePosixPath

import pytest

from autograder.classroom.collect.names import Spellings
from autograder.classroom.collect.paths import Rule
from autograder.classroom.collect.platforms import PLATFORMS
from autograder.classroom.collect.roster import COLUMNS
from autograder.classroom.collect.sources import File
from autograder.course.course import load
from tests.classroom.collect.conftest import outcome, submission

STUDENTS = {
    "moodle": {
        "Jane Doe_12345_assignsubmission_file_/deep.ipynb": ("Jane-Doe", None),  # a folder a student
        "Jane Doe_12345_assignsubmission_file/part 1/deep.ipynb": ("Jane-Doe", None),  # a sub-folder of theirs
        "Jane Doe_12345_assignsubmission_file_deep.ipynb": ("Jane-Doe", None),  # flat
        "김철수_7_assignsubmission_file_/deep.ipynb": ("김철수", None),
        "O'Neill Shaun_7_assignsubmission_file_/deep.ipynb": ("O-Neill-Shaun", None),
        "Participant_99_assignsubmission_file_/deep.ipynb": ("Participant_99", None),  # blind marking
        "Group A_3_assignsubmission_file_/deep.ipynb": ("Group-A", None),  # team submission
        "deep/Jane Doe_12345_assignsubmission_file_/deep.ipynb": ("Jane-Doe", None),  # unpacked into a folder
    },
    "canvas": {
        "doejane_12345_678910_deep.ipynb": ("doejane-12345", None),
        "doejane_LATE_12345_678910_deep-1.ipynb": ("doejane-12345", None),
        "김철수_12345_678910_deep.ipynb": ("김철수-12345", None),
        "anon_Xy12z_678910_deep.ipynb": ("anon_Xy12z", None),  # anonymous grading
        "LATE_anon_Xy12z_678910_deep.ipynb": ("anon_Xy12z", None),
        "doejane_12345_678910_my_work.zip/deep.ipynb": ("doejane-12345", None),
    },
    "blackboard": {
        # Blackboard's times are those of the server's clock: the due date's zone, nine hours before UTC.
        "Lab_1_jdoe_attempt_2027-03-14-23-59-00_deep.ipynb": ("jdoe", "2027-03-14 14:59:00 UTC"),
        "A deep network_jdoe_attempt_2027-03-14-08-00-00_my_deep_work.ipynb": ("jdoe", "2027-03-13 23:00:00 UTC"),
        "Taak 1_jdoe_poging_2027-03-14-23-59-00_deep.ipynb": ("jdoe", "2027-03-14 14:59:00 UTC"),  # in Dutch
    },
    "exchange": {
        "ada+deep+2027-03-14 23:59:00.123456 UTC+a1B2c3/deep.ipynb": ("ada", "2027-03-14 23:59:00.123456 UTC"),
        "ada+deep+2027-03-14 23:59:00.000000 UTC/deep.ipynb": ("ada", "2027-03-14 23:59:00 UTC"),
        "a+b+deep+2027-03-14 23:59:00.5 UTC+a1-_c3/deep.ipynb": ("a-b", "2027-03-14 23:59:00.500000 UTC"),
        "course/inbound/ada+deep+2027-03-14 23:59:00.0 UTC+x/deep.ipynb": ("ada", "2027-03-14 23:59:00 UTC"),
    },
    "classroom": {
        "Jane Doe - deep.ipynb": ("Jane-Doe", None),
        "김철수 - deep.ipynb의 사본": None,  # no notebook by its name: listed, not guessed
        "deep/Jane Doe/deep.ipynb": ("Jane-Doe", None),
    },
    "folder": {
        "ada/deep/deep.ipynb": ("ada", None),
        "ada/A deep network/handed in/x.ipynb": ("ada", None),
        "deep/ada/x.ipynb": ("ada", None),
        "deep/ada.ipynb": ("ada", None),
        "deep/ada (2).ipynb": ("ada", None),
        "ada/x.ipynb": ("ada", None),
        "ada_deep.ipynb": ("ada", None),
        "deep-ada.ipynb": ("ada", None),
        "ada.ipynb": ("ada", None),
        "deep.ipynb": None,  # nobody's
        "ada lovelace/deep_final (1).ipynb": ("ada-lovelace", None),
    },
}
CASES = [(name, path, wanted) for name, cases in STUDENTS.items() for path, wanted in cases.items()]


@pytest.mark.parametrize(("platform", "path", "wanted"), CASES, ids=[f"{name}: {path}" for name, path, _ in CASES])
def test_a_platforms_name_says_whose_it_is_and_since_when(
    platform, path, wanted, work, folder, zipped, collecting, classroom
):
    parts = path.partition(".zip/")
    place = folder({path: work("deep", "ada")}) if not parts[1] else None
    if place is None:
        inner = zipped({parts[2]: work("deep", "ada")}, "inner").read_bytes()
        place = zipped({f"{parts[0]}.zip": inner})
    collected = collecting(place, platform=platform)
    if wanted is None:
        assert not collected.notebooks
        return
    assert outcome(collected) == ({(wanted[0], "deep"): "taken"}, {})
    assert submission(classroom, wanted[0], "deep") == (work("deep", "ada"), wanted[1])


@pytest.mark.parametrize("platform", [name for name in STUDENTS if name not in ("classroom", "folder")])
def test_the_platform_is_recognised_by_most_names(platform, work, folder, collecting):
    cases = {path: work("deep", "ada") for path, wanted in STUDENTS[platform].items() if wanted and ".zip/" not in path}
    assert collecting(folder(cases)).platform == platform


def test_classrooms_copies_are_recognised_and_folders_are_what_is_left(work, folder, collecting):
    copies = folder({f"{name} - deep.ipynb": work("deep", name) for name in ("Jane Doe", "Bob Roe")}, "copies")
    assert collecting(copies).platform == "classroom"
    plain = folder({"ada/deep.ipynb": work("deep", "ada"), "bob/deep - final.ipynb": work("deep", "bob")}, "plain")
    collected = collecting(plain)
    assert collected.platform == "folder"
    assert set(outcome(collected)[0]) == {("ada", "deep"), ("bob", "deep")}


def test_files_that_do_not_fit_the_platform_are_listed(work, zipped, collecting):
    names = (
        "Jane Doe_1_assignsubmission_file_/deep.ipynb",
        "Bob Roe_2_assignsubmission_file_/deep.ipynb",
        "stray.ipynb",
    )
    counted, left = outcome(collecting(zipped({name: work("deep", name) for name in names})))
    assert set(counted) == {("Jane-Doe", "deep"), ("Bob-Roe", "deep")}
    assert left == {"stray.ipynb": "its name is not one that Moodle gives"}


def test_two_participants_of_one_name_are_not_mixed_up(work, zipped, collecting):
    """Moodle's number is another one in each assignment: without a roster, the name is all there is."""
    names = (
        "김민준_1_assignsubmission_file_/deep.ipynb",
        "김민준_2_assignsubmission_file_/deep.ipynb",
        "이서연_3_assignsubmission_file_/deep.ipynb",
    )
    counted, left = outcome(collecting(zipped({name: work("deep", name) for name in names})))
    assert set(counted) == {("이서연", "deep")}
    assert set(left) == set(names[:2])
    assert all(
        "2 people would be '김민준' (김민준 1, 김민준 2): a roster tells them apart" in reason
        for reason in left.values()
    )


def test_canvas_says_that_it_is_late_but_not_by_how_much(work, zipped, collecting):
    (taken,) = collecting(zipped({"doejane_LATE_1_2_deep.ipynb": work("deep", "ada")})).notebooks
    assert taken.notes == ("late, and nothing says by how much",)


def test_canvas_later_upload_counts(work, zipped, collecting, classroom):
    """Attachment numbers grow with time: 11 came after 9, and is not smaller as text would be."""
    names = {"doejane_1_9_deep.ipynb": work("deep", "first"), "doejane_1_11_deep-1.ipynb": work("deep", "second")}
    collecting(zipped(names))
    assert submission(classroom, "doejane-1", "deep")[0] == work("deep", "second")


NOTE = """Name: Jane Doe (jane_doe)
Assignment: Lab 1
Date Submitted: Sunday, March 14, 2027 11:59:00 PM KST
Current Mark: Not Marked Yet

Files:
\tOriginal filename: deep.ipynb
\tFilename: Lab 1_jane_doe_attempt_2027-03-14-23-59-00_deep.ipynb
"""


def test_blackboards_note_tells_a_user_name_with_an_underscore(work, zipped, collecting):
    attempt = "Lab 1_jane_doe_attempt_2027-03-14-23-59-00"
    forged = "Lab 1_bob_attempt_2027-03-14-23-59-00"  # a note can't make bob's file somebody else's
    empty = "Lab 1_eve_attempt_2027-03-14-23-59-00"
    collected = collecting(zipped({
        f"{attempt}.txt": NOTE.encode("utf-8-sig"), f"{attempt}_deep.ipynb": work("deep", "jane"),
        f"{forged}.txt": NOTE.encode(), f"{forged}_deep.ipynb": work("deep", "bob"),
        f"{empty}.txt": NOTE.replace("jane_doe", "eve").encode(),
    }))  # fmt: skip
    assert collected.platform == "blackboard"
    counted, left = outcome(collected)
    assert set(counted) == {("jane_doe", "deep"), ("bob", "deep")}
    assert left == {f"{empty}.txt": f"no notebook was handed in with it ({empty}.txt)"}


def test_times_without_a_zone_are_in_the_one_that_is_named(work, zipped, collecting, classroom):
    from zoneinfo import ZoneInfo

    place = zipped({"Lab_jdoe_attempt_2027-07-14-23-59-00_deep.ipynb": work("deep", "jane")})
    collecting(place, zone=ZoneInfo("Europe/Berlin"))
    assert submission(classroom, "jdoe", "deep")[1] == "2027-07-14 21:59:00 UTC"


GRADESCOPE = """---
submission_101:
  :submitters:
  - :name: Jane Doe
    :sid: '20270001'
    :email: jane@example.edu
  :created_at: 2027-03-14 23:59:00.250000000 Z
  :score: 3.0
submission_102:
  :submitters:
  - {':name': Bob Roe, ':sid': '', ':email': bob@example.edu}
  - {':name': Eve Poe, ':sid': '20270003', ':email': eve@example.edu}
  :created_at: 2027-03-15 00:10:00.000000000 +09:00
"""


def test_gradescopes_metadata_say_who_a_submission_is_and_groups_get_one_each(work, zipped, collecting, classroom):
    collected = collecting(zipped({
        "assignment_9_export/submission_metadata.yml": GRADESCOPE.encode(),
        "assignment_9_export/submission_101/deep.ipynb": work("deep", "jane"),
        "assignment_9_export/submission_102/deep.ipynb": work("deep", "group"),
        "assignment_9_export/submission_103/deep.ipynb": work("deep", "unknown"),
    }))  # fmt: skip
    counted, left = outcome(collected)
    assert collected.platform == "gradescope"
    assert set(counted) == {("20270001", "deep"), ("bob", "deep"), ("20270003", "deep")}
    assert left == {"assignment_9_export/submission_103/deep.ipynb": "its name doesn't say whose it is"}
    assert submission(classroom, "20270001", "deep")[1] == "2027-03-14 23:59:00.250000 UTC"
    assert submission(classroom, "bob", "deep")[1] == "2027-03-14 15:10:00 UTC"


@pytest.mark.parametrize(
    "metadata",
    [
        b"[",
        b"- 1",
        b"a: &a [*a]",
        b"a: &a [x]\nb: &b [*a, *a]\nsubmission_101: {':submitters': [{':name': *b}]}",
        b"submission_101: {':submitters': [1, {}]}",
        b"\xff\xfe",
    ],
)
def test_metadata_that_are_none_leave_submissions_unmatched(metadata, work, zipped, collecting):
    collected = collecting(
        zipped({"submission_metadata.yml": metadata, "submission_101/deep.ipynb": work("deep", "a")})
    )
    assert outcome(collected) == ({}, {"submission_101/deep.ipynb": "its name doesn't say whose it is"})


# What a student may be called that YAML 1.1 takes for something else, by the patterns of PyYAML that Ruby, which wrote it, doesn't have.
CALLED = [
    "9999-99-99", "2027-02-30", "2027-03-14 25:61:61", "2027-03-14 10:00:00 +99:99", "9" * 5000, "1_0:00", "0b2", "1:99:99", ".nan", "yes", "!Ann", "!!bool x",
    "!!timestamp x", "!ruby/object:Ann {}", "=", "<<", "0012", "1e999", "!!int ''", "!!binary é", "{<<: x}", "!!set [1]",
]  # fmt: skip


@pytest.mark.parametrize("called", CALLED, ids=range(len(CALLED)))
@pytest.mark.parametrize("place", [":name", ":sid", ":output", ":created_at"])
def test_whatever_one_student_is_called_everybody_else_of_gradescope_is_known(called, place, work, zipped, collecting):
    fields = {":name": "Eve", ":email": "eve@example.edu", place: called}
    submitter = "".join(f"    {key}: {value}\n" for key, value in fields.items() if key != ":created_at")
    moment = fields.get(":created_at", "2027-03-14 10:00:00 Z")
    eve = f"submission_103:\n  :submitters:\n  -\n{submitter}  :created_at: {moment}\n"
    counted, _left = outcome(collecting(zipped({
        "submission_metadata.yml": f"{GRADESCOPE}{eve}".encode(),
        "submission_101/deep.ipynb": work("deep", "jane"),
        "submission_103/deep.ipynb": work("deep", "eve"),
    })))  # fmt: skip
    assert counted[("20270001", "deep")] == "taken"
    assert place == ":sid" or len(counted) == 2


def test_every_platform_names_the_source_of_its_rule(course_file):
    spellings = Spellings(load(course_file))
    for name, platform in PLATFORMS.items():
        assert platform.name == name and platform.source and platform.title
        assert Rule(platform, spellings, "class").cut(File("x", 0, read=lambda limit: b"")) is None


def test_the_command_offers_every_platform():
    from autograder.cli.collect import PlatformChoice

    assert {choice.value for choice in PlatformChoice} == {"auto", *PLATFORMS}


def test_json_holds_all_that_is_known(work, zipped, collecting):
    place = zipped({"Lab_jdoe_attempt_2027-03-14-23-59-00_deep.ipynb": work("deep", "jane"), "x.ipynb": b"{}"})
    document = json.loads(collecting(place, platform="blackboard").to_json())
    assert document["platform"] == "blackboard"
    (one,) = document["notebooks"]
    assert (one["student"], one["assignment"], one["what"]) == ("jdoe", "deep", "taken")
    assert dt.datetime.fromisoformat(one["time"]) == dt.datetime(2027, 3, 14, 14, 59, tzinfo=dt.UTC)
    assert document["unmatched"] == [
        {"file": "x.ipynb", "reason": "its name is not one that Blackboard gives", "student": ""}
    ]


def test_the_exchanges_secret_goes_with_the_notebook(work, folder, collecting, classroom):
    """nbgrader's release_feedback names a student's page by it."""
    place = "ada+deep+2027-03-14 23:59:00.0 UTC+x"
    files = {f"{place}/deep.ipynb": work("deep", "ada"), f"{place}/submission_secret.txt": b"5ec4e7", f"{place}/x.png": b"",
             "outbound/deep/deep.ipynb": work("deep"), "feedback/ab.html": b""}  # fmt: skip
    collected = collecting(folder(files))
    there = classroom.root / "submitted" / "ada" / "deep"
    assert {path.name for path in there.iterdir()} == {"deep.ipynb", "timestamp.txt", "submission_secret.txt"}
    assert (there / "submission_secret.txt").read_bytes() == b"5ec4e7"
    assert outcome(collected)[1] == {}
    assert [left.file for left in collected.ignored] == [
        f"{place}/submission_secret.txt", f"{place}/x.png", "feedback/ab.html", "outbound/deep/deep.ipynb",
    ]  # fmt: skip


def test_the_documents_examples_fit_their_platforms(course, tmp_path):
    """docs/collecting.md: every file name in the table of platforms is one that its rule takes."""
    text = (course.root / "docs" / "collecting.md").read_text("utf-8")
    table = text.partition("## Whose it is")[2].partition("### Roster")[0]
    rows = {row.split("|")[1].strip(): row.split("|")[2] for row in table.splitlines() if row.startswith("| ")}
    titles = {platform.title: platform for platform in PLATFORMS.values()} | {"folders": PLATFORMS["folder"]}
    assert set(rows) - {"platform", "---"} == set(titles) - {"folders by student"}
    for title, cell in rows.items():
        if title in titles:
            examples = [f"{name}x.ipynb" if name.endswith("/") else name for name in re.findall(r"`([^`]+)`", cell)]
            found = [name for name in examples if name.endswith(".ipynb")]
            assert found
            for name in found:
                file = File(name, 0, lambda limit: b"", tmp_path / name, tmp_path / PurePosixPath(name).parent)
                rule = Rule(titles[title], Spellings(course), "class", [file])
                assert rule.cut(file), (title, name)
    for column in COLUMNS:
        assert column == "folder" or f"`{column}`" in text
