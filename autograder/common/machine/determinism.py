"""How TensorFlow is made repeatable, wherever networks are trained: in the judge, and in the kernels of students."""

from __future__ import annotations

import os
from typing import Any

_settled = False


def settle(tensorflow: Any) -> None:
    """One thread, deterministic ops. Takes the module, so that it is imported by those who need it; call before its first op.

    The threads are said in the environment, which TensorFlow reads at its first op: what it says of itself to a notebook is as ever.
    Raises RuntimeError when an op has run already: on that process's threads a training ends with other bits than a judge's.
    """
    global _settled
    if _settled:
        return
    threading = tensorflow.config.threading
    threads = threading.get_intra_op_parallelism_threads()
    try:
        threading.set_intra_op_parallelism_threads(threads + 1)  # refused after the first op
    except RuntimeError as error:
        raise RuntimeError("TensorFlow has run an op in this process before it was made repeatable") from error
    threading.set_intra_op_parallelism_threads(threads)
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    tensorflow.config.experimental.enable_op_determinism()
    _settled = True
