"""Right answers written otherwise: each rewriter turns a construct into another that Keras, NumPy and Python hold equal."""

from autograder.authoring.verify.spellings.every import REWRITERS

__all__ = ["REWRITERS"]
