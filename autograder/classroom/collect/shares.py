"""How many files each folder of SOURCE holds: where all are too many, the folder that is too full is left out, and not the class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

FULL = 10  # parts of all files: a folder with one of them is more than one person hands in


class Shares:
    """Counts paths, as they are found. `most`: of all that are kept."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left_out: set[str] = set()
        self._inside: Counter[str] = Counter()  # by folder: files below it, at any depth
        self._first: dict[str, str] = {}  # by folder: a file or folder in it
        self._several: set[str] = set()  # folders that hold more than that
        self._folders: dict[str, set[str]] = {}  # the folders in a folder

    def is_left_out(self, path: str) -> bool:
        return bool(self.left_out) and (path in self.left_out or not self.left_out.isdisjoint(folders_of(path)))

    def expect(self, path: str) -> None:
        """Know of a path before any is counted: which folders lie beside something else isn't a question of who comes first."""
        above = ""
        for name in (*folders_of(path), path):
            if self._first.setdefault(above, name) != name:
                self._several.add(above)
            above = name

    def count(self, path: str) -> bool:
        """Count a file; whether there are too many now."""
        above = ""
        self._inside[above] += 1
        for folder in folders_of(path):
            self._inside[folder] += 1
            self._folders.setdefault(above, set()).add(folder)
            above = folder
        return self._inside[""] > self.most

    def leave_out(self) -> tuple[str, int]:
        """The folder that is too full, and how many files it holds: on the way to most of them the lowest that lies beside something else,
        and so isn't all of the class. They are not counted any more. ('', 0) if there is none."""
        here = found = ""
        while full := [name for name in self._folders.get(here, ()) if self._inside[name] * FULL > self.most]:
            above, here = here, max(full, key=lambda name: (self._inside[name], name))
            found = here if above in self._several else found
        if not found:
            return "", 0
        holds = self._inside[found]
        for folder in ("", *folders_of(found), found):
            self._inside[folder] -= holds
        self.left_out.add(found)
        return found, holds


def folders_of(path: str) -> Iterator[str]:
    """The folders above `path`, from the top."""
    end = path.find("/")
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1)
