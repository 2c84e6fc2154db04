"""Course files as authors write them, right and wrong: each gets the verdict that it deserves, with place and remedy."""

from pathlib import Path

import pytest

from autograder.common.errors import CourseError
from autograder.course.course import load
from autograder.course.yaml_file import read_yaml

FILES = Path(__file__).parent / "course_files"
RIGHT = {"00_right", "18_anchor_merge", "21_bom", "22_crlf", "39_layer_key_filters", "52_choice_upper", "61_points_in_string",
         "70_name_keyword"}  # fmt: skip
# What the message must say: the place (line, key), what is wrong, and what is allowed there.
WRONG = {
    "01_points_text": [":25:", "questions.model.points", "should be a number", "'four'"],
    "03_points_thirds": [":23:", "add up to 99.999999, and its points are 100"],
    "04_unknown_key_check": [":33:", "layers.1", "Dense has no setting 'unit': did you mean 'units'?"],
    "06_dup_id": ["two checks are called 'input_shape'"],
    "07_needs_later": ["needs 'layers', which is not a check before it"],
    "09_needs_other_question": ["needs 'model.layers', which is not a check before it"],
    "10_tab": ["line 22", "tab"],
    "12_due_date_only": [":21:", "small.due", "has no time zone: write it like 2027-03-14T23:59:00+09:00", "'2027-04-11'"],
    "13_due_german": [":21:", "is not a time: write it like 2027-03-14T23:59:00+09:00", "11.04.2027"],
    "16_language_fr": [":6:", "there is no language 'fr' here: there are en, ko"],
    "19_bomb": ["its anchors repeat too much"],
    "24_cp949": ["line 20 is not UTF-8"],
    "27_list": ["should hold keys such as 'course' and 'assignments'"],
    "28_dup_key": ["the key 'seed' stands twice", "line 13"],
    "30_octal_points": ["reads 042 as the octal number 34", "line 12"],
    "31_big_seed": [":12:", "seed", "less than 4294967296"],
    "33_nan_points": [":25:", "greater than 0"],
    "34_unknown_type": [":47:", "did you mean 'trained_on'?"],
    "36_assign_upper": [":19:", "should begin with a small letter"],
    "37_no_assignments": ["should be a mapping of keys to values"],
    "40_layer_typo": [":33:", "no 'Dens' among its layers: did you mean 'Dense'?", "did you mean 'relu'?"],
    "42_test_size_int": [":10:", "test_size", "less than 1"],
    "43_at_least_percent": [":48:", "at_least", "less than or equal to 1"],
    "45_optimizer_typo": [":48:", "SGD has no setting 'lr': did you mean 'learning_rate'?"],
    "46_loss_typo": [":48:", "did you mean 'sparse_categorical_crossentropy'?"],
    "48_function_ref_missing": ["the reference file solutions/references.py does not exist"],
    "49_choice_not_among": [":48:", "equals is 'd', which is not among 'a', 'b', 'c'"],
    "51_array_nothing": [":48:", "asks nothing: give it 'shape'"],
    "54_value_of_dotted": [":48:", "'model.history' can't be the name of a value"],
    "55_params_nothing": [":35:", "asks nothing: give it 'total' or 'trainable' or 'per_layer'"],
    "57_gradebook_url": [":14:", "write it like sqlite:///gradebook.db"],
    "58_id_course_upper": [":4:", "should begin with a small letter"],
    "60_questions_list": ["line 23"],
    "63_python_tag": ["line 12"],
    "64_control_chars": ["control characters are not allowed"],
    "67_deep_nest": ["nested too deeply"],
    "69_due_in_past": [":21:", "lies before 2024: is the year right?"],
    "73_null_title": [":24:", "questions.model.title"],
    "75_layers_typo_key": [":33:", "did you mean 'units'?"],
    "76_needs_self": ["needs 'input_shape', which is not a check before it"],
    "78_points_zero_total": ["add up to 0, and its points are 1"],
    "79_accuracy_on_train_after_train": [":48:", "can be 'holdout' or 'test'"],
}  # fmt: skip


def test_every_file_has_a_verdict():
    assert {path.stem for path in FILES.glob("*.yml")} == RIGHT | WRONG.keys()


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_right_file_loads(name):
    assert load(FILES / f"{name}.yml").assignments


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_its_place_and_what_is_allowed(name):
    with pytest.raises(CourseError) as caught:
        load(FILES / f"{name}.yml")
    for text in WRONG[name]:
        assert text in str(caught.value)
    assert "<unicode string>" not in str(caught.value) and "Input should" not in str(caught.value)


def test_merge_keys_fill_in_what_a_mapping_does_not_say_itself(tmp_path):
    path = tmp_path / "some.yml"
    path.write_text("base: &base {type: epochs, equals: 1}\nown: {<<: *base, equals: 2}\n")
    assert read_yaml(path)["own"] == {"type": "epochs", "equals": 2}
