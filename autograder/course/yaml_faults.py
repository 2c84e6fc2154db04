"""How what is wrong with a course's YAML file is told: file, line, key, what stands there, and what is allowed.

pydantic finds what is wrong; it says so about Python, and of a union once for each of its parts. The words here are about YAML.
"""

from __future__ import annotations

import datetime as dt
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import Discriminator, Tag, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from autograder.common.i18n import N_, _
from autograder.common.models import OTHER_KIND, KeyPath
from autograder.common.showing.nearest_name import nearest
from autograder.common.showing.readable import as_yaml, one_of
from autograder.course import meant
from autograder.course.checks.base import Check, Localised
from autograder.course.checks.registry import TYPES, parse
from autograder.course.yaml_file import line_at, node_at, nodes, text_at
from autograder.course.yaml_words import look_alike, no_blank

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
    said = (_told(one, place, model, document, root) for place, one in found.items())
    return _listed(path, root, said)


def located(path: Path, found: Iterable[tuple[KeyPath, str]]) -> str:
    """What is wrong at which places of a file, as lines of: file and line, key path, what is wrong."""
    return _listed(path, nodes(path)[1], found)


def _listed(path: Path, root: Any, found: Iterable[tuple[KeyPath, str]]) -> str:
    lines = []
    for place, said in found:
        key = ".".join(map(str, place)) or _("(the whole file)")
        lines.append(f"{path}:{line_at(root, place)}: {key}: {said}")
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


def _told(problems: list[ErrorDetails], place: KeyPath, model: Any, document: Any, root: Any) -> tuple[KeyPath, str]:
    """What is wrong at one place, or where inside of it that is mended: of a value that may be one of several, and is none, all that it may be."""
    wanted = [one for problem in problems for one in _wanted(problem)]
    said = [_message(problem, place, model, document) for problem in problems if not _wanted(problem)]
    value = problems[-1].get("input")
    if wanted:
        words = [one[1:-1] for one in wanted if one.startswith("'")]
        guess = meant.word(value, words) if isinstance(value, str) and value else ""
        instead = "; " + _("did you mean '{guess}'?", guess=guess) if guess else ""
        said.append(_("should be {wanted}", wanted=one_of(list(dict.fromkeys(wanted)))) + instead)
    stray = look_alike(" ".join(map(str, value))) if isinstance(value, dict) else ""  # 'type： Dense' is a key
    stray = stray or _cut_off(place, document, root)
    at, way = (place, "") if stray else _otherwise(place, model, document, root)
    told = _(" or ").join(dict.fromkeys(said))
    remedy = stray
    if way and way not in told:
        named = ".".join(map(str, at[-2:] if at and isinstance(at[-1], int) else at[-1:]))
        remedy = (
            _("write all of `{key}` as {way}", key=named, way=way)
            if len(at) < len(place)
            else _("write it as {way}", way=way)
        )
    if not remedy and wanted == [_(_MAPPING)] and (known := _keys_at(model, place, document)):
        remedy = _("there are {names}", names=", ".join(known))
    whole = told + (f"; {remedy}" if remedy else "") + _shown(problems[-1], value, bool(wanted))
    return (at if len(at) > len(place) else place), whole


def _cut_off(place: KeyPath, document: Any, root: Any) -> str:
    """That a comma in braces ended a value, as in ``{shape: (28, 28)}``, whose second half is a key without a value then."""
    for at in (place, place[:-1]):
        keys = _at(document, at)
        halves = [key for key, one in keys.items() if one is None] if isinstance(keys, dict) else []
        if joined := next((one for one in map(str, halves) if re.fullmatch(r"\w+:\S+", one)), ""):
            return no_blank(*joined.split(":", 1))
        if getattr(node_at(root, at), "flow_style", False) and not all(str(key).isidentifier() for key in halves):
            return _(
                "in braces a comma ends a value: write several in brackets, [28, 28], and a text with a comma in quotes"
            )
    return ""


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
        return _pattern(str(problem.get("ctx", {}).get("pattern", "")), str(problem.get("input")))
    if problem["type"] in _SAID:
        bounds = problem.get("ctx", {}).items()
        plain = {key: int(one) if one == int(one) else one for key, one in bounds if type(one) is not str}
        return _(_SAID[problem["type"]], **plain)
    if problem["type"] != "value_error" and problem["type"] in _PYDANTICS:
        return _("this can't stand here")
    return problem["msg"].removeprefix("Value error, ")


