"""Fixes: what a finding offers, as edits of text."""

from pathlib import Path

from cyberflow.compiler.check import check
from cyberflow.compiler.fixes.text_edits import text_fix
from cyberflow.language.project.load import read_project
from tests.compiler.edited import edit_texts


def mend(root: Path, text: str) -> str:
    """The project file with every fix made, each once."""
    (root / "cyberflow.yaml").write_text(text, encoding="utf-8")
    sourced = read_project(root)
    edits = [edit for one in check(sourced) if (fix := text_fix(one, sourced.sources)) for edit in fix.edits]
    return edit_texts(edits, {"cyberflow.yaml": text}).get("cyberflow.yaml", text)


PROJECT = """\
project: fixes
workflows:
  lookup: {prompt: Read it., outputs: {mrn: string, seen: boolean}}
  book: {prompt: Book <mrn>., inputs: {mrn: string}}
chains:
  intake:
    steps:
      - {id: look, workflow: lookup}
      - {id: book, workflow: book, inputs: {mrn: {$ref: REF}}}
"""


def test_a_name_is_written_as_it_is_declared(tmp_path: Path) -> None:
    for wrong, right in [
        ("look.outputs.mrm", "look.outputs.mrn"),
        ("'look.outputs.mrm'", "'look.outputs.mrn'"),
        ('"look.\\u006futputs.mrm"', '"look.\\u006futputs.mrn"'),
        ("\"look['outputs'].mrn\"", '"look.outputs.mrn"'),
    ]:
        assert mend(tmp_path, PROJECT.replace("REF", wrong)) == PROJECT.replace("REF", right)


def test_what_an_alias_stands_for_is_not_edited(tmp_path: Path) -> None:
    text = PROJECT.replace("REF", "*r").replace("project: fixes\n", "project: fixes\nx-r: &r look.outputs.mrm\n")
    assert mend(tmp_path, text) == text
