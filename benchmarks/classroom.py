"""A class graded by us, cold and warm, against plain ``nbgrader autograde`` on a sample of the same notebooks.

    python benchmarks/classroom.py [--students 100] [--sample 2] [--workers 2] [--seed 0]
    python benchmarks/classroom.py --report      where the time of a notebook goes whose trainings are known (remembered.py)

The class is a seeded mix: 60 % right but written differently, 25 % with one of the common slips, 10 % with hyper-parameters
of their own in the open challenge, 5 % broken. Every student hands in all four assignments. "Plain nbgrader" is the stock
command with the stock kernel and stock Keras, on whole notebooks of the same class, one after another as it does.
CPU-seconds are those of the whole machine while a command runs, so nothing else may run. The stages are wall time inside the
workers, as `autograder grade --json` tells them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from remembered import report, shown

from autograder.authoring.solved_notebooks import edited, hand_in, solved
from autograder.common.machine.versions import versions
from autograder.course.course import Course, load
from autograder.networks.memo import default_folder

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results"
ASSIGNMENTS = ("two_layer", "deep", "flatten_relu", "optimizers")

# Each way of writing it right: by assignment, the edits.
STYLES: list[dict[str, dict]] = [
    {},
    {"two_layer": {"model-answer": (
        "dense1 = keras.layers.Dense(100, activation=keras.activations.sigmoid)\n"
        "dense2 = keras.layers.Dense(10, activation='softmax')\nmodel = keras.Sequential()\n"
        "model.add(keras.Input((784,)))\nmodel.add(dense1)\nmodel.add(dense2)\n")},
     "flatten_relu": {"model-answer": (
        "model = keras.Sequential(name='mine')\nmodel.add(keras.Input(shape=(28, 28)))\nmodel.add(keras.layers.Flatten())\n"
        "model.add(keras.layers.Dense(100))\nmodel.add(keras.layers.ReLU())\nmodel.add(keras.layers.Dense(10, activation='softmax'))\n")}},
    {"two_layer": {"model-answer": (
        "inputs = keras.Input((784,))\ndense1 = keras.layers.Dense(100, activation='sigmoid')\n"
        "dense2 = keras.layers.Dense(10, activation='softmax')\nmodel = keras.Model(inputs, dense2(dense1(inputs)))\n"),
        "train-answer": "history = model.fit(train_input, train_target, epochs=5, verbose=0)\n"},
     "deep": {"network-answer": [("    keras.Input(shape=(784,)),\n", ""),
                                 ('name="hidden1"', 'name="hidden1", input_shape=(784,)')]}},
    {"deep": {"train-answer": "model.fit(train_input, train_target, epochs=5, validation_data=(val_input, val_target))\nmodel.summary()\n"},
     "flatten_relu": {"train-answer": (
        "model.compile(optimizer=keras.optimizers.RMSprop(), loss=keras.losses.SparseCategoricalCrossentropy(), metrics=['acc'])\n"
        "model.fit(train_input, train_target, epochs=5, batch_size=32)\nprint(train_input.mean(), train_input.std())\n")}},
    {"two_layer": {"scale-answer": "train_scaled = (images / 255.0).astype('float32').reshape(60000, 28 * 28)\n"},
     "optimizers": {"trainings-answer": [("nesterov=True", "nesterov=True, learning_rate=0.01")]}},
]  # fmt: skip
SLIPS: list[dict[str, dict]] = [
    {"flatten_relu": {"debug-answer": [('"softmax"', '"oftmasx"')]}},
    {"two_layer": {"compile-answer": [('["accuracy"]', '"accuracy"')]}},
    {"optimizers": {"trainings-answer": [("compile(optimizer=optimizer, ", "compile(")]}},
    {"optimizers": {"trainings-answer": [("    network = fresh_model()\n", ""), ("for name, optimizer", "network = fresh_model()\nfor name, optimizer")]}},
    {"flatten_relu": {"train-answer": [("fit(train_input,", "fit(train_input.reshape(-1, 784),")]}},
    {"two_layer": {"scale-answer": [(" / 255.0", "")]}},
    {"deep": {"train-answer": [("epochs=5", "epochs=3")]}},
]  # fmt: skip
BROKEN: list[dict[str, dict]] = [
    {"two_layer": {"train-answer": "model.fit(train_input, train_target, epochs=5"}},
    {"deep": {"network-answer": "import os\nos._exit(3)\n"}},
    {"optimizers": {"trainings-answer": "raise SystemExit\n"}},
]


def own_challenge(generator: random.Random) -> dict[str, dict]:
    rate, units = generator.choice([0.0005, 0.001, 0.002]), generator.choice([64, 100, 128, 150, 200])
    batch, epochs = generator.choice([32, 64, 128]), generator.choice([8, 9, 10])
    source = (
        "challenge = keras.Sequential([\n    keras.Input(shape=(28, 28)), keras.layers.Flatten(),\n"
        f"    keras.layers.Dense({units}, activation='relu'), keras.layers.Dense(10, activation='softmax')])\n"
        f"challenge.compile(optimizer=keras.optimizers.Adam({rate}), loss='sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        f"challenge.fit(train_input, train_target, epochs={epochs}, batch_size={batch})\n"
        "challenge.evaluate(val_input, val_target)\n"
    )
    return {"optimizers": {"challenge-answer": source}}


def make_class(course: Course, folder: Path, students: int, seed: int) -> dict[str, int]:
    """A course folder with a class of `students`; how many of each kind there are."""
    generator = random.Random(seed)
    for name in ("nbgrader_config.py",):
        shutil.copyfile(ROOT / name, folder / name)
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (folder / "course.yml").write_text((ROOT / "course.yml").read_text("utf-8"), "utf-8")
    perfect = {name: solved(course, name) for name in ASSIGNMENTS}
    kinds: dict[str, int] = {}
    for number in range(students):
        draw = (number + 0.5) / students  # exact shares, whatever the number of students
        if draw < 0.60:
            kind, work = "right", generator.choice(STYLES)
        elif draw < 0.85:
            kind, work = "slip", generator.choice(SLIPS)
        elif draw < 0.95:
            kind, work = "own challenge", own_challenge(generator)
        else:
            kind, work = "broken", generator.choice(BROKEN)
        kinds[kind] = kinds.get(kind, 0) + 1
        for name in ASSIGNMENTS:
            hand_in(edited(perfect[name], work.get(name, {})), folder / "submitted", f"s{number:04}", name)
    return kinds


class PeakMemory(threading.Thread):
    """Peak resident memory by role of process. Looking at a process of 2 GB takes 0.2 s and holds it up: one look in 20 s."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, float] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(20):
            for role, megabytes in _resident():
                self.peaks[role] = max(self.peaks.get(role, 0.0), megabytes)


