"""Thresholds against calibration.json: a raised one fails, and the rates that the data support are said."""

import shutil

import pytest

from autograder.authoring.calibration.evidence import (
    AssignmentEvidence,
    CheckEvidence,
    Evidence,
    NetworkEvidence,
    TrialEvidence,
    solution_digest,
    write,
)
from autograder.authoring.verify import threshold_evidence
from autograder.course import course as course_module
from tests.authoring.verify.courses_to_prove import edit_text
from tests.conftest import ROOT

SEEDS = tuple(range(42, 72))
RIGHT = tuple(0.866 + 0.002 * (seed % 3 - 1) for seed in SEEDS)  # sd 0.0017


@pytest.fixture
def root(tmp_path):
    """The course with made-up evidence for two_layer: right networks reach 0.866, one that was never trained 0.1."""
    shutil.copyfile(ROOT / "course.yml", tmp_path / "course.yml")
    shutil.copytree(ROOT / "solutions" / "two_layer", tmp_path / "solutions" / "two_layer")
    shutil.copyfile(ROOT / "solutions" / "references.py", tmp_path / "solutions" / "references.py")
    course = course_module.load(tmp_path / "course.yml")
    splits = {"accuracy.accuracy": "holdout", "accuracy.unseen_images": "test"}

    def trial(name, kind, values):
        accuracy = dict.fromkeys(splits.values(), values)
        return TrialEvidence(name=name, kind=kind, about=name, digest=name, seeds=SEEDS, accuracy=accuracy)

    network = NetworkEvidence(
        checks={place: CheckEvidence(split=split, threshold=0.85) for place, split in splits.items()},
        trials=(trial("solution", "reference", RIGHT), trial("untrained", "wrong", (0.1,) * 30)),
    )
    digest = solution_digest(course, "two_layer")
    evidence = AssignmentEvidence(solution=digest, versions={}, networks=(network,))
    write(course, Evidence(assignments={"two_layer": evidence}))
    return tmp_path


def steps(root, name="two_layer"):
    return {step.name: step for step in threshold_evidence.steps(course_module.load(root / "course.yml"), name)}


def test_thresholds_with_evidence_are_proven_and_say_the_rates(root):
    found = steps(root)
    assert all(step.proven for step in found.values()) and len(found) == 2
    right, wrong = found["accuracy.accuracy"].notes
    assert right.startswith("solution: fails in 0 of 30 trainings, so in 9.5% at most (mean 0.8660")
    assert wrong.startswith("untrained: passes in 0 of 30 trainings, so in 9.5% at most (mean 0.1000")


def test_a_raised_threshold_is_a_reason(root):
    edit_text(root / "course.yml", "split: holdout, at_least: 0.85,", "split: holdout, at_least: 0.864,")
    found = steps(root)
    assert found["accuracy.unseen_images"].proven
    (reason,) = found["accuracy.accuracy"].reasons
    assert "0.864 is 1.2 sd below the reference's mean" in reason.sentence()
    assert "The highest at_least with the full margin is 0.855" in reason.sentence()


def test_a_threshold_that_wrong_networks_pass_is_a_reason(root):
    edit_text(root / "course.yml", "split: test, at_least: 0.84,", "split: test, at_least: 0.1,")
    (reason,) = steps(root)["accuracy.unseen_images"].reasons
    assert "untrained: it passes in 30 of 30 trainings" in reason.sentence()


def test_a_metric_that_was_never_measured_is_noted_and_an_accuracy_is_a_reason(root):
    shutil.copytree(ROOT / "solutions" / "deep", root / "solutions" / "deep")
    text = (root / "course.yml").read_text("utf-8")
    start = text.index("\n  deep:")
    of_deep = text[start:].replace(
        "{type: accuracy, of: model, split:", "{type: metric, metric: loss, of: model, split:", 2
    )
    (root / "course.yml").write_text(text[:start] + of_deep, "utf-8")
    found = steps(root, "deep")
    assert found and all(step.proven and "`autograder calibrate deep`" in step.notes[0] for step in found.values())


def test_a_threshold_without_evidence_is_a_reason_with_the_command(root):
    shutil.copytree(ROOT / "solutions" / "deep", root / "solutions" / "deep")
    for step in steps(root, "deep").values():
        (reason,) = step.reasons
        assert "there is no evidence for this threshold. Run `autograder calibrate deep`." in reason.sentence()
