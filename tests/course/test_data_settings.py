"""`data:` in course.yml: what can be declared, what is refused, and what students get of it."""

import pytest
import yaml

from autograder.common.errors import CourseError
from autograder.course.course import load
from autograder.course.released_checks import read
from autograder.course.settings import DataSettings

CSV = "size,rooms,price\n50,2,100\n70,3,120\n90,4,180\n"
COURSE = {
    "course": {"id": "houses", "title": "Houses"},
    "assignments": {"a": {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {
        "q": {"title": "Q", "points": 1, "checks": [{"type": "value", "equals": 1, "points": 1}]}}}},
}  # fmt: skip


def course(folder, data):
    (folder / "houses.csv").write_text(CSV)
    (folder / "refs.py").write_text(
        "from other import scale\n\ndef prepare(features, targets, train):\n    return {}\n"
    )
    (folder / "other.py").write_text("def scale(): ...\n")
    (folder / "course.yml").write_text(yaml.safe_dump({**COURSE, "data": data}))
    return load(folder / "course.yml")


def test_a_file_is_read_and_belongs_to_what_decides_reports(tmp_path):
    made = course(tmp_path, {"file": "houses.csv", "targets": "price", "test": 1, "prepare": "refs.py:prepare"})
    data = made.data.load(made.root)
    assert (data.features.shape, data.targets.tolist(), data.training) == ((3, 2), [100, 120, 180], 2)
    before = made.files("a")
    assert before.keys() == {"houses.csv", "refs.py", "other.py"}
    assert all(before.values())
    (tmp_path / "houses.csv").write_text(CSV.replace("100", "101"))
    assert made.files("a")["houses.csv"] != before["houses.csv"]


def test_students_get_the_files_name_and_digest_and_not_what_prepares_it(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "houses.csv").write_text(CSV)
    made = course(tmp_path, {"file": "own/houses.csv", "prepare": "refs.py:prepare"})
    public = made.public("a", "en")["data"]
    assert public["file"] == "houses.csv"
    assert len(public["digest"]) == 64
    assert "prepare" not in public


def test_a_course_without_tables_is_released_as_before(tmp_path):
    made = course(tmp_path, {"name": "mnist"})
    assert made.public("a", "en")["data"] == {"name": "mnist", "holdout": {"test_size": 0.2, "random_state": 42}}


@pytest.mark.parametrize(
    "holdout",
    [{"test_size": 0.3, "shuffle": False}, {"test_size": 0.2, "random_state": 42, "stratify": True}],
)
def test_how_the_rows_are_split_is_released_as_it_is_declared(tmp_path, holdout):
    made = course(tmp_path, {"name": "iris", "holdout": holdout})
    public = made.public("a", "en")["data"]
    assert public["holdout"] == holdout
    assert DataSettings.model_validate(public).holdout.split == made.data.holdout.split


