"""The documents: what they show works, what is generated is up to date, and what they link to is there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tokenize

import pytest
import typer

from autograder.cli import app as cli
from tests.conftest import ROOT
from tests.test_project import code_blocks
from tools import reference

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def shown(path):
    """The command lines of a document's shell blocks, without comments; lines that go on are joined."""
    text = path.read_text("utf-8")
    for block in [*code_blocks(text, "sh"), *code_blocks(text, "bash")]:
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|", line.partition(" #")[0].strip()):
                if part.strip() and not part.strip().startswith("#"):
                    yield part.strip()


COMMANDS = sorted({(name, line) for name, path in zip(NAMES, DOCUMENTS, strict=True) for line in shown(path)})
OWN = [(name, line) for name, line in COMMANDS if re.match(r"(\w+=\S+ )*autograder( |$)", line)]


def refused(line):
    """Why the command line doesn't take this command; '' when it does."""
    words = shlex.split(re.sub(r"^(\w+=\S+ )*", "", line))[1:]
    command, path = typer.main.get_command(cli.app), "autograder"
    while words and words[0] in getattr(command, "commands", {}):
        path, command = f"{path} {words[0]}", command.commands[words.pop(0)]
    if getattr(command, "commands", None) and words != ["--help"]:
        return f"{path} has no command {words[:1]}"
    try:
        if "--help" not in words:
            command.make_context(path, [word.replace("<assignment>", "deep") for word in words])
    except Exception as error:  # of click, whichever copy of it typer uses
        return f"{type(error).__name__}: {error}"
    return ""


def test_every_command_that_is_shown_is_one_that_the_command_line_takes():
    assert len(OWN) > 40
    assert {f"{name}: {line}": why for name, line in OWN if (why := refused(line))} == {}
    assert refused("autograder grade --colour red") and refused("autograder gade")


CHEAP = ["autograder doctor", "autograder export", "autograder regrade --diff", "autograder report --output class.html"]


@pytest.mark.parametrize("line", CHEAP)
def test_commands_that_cost_little_run_in_a_new_course(line, tmp_path):
    """Nothing is graded there yet: each does its work, or says in a sentence what comes first."""
    assert line in {shown for _, shown in OWN}
    for name in ("course.yml", "nbgrader_config.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
    kept = {key: value for key, value in os.environ.items() if key not in ("AUTOGRADER_COURSE", "AUTOGRADER_LANGUAGE")}
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", *line.split()[1:]], cwd=tmp_path, env=kept, capture_output=True,
        text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode in (0, 1, 4) and "Traceback" not in done.stderr
    assert done.returncode != 4 or ("autograder:" in done.stderr and "autograder grade" in done.stderr)


def test_shell_blocks_hold_nothing_that_nobody_tries():
    """Other programs are few, and each is one that set-up brings."""
    programs = {re.sub(r"^(\w+=\S+ )*", "", line).split()[0] for _, line in COMMANDS} - {"autograder"}
    assert programs <= {
        "make", "pip", "source", "nbgrader", "jupyter", "git", "cd", "cp", "export", "sudo", "apt-get", ".ci/run", "python", "mkdir", "printf", "mutmut", "dask", "podman", "docker", "kubectl", "watch",
    }, programs  # fmt: skip


def lost(path):
    """Links and pictures of a document that lead nowhere."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", text):
        file = (path.parent / target) if target else path
        if "://" in target:
            continue
        if not file.exists():
            yield target
        elif anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            if anchor[1:] not in slugs:
                yield f"{target}{anchor}"


def test_every_link_and_picture_of_a_document_is_there(tmp_path):
    assert {name: found for name, path in zip(NAMES, DOCUMENTS, strict=True) if (found := [*lost(path)])} == {}
    (tmp_path / "page.md").write_text("# One\n[a](#one) [b](#two) [c](nothing.md) [d](https://example.org)")
    assert [*lost(tmp_path / "page.md")] == ["#two", "nothing.md"]


# Of a path in a text: where it may start.
ROOMS = (ROOT, ROOT / "autograder", ROOT / "tests")


def moved(text, every_file):
    """Paths of this repository that a text names and that aren't there: those below a folder that is there, and modules by their file name."""
    for path in re.findall(r"(?<![\w/.<>{}*-])([\w-]+(?:/[\w.-]+)*(?:/|\.py))(?![\w*<{.:])", text):
        if "/" not in path.rstrip("/"):
            there = not path.endswith(".py") or path in every_file
        else:
            rooms = [room for room in ROOMS if (room / path.split("/")[0]).is_dir()]
            there = not rooms or any((room / path).exists() for room in rooms)
        if not there:
            yield path


def prose(path):
    """What a module says in comments and docstrings."""
    with tokenize.open(path) as stream:
        for token in tokenize.generate_tokens(stream.readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield token.string


def test_every_file_of_this_repository_that_a_text_names_is_there():
    """In CONTRIBUTING, the trust model, the attacks' page, and what modules say of themselves and of others."""
    every_file = {path.name for folder in ("autograder", "tests", "tools", "solutions") for path in (ROOT / folder).rglob("*.py")} | {path.name for path in ROOT.glob("*.py")}  # fmt: skip
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "docs/trust-model.md", ROOT / "tests/attacks/README.md"]
    texts = {path: "".join(re.findall("`[^`]*`", path.read_text("utf-8"))) for path in pages}
    texts |= {
        path: "\n".join(prose(path)) for folder in ("autograder", "tools") for path in (ROOT / folder).rglob("*.py")
    }
    assert {
        str(path.relative_to(ROOT)): found for path, text in texts.items() if (found := [*moved(text, every_file)])
    } == {}
    assert [
        *moved("`sandbox/mounts.py` and `mounts.py`, `sandbox/run_notebook.py`, `run_notebook.py`", every_file)
    ] == [
        "sandbox/mounts.py",
        "mounts.py",
    ]


def test_the_index_names_every_document():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    missing = [
        path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md" and f"({path.name})" not in index
    ]
    assert not missing


def test_both_guides_for_students_tell_the_same():
    english, korean = ((ROOT / "docs" / f"student-guide{end}.md").read_text("utf-8") for end in ("", ".ko"))
    for pattern in (r"^## ", r"^\d\. ", r"^\| ", r"^```"):
        assert len(re.findall(pattern, english, re.MULTILINE)) == len(re.findall(pattern, korean, re.MULTILINE)), (
            pattern
        )


def test_a_key_without_a_meaning_stops_the_reference():
    with pytest.raises(ValueError, match="differ in"):
        reference.table(reference.Check, {})
