"""What Keras's functions were traced with: a network as it stood at their first batch of a form, whatever was changed in it since.

A frozen layer, another rate of dropout or another activation has no effect on a function that Keras has traced, until ``compile`` makes a
new one. While grading the judge and ``predict`` trace nothing: what they do for such a function, they do on the network `as_traced`.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.kernel.describing.wiring import Followed, followed_once
from autograder.kernel.in_place import Call, Steps
from autograder.kernel.object_notes import Notes

# Types and shapes of a batch, and last the structure of its images: what a function is traced for.
Form = tuple[tuple[str, tuple[int | None, ...]], ...]

_SETTINGS = (bool, int, float, str, tuple, type(None))
_NO_SETTINGS = {"built", "_called", "_lock"}  # what Keras itself notes while it works


@dataclass
class _Trace:
    form: Form
    settings: list[tuple[Any, dict[str, Any]]]  # of parts of the network; None stands for the network
    done: bool = False  # by the judge, or by Keras
    by_keras: bool = False
    followed: Followed = field(default_factory=dict)  # how the network's layers were called then


_of_others: Notes[list[_Trace]] = Notes()  # traces of functions that aren't TensorFlow's
_broken: Notes[bool] = Notes()


@contextmanager
def as_traced(model: Any, function: Any, form: Form, by_keras: bool = False) -> Iterator[bool]:
    """`model` as it was when Keras would have traced `function` for batches of this `form`: now, if it never did (then True)."""
    if runs_eagerly(model, function):
        yield True
        return
    traces = _traces(function)
    trace = _covering(traces, form)
    new = trace is None
    if trace is None:
        trace = _Trace(_general(traces, form), _settings(model))
        traces.append(trace)
    changed = [] if trace.by_keras and by_keras else _put_back(model, trace.settings)
    try:
        with nullcontext() if by_keras else followed_once(trace.followed):
            yield new
        if not trace.done:
            trace.settings += _made(model)
        trace.done, trace.by_keras = True, trace.by_keras or by_keras
    except BaseException:  # that the generator around it was closed, where Keras's function raised
        if not trace.done:
            traces.remove(trace)
            if by_keras and not any(one.done for one in traces) and not _is_traced(function):
                _broken.set(function, True)
        raise
    finally:
        for attributes, name, value in changed:
            attributes[name] = value


def as_it_was(model: Any, *functions: Any) -> bool:
    """Whether `model` stands as it did whenever one of the `functions` was traced, and Keras made them."""
    made = [function for function in functions if function]
    return all(map(is_kerass, made)) and not any(
        any(_changed(model, trace.settings)) for function in made for trace in _traces(function)
    )


def runs_eagerly(model: Any, function: Any) -> bool:
    """Whether nothing is traced where `function` is called. Keras asks the network for that where it makes a function, and not again."""
    import tensorflow as tf

    graph = hasattr(_step_of(function), "get_concrete_function") if is_kerass(function) else not model.run_eagerly
    return not graph or bool(tf.config.functions_run_eagerly())


def _batches_of(spec: Any) -> Any:
    import tensorflow as tf

    return iter(tf.data.Dataset.from_generator(lambda: iter(()), output_signature=spec))


def traced_before(function: Any, form: Form, given: Callable[[Any], Any] = _batches_of) -> Steps:
    """Yields the calls by which Keras traces `function` for batches that the judge has done, where that shows: a first batch of another rank
    is traced for any rank, and one of other lengths for any lengths.

    `given`: what the function is called with, of what TensorFlow says of a batch.
    """
    import tensorflow as tf

    traces, step = [one for one in _traces(function) if one.done], _step_of(function)
    if _covering(traces, form) or not hasattr(step, "get_concrete_function"):
        return
    alike = [one for one in traces if not one.by_keras and [kind for kind, _ in one.form] == [kind for kind, _ in form]]
    specs = [
        tuple(tf.TensorSpec(shape, kind) for kind, shape in one.form[:-1])
        for one in alike
        if not _same_rank(one.form, form) or _general([one], form) != form
    ]
    for spec in specs:
        yield Call(step.get_concrete_function, given(spec))


def tracing(function: Any, form: Form, spec: Callable[[], Any]) -> Call | None:
    """The call by which Keras traces `function` for batches of this `form`, and runs nothing; None where it has done so.

    `spec`: gives what TensorFlow says of such batches. Raises CannotTrainHere for a function that isn't Keras's.
    """
    trace = _covering(_traces(function), form)
    if trace is not None and trace.by_keras:
        return None
    step = _step_of(function)
    if not hasattr(step, "get_concrete_function"):
        raise CannotTrainHere(_("the network's class or its training step is the notebook's own"))
    return Call(step.get_concrete_function, _batches_of(spec()))


def _traces(function: Any) -> list[_Trace]:
    """What `function` was traced with, in the order in which it was.

    They refer to the network's layers. So TensorFlow's own function holds them, in a dictionary of its own from objects to what it made
    for them: layers and function are then garbage at the same time, as beside plain Keras, and nothing else of ours holds on to them.
    """
    held = getattr(_step_of(function), "_descriptor_cache", None)
    if held is not None:
        found: list[_Trace] = held.setdefault(_step_of(function), [])
        return found
    traces = _of_others.get(function) or []
    _of_others.set(function, traces)
    return traces


def _covering(traces: list[_Trace], form: Form) -> _Trace | None:
    return next((one for one in traces if _covers(one.form, form)), None)


def last_form(function: Any) -> Form | None:
    """What `function` would have been traced for, had Keras done what was done for it: the last one, or None."""
    traces = _traces(function)
    return traces[-1].form if traces else None


def is_refused_by_name(model: Any) -> bool:
    """Whether a graph of `model` refuses one of its names: TensorFlow knows Latin letters there, digits and a few signs, and Keras says so
    only where it traces. Of a layer called "hidden layer" or "은닉층" it builds the weights, and then fails at the first batch; and from
    then on at any network, since it goes on working below that name.
    """
    import keras
    import tensorflow as tf
    from keras.src.backend.common.global_state import get_global_attribute

    optimizer = model.optimizer
    loss = model._compile_loss._user_loss if getattr(model, "_compile_loss", None) is not None else None
    named = [*model._flatten_layers(), optimizer, getattr(optimizer, "_learning_rate", None), *keras.tree.flatten(loss)]
    named += get_global_attribute("name_scope_stack", [])
    names = {getattr(one, "name", None) or getattr(one, "__name__", None) for one in named}
    graph = tf.Graph()
    try:
        for name in sorted(name for name in names if isinstance(name, str)):
            with graph.name_scope(name):
                pass
    except ValueError:
        return True
    return False


def is_broken(function: Any) -> bool:
    """Whether Keras failed to trace `function` when it was first called: it then fails for good, however right its arguments are."""
    return bool(_broken.get(function))


def warn_as_traced(model: Any, x: Any, *, trains: bool) -> None:
    """What Keras says, by its own code or as that does, when it traces a function for batches of `x`, or of what TensorFlow says of it."""
    import keras
    import tensorflow as tf
    from keras.src.backend import compute_output_spec
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

    # Maybe not the structure that the network was made for.
    if keras.tree.is_nested(x) or isinstance(getattr(model, "_inputs_struct", None), dict):
        batch = keras.tree.map_structure(lambda one: keras.KerasTensor((None, *one.shape[1:]), "float32"), x)
        compute_output_spec(model.call, keras.tree.lists_to_tuples(batch))
    if trains and not model.trainable_weights:
        _say(TensorFlowTrainer.train_step, "The model does not have any trainable weights.")
    if tf.config.functions_run_eagerly() and isinstance(x, np.ndarray):  # its dataset has functions
        tf.data.Dataset.range(1).map(lambda number: number)


def _say(function: Callable[..., Any], text: str) -> None:
    """Keras's warning `text` from where its `function` gives it: a warning shows its line. Raises StopIteration without one."""
    lines, first = inspect.getsourcelines(function)
    at = next(number for number, line in enumerate(lines, first) if text in line)
    warnings.warn_explicit(
        text, UserWarning, inspect.getfile(function), at, function.__module__,
        function.__globals__.setdefault("__warningregistry__", {}),
    )  # fmt: skip


