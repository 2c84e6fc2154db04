"""All known types of checks, and how a question's checks are decided."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from autograder.common.errors import CannotRebuild, CourseError, DataError
from autograder.common.i18n import _, speaking
from autograder.common.i18n import language as spoken
from autograder.common.models import of_other_kind, wrong_at
from autograder.common.results import Outcome, Status
from autograder.common.showing.nearest_name import nearest
from autograder.common.showing.readable import as_yaml, without_paths
from autograder.course.checks import manual
from autograder.course.checks.answers import arrays, functions, score, things, values
from autograder.course.checks.base import Check, Facts, Lab, Verdict, undecided
from autograder.course.checks.networks import compiling, layers, named_layers, size
from autograder.course.checks.trainings import accuracy, callbacks, counted, evaluation, predictions, rates, training
from autograder.course.meant import word

log = logging.getLogger(__name__)
_OWN: tuple[type[Check], ...] = (
    layers.Layers, named_layers.LayerNames, named_layers.SameLayers, size.Parameters, size.InputShape,
    size.OutputShapes, size.WeightShapes, size.Builds,
    compiling.Optimizer, compiling.Loss, compiling.Metrics, training.TrainedOn, training.TrainedWith, counted.Epochs,
    counted.BatchSize, callbacks.Callbacks, rates.LearningRates, training.Fresh, accuracy.Accuracy, accuracy.Metric, evaluation.Evaluation, evaluation.Evaluations, predictions.Predictions,
    values.ValueCheck, values.TextCheck, values.Choice, arrays.ArrayCheck, things.Table, things.Figure, things.Object, score.Score, values.Keys, values.Winner, functions.Function, manual.Manual,
)  # fmt: skip
GROUP = "autograder.checks"  # entry points of other packages' check classes


def _type(check: type[Check]) -> str:
    return str(check.model_fields["type"].default)


TYPES: dict[str, type[Check]] = {_type(check): check for check in _OWN}
BROKEN: dict[str, str] = {}  # by package: why its check types can't be used


def _add(point: EntryPoint) -> None:
    """Take another package's check class. What is wrong with it is kept, to be told where a course asks for it."""
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        check = point.load()
        if not (isinstance(check, type) and issubclass(check, Check)):
            raise TypeError(f"{point.value} is not a subclass of autograder.checks.Check")
        name = check.model_fields["type"].default
        if type(name) is not str or not name.isidentifier():
            raise TypeError(f"{point.value} has no type: give it a field like type: Literal['my_check'] = 'my_check'")
        if name in TYPES:
            raise TypeError(f"there is a check type '{name}' already")
    except Exception as error:  # whatever a foreign module raises must not stop courses that don't use it
        BROKEN[package] = f"{type(error).__name__}: {error}"
        log.warning("%s: the entry point %s of %s can't be used: %s", package, point.name, GROUP, BROKEN[package])
        return
    TYPES[name] = check


for _point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
    _add(_point)


def parse(declaration: Any) -> Check:
    """The check that course.yml declares. Raises ValueError for an unknown type, pydantic's error for wrong fields."""
    if isinstance(declaration, Check):
        return declaration
    if (
        isinstance(declaration, dict)
        and "type" not in declaration
        and (odd := nearest("type", [*map(str, declaration)]))
    ):
        raise ValueError(_("this key is needed here: did you mean '{key}' by '{instead}'?", key="type", instead=odd))
    if not isinstance(declaration, dict) or "type" not in declaration:
        said = _("a check is a mapping with the key 'type'")
        raise ValueError(said) if isinstance(declaration, dict) else of_other_kind(said)
    name = declaration["type"]
    if not isinstance(name, str):
        said = _(
            "should be the type of a check, such as {example}, and is {found}", example="layers", found=as_yaml(name)
        )
        raise wrong_at((("type",), said))
    if name not in TYPES:
        guess = word(name, sorted(TYPES))
        meant = _("did you mean '{guess}'? ", guess=guess) if guess else ""
        said = _(
            "unknown check type '{name}': {meant}Known are {types}",
            name=name,
            meant=meant,
            types=", ".join(sorted(TYPES)),
        ) + "".join(
            _(
                ". The package {package} brings check types that can't be used ({why}): update or uninstall it",
                package=package,
                why=why,
            )
            for package, why in BROKEN.items()
        )
        raise wrong_at((("type",), said))
    kind = TYPES[name]
    return kind.model_validate({"id": name, **declaration})


