"""Words for the cells of a notebook: nbgrader's grade ids, and where they stand."""

from __future__ import annotations

from nbformat import NotebookNode


def cells_by_id(notebook: NotebookNode) -> dict[str, tuple[int, NotebookNode]]:
    """Code cells by nbgrader's grade id, with their index."""
    found: dict[str, tuple[int, NotebookNode]] = {}
    for index, cell in enumerate(notebook.cells):
        grade_id = grade_id_of(cell)
        if cell.cell_type == "code" and grade_id:
            found.setdefault(grade_id, (index, cell))
    return found


def grade_id_of(cell: NotebookNode) -> str:
    """nbgrader's name of a cell; '' for one that nbgrader doesn't know."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
