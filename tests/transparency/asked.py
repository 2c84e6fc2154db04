"""All cells that the suite runs in both kernels: what is kept of them is kept as long as they are here."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transparency import (
    cells,
    cells_of_changes,
    cells_of_code,
    cells_of_customs,
    cells_of_errors,
    cells_of_guides,
    cells_of_looks,
    cells_of_models,
    cells_of_names,
    cells_of_notebooks,
    cells_of_numbers,
    cells_of_settings,
    cells_of_surgery,
    cells_of_traces,
    cells_of_tutorials,
)
from tests.transparency.sequences import programs

MODULES = {
    "models": cells_of_models,
    "names": cells_of_names,
    "traces": cells_of_traces,
    "errors": cells_of_errors,
    "notebooks": cells_of_notebooks,
    "customs": cells_of_customs,
    "numbers": cells_of_numbers,
    "looks": cells_of_looks,
    "code": cells_of_code,
    "tutorials": cells_of_tutorials,
    "guides": cells_of_guides,
    "changes": cells_of_changes,
    "surgery": cells_of_surgery,
    "settings": cells_of_settings,
}
WATCHED = {"numbers"}  # whose calls are held against relations beside plain Keras too
SEQUENCES = 20  # of each run


def asked() -> Iterator[tuple[str, bool]]:
    """Each cell's code, and whether it is watched."""
    yield from ((code, False) for code in cells.CELLS.values())
    for name, module in MODULES.items():
        yield from ((code, name in WATCHED) for code in module.CELLS.values())
    yield from ((code, False) for code in programs(SEQUENCES, 0).values())
