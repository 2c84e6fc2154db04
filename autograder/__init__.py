"""Autograded exercises on deep neural networks.

In a notebook: ``from autograder import check``. Everything else is for those who grade: see ``autograder --help``.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "check"]

if TYPE_CHECKING:
    from autograder.kernel.check import check


def __getattr__(name: str) -> Any:
    # `check` imports Keras, which takes seconds: only those who ask for it pay for it.
    if name == "check":
        from autograder.common.machine.requirements import NotReady, problem
        from autograder.kernel.check import check, networks, start

        try:
            sentence = problem(networks)
        except Exception:  # nobody knows what is missing: most likely nothing
            sentence = ""
        if sentence:
            print(sentence)
            return NotReady(sentence)
        start()
        return check
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
