"""The same training once: results on disk, between processes, within bounds, and never trusted when damaged."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from autograder.common.data.lookups import UNIT_PIXELS
from autograder.common.wire.description import digest
from autograder.networks.fit_spec import FitSpec, Measured, Samples, State
from autograder.networks.memo import Memo, default_folder

KEY = "a" * 64


def result(seed=0, size=3):
    draw = np.random.default_rng(seed)
    trail = (Measured({"loss": 0.1 + seed, "accuracy": 1 / 3}), Measured({"loss": float("nan")}, (draw.random(4),)))
    return State(
        KEY,
        (draw.random((size, 2), np.float32), draw.random(2, np.float32)),
        (np.int32(seed).reshape(()), draw.random((size, 2), np.float32), draw.integers(0, 9, 3)),
        (draw.integers(0, 9, 2),),
        trail,
    )


def same(one, other):
    return all(
        digest(getattr(one, part)) == digest(getattr(other, part)) for part in ("weights", "optimizer_state", "seeds")
    ) and repr(one.trail) == repr(other.trail)


def never():
    pytest.fail("it was trained again")


@pytest.fixture
def own_memo(tmp_path):
    return Memo(tmp_path / "memo")


def test_a_result_is_the_same_bit_by_bit_from_disk(own_memo):
    trained = own_memo.state(KEY, result)
    found = Memo(own_memo.folder).state(KEY, never)
    assert same(trained, result()) and same(found, result())
    assert [a.dtype for a in found.optimizer_state] == [np.int32, np.float32, np.int64]
    assert found.optimizer_state[0].shape == ()


def test_other_keys_are_other_results(own_memo):
    own_memo.state("1" * 64, lambda: result(1))
    assert same(own_memo.state("2" * 64, lambda: result(2)), result(2))
    assert same(own_memo.state("1" * 64, never), result(1))


def test_without_a_folder_results_are_kept_in_this_process_only(tmp_path):
    memo = Memo(None)
    assert same(memo.state(KEY, lambda: result(1)), result(1))
    assert same(memo.state(KEY, never), result(1))
    assert same(Memo(None).state(KEY, lambda: result(2)), result(2))
    assert memo.entries() == [] and memo.clear() == 0


# ---- trainings


class Counting:
    """A trainer that counts its epochs, each of which adds 1 to the only weight."""

    def __init__(self):
        self.epochs, self.measurements = [], 0

    def epoch(self, spec, number, start, key):
        self.epochs.append(spec.before + number)
        weight = (start.weights[0] if start else np.zeros(1)) + 1
        trail = (*(start.trail if start else ()), Measured({"loss": float(weight[0])}))
        return State(key, (weight,), (), (), trail)

    def measure(self, plan, settings, weights, samples):
        self.measurements += 1
        return Measured({"loss": 10 * float(weights[0][0])})


@pytest.fixture
def spec():
    samples = Samples(np.arange(3, dtype=np.int32), np.zeros(3, np.uint8), UNIT_PIXELS, (784,))
    settings = json.dumps({"optimizer": ["SGD", {}], "loss": ["x", {}], "metrics": []})
    return FitSpec("plan", settings, samples, 3, 32, True, 42, validation=samples)


def test_a_training_goes_on_from_the_last_epoch_that_is_known(own_memo, spec):
    trainer = Counting()
    first = own_memo.fit(spec, lambda: trainer)
    assert first.history == {"loss": [1, 2, 3], "val_loss": [10, 20, 30]} and trainer.epochs == [0, 1, 2]
    longer = Memo(own_memo.folder)
    assert longer.fit(replace(spec, epochs=5), lambda: trainer).history["val_loss"] == [10, 20, 30, 40, 50]
    assert trainer.epochs == [0, 1, 2, 3, 4] and trainer.measurements == 5
    shorter = Memo(own_memo.folder)
    assert shorter.fit(replace(spec, epochs=2), never).history == {"loss": [1, 2], "val_loss": [10, 20]}
    assert (own_memo.hits, own_memo.misses, longer.misses, shorter.hits, shorter.misses) == (0, 3, 2, 1, 0)


def test_epoch_by_epoch_or_at_once_is_the_same_training_and_validation_is_no_part_of_it(own_memo, spec):
    trainer, state = Counting(), None
    for _ in range(3):
        state = own_memo.fit(replace(spec, epochs=1, start=state, validation=None), lambda: trainer).state
    assert Memo(own_memo.folder).fit(replace(spec, validation=None), never).history == {"loss": [1, 2, 3]}
    whole = Memo(own_memo.folder).fit(spec, lambda: trainer)
    assert whole.history["val_loss"] == [10, 20, 30] and trainer.epochs == [0, 1, 2]


@pytest.mark.parametrize("lost", range(3))
def test_an_epoch_that_was_lost_is_trained_again_from_the_one_before(own_memo, spec, lost):
    trainer = Counting()
    own_memo.fit(spec, lambda: trainer)
    own_memo._path(spec.keys()[lost]).write_bytes(b"damaged")
    again = Memo(own_memo.folder).fit(replace(spec, epochs=lost + 1, validation=None), lambda: trainer)
    assert again.history == {"loss": [1, 2, 3][: lost + 1]}
    assert trainer.epochs == [0, 1, 2, lost]


def test_of_large_states_only_the_last_is_kept(own_memo, spec, monkeypatch):
    monkeypatch.setattr("autograder.networks.memo.LARGE", 0)
    own_memo.fit(replace(spec, validation=None), Counting)
    assert [own_memo._path(key).exists() for key in (*spec.keys(),)] == [False, False, True]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:20],
        lambda raw: raw[:-1],
        lambda raw: raw + b"\x00",
        lambda raw: raw[:100] + bytes([raw[100] ^ 1]) + raw[101:],
        lambda raw: bytes(len(raw)),
    ],
    ids=["empty", "shorter than its checksum", "cut off", "longer", "one bit", "zeros"],
)
def test_a_damaged_entry_is_trained_again_and_said(own_memo, damage, caplog):
    own_memo.state(KEY, lambda: result(1))
    ((path, _, _),) = own_memo.entries()
    path.write_bytes(damage(path.read_bytes()))
    assert same(Memo(own_memo.folder).state(KEY, lambda: result(1)), result(1))
    assert f"memo entry {path.name} is damaged: training again" in caplog.text
    caplog.clear()
    assert same(Memo(own_memo.folder).state(KEY, never), result(1)) and not caplog.text


def test_the_least_recently_used_entries_go_first(tmp_path):
    size = Memo(tmp_path / "one")
    size.state(KEY, result)
    ((_, one, _),) = size.entries()
    memo = Memo(tmp_path / "memo", limit=3 * one + one // 2)
    for number, name in enumerate("abc"):
        memo.state(name * 64, result)
        os.utime(memo.folder / f"{name * 64}.fit", (number, number))
    memo = Memo(memo.folder, limit=memo.limit)
    memo.state("a" * 64, never)  # used just now: `b` is the oldest
    memo.state("d" * 64, result)
    assert {path.name[0] for path, _, _ in memo.entries()} == {"a", "c", "d"}
    assert sum(entry[1] for entry in memo.entries()) <= memo.limit


def test_an_entry_larger_than_the_memo_is_not_kept(tmp_path):
    memo = Memo(tmp_path / "memo", limit=10)
    assert same(memo.state(KEY, result), result())
    assert memo.entries() == []


def test_clearing_removes_all_entries_and_tells_how_many(own_memo):
    assert own_memo.is_new and not Memo(None).is_new
    for name in "abc":
        own_memo.state(name * 64, result)
    assert not own_memo.is_new
    assert own_memo.clear() == 3 and own_memo.entries() == [] and own_memo.is_new
    assert same(Memo(own_memo.folder).state("a" * 64, lambda: result(7)), result(7))


def test_a_training_that_fails_leaves_no_entry_and_no_lock(own_memo):
    def fail():
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        own_memo.state(KEY, fail)
    assert own_memo.entries() == []
    assert same(own_memo.state(KEY, result), result())


def test_the_folder_is_made_and_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_MEMO", str(tmp_path / "named"))
    assert default_folder() == tmp_path / "named"
    monkeypatch.delenv("AUTOGRADER_MEMO")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "cache" / "autograder" / "memo"
    assert Memo(default_folder()).folder.is_dir()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home" / ".cache" / "autograder" / "memo"


# ---- other processes

WORKER = """
import sys, time
from pathlib import Path
import numpy as np
from autograder.networks.memo import Memo
from autograder.networks.fit_spec import Measured, State

