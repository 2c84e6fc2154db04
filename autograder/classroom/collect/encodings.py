"""Bytes of a notebook to UTF-8, in which Jupyter, nbgrader and the grader read them."""

from __future__ import annotations

import codecs

_BOMS = (  # UTF-32's begins with UTF-16's: the longer one first
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_KOREAN = "cp949"  # Windows in Korean; a superset of EUC-KR


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """`content` in UTF-8, and the name of the encoding that it had ('' when it was UTF-8 already).

    What isn't text that begins like JSON, in any encoding known here, comes back as it is.
    """
    for mark, encoding, name in _BOMS:
        if content.startswith(mark):
            return _converted(content, encoding, name)
    if content[:2] in (b"{\0", b"\0{"):  # UTF-16 without its mark
        return _converted(content, "utf-16-le" if content[0] else "utf-16-be", "UTF-16")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _converted(content, _KOREAN, "CP949")
    return content, ""


def decoded(content: bytes) -> str | None:
    """`content` as text, of whatever kind; None when no encoding fits."""
    for mark, encoding, _ in _BOMS:
        if content.startswith(mark):
            return _decode(content, encoding)
    for encoding in ("utf-8", _KOREAN):
        if (text := _decode(content, encoding)) is not None:
            return text
    return None


def _decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _converted(content: bytes, encoding: str, name: str) -> tuple[bytes, str]:
    text = _decode(content, encoding)
    if text is None or not text.lstrip().startswith("{"):
        return content, ""
    return text.encode("utf-8", "replace"), name
