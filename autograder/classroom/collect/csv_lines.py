"""The lines of a CSV that a person made or a platform exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from autograder.common.errors import CollectError
from autograder.common.i18n import _


def csv_lines(path: Path, text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The cells of each line of `text`, which stands in `path`, and the number of its last line.

    Raises CollectError, with the line where it begins, for what no CSV has: a quote that nothing closes would take all below it into one cell.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    first = 1
    try:
        for row in rows:
            yield rows.line_num, row
            first = rows.line_num + 1
    except csv.Error as error:
        raise CollectError(
            _("{path}, line {line}: {error}", path=path, line=first, error=error), _("Save it as CSV again.")
        ) from None
