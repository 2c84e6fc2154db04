"""What is noted of objects goes with them, and nothing is noted of the next one that has their place in memory."""

import gc

from autograder.kernel.object_notes import Notes


class Thing:
    pass


def test_a_note_goes_with_its_object_and_is_never_anothers():
    notes = Notes()
    places = set()
    for _ in range(1000):
        thing = Thing()
        places.add(id(thing))
        assert notes.get(thing) is None
        notes.set(thing, True)
        assert notes.get(thing)
        del thing
    gc.collect()
    assert len(places) < 1000 and not notes._kept


def test_what_cant_be_weakly_referred_to_keeps_its_place_in_memory():
    notes = Notes()
    for _ in range(100):
        thing = {}
        assert notes.get(thing) is None
        notes.set(thing, True)
        assert notes.get(thing) and notes.get({}) is None
