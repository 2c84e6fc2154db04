"""How a kernel talks to its judge: one request and one answer over a local stream socket, as length-prefixed frames.

A message is a magic word, two lengths, a JSON document and raw array bytes. The whole length is known, and capped,
before anything is read, so that a message can't fill the judge's memory; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.common.environment import said
from autograder.common.errors import ProtocolError
from autograder.common.i18n import _

SEED = "AUTOGRADER_SEED"


SPLIT = "AUTOGRADER_SPLIT"  # the course's hold-out, as JSON: what a `HoldoutSplit` says


DATA = "AUTOGRADER_DATA"  # the name of the data set that the notebook is on


NETWORKS = "AUTOGRADER_NETWORKS"  # NONE in a course without any: then Keras and TensorFlow aren't loaded
NONE = "none"


JUDGE = "AUTOGRADER_JUDGE"  # names the judge's socket, in the environment of a kernel that is being graded
MAGIC = b"AGJ1"
HEAD = struct.Struct("<4sII")  # magic, bytes of JSON, bytes of frames
MAX_JSON = 8 << 20
MAX_FRAMES = 96 << 20  # weights of 5 million parameters, optimizer state and some arrays
MAX_COUNT = 2_000
LOOK_SECONDS = 1.0  # between two looks whether somebody still waits for a message


def has_networks() -> bool:
    """Whether the course of the notebook in this kernel, which is graded, has any."""
    return said(NETWORKS) != NONE


def send(
    connection: socket.socket,
    document: dict[str, Any],
    frames: Sequence[Any] = (),
    given_up: Callable[[], bool] = lambda: False,
) -> None:
    """Send a message; `given_up` as for `receive`. Raises OSError."""
    views: list[memoryview] = [np.ascontiguousarray(frame).reshape(-1).view(np.uint8).data for frame in frames]
    text = json.dumps({**document, "frames": [len(view) for view in views]}, allow_nan=True).encode()
    head = HEAD.pack(MAGIC, len(text), sum(len(view) for view in views)) + text
    connection.settimeout(LOOK_SECONDS)
    for view in [memoryview(head), *views]:
        while view:
            try:
                view = view[connection.send(view) :]
            except TimeoutError:
                if given_up():
                    raise


def receive(
    connection: socket.socket,
    given_up: Callable[[], bool] = lambda: False,
    admit: Callable[[dict[str, Any], int, int], None] = lambda document, text, arrays: None,
) -> tuple[dict[str, Any], list[bytes]]:
    """The document and its frames; `given_up` is asked every `LOOK_SECONDS` whether nobody waits for them any more.

    There is no limit of time here: on a busy machine it would be a student's mark. Who sends nothing keeps its own notebook waiting, whose limits end it.

    `admit` gets the document, and how many bytes it and its frames have, before any frame is read: it may raise ProtocolError.
    Raises ProtocolError for anything malformed, too large, cut off or given up.
    """
    connection.settimeout(LOOK_SECONDS)
    magic, text_length, frames_length = HEAD.unpack(_exactly(connection, HEAD.size, given_up))
    if magic != MAGIC:
        raise ProtocolError("this is not a message of the grader")
    if text_length > MAX_JSON or frames_length > MAX_FRAMES:
        raise ProtocolError(_("a message of {size:,} bytes is too large", size=text_length + frames_length))
    try:
        document = json.loads(bytes(_exactly(connection, text_length, given_up)).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a message's document is not JSON: {str(error)[:100]}") from error
    if not isinstance(document, dict):
        raise ProtocolError("a message's document is not an object")
    sizes = document.pop("frames", [])
    if type(sizes) is not list or len(sizes) > MAX_COUNT or any(type(size) is not int or size < 0 for size in sizes):
        raise ProtocolError("a message's list of frames is malformed")
    if sum(sizes) != frames_length:
        raise ProtocolError("a message's frames have other sizes than announced")
    admit(document, text_length, frames_length)
    body = memoryview(_exactly(connection, frames_length, given_up))
    frames, start = [], 0
    for size in sizes:
        frames.append(bytes(body[start : start + size]))
        start += size
    return document, frames


def _exactly(connection: socket.socket, length: int, given_up: Callable[[], bool]) -> bytearray:
    buffer = bytearray(length)
    view, filled = memoryview(buffer), 0
    while filled < length:
        try:
            count = connection.recv_into(view[filled:])
        except TimeoutError as error:
            if given_up():
                raise ProtocolError(_("a message was cut off")) from error
            continue
        except OSError as error:
            raise ProtocolError(_("the connection broke: {error}", error=error)) from error
        if count == 0:
            raise ProtocolError(_("a message was cut off"))
        filled += count
    return buffer


def _sent(connection: socket.socket, document: dict[str, Any], frames: Sequence[Any]) -> OSError | None:
    """None, or why not all was taken: a judge that refuses what it need not read says so before it hangs up."""
    try:
        send(connection, document, frames)
    except OSError as error:
        return error
    return None


def reach(address: str) -> None:
    """Raises ProtocolError where nobody can be asked at `address`: whatever the notebook does then, it isn't its student's doing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        _connect(connection, address)


def _connect(connection: socket.socket, address: str) -> None:
    try:
        connection.connect(address)
    except OSError as error:
        raise ProtocolError(_("the grader does not answer: {error}", error=error)) from error


def ask(address: str, document: dict[str, Any], frames: Sequence[Any] = ()) -> tuple[dict[str, Any], list[bytes]]:
    """One request to the judge at the socket `address`; its answer. Raises ProtocolError when it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        _connect(connection, address)
        broken = _sent(connection, document, frames)
        try:
            answer, arrays = receive(connection)
        except ProtocolError:
            if broken is None:
                raise
            raise ProtocolError(_("the grader does not answer: {error}", error=broken)) from broken
    if answer.get("type") == "refused":
        raise ProtocolError(str(answer.get("reason", "")))
    return answer, arrays