def _otherwise(place: KeyPath, model: Any, document: Any, root: Any) -> tuple[KeyPath, str]:
    """Where something is written otherwise, and how, so that what stands at `place` is right; '' where no way is known."""
    for length in reversed(range(len(place) + 1)):  # the mappings that it stands in, from the inner one
        kind, value = _model_at(model, place[:length], document), _at(document, place[:length])
        if not _is_model(kind) or not isinstance(value, dict) or place[length:] not in _wrong(kind, value):
            continue
        texts = {at: text_at(root, (*place[:length], *at)) for at in meant.places(value)}
        fields = _keys_at(model, place[:length], document)
        wrong = partial(_wrong_in_check, kind, model, place[:length], document)
        owner = meant.Owner(value, wrong, fields, _holding(kind), texts)
        slot = _keys_at(model, place, document) or _keys_at(model, (*place, 0), document)
        at, said = meant.otherwise(owner, place[length:], slot)
        if said:
            return (*place[:length], *at), said
    return place, ""


def _holding(kind: Any) -> dict[str, bool]:
    """The keys of a model that hold a mapping, and whether a list of such."""
    inner = {key: one for key in _fields(kind)[0] if (one := _inner(kind, key, {})) is not Localised}
    several = {key: _inner(one, 0, {}) for key, one in inner.items() if typing.get_origin(one) in (tuple, list)}
    alone = {key: False for key, one in inner.items() if _is_model(one) or typing.get_origin(one) is dict}
    return alone | {key: True for key, one in several.items() if _is_model(one)}


def _wrong(kind: Any, owner: Any) -> set[KeyPath]:
    """The places of a mapping that `kind` doesn't take."""
    try:
        parse(owner) if issubclass(kind, Check) else kind.model_validate(owner)
    except ValidationError as error:
        return {_written(owner, problem) for problem in error.errors()}
    except ValueError:
        return {()}
    return set()


def _wrong_in_check(kind: Any, model: Any, at: KeyPath, document: Any, owner: Any) -> set[KeyPath]:
    """The places of a mapping `at` its place that `kind` doesn't take, and those that the check around it doesn't, or () for that as a whole."""
    found = _wrong(kind, owner)
    for length in range(len(at)):
        around = _model_at(model, at[:length], document)
        if isinstance(around, type) and issubclass(around, Check):
            rest = at[length:]
            places = _wrong(around, meant.put(_at(document, at[:length]), rest, owner))
            found |= {place[len(rest) :] for place in places if place[: len(rest)] == rest}
            found |= {()} & places
    return found


def _unknown(key: str, place: KeyPath, model: Any, document: Any) -> str:
    """Of a key that isn't known at `place`: where it belongs, what is meant by it, or what is known there."""
    said, known, owner = _("this key is not known here"), _keys_at(model, place, document), _at(document, place)
    kind = _model_at(model, place, document)
    guess = meant.word(key, [one for one in known if one not in owner])
    guess = guess if _takes(kind, owner, key, guess) else ""
    if guess in meant.SYNONYMS.get(key.casefold(), ()):
        return "; ".join((said, _("did you mean '{guess}'?", guess=guess)))
    for length in reversed(range(len(place))):
        if key in _keys_at(model, place[:length], document) and key not in ("type", "title", "id", "points"):
            where = ".".join(map(str, place[:length])) or _("the top of the file")
            return "; ".join((said, _("it belongs to {where}", where=where)))
    if stray := look_alike(key):
        return "; ".join((said, stray))
    for holder in _holding(kind) if _is_model(kind) and not nearest(key, known, 0.8) else ():
        if key in _keys_at(kind, (holder, 0), {}) or key in _keys_at(kind, (holder,), {}):
            return "; ".join((said, _("it belongs inside of {where}", where=f"`{holder}`")))
    if guess:
        return "; ".join((said, _("did you mean '{guess}'?", guess=guess)))
    return "; ".join((said, _("there are {names}", names=", ".join(known)))) if known else said


