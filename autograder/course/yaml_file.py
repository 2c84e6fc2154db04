"""The one reader of the course's YAML files, and how what is wrong with one is told: file, line, key, and what is allowed."""

from __future__ import annotations

import datetime as dt
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from autograder.common.errors import CourseError
from autograder.common.files import bytes_of
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import N_, _
from autograder.common.models import KeyPath
from autograder.common.nearest_name import nearest
from autograder.course import yaml_words
from autograder.course.checks.base import Check
from autograder.course.checks.registry import TYPES

MAX_DEPTH = 40
MAX_NODES = 2_000_000  # after every anchor is filled in
_UNSEEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what YAML doesn't take


def read_yaml(path: Path, remedy: str = "") -> Any:
    """What a YAML file holds; a key may stand only once, and ``<<`` merges. Raises CourseError, with `remedy` where it can't be read."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
    except OSError as error:
        raise CourseError(_("{path} can't be read: {strerror}", path=path, strerror=error.strerror), remedy) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CourseError(
            f"{path}:{line}: " + _("this line is not UTF-8"), _("Save the file as UTF-8 in your editor.")
        ) from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path | str) -> Any:
    """What `text` holds, which was read from `path`. Raises CourseError with file and line, and what is wrong there in words of people."""
    if stray := _UNSEEN.search(text):
        line = text[: stray.start()].count("\n") + 1
        said = _("an invisible control character (U+{code}) stands in this line", code=f"{ord(stray[0]):04X}")
        raise CourseError(f"{path}:{line}: {said}", _("Delete it."))
    try:
        _require_flat(text)
        return yaml.load(text, _Strict)
    except yaml.MarkedYAMLError as error:
        line, said = yaml_words.told(error, text)
        raise CourseError(f"{path}:{line}: {said}") from error


# libyaml reads twenty times as fast; not every machine has it.
_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Rules(yaml.SafeLoader if TYPE_CHECKING else object):  # type: ignore[misc]
    """YAML in which a key may stand only once, no number means another one, and nothing grows without bounds."""

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if node is not None:
            _size(node, {})
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # February 30, a number of 5,000 digits
            said = _("there is no such number or time: {text}", text=f"{node.value!s:.40}")
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _value in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # what stands in this mapping itself goes before what is merged
            if key_node.tag == "tag:yaml.org,2002:bool":
                key_node.tag = "tag:yaml.org,2002:str"  # no is Norwegian, as a key
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, _("the key '{key}' stands twice", key=key), key_node.start_mark
                )
            seen.add(key if isinstance(key, str) else id(key_node))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping

    def construct_yaml_int(self, node: Any) -> int:
        value = super().construct_yaml_int(node)
        digits = str(node.value).lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            message = _("YAML reads {text} as the octal number {value}: leave the 0 out", text=node.value, value=value)
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        if ":" in digits:
            message = _("YAML reads {text} as the number {value}: put it in quotes", text=node.value, value=value)
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return int(value)


class _Strict(_Rules, _Fast):  # type: ignore[misc]
    pass


_Strict.add_constructor("tag:yaml.org,2002:int", _Rules.construct_yaml_int)
# 1e-3 is a number, as in YAML 1.2 and Python.
_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _require_flat(text: str) -> None:
    """Raises a YAMLError before anything is read that is nested deeper than `MAX_DEPTH`."""
    depth = 0
    for event in yaml.parse(text, _Fast):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, _("lists and mappings are nested too deeply"), event.start_mark)  # type: ignore[arg-type]


def _size(node: Any, known: dict[int, int]) -> int:
    """How many values there are when every anchor is filled in. Raises a YAMLError where they are more than `MAX_NODES`."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_NODES  # an anchor inside of itself
    if isinstance(node, yaml.MappingNode):
        inner = sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        inner = sum(_size(item, known) for item in node.value)
    else:
        inner = 0
    known[id(node)] = 1 + inner
    if inner >= MAX_NODES:
        raise yaml.MarkedYAMLError(None, None, _("the anchors in it repeat too much"), node.start_mark)
    return 1 + inner


# ---- what is wrong with a file

# pydantic's words are about Python; these are about YAML.
_SAID = {
    "tuple_type": N_("should be a list, in brackets or with a dash before each item"),
    "list_type": N_("should be a list, in brackets or with a dash before each item"),
    "dict_type": N_("should be a mapping of keys to values"),
    "model_type": N_("should be a mapping of keys to values"),
    "model_attributes_type": N_("should be a mapping of keys to values"),
    "missing": N_("this key is needed here"),
    "string_type": N_("should be a text"),
    "int_parsing": N_("should be a whole number"),
    "int_type": N_("should be a whole number"),
    "int_from_float": N_("should be a whole number"),
    "float_parsing": N_("should be a number"),
    "float_type": N_("should be a number"),
    "finite_number": N_("should be a finite number"),
    "bool_parsing": N_("should be true or false"),
    "bool_type": N_("should be true or false"),
    "too_short": N_("should not be empty"),
    "too_long": N_("should have at most {max_length}"),
}
_FOLLOWING = ("too_short",)  # what pydantic says of a list, too, whose items are wrong


def explain(path: Path, error: ValidationError, model: Any = None) -> str:
    """pydantic's errors as lines of: file and line, key path, what is wrong, the value. `model`: what was read."""
    document, root = _nodes(path)
    found: dict[KeyPath, list[tuple[str, str]]] = {}
    problems = [(_written(document, problem), problem) for problem in error.errors()]
    for place, problem in problems:
        inside = any(len(other) > len(place) and other[: len(place)] == place for other, _problem in problems)
        if not inside or (problem["type"] not in _FOLLOWING and _step_to(document, problem["loc"])):
            found.setdefault(place, []).append((_message(problem, place, model, document), _shown(problem)))
    return _listed(path, root, ((place, _either(said)) for place, said in found.items()))


