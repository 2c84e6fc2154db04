"""How what is wrong with a course's YAML file is told: file, line, key, what stands there, and what is allowed.

pydantic finds what is wrong; it says so about Python, and of a union once for each of its parts. The words here are about YAML.
"""

from __future__ import annotations

import datetime as dt
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Discriminator, Tag, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from autograder.common.i18n import N_, _
from autograder.common.models import OTHER_KIND, KeyPath
from autograder.common.nearest_name import nearest
from autograder.common.readable import as_yaml, one_of
from autograder.course.checks.base import Check
from autograder.course.checks.registry import TYPES
from autograder.course.yaml_file import nodes
from autograder.course.yaml_words import look_alike

_LIST, _MAPPING = N_("a list, in brackets or with a dash before each item"), N_("a mapping of keys to values")
_WHOLE, _NUMBER = N_("a whole number"), N_("a number")
# What should stand there: what stands there is of another kind.
_KINDS = {
    "tuple_type": _LIST, "list_type": _LIST, "dict_type": _MAPPING, "model_type": _MAPPING, "model_attributes_type": _MAPPING,
    "string_type": N_("a text"), "int_parsing": _WHOLE, "int_type": _WHOLE, "int_from_float": _WHOLE, "float_parsing": _NUMBER,
    "float_type": _NUMBER, "finite_number": N_("a finite number"), "bool_parsing": N_("true or false"), "bool_type": N_("true or false"),
}  # fmt: skip
_SAID = {
    "missing": N_("this key is needed here"),
    "invalid_key": N_("a key should be a text; of a number, the decimal point is a point: 0.2"),
    "too_short": N_("should not be empty"),
    "string_too_short": N_("should not be empty"),
    "too_long": N_("should have at most {max_length}"),
    "greater_than": N_("should be greater than {gt}"),
    "greater_than_equal": N_("should be greater than or equal to {ge}"),
    "less_than": N_("should be less than {lt}"),
    "less_than_equal": N_("should be less than or equal to {le}"),
}
_PYDANTICS = typing.get_args(ErrorType)  # custom ones are our own words
_FOLLOWING = ("too_short",)  # what pydantic says of a list, too, whose items are wrong


def explain(path: Path, error: ValidationError, model: Any = None) -> str:
    """pydantic's errors as lines of: file and line, key path, what is wrong, the value. `model`: what was read."""
    document, root = nodes(path)
    found: dict[KeyPath, list[ErrorDetails]] = {}
    problems = [(_written(document, problem), problem) for problem in error.errors()]
    for place, problem in problems:
        inside = any(len(other) > len(place) and other[: len(place)] == place for other, _problem in problems)
        if not inside or (problem["type"] not in _FOLLOWING and _is_written(document, problem["loc"])):
            found.setdefault(place, []).append(problem)
    return _listed(path, root, ((place, _told(one, place, model, document)) for place, one in found.items()))


def located(path: Path, found: Iterable[tuple[KeyPath, str]]) -> str:
    """What is wrong at which places of a file, as lines of: file and line, key path, what is wrong."""
    return _listed(path, nodes(path)[1], found)


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
        if _is_part(document, part) or (problem["type"] == "missing" and number == len(problem["loc"])):
            place.append(part)
            document = _step(document, part)
    return tuple(place)


# ---- in words


def _told(problems: list[ErrorDetails], place: KeyPath, model: Any, document: Any) -> str:
    """What is wrong at one place: of a value that may be one of several, and is none of them, all that it may be."""
    wanted = [one for problem in problems for one in _wanted(problem)]
    said = [_message(problem, place, model, document) for problem in problems if not _wanted(problem)]
    value = problems[-1].get("input")
    if wanted:
        words = [one[1:-1] for one in wanted if one.startswith("'")]
        guess = nearest(value, words) if isinstance(value, str) and value else ""
        meant = "; " + _("did you mean '{guess}'?", guess=guess) if guess else ""
        said.append(_("should be {wanted}", wanted=one_of(list(dict.fromkeys(wanted)))) + meant)
    stray = look_alike(" ".join(map(str, value))) if isinstance(value, dict) else ""  # 'type： Dense' is a key
    return (
        _(" or ").join(dict.fromkeys(said))
        + (f"; {stray}" if stray else "")
        + _shown(problems[-1], value, bool(wanted))
    )


def _wanted(problem: ErrorDetails) -> list[str]:
    """What should stand where something of another kind does, or another word."""
    if problem["type"] == "literal_error":
        return re.findall(r"'[^']*'|(?<!\S)(?!or\b)[^\s,']+", problem["ctx"]["expected"])  # words, and numbers
    return [_(_KINDS[problem["type"]])] if problem["type"] in _KINDS else []


