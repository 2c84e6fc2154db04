"""Data sets that are tables: scikit-learn's own, and files of a course, whatever is wrong with them."""

import numpy as np
import pytest

from autograder.common.data import data_sets
from autograder.common.data.base import MAX_NUMBERS, HoldoutSplit
from autograder.common.data.tables import BUNDLED, Table
from autograder.common.digests import of_file
from autograder.common.errors import DataError

CSV = "size,rooms,town,price\n50,2,Ulm,100.5\n70,3,Bonn,\n90,4,Ulm,180\n"


@pytest.mark.parametrize("name", BUNDLED)
def test_scikit_learns_data_are_as_its_own_loader_gives_them(name):
    import sklearn.datasets

    features, targets = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    loaded = data_sets.load(name)
    assert np.array_equal(loaded.features, features)
    assert np.array_equal(loaded.targets, targets)
    assert len(loaded.classes) == (0 if name == "diabetes" else len(np.unique(targets)))
    assert not data_sets.has_images(name)
    assert data_sets.places(name) == {}


def written(folder, text=CSV, name="houses.csv", **declared):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Table(path, **declared)


def test_columns_are_chosen_and_the_last_is_the_target(tmp_path):
    data = written(tmp_path, CSV.replace(",\n", ",120\n"), features=("size", "rooms"), test=1).read()
    assert data.features.tolist() == [[50, 2], [70, 3], [90, 4]]
    assert data.targets.tolist() == [100.5, 120, 180]
    assert data.training == 2
    assert data.splits(HoldoutSplit(0.5, 1))["test"].tolist() == [2]


def test_texts_as_targets_are_classes(tmp_path):
    data = written(tmp_path, features=("size", "rooms"), targets=("town",)).read()
    assert (data.targets.tolist(), data.classes) == ([1, 0, 1], ("Bonn", "Ulm"))
    data = written(tmp_path, features=("size",), targets=("town",), classes=("Ulm", "Bonn")).read()
    assert (data.targets.tolist(), data.classes) == ([0, 1, 0], ("Ulm", "Bonn"))


def test_several_columns_are_targets_together(tmp_path):
    data = written(
        tmp_path, targets=("size", "rooms"), features=("rooms",) and ("price",), text="size,rooms,price\n1,2,3\n4,5,6\n"
    ).read()
    assert data.targets.tolist() == [[1, 2], [4, 5]]


def test_arrays_of_numpy_have_a_row_for_each_sample(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, features=np.ones((4, 2, 3)), targets=np.arange(4))
    data = Table(path, test=1).read()
    assert (data.shape, data.values, data.targets.tolist()) == ((2, 3), 6, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("text", "declared", "says"),
    [
        (CSV.replace(",\n", ",1\n"), {}, "'town' doesn't hold numbers alone .'Ulm' in row 1"),
        (CSV, {"features": ("size",)}, "'price' is missing in row 2: fill it in"),
        ("a,b\n1,2\n3,NA\n", {}, "'b' is missing in row 2 .found 'NA'."),
        ("a,kind\n1,x\n2,\n3,y\n", {}, "'kind' is missing in row 2"),  # and no class of its own
        ('a,price\n1,20\n2,30\n3,"1,000"\n', {}, "'price' holds numbers, and '1,000' in row 3"),
        ("a;b\n1,5;2\n", {}, "separated by ';'"),
        ("a,kind\n1,1\n2,2\n3,1\n", {"classes": ("x", "y")}, "the targets of 2 classes are 0 to 1, and 'kind' holds 2"),
        (
            CSV,
            {"features": ("size",), "targets": ("prize",)},
            "there is no 'prize': there are size, rooms, town, price",
        ),
        (CSV, {"features": ("size",), "targets": ("size",)}, "the features are size"),
        (CSV, {"features": ("size",), "targets": ("town",), "classes": ("Ulm",)}, "'Bonn' is none of the classes Ulm"),
        ("a,b\n1,2\n3\n", {}, "line 3 has 1 place"),
        ("a,a\n1,2\n", {}, "each another"),
        ("", {}, "no line of names"),
        ("a,b\n1,2\n", {}, "1 row"),
        ("a,b\n1,2\n2,3\n", {"test": 1}, "2 rows"),
        ("a,b\n1,inf\n2,3\n", {}, "'b' holds numbers, and 'inf' in row 1"),
        ("größe,b\n1,2\n".encode("latin-1"), {}, "UTF-8"),
        ("a,b\n" + "1,2\n" * (MAX_NUMBERS + 1), {}, "rows"),
        (CSV, {"digest": "0" * 64}, "not the file that belongs here"),
        (b"\x00" * 40, {"name": "houses.npz"}, "can't be read"),
    ],
)
def test_a_file_that_holds_no_such_data_is_refused_with_a_remedy(tmp_path, text, declared, says):
    with pytest.raises(DataError, match=says) as raised:
        written(tmp_path, text, **declared).read()
    assert raised.value.remedy


SPELLINGS = ("1", "2.5", "-3", "+4", "1e3", ".5", "1_000", "1,000", "٣", "inf", "-inf", "nan", "NA", "None", "", "-", "?", "True", "false", "x", "0x1", "007",
             "1.", "9" * 20, "2024-01-31", "12:30", "5 %", "1.5.2")  # fmt: skip


def test_every_column_is_read_as_pandas_reads_it_for_students_or_refused(tmp_path):
    """A generator of columns: whatever stands in them, a number of ours is pandas's number, and a class of ours its text."""
    import pandas as pd

    chance, taken = np.random.default_rng(5), 0
    for _turn in range(400):
        column = (
            list(chance.choice(SPELLINGS, size=3)) if chance.random() < 0.7 else [str(chance.choice(SPELLINGS))] * 3
        )
        for place in ("feature", "target"):
            rows = [(text, str(row)) if place == "feature" else (str(row), text) for row, text in enumerate(column)]
            text = "a,b\n" + "".join(f'"{one}","{other}"\n' for one, other in rows)
            table = written(tmp_path, text)
            students = pd.read_csv(table.path)[["a", "b"][place == "target"]]
            try:
                data = table.read()
            except DataError as error:
                assert "row " in str(error), (column, error)
                continue
            taken += 1
            ours = data.features[:, 0] if place == "feature" else data.targets
            if data.classes and place == "target":
                assert [data.classes[one] for one in ours] == students.astype(str).tolist(), column
            else:
                assert np.array_equal(ours, students.to_numpy(float)), column
    assert taken > 50


def test_pickles_are_not_read(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, features=np.array([{}, {}], object), targets=np.arange(2))
    with pytest.raises(DataError):
        Table(path).read()


def test_a_missing_file_says_where_it_should_lie_and_the_right_digest_is_taken(tmp_path):
    with pytest.raises(DataError, match=r"houses\.csv") as raised:
        Table(tmp_path / "houses.csv").read()
    assert "autograder release" in raised.value.remedy
    table = written(tmp_path, "a,b\n1,2\n2,3\n")
    assert len(Table(table.path, digest=of_file(table.path)).read()) == 2


def test_an_archive_that_unpacks_to_more_than_is_read_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "data.npz", features=np.zeros((3_000_000, 2)), targets=np.zeros(3_000_000))
    assert (tmp_path / "data.npz").stat().st_size < 10**6
    with pytest.raises(DataError, match="larger than"):
        Table(tmp_path / "data.npz").read()
