"""Cells of CSV files: numbers without noise, and texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

Cell = str | float | int | None
# Excel, LibreOffice and Google Sheets evaluate a cell that starts with one of these. Source: OWASP, "CSV Injection"
# (https://owasp.org/www-community/attacks/CSV_Injection); the full-width forms count in East Asian locales.
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
# A spreadsheet may part lines at another mark than the comma, as in most of Europe: then a cell begins wherever that mark stands, quotes or not.
# "- " begins the lines of our own lists.
_INNER = re.compile(r"""([;|\t\n][ "']*)(?=[=+@＝＋－＠]|-(?! ))""")


def number(value: float) -> str:
    """Up to six decimals, no exponent, no trailing zeros: 21.5, 3, 0.333333."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def guarded(text: str) -> str:
    """A text as it is or, if a spreadsheet would evaluate it, behind an apostrophe, which makes it a text there."""
    clean = "".join(char if char.isprintable() or char in "\t\n" else " " for char in text)
    clean = _INNER.sub(r"\1'", clean)
    bare = clean.lstrip(" ")
    return f"'{clean}" if len(bare) > 1 and bare.startswith(_FORMULA) else clean


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """CSV as in RFC 4180, with lines ended by CR LF: numbers by `number`, texts guarded, None as an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(cell) for cell in row])
    return stream.getvalue()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return guarded(cell) if isinstance(cell, str) else number(cell)