def _message(problem: ErrorDetails, place: KeyPath, model: Any, document: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return _unknown(str(place[-1]), place[:-1], model, document)
    if problem["type"] == "missing" and (instead := _instead_of(str(place[-1]), model, place[:-1], document)):
        return _("this key is needed here: did you mean '{key}' by '{instead}'?", key=place[-1], instead=instead)
    if problem["type"] == "string_pattern_mismatch":
        return _pattern(str(problem.get("ctx", {}).get("pattern", "")))
    if problem["type"] in _SAID:
        bounds = problem.get("ctx", {}).items()
        plain = {key: int(one) if one == int(one) else one for key, one in bounds if type(one) is not str}
        return _(_SAID[problem["type"]], **plain) + _as_share(problem)
    if problem["type"] != "value_error" and problem["type"] in _PYDANTICS:
        return _("this can't stand here")
    return problem["msg"].removeprefix("Value error, ")


def _as_share(problem: ErrorDetails) -> str:
    """How a percentage is written where a share is asked for, from 0 to 1."""
    value, most = problem.get("input"), {1} & {problem.get("ctx", {}).get(key) for key in ("lt", "le")}
    if not most or type(value) not in (int, float) or not 1 < value <= 100:
        return ""
    return "; " + _("write {number:g} % as {share:g}", number=value, share=value / 100)


def _unknown(key: str, place: KeyPath, model: Any, document: Any) -> str:
    """Of a key that isn't known at `place`: where it belongs, what is meant by it, or what is known there."""
    said, known = _("this key is not known here"), _keys_at(model, place, document)
    for length in reversed(range(len(place))):
        if key in _keys_at(model, place[:length], document) and key not in ("type", "title", "id", "points"):
            where = ".".join(map(str, place[:length])) or _("the top of the file")
            return "; ".join((said, _("it belongs to {where}", where=where)))
    if stray := look_alike(key):
        return "; ".join((said, stray))
    if guess := nearest(key, known):
        return "; ".join((said, _("did you mean '{guess}'?", guess=guess)))
    return "; ".join((said, _("there are {names}", names=", ".join(known)))) if known else said


def _pattern(pattern: str) -> str:
    if "{64}" in pattern:
        return _("should be the 64 digits, 0-9 and a-f, that sha256sum says")
    allowed = "a-z, 0-9, -" if "-]" in pattern else "a-z, 0-9, _"
    return _("should begin with a small letter and hold only {allowed}", allowed=allowed)


def _shown(problem: ErrorDetails, value: Any, other_kind: bool) -> str:
    """What stands there, where the line above it doesn't say so."""
    if problem["type"] == "missing":
        return ""
    if isinstance(value, (dict, list, tuple)):
        if not other_kind and problem["type"] != OTHER_KIND:
            return ""
        return _(" (found {value})", value=_("a mapping") if isinstance(value, dict) else _("a list"))
    return _(" (found {value})", value=as_yaml(str(value) if isinstance(value, dt.date) else value))


# ---- the file, and what the models say of its places


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
        model = _inner(model, part, document)
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


def _is_written(document: Any, place: KeyPath) -> bool:
    """Whether all of `place` is written: what is filled in for what is left out has no place of its own."""
    for part in place:
        if not _is_part(document, part):
            return False
        document = _step(document, part)
    return True


def _is_part(document: Any, part: int | str) -> bool:
    if isinstance(document, Mapping):
        return part in document
    return isinstance(document, Sequence) and isinstance(part, int) and part < len(document)


def _step(document: Any, part: int | str) -> Any:
    return document[part] if _is_part(document, part) else None


def _inner(model: Any, part: int | str, value: Any) -> Any:
    """What an annotation says of a part of it, which holds `value`."""
    if _is_model(model):
        fields = {field.alias or name: _annotated(field) for name, field in model.model_fields.items()}
        others = typing.get_args(typing.get_type_hints(model, include_extras=True).get("__pydantic_extra__"))
        return _modelled(fields.get(str(part), others[-1] if others else None), value)
    if typing.get_origin(model) in (dict, tuple, list):
        arguments = [one for one in typing.get_args(model) if one is not Ellipsis]
        return _modelled(arguments[-1], value) if arguments else None
    return None


def _annotated(field: Any) -> Any:
    """The annotation of a field as it is written: pydantic keeps what decorates it beside it."""
    chooses = next((one for one in field.metadata if isinstance(one, Discriminator)), field.discriminator)
    return typing.Annotated[field.annotation, chooses] if isinstance(chooses, Discriminator) else field.annotation


def _modelled(annotation: Any, value: Any) -> Any:
    """An annotation without its decoration; of a union the part that `value` is taken for, or else the one that is a model."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *decoration = typing.get_args(annotation)
        chooses = next((one.discriminator for one in decoration if isinstance(one, Discriminator)), None)
        if callable(chooses):
            tag = str(chooses(value))
            inner = next((one for one in typing.get_args(inner) if Tag(tag) in typing.get_args(one)), inner)
        return _modelled(inner, value)
    if origin in (typing.Union, types.UnionType):
        parts = [_modelled(one, value) for one in typing.get_args(annotation) if one is not type(None)]
        models = [one for one in parts if _is_model(one) or typing.get_origin(one)]
        return models[0] if models else None
    return annotation


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and hasattr(value, "model_fields")
