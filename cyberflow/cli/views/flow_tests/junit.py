"""Verdicts of tests as JUnit XML, which every CI reads: a suite for each file, a case for each case."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as ET

from cyberflow.cli.styles import unstyle
from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer
from cyberflow.cli.views.flow_tests.verdicts import render_verdict
from cyberflow.language.project.load import RawProject
from cyberflow.testing.verdicts import Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(sourced: RawProject, verdicts: Iterable[Verdict]) -> str:
    """The text of a JUnit file."""
    verdicts = list(verdicts)
    printer = DiagnosticRenderer.of(sourced, ())
    root = ET.Element("testsuites", {"name": sourced.settings.project, **_counts(verdicts)})
    for path, group in groupby(sorted(verdicts, key=lambda one: one.place.path), key=lambda one: one.place.path):
        cases = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": path, **_counts(cases)})
        for one in cases:
            _add_case(suite, one, printer)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ET.Element, verdict: Verdict, printer: DiagnosticRenderer) -> None:
    span = printer.sources.span(verdict.place)
    facts = {
        "classname": re.sub(r"\.ya?ml$", "", span.path).replace("/", "."),
        "name": verdict.name,
        "time": f"{verdict.seconds:.3f}",
        "file": span.path,
        "line": str(span.line),
    }
    case = ET.SubElement(suite, "testcase", {key: _clean(value) for key, value in facts.items()})
    text = _clean(unstyle(render_verdict(verdict, printer)))
    if verdict.status == "error":
        ET.SubElement(case, "error", {"message": _clean(verdict.trouble or "")}).text = text
    elif verdict.status == "failed":
        places = ", ".join(one.at for one in verdict.failures)
        ET.SubElement(case, "failure", {"message": _clean(f"not as expected: {places}")}).text = text
    elif text:
        ET.SubElement(case, "system-out").text = text


def _counts(verdicts: list[Verdict]) -> dict[str, str]:
    return {
        "tests": str(len(verdicts)),
        "failures": str(sum(one.status == "failed" for one in verdicts)),
        "errors": str(sum(one.status == "error" for one in verdicts)),
        "skipped": "0",
        "time": f"{sum(one.seconds for one in verdicts):.3f}",
    }


def _clean(text: str) -> str:
    """A text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
