"""Whether a check can be earned on what its assignment is on: with these data, within these limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from autograder.common.data import data_sets, tables
from autograder.common.data.prepared import ONE_HOT, RAW
from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import N_, _
from autograder.common.keras_tables import allowed
from autograder.common.showing.readable import as_yaml
from autograder.course.checks.answers.arrays import ArrayCheck
from autograder.course.checks.answers.score import Score
from autograder.course.checks.base import Check
from autograder.course.checks.networks.layer_specs import LayerSpec
from autograder.course.checks.networks.layers import Layers
from autograder.course.checks.networks.size import Parameters
from autograder.course.checks.trainings.accuracy import Accuracy, Metric, OnSplit
from autograder.course.checks.trainings.counted import Epochs
from autograder.course.checks.trainings.evaluation import Evaluation, Evaluations
from autograder.course.checks.trainings.training import FitCheck, TrainedOn, TrainedWith
from autograder.course.settings import DataSettings, Limits

OF_CLASSES = ("accuracy", "accuracy_score", "balanced_accuracy_score", "f1_score", "precision_score", "recall_score", "roc_auc_score",
              "balanced_accuracy", "f1_macro")  # fmt: skip


def unsuited(check: Check, data: DataSettings, limits: Limits, networks: bool) -> str:
    """Why nobody can earn `check`, and what is allowed; '' where somebody can."""
    for key in check.values_named:
        named = getattr(check, key)
        if check.of in ((named,) if isinstance(named, str) else named):
            return _("'of' and '{key}' both name `{of}`: each is a value of its own", key=key, of=check.of)
    if not networks and check.looks_at_networks():
        return _("it looks at a network, and the course has `networks: false`")
    if not networks and isinstance(check, ArrayCheck) and check.equals and data_sets.has_images(data.name):
        return _("it looks at images, and the course has `networks: false`: ask for a shape or a reference")
    if split_of(check) == "test" and not (data_sets.has_images(data.name) or data.test > 0):
        return no_test_rows(data)
    return _of_other_data(check, data, data.of_course or data.name) or _beyond(check, limits)


def no_test_rows(data: DataSettings) -> str:
    """What to do where a check asks for them: of a file with images nobody knows before it is read."""
    said = _("{data} has no test rows: ask for the holdout", data=data.of_course or data.name)
    if data.images:
        return said + _(", or put images for it into x_test and their labels into y_test")
    return said + (_(", or say with `test` how many of the file's last rows are the test set") if data.file else "")


def untrained(questions: Iterable[Sequence[Check]]) -> dict[int, str]:
    """By the `id` of checks on layers that the grader doesn't train, where training of that network is asked for, too: what to do.

    `questions`: the checks of each, in order. A name is the network's until a question says other layers of it.
    """
    doubts: dict[str, tuple[Check, str]] = {}
    found: dict[int, str] = {}
    for checks in questions:
        for check in (one for one in checks if isinstance(one, Layers)):
            strange = [said for spec in check.layers if spec.times != 0 and (said := _strange(spec))]
            doubts.pop(check.of, None)
            if strange:
                doubts[check.of] = check, strange[0]
        for trained in (one for one in checks if isinstance(one, (FitCheck, TrainedWith, OnSplit))):
            if trained.of in doubts:
                asked, layer = doubts[trained.of]
                found[id(asked)] = _(
                    "the grader doesn't train a layer {type}, and the training of `{of}` is asked for: ask for other layers, or "
                    "for nothing of its training, or say `sandbox_training: accepted`",
                    type=layer,
                    of=asked.of,
                )
    return found


def _strange(spec: LayerSpec) -> str:
    """What of a layer that is asked for the grader doesn't train: its class, or a setting; '' where it does."""
    if spec.type not in allowed.LAYERS:
        return spec.type
    for key, value in spec.settings.items():
        kind = allowed.LAYERS[spec.type].get(key, "ignored")
        if kind in allowed.ONLY_CHECKED - {"ignored"} and not allowed.fits(kind, allowed.settled(kind, value)):
            return f"{spec.type}({key}={as_yaml(value)})"
    return ""


def names_prepared(check: Check) -> set[tuple[str, bool]]:
    """Of the arrays that a course prepares, those that a check names, and whether each takes the targets' place."""
    if isinstance(check, ArrayCheck):
        return {(check.prepared, (check.equals or "").endswith("_labels"))} if check.prepared else set()
    if isinstance(check, TrainedOn):
        return {(check.prepared, False)} if check.prepared else set()
    return {(check.targets, True)} if isinstance(check, OnSplit) and check.targets != RAW else set()


def unprepared(check: Check, features: Collection[str], targets: Collection[str]) -> str:
    """Which name a check says that nothing is prepared as, and which there are; '' where each is one."""
    for name, of_targets in sorted(names_prepared(check)):
        known = sorted(targets if of_targets else features)
        if name not in known:
            return _("nothing is prepared as '{name}': {meant}", name=name, meant=meant_inside(name, known))
    return ""


def split_of(check: Check) -> str:
    """The part of the data that a check asks for by name; '' for none."""
    if isinstance(check, Score) and check.data:
        return ""
    asked: Any = getattr(check, "equals", "") if isinstance(check, ArrayCheck) else getattr(check, "split", "")
    return str(asked or "").removesuffix("_labels")


def _of_other_data(check: Check, data: DataSettings, called: str) -> str:
    """What is asked of images is none of a table's, and what of classes none of numbers'."""
    images = data_sets.has_images(data.name)
    if isinstance(check, (ArrayCheck, TrainedOn)):
        if images and any(of_targets for _name, of_targets in names_prepared(check)):
            return unprepared(check, (), (RAW, ONE_HOT))
        if images and check.prepared:
            return _(
                "'prepared' is of tables, and {data} are images, which are known however they are scaled", data=called
            )
        if not images and check.scaling:
            return _(
                "'scaling' is of images, and {data} is a table: say with 'prepared' what students make of it",
                data=called,
            )
    rows = check.equals if isinstance(check, ArrayCheck) and not check.prepared else None
    if not images and rows and not rows.endswith("_labels"):
        return _(
            "of a table say what its rows are prepared as: `prepared: raw` for its own numbers, or a name of `prepare`'s"
        )
    return of_numbers(check, called) if data.name in tables.OF_NUMBERS else ""


def of_numbers(check: Check, called: str) -> str:
    """Why `check` can't be asked of data with numbers as targets; '' where it can."""
    measured = (
        check.metric
        if isinstance(check, (Metric, Score, Evaluation, Evaluations))
        else "accuracy"
        if isinstance(check, Accuracy)
        else ""
    )
    said = N_("{metric} is of classes, and {data} has numbers as targets")
    return _(said, metric=measured, data=called) if measured in OF_CLASSES else ""


def _beyond(check: Check, limits: Limits) -> str:
    """More than the grader does for a submission, or than tells anything."""
    if isinstance(check, (Evaluation, Evaluations)) and check.metric in OF_CLASSES and check.tolerance >= 1:
        said = N_("every {metric} is within a tolerance of {number:g}: write 1 % as 0.01")
        return _(said, metric=check.metric, number=check.tolerance)
    if isinstance(check, Epochs) and (least := check.equals or check.at_least or 0) > limits.epochs:
        return _(
            "it asks for {number} epochs, and the grader trains for {most}: raise `limits.epochs`",
            number=least,
            most=limits.epochs,
        )
    if isinstance(check, Parameters) and (check.total or 0) > limits.parameters:
        return _(
            "it asks for {number} parameters, and the grader trains {most}: raise `limits.parameters`",
            number=check.total,
            most=limits.parameters,
        )
    return ""
