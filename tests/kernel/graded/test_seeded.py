"""Operations that get a seed while a notebook is graded are called, and refuse, as TensorFlow's own do."""

import ast
import operator
from pathlib import Path

import pytest

from autograder.kernel.graded.seeded import SEEDED, _seeded
from tests.later import tf


@pytest.mark.parametrize(("module", "name"), SEEDED)
@pytest.mark.parametrize(
    "arguments", [((), {}), ((), {"vale": 1}), (range(30), {})], ids=["none", "unknown", "too many"]
)
def test_wrong_arguments_are_refused_in_the_operations_own_words(module, name, arguments):
    original = operator.attrgetter(f"{module}.{name}")(tf)
    said = []
    for operation in (original, _seeded(original)):
        with pytest.raises(TypeError) as refused:
            operation(*arguments[0], **arguments[1])
        said.append(str(refused.value))
    assert said[0] == said[1]


# Where TensorFlow and Keras ask whether operations are deterministic, and nothing differs for a notebook: `install` sees to each.
ASKING = {
    ("tensorflow/python/framework/random_seed.py", "get_seed"),
    ("tensorflow/python/ops/image_ops_impl.py", "sample_distorted_bounding_box"),
    ("tensorflow/python/ops/image_ops_impl.py", "sample_distorted_bounding_box_v2"),
    ("tensorflow/python/ops/nn_ops.py", "_sparse_softmax_cross_entropy_with_rank_2_logits"),
    ("tensorflow/python/ops/nn_ops.py", "fractional_max_pool"),
    ("tensorflow/python/ops/nn_ops.py", "fractional_max_pool_v2"),
    ("tensorflow/python/ops/nn_ops.py", "softmax_cross_entropy_with_logits_v2_helper"),
    ("tensorflow/python/ops/stateful_random_ops.py", "from_non_deterministic_state"),
    ("tensorflow/python/ops/stateful_random_ops.py", "get_global_generator"),
    ("keras/src/trainers/trainer.py", "model_supports_jit"),
}


def test_nothing_else_asks_whether_operations_are_deterministic():
    import keras

    found = set()
    for package in (Path(tf.__file__).parent / "python", Path(keras.__file__).parent / "src"):
        site = package.parent.parent
        for file in package.rglob("*.py"):
            text = file.read_text("utf-8")
            if (
                "is_op_determinism_enabled()" in text
                and "def is_op_determinism_enabled" not in text
                and "_test" not in file.name
            ):
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.FunctionDef) and "is_op_determinism_enabled()" in ast.unparse(node):
                        found.add((file.relative_to(site).as_posix(), node.name))
    assert found == ASKING
