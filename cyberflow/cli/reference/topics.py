"""Every topic of the reference, and the ones that a name means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cyberflow.cli.reference.topic import Topic
from cyberflow.late import expression

_SHAPES = [
    (expression(shape), word)
    for shape, word in (
        (r"\\.+", "\\<name>"),
        (r"\$\{\{.*", "${{ … }}"),
        (r"\{%.*", "{% … %}"),
        (r"\{#.*", "{# … #}"),
        (r"\{\{.*\}\}", "{{name}}"),
        (r"\{.*\}", "{name}"),
        (r"<\$.+>", "<$name>"),
        (r"<[\w-]+>", "<name>"),
        (r"<.+>", "<name.key[0]['k']>"),
        (r".+\[\]", "T[]"),
        (r".+\?", "name?"),
        (r"#? ?cyberflow: ignore.*", "ignore"),
    )
]
"""How words of the language are written, and the one that explains them."""


def load_topics() -> Iterator[Topic]:
    """Every topic, in the order of the reference; what is asked for by one name may be several of them."""
    from cyberflow.cli.reference.commands import command_topics
    from cyberflow.cli.reference.json_shapes import json_topics
    from cyberflow.cli.reference.keys import key_topics
    from cyberflow.cli.reference.vocabulary import exit_code_topics, word_topics
    from cyberflow.cli.views.findings.rules_page import load_rules

    for rule in load_rules():
        mended = f"\n\nMended by `{rule.mend}`." if rule.mend else ""
        yield Topic("rule", rule.name, f"{rule.text}{mended}")
    yield from key_topics()
    yield from word_topics()
    yield from command_topics()
    yield from exit_code_topics()
    yield from json_topics()


def find_topics(name: str) -> list[Topic]:
    """What a name means: a topic of this very name, each key that ends in it, and what is also called so; else the
    topic of whatever is written as it is, as `<patient.id>` and `Visit[]` are.
    """
    every = list(load_topics())
    found = _search_topics(name, every)
    usual = next((word for shape, word in _SHAPES if shape.fullmatch(name)), None)
    return found or ([] if usual is None else _search_topics(usual, every))


def _search_topics(name: str, every: Sequence[Topic]) -> list[Topic]:
    ways = (
        [one for one in every if one.name == name],
        [one for one in every if one.kind == "key" and one.name.endswith(f".{name}")],
        [one for one in every if name in one.also],
    )
    return [*dict.fromkeys(one for way in ways for one in way)]


def topic_names() -> list[str]:
    """Every name that `explain` knows, the last part of each key among them."""
    names: dict[str, None] = {}
    for one in load_topics():
        names |= dict.fromkeys((one.name, *one.also, one.name.rpartition(".")[2] if one.kind == "key" else one.name))
    return [*names]
