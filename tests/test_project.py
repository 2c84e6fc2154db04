"""The project itself: requirements, documents, and what the command imports. (The order of its rooms: `make lint`.)"""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "instructor-guide.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def code_blocks(text, language):
    """Fenced blocks of one language, also indented ones."""
    return [block for _, block in re.findall(rf"^( *)```{language}\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)]


# ---- requirements.lock


@cache
def pinned():
    """Versions by package; several where Python versions need different ones."""
    found = {}
    for name, version in re.findall(r"^([A-Za-z0-9][\w.-]*)==(\S+)", LOCK, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def declared():
    with (ROOT / "pyproject.toml").open("rb") as stream:
        document = tomllib.load(stream)
    project = document["project"]
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    requirements = [
        Requirement(item) for item in [*project["dependencies"], *extras, *document["build-system"]["requires"]]
    ]
    return [item for item in requirements if canonicalize_name(item.name) != canonicalize_name(project["name"])]


def test_the_lock_names_no_host_no_address_and_no_path():
    for telling in (r"://", r"^\s*#", r"^-", r" @ ", r"file:", r"(?<![\w])/\w"):
        assert not re.search(telling, LOCK, re.MULTILINE), telling


def test_the_lock_pins_every_dependency_within_its_declared_range():
    wrong = [
        f"{requirement}, but {versions or 'nothing'} is pinned"
        for requirement in declared()
        for versions in [pinned().get(canonicalize_name(requirement.name), [])]
        if not versions or not all(requirement.specifier.contains(version) for version in versions)
    ]
    assert not wrong, "run `make lock`"


def test_every_pinned_version_has_hashes():
    for entry in re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


# ---- documents


def test_the_documents_name_only_targets_that_the_makefile_has():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for text in (README, CONTRIBUTING):
        code = "\n".join(code_blocks(text, "sh") + re.findall(r"`([^`\n]+)`", text))
        named = set(re.findall(r"^(?:[A-Z_]+=\S+ )?make ([a-z-]+)", code, re.MULTILINE))
        assert named
        assert named <= targets


def test_every_target_of_the_makefile_explains_itself():
    phony = re.search(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)[1].split()
    explained = set(re.findall(r"^([a-z-]+):.* ## ", MAKEFILE, re.MULTILINE))
    assert set(phony) - {"needed", "sandbox", "browser"} == explained


@pytest.mark.parametrize("name", re.findall(r"^define (\w+)$", MAKEFILE, re.MULTILINE))
def test_python_in_the_makefile_names_what_there_is(name):
    """No linter reads it, and what `make setup` ran once is not run again."""
    (code,) = re.findall(rf"^define {name}\n(.*?)^endef$", MAKEFILE, re.MULTILINE | re.DOTALL)
    tree = ast.parse(code)
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = importlib.import_module(node.module)
            found |= {alias.name: importlib.import_module(f"{package.__name__}.{alias.name}") for alias in node.names}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    missing = [
        ast.unparse(node) for node in used if node.value.id in found and not hasattr(found[node.value.id], node.attr)
    ]
    assert found and missing == []


def test_the_readme_leads_to_every_page_of_the_documentation():
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README or page.name == "README.md", page


def test_the_readme_lists_every_assignment_with_its_questions_and_points(course):
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \| ([\d.]+) \|$", README, re.MULTILINE)
    assert rows == [(name, str(len(it.questions)), f"{it.points:g}") for name, it in course.assignments.items()]


def test_the_guide_and_the_command_agree_on_exit_codes():
    from autograder.cli import app as cli

    table = GUIDE.partition("| exit code |")[2].partition("\n\n")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    promised = cli.__doc__.partition("Exit codes:")[2].split(";")
    assert documented == {int(code.split()[0]) for code in promised}


# ---- the package


@pytest.mark.parametrize("arguments", [None, ["--help"], ["grade", "--help"], ["release", "--help"]])
def test_the_command_line_answers_without_importing_tensorflow(arguments):
    program = (
        "import sys; import autograder.cli.app as cli\n"
        f"arguments = {arguments!r}\n"
        "if arguments is not None:\n"
        "    sys.argv = ['autograder', *arguments]\n"
        "    try: cli.main()\n"
        "    except SystemExit as end: assert not end.code, end.code\n"
        "print('heavy:', sorted({'tensorflow', 'keras', 'sklearn', 'nbgrader'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy: []"
