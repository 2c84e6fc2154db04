"""What is in a folder or an archive, read without trusting it: nothing is unpacked, no link is followed.

`Source` lists files with a path inside SOURCE and reads them into memory, up to a limit. What can't be read safely is
listed with the reason, never skipped without a word. An archive inside counts as a folder of its name.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeVar

from autograder.classroom.collect import archives
from autograder.classroom.collect.file_quota import Shares
from autograder.classroom.collect.names import is_noise
from autograder.classroom.collect.zip_directory import Refused
from autograder.common.errors import CollectError
from autograder.common.files import opened
from autograder.common.i18n import _

FILES = 100_000  # in all: a class of 500 with 200 files each
OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".alz", ".egg")


@dataclass(frozen=True)
class File:
    """A file of SOURCE. `read(limit)` gives its bytes, and raises `Refused` if there are more than `limit`.

    Of a file that is in no archive, `place` is where it lies, `repository` the git checkout around it, and `owner` the
    user whose file it is, as far as these are known.
    """

    path: str
    size: int
    read: Callable[[int], bytes] = field(compare=False, repr=False)
    place: Path | None = None
    repository: Path | None = None
    owner: str = ""

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Left:
    """A file that is not read, and why; `whole`: a folder with all that is in it."""

    path: str
    reason: str
    whole: bool = False


_Found = TypeVar("_Found", File, Left)


class Source:
    """`name`: of the folder or archive itself. `refused`: what can't be read safely; `noise`: what no student means.

    Where there are more than `FILES` in all, the folder that is too full is refused as a whole, and what it holds is in none of the three.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: list[File] = []
        self.refused: list[Left] = []
        self.noise: list[Left] = []
        self.outer, self.inner = archives.Slot(), archives.Slot()
        self.shares = Shares(FILES)

    def keep(self, file: File) -> None:
        self._put(self.files, file)

    def refuse(self, path: str, reason: str, *, whole: bool = False) -> None:
        self._put(self.refused, Left(path, reason, whole))

    def ignore(self, path: str) -> None:
        if len(self.noise) < FILES:  # nobody counts them
            self._put(self.noise, Left(path, _("not part of what was handed in")))

    def _put(self, among: list[_Found], found: _Found) -> None:
        if not self.shares.is_left_out(found.path):
            among.append(found)

    def expect(self, paths: Iterable[str]) -> None:
        """Know of all that lies in one place before any of it is kept; folders end with a slash."""
        for folder, holds in self.shares.add(path for path in paths if not is_noise(path)):
            if not folder:
                raise CollectError(
                    _("{root} holds more than {number:,} files", root=self.name, number=FILES),
                    _("Name the folder of one class."),
                )
            reason = _(
                "it holds {count:,} files or more, and together with it all hold more than {number:,}: it is left out",
                count=holds,
                number=FILES,
            )
            self._drop(folder, reason)

    def thinned(self, path: str, archive: archives.Archive) -> None:
        """Say what the archive at `path` doesn't give, as it holds more than it may."""
        for folder, holds in archive.left_out.items():
            inside = f"{path}/{folder}" if path else folder
            self.shares.leave_out(inside)
            self._drop(inside, _("it holds {count:,} files, too many for one archive: it is left out", count=holds))
        if archive.noise:
            self.noise.append(
                Left(path or self.name, _("{count:,} files are not part of what was handed in", count=archive.noise))
            )

    def _drop(self, folder: str, reason: str) -> None:
        self.files = [file for file in self.files if not self.shares.is_left_out(file.path)]
        self.refused = [left for left in self.refused if not self.shares.is_left_out(left.path)]
        self.noise = [left for left in self.noise if not self.shares.is_left_out(left.path)]
        self.refused.append(Left(folder, reason, whole=True))

    def close(self) -> None:
        for slot in (self.inner, self.outer):
            if slot.holder is not None:
                slot.holder.close()


def read(place: Path) -> Source:
    """Everything in `place`, a folder or a zip. Raises CollectError when it is neither, or too large to be a class."""
    source = Source(place.resolve().name)
    if place.is_dir():
        _read_folder(place, source)
    elif not place.exists():
        raise CollectError(
            _("there is no {place}", place=place),
            _("Name a folder, or the zip that your platform gave you."),
            misused=True,
        )
    elif zipfile.is_zipfile(place):
        source.name = place.stem
        _read_archive(archives.Archive.of_file(place, source.outer, archives.SOURCE_ENTRIES), "", source)
    else:
        raise CollectError(
            _("{place} is neither a folder nor a zip", place=place),
            _("Unpack archives of another kind, and name the folder."),
            misused=True,
        )
    source.files.sort(key=lambda file: file.path)
    return source


