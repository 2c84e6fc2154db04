"""What determines numbers beside what is asked for: the versions of the libraries, and the code that computes them.

No number has to be raised by hand when code changes: a key holds the digest of the code that decides, with all it uses.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from autograder.common.digests import of_parts
from autograder.common.files import bytes_of
from autograder.common.machine.imports import Source, absolute, closure, module_file


@lru_cache(maxsize=1)
def versions() -> tuple[str, ...]:
    """Of the libraries that are there: a course without networks needs no Keras."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("tensorflow", "keras", "numpy"):
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return tuple(found)


@lru_cache(maxsize=1)
def package() -> str:
    """SHA-256 of this package's own source: two machines with the same one judge alike."""
    root = Path(__file__).resolve().parents[2]
    paths = sorted(path for kind in ("py", "po", "mo") for path in root.rglob(f"*.{kind}"))
    return of_parts(
        f"{path.relative_to(root).as_posix()}\0".encode() + bytes_of(path) + os.linesep.encode() for path in paths
    )


@lru_cache(maxsize=32)
def code(*modules: str) -> dict[str, Source]:
    """The source of `modules` and of what they use of their own packages, by file. Nothing is imported, 0.2 s for the grader.

    Raises ModuleNotFoundError for a module that isn't there.
    """
    folders = {name.partition(".")[0]: _folder(name.partition(".")[0]) for name in modules}
    roots = sorted(folders.values(), key=lambda folder: -len(folder.parts))  # the innermost first

    def located(name: str) -> Path | None:
        folder = folders.get(name.partition(".")[0])
        return module_file(name, folder) if folder is not None else None

    def uses(path: Path, source: Source) -> list[Path]:
        inside = next(folder for folder in roots if path.is_relative_to(folder))
        parts = path.relative_to(inside).with_suffix("").parts
        package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if package else parts)
        names = (absolute(name, module, package) for name in source.modules())
        return [found for name in names if "." in name and (found := located(name)) is not None]

    start = []
    for name in modules:
        path = located(name)
        if path is None or name.rpartition(".")[2] not in (path.stem, path.parent.name):
            raise ModuleNotFoundError(f"no module named {name!r}", name=name)
        start.append(path)
    found = closure(start, uses)
    return {
        path.relative_to(next(folder for folder in roots if path.is_relative_to(folder))).as_posix(): source
        for path, source in sorted(found.items())
    }


@lru_cache(maxsize=32)
def code_digest(*modules: str, but: str = "") -> str:
    """SHA-256 of the source of `modules` and of what they use of their own packages, without files that begin with `but`."""
    found = code(*modules).items()
    return of_parts(f"{name} {source.digest}\n" for name, source in found if not but or not name.startswith(but))


def _folder(package: str) -> Path:
    """The folder that a package or a module without one lies in."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module named {package!r}", name=package)
    path = Path(found.origin)
    return path.parents[1] if path.stem == "__init__" else path.parent
