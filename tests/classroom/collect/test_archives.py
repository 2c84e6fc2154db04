"""Archives and folders that mean harm, or are only odd: nothing outside is touched, and everything is listed."""

import copy
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from autograder.classroom.collect import archives, sources
from autograder.common.errors import CollectError
from tests.classroom.collect.conftest import outcome, submission, tree


def entry(name, content, **facts):
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    for key, value in facts.items():
        setattr(info, key, value)
    return info, content


def written(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return path


OUTSIDE = (
    "../../../{place}/deep.ipynb",
    "/{place}/deep.ipynb",
    "x/../../{place}/deep.ipynb",
    "C:\\{place}\\deep.ipynb",
    "..\\..\\{place}\\deep.ipynb",
    "C:/{place}/deep.ipynb",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leaves_the_archive_is_refused(name, work, tmp_path, classroom, collecting):
    path = written(tmp_path / "c.zip", [
        entry(name.format(place="ada"), work("deep", "mallory")), entry("ada/deep.ipynb", work("deep", "ada")),
    ])  # fmt: skip
    before = set(tree(tmp_path))
    counted, left = outcome(collecting(path))
    assert counted == {("ada", "deep"): "taken"}
    assert list(left.values()) == ["its path leaves the archive"]
    new = set(tree(tmp_path)) - before
    assert new and all(name.startswith(("course/submitted/", "course/journal/")) for name in new)


def test_links_are_refused_in_archives_and_folders(work, tmp_path, folder, collecting):
    link = entry("bob/deep.ipynb", str(tmp_path / "secret.ipynb"), create_system=3, external_attr=0o120777 << 16)
    path = written(tmp_path / "c.zip", [link, entry("ada/deep.ipynb", work("deep", "ada"))])
    assert outcome(collecting(path))[1] == {"bob/deep.ipynb": "it is a link to another file"}
    place = folder({"carl/deep.ipynb": work("deep", "carl")})
    (tmp_path / "secret.ipynb").write_bytes(work("deep", "secret"))
    (place / "dora").mkdir()
    (place / "dora" / "deep.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (place / "eve").symlink_to(place / "carl")
    os.mkfifo(place / "carl" / "two_layer.ipynb")
    counted, left = outcome(collecting(place))
    assert counted == {("carl", "deep"): "taken"}
    assert left == {
        "carl/two_layer.ipynb": "it is not an ordinary file",
        "dora/deep.ipynb": "it is a link to another file",
        "eve": "it is a link to another folder",
    }


def test_a_bomb_costs_nothing_and_harms_only_itself(work, tmp_path, collecting, monkeypatch):
    bomb, large = b"\0" * 15_000_000, os.urandom(21_000_000)
    path = written(tmp_path / "c.zip", [
        entry("mallory/deep.ipynb", bomb), entry("eve/deep.ipynb", large), entry("ada/deep.ipynb", work("deep", "ada")),
    ])  # fmt: skip
    read = []
    original = archives.Archive.read
    monkeypatch.setattr(
        archives.Archive, "read", lambda self, member, limit: read.append(member.path) or original(self, member, limit)
    )
    counted, left = outcome(collecting(path))
    assert counted == {("ada", "deep"): "taken"}
    assert left == {
        "mallory/deep.ipynb": "it unpacks to more than 200 times its size, as no notebook does",
        "eve/deep.ipynb": "it is larger than 20 MB",
    }
    assert "mallory/deep.ipynb" not in read


def test_a_size_that_lies_is_found_out(work, tmp_path, collecting):
    path = written(
        tmp_path / "c.zip", [entry("eve/deep.ipynb", b"{" * 30_000_000), entry("ada/deep.ipynb", work("deep", "ada"))]
    )
    data = path.read_bytes()
    lie = struct.pack("<L", 500_000)
    path.write_bytes(data.replace(struct.pack("<L", 30_000_000), lie))
    counted, left = outcome(collecting(path))
    assert counted == {("ada", "deep"): "taken"}
    assert left["eve/deep.ipynb"].startswith("it is damaged in the archive")


def test_a_gigabyte_is_not_read(tmp_path, work, folder, collecting):
    place = folder({"ada/deep.ipynb": work("deep", "ada")})
    (place / "eve").mkdir()
    with (place / "eve" / "deep.ipynb").open("wb") as file:
        file.truncate(1 << 30)
    assert outcome(collecting(place)) == ({("ada", "deep"): "taken"}, {"eve/deep.ipynb": "it is larger than 20 MB"})


def test_encrypted_and_doubled_entries_are_refused(work, tmp_path, collecting):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = written(tmp_path / "c.zip", [
            entry("bob/deep.ipynb", work("deep", "bob")), entry("bob/deep.ipynb", work("deep", "other")),
            entry("eve/deep.ipynb", work("deep", "eve")), entry("ada/deep.ipynb", work("deep", "ada")),
        ])  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.rindex(b"eve/deep.ipynb") - 46  # its entry in the directory at the end
    data[at + 8] |= 1
    path.write_bytes(data)
    assert outcome(collecting(path)) == (
        {("ada", "deep"): "taken"},
        {"bob/deep.ipynb": "the archive holds 2 files of this name", "eve/deep.ipynb": "it is encrypted"},
    )


def test_a_damaged_entry_costs_only_its_student(work, tmp_path, collecting):
    path = written(
        tmp_path / "c.zip", [entry("eve/deep.ipynb", work("deep", "eve")), entry("ada/deep.ipynb", work("deep", "ada"))]
    )
    data = bytearray(path.read_bytes())
    for at in range(300, 400):
        data[at] ^= 0xFF
    path.write_bytes(data)
    counted, left = outcome(collecting(path))
    assert counted == {("ada", "deep"): "taken"}
    assert left["eve/deep.ipynb"].startswith("it is damaged in the archive")


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "cp437"])
def test_names_without_the_flag_for_utf8_are_read(encoding, work, tmp_path, collecting):
    name = "jos\u00e9/deep.ipynb" if encoding == "cp437" else "김철수/deep.ipynb"
    path = written(tmp_path / "c.zip", [entry("X" * len(name.encode(encoding)), work("deep", "a"))])
    raw = name.encode(encoding)
    path.write_bytes(path.read_bytes().replace(b"X" * len(raw), raw))
    assert set(outcome(collecting(path))[0]) == {(name.partition("/")[0], "deep")}


def test_macs_names_and_noise(work, zipped, collecting):
    """macOS writes Korean in parts and adds files of its own."""
    import unicodedata

    collected = collecting(zipped({
        unicodedata.normalize("NFD", "김철수/deep.ipynb"): work("deep", "kim"), "__MACOSX/김철수/._deep.ipynb": b"x",
        "김철수/.ipynb_checkpoints/deep-checkpoint.ipynb": work("deep", ""), ".DS_Store": b"",
    }))  # fmt: skip
    assert outcome(collected) == ({("김철수", "deep"): "taken"}, {})
    assert len(collected.ignored) == 3


def inner(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_one_archive_within_another_is_read_and_no_deeper(work, zipped, collecting, classroom):
    deeper = inner({"deep.ipynb": work("deep", "eve")})
    counted, left = outcome(collecting(zipped({
        "ada/work.zip": inner({"my work/deep.ipynb": work("deep", "ada"), "../x.ipynb": work("deep", "x")}),
        "eve/work.zip": inner({"more.zip": deeper}), "bob/work.zip": b"PK no zip", "carl/work.rar": b"Rar!",
        "dora/work.zip": inner({"essay.pdf": b"%PDF"}),
    })))  # fmt: skip
    assert counted == {("ada", "deep"): "taken"}
    assert submission(classroom, "ada", "deep")[0] == work("deep", "ada")
    assert left == {
        "ada/work.zip/../x.ipynb": "its path leaves the archive",
        "bob/work.zip": "it is not a whole zip (File is not a zip file)",
        "carl/work.rar": "an archive of this kind is not read: unpack it",
        "dora/work.zip/essay.pdf": "no notebook was handed in with it (essay.pdf)",
        "eve/work.zip/more.zip": "it is an archive in an archive: unpack it, and collect the folder",
    }


def test_an_archive_that_holds_nothing_is_listed(work, zipped, collecting):
    """Whoever handed it in is in no other line."""
    many = {f".venv/{number}": b"" for number in range(archives.INNER_ENTRIES + 1)}
    given = {
        "empty": {},
        "folders": {"a/": b"", "a/b/": b""},
        "noise": {"__MACOSX/._deep.ipynb": b"x"},
        "thinned": many,
    }
    files = {f"{name}/work.zip": inner(content) for name, content in given.items()}
    counted, left = outcome(collecting(zipped({**files, "ada/deep.ipynb": work("deep", "ada")})))
    assert counted == {("ada", "deep"): "taken"}
    assert left == {f"{name}/work.zip": "there is no file in it" for name in given}


def test_a_folder_of_archives_is_read(work, folder, zipped, collecting):
    files = {f"{name}_1_assignsubmission_file_/deep.ipynb": work("deep", name) for name in ("Jane Doe", "Bob Roe")}
    place = folder({"DL-deep-1.zip": zipped(files, "a").read_bytes()})
    assert set(outcome(collecting(place))[0]) == {("Jane-Doe", "deep"), ("Bob-Roe", "deep")}


def test_an_archive_of_too_many_or_too_large_is_refused(work, zipped, folder, collecting, monkeypatch):
    many = inner({f"{number}.txt": b"" for number in range(archives.INNER_ENTRIES + 1)})
    place = zipped({"eve/many.zip": many, "ada/deep.ipynb": work("deep", "ada")})
    assert outcome(collecting(place))[1] == {"eve/many.zip": "it holds more than 2,000 files"}
    monkeypatch.setattr(archives, "INNER_MB", 1)
    large = zipped({"bob/large.zip": os.urandom(1_100_000), "carl/deep.ipynb": work("deep", "carl")}, "large")
    assert outcome(collecting(large))[1] == {"bob/large.zip": "it is larger than 1 MB"}
    monkeypatch.setattr(archives, "SOURCE_ENTRIES", 1)
    loose = zipped({"1.ipynb": b"{}", "2.ipynb": b"{}"}, "loose")
    with pytest.raises(CollectError, match=r"loose.zip can't be read: it holds more than 1 file"):
        collecting(loose)
    monkeypatch.setattr(sources, "FILES", 10)
    with pytest.raises(CollectError, match="holds more than 10 files"):  # and nobody's more than anybody else's
        collecting(folder({f"{number}/x.ipynb": b"" for number in range(11)}))


def test_ten_thousand_files_are_read_once_each(work, zipped, collecting):
    files = {f"s{number:05}/notes.txt": b"" for number in range(10_000)}
    files |= {f"s{number:05}/deep.ipynb": work("deep", "one") for number in range(0, 10_000, 1000)}
    collected = collecting(zipped(files), dry_run=True)
    assert len(collected.notebooks) == 10
    assert len(collected.unmatched) == 9_990 and len(collected.ignored) == 10


def test_what_is_neither_folder_nor_archive_is_said(tmp_path, folder, collecting, classroom):
    (tmp_path / "class.rar").write_bytes(b"Rar!")
    empty = folder({"x/.keep": b""}, "empty")
    (empty / "x" / ".keep").unlink()
    (classroom.root / "submitted").mkdir()
    for place, message in (
        (tmp_path / "nowhere", "there is no "), (tmp_path / "class.rar", "neither a folder nor a zip"),
        (empty, "holds no notebook"), (classroom.root / "submitted", "is, or holds, this course's submitted/"),
        (classroom.root, "is, or holds, this course's submitted/"),
    ):  # fmt: skip
        with pytest.raises(CollectError, match=message) as caught:
            collecting(place)
        assert caught.value.remedy


def test_names_that_are_no_text_are_shown_and_harm_nobody(work, folder, collecting):
    place = folder({"ada/deep.ipynb": work("deep", "ada")})
    odd = os.fsencode(place) + b"/b\xffb\x1b[31m"
    os.mkdir(odd)
    Path(os.fsdecode(odd + b"/deep.ipynb")).write_bytes(work("deep", "bob"))
    counted, left = outcome(collecting(place))
    assert not left and len(counted) == 2
    assert all(student.isprintable() and "/" not in student for student, _ in counted)


def many_files(count, comment=b""):
    """Entries of a directory, as small as they can be, without files."""
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, 0, 0, 0, 0, 0, 0)
    last = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, 0, len(comment), 0, 0, 0, 0)
    return (one + b"x") * (count - 1) + last + b"x" + comment


