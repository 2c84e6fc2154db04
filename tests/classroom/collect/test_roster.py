"""The roster: forgiving about headers, exact about mistakes, and asked by number, login, address and name."""

import csv
import re

import pytest

from autograder.classroom.collect import roster_exports
from autograder.classroom.collect.roster import MOST_SAID, load
from autograder.classroom.export.class_sheet import people_of
from autograder.common.errors import CollectError
from tests.classroom.collect.conftest import outcome


@pytest.fixture
def roster(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode(encoding))
        return load(path)

    return write


CLASS = """\
Student ID,Full Name,E-mail,canvas,GitHub,Moodle
2027001,Jane Doe,jane@example.edu,501,janed,Participant 11
2027002,"Roe, Bob van",b.roe@example.edu,502,,12
2027003,김철수,kim@example.edu,503,cskim,
2027004,김철수,kim2@example.edu,504,,14
"""


@pytest.mark.parametrize(
    ("platform", "groups", "found"),
    [
        ("canvas", {"number": "502", "name": "unknown"}, "2027002"),
        ("moodle", {"number": "11", "name": "unknown"}, "2027001"),
        ("moodle", {"number": "14", "name": "김철수"}, "2027004"),
        ("github", {"login": "JaneD"}, "2027001"),
        ("folder", {"name": "2027003"}, "2027003"),
        ("folder", {"name": "Jane_Doe"}, "2027001"),
        ("canvas", {"number": "9", "name": "doejane"}, "2027001"),
        ("canvas", {"number": "9", "name": "roebobvan"}, "2027002"),
        ("moodle", {"number": "9", "name": "Bob van Roe"}, "2027002"),
        ("blackboard", {"login": "kim2"}, "2027004"),
        ("gradescope", {"login": "x", "email": "B.Roe@example.edu"}, "2027002"),
    ],
)
def test_a_person_is_found_by_what_the_platform_says(roster, platform, groups, found):
    person, reason = roster(CLASS).find(platform, groups)
    assert (person and person.id, reason) == (found, "")


VERA = {
    "id": "2027009",
    "name": "Vera Noe",
    "email": "vnoe@example.edu",
    "login": "veran",
    "canvas": "509",
    "moodle": "19",
    "github": "v-noe",
}
EVE = {
    "id": "2027008",
    "name": "Eve Roe",
    "email": "eve@example.edu",
    "login": "everoe",
    "canvas": "508",
    "moodle": "18",
    "github": "e-roe",
}


@pytest.mark.parametrize("cell", [*VERA.values(), "vnoe", "VNOE@example.edu", "Noe, Vera"])
@pytest.mark.parametrize(
    ("platform", "known"),
    [("gradescope", {"login": EVE["id"], "email": EVE["email"]}), ("gradescope", {"login": "eve", "email": EVE["email"]}),
     ("canvas", {"number": EVE["canvas"]}), ("moodle", {"number": EVE["moodle"]}), ("blackboard", {"login": EVE["login"]})],
)  # fmt: skip
def test_whoever_calls_herself_like_another_stays_herself(roster, platform, known, cell):
    """Names, and on Gradescope what stands before the @ of an address without a student number, are a student's to choose."""
    people = roster("\n".join([",".join(VERA), ",".join(VERA.values()), ",".join(EVE.values())]))
    person, reason = people.find(platform, {**known, "name": cell})
    assert (person and person.id, reason) == (EVE["id"], "")
    if "email" in known:
        person, _reason = people.find(platform, {**known, "login": cell.partition("@")[0], "name": cell})
        assert person and person.id == EVE["id"]


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({"name": "김철수", "number": "99"}, "'김철수' could be '2027003' or '2027004' of roster.csv"),
        ({"name": "Jane Do"}, "nobody in roster.csv is called 'Jane Do' (nearest: Jane Doe)"),
        ({"login": "zzzzzz"}, "nobody in roster.csv is called 'zzzzzz'"),
        ({"number": "502"}, "nobody in roster.csv is called '502'"),  # another platform's number
    ],
)
def test_nobody_is_guessed(roster, groups, reason):
    assert roster(CLASS).find("moodle", groups) == (None, reason)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_spreadsheets_encodings_and_separators_are_read(roster, encoding, mark):
    text = f"학번{mark}이름\r\n\r\n1{mark}김철수\r\n"
    (person,) = roster(text, encoding).people
    assert (person.id, person.column("name")) == ("1", "김철수")


