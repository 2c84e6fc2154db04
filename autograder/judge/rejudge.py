"""Judging again, under another course.yml, what was handed in before: no notebook runs, no network trains.

What a question needs must have been handed in: values by their names, and what functions returned for the arguments that the
checks ask for now. Where it wasn't, the reason says so, and the submission has to be graded again. Evaluations that were made
before are known by network, weights and data; others are made now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograder.common.i18n import _, speaking
from autograder.common.wire.description import FunctionDescription
from autograder.common.wire.handins import Answer, Kept, Measured
from autograder.common.wire.judge_answers import Rejudged
from autograder.course.checks.answers.calls import called, named
from autograder.course.course import Course, Question
from autograder.judge.session import Session
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo


def rejudge(kept: Kept, course: Course, lab: CourseLab, memo: Memo) -> Rejudged:
    """The outcomes under `course`, in the language of the first time. Raises ProtocolError if `kept` is damaged."""
    document = kept.document
    questions = course.assignment(document.assignment).questions
    session = Session(course, document.assignment, lab, memo)
    lab.learn(document.measured)
    lab.asked = Measured()
    cannot = {}
    for key, answer in document.answers.items():
        if key in questions:
            values = kept.values(key)
            reason = _why_not(questions[key], values, answer, course.seed)
            if reason:
                cannot[key] = reason
            else:
                session.handed[key] = _answered(questions[key], values, answer, course.seed)
    with speaking(document.language):
        results = session.results(document.language)
    return Rejudged(results, cannot, lab.asked.ordered())


def _why_not(question: Question, values: Mapping[str, Any], answer: Answer, seed: int) -> str:
    there = {*named(values, question), *answer.lacks}
    for check in question.checks:
        absent = sorted(check.names() - there)
        if absent:
            return _(
                "the check '{id}' looks at {parts}, which was not handed in",
                id=check.id,
                parts=", ".join(f"`{name}`" for name in absent),
            )
    for name, checks in called(values, question, seed).items():
        known = set(answer.calls.get(name, {}).values())
        for id_, digest in checks.items():
            if digest not in known:
                what = f"`{name or question.first_name()}`"
                return _(
                    "the check '{check}' calls {function} on inputs that it was not called on", check=id_, function=what
                )
    return ""


def _answered(question: Question, values: Mapping[str, Any], answer: Answer, seed: int) -> dict[str, Any]:
    """The values; functions with what they returned under the checks' ids of now."""
    found = dict(values)
    for name, checks in called(values, question, seed).items():
        function: FunctionDescription = values[name]
        before = {digest: check for check, digest in answer.calls[name].items()}
        results = {
            check: function.results[before[digest]]
            for check, digest in checks.items()
            if before[digest] in function.results
        }
        found[name] = function.model_copy(update={"results": {**function.results, **results}})
    return found
