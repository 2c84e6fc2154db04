"""Whether a setting can be what course.yml asks of it: by the kinds and bounds that Keras and scikit-learn have for it."""

from __future__ import annotations

import math
from typing import Any

from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import _
from autograder.common.keras_tables import class_names, setting_kinds
from autograder.common.showing.readable import as_yaml
from autograder.course.checks.ranges import Range


def unfitting(takes: str, key: str, wanted: Any, owner: str) -> str:
    """Why nothing like `owner` has a `key` like `wanted`: a plain value, a Range or another object; '' where something can.

    `takes`: what the setting takes, as ``setting_kinds`` reads it.
    """
    if isinstance(wanted, Range):
        if wanted.any_of:
            return next(filter(None, (unfitting(takes, key, one, owner) for one in wanted.any_of)), "")
        low = -math.inf if wanted.at_least is None else wanted.at_least
        high = math.inf if wanted.at_most is None else wanted.at_most
        right = setting_kinds.reaches(takes, low, high)
    elif hasattr(wanted, "settings"):
        right = setting_kinds.takes_objects(takes)
    else:
        named = isinstance(wanted, str) and wanted in class_names.parts()  # an object by its class alone
        right = setting_kinds.fits(takes, wanted) or (named and setting_kinds.takes_objects(takes))
    if right:
        return ""
    words = [kind.word for kind in setting_kinds.read(takes) if kind.word]
    allowed = meant_inside(str(wanted), words) if words and isinstance(wanted, str) else ""
    allowed = allowed or _("it is {wanted}", wanted=setting_kinds.said(takes))
    shown = str(wanted) if isinstance(wanted, Range) else getattr(wanted, "type", None) or as_yaml(wanted)
    return _("{owner} has no {key}={value}: {meant}", owner=owner, key=key, value=shown, meant=allowed)
