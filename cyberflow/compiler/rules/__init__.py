"""The rules, one per file: a generator of findings over the graph. A rule's module docstring is its documentation, its
file name its name with `_` for `-`. Rules that the readers of files and prompts find have a docstring and no `find`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, Severity


def _names(text: str) -> list[str]:
    return text.split()


GROUPS = {
    "source": _names("""
        merge-conflict yaml-syntax duplicate-key unknown-key missing-key wrong-type bad-name duplicate-name bad-schema
        file-not-found path-escape template-error python-error secret-in-source cut-prompt path-as-prompt
        unused-ignore
    """),
    "prompt": _names("""
        empty-prompt undeclared-input undeclared-secret bad-placeholder ambiguous-placeholder backslash-placeholder
        path-on-scalar unknown-property bad-image unused-input unused-secret unsafe-html unbalanced-loop
        loop-item-outside-loop unknown-tool restarted-list
        lost-text runtime-input lookalike-runtime foreign-template control-character password-input
    """),
    "chain": _names("""
        empty-chain duplicate-step unknown-workflow bad-ref unknown-step forward-ref cycle unknown-output
        type-mismatch missing-input unknown-input missing-secret unknown-secret secret-leak untyped-output
        unused-chain-input unused-chain-secret cleanup-before-use ref-index ref-as-text
        each-not-list key-not-scalar unbounded-wait retry-repeats call-untyped
        not-on-target
    """),
    "test": _names("""
        unused-mock
    """),
}
"""Every rule in the order of the reference."""
RULES = tuple(name for names in GROUPS.values() for name in names)
TEST_RULES = ("unused-mock",)
"""What `cyberflow test` finds when it runs them."""
REMOTE_RULES = ("not-on-target",)
"""What `check --remote` finds besides, when it has asked the target."""
WARNINGS = frozenset(
    _names("""
        unused-ignore cut-prompt path-as-prompt unused-input unused-secret unsafe-html unbalanced-loop
        loop-item-outside-loop unknown-tool restarted-list untyped-output unused-chain-input unused-chain-secret
        cleanup-before-use ref-index ref-as-text unbounded-wait retry-repeats
        lost-text runtime-input lookalike-runtime foreign-template password-input
        unused-mock
    """)
)
_FOUND_BY_READERS = frozenset(
    _names("""
        merge-conflict yaml-syntax duplicate-key unknown-key missing-key wrong-type bad-name duplicate-name bad-schema
        file-not-found path-escape template-error python-error unused-ignore
        ambiguous-placeholder backslash-placeholder bad-image unsafe-html lost-text foreign-template
    """)
).union(REMOTE_RULES, TEST_RULES)
"""Rules that have nothing to ask the graph."""


FIXES = {
    **dict.fromkeys(
        _names("""
            yaml-syntax unknown-key missing-key wrong-type bad-schema file-not-found template-error unused-ignore
            empty-prompt undeclared-input undeclared-secret bad-placeholder ambiguous-placeholder backslash-placeholder
            unknown-property unused-input unused-secret unknown-tool lost-text lookalike-runtime control-character
            unknown-workflow bad-ref unknown-step unknown-output unknown-input unknown-secret unused-chain-input
            unused-chain-secret ref-index foreign-template bad-image
        """),
        "safe",
    ),
    **dict.fromkeys(
        _names("""
            duplicate-key bad-name cut-prompt path-as-prompt path-on-scalar restarted-list runtime-input forward-ref
            type-mismatch missing-input missing-secret untyped-output cleanup-before-use ref-as-text
        """),
        "guess",
    ),
}
"""Rules that offer fixes: some that are hardly guesses, or guesses alone."""


def rule_module(name: str) -> ModuleType:
    """The module that documents a rule, and for most finds what breaks it."""
    return import_module(f"{__name__}.{name.replace('-', '_')}")


def graph_rules() -> dict[str, Callable[[Graph], Iterable[Diagnostic]]]:
    """The rules that ask the graph, by name."""
    return {name: rule_module(name).find for name in RULES if name not in _FOUND_BY_READERS}


def severity_of(rule: str) -> Severity:
    return "warning" if rule in WARNINGS else "error"
