"""The same training once: results on disk, between processes, within bounds, and never trusted when damaged."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from autograder.common.wire.description import digest
from autograder.networks.memo import Memo, default_folder
from autograder.networks.train import FitResult

KEY = "a" * 64


def result(seed=0, size=3):
    draw = np.random.default_rng(seed)
    return FitResult(
        (draw.random((size, 2), np.float32), draw.random(2, np.float32)),
        (np.int32(seed).reshape(()), draw.random((size, 2), np.float32), draw.integers(0, 9, 3)),
        {"loss": [0.1 + seed, float("nan")], "accuracy": [1 / 3, 0.5]},
    )


def same(one, other):
    return (
        digest(one.weights) == digest(other.weights)
        and digest(one.optimizer_state) == digest(other.optimizer_state)
        and repr(one.history) == repr(other.history)
    )


def never():
    pytest.fail("it was trained again")


@pytest.fixture
def own_memo(tmp_path):
    return Memo(tmp_path / "memo")


def test_a_result_is_the_same_bit_by_bit_from_disk(own_memo):
    trained = own_memo.fit(KEY, result)
    found = Memo(own_memo.folder).fit(KEY, never)
    assert same(trained, result()) and same(found, result())
    assert [a.dtype for a in found.optimizer_state] == [np.int32, np.float32, np.int64]
    assert found.optimizer_state[0].shape == ()


def test_hits_and_misses_are_counted(own_memo):
    for key in ("1", "2", "1", "1"):
        own_memo.fit(key * 64, result)
    assert (own_memo.hits, own_memo.misses) == (2, 2)


def test_other_keys_are_other_results(own_memo):
    own_memo.fit("1" * 64, lambda: result(1))
    assert same(own_memo.fit("2" * 64, lambda: result(2)), result(2))
    assert same(own_memo.fit("1" * 64, never), result(1))


def test_a_real_training_is_the_same_from_disk(own_memo, trained):
    known = trained("two_layer")
    own_memo.fit(known.spec.key(), lambda: known.result)
    assert same(Memo(own_memo.folder).fit(known.spec.key(), never), known.result)


def test_without_a_folder_everything_is_trained(tmp_path):
    memo = Memo(None)
    assert same(memo.fit(KEY, lambda: result(1)), result(1))
    assert same(memo.fit(KEY, lambda: result(2)), result(2))
    assert (memo.hits, memo.misses) == (0, 2) and memo.entries() == [] and memo.clear() == 0


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
    own_memo.fit(KEY, lambda: result(1))
    ((path, _, _),) = own_memo.entries()
    path.write_bytes(damage(path.read_bytes()))
    assert same(own_memo.fit(KEY, lambda: result(1)), result(1))
    assert f"memo entry {path.name} is damaged: training again" in caplog.text
    caplog.clear()
    assert same(own_memo.fit(KEY, never), result(1)) and not caplog.text


def test_the_least_recently_used_entries_go_first(tmp_path):
    size = Memo(tmp_path / "one")
    size.fit(KEY, result)
    ((_, one, _),) = size.entries()
    memo = Memo(tmp_path / "memo", limit=3 * one + one // 2)
    for number, name in enumerate("abc"):
        memo.fit(name * 64, result)
        os.utime(memo.folder / f"{name * 64}.fit", (number, number))
    memo.fit("a" * 64, never)  # used just now: `b` is the oldest
    memo.fit("d" * 64, result)
    assert {path.name[0] for path, _, _ in memo.entries()} == {"a", "c", "d"}
    assert sum(entry[1] for entry in memo.entries()) <= memo.limit


def test_an_entry_larger_than_the_memo_is_not_kept(tmp_path):
    memo = Memo(tmp_path / "memo", limit=10)
    assert same(memo.fit(KEY, result), result())
    assert memo.entries() == []


def test_clearing_removes_all_entries_and_tells_how_many(own_memo):
    for name in "abc":
        own_memo.fit(name * 64, result)
    assert own_memo.clear() == 3 and own_memo.entries() == []
    own_memo.fit("a" * 64, result)
    assert own_memo.misses == 4


def test_a_training_that_fails_leaves_no_entry_and_no_lock(own_memo):
    def fail():
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        own_memo.fit(KEY, fail)
    assert own_memo.entries() == []
    assert same(own_memo.fit(KEY, result), result())


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
from autograder.networks.train import FitResult

folder, mark = Path(sys.argv[1]), Path(sys.argv[2])

def train():
    mark.touch()
    time.sleep(1)  # long enough for the others to want it too
    return FitResult((np.arange(1000.0),), (np.zeros(3),), {"loss": [0.5]})

print("ready", flush=True)
sys.stdin.readline()
memo = Memo(folder)
found = memo.fit("a" * 64, train)
print(memo.misses, memo.hits, float(found.weights[0].sum()), flush=True)
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
    assert sorted(answer[1] for answer in answers) == ["0", "1", "1"]
    assert {answer[2] for answer in answers} == {"499500.0"}
    assert len(list(tmp_path.glob("mark*"))) == 1
    assert [path.suffix for path in (tmp_path / "memo").iterdir()] == [".fit"]


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from autograder.networks.memo import Memo
from autograder.networks.train import FitResult

memo = Memo(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as a full disk would: the file can't grow
result = FitResult((np.arange(1000.0),), (), {"loss": [0.5]})
print([float(memo.fit("a" * 64, lambda: result).weights[0].sum()) for _ in range(2)], memo.misses)
"""


def test_a_full_disk_costs_nothing_but_time(tmp_path):
    folder = tmp_path / "memo"
    finished = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True)
    assert finished.stdout.split("]") == ["[499500.0, 499500.0", " 2\n"], finished.stderr
    assert "memo entry could not be written" in finished.stderr
    assert not list(folder.glob("*.fit")) and not list(folder.glob("*.part"))


def test_entries_hold_no_pickles(own_memo):
    own_memo.fit(KEY, result)
    ((path, _, _),) = own_memo.entries()
    archive = path.with_suffix(".npz")
    archive.write_bytes(path.read_bytes()[32:])
    with np.load(archive, allow_pickle=False) as arrays:
        names = set(arrays)
        assert all(arrays[name].dtype != object for name in names)
        assert json.loads(arrays["history"].tobytes())["accuracy"] == [1 / 3, 0.5]
    assert names == {"counts", "history", "a0", "a1", "a2", "a3", "a4"}
