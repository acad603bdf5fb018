"""Findings as SARIF 2.1.0, for code scanning. A function over finished findings; it quotes no line of a source, so that
no secret can be in one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cyberflow.cli.views.findings.findings_json import workspace_prefix
from cyberflow.cli.views.findings.fixes import FixView
from cyberflow.cli.views.findings.rules_page import RuleDocumentation, load_rules
from cyberflow.compiler.fixes.text_edits import TextFix
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.language.project.load import RawProject
from cyberflow.language.project.secret_literals import SecretLiterals
from cyberflow.source import Place
from cyberflow.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "cyberflow/v1"
_FREE = "/!$&'()*+,;=@~-._"
Json = dict[str, Any]


def render_sarif(sourced: RawProject, found: list[Diagnostic], environ: Mapping[str, str]) -> str:
    """The whole answer of `check --format sarif`.

    Paths are relative to the project; where GITHUB_WORKSPACE is a folder above it, to that one, since code scanning
    takes every relative path for one of the repository.
    """
    known = load_rules()
    base = workspace_prefix(sourced.root, environ)
    writer = _SarifWriter(sourced, base, FixView.of(sourced, found), sourced.secrets if found else SecretLiterals())
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(known)},
                "invocations": [{"executionSuccessful": True}],
                "originalUriBaseIds": {ROOT: {"description": {"text": _base_text(base)}}},
                "columnKind": "unicodeCodePoints",
                "results": list(writer.results(found, [rule.name for rule in known])),
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _base_text(base: str) -> str:
    return "The root of the repository." if base else "The folder of cyberflow.yaml."


def _driver(known: list[RuleDocumentation]) -> Json:
    return {
        "name": "cyberflow",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in known],
    }


def _rule(rule: RuleDocumentation) -> Json:
    return {
        "id": rule.name,
        **({"name": "".join(word.capitalize() for word in rule.name.split("-"))} if "-" in rule.name else {}),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.text, "markdown": rule.markdown},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": [rule.group], "precision": "very-high", "problem.severity": rule.severity},
    }


@dataclass(frozen=True)
class _SarifWriter:
    """Writes the findings of one project. `base` leads from the base of all paths to the project."""

    sourced: RawProject
    base: str
    fixes: FixView
    secrets: SecretLiterals

    def results(self, found: list[Diagnostic], known: list[str]) -> Iterator[Json]:
        seen: Counter[str] = Counter()
        for one in found:
            words = [one.message, one.note, *one.notes, f"help: {one.help}" if one.help else ""]
            key = self._fingerprint_key(one)
            seen[key] += 1
            result: Json = {
                "ruleId": one.rule,
                **({"ruleIndex": known.index(one.rule)} if one.rule in known else {}),
                "level": one.severity,
                "message": {"text": "\n".join(line for line in words if line)},
                "locations": [{"physicalLocation": self._location(one.place)}],
                "partialFingerprints": {FINGERPRINT: hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()},
            }
            if one.labels:
                result["relatedLocations"] = [
                    self._label_location(index, label) for index, label in enumerate(one.labels, 1)
                ]
            if fix := self.fixes.fix(one):
                result["fixes"] = [self._fix(fix)]
            yield result

    def _fix(self, fix: TextFix) -> Json:
        """A fix, with what it replaces in each file."""
        replaced: dict[str, list[Json]] = {}
        for span, text in self.fixes.spans(fix):
            region = {"startLine": span.line, "startColumn": span.column}
            region |= {"endLine": span.end_line, "endColumn": span.end_column}
            replaced.setdefault(span.path, []).append({"deletedRegion": region, "insertedContent": {"text": text}})
        changes = [
            {"artifactLocation": self._artifact(path), "replacements": edits} for path, edits in replaced.items()
        ]
        return {"description": {"text": fix.message}, "artifactChanges": changes}

    def _fingerprint_key(self, one: Diagnostic) -> str:
        """What stays the same when lines move: the rule, the declaration, and what is said of it."""
        route = self.secrets.hide(json.dumps(one.place.route, ensure_ascii=False), [one.place.path])
        return json.dumps([one.rule, one.place.path, route, one.message], ensure_ascii=False)

    def _label_location(self, index: int, label: Label) -> Json:
        return {"id": index, "message": {"text": label.message}, "physicalLocation": self._location(label.place)}

    def _location(self, place: Place) -> Json:
        """Where a place is; how long a hidden one is stays unsaid."""
        span = self.sourced.sources.span(place)
        end: Json = {} if span in self.fixes.hidden else {"endLine": span.end_line, "endColumn": span.end_column}
        return {
            "artifactLocation": self._artifact(span.path),
            "region": {"startLine": span.line, "startColumn": span.column, **end},
        }

    def _artifact(self, path: str) -> Json:
        return {"uri": quote(self.base + path, safe=_FREE), "uriBaseId": ROOT}
