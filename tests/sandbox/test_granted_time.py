"""What a notebook's time is: what the machine gave it, so that a busy machine costs nobody a cell or an output."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.common.errors import MachineLow
from autograder.sandbox import client
from autograder.sandbox import granted_time as module
from autograder.sandbox.client import Client
from autograder.sandbox.granted_time import Given, Spent
from autograder.sandbox.run_notebook import _Execution
from tests.sandbox.conftest import Try

seconds = st.floats(0, 100)


@given(st.lists(st.tuples(seconds, st.lists(st.tuples(seconds, seconds), min_size=2, max_size=2)), max_size=6))
def test_no_more_is_withheld_than_passed_and_nothing_from_who_had_a_processor(looks) -> None:
    """Whatever the figures are: they fall where a thread or a process ends."""
    now, spent = [0.0], [Spent(), Spent()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: now[0])
        one = Given(lambda: spent[0], lambda: spent[1])
        for passed, figures in looks:
            before, then = one.withheld, list(spent)
            now[0] += passed
            spent[:] = [Spent(*pair) for pair in figures]
            one.look()
            withheld = one.withheld - before
            assert 0 <= withheld <= passed + 1e-6
            busy = [there.used - earlier.used >= passed for there, earlier in zip(spent, then, strict=True)]
            waited = [there.waited - earlier.waited for there, earlier in zip(spent, then, strict=True)]
            assert withheld <= sum(max(0, w) for w, b in zip(waited, busy, strict=True) if not b) + 1e-6


def starved(share: float) -> Client:
    """A client whose kernel gets `share` of a processor, and wants a whole one."""
    begun = time.monotonic()
    one = Client(nbformat.v4.new_notebook(), allow_errors=True)
    one.given = Given(lambda: Spent((1 - share) * (time.monotonic() - begun), share * (time.monotonic() - begun)))
    return one


@pytest.mark.parametrize(("share", "comes"), [(0.4, True), (1.0, False)])
def test_what_comes_late_on_a_busy_machine_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, share: float, comes: bool
) -> None:
    monkeypatch.setattr(client, "PLAIN_SECONDS", 0.05)

    async def waiting() -> bool:
        return await starved(share).within(0.5, asyncio.ensure_future(asyncio.sleep(0.8)))

    assert asyncio.run(waiting()) == comes


@pytest.mark.parametrize(("busy", "comes"), [(False, True), (True, False)])
def test_what_passes_while_the_worker_itself_stands_still_is_no_time_of_the_notebooks(
    monkeypatch: pytest.MonkeyPatch, busy: bool, comes: bool
) -> None:
    """Stopped by a signal, say. What it is busy with is such a time: a notebook may keep it busy."""
    monkeypatch.setattr(module, "LATE_SECONDS", 0.1)
    monkeypatch.setattr(client.time, "process_time", time.monotonic if busy else lambda: 0.0)

    async def waiting() -> bool:
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, time.sleep, 0.6)
        asyncio.get_running_loop().call_later(0.7, said.set_result, None)
        return await starved(1.0).within(0.3, said)

    assert asyncio.run(waiting()) == comes


def test_a_machine_that_gives_next_to_nothing_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PLAIN_SECONDS", 0.02)

    async def waiting() -> bool:
        return await starved(0.01).within(0.1, asyncio.ensure_future(asyncio.sleep(60)))

    with pytest.raises(MachineLow):
        asyncio.run(waiting())


def test_what_others_had_before_a_wait_ends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that end within a second are looked at by nobody: what was withheld from them is seen by the next that takes longer."""
    monkeypatch.setattr(client, "PLAIN_SECONDS", 0.02)
    one, looked = Client(nbformat.v4.new_notebook(), allow_errors=True), [Spent(), Spent(100.0)]
    one.given = Given(lambda: looked.pop(0) if len(looked) > 1 else looked[0])
    one.given._looked -= 100

    async def waiting() -> bool:
        return await one.within(0.1, asyncio.ensure_future(asyncio.sleep(60)))

    assert not asyncio.run(waiting())


def test_many_short_waits_have_one_bound_too() -> None:
    """However its cells share what was withheld: a notebook lasts four times its limit by the clock, and no longer."""
    one = starved(1.0)
    running = _Execution(one, None, 9.0, 10.0, 100, None)  # type: ignore[arg-type]
    one.given.withheld = 3 * 10.0 + 0.1
    with pytest.raises(MachineLow):
        asyncio.run(running._cell(0, nbformat.v4.new_code_cell("1"), time.monotonic() + 10))


@pytest.mark.parametrize("every", [0.2, 9.0])
def test_outputs_are_waited_for_as_long_as_something_comes(monkeypatch: pytest.MonkeyPatch, every: float) -> None:
    """However many they are: each takes its time, and none of the earlier ones counts against the last."""
    monkeypatch.setattr(client, "OUTPUT_SECONDS", 0.6)
    one = starved(1.0)

    async def outputs() -> None:
        for _ in range(8):
            await asyncio.sleep(every)
            one.received += 1

    async def waiting() -> bool:
        rest = asyncio.ensure_future(outputs())
        await one._rest(rest)
        return rest.done() and not rest.cancelled()

    assert asyncio.run(waiting()) == (every < 0.6)


BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\nprint('done')"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no processor to share")
def test_a_cell_that_others_keep_from_a_processor_gets_its_time(attempt: Try) -> None:
    """Two processes beside it on one processor: by the clock it takes three times as long as it computes, and twice what it may."""
    place = sorted(os.sched_getaffinity(0))[0]
    idle = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\n"
    hog = f"import os\nos.sched_setaffinity(0, {{{place}}})\nos.nice(5)\nwhile True: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", hog]) for _ in range(2)]
    try:
        there = f"import os\nos.sched_setaffinity(0, {{{place}}})\n"
        tried = attempt(there + BUSY.format(2.0), BUSY.format(30), "print('next')", cell_seconds=3, notebook_seconds=9)
        behind = attempt(there + idle + BUSY.format(30), cell_seconds=3)
    finally:
        for one in hogs:
            one.kill()
            one.wait()
    assert tried.shown[0] == "done" and tried.shown[2] == "next"
    assert tried.limits == ["cell_seconds"] and tried.run.breaks[0].cell == 1
    assert behind.limits == [
        "cell_seconds"
    ]  # and not MachineLow: who stands back behind all others takes no more time than they do
