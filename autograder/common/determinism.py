"""How TensorFlow is made repeatable, wherever networks are trained: in the judge, and in the kernels of students."""

from __future__ import annotations

from typing import Any


def settle(tensorflow: Any) -> None:
    """One thread, deterministic ops. Takes the module, so that it is imported by those who need it; call before its first op."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    tensorflow.config.experimental.enable_op_determinism()
