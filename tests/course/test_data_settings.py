"""`data:` in course.yml: what can be declared, what is refused, and what students get of it."""

import copy

import numpy as np
import pytest
import yaml

from autograder.common.errors import CourseError, DataError
from autograder.course.course import load
from autograder.course.released_checks import read
from autograder.course.settings import DataSettings
from autograder.networks.lab import CourseLab
from autograder.networks.own_files import require_own_files

CSV = "size,rooms,price\n50,2,100\n70,3,120\n90,4,180\n"
COURSE = {
    "course": {"id": "houses", "title": "Houses"},
    "assignments": {"a": {"title": "A", "due": "2030-01-31T23:59:00+00:00", "questions": {
        "q": {"title": "Q", "points": 1, "checks": [{"type": "value", "equals": 1, "points": 1}]}}}},
}  # fmt: skip


def course(folder, data, checks=()):
    (folder / "houses.csv").write_text(CSV)
    (folder / "refs.py").write_text(
        "from other import scale\n\ndef prepare(features, targets, train):\n    return {}\n"
    )
    (folder / "other.py").write_text("def scale(): ...\n")
    document = {**copy.deepcopy(COURSE), "data": data}
    question = document["assignments"]["a"]["questions"]["q"]
    question["checks"] = list(checks) or question["checks"]
    (folder / "course.yml").write_text(yaml.safe_dump(document))
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


def photos(folder, test=True, **data):
    draw = np.random.default_rng(0)
    arrays = {"x_train": draw.integers(0, 256, (20, 6, 5), np.uint8), "y_train": np.arange(20) % 3}
    if test:
        arrays |= {"x_test": draw.integers(0, 256, (5, 6, 5), np.uint8), "y_test": np.arange(5) % 3}
    (folder / "own").mkdir(exist_ok=True)
    np.savez(folder / "own" / "photos.npz", **arrays)
    return course(folder, {"images": "own/photos.npz", **data})


def test_a_file_with_images_is_read_and_belongs_to_what_decides_reports(tmp_path):
    made = photos(tmp_path, classes=["a", "b", "c"])
    data = made.data.load(made.root)
    assert (data.shape, data.training, len(data), data.classes) == ((6, 5), 20, 25, ("a", "b", "c"))
    assert made.files("a").keys() == {"own/photos.npz"}
    assert made.images == (tmp_path / "own/photos.npz",)
    assert made.shown_data == data.name


def test_students_get_the_file_with_images_beside_the_notebook(tmp_path):
    made = photos(tmp_path)
    public = made.public("a", "en")["data"]
    assert (public["name"], public["images"], len(public["digest"])) == ("images", "photos.npz", 64)
    (tmp_path / "photos.npz").write_bytes((tmp_path / "own/photos.npz").read_bytes())
    data = DataSettings.model_validate(public).load(tmp_path)
    assert np.array_equal(data.features, made.data.load(made.root).features)


def test_a_check_on_test_images_that_are_not_there_is_told_by_its_place(tmp_path):
    asked = {"type": "array", "of": "x", "equals": "test", "points": 1}
    for test in (True, False):
        made = photos(tmp_path, test)
        document = yaml.safe_load((tmp_path / "course.yml").read_text())
        document["assignments"]["a"]["questions"]["q"]["checks"] = [asked]
        (tmp_path / "course.yml").write_text(yaml.safe_dump(document))
        made = load(tmp_path / "course.yml")
        lab = CourseLab(made.data, made.root)
        if test:
            require_own_files(made, "a", lab)
            continue
        with pytest.raises(CourseError, match=r"checks\.0: own/photos\.npz has no test rows: .* x_test"):
            require_own_files(made, "a", lab)


def test_a_file_with_images_that_can_not_be_used_is_told_by_its_key(tmp_path):
    made = photos(tmp_path)
    np.savez(tmp_path / "own" / "photos.npz", x_train=np.zeros((20, 6, 5)), y_train=np.zeros(20))
    with pytest.raises(CourseError, match=r"data\.images: photos\.npz: 'x_train' holds float64") as refused:
        require_own_files(made, "a", CourseLab(made.data, made.root))
    assert "uint8" in refused.value.remedy


def test_a_table_that_is_of_images_is_told_how_to_declare_them(tmp_path):
    photos(tmp_path)
    made = course(tmp_path, {"file": "own/photos.npz"})
    with pytest.raises(DataError) as refused:
        made.data.load(made.root)
    assert "`images` in place of `file`" in refused.value.remedy


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
        ({"images": "photos.zip"}, r"data\.images: is a file that ends with \.npz"),
        ({"images": "no.npz"}, r"data\.images: no\.npz is not there"),
        ({"images": "no.npz", "file": "houses.csv"}, "either `name` or `file` or `images`"),
        ({"name": "mnist", "images": "no.npz"}, "either `name` or `file` or `images`"),
        (
            {"images": "no.npz", "test": 5},
            r"data\.test: this is said of a table: .* called x_train, y_train, x_test, y_test",
        ),
        ({"images": "no.npz", "features": "x"}, r"data\.features: this is said of a table"),
        ({"images": "no.npz", "prepare": "refs.py:prepare"}, "for tables"),
        ({"image": "no.npz"}, "did you mean 'images'"),
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