def _is_traced(function: Any) -> bool:
    """Whether TensorFlow came to the end of the first graph of `function`, or of the step that Keras's own one calls; from then on it
    fails only where it runs. What a notebook made in its place may be any callable.
    """
    return getattr(_step_of(function), "_concrete_variable_creation_fn", None) is not None


def is_kerass(function: Any) -> bool:
    """Whether Keras made `function` of a network's step: a notebook may set another one in its place."""
    from keras.src.backend.tensorflow import trainer

    made = inspect.unwrap(getattr(function, "python_function", function))
    return bool(getattr(getattr(made, "__code__", None), "co_filename", "") == trainer.__file__)


def _step_of(function: Any) -> Any:
    """TensorFlow's function that Keras's own `function` calls; of any other that itself."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    called = dict(zip(names, getattr(function, "__closure__", None) or (), strict=False))
    return called["multi_step_on_iterator"].cell_contents if "multi_step_on_iterator" in called else function


def form_of(batches: Any) -> Form:
    """Of a structure of tensors, or of what TensorFlow says of one."""
    import keras

    return *(_leaf(leaf) for leaf in keras.tree.flatten(batches) if leaf is not None), _structure(batches)


def _structure(batches: Any) -> tuple[str, tuple[int | None, ...]]:
    import keras

    images = batches[0] if isinstance(batches, tuple) else batches
    return str(keras.tree.lists_to_tuples(keras.tree.map_structure(lambda _leaf: 0, images))), ()


def _leaf(leaf: Any) -> tuple[str, tuple[int | None, ...]]:
    shape: Any = getattr(leaf, "shape", None)  # what may be there or not, and what is not there, has none
    dtype = getattr(leaf, "dtype", type(leaf))
    return getattr(dtype, "name", str(dtype)), tuple(shape) if getattr(shape, "rank", None) is not None else ()


def form_of_arrays(arrays: Any, rows: int, batch_size: int) -> Form:
    """Of the batches that Keras makes of `arrays`: floats are of its usual type, and a batch's length is known if it is always the same."""
    import keras

    size = None if rows % batch_size else batch_size
    leaves = [
        leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in keras.tree.flatten(arrays) if leaf is not None
    ]
    types = [str(getattr(leaf.dtype, "name", leaf.dtype)) for leaf in leaves]
    types = [keras.config.floatx() if "float" in one else one for one in types]
    return *((one, (size, *leaf.shape[1:])) for one, leaf in zip(types, leaves, strict=True)), _structure(arrays)


