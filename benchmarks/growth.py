"""Time against the number of students, and against the number of different networks.

    python benchmarks/growth.py [--students 25 50 100 200] [--workers 2]

The same class grows: its first 25 students already hold every network, so trainings must not grow with the class. The
second series keeps 25 students and gives more and more of them a network of their own in the open challenge. One
assignment (optimizers), cold memo each time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from classroom import RESULTS, ROOT, SLIPS, STYLES, by_us

from autograder.authoring.solved_notebooks import edited, hand_in, solved
from autograder.course.course import load

ASSIGNMENT = "optimizers"


def own_network(units: int) -> dict[str, str]:
    return {
        "challenge-answer": (
            "challenge = keras.Sequential([\n    keras.Input(shape=(28, 28)), keras.layers.Flatten(),\n"
            f"    keras.layers.Dense({units}, activation='relu'), keras.layers.Dense(10, activation='softmax')])\n"
            "challenge.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])\n"
            "challenge.fit(train_input, train_target, epochs=10, batch_size=64)\n"
        )
    }


def measure(students: int, different: int, workers: int) -> dict[str, float]:
    """Grade a class of `students`, `different` of which train a network that nobody else has."""
    course = load(ROOT / "course.yml")
    with tempfile.TemporaryDirectory() as scratch:
        folder, memo = Path(scratch) / "course", Path(scratch) / "memo"
        folder.mkdir()
        for name in ("course.yml", "nbgrader_config.py"):
            shutil.copyfile(ROOT / name, folder / name)
        for name in ("solutions", "assignments"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        perfect = solved(course, ASSIGNMENT)
        kinds = [work.get(ASSIGNMENT, {}) for work in (*STYLES, *SLIPS)]
        for number in range(students):
            work = own_network(60 + number) if number < different else kinds[number % len(kinds)]
            hand_in(edited(perfect, work), folder / "submitted", f"s{number:04}", ASSIGNMENT)
        outcome = by_us(folder, memo, workers)
        outcome |= {"students": students, "different": different, "trainings": len(list(memo.glob("*.fit")))}
    return outcome


def plot(series: dict[str, list[dict[str, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for axis, (key, label) in zip(
        axes,
        (("students", "students, no new networks"), ("different", "networks of their own (25 students)")),
        strict=True,
    ):
        points = series[key]
        axis.plot([p[key] for p in points], [p["wall"] for p in points], "o-")
        for p in points:
            axis.annotate(
                f"{p['trainings']} trainings",
                (p[key], p["wall"]),
                textcoords="offset points",
                xytext=(4, 6),
                fontsize=8,
            )
        axis.set_xlabel(label)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("seconds, cold memo")
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, nargs="+", default=[25, 50, 100, 200])
    parser.add_argument("--different", type=int, nargs="+", default=[0, 10, 25])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    series: dict[str, list[dict[str, float]]] = {"students": [], "different": []}
    for students in arguments.students:
        series["students"].append(measure(students, 0, arguments.workers))
        print(f"{students:4} students: {series['students'][-1]}", flush=True)
    for different in arguments.different:
        series["different"].append(measure(25, different, arguments.workers))
        print(f"{different:4} own networks: {series['different'][-1]}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "growth.json").write_text(json.dumps(series, indent=1) + "\n")
    plot(series, RESULTS / "growth.svg")


if __name__ == "__main__":
    main()