def test_an_assignment_can_be_on_something_else_than_the_course(tmp_path):
    (tmp_path / "houses.csv").write_text(CSV)
    own = {"file": "houses.csv", "targets": "price"}
    document = {**COURSE, "data": {"name": "iris"}}
    document["assignments"] = {**COURSE["assignments"], "b": {**COURSE["assignments"]["a"], "data": own}}

    def made(text=CSV):
        (tmp_path / "houses.csv").write_text(text)
        (tmp_path / "course.yml").write_text(yaml.safe_dump(document))
        return load(tmp_path / "course.yml")

    course = made()
    assert [one.name for one in course.all_data] == ["iris", "file"] and course.images == ()
    assert (course.on("a").data.name, course.on("b").data.beside) == ("iris", "houses.csv")
    assert course.on("b").on("b") == course.on("b")
    assert [list(course.files(name)) for name in ("a", "b")] == [[], ["houses.csv"]]
    assert course.public("b", "en")["data"]["file"] == "houses.csv"
    assert read(tmp_path / "course.yml", "b").data.file == "houses.csv"
    assert read(tmp_path / "course.yml").data.name == "iris"
    before = [course.digest(name) for name in ("a", "b")]
    again = made(CSV.replace("100", "101"))
    assert [again.digest(name) == one for name, one in zip(("a", "b"), before, strict=True)] == [True, False]
    own["targets"] = "rooms"
    assert [made().digest(name) == one for name, one in zip(("a", "b"), before, strict=True)] == [True, False]
    own |= {"file": "hauses.csv", "prepare": "refs.py:prepare"}
    with pytest.raises(
        CourseError, match=r"course\.yml:(?s:.*)assignments.b.data.prepare(?s:.*)assignments.b.data.file: hauses"
    ):
        made()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "diabets"}, "did you mean|there is no data set 'diabets'"),
        ({"name": "file"}, "either `name` or `file`"),
        ({"name": "iris", "file": "houses.csv"}, "either `name` or `file`"),
        ({"name": "iris", "targets": ["a"]}, "iris is none"),
        ({"name": "mnist", "prepare": "refs.py:prepare"}, "for tables"),
        (
            {"name": "iris", "holdout": {"shuffle": False, "stratify": True}},
            "data.holdout.stratify: .*rows stay in their order",
        ),
        (
            {"name": "iris", "holdout": {"shuffle": False, "random_state": 1}},
            "data.holdout.random_state: .*leave one of the two out",
        ),
        ({"name": "iris", "holdout": {"stratified": True}}, "did you mean 'stratify'"),
        (
            {"name": "diabetes", "holdout": {"stratify": True}},
            "data.holdout.stratify: it is of classes, and diabetes has numbers",
        ),
        ({"file": "houses.xlsx"}, r"\.csv or \.npz"),
        ({"file": "no.csv"}, r"no\.csv is not there"),
        ({"file": "houses.csv", "digest": "12"}, "digest"),
        ({"name": "iris", "prepare": "refs.py:prepared"}, "prepared"),
        ({"name": "iris", "prepare": "ref.py:prepare"}, r"ref\.py"),
        ({"file": "houses.csv", "columns": ["size"]}, "columns"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(tmp_path, data, says):
    with pytest.raises(CourseError, match=says):
        course(tmp_path, data)


def test_a_file_outside_of_the_courses_folder_is_refused(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (tmp_path / "houses.csv").write_text(CSV)
    made = course(folder, {"file": "../houses.csv"})
    with pytest.raises(CourseError, match="outside"):
        made.files("a")


SEVERAL = (
    [{"name": "iris"}, {"name": "wine"}], {"name": ["iris", "wine"]}, {"file": ["houses.csv", "flats.csv"]}, ["iris", "wine"],
    {"first": {"name": "iris"}, "second": {"name": "wine"}},
)  # fmt: skip


@pytest.mark.parametrize("declared", SEVERAL)
@pytest.mark.parametrize("assignment", [False, True])
def test_two_data_sets_in_one_are_refused_with_the_reason_and_what_to_do(tmp_path, declared, assignment):
    own = {"a": {**COURSE["assignments"]["a"], **({"data": declared} if assignment else {})}}
    document = {**COURSE, "assignments": own} | ({} if assignment else {"data": declared})
    (tmp_path / "course.yml").write_text(yaml.safe_dump(document))
    with pytest.raises(CourseError) as caught:
        load(tmp_path / "course.yml")
    for line in str(caught.value).splitlines():
        assert f": {'assignments.a.data' if assignment else 'data'}" in line
        assert "knows the rows for training. Make an assignment of each, with `data` of its own" in line


@pytest.mark.parametrize("inside", ["question", "check"])
def test_data_of_a_question_or_a_check_is_told_where_it_belongs(tmp_path, inside):
    check = {"type": "value", "equals": 1, "points": 1}
    question = {"title": "Q", "points": 1, "checks": [check]}
    (check if inside == "check" else question)["data"] = {"name": "iris"}
    document = {**COURSE, "assignments": {"a": {**COURSE["assignments"]["a"], "questions": {"q": question}}}}
    (tmp_path / "course.yml").write_text(yaml.safe_dump(document))
    with pytest.raises(CourseError, match=r"\.data: this key is not known here; it belongs to assignments\.a"):
        load(tmp_path / "course.yml")
