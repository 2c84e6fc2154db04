"""What lies in submitted/ is each student's own, and names that would be taken for one are told."""

import unicodedata

import pytest

from autograder.classroom.find_submissions import find_submissions

DISGUISES = {
    "capitals": str.upper, "a space behind": "{} ".format, "a space before": " {}".format, "a tab": "{}\t".format, "a line's end": "{}\n".format,
    "a full stop, which Windows cuts off": "{}.".format, "a mark of direction": "{}\u202e".format, "no width": lambda name: f"{name[0]}\u200b{name[1:]}",
    "wide letters": lambda name: "".join(chr(ord(one) + 0xFEE0) if "a" <= one <= "z" else one for one in name),
    "letters in parts": lambda name: unicodedata.normalize("NFD", name), "no-break space": "{}\u00a0".format,
}  # fmt: skip


def found(course, tmp_path, names):
    for name in names:
        place = tmp_path / name / "two_layer"
        place.mkdir(parents=True)
        (place / "two_layer.ipynb").write_text(name, "utf-8")
    told = []
    submissions = find_submissions(tmp_path, course, amiss=told.append)
    return {one.student: one.path.read_bytes().decode() for one in submissions}, [str(error) for error in told]


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", ["josé", "김철수"])
def test_names_that_would_be_taken_for_one_are_told_and_each_is_graded(name, disguise, course, tmp_path):
    other = DISGUISES[disguise](name)
    same, told = found(course, tmp_path, {name, other, "bob"})
    assert same == {one: one for one in {name, other, "bob"}}
    assert len(told) == (other != name) and all("take them for one" in one and one.isprintable() for one in told)
    assert not told or "bob" not in told[0]


def test_other_names_are_nobodys(course, tmp_path):
    names = ["ada", "ada1", "ad-a", "a.da", "a_da", "adà", "bda"]
    assert found(course, tmp_path, names) == ({name: name for name in names}, [])