def _read_folder(root: Path, source: Source) -> None:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        inside = _inside(folder, root)
        if source.shares.is_left_out(inside):
            continue
        if archives.too_long(inside):
            source.refuse(inside, archives.too_long(inside), whole=True)
            continue
        repository = _repository(folder, root)
        try:
            with os.scandir(folder) as entries:  # not all of them: one folder may hold any number
                found = sorted(islice(entries, FILES + 1), key=lambda entry: entry.name)
        except OSError as error:
            source.refuse(inside, _("it can't be read: {strerror}", strerror=error.strerror), whole=True)
            continue
        below = []
        source.expect(_inside(folder / entry.name, root) + "/" * entry.is_dir() for entry in found)
        for entry in found:
            path = folder / entry.name
            if not entry.is_dir():
                _add_file(path, root, source, repository)
            elif entry.is_symlink():  # never followed
                source.refuse(_inside(path, root), _("it is a link to another folder"))
            elif is_noise(entry.name):
                source.ignore(_inside(path, root))
            else:
                below.append(path)
        waiting += reversed(below)


def _inside(path: Path, root: Path) -> str:
    # File names that are not UTF-8 come as lone surrogates, which nothing can print.
    name = path.relative_to(root).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", name)  # macOS writes Korean and accents in parts


def _repository(folder: Path, root: Path) -> Path | None:
    """The checkout that `folder` lies in, not looking above `root`."""
    for place in (folder, *folder.parents):
        if (place / ".git").is_dir() and not (place / ".git").is_symlink():
            return place
        if place == root:
            break
    return None


def _add_file(path: Path, root: Path, source: Source, repository: Path | None) -> None:
    inside = _inside(path, root)
    try:
        facts = path.lstat()
    except OSError as error:
        source.refuse(inside, _("it can't be read: {strerror}", strerror=error.strerror))
        return
    if is_noise(inside):
        source.ignore(inside)
    elif reason := archives.too_long(inside):
        source.refuse(inside, reason)
    elif stat.S_ISLNK(facts.st_mode):
        source.refuse(inside, _("it is a link to another file"))
    elif not stat.S_ISREG(facts.st_mode):
        source.refuse(inside, _("it is not an ordinary file"))
    elif path.suffix.lower() == ".zip":
        entries = archives.INNER_ENTRIES if repository else archives.ENTRIES
        _read_archive(archives.Archive.of_file(path, source.outer, entries), inside, source)
    else:
        source.keep(File(inside, facts.st_size, _file_reader(path), path, repository, _owner(facts.st_uid)))


def _file_reader(path: Path) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        try:
            with opened(path, follow=False) as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise Refused(_("it can't be read: {strerror}", strerror=error.strerror)) from None
        return archives.within(content, limit)

    return read


def _owner(number: int) -> str:
    try:
        import pwd  # not on Windows

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return ""


def _read_archive(archive: archives.Archive, prefix: str, source: Source, is_inner: bool = False) -> None:
    """List an archive and, one level deeper, the archives that students handed in."""
    if source.shares.is_left_out(prefix):
        return
    inside = f"{prefix}/" if prefix else ""
    try:
        members = archive.members()
    except Refused as error:
        if not prefix:
            raise CollectError(
                _("{name}.zip can't be read: {error}", name=source.name, error=error), _("Download it again.")
            ) from None
        source.refuse(prefix, str(error))
        return
    source.thinned(prefix, archive)
    if prefix and not any(not is_noise(member.path) for member, _reason in members):
        source.refuse(prefix, _("there is no file in it"))  # or nobody would know that somebody handed in
    source.expect(inside + member.path for member, _reason in members)
    for member, reason in members:
        path = inside + member.path
        if reason:
            source.refuse(path, reason)
        elif is_noise(member.path):
            source.ignore(path)
        elif not member.path.lower().endswith(".zip"):
            source.keep(File(path, member.size, _member_reader(archive, member)))
        elif is_inner:
            source.refuse(path, _("it is an archive in an archive: unpack it, and collect the folder"))
        else:
            _read_archive(archives.Archive.of_member(archive, member, source.inner), path, source, is_inner=True)


def _member_reader(archive: archives.Archive, member: archives.Member) -> Callable[[int], bytes]:
    return lambda limit: archive.read(member, limit)


def is_notebook(name: str) -> bool:
    return name.lower().endswith((".ipynb", ".ipynb.txt", ".ipynb.json"))


def matters(left: Left) -> bool:
    """Whether somebody may miss it: work, or what work may be in."""
    name = PurePosixPath(left.path).name
    return left.whole or is_notebook(name) or name.lower().endswith((".zip", *OTHER_ARCHIVES)) or "." not in name