def decide(checks: Iterable[Check], facts: Facts, language: str = "") -> tuple[Outcome, ...]:
    """All outcomes of a question, in order, in `language` or else in what is spoken now. A check whose prerequisite did not pass is skipped, with the reason."""
    with speaking(language):
        return _decide(checks, facts, language or spoken())


def _decide(checks: Iterable[Check], facts: Facts, language: str) -> tuple[Outcome, ...]:
    outcomes: dict[str, Outcome] = {}
    for check in checks:
        missing = [need for need in check.needs if need in outcomes and outcomes[need].status is not Status.PASSED]
        if missing:
            outcomes[check.id] = _skipped(check, outcomes[missing[0]], language)
        else:
            outcomes[check.id] = _outcome(check, _verdict(check, facts), language)
    return tuple(outcomes.values())


class _Lab:
    """A check's lab: it gives reference functions only of files that the check names, since a change of those is noticed."""

    def __init__(self, lab: Lab, check: Check) -> None:
        self._lab, self._check = lab, check

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lab, name)

    def reference(self, place: str) -> Callable[..., Any]:
        if place not in self._check.places():
            message = _("the check type '{type}' uses {place} and doesn't name it", type=self._check.type, place=place)
            raise CourseError(message, _("Let its places() hold it, or make the field that names it an InCourse."))
        return self._lab.reference(place)


def _verdict(check: Check, facts: Facts) -> Verdict:
    try:
        lab: Any = _Lab(facts.lab, check)
        return check(replace(facts, lab=lab))
    except CannotRebuild as error:
        return undecided(error)
    except (CourseError, DataError) as error:  # the author's to mend: neither the student's fault nor the grader's
        return undecided(
            _("the course's own files don't let this be decided: {error}", error=without_paths(str(error)))
        )
    except Exception as error:  # a fault of the grader must not cost a mark
        said = without_paths(str(error))
        return undecided(_("the grader failed on this check ({kind}: {error})", kind=type(error).__name__, error=said))


def _skipped(check: Check, need: Outcome, language: str) -> Outcome:
    # What could not be decided leaves undecided what depends on it.
    status = Status.UNDECIDED if need.status is Status.UNDECIDED else Status.SKIPPED
    return Outcome(
        check=check.id, title=check.heading(language), status=status, out_of=check.points, hidden=check.hidden,
        actual=_("not looked at, because '{title}' did not pass", title=need.title),
    )  # fmt: skip


def _outcome(check: Check, verdict: Verdict, language: str) -> Outcome:
    hint = ""
    if verdict.status is Status.FAILED:
        own = check.hint.in_language(language) if check.hint and not verdict.form else ""  # that is of a wrong answer
        made = verdict.hint if not check.hidden or check.safe_hints or verdict.form else ""
        hint = " ".join(part for part in (made, own) if part)
    hide = check.hidden
    return Outcome(
        check=check.id,
        title=check.heading(language),
        status=verdict.status,
        points=check.points if verdict.status is Status.PASSED else 0.0,
        out_of=check.points,
        # What a hidden check expects stays hidden, but for its form; what the student gave is the student's own.
        expected="" if hide and not verdict.form else verdict.expected,
        actual=verdict.actual if not hide or verdict.status is not Status.PASSED else "",
        hint=hint,
        hidden=hide,
        by_hand=isinstance(check, manual.Manual),
    )
