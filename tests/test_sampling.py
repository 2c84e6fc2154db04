"""A share of the slow tests: how large it is, and that none is left out for good."""

from pathlib import Path
from types import SimpleNamespace

from tests.sampling import sample


def case(path, name, **parameters):
    return SimpleNamespace(path=Path(path), name=name, callspec=SimpleNamespace(params=parameters))


CELLS = [case("cells.py", f"cell[{number}]", cell=number) for number in range(20)]
PARTS = [case("course.py", f"part[{a}-{part}]", assignment=a, part=part) for a in "abcd" for part in range(3)]
ALONE = [SimpleNamespace(path=Path(f"{number}.py"), name="alone") for number in range(10)]
ALL = [*CELLS, *ALONE, *PARTS]


def test_of_each_file_it_has_the_share_in_order():
    drawn = sample(ALL, 0.3, "seed")
    assert drawn == [item for item in ALL if item in drawn]
    assert sum(item in CELLS for item in drawn) == 6
    assert sample(ALL, 1.0, "seed") == ALL


def test_the_tests_of_an_assignment_stay_together():
    drawn = sample(PARTS, 0.5, "seed")
    assert len(drawn) == 6 and len({item.callspec.params["assignment"] for item in drawn}) == 2


def test_on_the_whole_it_is_the_share_and_in_time_each_test_comes():
    seen = [sample(ALL, 0.3, str(seed)) for seed in range(200)]
    assert {item.name for drawn in seen for item in drawn} == {item.name for item in ALL}
    for path in {item.path for item in ALONE}:  # a file of one test: three times of ten
        assert 30 < sum(any(item.path == path for item in drawn) for drawn in seen) < 90