ROLES = {
    "judge": "autograder.judge.process", "sandbox": "autograder.sandbox", "worker": "spawn_main", "nbgrader": "nbgrader",
    "stock kernel": "ipykernel_launcher",
}  # fmt: skip


def _resident() -> list[tuple[str, float]]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                role = next((role for role, mark in ROLES.items() if mark in command), "")
                rollup = (process / "smaps_rollup").read_text() if role else ""
            except OSError:
                continue
            if rollup:
                pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
                found.append((role, pss))
    return found


def busy() -> float:
    """CPU-seconds of this machine so far. Of a process that is killed with its namespace no parent hears what it used."""
    ticks = Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(map(int, ticks[1:4])) / os.sysconf("SC_CLK_TCK")  # user, nice, system


def timed(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> tuple[dict[str, Any], str]:
    """Wall seconds of a command, and the machine's CPU-seconds meanwhile; what it printed."""
    before, start = busy(), time.perf_counter()
    result = subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True
    )
    cpu = busy() - before
    if result.returncode not in (0, 1, 3):
        raise SystemExit(
            f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout[-2000:]}\n{result.stderr[-3000:]}"
        )
    return {"wall": time.perf_counter() - start, "cpu": cpu}, result.stdout


def by_us(folder: Path, memo: Path, workers: int) -> dict[str, Any]:
    """Times of grading everything in `folder`, trainings asked for and run, and seconds by stage of a submission."""
    program = [sys.executable, "-m", "autograder.cli", "grade", "--force", "--json"]
    outcome, printed = timed([*program, "--memo", str(memo), "--workers", str(workers)], folder)
    graded = json.loads(printed)
    outcome["fits"], outcome["trained"] = (sum(one[key] for one in graded) for key in ("fits", "trained"))
    ran = [one for one in graded if one["stages"].get("cells")]
    stages: dict[str, float] = {}
    for one in ran:
        for stage, seconds in one["stages"].items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    outcome["stages"] = stages
    # Against the notebook's own cells, waiting for trainings left out: where every training was known.
    known = [one for one in ran if not one["trained"]]
    outcome["over_own_cells"] = {
        name: sum(one["seconds"] for one in own) / sum(one["stages"]["cells"] for one in own)
        for name in ASSIGNMENTS
        if (own := [one for one in known if one["assignment"] == name])
    }
    return outcome


