"""What imports leave is never looked at again, and what comes later is collected as ever."""

import gc
import weakref

import pytest

from autograder.common.machine.garbage import kept_from_collections


class Cycle:
    def __init__(self):
        self.itself = self


@pytest.fixture
def thawed():
    yield
    gc.unfreeze()


def test_nothing_is_collected_meanwhile_and_what_is_made_later_is(thawed):
    with kept_from_collections():
        assert not gc.isenabled()
        before = weakref.ref(Cycle())
    assert gc.isenabled() and gc.get_freeze_count()
    later = weakref.ref(Cycle())
    gc.collect()
    assert before() is not None and later() is None


def test_collections_stay_as_they_were_said_though_an_import_fails(thawed):
    gc.disable()
    try:
        with pytest.raises(ModuleNotFoundError), kept_from_collections():
            import no_such_module  # noqa: F401
        assert not gc.isenabled()
    finally:
        gc.enable()
