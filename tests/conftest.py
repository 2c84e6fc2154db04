"""What the tests share: the course, the data set, and networks that are trained once for all of them."""

import os

# Before anything imports TensorFlow.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")  # here, and in all that tests start

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests import later, sampling

later.install()
ROOT = Path(__file__).resolve().parent.parent
SLOW = {
    "browser",
    "server",
}  # who needs one of these fixtures, a Chromium or a PostgreSQL, is slow; so is who attacks a real sandbox

LONGEST = (
    "transparency/test_models.py", "attacks/test_attacks.py", "test_examples.py", "authoring/test_writing_assignments_page.py", "classroom/grading/test_cluster.py",
    "authoring/scaffold/test_make.py", "transparency/test_cells.py", "classroom/grading/test_grade_class.py", "classroom/grading/test_regrade.py",
    "worker/test_grading.py", "faults/test_signals.py", "faults/test_struck.py", "sandbox/test_limits.py", "worker/test_illustrations.py", "attacks/test_class.py",
    "classroom/collect/test_nbgrader_exchange.py", "kernel/test_jupyterlab.py", "test_languages.py", "test_nbgrader.py",
)  # fmt: skip
FORKING = (
    "classroom/collect/",
    "classroom/give_back/",
    "cli/",
    "common/machine/test_confined.py",
    "common/test_ordinary_files.py",
    "faults/",
)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items, config):
    """`make test` leaves out what is slow, and `make test-slow` runs it: by mark, or by what a test needs."""
    for item in items:
        if " at 0x" in item.nodeid:  # in each process another name: no two agree on what they run
            raise pytest.UsageError(f"the name of {item.nodeid} holds an address: give its parameters `ids`")
        needs = {*SLOW, "sandbox"} if "attacks" in item.path.parts else SLOW
        if needs & set(item.fixturenames):
            item.add_marker("slow")
    if share := os.environ.get("AUTOGRADER_SHARE"):  # of the slow ones, where there isn't the time for all
        slow = [item for item in items if item.get_closest_marker("slow")]
        left_out = {*slow} - {*sampling.sample(slow, float(share), os.environ.get("AUTOGRADER_SHARE_SEED", ""))}
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]
    # Of several processes none shall begin with the long ones when the others are done.
    long = {item.path for item in items if {"bench", "sandbox", "cluster"} & set(item.fixturenames)}
    longest = {ROOT / "tests" / file: place for place, file in enumerate(LONGEST)}
    # Who forks this process goes before those who bring TensorFlow into it: each fork costs 25 ms from then on.
    forks = {item.path for item in items if str(item.path.relative_to(ROOT / "tests")).startswith(FORKING)}
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), item.path not in forks, item.path not in long))


def pytest_sessionstart(session):
    session.config.before = set(os.listdir(ROOT))


def pytest_sessionfinish(session, exitstatus):
    """A run leaves nothing in the checkout but what tools keep: a command of a test wrote there, as it would into somebody's course."""
    made = {name for name in set(os.listdir(ROOT)) - session.config.before if not name.startswith(".")} - {
        "build",
        "dist",
    }
    if made and not hasattr(session.config, "workerinput"):
        print(f"\ntests left in the checkout: {', '.join(sorted(made))}")
        session.exitstatus = exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_collection_finish(session):
    later.settling.collecting = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    later.bring(item)


@pytest.fixture(autouse=True)
def nobody_chose_a_language():
    """A command that a test runs in this process speaks a language from then on; the next test starts afresh."""
    from autograder.common import i18n

    token = i18n._chosen.set("")
    yield
    i18n._chosen.reset(token)


@pytest.fixture(autouse=True)
def nobody_opened_a_notebook():
    """Whom a test makes a student at home says by which data set arrays are known from then on; the next test starts afresh."""
    from autograder.kernel import check
    from autograder.kernel.describing.recognised_samples import shared

    before = shared.name, check._student
    yield
    shared.name, check._student = before


# ---- the course and its data


@pytest.fixture(scope="session")
def course_file():
    return ROOT / "course.yml"


@pytest.fixture(scope="session")
def course(course_file):
    from autograder.course.course import load

    return load(course_file)


@pytest.fixture(scope="session")
def data():
    """All of Fashion-MNIST, as `autograder.common.data.base.DataSet`."""
    from autograder.common.data.data_sets import load

    return load()


@pytest.fixture(scope="session")
def splits(course, data):
    return data.splits(course.data.holdout.split)


@pytest.fixture(scope="session")
def arrays(data, splits):
    """The arrays that a student has after scaling, reshaping and splitting: float64 rows of 784, and uint8 labels."""
    flat = data.features.reshape(-1, 784)
    return {
        name: (flat[splits[name]] / 255.0, data.targets[splits[name]].copy()) for name in ("train", "holdout", "test")
    }


# ---- trained networks