def _takes(kind: Any, owner: Mapping[str, Any], key: str, name: str) -> bool:
    """Whether what stands in `owner` under `key` can stand there under `name`, as it is or written otherwise."""
    if not _is_model(kind) or not name:
        return bool(name)
    rest = {one: inner for one, inner in owner.items() if one != key}
    return any((name,) not in _wrong(kind, {**rest, name: one}) for one in meant.under(name, key, owner.get(key)))


def _pattern(pattern: str, name: str) -> str:
    if "{64}" in pattern:
        return _("should be the 64 digits, 0-9 and a-f, that sha256sum says")
    allowed = "a-z, 0-9, -" if "-]" in pattern else "a-z, 0-9, _"
    said = _("should begin with a small letter and hold only {allowed}", allowed=allowed)
    way = meant.slug(name, allowed[-1])
    return "; ".join((said, _("write it as {way}", way=way))) if re.fullmatch(pattern, way) else said


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


def _at(document: Any, place: KeyPath) -> Any:
    for part in place:
        document = _step(document, part)
    return document


def _model_at(model: Any, place: KeyPath, document: Any) -> Any:
    """What reads `place`: of a check its very type."""
    for part in place:
        document = _step(document, part)
        model = _inner(model, part, document)
        if model is Check and isinstance(document, Mapping):
            model = TYPES.get(str(document.get("type")), Check)
    return model


def _keys_at(model: Any, place: KeyPath, document: Any) -> list[str]:
    """The keys that are known at `place`: those of the model there."""
    model = _model_at(model, place, document)
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude or name != "root"]


def _instead_of(key: str, model: Any, place: KeyPath, document: Any) -> str:
    """A key that stands at `place`, isn't known there, and is most likely a mistyped `key`; or ''."""
    known, owner = _keys_at(model, place, document), _at(document, place)
    others = [one for one in owner if one not in known] if isinstance(owner, Mapping) else []
    found = meant.instead(key, others, known)
    return found if found and _takes(_model_at(model, place, document), owner, found, key) else ""


def _is_written(document: Any, place: KeyPath) -> bool:
    """Whether all of `place` is written: what is filled in for what is left out has no place of its own."""
    return all(_is_part(_at(document, place[:number]), part) for number, part in enumerate(place))


def _is_part(document: Any, part: int | str) -> bool:
    if isinstance(document, Mapping):
        return part in document
    return isinstance(document, Sequence) and isinstance(part, int) and part < len(document)


def _step(document: Any, part: int | str) -> Any:
    return document[part] if _is_part(document, part) else None


def _inner(model: Any, part: int | str, value: Any) -> Any:
    """What an annotation says of a part of it, which holds `value`."""
    if _is_model(model):
        fields, others = _fields(model)
        return _modelled(fields.get(str(part), others), value)
    if typing.get_origin(model) in (dict, tuple, list):
        arguments = [one for one in typing.get_args(model) if one is not Ellipsis]
        return _modelled(arguments[-1], value) if arguments else None
    return None


@cache
def _fields(model: Any) -> tuple[dict[str, Any], Any]:
    """The annotations of a model's keys, and that of those that it has no name for."""
    fields = {field.alias or name: _annotated(field) for name, field in model.model_fields.items()}
    others = typing.get_args(typing.get_type_hints(model, include_extras=True).get("__pydantic_extra__"))
    return fields, others[-1] if others else None


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