folder, mark = Path(sys.argv[1]), Path(sys.argv[2])
misses = 0

def train():
    global misses
    misses += 1
    mark.touch()
    time.sleep(1)  # long enough for the others to want it too
    return State("a" * 64, (np.arange(1000.0),), (np.zeros(3),), (), (Measured({"loss": 0.5}),))

print("ready", flush=True)
sys.stdin.readline()
memo = Memo(folder)
found = memo.state("a" * 64, train)
print(misses, float(found.weights[0].sum()), flush=True)
"""


def test_several_processes_at_once_train_once(tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / "memo"), str(tmp_path / f"mark{n}")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(3)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate()[0].split() for worker in workers]
    assert sorted(answer[0] for answer in answers) == ["0", "0", "1"]
    assert {answer[1] for answer in answers} == {"499500.0"}
    assert len(list(tmp_path.glob("mark*"))) == 1
    assert [path.suffix for path in (tmp_path / "memo").iterdir()] == [".fit"]


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from autograder.networks.memo import Memo
from autograder.networks.fit_spec import Measured, State

memo = Memo(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as a full disk would: the file can't grow
result = State("a" * 64, (np.arange(1000.0),), trail=(Measured({"loss": 0.5}),))
print([float(Memo(memo.folder).state("a" * 64, lambda: result).weights[0].sum()) for _ in range(2)])
"""


