"""Work on what strangers wrote ends within its limits, whatever it meets, and the process that asked goes on."""

import faulthandler
import gc
import os
import signal
import time

import pytest

from autograder.common.errors import MachineLow, SubmissionError
from autograder.common.machine import confined as confining
from autograder.common.machine.confined import OverLimit, confined, confined_each


def forever():
    while True:
        pass


def gigabytes():
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def deeper(value=0):
    return deeper(value + 1)


def ends(number):
    faulthandler.disable()  # pytest's, which says at length where
    os.kill(os.getpid(), number)


HOSTILE = {
    "time": forever,
    "memory": gigabytes,
    "depth": deeper,
    "an answer without end": lambda: "x" * (3 << 20),
    "an answer that is no JSON": lambda: {1, 2},
    "an end by itself": lambda: os._exit(3),
    "an end by its own fault": lambda: ends(signal.SIGSEGV),
    "an end by its own hand": lambda: ends(signal.SIGABRT),
    "an error that nobody foresaw": lambda: [][1],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_that_would_not_end_well_is_over_its_limits(kind):
    with pytest.raises(OverLimit):
        confined(HOSTILE[kind], seconds=1, megabytes=128, answer_mb=1)


SENT = {
    **dict.fromkeys((signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP), MachineLow),
    **dict.fromkeys((signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP), OverLimit),
}


@pytest.mark.parametrize("number", SENT)
@pytest.mark.parametrize("times", range(4))
def test_a_process_that_a_signal_ends_by_chance_is_no_fault_of_the_work(tmp_path, number, times):
    """The system for want of memory, a shutdown, Ctrl-C, a fork at an unlucky moment: it is done once more. Who ends it then as well says whose fault it is."""

    def killed():
        count = len(list(tmp_path.iterdir()))
        if count < times:
            (tmp_path / str(count)).touch()
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)  # whoever runs the tests may have told them to ignore it: nohup
            ends(number)
        return "done"

    if times < confining.ATTEMPTS:
        assert confined(killed) == "done"
    else:
        with pytest.raises(SENT[number]):
            confined(killed)


def test_what_a_process_left_to_be_collected_is_not_collected_in_its_child(tmp_path):
    """A connection that closes itself there would be closed for both."""

    class Closing:
        def __init__(self):
            self.itself = self

        def __del__(self):
            (tmp_path / str(os.getpid())).touch()

    def collect():
        gc.collect()
        return [path.name for path in tmp_path.iterdir()]

    gc.disable()
    try:
        Closing()
        assert confined(collect) == []
    finally:
        gc.enable()


def test_work_that_gets_no_processor_is_no_fault_of_the_work(monkeypatch):
    monkeypatch.setattr(confining, "PATIENCE", -0.5)
    with pytest.raises(MachineLow):
        confined(lambda: time.sleep(60), seconds=1)


def test_what_the_work_returns_comes_back_and_nothing_else_changes():
    kept = []
    assert confined(lambda: (kept.append(1), {"cells": ["é", None, 2.5]})[1]) == {"cells": ["é", None, 2.5]}
    assert kept == []


def test_a_sentence_for_the_student_comes_back_with_its_remedy():
    def refuse():
        raise SubmissionError("The file is no notebook.", "Save it again.")

    with pytest.raises(SubmissionError, match=r"The file is no notebook\.") as caught:
        confined(refuse)
    assert caught.value.remedy == "Save it again."


def test_half_characters_and_odd_numbers_travel():
    assert confined(lambda: ["\udce9", float("inf")]) == ["\udce9", float("inf")]


def test_of_work_that_shares_a_child_each_answers_for_itself():
    def work(number):
        if number % 50 == 3:
            raise SubmissionError("no notebook")
        if number == 45:  # ends the child of those beside it too, at first
            ends(signal.SIGSEGV)
        return {"number": number}

    found = confined_each(work, range(100))
    assert [number for number, one in enumerate(found) if one is None] == [3, 45, 53]
    assert all(one is None or one == {"number": number} for number, one in enumerate(found))