def by_nbgrader(folder: Path, students: list[str], assignments: list[str]) -> dict[str, dict[str, float]]:
    """Plain nbgrader on the sample: its own command, kernel and gradebook."""
    program = str(Path(sys.executable).parent / "nbgrader")
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    times: dict[str, dict[str, float]] = {}
    for name in assignments:
        timed(
            [program, "generate_assignment", name, "--create", "--force", "--CourseDirectory.release_directory=plain"],
            folder,
            path,
        )
        for student in students:
            command = [
                program,
                "autograde",
                name,
                "--student",
                student,
                "--create",
                "--force",
                "--ExecutePreprocessor.timeout=1800",
            ]
            times[f"{student}/{name}"] = timed(command, folder, path)[0]
            print(f"  nbgrader autograde {student}/{name}: {times[f'{student}/{name}']['wall']:.1f} s", flush=True)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--sample", type=int, default=1, help="students whose four notebooks plain nbgrader grades")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="classroom.json")
    parser.add_argument("--report", action="store_true", help="only tell where the time of a remembered notebook goes")
    arguments = parser.parse_args()
    course = load(ROOT / "course.yml")
    if arguments.report:
        print(shown(report(course, ASSIGNMENTS, default_folder())))
        return
    with tempfile.TemporaryDirectory() as scratch:
        ours, plain, memo = Path(scratch) / "ours", Path(scratch) / "plain", Path(scratch) / "memo"
        ours.mkdir()
        kinds = make_class(course, ours, arguments.students, arguments.seed)
        shutil.copytree(ours, plain)
        submissions = arguments.students * len(ASSIGNMENTS)
        print(f"{arguments.students} students, {submissions} submissions: {kinds}", flush=True)
        memory = PeakMemory()
        memory.start()
        cold = by_us(ours, memo, arguments.workers)
        print(f"ours, cold memo: {cold['wall']:.1f} s, {cold['wall'] / submissions:.2f} s a submission", flush=True)
        warm = by_us(ours, memo, arguments.workers)
        print(f"ours, warm memo: {warm['wall']:.1f} s, {warm['wall'] / submissions:.2f} s a submission", flush=True)
        remembered = len(list(memo.glob("*.fit")))
        peaks = dict(memory.peaks)
        generator = random.Random(arguments.seed + 1)
        right = [f"s{number:04}" for number in range(int(arguments.students * 0.6))]
        sample = sorted(generator.sample(right, min(arguments.sample, len(right))))
        stock = by_nbgrader(plain, sample, list(ASSIGNMENTS))
        memory.stopping.set()
    mean = {key: sum(one[key] for one in stock.values()) / len(stock) for key in ("wall", "cpu")}
    outcome = {
        "students": arguments.students, "submissions": submissions, "kinds": kinds, "workers": arguments.workers,
        "cores": os.cpu_count(), "machine": platform.machine(), "versions": versions(), "seed": arguments.seed,
        "ours_cold": cold, "ours_warm": warm, "nbgrader": stock, "nbgrader_mean": mean, "remembered": remembered,
        "ratio_cold_wall": mean["wall"] * submissions / cold["wall"], "ratio_warm_wall": mean["wall"] * submissions / warm["wall"],
        "ratio_cold_cpu": mean["cpu"] * submissions / cold["cpu"], "ratio_warm_cpu": mean["cpu"] * submissions / warm["cpu"],
        "peak_memory_mb": peaks,
    }  # fmt: skip
    print(f"plain nbgrader: {mean['wall']:.1f} s a submission, {mean['cpu']:.1f} s of CPU ({len(stock)} notebooks)")
    print(
        f"throughput, cold memo: {outcome['ratio_cold_wall']:.0f} times nbgrader's (CPU {outcome['ratio_cold_cpu']:.0f})"
    )
    print(
        f"throughput, warm memo: {outcome['ratio_warm_wall']:.0f} times nbgrader's (CPU {outcome['ratio_warm_cpu']:.0f})"
    )
    print(
        f"trainings: {cold['fits']} asked for; run for a notebook: cold {cold['trained']}, warm {warm['trained']}; {remembered} epochs and measurements remembered"
    )
    print(f"peak memory, MB: { ({role: round(value) for role, value in peaks.items()}) }")
    for name, run in (("cold", cold), ("warm", warm)):
        total = sum(run["stages"].values())
        shares = sorted(run["stages"].items(), key=lambda item: -item[1])
        print(f"{name}: " + ", ".join(f"{stage} {seconds / total:.0%}" for stage, seconds in shares))
    print(f"warm, against the notebook's own cells: { ({n: round(r, 2) for n, r in warm['over_own_cells'].items()}) }")
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / arguments.output
    file.write_text(json.dumps(outcome, indent=1) + "\n")
    plot(outcome, file.with_suffix(".svg"))


def plot(outcome: dict[str, Any], path: Path) -> None:
    """Seconds a submission, ours cold and warm beside nbgrader's, and what a warm submission's time goes to."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    number = outcome["submissions"]
    names = ["nbgrader autograde", "autograder, cold memo", "autograder, warm memo"]
    seconds = [outcome["nbgrader_mean"]["wall"], *(outcome[key]["wall"] / number for key in ("ours_cold", "ours_warm"))]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), width_ratios=[3, 2])
    bars = left.barh(names[::-1], seconds[::-1], color=["#2a9d8f", "#2a9d8f", "#8d99ae"])
    left.bar_label(bars, [f"{value:.2f} s" if value < 10 else f"{value:.0f} s" for value in seconds[::-1]], padding=4)
    left.set_xlim(right=max(seconds) * 1.15)
    left.set_xlabel(f"seconds a submission ({number} submissions, {outcome['workers']} workers)")
    stages = sorted(outcome["ours_warm"]["stages"].items(), key=lambda item: item[1])
    right.barh([stage for stage, _ in stages], [value / number for _, value in stages], color="#e9c46a")
    right.set_xlabel("seconds a warm submission, by stage")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
