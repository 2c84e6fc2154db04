"""What students may import beside the course's own needs: on the grader's machine as on theirs."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.common.i18n import _

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


def _there(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False
