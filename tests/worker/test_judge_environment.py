"""What a judge makes of a network rests on nothing that lies in the home or the environment of whoever grades."""

import json

import pytest

from autograder.authoring.solved_notebooks import solved
from autograder.common.data.sources import keras_home
from autograder.worker.judge_process import JudgeProcess

SETTINGS = {"floatx": "float16", "epsilon": 0.5, "backend": "jax", "image_data_format": "channels_first"}
VARIABLES = {
    "KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "3", "TF_USE_LEGACY_KERAS": "1", "TF_ENABLE_ONEDNN_OPTS": "0",
    "XLA_FLAGS": "--there_is_none_of_this_name", "OMP_NUM_THREADS": "64", "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "PYTHONPROFILEIMPORTTIME": "1",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["KERAS_HOME", "HOME"])
def test_a_teachers_own_settings_of_keras_decide_nothing(
    named, course, course_file, grade_notebook, tmp_path, monkeypatch
):
    notebook = solved(course, "two_layer")
    undisturbed = grade_notebook(notebook, "two_layer").report
    own = tmp_path / "home" / ".keras"
    own.mkdir(parents=True)
    (own / "keras.json").write_text(json.dumps(SETTINGS))
    if (keras_home() / "datasets").exists():
        (own / "datasets").symlink_to(keras_home() / "datasets")
    for name, value in {**VARIABLES, **({"KERAS_HOME": str(own)} if named else {"HOME": str(own.parent)})}.items():
        monkeypatch.setenv(name, value)
    if not named:
        monkeypatch.delenv("KERAS_HOME", raising=False)
    with JudgeProcess(course_file, tmp_path / "memo") as bench:  # where nothing is known yet
        graded = grade_notebook(notebook, "two_layer", bench=bench)
    assert graded.trained and graded.report.to_json() == undisturbed.to_json()
