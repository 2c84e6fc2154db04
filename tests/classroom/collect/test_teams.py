"""Teams: one hand-in counts for each member of the group that the platform's own files name, and for nobody whom a student names."""

import json
import re
import zipfile

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.classroom.collect import Settings, What, collect
from autograder.classroom.collect.platforms import PLATFORMS as PLATFORMS_ALL
from autograder.classroom.collect.roster import load
from autograder.classroom.export.grades import of_report
from autograder.classroom.folder import Folder, Place
from autograder.classroom.give_back import PLATFORMS, archives
from autograder.classroom.give_back.origin import origin
from autograder.classroom.pages.class_page.material import gather
from autograder.cli.app import app
from autograder.common.errors import CollectError
from autograder.course.released_notebook import released_notebook
from tests.classroom.collect.conftest import outcome
from tests.classroom.give_back.test_give_back import graded
from tests.tiny_course import tiny_course, tiny_submission

# As instructure/canvas-lms, group_categories_controller.rb writes a group set, and moodle/moodle, gradingtable.php the worksheet of a team's assignment.
CANVAS = (
    "name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id\n"
    '"Doe, Jane",501,2027001,jdoe,A,Team 1,71,\n"Roe, Bob",502,2027002,broe,A and B,Team 1,71,\n'
    '"Poe, Eve",503,2027003,epoe,A,Team 2,72,\n"Kim, Chul-soo",504,2027004,cskim,A,,,\n"Lee, Dora",505,2027005,dlee,A,Team 2,72,\n'
)
MOODLE = (
    "Identifier,Full name,ID number,Email address,Status,Group,Grade,Maximum grade\n"
    "Participant 11,Jane Doe,2027001,j@x.edu,,Team 1,,3\nParticipant 12,Bob Roe,2027002,b@x.edu,,Team 1,,3\n"
    "Participant 13,Eve Poe,2027003,e@x.edu,,Team_2,,3\nParticipant 14,Chul-soo Kim,2027004,k@x.edu,,Default group,,3\n"
)
HAND_MADE = "id,name,login,group\n2027001,Jane Doe,jdoe,Team 1\n2027002,Bob Roe,broe,team-1\n2027003,Eve Poe,epoe,jdoe's\n2027004,Kim,cskim,\n"


@pytest.fixture
def roster(tmp_path):
    def write(text):
        (tmp_path / "groups.csv").write_text(text, "utf-8")
        return load(tmp_path / "groups.csv")

    return write


ALL, ONE = {"2027001", "2027002", "2027003", "2027004"}, {"2027001", "2027002"}
HAND_INS = {
    "canvas": (CANVAS, "canvas", {"team1_502_9001_deep.ipynb": ONE, "team2_LATE_503_9002_deep.ipynb": {"2027003", "2027005"},
                                  "kimchulsoo_504_9003_deep.ipynb": {"2027004"}}),
    "moodle": (MOODLE, "moodle", {"Team 1_12_assignsubmission_file/deep.ipynb": ONE, "Team 2_13_assignsubmission_file_deep.ipynb": {"2027003"},
                                  "Default group_assignsubmission_file/deep.ipynb": {"2027004"}}),
    "folders": (HAND_MADE, "folder", {"Team 1/deep.ipynb": ONE, "epoe/deep.ipynb": {"2027003"}, "cskim/deep.ipynb": {"2027004"}}),
    "blackboard": (HAND_MADE, "blackboard", {"Lab_broe_attempt_2027-03-14-23-59-00_deep.ipynb": ONE}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "platform", "files"), HAND_INS.values(), ids=HAND_INS)
def test_one_hand_in_counts_for_each_member(text, platform, files, roster, work, zipped, collecting):
    collected = collecting(zipped({name: work("deep", name) for name in files}), roster=roster(text), teams=True)
    assert (collected.platform, collected.unmatched) == (platform, ())
    assert {name: {taken.student for taken in collected.notebooks if taken.file == name} for name in files} == files
    again = collecting(zipped({name: work("deep", name) for name in files}), roster=roster(text), teams=True)
    assert again.count(What.UNCHANGED) == len(collected.notebooks) == len(again.notebooks)


