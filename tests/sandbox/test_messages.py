"""Messages of every odd shape from a real kernel, on every channel: each ends in a Run, and the next notebook goes as before."""

from __future__ import annotations

from textwrap import indent

import pytest

from autograder.sandbox import client, run_notebook
from tests.sandbox.conftest import Try

pytestmark = pytest.mark.slow  # attacks on a real sandbox

# `send(kind, content, **header)` sends a message of this cell's; `bent(change)` changes the next reply before it is sent.
TOOLS = """
import json, time
kernel = get_ipython().kernel
session, iopub = kernel.session, kernel.iopub_socket
plain = type(session).send
def send(kind, content, parent=None, stream=None, **parts):
    message = session.msg(kind, content, parent=kernel.get_parent() if parent is None else parent)
    message.update(parts)
    plain(session, stream or iopub, message)
def bent(change):
    def sending(stream, kind, content=None, parent=None, *more, **named):
        if kind == 'execute_reply':
            session.send = plain.__get__(session)
            message = session.msg(kind, content, parent=parent)
            message = change(message) or message
            return plain(session, stream, message, ident=named.get('ident'))
        return plain(session, stream, kind, content, parent, *more, **named)
    session.send = sending
def put(place, value):
    def change(message):
        *way, last = place.split('.')
        there = message
        for one in way: there = there[one]
        there[last] = value
    bent(change)
"""
ODD = (
    "None",
    "[]",
    "{}",
    "''",
    "5",
    "-1",
    "True",
    "float('nan')",
    "[[]]",
    "'x' * 3_000_000",
    "'\\ud800'",
    "'\\0\\x1b[2J\\u202e'",
    "10**4000",
)
REPLIES = [
    *(f"put('content.status', {value})" for value in ODD),
    *(f"put('content', {value})" for value in ODD[:8]),
    *(f"put('parent_header', {value})" for value in ODD[:8]),
    *(f"put('parent_header.msg_id', {value})" for value in ODD[:6]),
    "put('content.payload', [{'source': 'set_next_input', 'text': 'x', 'replace': True}] * 99)",
    "put('content.execution_count', 10**30)",
    "put('header.msg_type', None)",
    "put('header.date', 'never')",
    "put('msg_id', [])",
]
SHOWN = [
    *(f"send('status', {{'execution_state': {value}}})" for value in ODD),
    *(f"send('display_data', {{'data': {value}, 'metadata': {value}, 'transient': {value}}})" for value in ODD),
    *(f"send('display_data', {{'data': {{'text/plain': 'x'}}, 'metadata': {{}}, 'transient': {{'display_id': {value}}}}})" for value in ODD),
    *(f"send('stream', {{'name': {value}, 'text': {value}}})" for value in ODD),
    *(f"send('error', {{'ename': {value}, 'evalue': {value}, 'traceback': {value}}})" for value in ODD),
    *(f"send('clear_output', {value})" for value in ODD[:8]),
    *(f"send({value}, {{}})" for value in ("None", "''", "'comm_open'", "'input_request'", "'shutdown_reply'", "'execute_reply'", "'x' * 9_999")),
    *(f"send('status', {{'execution_state': 'idle'}}, parent={value})" for value in ("[]", "'x'", "5", "{'msg_id': {}}", "{'header': []}")),
    "for _ in range(1_500): send('display_data', {'data': {'text/plain': 'x'}, 'metadata': {}, 'transient': {'display_id': 'one'}})\n"
    "for _ in range(450): send('update_display_data', {'data': {'text/plain': 'y'}, 'metadata': {}, 'transient': {'display_id': 'one'}})",
    "deep = current = {}\nfor _ in range(900): current['x'] = {}; current = current['x']\nsend('display_data', {'data': {'application/json': deep}, 'metadata': deep})",
    "head, number = kernel.get_parent()['header']['msg_id'].rsplit('_', 1)\nfor more in range(1, 6):\n"
    "    ahead = {'header': {**kernel.get_parent()['header'], 'msg_id': f'{head}_{int(number) + more}'}}\n"
    "    send('status', {'execution_state': 'idle'}, parent=ahead)\n    send('stream', {'name': 'stdout', 'text': 'ahead'}, parent=ahead)",
]  # fmt: skip


@pytest.mark.parametrize("kinds", [REPLIES, SHOWN], ids=["replies", "outputs"])
@pytest.mark.timeout(900)
def test_a_message_of_any_shape_ends_its_own_notebook_at_most(
    attempt: Try, monkeypatch: pytest.MonkeyPatch, kinds: list[str]
) -> None:
    monkeypatch.setattr(client, "ASK_SECONDS", 0.5)
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.2)
    monkeypatch.setattr(client, "OUTPUT_SECONDS", 0.2)
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(run_notebook, "ANSWER_SECONDS", 2.0)
    left, notebooks, reached = list(kinds), 0, 0
    while left:
        cells = [f"try:\n{indent(one, '    ')}\nexcept Exception as error:\n    print(type(error))" for one in left]
        tried = attempt(TOOLS, *cells, notebook_seconds=100)
        assert set(tried.limits) <= {"messages", "output"}, (tried.run.breaks, left)
        done = len(left) if tried.run.finished else max(1, tried.run.breaks[-1].cell)
        reached, notebooks, left = reached + done, notebooks + 1, left[done:]
        assert notebooks < 40
    assert reached == len(kinds)
    assert attempt("print(6 * 7)").shown == ["42"]


# What a cell does to each of the files that its process holds, the kernel's own connections among them.
BROKEN = {
    "noise": "for noise in (b'{}\\n', bytes(50), b'\\xff' * 9): os.write(number, noise)",
    "noise that doesn't wait": "os.set_blocking(number, False)\n        for noise in (b'{}\\n', bytes(50), b'\\xff' * 9): os.write(number, noise)",
    "no reading": "socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_RD)",
    "no writing": "socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_WR)",
    "nothing behind it": "os.dup2(os.open('/dev/null', os.O_RDWR), number)",
    "closed": "os.close(number)",
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
@pytest.mark.timeout(200)
def test_a_kernel_that_breaks_its_connections_ends_its_own_notebook_at_most(
    attempt: Try, monkeypatch: pytest.MonkeyPatch, breaking: str
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(run_notebook, "ANSWER_SECONDS", 2.0)
    every = f"import os, socket\nfor number in range(3, 99):\n    try:\n        {breaking}\n    except OSError: pass\n"
    for after in ("", "while True: pass"):
        attempt(every + after, "print(1)", cell_seconds=2, notebook_seconds=30)
    assert attempt("print(6 * 7)").shown == ["42"]
