"""The one reader of the course's YAML files. What is wrong with what one holds is told by `yaml_faults`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from autograder.common.errors import CourseError
from autograder.common.files import bytes_of
from autograder.common.i18n import N_, _
from autograder.common.models import KeyPath
from autograder.course import yaml_words

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
            said = N_("YAML reads {text} as the octal number {value}: leave the 0 out; of thousands the comma, 1000")
            message = _(said, text=node.value, value=value)
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        if ":" in digits:
            said = N_("YAML reads {text} as the number {value}: write the number that is meant, or a text in quotes")
            message = _(said, text=node.value, value=value)
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return int(value)


class _Strict(_Rules, _Fast):  # type: ignore[misc]
    pass


# As in YAML 1.2: yes, no, on and off are texts, and 1e-3 is a number, as in Python.
_TRUTH = "tag:yaml.org,2002:bool"
_Strict.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != _TRUTH] for first, resolvers in _Fast.yaml_implicit_resolvers.items()
}
_Strict.add_implicit_resolver(_TRUTH, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Strict.add_constructor("tag:yaml.org,2002:int", _Rules.construct_yaml_int)
_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _require_flat(text: str) -> None:
    """Raises a YAMLError before anything is read that is nested deeper than `MAX_DEPTH`."""
    depth, lines = 0, [*text.splitlines(), ""]
    for event in yaml.parse(text, _Fast):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.ScalarEvent) and not event.style and _is_cut(event, lines):
            said = _("a # behind a blank begins a comment, which ends the text before it: put the text in quotes")
            raise yaml.MarkedYAMLError(None, None, said, event.end_mark)  # type: ignore[arg-type]
        if depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, _("lists and mappings are nested too deeply"), event.start_mark)  # type: ignore[arg-type]


def _is_cut(event: Any, lines: list[str]) -> bool:
    """Whether a text without quotes was most likely meant to go on behind a #: ``Network #1``."""
    rest = lines[event.end_mark.line][event.end_mark.column :]
    text = not event.value or any(map(str.isalpha, event.value))
    return text and re.match(r"\s+#\d", rest) is not None


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


def nodes(path: Path) -> tuple[Any, Any]:
    """The document of a file, as values and as nodes that know their lines; None where it can't be read."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
        return yaml.load(text, _Strict), yaml.compose(text, _Fast)
    except (OSError, ValueError, yaml.YAMLError):
        return None, None


def _steps(node: Any, place: KeyPath) -> Iterator[tuple[int, Any]]:
    """The line, from 1, and the node of the file, and of each part of the way to `place`, as far as they exist."""
    yield 1, node
    for part in place:
        found: tuple[Any, Any] | None = None
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part], node.value[part]
        if found is None:
            return
        node = found[1]
        yield found[0].start_mark.line + 1, node


def line_at(node: Any, place: KeyPath) -> int:
    """The line, from 1, of what stands at `place`, or of the last part of the way there that exists."""
    return [line for line, _one in _steps(node, place)][-1]


def node_at(node: Any, place: KeyPath) -> Any:
    found = [one for _number, one in _steps(node, place)]
    return found[-1] if len(found) > len(place) else None


def text_at(node: Any, place: KeyPath) -> str:
    """A value as it is written in the file; '' of what has parts."""
    node = node_at(node, place)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
