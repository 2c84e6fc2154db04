"""One check, declared as in course.yml and decided on a described value."""

from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.hand_built import NoLab

TWO_LAYERS = [
    {"type": "Dense", "units": 100, "activation": "sigmoid"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]


def outcome(check, value, lab=None, **others):
    """The outcome of one check, worth 2 points unless it says otherwise."""
    check = parse({"of": "value", "points": 2, **check})
    (found,) = decide([check], Facts({"value": value, **others}, lab or NoLab()))
    return found


def layers(value, wanted=TWO_LAYERS):
    return outcome({"type": "layers", "layers": wanted}, value)
