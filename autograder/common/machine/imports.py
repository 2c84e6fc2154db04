"""Which files a piece of Python needs, found in its source: nothing is imported or run.

What decides a key is code, and code uses other code. Followed are imports wherever they stand, and modules that are named in
a text (``"-m", "autograder.judge.process"``); docstrings are not. That a package's ``__init__.py`` runs first is left out: here
it only exports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.common.digests import of_file, sha256
from autograder.common.files import bytes_of

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*+)++")


@dataclass(frozen=True)
class Source:
    """A file's `digest` (SHA-256), the modules it `imports` (relative ones with their leading dots), its `texts`."""

    digest: str
    imports: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    def modules(self) -> Iterator[str]:
        """What may be a module: what is imported, and what texts name."""
        yield from self.imports
        for text in self.texts:
            if "." in text:
                yield from _MODULE.findall(text)


def read(path: Path) -> Source:
    """Raises OSError. A file that is not Python has its digest only."""
    return _parsed(bytes_of(path))


@lru_cache(maxsize=1024)
def _parsed(content: bytes) -> Source:
    digest = sha256(content)
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return Source(digest)
    imports: set[str] = set()
    texts: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            imports.add(base)
            joint = "" if base.endswith(".") or not base else "."
            imports.update(f"{base}{joint}{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                texts.add(node.value)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return Source(digest, frozenset(imports), frozenset(texts))


def closure(start: Iterable[Path], uses: Callable[[Path, Source], Iterable[Path]]) -> dict[Path, Source]:
    """The files in `start` and, again and again, those that they use. A file that can't be read has no digest: ''."""
    found: dict[Path, Source] = {}
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        try:
            found[path] = read(path) if path.suffix == ".py" else Source(of_file(path))
        except OSError:
            found[path] = Source("")
        waiting.extend(uses(path, found[path]))
    return found


def module_file(name: str, folder: Path) -> Path | None:
    """The file of the module `name` (or of the module that holds it) below `folder`, or None."""
    parts = name.split(".")
    while parts:
        place = folder.joinpath(*parts)
        for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if path.is_file():
                return path
        parts.pop()
    return None


def absolute(name: str, module: str, package: bool) -> str:
    """The name that an import of `name` inside `module` means; `package`: whether that is an ``__init__.py``."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parts = module.split(".")
    base = parts[: len(parts) - level + package]
    return ".".join([*base, *filter(None, [name[level:]])])