@pytest.fixture(scope="session")
def memo_folder(tmp_path_factory):
    """Where trainings are kept: for this run and all its processes, or for longer when AUTOGRADER_MEMO names a folder."""
    named = os.environ.get("AUTOGRADER_MEMO")
    base = tmp_path_factory.getbasetemp()
    folder = Path(named) if named else (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "memo"
    folder.mkdir(parents=True, exist_ok=True)
    previous, os.environ["AUTOGRADER_MEMO"] = named, str(folder)
    yield folder
    if previous is None:
        del os.environ["AUTOGRADER_MEMO"]


@pytest.fixture(scope="session")
def memo(memo_folder):
    """Of what is trained in the tests' own process, which other tests may have changed: never a judge's answer."""
    from autograder.networks.memo import Memo

    return Memo(memo_folder.with_name(f"{memo_folder.name}-of-tests"))


@pytest.fixture(scope="session")
def lab(course):
    """The lab that judges work in; its trainer is shared by all tests."""
    from autograder.networks.lab import CourseLab

    return CourseLab(course.data, course.root)


@pytest.fixture(scope="session")
def trainer(lab):
    return lab.trainer


@dataclass(frozen=True)
class Trained:
    """A network as it is handed in after five epochs on the training split; `spec` and `result` of its training."""

    description: object
    spec: object
    result: object


def network(name, optimizer="rmsprop", loss="sparse_categorical_crossentropy"):
    """One of the course's networks, compiled."""
    import keras

    layers = {
        "two_layer": [keras.layers.Dense(100, "sigmoid")],
        "deep": [keras.layers.Dense(100, kind, name=f"hidden{n}") for n, kind in enumerate(("sigmoid", "sigmoid", "relu"), 1)],
        "flatten_relu": [keras.layers.Flatten(), keras.layers.Dense(100, "relu")],
    }[name]  # fmt: skip
    shape = (28, 28) if name == "flatten_relu" else (784,)
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(10, "softmax", name="output")])
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="session")
def trained(course, lab, memo):
    """The course's networks, each trained when first asked for: ``trained("two_layer")``."""
    from autograder.common.data.lookups import UNIT_PIXELS
    from autograder.common.wire.description import FitRecord
    from autograder.common.wire.messages import SamplesMessage
    from autograder.kernel.describing.describe import describe
    from autograder.networks.build import architecture, compile_settings
    from autograder.networks.fit_spec import FitSpec, Samples
    from autograder.networks.lab import data_record
    from tests.hand_built import with_weights

    @cache
    def train(name, optimizer="rmsprop"):
        described = describe(network(name, optimizer))
        shape = described.input_shape[1:]
        samples, validation = (Samples(lab.rows(s), lab.labels(s), UNIT_PIXELS, shape) for s in ("train", "holdout"))
        plan, settings = architecture(described), compile_settings(described.compiled)
        spec = FitSpec(plan, settings, samples, 5, 32, True, course.seed, validation=validation)
        result = memo.fit(spec, lambda: lab.trainer)
        message = SamplesMessage(rows=samples.rows, labels=samples.labels, lookup=samples.lookup, shape=shape)
        record = FitRecord(
            epochs=5, batch_size=32, data=data_record(message, lab), compiled=described.compiled, where="judge"
        )
        fitted = with_weights(described, result.weights).model_copy(update={"fits": (record,)})
        return Trained(fitted, spec, result)

    return train


# ---- real grading: a judge and a sandbox, each started once


@pytest.fixture(scope="session")
def bench(course_file, memo_folder):
    """A judge of the course, in a process of its own."""
    from autograder.worker.judge_process import JudgeProcess

    with JudgeProcess(course_file, memo_folder) as bench:
        bench.start()
        yield bench


@pytest.fixture(scope="session")
def sandbox(bench, course):
    """A bubblewrap sandbox; it imports TensorFlow at the same time as the judge."""
    from autograder.sandbox.host import Sandbox

    with Sandbox("bubblewrap", course.limits) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, memo_folder):
    """A Dask cluster, whose workers keep their judge and their sandbox from one run to the next: ``cluster.start("first")``."""
    from tests.cluster import Cluster

    cluster = Cluster(tmp_path_factory.mktemp("workers"), memo_folder)
    yield cluster
    cluster.stop()


@pytest.fixture
def importing_no_tensorflow(tmp_path_factory, monkeypatch):
    """Processes that are started from now on end where they import TensorFlow or Keras."""
    none = tmp_path_factory.mktemp("none")
    for name in ("tensorflow", "keras"):
        (none / name).mkdir()
        (none / name / "__init__.py").write_text("raise SystemExit('this was not to be imported')")
    monkeypatch.setenv("PYTHONPATH", str(none))


@pytest.fixture
def grade_notebook(course, bench, sandbox, tmp_path):
    """Hand in a notebook (or text, or None for no file) and grade it: ``grade_notebook(notebook, "deep") -> Graded``."""
    import nbformat

    from autograder.common.submission import Submission
    from autograder.worker.grading import grade_submission

    def grade(notebook, assignment, student="s", **others):
        folder = tmp_path / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{assignment}.ipynb"
        if notebook is not None:
            path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook), "utf-8")
        tools = {"course": course, "bench": bench, "sandbox": sandbox, **others}
        return grade_submission(Submission(student, assignment, path), **tools)

    return grade
