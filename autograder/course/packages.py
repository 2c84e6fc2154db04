"""What students may import beside the course's own needs: on the grader's machine as on theirs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.common.i18n import _
from autograder.common.machine.requirements import NETWORKS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
COURSE = ("numpy", "scikit-learn", "matplotlib", "ipykernel")  # with all that these need
# The first lines of the `grading` extra in pyproject.toml; what comes with Keras and this package is there anyway.
ALWAYS = ("ipywidgets", "pandas", "pillow", "scipy", "seaborn", "tqdm")


def checked(packages: Iterable[str]) -> tuple[str, ...]:
    """`packages` as pip writes them, such as ``xgboost>=2``. Raises ValueError, naming what is wrong."""
    seen: set[str] = set()
    found = tuple(packages)
    for text in found:
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            raise ValueError(
                _("'{package}' is no package: write it like xgboost or xgboost>=2", package=text)
            ) from None
        if wanted.url or wanted.marker:
            raise ValueError(_("'{package}': name a package, and a version if need be", package=text))
        if canonicalize_name(wanted.name) in seen:
            raise ValueError(_("the package '{package}' stands twice", package=wanted.name))
        seen.add(canonicalize_name(wanted.name))
    return found


def lacking(packages: Iterable[str]) -> list[str]:
    """Those of `packages` that are not installed here, or in a version that doesn't fit."""
    return [text for text in packages if not _there(Requirement(text))]


def not_promised(modules: Iterable[str], packages: Iterable[str], networks: bool = True) -> list[str]:
    """Those of the installed `modules` that a notebook may not find where it is graded: not Python's, nor of what is promised there.

    `networks`: whether the course has any.
    """
    promised = _with_what_they_need(
        {*COURSE, *(NETWORKS if networks else ()), *ALWAYS, *(Requirement(one).name for one in packages)}
    )
    owners = packages_distributions()
    return [
        name
        for name in modules
        if name not in (*sys.stdlib_module_names, "autograder")
        and not {canonicalize_name(one) for one in owners.get(name, ())} & promised
    ]


def _with_what_they_need(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        waiting += [
            canonicalize_name(match[0]) for text in needed if "extra ==" not in text and (match := _NAME.match(text))
        ]
    return found


def _there(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False
