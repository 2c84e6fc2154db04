"""JUnit XML: what CI servers show. A ``testsuite`` for each submission, a ``testcase`` for each check.

A check that failed is a ``failure``, one that is undecided an ``error`` (the grader's trouble, not the student's), one that was
not looked at is ``skipped``; in a submission that is missing, everything is skipped. A question that a person scored is one
testcase. Points stand in the ``properties`` of a testsuite. There are no times in it: reports hold none.

Sources: the schema of Jenkins' xUnit plugin, ``junit-10.xsd``
(https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd)
and "The JUnit XML format" (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as Xml

from autograder.classroom.export.cells import number
from autograder.classroom.export.grades import Grade, QuestionGrade, Sheet, State, line
from autograder.common.results import Outcome, Status

_ELEMENTS = {Status.FAILED: "failure", Status.UNDECIDED: "error", Status.SKIPPED: "skipped"}
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def files(sheet: Sheet) -> dict[str, str]:
    suites = Xml.Element("testsuites", name=sheet.course)
    total: Counter[str] = Counter()
    for grade in sheet.grades:
        suite, counts = _suite(grade)
        suites.append(suite)
        total += counts
    for name in ("tests", "failures", "errors"):
        suites.set(name, str(total[name]))
    Xml.indent(suites, " ")
    body = Xml.tostring(suites, encoding="unicode")
    return {"junit.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'}


def _suite(grade: Grade) -> tuple[Xml.Element, Counter[str]]:
    suite = Xml.Element("testsuite", name=_legal(f"{grade.student}/{grade.assignment}"))
    properties = Xml.SubElement(suite, "properties")
    facts = {"student": grade.student, "assignment": grade.assignment, "status": grade.status.value}
    numbers = {"points": grade.points, "penalty": grade.penalty, "total": grade.total, "out_of": grade.out_of}
    facts |= {name: number(value) for name, value in numbers.items() if value is not None}
    for name, value in facts.items():
        Xml.SubElement(properties, "property", name=name, value=_legal(value))
    counts: Counter[str] = Counter()
    for question in grade.questions:
        for case in _cases(grade, question):
            suite.append(case)
            counts["tests"] += 1
            counts.update(_COUNTED[child.tag] for child in case)
    for name in ("tests", "failures", "errors", "skipped"):
        suite.set(name, str(counts[name]))
    return suite, counts


def _cases(grade: Grade, question: QuestionGrade) -> list[Xml.Element]:
    place = f"{grade.assignment}.{question.question}"
    if grade.status is State.MISSING or question.manual is not None or not question.checks:
        return [_whole(place, question)]
    return [_case(place, question, check) for check in question.checks]


def _whole(place: str, question: QuestionGrade) -> Xml.Element:
    """A question as one testcase: nobody handed it in, a person scored it, or there is no report of its checks."""
    case = Xml.Element("testcase", classname=place, name=_legal(question.title))
    if question.status is State.MISSING:
        Xml.SubElement(case, "skipped", message="missing: nothing was handed in")
    elif question.points is None:
        Xml.SubElement(case, "error", type="undecided", message="a person will look at this")
    elif question.status is not State.PASSED:
        score = f"{number(question.points)} of {number(question.out_of)} points"
        message = f"{score}, scored by a person" if question.manual is not None else score
        Xml.SubElement(case, "failure", type="failed", message=message)
    return case


def _case(place: str, question: QuestionGrade, check: Outcome) -> Xml.Element:
    case = Xml.Element("testcase", classname=place, name=_legal(f"{check.check}: {check.title}"))
    if check.status in _ELEMENTS:
        name = _ELEMENTS[check.status]
        message = " ".join(filter(None, [question.problem, question.hint])) or check.actual or check.hint or check.title
        found = Xml.SubElement(case, name, message=_legal(message))
        if name != "skipped":
            found.set("type", check.status.value)
        found.text = _legal(line(check))
    return case


def _legal(text: str) -> str:
    """`text` without what XML 1.0 can't hold (https://www.w3.org/TR/xml/#charsets): control codes, half characters."""
    return "".join(char for char in text if char in "\t\n" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000")  # fmt: skip
