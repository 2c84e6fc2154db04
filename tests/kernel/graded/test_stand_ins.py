"""Lines that do something on students' machines do no harm in a graded kernel."""

import importlib
import inspect
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell

from autograder.kernel.graded import stand_ins
from autograder.kernel.object_notes import replacements

BACKENDS = ("inline", "notebook", "nbagg", "widget", "ipympl", "qt", "qt5", "tk", "gtk3", "wx", "osx", "agg", "")
INSTALLING = (
    "!pip install pandas", "!pip3 -q install -U pandas", "%pip install numpy", "!python -m pip install seaborn",
    "!{sys.executable} -m pip install tqdm", "%conda install scipy", "!conda install -y scipy", "!apt-get -qq install graphviz",
    "!sudo apt install graphviz", "!uv pip install rich", "%uv pip install rich", "!pip uninstall -y keras",
)  # fmt: skip
COLAB = (
    "from google.colab import drive\ndrive.mount('/content/drive')",
    "from google.colab import drive\ndrive.mount('/content/drive', force_remount=True)\ndrive.flush_and_unmount()",
    "import google.colab\nassert google.colab.files.upload() == {}",
    "from google.colab import files, output, auth, userdata\nfiles.download('x')\nauth.authenticate_user()\nuserdata.get('KEY')",
    "from google.colab.patches import cv2_imshow\ncv2_imshow(1)",
    "import google.colab.drive as drive\ndrive.mount('/d')",
    "from google.colab import output\noutput.enable_custom_widget_manager()",
)
OTHERS = ("%tensorflow_version 2.x", "%tensorboard --logdir logs", "%gui qt", "%pylab inline", "matplotlib.use('TkAgg')",
          "plt.switch_backend('QtAgg')", "%config InlineBackend.figure_format = 'retina'", "%load_ext autoreload\n%autoreload 2",
          "!echo hello", "x = !echo hello\nassert x == ['hello']")  # fmt: skip


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setattr(matplotlib, "use", matplotlib.use)
    monkeypatch.setattr(plt, "switch_backend", plt.switch_backend)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    before = set(sys.modules)
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    stand_ins.install(shell)
    stand_ins.write_no_summaries()
    yield shell
    for name in set(sys.modules) - before:
        if name.startswith(stand_ins.COLAB):
            del sys.modules[name]
    google = sys.modules.get("google")
    if google is not None and hasattr(google, "colab"):
        del google.colab
    plt.switch_backend("agg")


def test_what_stands_for_a_function_looks_like_it(shell):
    """All of them are made by one mechanism, whose replacements can't be told from what they replace."""
    standing = (
        matplotlib.use,
        plt.switch_backend,
        shell.enable_matplotlib,
        shell.enable_pylab,
        shell.enable_gui,
        shell.system,
    )
    for one in standing:
        assert replacements.get(one), one
        own = inspect.unwrap(one)
        assert own is not one and inspect.signature(one) == inspect.signature(own)
        assert (
            inspect.getsource(one) == inspect.getsource(own) and one.__module__ == own.__module__ != stand_ins.__name__
        )


@pytest.mark.parametrize("line", [f"%matplotlib {name}" for name in BACKENDS] + [*INSTALLING, *COLAB, *OTHERS])
def test_the_cell_goes_on(shell, line):
    cell = f"import sys, matplotlib, matplotlib.pyplot as plt\n{line}\nafter = 1"
    shell.run_cell(cell).raise_error()
    assert shell.user_ns["after"] == 1


def test_nothing_is_installed_and_no_process_is_started_for_it(shell, monkeypatch):
    started = []
    monkeypatch.setattr(shell, "system_piped", started.append)
    for line in INSTALLING:
        shell.run_cell(f"import sys\n{line}").raise_error()
    assert not started


def test_colab_is_there_when_it_is_imported_and_not_before(shell):
    assert "google.colab" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("google.no_such_part")
    importlib.import_module("google.colab.drive")
    assert "google.colab" in sys.modules


def test_a_notebook_that_writes_for_tensorboard_goes_on_where_it_is_not_installed(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell.run_cell(
        "import tensorflow as tf\nwith tf.summary.create_file_writer('logs').as_default():\n"
        "    tf.summary.scalar('loss', 0.5, step=1); tf.summary.histogram('w', [1.0], step=1); tf.summary.text('t', 'x', step=1)\nafter = 1"
    ).raise_error()
    assert shell.user_ns["after"] == 1
