"""Course files as authors write them, right and wrong: each gets the verdict that it deserves, with place and remedy."""

import re
from pathlib import Path

import pytest
import yaml

from autograder.common.errors import CourseError
from autograder.course import yaml_file, yaml_words
from autograder.course.course import load
from autograder.course.yaml_file import read_yaml

FILES = Path(__file__).parent / "course_files"
RIGHT = {"00_right", "18_anchor_merge", "21_bom", "22_crlf", "39_layer_key_filters", "52_choice_upper", "61_points_in_string",
         "70_name_keyword", "72_ko_only_course"}  # fmt: skip
# What the message must say: the place (line, key), what is wrong, and what is allowed there.
WRONG = {
    "01_points_text": [":25:", "questions.model.points", "should be a number", "'four'"],
    "03_points_thirds": [":25:", "model.points", "add up to 99.999999, and its points are 100"],
    "04_unknown_key_check": [":33:", "layers.1", "Dense has no setting 'unit': did you mean 'units'?"],
    "06_dup_id": [":35:", "two checks are called 'input_shape'"],
    "07_needs_later": [":27:", "checks.0.needs", "needs 'layers', which is not a check before it"],
    "09_needs_other_question": [":47:", "needs 'model.layers', which is not a check before it"],
    "10_tab": [":22:", "a tab stands in the indentation"],
    "12_due_date_only": [":21:", "small.due", "has no time zone: write it like 2027-03-14T23:59:00+09:00", "'2027-04-11'"],
    "13_due_german": [":21:", "is not a time: write it like 2027-03-14T23:59:00+09:00", "11.04.2027"],
    "15_korean_only_title": [":20:", "small.title", "it has no text in 'en'"],
    "16_language_fr": [":5:", "course.title", "it has no text in 'fr'; the course's languages are en, fr"],
    "19_bomb": [":7:", "anchors in it repeat too much"],
    "24_cp949": [":20:", "not UTF-8"],
    "27_list": ["should hold keys such as 'course' and 'assignments'"],
    "28_dup_key": [":13:", "the key 'seed' stands twice"],
    "30_octal_points": ["reads 042 as the octal number 34", ":12:"],
    "31_big_seed": [":12:", "seed", "less than 4294967296"],
    "33_nan_points": [":25:", "should be a finite number"],
    "34_unknown_type": [":47:", "did you mean 'trained_on'?"],
    "36_assign_upper": [":19:", "should begin with a small letter"],
    "37_no_assignments": ["should be a mapping of keys to values"],
    "40_layer_typo": [":33:", "no 'Dens' among its layers: did you mean 'Dense'?", "did you mean 'relu'?"],
    "42_test_size_int": [":10:", "test_size", "less than 1"],
    "43_at_least_percent": [":48:", "at_least", "less than or equal to 1"],
    "45_optimizer_typo": [":48:", "SGD has no setting 'lr': did you mean 'learning_rate'?"],
    "46_loss_typo": [":48:", "did you mean 'sparse_categorical_crossentropy'?"],
    "48_function_ref_missing": [":48:", "the reference file solutions/references.py does not exist"],
    "49_choice_not_among": [":48:", "equals is 'd', which is not among 'a', 'b', 'c'"],
    "51_array_nothing": [":48:", "asks nothing: give it 'shape'"],
    "54_value_of_dotted": [":48:", "'model.history' can't be the name of a value"],
    "55_params_nothing": [":35:", "asks nothing: give it 'total' or 'trainable' or 'per_layer'"],
    "57_gradebook_url": [":14:", "write it like sqlite:///gradebook.db"],
    "58_id_course_upper": [":4:", "should begin with a small letter"],
    "60_questions_list": [":36:", "begin with '- '"],
    "63_python_tag": [":12:"],
    "64_control_chars": [":20:", "control character"],
    "67_deep_nest": [":40:", "nested too deeply"],
    "69_due_in_past": [":21:", "lies before 2024: is the year right?"],
    "73_null_title": [":24:", "questions.model.title", "a text for each language"],
    "75_layers_typo_key": [":33:", "did you mean 'units'?"],
    "76_needs_self": [":27:", "needs 'input_shape', which is not a check before it"],
    "78_points_zero_total": [":38:", "add up to 0, and its points are 1"],
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


def test_a_file_of_very_many_checks_loads(tmp_path):
    text = (FILES / "00_right.yml").read_text("utf-8")
    entry = text[text.index("  small:") :]
    many = text + "".join(entry.replace("small:", f"small_{number}:", 1) for number in range(100))
    (tmp_path / "course.yml").write_text(many, "utf-8")
    assert len(load(tmp_path / "course.yml").assignments) == 101


# ---- the class: whatever is wrong has a line, in words of people, and a guess from the very place

LINES = (FILES / "00_right.yml").read_text("utf-8").splitlines(keepends=True)
NAMES = {"small", "model", "parameters", "train", "en", "ko"}  # chosen by authors, and languages


def keys(node):
    """Each key of a document that the format knows, as its node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in NAMES or (value.tag.endswith("map") is False and key.value not in ("en", "ko")):
                yield key
            yield from keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from keys(item)


KEYS = [key for key in keys(yaml.compose("".join(LINES))) if len(key.value) > 2]


def test_a_mistyped_key_is_told_with_its_line_and_the_key_of_that_place(tmp_path):
    path, unlike = tmp_path / "course.yml", []
    for key in KEYS:
        line, start, end = key.start_mark.line, key.start_mark.column, key.end_mark.column
        mistyped = key.value[:-2] + key.value[-1]
        text = LINES[line][:start] + mistyped + LINES[line][end:]
        path.write_text("".join([*LINES[:line], text, *LINES[line + 1 :]]), "utf-8")
        with pytest.raises(CourseError) as caught:
            load(path)
        wanted = f"did you mean '{key.value}'"
        if not any(f":{line + 1}:" in said and wanted in said for said in str(caught.value).splitlines()):
            unlike.append((line + 1, key.value, str(caught.value)))
    assert unlike == []


@pytest.mark.parametrize("stray", yaml_words.LOOK_ALIKES)
def test_a_character_that_only_looks_like_one_of_yamls_is_named_in_its_line(tmp_path, stray):
    """As word processors and Asian keyboards write them, in place of what stands there: where the file then isn't read as it was meant."""
    plain, path, refused = yaml_words.LOOK_ALIKES[stray], tmp_path / "course.yml", 0
    right = load(FILES / "00_right.yml")
    for number, line in enumerate(LINES):
        for at in [at for at, one in enumerate(line) if one == plain and not line.lstrip().startswith("#")]:
            changed = line[:at] + stray + line[at + 1 :]
            path.write_text("".join([*LINES[:number], changed, *LINES[number + 1 :]]), "utf-8")
            try:
                assert load(path).assignments.keys() == right.assignments.keys()  # in a text, or beside other blanks
            except CourseError as error:
                refused += 1
                if f"U+{ord(stray):04X}" not in str(error) and stray not in str(error):
                    raise AssertionError(changed) from error
    assert refused or plain in "'#-"


def test_another_document_is_told_with_its_own_line(tmp_path):
    for number in [number for number, line in enumerate(LINES) if number > 2 and line[0].isalpha()]:
        (tmp_path / "course.yml").write_text("".join([*LINES[:number], "---\n", *LINES[number:]]), "utf-8")
        with pytest.raises(CourseError, match=rf"course\.yml:{number + 1}: a line of dashes begins another file"):
            load(tmp_path / "course.yml")


BROKEN = {
    "tab": lambda line: "\t" + line, "indented": lambda line: " " + line, "outdented": lambda line: line.removeprefix(" "),
    "no dash": lambda line: line.replace("- ", "  ", 1), "no colon": lambda line: line.replace(": ", " ", 1),
    "no closing": lambda line: re.sub(r"[]}](?=\n|,\n)", "", line, count=1), "no quote": lambda line: line.replace('"', "", 1),
    "a colon more": lambda line: line.rstrip("\n") + " so: that\n", "a star": lambda line: line.replace(": ", ": *", 1),
    "an escape": lambda line: line.replace(": ", ': "\\w" ', 1), "a tag": lambda line: line.replace(": ", ": !x ", 1),
    "a bracket": lambda line: line.replace(": ", ": [", 1), "a quote": lambda line: line.replace(": ", ": '", 1),
    "an at": lambda line: line.replace(": ", ": @", 1), "a bell": lambda line: line.rstrip("\n") + "\7\n",
    "a date": lambda line: line.replace(": ", ": 2027-02-30 #", 1), "digits": lambda line: line.replace(": ", f": {'9' * 5000} #", 1),
    "a document": lambda line: "---\n" + line, "a merge": lambda line: line.replace(": ", ": {<<: 3} #", 1),
}  # fmt: skip
JARGON = re.compile(
    r"while |token|did not find|<unicode|block collection|scalar|constructor|NoneType|integer string|expected "
)


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("loader", [yaml_file._Fast, yaml.SafeLoader], ids=["libyaml", "pyyaml"])
def test_what_is_no_yaml_is_told_with_a_line_in_words_of_people(tmp_path, monkeypatch, way, loader):
    strict = type("Strict", (yaml_file._Rules, loader), {})
    strict.add_constructor("tag:yaml.org,2002:int", yaml_file._Rules.construct_yaml_int)
    monkeypatch.setattr(yaml_file, "_Fast", loader)  # not every machine has libyaml
    monkeypatch.setattr(yaml_file, "_Strict", strict)
    refused = 0
    for number, line in enumerate(LINES):
        text = "".join([*LINES[:number], BROKEN[way](line), *LINES[number + 1 :]])
        try:
            yaml_file.parse_yaml(text, "course.yml")
        except CourseError as error:
            refused += 1
            assert re.match(r"course\.yml:[1-9]\d*: ", str(error)), str(error)
            assert not JARGON.search(str(error)), str(error)
    assert refused or way in ("outdented", "no dash", "no colon", "no quote")