EXPORTS = {
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,First (77),Current Score\n"
        ",,,,,Manual Posting,\n"
        "    Points Possible,,,,,25.5,(read only)\n"
        '"Doe, Jane",501,2027001,jdoe,A,20,\n'
        '"Roe, Bob",502,2027002,broe,A and B,,\n'
        '"Student, Test",599,,,A,,\n',
        [("2027001", "canvas", {"number": "501"}), ("2027002", "canvas", {"name": "roebob"})],
    ),
    "canvas without SIS": (
        'Student,ID,Section\n    Points Possible,,\n"Doe, Jane",501,A\n"Roe, Bob",502,A\n',
        [("501", "canvas", {"number": "501", "name": "doejane"}), ("502", "canvas", {"name": "roebob"})],
    ),
    "canvas group set": (
        "name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id\n"
        '"Doe, Jane",501,2027001,jdoe,A,Team 1,71,\n"Roe, Bob",502,2027002,broe,A and B,,,\n',
        [("2027001", "canvas", {"number": "501", "name": "team1"}), ("2027002", "canvas", {"name": "roebob"})],
    ),
    "github": (
        '"identifier","github_username","github_id","name"\n"jane@example.edu","janed","77","Jane Doe"\n"Bob Roe","","",""\n',
        [("jane@example.edu", "github", {"login": "JaneD"}), ("Bob-Roe", "folder", {"name": "Bob Roe"})],
    ),
    "google": (
        "Last Name,First Name,Email Address,First\nDate,,,2027-03-14\nPoints,,,25.5\nDoe,Jane,jane@example.edu,\nRoe,Bob,bob@example.edu,3\n",
        [("jane", "classroom", {"name": "Jane Doe"}), ("bob", "classroom", {"name": "Bob Roe"})],
    ),
    "moodle participants": (
        '\ufeff"First name","Last name","ID number","Email address",Roles,Groups\nJane,Doe,2027001,jane@example.edu,Student,\n'
        "Bob,Roe,2027002,bob@example.edu,Student,A\n",
        [("2027001", "moodle", {"name": "Jane Doe", "number": "9"}), ("2027002", "moodle", {"name": "Bob Roe"})],
    ),
    "moodle participants, some without a number": (
        "First name,Last name,ID number,Email address\nJane,Doe,,jane@example.edu\nBob,Roe,2027002,bob@example.edu\n",
        [("jane", "moodle", {"name": "Jane Doe"}), ("bob", "moodle", {"name": "Bob Roe"})],
    ),
    "moodle worksheet": (
        "Identifier,Full name,Email address,Status,Grade,Maximum grade\nParticipant 11,Jane Doe,jane@example.edu,,,3\nParticipant 12,Bob Roe,b@x.edu,,,3\n",
        [("jane", "moodle", {"number": "11", "name": "?"}), ("b", "moodle", {"number": "12", "name": "?"})],
    ),
    "moodle worksheet, blind": (
        "Identifier,Status,Grade,Maximum grade\nParticipant 11,,,3\nParticipant 12,,,3\n",
        [("Participant_11", "moodle", {"number": "11"}), ("Participant_12", "moodle", {"login": "Participant_12"})],
    ),
}


@pytest.mark.parametrize(("text", "found"), EXPORTS.values(), ids=EXPORTS)
def test_a_platforms_export_is_a_roster_as_it_is(roster, text, found):
    people = roster(text)
    assert [person.id for person in people.people] == [one for one, _platform, _groups in found]
    for student, platform, groups in found:
        person, reason = people.find(platform, groups)
        assert (person and person.id, reason) == (student, "")


@pytest.mark.parametrize(
    ("name", "ids"),
    [("canvas", ("2027001", "jdoe", "501", "2027001")), ("moodle participants", ("2027001", "", "", "2027001"))],
)
def test_what_a_platform_calls_people_goes_back_to_it(tmp_path, classroom, name, ids):
    (tmp_path / "roster.csv").write_text(EXPORTS[name][0], "utf-8")
    person = people_of(classroom, tmp_path / "roster.csv")["2027001"]
    assert (person.student, person.login, person.canvas_id, person.sis_id) == ids