def test_github_names_the_team_alone(roster):
    from autograder.classroom.collect.teams import Teams

    found = Teams(roster(HAND_MADE))
    people, _reason = found.members(PLATFORMS_ALL["github"], {"login": "team-1"})
    assert {person.id for person in people} == ONE
    for login in ("jdoe", "team-2"):  # a team that calls itself like a student, and one that nobody knows
        people, reason = found.members(PLATFORMS_ALL["github"], {"login": login})
        assert not people and f"no group of groups.csv is called '{login}'" in reason


def test_a_worksheet_with_groups_is_of_an_assignment_of_teams_without_being_told(roster, work, zipped, collecting):
    """Moodle writes the group's number where a participant's would be: participant 12 is somebody else."""
    collected = collecting(
        zipped({"Team 1_12_assignsubmission_file/deep.ipynb": work("deep", "one")}), roster=roster(MOODLE)
    )
    assert {taken.student for taken in collected.notebooks} == ONE
    assert collected.missing == {"deep": ("2027003", "2027004")}


def test_without_being_told_groups_of_the_class_change_nothing(roster, work, zipped, collecting):
    collected = collecting(zipped({"doejane_501_9001_deep.ipynb": work("deep", "jane")}), roster=roster(CANVAS))
    assert [taken.student for taken in collected.notebooks] == ["2027001"]


def test_of_what_two_members_hand_in_the_later_counts_for_both(roster, work, folder, collecting, classroom):
    files = {
        "broe+deep+2027-03-14 10:00:00.0 UTC+x/deep.ipynb": work("deep", "bob"),
        "jdoe+deep+2027-03-14 12:00:00.0 UTC+x/deep.ipynb": work("deep", "jane"),
    }
    collected = collecting(folder(files), roster=roster(HAND_MADE), teams=True)
    assert outcome(collected) == ({("2027001", "deep"): "taken", ("2027002", "deep"): "taken"}, {})
    for student in ONE:
        assert (classroom.root / "submitted" / student / "deep" / "deep.ipynb").read_bytes() == work("deep", "jane")


def test_another_member_may_stand_for_the_team_and_teams_may_be_thought_of_later(roster, work, zipped, collecting):
    first = collecting(zipped({"team1_501_9001_deep.ipynb": work("deep", "1")}), roster=roster(CANVAS))
    assert [taken.student for taken in first.notebooks] == ["2027001"]
    for number, student in ((9002, 502), (9003, 501)):
        later = zipped({f"team1_{student}_{number}_deep.ipynb": work("deep", str(number))}, str(number))
        collected = collecting(later, roster=roster(CANVAS), teams=True)
        assert {taken.student for taken in collected.notebooks} == ONE and not collected.unmatched


AMISS = {
    "unknown": ("Team 3_9_assignsubmission_file/deep.ipynb", MOODLE, "no group of groups.csv is called 'Team 3' (nearest: Team 1)"),
    "two": ("Team 1_9_assignsubmission_file/deep.ipynb", MOODLE.replace("Team_2", "team-1").replace("Default group", "TEAM 1"), None),
    "same name": ("Team 1/deep.ipynb", CANVAS.replace("Team 2", "Team 1"), "2 groups of groups.csv are called 'Team 1'"),
    "both": ("jdoe/deep.ipynb", HAND_MADE.replace("jdoe's", "jdoe"), "'jdoe' is a group of groups.csv, and a student of another one"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "text", "reason"), AMISS.values(), ids=AMISS)
def test_nobody_gets_what_may_be_another_teams(path, text, reason, roster, work, zipped, collecting):
    left = collecting(zipped({path: work("deep", "x")}), roster=roster(text), teams=True)
    if reason is None:  # one group, however it is spelled
        assert {taken.student for taken in left.notebooks} == ALL
    else:
        assert outcome(left) == ({}, {path: reason})


@pytest.mark.parametrize("text", ["id,name\n1,Jane\n", "id,group\n1,\n2,  \n"])
def test_a_roster_without_groups_is_refused(text, roster, work, zipped, collecting):
    with pytest.raises(CollectError, match=re.escape("groups.csv, line 1: there is no column 'group'")) as caught:
        collecting(zipped({"a.ipynb": work("deep", "x")}), roster=roster(text), teams=True)
    assert "Moodle's grading worksheet" in caught.value.remedy


def test_teams_without_a_roster_are_wrong_use(work, zipped, classroom):
    place = zipped({"a.ipynb": work("deep", "x")})
    done = CliRunner().invoke(app, ["collect", str(place), "--teams", "--course", str(classroom.root / "course.yml")])
    assert done.exit_code == 2 and "nothing says who is in which team" in done.output