def end_record(size, count=3, offset=0, comment=b""):
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


MANY = 40_000
SMALL64 = b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, 1, 1, 46, 0)
LOCATOR = b"PK\6\7" + struct.pack("<LQL", 0, 0, 1)
ENDS = {
    "plain": lambda: many_files(MANY) + end_record(47 * MANY),
    "a small number": lambda: many_files(MANY) + end_record(47 * MANY, 1),
    "an offset that looks like an end record": lambda: many_files(MANY) + end_record(47 * MANY, 3, 0x06054B50),
    "a record of large archives in a comment": lambda: many_files(MANY, SMALL64) + end_record(47 * MANY + len(SMALL64)),
    "an end record in the comment": lambda: many_files(MANY) + end_record(47 * MANY, comment=b"PK\5\6" + b"\0" * 17),
    "two end records": lambda: many_files(MANY) + end_record(47 * MANY, comment=end_record(47 * MANY + 22)),
    "a size beyond the file": lambda: many_files(3) + end_record(2**31),
    "a record of large archives": lambda: many_files(MANY) + SMALL64.replace(struct.pack("<Q", 46), struct.pack("<Q", 47 * MANY)) + LOCATOR + end_record(9),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENDS)
def test_however_an_archive_ends_no_more_entries_are_made_of_it_than_it_may_hold(
    kind, zipped, collecting, monkeypatch, work
):
    """zipfile makes an object of each entry before anybody can count them: a million are minutes and a gigabyte."""
    made = []
    real = zipfile.ZipInfo.__init__
    place = zipped({"eve/many.zip": ENDS[kind](), "ada/deep.ipynb": work("deep", "ada")}, packing=zipfile.ZIP_STORED)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda self, *given: (made.append(1), real(self, *given))[1])
    counted, left = outcome(collecting(place))
    assert counted == {("ada", "deep"): "taken"} and set(left) == {"eve/many.zip"}
    assert len(made) < archives.INNER_ENTRIES + 10


