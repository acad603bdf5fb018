"""What is left out of a list moves what stands behind it, and no finding moves with it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project

STEPS = {
    "{id: ID, workflow: one}": None,
    "{id: ID, workflow: lost-ID}": "unknown-workflow",
    "{id: ID, workflow: one, inputs: {lost: 1}}": "unknown-input",
    "{id: ID, workfow: lost-ID}": "unknown-workflow",
    "{id: ID}": "missing-key",
    "{id: ID, workflow: [one]}": "wrong-type",
    "{id: 7, workflow: one, inputs: []}": "wrong-type",
    "7": "wrong-type",
    "[]": "wrong-type",
}
FILES = {
    "{name: ID, target: 'C:/ID.pdf'}": None,
    "{name: ID, target: 'C:/ID.pdf', cleanup: perhaps}": "wrong-type",
    '{name: ID, target: "C:/\\tID.pdf"}': "control-character",
    "7": "wrong-type",
}
HEAD = "workflows:\n  one:\n    prompt: Do it.\n    files:\n"
CHAIN = "chains:\n  all:\n    steps:\n"
LISTED = st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=7)


@settings(max_examples=60, deadline=None)
@given(LISTED, st.lists(st.sampled_from(list(FILES)), min_size=1, max_size=6))
def test_each_finding_stands_at_its_entry(tmp_path_factory: object, steps: list[str], files: list[str]) -> None:
    folder: Path = tmp_path_factory.mktemp("left-out")  # type: ignore[attr-defined]
    lines = [f"      - {one.replace('ID', f'f{number}')}\n" for number, one in enumerate(files)]
    chained = [f"      - {one.replace('ID', f's{number}')}\n" for number, one in enumerate(steps)]
    text = HEAD + "".join(lines) + CHAIN + "".join(chained)
    (folder / "cyberflow.yaml").write_text("project: lists\n", encoding="utf-8")
    (folder / "flows.yaml").write_text(text, encoding="utf-8")
    raw = read_project(folder)
    found = {(one.rule, raw.sources.span(one.place).line) for one in check(raw)}
    first, then = HEAD.count("\n") + 1, HEAD.count("\n") + len(files) + CHAIN.count("\n") + 1
    wanted = {(rule, first + at) for at, one in enumerate(files) if (rule := FILES[one])}
    wanted |= {(rule, then + at) for at, one in enumerate(steps) if (rule := STEPS[one])}
    assert not {one for one in found if one[0] in {*STEPS.values(), *FILES.values()}} - wanted, text
    assert not wanted - found, text
