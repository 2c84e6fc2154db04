"""How TensorFlow is made repeatable, wherever networks are trained: in the judge, and in the kernels of students."""

from __future__ import annotations

import os
from typing import Any


def settle(tensorflow: Any) -> None:
    """One thread, deterministic ops. Takes the module, so that it is imported by those who need it; call before its first op.

    The threads are said in the environment, which TensorFlow reads at its first op: what it says of itself to a notebook is as ever.
    """
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    tensorflow.config.experimental.enable_op_determinism()