def test_files_that_lie_one_in_the_other_are_refused(zipped, collecting, work):
    """One kernel of packed bytes, and a directory that names it a hundred times: a small upload, and any amount to read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.zip", os.urandom(20_000))
        for number in range(100):
            twin = copy.copy(archive.infolist()[0])
            twin.filename = twin.orig_filename = f"{number}.zip"
            archive.filelist.append(twin)
    place = zipped({"eve/work.zip": buffer.getvalue(), "ada/deep.ipynb": work("deep", "ada")})
    counted, left = outcome(collecting(place))
    assert counted == {("ada", "deep"): "taken"} and left == {"eve/work.zip": "its files lie one in the other"}


def test_a_name_that_no_file_system_has_is_refused_before_any_pattern_sees_it(work, zipped, collecting):
    files = {
        "-" * 64_000 + ".ipynb": b"{}",
        "ada/deep.ipynb": work("deep", "ada"),
        "eve/" + "x" * 300 + "/deep.ipynb": b"{}",
    }
    counted, left = outcome(collecting(zipped(files)))
    assert counted == {("ada", "deep"): "taken"}
    assert set(left.values()) == {"its name is longer than 255 bytes"} and max(map(len, left)) < 400


def test_what_one_upload_becomes_on_disk_is_limited(work, zipped, collecting, monkeypatch):
    from autograder.classroom.collect import matching

    monkeypatch.setattr(matching, "UPLOADS", 0.01)  # of 20 MB: about eight of these notebooks
    flood = inner({f"{number}/deep.ipynb": work("deep", f"eve {number}") for number in range(12)})
    read, original = [], archives.Archive.read
    monkeypatch.setattr(
        archives.Archive, "read", lambda self, member, limit: read.append(member.path) or original(self, member, limit)
    )
    counted, left = outcome(collecting(zipped({"eve/work.zip": flood, "ada/deep.ipynb": work("deep", "ada")})))
    assert counted[("ada", "deep")] == "taken"
    beyond = sorted(path for path, why in left.items() if why == "this upload holds more than 0.2 MB of notebooks")
    assert beyond and not {path.removeprefix("eve/work.zip/") for path in beyond} & set(read)  # nor unpacked


def test_of_one_upload_a_hundred_notebooks_are_looked_into(work, zipped, collecting, monkeypatch):
    from autograder.classroom.collect import matching

    looked, parse = [], matching.confined
    monkeypatch.setattr(matching, "confined", lambda job: looked.append(job) or parse(job))
    monkeypatch.setattr(matching, "NOTEBOOKS", 5)
    flood = inner({f"{number}.ipynb": b"{}" for number in range(40)})
    counted, left = outcome(collecting(zipped({"eve/work.zip": flood, "ada/deep.ipynb": work("deep", "ada")})))
    assert counted[("ada", "deep")] == "taken" and len(looked) == 6
    reason = "this upload holds more than 5 notebooks"
    assert list(left.values()).count(reason) == 20 and left["eve"] == f"15 files more: {reason}"


def test_whatever_zipfile_stumbles_over_costs_only_its_student(work, zipped, collecting):
    """Names that are empty, extra fields that end too early: each is another exception of zipfile's."""
    odd = inner({"x.ipynb": b"{}"})
    at = odd.rindex(b"x.ipynb")
    bent = {
        "no name": odd[:at] + b"\0" + odd[at + 1 :],
        "extra field": odd[: at - 16] + struct.pack("<H", 4) + odd[at - 14 : at + 7] + b"\1\0\xff\0" + odd[at + 7 :],
        "far away": odd[: at - 4] + b"\xff\xff\xff\x7f" + odd[at:],
        "of version 99": odd[: at - 40] + b"\x63\0" + odd[at - 38 :],
    }
    files = {f"eve/{name}.zip": data for name, data in bent.items()}
    counted, left = outcome(collecting(zipped({**files, "ada/deep.ipynb": work("deep", "ada")})))
    assert counted == {("ada", "deep"): "taken"}
    assert {path.split("/")[1].removesuffix(".zip") for path in left} == set(bent)


@pytest.mark.parametrize("name", [b"Zo\xe9", b"\xff\xfe", b"\xb1\xe8", b"\xc0\xaf", b"\xed\xa0\x80", b"a\x80"])
def test_a_name_that_says_it_is_utf8_and_is_not_costs_nobody_the_class(name, work, zipped, collecting):
    """zipfile gives up the whole archive for one such name, and platforms put names that students chose into the class's."""
    stand_in = "Q" * len(name)
    files = {f"{stand_in}_1_assignsubmission_file_/deep.ipynb": work("deep", "zoe")}
    place = zipped({**files, "Ada_2_assignsubmission_file_/deep.ipynb": work("deep", "ada")})
    data = bytearray(place.read_bytes().replace(stand_in.encode(), name))
    for mark, flags in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        data[data.index(mark) + flags] |= 0x08
    place.write_bytes(data)
    counted, left = outcome(collecting(place))
    assert counted[("Ada", "deep")] == "taken" and len(counted) + len(left) == 2