def collected_and_graded(tmp_path, text, names, **settings):
    """A tiny course into which a team's hand-in was collected, with a report for each member."""
    course = tiny_course(tmp_path / "course")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for name in names:
            archive.write(tiny_submission(course, "scratch", name=f"name = {name!r}"), name)
    (course.root / "submitted").rename(tmp_path / "scratch")
    (tmp_path / "groups.csv").write_text(text, "utf-8")
    collect(tmp_path / "download.zip", course, Settings(roster=load(tmp_path / "groups.csv"), teams=True))
    return course, Folder(course.root)


def test_moodle_gets_each_members_page_by_the_members_number_and_never_by_the_groups(tmp_path):
    _course, folder = collected_and_graded(tmp_path, MOODLE, ["Team 1_13_assignsubmission_file/first.ipynb"])
    found = {student: origin(folder, Place(student, "first"), PLATFORMS["moodle"]) for student in ONE}
    assert {student: place.number for student, place in found.items()} == {"2027001": "11", "2027002": "12"}


def test_a_team_without_numbers_of_its_own_gets_no_page_of_another_participant(tmp_path):
    _course, folder = collected_and_graded(tmp_path, HAND_MADE, ["Team 1_13_assignsubmission_file/first.ipynb"])
    assert origin(folder, Place("2027001", "first"), PLATFORMS["moodle"]).number == ""


def test_canvas_gets_one_notebook_for_the_team_under_the_name_that_it_gave(tmp_path):
    _course, folder = collected_and_graded(tmp_path, CANVAS, ["team1_502_9001_first.ipynb"])
    assert {origin(folder, Place(student, "first"), PLATFORMS["canvas"]).part for student in ONE} == {
        "team1_502_9001_first.ipynb"
    }


@pytest.mark.parametrize("penalties", [(0.0, 0.0), (0.5, 0.5), (0.5, 0.0), (0.0, 1.0)])
def test_one_file_for_a_team_shows_nobody_less_than_is_due_and_says_that_grades_differ(tmp_path, penalties):
    """Canvas shows a file, and Gradescope a score, to all who handed in together."""
    course, folder = collected_and_graded(tmp_path, CANVAS, ["team1_502_9001_first.ipynb"])
    members = [Place(student, "first") for student in sorted(ONE)]
    grades = {}
    for place, penalty in zip(members, penalties, strict=True):
        whole = of_report(course, graded(place.student)).grades[0]
        grades[place] = whole.model_copy(update={"penalty": penalty, "total": 3 - penalty})
        folder.notebook(place).parent.mkdir(parents=True)
        nbformat.write(released_notebook(course, "first"), folder.notebook(place))
    folder.feedback.mkdir()
    (archive,) = archives(folder, "canvas", dict.fromkeys(members, "en"), grades)
    with zipfile.ZipFile(archive.path) as content:
        (name,) = content.namelist()
        said = nbformat.reads(content.read(name).decode(), 4).cells[0].source
    differ = penalties[0] != penalties[1]
    assert archive.differing == ([tuple(sorted(ONE))] if differ else [])
    assert f"{3 - min(penalties):g} of 3 points" in said
    assert ("Your own grade may be lower" in said) == differ


def test_teammates_are_not_called_alike_and_others_are(tmp_path):
    course, folder = collected_and_graded(
        tmp_path, CANVAS, ["team1_502_9001_first.ipynb", "team2_503_9002_first.ipynb"]
    )
    reports = []
    for student in ("2027001", "2027002", "2027003", "2027005"):
        there = folder.submission(Place(student, "first"))
        answer = json.loads(there.read_text("utf-8"))
        for cell in answer["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = "\n".join(f"value_{number} = {number} * 17 + {number}" for number in range(30))
        report = graded(student).model_copy(
            update={
                "submission": json.loads(
                    (there.parents[2] / ".attempts" / student / "first" / "attempts.json").read_text()
                )["attempts"][0]["sha256"]
            }
        )
        folder.notebook(report).parent.mkdir(parents=True)
        folder.notebook(report).write_text(json.dumps(answer), "utf-8")
        reports.append(report)
    (alike,) = gather(course, reports).similar["first"]
    assert alike.students == ("2027001", "2027003")
