"""What of the host a sandbox sees, all of it read-only: the folders of the system and of Python that a notebook needs, and of this
package what belongs into a student's kernel.

A folder is bound only where a notebook needs it: of ``/usr`` and of every prefix of Python the programs, the libraries and a few
folders of ``share``, so that what else lies there (``/usr/src/app``, a course in the folder of its virtual environment) can't be seen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import autograder
from autograder.common.errors import SandboxError
from autograder.common.i18n import _

PACKAGE = "/opt/autograder-package"
# Of this package. A graded kernel hands over and judges nothing, so the rest, which judges, isn't there.
IN_KERNELS = ("__init__.py", "common", "kernel", "sandbox/__init__.py", "sandbox/inside")
AT_HOME = "home"  # of kernel/: what only a student's own machine runs
_PROGRAMS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SHARED = (
    "datasets",
    "fontconfig",
    "fonts",
    "graphviz",
    "matplotlib",
    "zoneinfo",
)  # matplotlib: Debian's own package of it
_ETC = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types")
_SYSTEM = (Path("/"), Path("/usr"), Path("/usr/local"))


def _prefixes() -> Iterator[Path]:
    """The system's and Python's, outermost first."""
    yield from _SYSTEM
    found = {Path(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix)}
    found.add(Path(sys.executable).resolve().parents[1])
    yield from sorted(found - set(_SYSTEM), key=lambda path: (len(path.parts), path))


def folders() -> dict[Path, Path | None]:
    """Everything of the host that is bound, a folder or a file, at its own place; for a link within its prefix, where it leads."""
    found: dict[Path, Path | None] = {}
    for prefix in _prefixes():
        if any(prefix.is_relative_to(bound) for bound, link in found.items() if link is None):
            continue
        parts = [*_PROGRAMS, *(f"share/{name}" for name in _SHARED if prefix != Path("/")), "pyvenv.cfg"]
        for path in (prefix / part for part in parts):
            if path.is_symlink() and not path.readlink().is_absolute() and ".." not in path.readlink().parts:
                found[path] = path.readlink()
            elif path.exists():
                found[path] = None
    return found


def arguments(scratch: str) -> list[str]:
    """bwrap's arguments. Python's folders may lie in `scratch`: these come after it is mounted, in a folder that can't be written."""
    bound = folders()
    tops = [path for path in _prefixes() if path.is_relative_to(scratch)]
    made = [top for top in tops if not any(top != other and top.is_relative_to(other) for other in tops)]
    words = [word for top in made for word in ("--size", "65536", "--tmpfs", str(top))]
    for path, link in bound.items():
        words += ["--ro-bind", str(path), str(path)] if link is None else ["--symlink", str(link), str(path)]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for folder in _installed(path for path, link in bound.items() if link is None):
        words += ["--size", "65536", "--tmpfs", str(folder), "--remount-ro", str(folder)]
    for source, target in _package():
        words += ["--ro-bind", str(source), f"{PACKAGE}/autograder/{target}"]
    return words + [word for top in made for word in ("--remount-ro", str(top))]


def _installed(bound: Iterable[Path]) -> list[Path]:
    """Where the whole package can be seen in what is bound: a wheel in site-packages, of this Python or of the one below it."""
    found = set()
    own = Path(autograder.__file__).resolve().parent
    for folder in bound:
        found |= {place for kind in ("site", "dist") for place in folder.glob(f"python3*/{kind}-packages/autograder")}
        if own.is_relative_to(folder.resolve()):
            found.add(folder / own.relative_to(folder.resolve()))
    return sorted(place for place in found if place.is_dir() and not place.is_symlink())


def _package() -> Iterator[tuple[Path, str]]:
    """Source and place of each part of this package that kernels get."""
    root = Path(autograder.__file__).resolve().parent
    for part in IN_KERNELS:
        if part != "kernel":
            yield root / part, part
    for path in sorted((root / "kernel").iterdir()):
        if path.name != AT_HOME and (path.suffix == ".py" or (path / "__init__.py").exists()):
            yield path, f"kernel/{path.name}"


def outside() -> list[str]:
    """Names of the modules of this package that no sandbox holds."""
    root = Path(autograder.__file__).resolve().parent
    inside = {root / part for part in IN_KERNELS} | {source for source, _place in _package()}
    inside -= {root / "kernel"}
    files = [file for file in root.rglob("*.py") if not inside & {file, *file.parents}]
    names = (file.relative_to(root.parent).with_suffix("").parts for file in files)
    return sorted(".".join(name[:-1] if name[-1] == "__init__" else name) for name in names)


def keep_apart(places: Iterable[Path]) -> None:
    """Raises SandboxError when one of `places`, which no student may see, lies in a folder that every sandbox sees."""
    bound = [(path, path.resolve()) for path, link in folders().items() if link is None]
    for place in places:
        for path, real in bound:
            if place.resolve().is_relative_to(real):
                raise SandboxError(
                    _("{place} can be read by every notebook, because it lies in {folder}", place=place, folder=path),
                    _("Move it out of {folder}: that folder is needed to run notebooks.", folder=path),
                )
