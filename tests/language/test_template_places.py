"""Where a template is wrong, what a comment takes along, and that no template costs another one its budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.template.templates import Templates, TemplateScope
from cyberflow.source import Place, Text


def templates(root: Path) -> Templates:
    return Templates(Files(root), TemplateScope("local", {"clinic": "north", "many": list(range(2000))}))


def findings(root: Path, text: str) -> list[tuple[Diagnostic, str]]:
    made = templates(root)
    made.render(Text.of(text, Place("a.md")))
    return [(one, text[slice(*one.place.range)]) for one in made.problems if one.place.range]


@pytest.mark.parametrize(
    ("text", "opener", "closer"),
    [
        ("ticket {#123 now.", "{#", "#}"),
        ("a {# b #} c {# d", "{#", "#}"),
        ("Open ${{ vars.clinic and\ngo on.", "${{", "}}"),
        ("Open ${{ vars.clinic.\n\nThen ${{ vars.clinic }}.", "${{", "}}"),
        ("Open ${{ vars.clinic, and ${{ vars.clinic }}.", "${{", "}}"),
        ("Open ${{ don't.", "${{", "}}"),
        ("{% if vars.clinic\nx{% endif %}", "{%", "%}"),
    ],
)
def test_what_is_never_closed_is_told_where_it_opens(tmp_path: Path, text: str, opener: str, closer: str) -> None:
    ((found, marked),) = findings(tmp_path, text)

    assert marked == opener
    assert found.message == f"`{opener}` is never closed"
    assert found.help == f"close it with `{closer}`, or write `\\{opener}` for the text itself"


@pytest.mark.parametrize(
    "text", ["ticket \\{#123 now.", "\\${{ vars.clinic and", "\\{% if", "${{ '}}' ~ vars.clinic }}"]
)
def test_an_escape_or_a_text_is_not(tmp_path: Path, text: str) -> None:
    assert not findings(tmp_path, text)


@pytest.mark.parametrize(
    "comment", ["{#main} Type <mrn>. {#}", "{#123 <mrn> #}", "{#x\n<$pin>\n#}", "{#a}b{#}", "{#{mrn}#}"]
)
def test_a_comment_by_accident_is_told(tmp_path: Path, comment: str) -> None:
    ((found, marked),) = findings(tmp_path, f"Open {comment} now.")

    assert (found.rule, found.severity, marked) == ("lost-text", "warning", comment)
    assert found.help == "write `\\{#` for the text itself"


@pytest.mark.parametrize(
    "comment",
    ["{# Type <mrn>. #}", "{#- <mrn> -#}", "{#todo: ask#}", "{#cyberflow: ignore[x] for <mrn>#}", "{#\n<mrn>\n#}"],
)
def test_a_comment_on_purpose_is_not(tmp_path: Path, comment: str) -> None:
    assert not findings(tmp_path, f"Open {comment} now.")


@pytest.mark.slow
def test_the_budget_is_for_each_template(tmp_path: Path) -> None:
    made = templates(tmp_path)
    endless = "{% for a in vars.many %}{% for b in vars.many %}x{% endfor %}{% endfor %}"
    assert made.render(Text.of(endless, Place("a.md"))) is None
    heavy = "{% for a in vars.many %}{% for b in range(100) %}{% endfor %}{% endfor %}done"
    for index in range(5):
        text = made.render(Text.of(heavy, Place(f"{index}.md")))
        assert text is not None
        assert text.value == "done"
    assert made.evaluate(Text.of("${{ vars.many }}", Place("b.yaml"))) == list(range(2000))
    assert [one.message for one in made.problems] == ["the template makes too much"]


@pytest.mark.parametrize("name", ["steps", "env", "inputs", "secrets"])
def test_names_of_other_languages_have_their_own_help(tmp_path: Path, name: str) -> None:
    ((found, marked),) = findings(tmp_path, f"${{{{ {name}.a.b }}}}")

    assert marked == name
    assert found.help
    assert "did you mean" not in found.help