@pytest.mark.parametrize("key", ["file", "images", "prepare"])
@pytest.mark.parametrize("place", ["../{}", "solutions/../../{}", "{root}/{}"])
def test_a_file_outside_of_the_courses_folder_is_refused_where_it_is_named(tmp_path, key, place):
    """It is there, and yet no part of the course: nothing takes it to another machine."""
    folder, name = tmp_path / "course", {"file": "houses.csv", "images": "photos.npz", "prepare": "refs.py"}[key]
    folder.mkdir()
    (tmp_path / name).write_text("def prepare(features, targets, train):\n    return {}\n")
    named = place.format(name, root=tmp_path)
    declared = {"name": "wine", "prepare": f"{named}:prepare"} if key == "prepare" else {key: named}
    with pytest.raises(
        CourseError, match=rf"course\.yml:\d+: data\.{key}: .*{name} lies outside of the folder of course\.yml"
    ):
        course(folder, declared)


@pytest.mark.parametrize("key", ["features", "targets", "classes"])
def test_a_name_that_stands_twice_is_refused(tmp_path, key):
    with pytest.raises(CourseError, match=rf"data\.{key}: 'rooms' stands twice in '{key}'"):
        course(tmp_path, {"file": "houses.csv", key: ["rooms", "size", "rooms"]})


@pytest.mark.parametrize(
    ("share", "says"),
    [(20, "write it as 0.2"), (2.5, "write it as 0.025"), (1, "less than 1"), (200, "less than 1")],
)
def test_a_percentage_is_told_as_the_share_that_it_is(tmp_path, share, says):
    with pytest.raises(CourseError, match=f"data.holdout.test_size: .*{says}") as caught:
        course(tmp_path, {"name": "wine", "holdout": {"test_size": share}})
    assert ("write" in str(caught.value)) is says.startswith("write")


def test_a_decimal_comma_is_told_in_words_of_people(tmp_path):
    course(tmp_path, {"name": "wine", "holdout": {"test_size": 0.2}})
    path = tmp_path / "course.yml"
    path.write_text(path.read_text().replace("holdout:\n    test_size: 0.2", "holdout: {test_size: 0,2}"))
    with pytest.raises(CourseError, match=r"data\.holdout\.2: .*the decimal point is a point: 0\.2"):
        load(path)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("validation", "holdout"),
        ("val", "holdout"),
        ("training", "train"),
        ("testing", "test"),
        ("hold_out", "holdout"),
    ],
)
@pytest.mark.parametrize(
    "check",
    [{"type": "metric", "metric": "loss", "at_most": 1}, {"type": "trained_on"}, {"type": "predictions", "model": "n"}],
    ids=str,
)
def test_other_words_for_a_split_are_known_as_what_they_mean(tmp_path, check, word, meant):
    with pytest.raises(CourseError, match=f"did you mean '{meant}'"):
        course(tmp_path, {"name": "wine"}, [{"of": "m", "points": 1, "split": word, **check}])


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


def test_what_is_of_classes_is_refused_of_a_table_with_numbers_as_targets(tmp_path):
    """Only the file itself says what its targets are: where it is read, before any work is looked at."""
    checks = [
        {"type": "accuracy", "of": "m", "at_least": 0.5, "points": 1},
        {"type": "metric", "of": "m", "id": "f1", "metric": "f1_score", "at_least": 0.5, "points": 0},
        {"type": "metric", "of": "m", "id": "r2", "metric": "r2_score", "at_least": 0.5, "points": 0},
        {"type": "predictions", "of": "p", "model": "m", "points": 0},
    ]
    for targets, refused in (
        (np.arange(40) / 3, ["0", "1"]),
        (np.arange(40) % 2, []),
        (np.eye(2)[np.arange(40) % 2], []),
    ):
        np.savez(tmp_path / "rows.npz", features=np.random.default_rng(0).normal(size=(40, 3)), targets=targets)
        made = course(tmp_path, {"file": "rows.npz"}, checks)
        said = ""
        try:
            require_own_files(made, "a", CourseLab(made.data, tmp_path))
        except CourseError as error:
            said = str(error)
        assert [line.split("checks.")[1][0] for line in said.splitlines()] == refused
        assert ("has numbers as targets" in said) is bool(refused)
