"""Every topic of the reference, and the ones that a name means."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.cli.reference.topic import Topic


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
    """What a name means: a topic of this very name, else each key that ends in it, else what is also called so."""
    every = list(load_topics())
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
