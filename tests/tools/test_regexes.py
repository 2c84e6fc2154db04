"""Every pattern of the package takes linear time on texts that are made to keep it busy, but for those that see short texts alone."""

import ast
import re
import signal

import pytest

from tests.conftest import ROOT

LENGTH, SECONDS = (
    8_000,
    0.1,
)  # what grows with the square takes some tenths of a second, what is linear a ten-thousandth
SHORT = {  # by file and how the pattern begins: why no long text comes to it
    ("classroom/collect/names.py", ""): "names of at most 255 bytes",
    ("classroom/collect/platform_metadata.py", ".+?_[^_]+_"): "names of at most 255 bytes",
    ("classroom/give_back/worksheet.py", r"(\d+)\s*\Z"): "a cell of the platform's own file",
    ("classroom/gradebook/extensions.py", r",\s*"): "a cell of the teacher's roster",
    ("common/hints/error_patterns.py", ""): "an exception's first 400 characters",
    ("common/hints/for_errors.py", "(?:identifier|activation"): "an exception's first 400 characters",
    ("common/machine/imports.py", r"[A-Za-z_]\w*"): "the package's and the course's own files",
    ("course/checks/base.py", r"[^\s:]"): "the course's own words",
    ("course/habits.py", ""): "at most 500 characters of the course's own file",
}


def patterns():
    """File, pattern, flags and how a text is tried, wherever one is written in the package: what is compiled may be searched for."""
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        place = path.relative_to(ROOT / "autograder").as_posix()
        if place.startswith(("authoring/", "cli/", "kernel/")):  # the author's own texts; a student's own machine
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(r"re\.\w+|_rule", ast.unparse(node.func)) and node.args:
                text = getattr(node.args[0], "value", None)
                if isinstance(text, str):
                    how = (
                        name
                        if (name := ast.unparse(node.func).removeprefix("re.")) in ("match", "fullmatch")
                        else "search"
                    )
                    yield place, text, re.MULTILINE if "MULTILINE" in ast.unparse(node) else 0, how


def texts(pattern):
    """A character again and again, or two in turn: those of the pattern and others; after a word of it, and before what fits nothing."""
    own = re.sub(r"\\[a-zA-Z]|[\\^$.|?*+(){}\[\]]", "", pattern)[:20]
    words = re.findall(r"[A-Za-z#\[<' ]{2,}", pattern)[:2]
    for start in ("", "# ", *words):
        for character in dict.fromkeys(" \t\na1_#?'/-=." + own):
            yield start + character * LENGTH + "\0"
    for pair in (" #", " x", "a ", "? ", ", ", "-/"):
        yield pair * (LENGTH // 2) + "\0"


class Slow(Exception):
    pass


@pytest.fixture
def clock():
    """Processor time, however busy the machine is."""

    def stop(*_):
        raise Slow

    before = signal.signal(signal.SIGVTALRM, stop)
    yield lambda seconds: signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def slow(pattern, flags, clock, how="search"):
    tried = getattr(re.compile(pattern, flags), how)
    for text in texts(pattern):
        clock(SECONDS)
        try:
            tried(text)
        except Slow:
            return True
        finally:
            clock(0)
    return False


def test_no_pattern_takes_more_than_linear_time_on_a_long_text(clock):
    found = [*patterns()]
    assert len(found) > 120
    short = {(place, text) for place, text, *_ in found for key in SHORT if key[0] == place and text.startswith(key[1])}
    assert {place for place, _ in short} == {place for place, _ in SHORT}
    wrong = [
        (place, text, how)
        for place, text, flags, how in found
        if (place, text) not in short and slow(text, flags, clock, how)
    ]
    assert not wrong


@pytest.mark.parametrize("pattern", [r"^(\s*[\w\s,.]+=\s*)[%!]", r"^#+\s+(.+?)\s*#*\s*$", r"^\s*[%!]|x"])
def test_a_pattern_that_grows_with_the_square_is_found(clock, pattern):
    assert slow(pattern, re.MULTILINE, clock)
