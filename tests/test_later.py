"""Keras in the tests' own process: never while tests are collected, and settled from its first op on, whoever imports it."""

import os

import pytest

from tests import later
from tests.later import Later, keras, tf


def test_while_tests_are_collected_nobody_imports_or_calls_it(monkeypatch):
    monkeypatch.setattr(later.settling, "collecting", True)
    for name in later.HEAVY:
        with pytest.raises(ImportError, match=r"from tests\.later import"):
            later.settling.find_spec(name)
    with pytest.raises(ImportError, match="call it where they run"):
        Later("keras.Sequential")()


def test_it_is_settled_where_it_is_imported():
    from tensorflow.python.framework.config import is_op_determinism_enabled

    assert is_op_determinism_enabled() and os.environ["TF_NUM_INTRAOP_THREADS"] == "1"
    assert keras.__loader__.__class__ is tf.__loader__.__class__ is later._Settled