def test_every_export_that_is_known_is_tried_and_says_where_it_is_from():
    headers = [next(csv.reader([text.lstrip("\ufeff").splitlines()[0]])) for text, _found in EXPORTS.values()]
    tried = [roster_exports.recognised(header) for header in headers]
    assert all(export in tried and export.source for export in roster_exports.EXPORTS)


@pytest.mark.parametrize(
    "header", ["id,name,email", "Student ID,First name,Last name,Email address", "학번,firstname,lastname,emailaddress"]
)
def test_a_roster_with_ids_of_its_own_is_no_export(header):
    assert roster_exports.recognised(header.split(",")) is None


MISTAKES = {
    "First name,Last name,Email address\nA,B,x@one\nC,D,x@two": "none of its columns tells everybody apart",
    "name\nJane": "line 1: there is no column 'id' (there are: name)",
    "id,ID\n1,2": "line 1: the columns 'id' and 'ID' both mean 'id'",
    "id,name\n1,a\n,b": "line 3, column 'id': it is empty",
    "id,name\n1,a\n../x,b": "line 3, column 'id': '../x' can't name a folder; 'x' could",
    'id,name\n1,"a\nb"\n1,c': "line 4, column 'id': '1' stands in line 3 too",
    "id,canvas\n1,5\n2,5": "line 3, column 'canvas': '5' stands in line 2 too",
    "": "is empty",
    'id,name\n1,"a\n2,b\n3,c\n': "line 2: unexpected end of data",
    'id,name\n1,a\n2,"b" c\n': "line 3: ',' expected after",
    "id\n" + "x" * 200_000: "field larger than field limit",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=[text[:20] for text in MISTAKES])
def test_a_mistake_is_named_with_line_and_column(roster, text, message):
    with pytest.raises(CollectError, match=re.escape(message)) as caught:
        roster(text)
    assert "roster.csv" in str(caught.value) and caught.value.remedy


def test_all_mistakes_are_said_at_once(roster):
    with pytest.raises(CollectError) as caught:
        roster("id\n-a\n.b\n")
    assert len(str(caught.value).splitlines()) == 2


def test_of_mistakes_without_end_the_first_are_said_and_how_many_more_there_are(roster):
    with pytest.raises(CollectError) as caught:
        roster("id\n" + "-a\n" * 5_000)
    *named, last = str(caught.value).splitlines()
    assert len(named) == MOST_SAID and "line 2," in named[0]
    assert last == f"and {9_999 - MOST_SAID} more"  # each can't name a folder, and all but one stand there twice


def test_a_roster_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(CollectError, match="can't be read"):
        load(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"id\n\xff\xff\xff\x80")
    with pytest.raises(CollectError, match="no encoding"):
        load(tmp_path / "binary.csv")


def test_with_a_roster_ids_are_its_own_and_who_is_missing_is_said(roster, work, zipped, collecting):
    collected = collecting(zipped({
        "Jane Doe_11_assignsubmission_file_/deep.ipynb": work("deep", "jane"),
        "김철수_14_assignsubmission_file_/deep.ipynb": work("deep", "kim"),
        "Eve Poe_15_assignsubmission_file_/deep.ipynb": work("deep", "eve"),
    }), roster=roster(CLASS))  # fmt: skip
    assert outcome(collected) == (
        {("2027001", "deep"): "taken", ("2027004", "deep"): "taken"},
        {
            "Eve Poe_15_assignsubmission_file_/deep.ipynb": "nobody in roster.csv is called 'Eve Poe' (nearest: Jane Doe)"
        },
    )
    assert collected.missing == {"deep": ("2027002", "2027003")}


def test_who_handed_in_before_is_not_missing(roster, work, zipped, collecting):
    people = roster(CLASS)
    collecting(zipped({"doejane_501_1_deep.ipynb": work("deep", "jane")}, "first"), roster=people)
    later = collecting(zipped({"roebob_502_2_deep.ipynb": work("deep", "bob")}, "second"), roster=people)
    assert later.missing == {"deep": ("2027003", "2027004")}
