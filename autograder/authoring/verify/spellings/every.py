"""Right answers written otherwise: each rewriter turns a construct into another that Keras, NumPy and Python hold equal."""

from autograder.authoring.verify.spellings.arrays import ARRAYS
from autograder.authoring.verify.spellings.compiling import COMPILING
from autograder.authoring.verify.spellings.holding import HOLDING
from autograder.authoring.verify.spellings.layout import LAYOUT
from autograder.authoring.verify.spellings.networks import NETWORKS
from autograder.authoring.verify.spellings.values import VALUES

REWRITERS = (*NETWORKS, *COMPILING, *VALUES, *ARRAYS, *LAYOUT, *HOLDING)
