"""What is in a folder or an archive, read without trusting it: nothing is unpacked, no link is followed.

`Source` lists files with a path inside SOURCE and reads them into memory, up to a limit. What can't be read safely is
listed with the reason, never skipped without a word. An archive inside counts as a folder of its name.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.classroom.collect import archives
from autograder.common.errors import CollectError
from autograder.common.files import opened
from autograder.common.i18n import _

FILES = 100_000  # of a folder: a class of 500 with 200 files each
OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")
_NOISE = {".git", ".ipynb_checkpoints", "__MACOSX", "__pycache__", ".venv", "node_modules"}


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
    """A file that is not read, and why."""

    path: str
    reason: str


@dataclass
class Source:
    """`name`: of the folder or archive itself. `refused`: what can't be read safely; `noise`: what no student means."""

    name: str
    files: list[File] = field(default_factory=list)
    refused: list[Left] = field(default_factory=list)
    noise: list[Left] = field(default_factory=list)
    outer: archives.Slot = field(default_factory=archives.Slot, repr=False)
    inner: archives.Slot = field(default_factory=archives.Slot, repr=False)

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
        _read_archive(archives.Archive.of_file(place, source.outer), "", source)
    else:
        raise CollectError(
            _("{place} is neither a folder nor a zip", place=place),
            _("Unpack archives of another kind, and name the folder."),
            misused=True,
        )
    source.files.sort(key=lambda file: file.path)
    return source


def _read_folder(root: Path, source: Source) -> None:
    count = 0
    for folder, names, files in os.walk(root):
        here = Path(folder)
        repository = _repository(here, root)
        for name in sorted(names):
            path = here / name
            if path.is_symlink():
                source.refused.append(Left(_inside(path, root), _("it is a link to another folder")))
        # Noise is left by its name; links are never followed, by os.walk's default.
        for name in sorted(set(names) & _NOISE):
            source.noise.append(Left(_inside(here / name, root), _("not part of what was handed in")))
        names[:] = sorted(name for name in names if name not in _NOISE and not name.startswith("."))
        for name in sorted(files):
            count += 1
            if count > FILES:
                raise CollectError(
                    _("{root} holds more than {number:,} files", root=root, number=FILES),
                    _("Name the folder of one class."),
                )
            _add_file(here / name, root, source, repository)


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
        source.refused.append(Left(inside, _("it can't be read: {strerror}", strerror=error.strerror)))
        return
    if is_noise(inside):
        source.noise.append(Left(inside, _("not part of what was handed in")))
    elif stat.S_ISLNK(facts.st_mode):
        source.refused.append(Left(inside, _("it is a link to another file")))
    elif not stat.S_ISREG(facts.st_mode):
        source.refused.append(Left(inside, _("it is not an ordinary file")))
    elif path.suffix.lower() == ".zip":
        _read_archive(archives.Archive.of_file(path, source.outer), inside, source)
    else:
        source.files.append(File(inside, facts.st_size, _file_reader(path), path, repository, _owner(facts.st_uid)))


def _file_reader(path: Path) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        try:
            with opened(path, follow=False) as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise archives.Refused(_("it can't be read: {strerror}", strerror=error.strerror)) from None
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
    inside = f"{prefix}/" if prefix else ""
    try:
        members = archive.members()
    except archives.Refused as error:
        if not prefix:
            raise CollectError(
                _("{name}.zip can't be read: {error}", name=source.name, error=error), _("Download it again.")
            ) from None
        source.refused.append(Left(prefix, str(error)))
        return
    for member, reason in members:
        path = inside + member.path
        if reason:
            source.refused.append(Left(path, reason))
        elif is_noise(member.path):
            source.noise.append(Left(path, _("not part of what was handed in")))
        elif not member.path.lower().endswith(".zip"):
            source.files.append(File(path, member.size, _member_reader(archive, member)))
        elif is_inner:
            source.refused.append(Left(path, _("it is an archive in an archive: unpack it, and collect the folder")))
        else:
            _read_archive(archives.Archive.of_member(archive, member, source.inner), path, source, is_inner=True)


def _member_reader(archive: archives.Archive, member: archives.Member) -> Callable[[int], bytes]:
    return lambda limit: archive.read(member, limit)


def is_noise(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(_NOISE.intersection(parts)) or any(part.startswith(".") for part in parts)
