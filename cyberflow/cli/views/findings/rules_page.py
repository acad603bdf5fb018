"""The rules as a person looks them up: what `explain` prints, the page `docs/rules.md`, and the help texts of SARIF.
All of it is the docstring of the module that is the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cyberflow.compiler.rules import FIXES, GROUPS, rule_module, severity_of
from cyberflow.diagnostics import Severity

_TITLES = {"source": "Sources", "prompt": "Prompts", "chain": "Chains", "test": "Tests"}
_INTRODUCTION = """\
# Rules

What `cyberflow check` finds, from the same texts as `cyberflow explain RULE`. An error makes `check` exit with 1 and
stops `apply` and `run`; a warning does not, unless `--error-on warning` says so.

`# cyberflow: ignore[RULE] reason` on the line, or on the line above, silences one finding; inside a prompt it is
`{# cyberflow: ignore[RULE] reason #}`. The reason is required.

What is marked `--fix` can be mended by `cyberflow check --fix`, where only one thing can be meant: a slip of one or two
letters, a path with backslashes, what nothing uses and has its line to itself, an escape. `--unsafe-fixes` makes
guesses as well: read `--diff` first. A fix is edits of text and touches nothing else of a file; none is made that
leaves a finding which was not there before. Fixing twice changes nothing more.

Each example is a file, or several, each below its path: with the lines that begin with `-` it has the finding and no
other, with those that begin with `+` it has none.
"""
_EXAMPLE = re.compile(r"(?:^    .*\n(?:\n+(?=    ))*)+", re.MULTILINE)


@dataclass(frozen=True)
class RuleDocumentation:
    """A rule and its documentation: `title` is its first sentence, `text` the whole of it."""

    name: str
    group: str
    severity: Severity
    text: str
    fix: str | None = None
    """`safe` or `guess`, when its findings offer fixes."""

    @property
    def mend(self) -> str:
        """The option that makes the fixes; empty when there are none."""
        return {"safe": "--fix", "guess": "--unsafe-fixes"}.get(self.fix or "", "")

    @property
    def title(self) -> str:
        return self.text.split("\n", 1)[0]

    @property
    def summary(self) -> str:
        """The first paragraph below the title that is prose; the title when there is none."""
        prose = [part for part in self.text.split("\n\n")[1:] if not part.startswith(" ")]
        return " ".join(prose[0].split()) if prose else self.title

    @property
    def markdown(self) -> str:
        return _fence_examples(self.text + "\n").rstrip("\n")

    def section(self) -> str:
        mended = f", mended by `{self.mend}`" if self.mend else ""
        return f"### {self.name}\n\n{self.severity.capitalize()}{mended}. {self.markdown}\n"


def load_rules() -> list[RuleDocumentation]:
    """Every rule, in the order of the reference."""
    return [
        RuleDocumentation(name, group, severity_of(name), (rule_module(name).__doc__ or "").strip(), FIXES.get(name))
        for group, names in GROUPS.items()
        for name in names
    ]


def render_page() -> str:
    """The page of the reference, `docs/rules.md`."""
    every = load_rules()
    parts = [_INTRODUCTION]
    for group, title in _TITLES.items():
        members = [rule for rule in every if rule.group == group]
        parts.append(f"## {title}\n")
        parts.append("| rule | | | |\n|---|---|---|---|")
        parts += [
            f"| [`{rule.name}`](#{rule.name}) | {rule.severity} | {_code(rule.mend)} | {_cell(rule.title)} |"
            for rule in members
        ]
        parts.append("")
        parts += [rule.section() for rule in members]
    return "\n".join(parts).rstrip() + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _fence_examples(text: str) -> str:
    """Indented examples become fenced ones, so that pages colour them: the mistake, and what to write in its place."""
    return _EXAMPLE.sub(_fence_example, text)


def _fence_example(match: re.Match[str]) -> str:
    example = "\n".join(line[4:] for line in match.group().strip("\n").split("\n"))
    return f"```diff\n{example}\n```\n"
