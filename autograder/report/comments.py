"""What the gradebook's comments say: Markdown that reads well unrendered too, in the course's languages."""

from __future__ import annotations

import datetime as dt
import re

from autograder.course import LatePolicy
from autograder.results import Outcome, QuestionResult, Status

TEXTS = {
    "en": {
        "late": "Handed in {late} late: {share:.0%} of {score:g} points are deducted, {share:g} × {score:g} = {penalty:g}.",
        "policy": " (A started day costs {per_day:.0%}, at most {at_most:.0%}, after {grace} minutes of grace.)",
        "isolation": "Graded with isolation: {isolation}.",
        "score": "**{title}**: {points:g} of {out_of:g} points",
        "failed": "{title} (0 of {out_of:g})",
        "partly": "{title} ({points:g} of {out_of:g})",
        "undecided": "{title}: the grader could not decide this; a person will look at it ({out_of:g} points)",
        "skipped": "{title}: not checked ({out_of:g} points)",
        "expected": "expected {text}",
        "actual": "found {text}",
    },
    "ko": {
        "late": "{late} 늦게 제출하여 {score:g}점의 {share:.0%}를 감점합니다: {share:g} × {score:g} = {penalty:g}점.",
        "policy": " (유예 시간 {grace}분이 지나면 하루마다 {per_day:.0%}, 최대 {at_most:.0%}를 감점합니다.)",
        "isolation": "채점할 때의 격리 방식: {isolation}.",
        "score": "**{title}**: {out_of:g}점 중 {points:g}점",
        "failed": "{title} ({out_of:g}점 중 0점)",
        "partly": "{title} ({out_of:g}점 중 {points:g}점)",
        "undecided": "{title}: 자동으로 판정할 수 없어 사람이 확인합니다 ({out_of:g}점)",
        "skipped": "{title}: 확인하지 않음 ({out_of:g}점)",
        "expected": "기대한 값 {text}",
        "actual": "제출한 값 {text}",
    },
}


def question_text(question: QuestionResult, texts: dict[str, str]) -> str:
    """Markdown that reads well unrendered too, as formgrader shows it; '' for full marks."""
    if question.status is Status.PASSED:
        return ""
    lines = [texts["score"].format(title=prose(question.title), points=question.points, out_of=question.out_of)]
    if question.problem:
        lines.append(f"- {prose(' '.join(filter(None, [question.problem, question.hint])))}")
    lines += [f"- {_outcome_text(outcome, texts)}" for outcome in question.outcomes if outcome.status != Status.PASSED]
    return lines[0] + "".join(f"\n{line}" for line in ["", *lines[1:]] if len(lines) > 1)


def _outcome_text(outcome: Outcome, texts: dict[str, str]) -> str:
    kind = "partly" if outcome.status is Status.FAILED and outcome.points else outcome.status.value
    said = [texts[kind].format(title=prose(outcome.title), points=outcome.points, out_of=outcome.out_of)]
    if outcome.status is Status.FAILED and not outcome.hidden:  # a hidden check's parameters stay hidden
        values = {"expected": outcome.expected, "actual": outcome.actual}
        said += [texts[name].format(text=_code(value)) for name, value in values.items() if value]
    elif outcome.status is not Status.FAILED and outcome.actual:  # the reason
        said.append(prose(outcome.actual))
    text = f"{said[0]}{': ' if said[1:] else ''}{', '.join(said[1:])}"
    return f"{text}. {prose(outcome.hint)}" if outcome.hint else text


def late_text(
    policy: LatePolicy, late: dt.timedelta, share: float, score: float, penalty: float, texts: dict[str, str]
) -> str:
    span = str(late - dt.timedelta(microseconds=late.microseconds))  # like "1 day, 2:03:04"
    rule = {"per_day": policy.per_day, "at_most": policy.at_most, "grace": policy.grace_minutes}
    values = {"late": span, "share": share, "score": score, "penalty": penalty}
    return texts["late"].format(**values) + texts["policy"].format(**rule)


def prose(text: str) -> str:
    """Text for a comment, which feedback pages render as Markdown: as code if it could hold HTML, links or formulas."""
    return _code(text) if re.search(r"[<$\\]|\][(\[:]|!\[", text) else _line(text)


def _code(text: str) -> str:
    return f"`{_line(text).replace('`', chr(39))}`"


def _line(text: str) -> str:
    """One line of printable characters, at most 500: some of it is what student code said."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= 500 else line[:499] + "…"