def test_a_full_disk_costs_nothing_but_time(tmp_path):
    folder = tmp_path / "memo"
    finished = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True)
    assert finished.stdout == "[499500.0, 499500.0]\n", finished.stderr
    assert "memo entry could not be written" in finished.stderr
    assert not list(folder.glob("*.fit")) and not list(folder.glob("*.part"))


def test_entries_hold_no_pickles(own_memo):
    own_memo.state(KEY, result)
    ((path, _, _),) = own_memo.entries()
    archive = path.with_suffix(".npz")
    archive.write_bytes(path.read_bytes()[32:])
    with np.load(archive, allow_pickle=False) as arrays:
        names = set(arrays)
        assert all(arrays[name].dtype != object for name in names)
        assert json.loads(arrays["document"].tobytes())["logs"][0]["accuracy"] == 1 / 3
    assert names == {"document", *(f"a{number}" for number in range(7))}


def test_a_folder_that_is_somebody_elses_keeps_nothing_and_fails_nothing(own_memo, monkeypatch):
    """Whatever the system refuses there: to look into it, to lock, to write, to remove."""
    own_memo.state(KEY, result)
    own_memo._path(KEY).write_bytes(b"damaged")

    def refuse(path, *_others, **_named):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        assert Memo(own_memo.folder).folder is None
    for name in ("unlink", "open", "stat"):
        with monkeypatch.context() as patch:
            patch.setattr(type(own_memo.folder), name, refuse)
            memo = Memo(own_memo.folder, limit=0)
            assert same(memo.state(KEY, result), result()) and same(memo.state("b" * 64, result), result())
