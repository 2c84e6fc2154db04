"""At home: one line below a cell that failed, on what to do about it. A check cell never runs when one of its arguments raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from autograder.common.hints.for_errors import for_error
from autograder.common.i18n import _, speaking
from autograder.common.showing.nearest_name import nearest
from autograder.kernel.home.would_train import imported

_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_CHECK = re.compile(r"^[ \t]*(?:\w+[ \t]*=[ \t]*)?check\(", re.MULTILINE)
_WORD, _DIGITS = re.compile(r"\w+"), re.compile(r"\d")
_NEAR = 0.75  # how alike two names are of which one is taken for the other


class NotebookErrors:
    """`last`: what the cell before this one raised, or None."""

    def __init__(self, language: Callable[[], str]) -> None:
        self.language = language
        self.last: BaseException | None = None
        self._shell: Any = None
        self._then: Callable[[Any], None] = lambda result: None

    def watch(self, then: Callable[[Any], None]) -> None:
        """From now on, where IPython runs the cells; `then` is called after each."""
        self._then = then
        try:
            from IPython import get_ipython
        except ImportError:
            return
        self._shell = get_ipython()
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._after)

    def modules(self) -> list[str]:
        """What the notebook imported, as far as its names show."""
        return list(imported(self._shell.user_ns)) if self._shell is not None else []

    def _after(self, result: Any) -> None:
        self.last = result.error_in_exec or result.error_before_exec
        with suppress(Exception):
            self._then(result)
        if self.last is None:
            return
        with suppress(Exception):  # a hint must never be an error more
            with speaking(self.language()):
                said = self.hint(self.last, str(getattr(result.info, "raw_cell", "") or ""))
            if said:
                print(said)

    def hint(self, error: BaseException, cell: str) -> str:
        """What to say below `cell`, which raised `error`; '' for nothing."""
        kind, message = type(error).__name__, str(error)
        match = _UNDEFINED.search(message) if isinstance(error, NameError) else None
        made = for_error(kind, message)
        if match and not isinstance(error, UnboundLocalError) and "import" not in made:
            made = self._undefined(match[1], cell) or made
        return _("Hint: {hint}", hint=made) if made else ""

    def _undefined(self, name: str, cell: str) -> str:
        near = nearest(name, self._others(name, cell), _NEAR)
        if near:
            return _("`{name}` does not exist, but `{near}` does: is one of them mistyped?", name=name, near=near)
        if _CHECK.search(cell):
            return _("`{name}` is made in an answer cell above: run that cell first.", name=name)
        return ""

    def _others(self, name: str, cell: str) -> list[str]:
        """The names that the notebook made and that `name` may stand for: not those that the cell asks for beside it, such as dense2."""
        space = self._shell.user_ns if self._shell is not None else {}
        asked, bare = set(_WORD.findall(cell)), _DIGITS.sub("", name)
        hidden = getattr(self._shell, "user_ns_hidden", {})
        return [
            key for key, value in space.items()
            if not key.startswith("_") and key not in hidden and key not in asked and _DIGITS.sub("", key) != bare
            and type(value).__name__ != "module"
        ]  # fmt: skip