def _either(said: list[tuple[str, str]]) -> str:
    """What is wrong at one place: where it may be one of several, none of which it is, that in one line."""
    messages = list(dict.fromkeys(message for message, _shown in said))
    return _(" or ").join(messages) + said[-1][1]


def located(path: Path, found: Iterable[tuple[KeyPath, str]]) -> str:
    """What is wrong at which places of a file, as lines of: file and line, key path, what is wrong."""
    return _listed(path, _nodes(path)[1], found)


def _listed(path: Path, root: Any, found: Iterable[tuple[KeyPath, str]]) -> str:
    lines = []
    for place, said in found:
        key = ".".join(map(str, place)) or _("(the whole file)")
        lines.append(f"{path}:{_line(root, place)}: {key}: {said}")
    return "\n".join(dict.fromkeys(lines))


def _written(document: Any, problem: ErrorDetails) -> KeyPath:
    """Where a problem is, without what pydantic puts between: which part of a union was tried, and that it is about a key."""
    place: list[int | str] = []
    for number, part in enumerate(problem["loc"], 1):
        there = part in document if isinstance(document, Mapping) else _step(document, part) is not None
        if there or (problem["type"] == "missing" and number == len(problem["loc"])):
            place.append(part)
            document = _step(document, part)
    return tuple(place)


def _message(problem: ErrorDetails, place: KeyPath, model: Any, document: Any) -> str:
    if problem["type"] == "extra_forbidden":
        known = _keys_at(model, place[:-1], document)
        said = [_("this key is not known here"), *([meant(str(place[-1]), known)] if known else [])]
        return "; ".join(said)
    if problem["type"] == "missing" and (instead := _instead_of(str(place[-1]), model, place[:-1], document)):
        return _("this key is needed here: did you mean '{key}' by '{instead}'?", key=place[-1], instead=instead)
    if problem["type"] == "string_pattern_mismatch":
        return _pattern(str(problem.get("ctx", {}).get("pattern", "")))
    if problem["type"] in _SAID:
        return _(_SAID[problem["type"]], **problem.get("ctx", {}))
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "should be")


def _pattern(pattern: str) -> str:
    if "{64}" in pattern:
        return _("should be the 64 digits, 0-9 and a-f, that sha256sum says")
    allowed = "a-z, 0-9, -" if "-]" in pattern else "a-z, 0-9, _"
    return _("should begin with a small letter and hold only {allowed}", allowed=allowed)


def _shown(problem: ErrorDetails) -> str:
    value = problem.get("input")
    if isinstance(value, (dict, list, tuple)) or problem["type"] == "missing":
        return ""
    return _(" (found {value!r:.80})", value=str(value) if isinstance(value, dt.date) else value)


def _nodes(path: Path) -> tuple[Any, Any]:
    """The document once more, as values and as nodes that know their lines; None where it can't be read."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
        return yaml.load(text, _Strict), yaml.compose(text, _Fast)
    except (OSError, ValueError, yaml.YAMLError):
        return None, None


def _line(node: Any, place: KeyPath) -> int:
    """The line, from 1, of what stands at `place`, or of the last part of the way there that exists."""
    found = 1
    for part in place:
        following = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    found, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            following = node.value[part]
            found = following.start_mark.line + 1
        if following is None:
            break
        node = following
    return found


def _keys_at(model: Any, place: KeyPath, document: Any) -> list[str]:
    """The keys that are known at `place`: those of the model there, and of the very type of check."""
    for part in place:
        document = _step(document, part)
        model = _inner(model, part)
        if model is Check and isinstance(document, Mapping):
            model = TYPES.get(str(document.get("type")), Check)
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude or name != "root"]


def _instead_of(key: str, model: Any, place: KeyPath, document: Any) -> str:
    """A key that stands at `place`, isn't known there, and is most likely a mistyped `key`; or ''."""
    known = _keys_at(model, place, document)
    for part in place:
        document = _step(document, part)
    return nearest(key, [str(one) for one in document if one not in known]) if isinstance(document, Mapping) else ""


def _step_to(document: Any, place: KeyPath) -> bool:
    """Whether all of `place` is written: what is filled in for what is left out has no place of its own."""
    for part in place:
        there = part in document if isinstance(document, Mapping) else _step(document, part) is not None
        if not there:
            return False
        document = _step(document, part)
    return True


def _step(document: Any, part: int | str) -> Any:
    if isinstance(document, Mapping):
        return document.get(part)
    if isinstance(document, Sequence) and isinstance(part, int) and part < len(document):
        return document[part]
    return None


def _inner(model: Any, part: int | str) -> Any:
    """What an annotation says of a part of it."""
    if _is_model(model):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        return _modelled(fields[str(part)].annotation) if str(part) in fields else None
    if typing.get_origin(model) in (dict, tuple, list):
        arguments = [one for one in typing.get_args(model) if one is not Ellipsis]
        return _modelled(arguments[-1]) if arguments else None
    return None


def _modelled(annotation: Any) -> Any:
    """An annotation without its decoration; of a union the part that is a model."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _modelled(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        parts = [_modelled(one) for one in typing.get_args(annotation) if one is not type(None)]
        models = [one for one in parts if _is_model(one) or typing.get_origin(one)]
        return models[0] if models else None
    return annotation


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and hasattr(value, "model_fields")
