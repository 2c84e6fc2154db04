"""Data that are given by the names of a network's inputs and outputs, as ``{"pixels": x}``: which array Keras takes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.kernel.describing.recognised_samples import array
from autograder.kernel.describing.structure import is_own


def fed(model: Any, given: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """x, y and weights of samples as `model` takes them: out of dictionaries what Keras takes out of them, all else as it is.

    Raises CannotTrainHere, or what Keras raises, for what it refuses.
    """
    x, y, weights = given
    return _taken(model, x) if _by_name(x) else x, _targets(model, y) if isinstance(y, dict) else y, weights


def _by_name(x: Any) -> bool:
    while isinstance(x, (list, tuple)) and len(x) == 1:
        (x,) = x
    return isinstance(x, dict)


def _taken(model: Any, x: Any) -> Any:
    """Keras itself says which, of samples that are marked with their places: it goes by names in some networks, and by the order in others."""
    import keras
    from keras.src.models.functional import Functional

    network = getattr(model, "_functional", model)
    if is_own(model) or not isinstance(network, Functional):
        raise CannotTrainHere(_("the data are not arrays"))
    arrays = [array(one) for one in keras.tree.flatten(x)]
    if len({len(one) for one in arrays}) != 1:
        raise CannotTrainHere(_("the data are not arrays"))
    marks = [np.full((1, *one.shape[1:]), place, "float32") for place, one in enumerate(arrays)]
    marked = keras.tree.pack_sequence_as(x, marks)
    if network is model:
        network._assert_input_compatibility(marked)
    (taken,) = Functional._standardize_inputs(_silent(network), marked)
    return arrays[int(np.ravel(taken)[0])]


def _silent(network: Any) -> Any:
    """What Keras asks of a network to tell what it takes, without its warnings: they come where it is fed."""

    def refuse(_inputs: Any, raise_exception: bool = False) -> None:
        if raise_exception:
            raise CannotTrainHere(_("the data are not arrays"))

    asked = ("_inputs_struct", "_inputs", "_convert_inputs_to_tensors", "_adjust_input_rank")
    return SimpleNamespace(
        **{name: getattr(network, name) for name in asked}, _maybe_warn_inputs_struct_mismatch=refuse
    )


def _targets(model: Any, y: dict[Any, Any]) -> Any:
    """Keras takes a dictionary where the network gives one."""
    import keras

    keras.tree.assert_same_structure(y, getattr(model, "_outputs_struct", None))
    (only,) = keras.tree.flatten(y)
    return only
