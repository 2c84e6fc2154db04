"""What the gradebook's comments say: Markdown that reads well unrendered too, in the language that is spoken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.showing.outcome_table import by_cause
from autograder.course.checks.manual import Criterion


def question_text(question: QuestionResult) -> str:
    """Markdown that reads well unrendered too, as formgrader shows it; '' for full marks."""
    if question.status is Status.PASSED:
        return ""
    lines = [
        _(
            "**{title}**: {points:g} of {out_of:g} points",
            title=prose(question.title),
            points=question.points,
            out_of=question.out_of,
        )
    ]
    if question.problem:
        lines.append(f"- {prose(' '.join(filter(None, [question.problem, question.hint])))}")
    lines += [
        f"- {_outcome_text(outcome)}" for outcome in by_cause(question.outcomes) if outcome.status != Status.PASSED
    ]
    return lines[0] + "".join(f"\n{line}" for line in ["", *lines[1:]] if len(lines) > 1)


def rubric_text(rubric: Sequence[Criterion], language: str) -> str:
    """A rubric as lines that who grades can edit; '' without one."""
    lines = [
        _("- {points:g} points: {says}", points=one.points, says=prose(one.says.in_language(language)))
        for one in rubric
    ]
    return "\n".join([_("Rubric:"), *lines]) if lines else ""


def _outcome_text(outcome: Outcome) -> str:
    said = [_heading(outcome)]
    if outcome.status is Status.FAILED and not outcome.hidden:  # a hidden check's parameters stay hidden
        said += [_("expected {text}", text=_code(outcome.expected))] if outcome.expected else []
        said += [_("found {text}", text=_code(outcome.actual))] if outcome.actual else []
    elif outcome.status is not Status.FAILED and outcome.actual:  # the reason
        said.append(prose(outcome.actual))
    text = f"{said[0]}{': ' if said[1:] else ''}{', '.join(said[1:])}"
    return f"{text}. {prose(outcome.hint)}" if outcome.hint else text


def _heading(outcome: Outcome) -> str:
    title, out_of = prose(outcome.title), outcome.out_of
    match outcome.status:
        case Status.UNDECIDED if outcome.by_hand:
            return _("{title}: a person grades this ({out_of:g} points)", title=title, out_of=out_of)
        case Status.UNDECIDED:
            return _(
                "{title}: the grader could not decide this; a person will look at it ({out_of:g} points)",
                title=title,
                out_of=out_of,
            )
        case Status.SKIPPED:
            return _("{title}: not checked ({out_of:g} points)", title=title, out_of=out_of)
    return _("{title} ({points:g} of {out_of:g})", title=title, points=outcome.points, out_of=out_of)


def isolation_text(isolation: str) -> str:
    return _("Graded with isolation: {isolation}.", isolation=isolation)


def prose(text: str) -> str:
    """Text for a comment, which feedback pages render as Markdown: as code if it could hold HTML, links or formulas."""
    return _code(text) if re.search(r"[<$\\]|\][(\[:]|!\[", text) else _line(text)


def _code(text: str) -> str:
    return f"`{_line(text).replace('`', chr(39))}`"


def _line(text: str) -> str:
    """One line of printable characters, at most 500: some of it is what student code said."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= 500 else line[:499] + "…"
