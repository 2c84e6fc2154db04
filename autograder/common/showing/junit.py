"""JUnit XML, which CI servers show: suites of cases, counted.

Sources: the schema of Jenkins' xUnit plugin, ``junit-10.xsd``
(https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd)
and "The JUnit XML format" (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree as Xml

from autograder.common.showing.readable import on_screen

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


@dataclass(frozen=True)
class Case:
    """`found` is '' for what passed; then `type` and `message` say in a word and in a line why, and `text` says it all.

    `seconds`: wall time, where it is known.
    """

    classname: str
    name: str
    found: Literal["", "failure", "error", "skipped"] = ""
    message: str = ""
    type: str = ""
    text: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Suite:
    name: str
    cases: tuple[Case, ...]
    properties: Mapping[str, str] = field(default_factory=dict)


def document(name: str, suites: Iterable[Suite]) -> str:
    """The document of all `suites`, under the name of the whole."""
    root, total = Xml.Element("testsuites", name=_legal(name)), Counter[str]()
    for suite in suites:
        counts = Counter(_COUNTED[case.found] for case in suite.cases if case.found)
        counts["tests"] = len(suite.cases)
        element = Xml.SubElement(root, "testsuite", name=_legal(suite.name))
        _count(element, counts, ("tests", "failures", "errors", "skipped"))
        if suite.properties:
            properties = Xml.SubElement(element, "properties")
            for key, value in suite.properties.items():
                Xml.SubElement(properties, "property", name=key, value=_legal(value))
        element.extend(map(_case, suite.cases))
        total += counts
    _count(root, total, ("tests", "failures", "errors"))
    Xml.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _count(element: Xml.Element, counts: Counter[str], names: Iterable[str]) -> None:
    for name in names:
        element.set(name, str(counts[name]))


def _case(case: Case) -> Xml.Element:
    element = Xml.Element("testcase", classname=_legal(case.classname), name=_legal(case.name))
    if case.seconds is not None:
        element.set("time", f"{case.seconds:g}")
    if case.found:
        found = Xml.SubElement(element, case.found, message=_legal(case.message))
        if case.type:
            found.set("type", case.type)
        if case.text:
            found.text = _legal(case.text)
    return element


def _legal(text: str) -> str:
    """`text` without what XML 1.0 can't hold (https://www.w3.org/TR/xml/#charsets): control codes, half characters; and without what acts on who shows it."""
    return "".join(char for char in on_screen(text) if char in "\t\n" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000")  # fmt: skip
