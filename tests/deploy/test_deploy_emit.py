"""The YAML that `pull` writes reads back as what was meant, whatever stands in it."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cyberflow.language.template.escapes import escape_template
from cyberflow.language.yaml.document import parse_yaml
from cyberflow.language.yaml.writing.blocks import yaml_text
from cyberflow.source import Place, Route

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "null",
        "~",
        "on",
        "1e3",
        "007",
        "- a",
        "a: b",
        "a #b",
        "'",
        '"',
        "{a}",
        "[a]",
        "&a",
        "*a",
        "!t",
        "%",
        "@",
        "`",
        "line\nline",
        "line\n",
        "\n",
        " led",
        "tail ",
        "tab\there",
        "\ufeff",
        "\x85",
        "é",
        "😀",
        "a\\b",
        "?",
        "string[]",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), VALUES, min_size=1, max_size=4))
def test_what_is_written_reads_back(data: dict[str, Any]) -> None:
    text = yaml_text(data)
    document = parse_yaml(text, "pulled.yaml")

    assert [problem.message for problem in document.problems] == [], text
    assert document.data == data, text


def routes(value: Any, route: Route = ()) -> list[Route]:
    """The routes of all values below the top that can stand at the beginning of a line."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [((*route, key), item) for key, item in items]
    return [one for inner, item in found for one in (inner, *routes(item, inner))]


@given(st.data())
def test_a_comment_stands_above_its_value_and_changes_nothing(data: st.DataObject) -> None:
    check = st.fixed_dictionaries({"name": TEXTS, "files": st.lists(TEXTS.filter(bool), max_size=3)})
    body = data.draw(st.fixed_dictionaries({"terminal": st.lists(TEXTS), "checks": st.lists(check, max_size=3)}))
    route = data.draw(st.sampled_from(routes(body)))

    text = yaml_text(body, {route: "here"})
    document = parse_yaml(text, "pulled.yaml")

    assert document.data == body, text
    (line,) = [number for number, line in enumerate(text.split("\n"), 1) if line.strip() == "# here"]
    assert document.span(Place("pulled.yaml", route).at_key()).line == line + 1, text


def test_the_style_is_that_of_the_examples() -> None:
    data = {
        "workflows": {
            "lookup": {
                "title": "Patient lookup",
                "prompt": {"file": "prompts/lookup.md"},
                "schema": "off",
                "inputs": {"mrn": "string", "visits?": "string[]", "n": {"type": "integer", "default": 3}},
                "secrets": ["password"],
                "on_check_failure": "Close it.\nLeave.\n",
                "checks": [{"name": "a", "type": "b"}],
                "terminal": ["Get-Process | ConvertTo-Json"],
            }
        }
    }

    comments = {("workflows", "lookup", "prompt"): "as it was", ("workflows", "lookup", "terminal", 0): "and it"}
    assert yaml_text(data, comments) == (
        "workflows:\n"
        "  lookup:\n"
        "    title: Patient lookup\n"
        "    # as it was\n"
        "    prompt: {file: prompts/lookup.md}\n"
        "    schema: off\n"
        "    inputs:\n"
        "      mrn: string\n"
        '      "visits?": "string[]"\n'
        '      "n": {type: integer, default: 3}\n'
        "    secrets: [password]\n"
        "    on_check_failure: |\n"
        "      Close it.\n"
        "      Leave.\n"
        "    checks:\n"
        "      - {name: a, type: b}\n"
        "    terminal:\n"
        "      # and it\n"
        '      - "Get-Process | ConvertTo-Json"\n'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [("${{ x }} {% y %}", r"\${{ x }} \{% y %}"), ("{% y %}", "{% y %}"), ("plain", "plain")],
)
def test_what_looks_like_a_template_is_escaped(text: str, written: str) -> None:
    assert escape_template(text) == written
