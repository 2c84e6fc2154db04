"""Reports in the language of a page: a class may be graded in several, and a page is read in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from autograder.classroom.pages.losses import Loss
from autograder.common.results import Outcome, QuestionResult, Report
from autograder.common.showing.retranslate import SaidAgain
from autograder.course.checks.base import Localised
from autograder.course.course import Course


class InLanguage:
    """Says what reports of `course` hold in the language `target`, as far as it is known: the grader's sentences, the course's titles and hints."""

    def __init__(self, course: Course, target: str) -> None:
        self.course, self.target = course, target
        self._known: dict[str, SaidAgain] = {}

    def text(self, text: str, source: str) -> str:
        if source == self.target or not text:
            return text
        if source not in self._known:
            pairs = dict(reversed([*_pairs(self.course, source, self.target)]))  # of two that are alike, the first
            self._known[source] = SaidAgain(source, self.target, pairs)
        return self._known[source](text)

    def report(self, report: Report) -> Report:
        """What it says, for a page to show. What follows from what is read off the report itself, whose sentences name each other."""
        source = report.language
        if source == self.target:
            return report
        cause = report.first_cause
        return report.model_copy(
            update={
                "questions": tuple(self._question(result, source) for result in report.questions),
                "notes": tuple(self.text(note, source) for note in report.notes),
                "breaks": tuple(
                    b.model_copy(update={"sentence": self.text(b.sentence, source)}) for b in report.breaks
                ),
                "first_cause": cause and cause.model_copy(update={"sentence": self.text(cause.sentence, source)}),
            }
        )

    def losses(self, report: Report, found: Sequence[Loss]) -> Sequence[Loss]:
        """The mistakes that were `found` in the report as it is."""
        source = report.language
        if source == self.target:
            return found
        return [
            replace(
                loss, place=self.text(loss.place, source), problem=self.text(loss.problem, source), hint=self.text(loss.hint, source),
                outcomes=[self._outcome(outcome, source) for outcome in loss.outcomes],
            )
            for loss in found
        ]  # fmt: skip

    def _question(self, result: QuestionResult, source: str) -> QuestionResult:
        said = {"problem": self.text(result.problem, source), "hint": self.text(result.hint, source)}
        outcomes = tuple(self._outcome(outcome, source) for outcome in result.outcomes)
        return result.model_copy(update={**said, "outcomes": outcomes})

    def _outcome(self, outcome: Outcome, source: str) -> Outcome:
        said = {name: self.text(getattr(outcome, name), source) for name in ("title", "expected", "actual", "hint")}
        return outcome.model_copy(update=said)


def _pairs(course: Course, source: str, target: str) -> Iterator[tuple[str, str]]:
    """All that the course itself says in both languages."""

    def both(text: Localised | None) -> Iterator[tuple[str, str]]:
        if text is not None:
            yield text.in_language(source), text.in_language(target)

    for assignment in course.assignments.values():
        yield from both(assignment.title)
        for question in assignment.questions.values():
            yield from both(question.title)
            for check in question.checks:
                yield check.heading(source), check.heading(target)
                yield from both(check.hint)
