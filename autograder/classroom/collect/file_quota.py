"""How many files each folder of SOURCE holds: where all are too many, the folder that is too full is left out, and not the class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

DEEPEST = 64  # levels that are looked at: nobody's folders lie deeper
FULL = 10  # parts of all files: a folder with one of them is more than one person hands in


class Shares:
    """The files that are kept, as they are found. `most`: of all of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left_out: set[str] = set()
        self._paths: list[str] = []  # with those of folders, which end with a slash
        self._files = 0

    def is_left_out(self, path: str) -> bool:
        return bool(self.left_out) and (path in self.left_out or not self.left_out.isdisjoint(folders_of(path)))

    def add(self, paths: Iterable[str]) -> list[tuple[str, int]]:
        """Count what lies in one place, all of it at once: what lies beside something else isn't a question of who comes first. The folders
        that are too full, from now on left out and not counted, and how many files they hold; ('', 0) where there is none."""
        added = [path for path in paths if not self.is_left_out(path)]
        self._paths += added
        self._files += sum(not path.endswith("/") for path in added)
        full = []
        while self._files > self.most:
            full.append(fullest(self._paths, self.most))
            if not full[-1][0]:
                break
            self.leave_out(full[-1][0])
        return full

    def leave_out(self, folder: str) -> None:
        self.left_out.add(folder)
        self._paths = [path for path in self._paths if not path.startswith(f"{folder}/")]
        self._files = sum(not path.endswith("/") for path in self._paths)


def fullest(paths: Sequence[str], most: int) -> tuple[str, int]:
    """The folder that is too full, and how many of `paths` lie in it: on the way to most of them the lowest that lies beside something else,
    and so isn't all of the class. ('', 0) if there is none. One level is counted at a time: a path may have any number of folders of its own."""
    here, found, holds = "", "", 0
    for _level in range(DEEPEST):
        start = len(here)
        files = (path for path in paths if not path.endswith("/"))
        names = Counter(path[start:end] for path in files if (end := path.find("/", start)) > 0)
        alone = len({path[start:].partition("/")[0] for path in paths if len(path) > start}) == 1
        name = max(names, key=lambda name: (names[name], name), default="")
        if names[name] * FULL <= most:
            break
        here = f"{here}{name}/"
        paths = [path for path in paths if path.startswith(here)]
        if not alone:
            found, holds = here[:-1], sum(not path.endswith("/") for path in paths)
    return found, holds


def folders_of(path: str) -> Iterator[str]:
    """The folders above `path`, from the top."""
    end = path.find("/")
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1)
