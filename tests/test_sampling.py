"""A share of the slow tests: how large it is, and that none is left out for good."""

from types import SimpleNamespace

from tests.sampling import sample


def case(path, name, **parameters):
    return SimpleNamespace(path=path, name=name, callspec=SimpleNamespace(params=parameters))


CELLS = [case("cells.py", f"cell[{number}]", cell=number) for number in range(20)]
PARTS = [case("course.py", f"part[{a}-{part}]", assignment=a, part=part) for a in "abcd" for part in range(3)]
ALONE = [SimpleNamespace(path="cells.py", name="alone")]
ALL = [*CELLS, *ALONE, *PARTS]


def test_of_each_file_it_has_a_share_in_order_and_all_that_is_no_case():
    drawn = sample(ALL, 0.3, "seed")
    assert drawn == [item for item in ALL if item in drawn]
    assert sum(item in CELLS for item in drawn) == 6 and ALONE[0] in drawn
    assert sample(ALL, 1.0, "seed") == ALL


def test_the_tests_of_an_assignment_stay_together():
    drawn = sample(PARTS, 0.5, "seed")
    assert len(drawn) == 6 and len({item.callspec.params["assignment"] for item in drawn}) == 2


def test_however_small_a_share_each_file_has_a_case_and_in_time_every_one_comes():
    seen = [sample(ALL, 0.01, str(seed)) for seed in range(400)]
    assert all(len(drawn) == 1 + 1 + 3 for drawn in seen)
    assert {item.name for drawn in seen for item in drawn} == {item.name for item in ALL}
