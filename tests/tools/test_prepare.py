"""Set-up says all that is missing at once, with one command to type, and installs it itself where it may."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PREPARE = ROOT / "tools" / "prepare"


@pytest.fixture
def system(tmp_path):
    """A system with these programs alone, each a line of shell: ``system(bwrap="")(*parts, **variables) -> CompletedProcess``."""

    def make(**programs):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("bash", "env", "cat"):
            (folder / name).symlink_to(shutil.which(name))
        always = {"uname": "echo Linux", "id": "echo 1000", "sudo": "exit 1"}
        for name, line in {**always, **programs}.items():
            program = folder / name.replace("_", "-").replace("-dot-", ".")
            program.write_text(f"#!{shutil.which('bash')}\n{line}\n")
            program.chmod(0o755)

        def run(*parts, **variables):
            environment = {
                "PATH": str(folder),
                "HOME": str(tmp_path),
                "VENV": "none",
                "KERAS_HOME": str(tmp_path / "keras"),
                **variables,
            }
            return subprocess.run(
                [PREPARE, *parts], env=environment, capture_output=True, text=True, check=False, timeout=120
            )

        return run

    return make


def python(modules="exit 0"):
    """A Python that has the right version, and for `modules` runs this."""
    return f'case "$*" in *ensurepip*) {modules};; *version_info*) exit 0;; *) {sys.executable} "$@";; esac'


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "keras" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    (folder / "t10k-labels-idx1-ubyte.gz").touch()


def test_where_all_is_there_nothing_is_said(system, data):
    done = system(python3=python(), bwrap="")("setup", PYTHONS="python3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_ordinary_user_reads_all_that_is_missing_and_one_command(system, data):
    done = system(python3=python("exit 1"), apt_get="exit 1")("setup", "browser", PYTHONS="python3")
    assert done.returncode == 1 and done.stdout == ""
    assert [line.split(":")[0].strip() for line in done.stderr.splitlines()[1:4]] == [
        "python3-venv",
        "bubblewrap",
        "chromium",
    ]
    assert done.stderr.splitlines()[-1] == "  sudo apt-get install python3-venv bubblewrap chromium"


def test_who_may_install_gets_it_all_in_one_go(system, data, tmp_path):
    log = tmp_path / "log"
    done = system(python3=python("exit 1"), apt_get=f'echo "$@" >> {log}', id="echo 0")("setup", PYTHONS="python3")
    assert done.returncode == 0 and done.stdout == "Installing python3-venv bubblewrap\n"
    assert log.read_text().splitlines()[-1].endswith("--no-install-recommends python3-venv bubblewrap")


def test_a_package_that_can_not_be_had_is_said(system, data):
    done = system(python3=python(), apt_get="exit 1", id="echo 0")("setup", PYTHONS="python3")
    assert done.returncode == 1 and "sudo apt-get install bubblewrap" in done.stderr


def test_without_a_python_nothing_is_installed_and_all_the_rest_is_said_too(system):
    done = system(python3="exit 1", apt_get="exit 0", id="echo 0")("setup", PYTHONS="python3")
    assert done.returncode == 1 and done.stdout == ""
    assert "Python 3.11, 3.12 or 3.13" in done.stderr and "bubblewrap" in done.stderr


def test_a_browser_that_is_there_and_does_not_start_is_missing(system):
    assert system(chromium="exit 1")("browser").returncode == 1


def test_a_browser_that_starts_is_there(system):
    assert system(chromium="exit 1", google_chrome="exit 0")("browser").returncode == 0


def test_make_looks_first(tmp_path):
    done = subprocess.run(
        ["make", "-n", "setup", "VENV=none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={
            name: value for name, value in os.environ.items() if not name.startswith("MAKE")
        },  # also below `make test`
    )
    lines = done.stdout.splitlines()
    assert "tools/prepare setup" in lines[0]
