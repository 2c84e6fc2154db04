"""Every place of the schema that takes one of several: a value of each kind of YAML there is taken, or refused in people's words.

pydantic reports a union once for each of its parts, in words of Python; what an author reads names the place, what stands there, and all that may.
Told in Korean, whatever isn't ours shows by its language.
"""

import re
import types
import typing
from collections.abc import Iterator

from autograder.common.i18n import speaking
from autograder.common.showing.readable import as_yaml
from autograder.course import yaml_faults
from autograder.course.checks.base import Check
from autograder.course.checks.registry import TYPES
from autograder.course.course import Course
from autograder.course.meant import put
from tests.course.mistakes import Place, folder_like, right, tried

FOREIGN = re.compile(
    r"[Ii]nput|pydantic|valid |None|True|False|\btuple|\bdict\b|\bstr\b|\bint\b|Error|union|tag", re.ASCII
)
SHOWN_AS = {list: "리스트", dict: "매핑"}


def unions(annotation: object) -> bool:
    """Whether an annotation holds a choice of several kinds or words; what may be left out is none."""
    parts = [one for one in typing.get_args(annotation) if one is not type(None)]
    several = typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Literal) and len(parts) > 1
    return several or (typing.get_origin(annotation) is not typing.Literal and any(map(unions, parts)))


def owners(model: object, value: object, at: Place = ()) -> Iterator[tuple[type, Place]]:
    """The models that read a document, each with the place of what it reads."""
    if model is Check and isinstance(value, dict):
        model = TYPES[value["type"]]
    if yaml_faults._is_model(model):
        yield model, at
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from owners(yaml_faults._inner(model, key, part), part, (*at, key))


def choices() -> dict[tuple[type, str], tuple[object, dict, Place]]:
    """By model and key: a right course, the folder it is of, and the place of such a key in it."""
    found: dict = {}
    for source, document in right():
        for model, at in owners(Course, document):
            for name, field in model.model_fields.items():
                if unions(field.annotation) or name == "type":
                    found.setdefault((model, field.alias or name), (source, document, (*at, field.alias or name)))
    return found


def test_what_is_none_of_several_is_refused_with_its_place_what_stands_there_and_what_may(tmp_path):
    odd, covered, refused = [], set(), 0
    for (model, key), (source, document, place) in choices().items():
        covered.add(model)
        for value in (None, 7, [7], {"a": 7}, "misspelt", [None], [{"a": [7]}]):
            with speaking("ko"):
                said = tried(put(document, place, value), folder_like(source, tmp_path))
            for line in said.splitlines() if said else ():
                refused += 1
                where, _colon, words = line.partition(": ")[2].partition(": ")
                at_it = where == ".".join(map(str, place))
                shown = [as_yaml(value), str(value), SHOWN_AS.get(type(value), as_yaml(value))]
                if (
                    not re.search("[가-힣]", words)
                    or FOREIGN.search(re.sub("'[^']*'|쓸 수 있는 종류: .*", "", words))
                    or not where.startswith(".".join(map(str, place[:-1])))
                    or (at_it and not any(one in words for one in shown))
                ):
                    odd.append((model.__name__, key, value, line.partition(": ")[2]))
    assert odd == []
    assert set(TYPES.values()) <= covered  # each has a type, at the least
    assert refused > 200
