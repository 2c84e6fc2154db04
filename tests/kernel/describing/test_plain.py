"""What describes a notebook's objects is not heard, and whatever else prints meanwhile is."""

import sys
import threading
import warnings

import pytest

from autograder.kernel.describing.plain import unheard


def test_two_threads_that_describe_at_once_leave_the_streams_as_they_were():
    begun, streams, warn = threading.Event(), (sys.stdout, sys.stderr), warnings.warn
    first = threading.Thread(target=unheard(lambda: (begun.set(), threading.Event().wait(0.05))))
    second = threading.Thread(target=unheard(lambda: threading.Event().wait(0.1)))
    first.start()
    begun.wait()
    second.start()
    first.join()
    second.join()
    assert (sys.stdout, sys.stderr) == streams and warnings.warn is warn


def test_another_thread_is_heard_meanwhile(capsys):
    described, printed = threading.Event(), threading.Event()

    @unheard
    def describing():
        print("not heard")
        warnings.warn("not heard", stacklevel=1)
        described.set()
        printed.wait()
        print("not heard", file=sys.stderr)

    thread = threading.Thread(target=describing, daemon=True)
    thread.start()
    described.wait()
    print("heard")
    with pytest.warns(UserWarning, match="^heard$"):
        warnings.warn("heard", stacklevel=1)
    printed.set()
    thread.join()
    assert capsys.readouterr() == ("heard\n", "")
