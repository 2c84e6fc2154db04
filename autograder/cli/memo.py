"""`autograder memo`: what is known already."""

from __future__ import annotations

import typer

from autograder.cli.common import MemoFolder, out
from autograder.common.i18n import _

app = typer.Typer(help="The trainings that are known already, and need not run again.", no_args_is_help=True)


@app.command("info", epilog="Example: autograder memo info")
def memo_info(memo: MemoFolder = None) -> None:
    """How many trainings are known, and how much room they take."""
    from autograder.networks.memo import Memo as Store
    from autograder.networks.memo import default_folder

    store = Store(memo or default_folder())
    entries = store.entries()
    size = sum(size for _key, size, _used in entries) / 1e6
    text = _(
        "{count} trainings, {size:,.1f} MB of {limit:,.0f} MB, in {folder}",
        count=len(entries), size=size, limit=store.limit / 1e6, folder=store.folder,
    )  # fmt: skip
    out.print(text, highlight=False)


@app.command("clear", epilog="Example: autograder memo clear")
def memo_clear(memo: MemoFolder = None) -> None:
    """Forget all known trainings."""
    from autograder.networks.memo import Memo as Store
    from autograder.networks.memo import default_folder

    out.print(_("{count} trainings forgotten", count=Store(memo or default_folder()).clear()))
