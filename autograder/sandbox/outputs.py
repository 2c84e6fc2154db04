"""A notebook's outputs as they come from a kernel that may send anything: counted, joined, and dropped when invalid.

nbclient can join streams too, but its handling of carriage returns takes quadratic time: one line of 1 MB keeps it busy
for hours.
"""

from __future__ import annotations

import json
import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.common.showing.readable import without_places

MOST = 2_000  # outputs of a cell, but for printed text: each is looked at, and an empty one costs no character of what a notebook may print
WHOLE = 8 << 20  # bytes
_ERROR = re.compile(rb'"ename":\s*"([A-Za-z_][A-Za-z0-9_]{0,99})"')
COUNTED = frozenset({"stream", "display_data", "execute_result", "error", "update_display_data"})


def read_little(session: Any, most: int) -> None:
    """From now on a Jupyter session reads of a part of a message that is larger than `most` bytes, and than any that is kept whole, the
    beginning only, as if it were printed, and an error's name: as Python's objects it may take 25 times its bytes."""
    whole, unpack = max(most, WHOLE), session.unpack

    def unpacked(text: bytes) -> Any:
        if len(text) <= whole:
            return unpack(text)
        name = _ERROR.match(text, text.rfind(b'"ename"'))
        said = text[:whole].decode("utf-8", "replace").replace("\\n", "\n")
        return {
            "name": "stdout",
            "text": said,
            "ename": name[1].decode() if name else "",
            "evalue": "",
            "status": "error",
        }

    session.unpack = unpacked


def size(content: dict[str, Any]) -> int:
    """Characters that a message adds to the notebook."""
    text = content.get("text")
    return len(text) if isinstance(text, str) else len(json.dumps(content, default=str))


def short_error(content: dict[str, Any]) -> NotebookNode:
    """An error output cut to what fits into any notebook: name and message, no traceback."""
    name, message = (str(content.get(key, ""))[:1000] for key in ("ename", "evalue"))
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def note(cell: NotebookNode, sentence: str) -> None:
    """Say something to the student below a cell."""
    cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=f"[autograder] {sentence}.\n"))


def encodable(value: Any) -> Any:
    """`value` with every text such that it can be written as UTF-8: a kernel may send half characters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return type(value)({encodable(key): encodable(item) for key, item in value.items()})
    return [encodable(item) for item in value] if isinstance(value, list) else value


def joined(output: NotebookNode) -> NotebookNode:
    """`output` with one text wherever the format of notebooks allows a list of lines too; JSON stays as it is."""
    if isinstance(output.get("text"), list):
        output.text = "".join(map(str, output.text))
    for kind, value in output.get("data", {}).items():
        if isinstance(value, list) and not kind.endswith("json"):
            output.data[kind] = "".join(map(str, value))
    return output


def is_printed(output: dict[str, Any]) -> bool:
    """Whether `output` is printed text, valid as it stands. Most outputs are: the format's validator takes 0.5 ms for each."""
    texts = output.get("name"), output.get("text")
    return len(output) == 3 and output.get("output_type") == "stream" and all(type(text) is str for text in texts)


def tidy(cell: NotebookNode) -> None:
    """Join the streams, and drop outputs that are not valid in a notebook. Whatever a kernel sent, this returns."""
    kept: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for sent in cell.outputs:
        try:
            output = joined(encodable(sent))
            if not is_printed(output):
                nbformat.validator.validate(output, ref="output", version=4)
        except Exception:  # also what is nested too deeply
            continue
        earlier = streams.get(output.name) if output.output_type == "stream" else None
        if earlier is not None:
            earlier.setdefault("parts", []).append(output.text)
            continue
        kept.append(output)
        if output.output_type == "stream":
            streams[output.name] = output
    for output in kept:
        if output.output_type == "stream":
            output.text = as_shown("".join([output.text, *output.pop("parts", [])]))
    cell.outputs = [anywhere(output) for output in kept]


def anywhere(value: Any) -> Any:
    """`value` with every text as any machine would show it: tracebacks and warnings name the folders of this one."""
    if isinstance(value, str):
        return without_places(value)
    if isinstance(value, dict):
        return type(value)({key: anywhere(item) for key, item in value.items()})
    return [anywhere(item) for item in value] if isinstance(value, list) else value


def as_shown(text: str) -> str:
    """`text` as a terminal leaves it: what a carriage return or a backspace overwrites is gone. Linear time."""
    if "\b" not in text and "\r" not in text:
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    line = line.rstrip("\r").rpartition("\r")[2]
    if "\b" not in line:
        return line
    shown: list[str] = []
    for character in line:
        if character != "\b":
            shown.append(character)
        elif shown:
            shown.pop()
    return "".join(shown)
