"""What libyaml and PyYAML say of a file that is no YAML, in words of people who write one."""

from __future__ import annotations

import re

import yaml

from autograder.common.i18n import N_, _

# By what their message or its context holds, the first that fits; `opened`: the line that counts is the one where it began.
_WORDS: tuple[tuple[str, str, bool], ...] = (
    ("tab character", N_("a tab stands in the indentation: indent with blanks"), False),
    ("\\t", N_("a tab stands in the indentation: indent with blanks"), False),
    ("escape character", N_("a backslash in double quotes begins a code: write it twice, or take single quotes"), False),
    ("comment or line break", N_("a text that begins with > or | needs quotes"), False),
    ("quoted scalar", N_("a quote is opened here and not closed; inside of quotes, a quote is written twice"), True),
    ("flow sequence", N_("a bracket is opened here, and no ']' closes it: is a comma missing, or a quote?"), True),
    ("flow mapping", N_("a brace is opened here, and no '}' closes it: is a comma missing, or a quote?"), True),
    ("a flow node", N_("a value is missing inside of brackets or braces, or a bracket closes what a brace opened"), False),
    ("mapping values are not allowed", N_("a colon with a blank behind it begins a value: put a text that holds one in quotes, and look whether this line is indented as the one above"), False),
    ("expected ':'", N_("a key has no ': ' behind it"), False),
    ("block collection", N_("this line is in a list and fits nowhere: its items begin with '- ', all in the same column"), False),
    ("block sequence", N_("this line is in a list and fits nowhere: its items begin with '- ', all in the same column"), False),
    ("sequence entries are not allowed", N_("a list begins in the next line, with '- ' before each item"), False),
    ("block mapping", N_("this line fits nowhere: keys that belong together begin in the same column, each as 'key: value'"), False),
    ("start any token", N_("a text that begins with this character needs quotes"), False),
    ("alphabetic or numeric", N_("a text that begins with * or & needs quotes"), False),
    ("undefined alias", N_("no anchor of this name stands above: '&name' makes one, and a text that begins with * needs quotes"), False),
    ("undefined tag handle", N_("a text that begins with ! needs quotes"), False),
    ("determine a constructor", N_("a text that begins with ! needs quotes; tags such as !x mean nothing here"), False),
    ("unhashable", N_("a key is a list or a mapping: put a text that begins with a bracket or brace in quotes"), False),
    ("merging", N_("'<<' merges mappings: name one with *, or several in brackets"), False),
    ("single document", N_("a line of dashes begins another file: take it out"), False),
    ("<document start>", N_("this line fits nowhere: is it indented as the one above?"), False),
)  # fmt: skip


# What word processors and Asian keyboards write for characters that YAML goes by.
LOOK_ALIKES = {"\u00a0": " ", "\u3000": " ", "\u2003": " ", "\u202f": " ", "：": ":", "，": ",", "［": "[", "］": "]", "｛": "{", "｝": "}", "＂": '"',
               "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "－": "-", "＃": "#"}  # fmt: skip


def look_alike(text: str) -> str:
    """Which character of `text` only looks like one that YAML goes by; '' for none."""
    stray = next((one for one in text if one in LOOK_ALIKES), "")
    if not stray:
        return ""
    plain = _("a blank") if LOOK_ALIKES[stray] == " " else f"'{LOOK_ALIKES[stray]}'"
    said = N_("'{stray}' (U+{code}) stands here, which only looks like {plain} to people: write {plain}")
    return _(said, stray=stray, code=f"{ord(stray):04X}", plain=plain)


def no_blank(key: str, value: str) -> str:
    """That a key and its value are one word, as in ``points:4``."""
    return _(
        "a blank belongs behind the colon of '{joined}': {key}: {value}", joined=f"{key}:{value}", key=key, value=value
    )


def told(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """The line, from 1, and what is wrong there. What this package itself found wrong is said as it is."""
    line, said = _told(error, text)
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    if not marks:
        return line, said
    # What is no key is part of the line above.
    first = max(1, min(marks))
    lines = text.splitlines()[first - 1 : max(marks) + 1]
    odd = next((number for number, one in enumerate(lines, first) if look_alike(one)), 0)
    if not odd:
        return line, said
    stray = look_alike(text.splitlines()[odd - 1])
    return (odd, stray) if line - odd in (0, 1) else (line, f"{said}; " + _("line {line}", line=odd) + f": {stray}")


def _told(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, max(1, len(text.splitlines()))) if mark else 1
    if not error.context and not any(key in str(error.problem) for key, _words, _opened in _WORDS):
        return line, str(error.problem)
    here = text.splitlines()[mark.line : mark.line + 1] if mark else []
    if here and "\t" in here[0][: len(here[0]) - len(here[0].lstrip())]:
        return line, _(_WORDS[0][1])
    began = error.context_mark.line + 1 if error.context_mark else line
    for number in (began, line) if "expected ':'" in str(error.problem) else ():
        if joined := re.match(r"\s*(?:- )?(\w+):(\S+)", text.splitlines()[number - 1]):
            return number, no_blank(joined[1], joined[2])
    for key, words, opened in _WORDS:
        if key in f"{error.problem} {error.context}":
            return began if opened else line, _(words)
    return line, _("this is not valid YAML: {problem}", problem=error.problem)