def _same_rank(one: Form, other: Form) -> bool:
    return [(kind, len(shape)) for kind, shape in one] == [(kind, len(shape)) for kind, shape in other]


def _covers(one: Form, other: Form) -> bool:
    return _same_rank(one, other) and all(
        mine in (None, theirs)
        for (_kind, shape), (_other, given) in zip(one, other, strict=True)
        for mine, theirs in zip(shape, given, strict=True)
    )


def _general(traces: list[_Trace], form: Form) -> Form:
    """TensorFlow traces a second form that differs in lengths for all lengths."""
    for one in traces:
        if _same_rank(one.form, form):
            form = tuple(
                (kind, tuple(mine if mine == theirs else None for mine, theirs in zip(shape, given, strict=True)))
                for (kind, shape), (_other, given) in zip(form, one.form, strict=True)
            )
    return form


def _settings(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """What a trace of `model` holds as it is now: the settings of its layers, and how it is trained."""
    optimizer = getattr(model, "optimizer", None)
    held = {"_metrics": [*model._metrics], "steps_per_execution": model.steps_per_execution}
    held |= {} if optimizer is None else {"optimizer": optimizer}
    parts: list[tuple[Any, dict[str, Any]]] = [(None, {"_trainable": model.trainable, **held})]
    parts += [
        (layer, {**_plain(layer, callable), "_metrics": [*layer._metrics]})
        for layer in model._flatten_layers(include_self=False)
    ]
    if optimizer is not None:
        rate = {"_learning_rate": optimizer._learning_rate} if hasattr(optimizer, "_learning_rate") else {}
        parts.append((optimizer, {**_plain(optimizer, lambda _value: False), **rate}))
    return parts


def _made(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """What a trace of `model` has been made of, once it is built: its layers, and the variables of each, which are trained or not."""
    held = ("_layers", "_trainable_variables", "_non_trainable_variables")
    parts = [(None, {"_functional": model._functional} if hasattr(model, "_functional") else {})]
    for layer in (None, *model._flatten_layers(include_self=False)):
        attributes = vars(model if layer is None else layer)
        parts.append((layer, {name: [*attributes[name]] for name in held if name in attributes}))
    return parts + [(variable, {"_trainable": variable.trainable}) for variable in model.variables]


def _plain(part: Any, also: Callable[[Any], bool]) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(part).items()
        if name not in _NO_SETTINGS and (isinstance(value, _SETTINGS) or also(value))
    }


def _put_back(model: Any, settings: list[tuple[Any, dict[str, Any]]]) -> list[tuple[dict[str, Any], str, Any]]:
    """Sets what has changed since to what it was; returns what it was set from."""
    changed = [*_changed(model, settings)]
    for attributes, name, _now, before in changed:
        attributes[name] = before
    return [one[:3] for one in changed]


def _changed(model: Any, settings: list[tuple[Any, dict[str, Any]]]) -> Iterator[tuple[dict[str, Any], str, Any, Any]]:
    for part, values in settings:
        attributes = vars(model if part is None else part)
        for name, value in values.items():
            now = attributes.get(name, value)
            if now is not value and not _same(now, value):
                yield attributes, name, now, value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(operator.is_, one, other))
    return isinstance(other, _SETTINGS) and type(one) is type(other) and bool(one == other)
