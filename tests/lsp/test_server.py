"""The server as an editor drives it, over real pipes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberflow.cli.main import run
from tests.lsp.client import FULL, Client, serving
from tests.lsp.expected import RandomEditor, apply_edit, expected_findings

pytestmark = pytest.mark.slow
RENAMED = ("workflows.yaml", "chains.yaml", "prompts/book-visit.md", "tests/intake.yaml")
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def intake(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "patient-intake", tmp_path / "intake"))


@pytest.fixture
def client(intake: Path) -> Iterator[Client]:
    with serving(intake) as client:
        yield client


def position(text: str, words: str, shift: int = 0) -> tuple[int, int]:
    """Line and column of some words, from 0, in UTF-16."""
    offset = text.index(words) + shift
    line = text.count("\n", 0, offset)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line, len(before.encode("utf-16-le")) // 2


def apply(texts: dict[str, str], edit: dict[str, Any], root: Path) -> dict[str, str]:
    """The texts after a workspace edit."""
    return {**texts, **{str(path.relative_to(root)): text for path, text in apply_edit(root, edit, texts).items()}}


def test_a_session(client: Client) -> None:
    text = client.open("chains.yaml")
    assert client.diagnostics("chains.yaml") == []

    broken = text.replace("lookup.outputs.mrn", "lookup.outputs.mrm", 1)
    (found,) = client.diagnostics("chains.yaml", client.change("chains.yaml", {"text": broken}))
    assert (found["code"], found["severity"], found["source"]) == ("unknown-output", 1, "cyberflow")
    assert found["codeDescription"]["href"].endswith("rules.md#unknown-output")
    assert found["relatedInformation"][0]["location"]["uri"].endswith("workflows.yaml")
    assert found["data"]["help"] == "did you mean `mrn`?"

    context = {"diagnostics": [found]}
    fix, ignore, every = client.about("chains.yaml", "codeAction", range=found["range"], context=context)
    assert (fix["kind"], fix["isPreferred"], every["kind"]) == ("quickfix", True, "source.fixAll.cyberflow")
    assert apply({"chains.yaml": broken}, fix["edit"], client.root)["chains.yaml"] == text
    silenced = apply({"chains.yaml": broken}, ignore["edit"], client.root)["chains.yaml"]
    assert client.diagnostics("chains.yaml", client.change("chains.yaml", {"text": silenced})) == []

    client.change("chains.yaml", {"text": text})
    place = position(text, "lookup.outputs.mrn", 16)
    hover = client.at("chains.yaml", "hover", *place)["contents"]["value"]
    assert "**output** `mrn` of `patient-lookup`" in hover
    assert "step `book` of `intake`" in hover
    (definition,) = client.at("chains.yaml", "definition", *place)
    assert definition["uri"].endswith("workflows.yaml")
    uses = client.at("chains.yaml", "references", *place, context={"includeDeclaration": True})
    assert {one["uri"].rpartition("/")[2] for one in uses} == {
        *("chains.yaml", "workflows.yaml", "patient-lookup.md", "intake.yaml")
    }
    symbols = client.about("chains.yaml", "documentSymbol")
    assert [(one["name"], len(one["children"])) for one in symbols] == [("intake", 13)]
    assert {one["name"] for one in client.request("workspace/symbol", {"query": "look"})} == {"patient-lookup"}
    assert [one["command"]["title"] for one in client.about("chains.yaml", "codeLens")] == ["show request", "graph"]
    assert client.close() == 0


def test_a_rename_across_files_is_one_edit(client: Client) -> None:
    texts = {path: client.open(path) for path in RENAMED}
    place = position(texts["prompts/book-visit.md"], "<reason>", 2)

    shown = client.at("prompts/book-visit.md", "prepareRename", *place)
    edit = client.at("prompts/book-visit.md", "rename", *place, newName="why")
    after = apply(texts, edit, client.root)

    assert shown["placeholder"] == "reason"
    assert "<why>" in after["prompts/book-visit.md"]
    assert "why: string" in after["workflows.yaml"]
    assert "why: New patient visit" in after["chains.yaml"]
    for path, text in after.items():
        client.change(path, {"text": text})
    assert all(client.diagnostics(path) == [] for path in after)
    with pytest.raises(RuntimeError, match="is not a name"):
        client.at("prompts/book-visit.md", "rename", *place, newName="1")


def test_a_client_that_pulls_is_not_told_twice(intake: Path) -> None:
    refreshing = {**FULL, "workspace": {**FULL["workspace"], "diagnostics": {"refreshSupport": True}}}
    with serving(intake, refreshing) as client:
        text = client.open("chains.yaml").replace("lookup.outputs.mrn", "lookup.outputs.mrm", 1)
        client.change("chains.yaml", {"text": text})
        report = client.about("chains.yaml", "diagnostic")
        assert [one["code"] for one in report["items"]] == ["unknown-output"]
        known = client.about("chains.yaml", "diagnostic", previousResultId=report["resultId"])
        assert known == {"kind": "unchanged", "resultId": report["resultId"]}
        client.change("chains.yaml", {"text": text.replace("mrm", "mrx")})
        client.wait_for("workspace/diagnostic/refresh")
        assert client.about("chains.yaml", "diagnostic")["items"][0]["message"].endswith("`mrx`")
        assert client.findings() == set()
        every = client.request("workspace/diagnostic", {"previousResultIds": []})["items"]
        assert [one["uri"] for one in every] == [client.uri("chains.yaml")]


def test_a_client_that_cannot_be_told_to_pull_is_pushed_to(client: Client) -> None:
    text = client.open("chains.yaml").replace("lookup.outputs.mrn", "lookup.outputs.mrm", 1)
    client.change("chains.yaml", {"text": text})

    assert len(client.about("chains.yaml", "diagnostic")["items"]) == 1
    assert len(client.diagnostics("chains.yaml")) == 1


def test_wide_characters_windows_lines_and_a_mark(tmp_path: Path) -> None:
    text = (
        'project: p\r\nworkflows:\r\n  w:\r\n    prompt: "🐼🐼 <nmae> ä"\r\n    inputs: {name: string}\r\n'
        "    description: x\r\n"
    )
    (tmp_path / "cyberflow.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    with serving(tmp_path) as client:
        client.open("cyberflow.yaml", text)
        (found,) = client.diagnostics("cyberflow.yaml")
        column = 'prompt: "🐼🐼 '
        start = 4 + len(column.encode("utf-16-le")) // 2
        assert found["range"]["start"] == {"line": 3, "character": start}
        assert found["range"]["end"] == {"line": 3, "character": start + len("<nmae>")}
        spot = {"line": 3, "character": start + 2}
        version = client.change(
            "cyberflow.yaml", {"range": {"start": spot, "end": {**spot, "character": start + 4}}, "text": "am"}
        )
        assert client.diagnostics("cyberflow.yaml", version) == []
        edit = client.at("cyberflow.yaml", "rename", 3, start + 2, newName="who")
        (change,) = edit["documentChanges"]
        assert [one["range"]["start"]["character"] for one in change["edits"]] == [start + 1, 13]


@pytest.mark.parametrize("position", [{"line": 0, "character": -1}, {"line": 2**31, "character": 0}, {"line": 0}, 7])
def test_a_request_that_cannot_be_read_is_refused_and_not_left_waiting(client: Client, position: Any) -> None:
    params = {"textDocument": {"uri": client.uri("chains.yaml")}, "position": position}
    with pytest.raises(RuntimeError, match="Invalid Params"):
        client.request("textDocument/hover", params)
    assert client.about("chains.yaml", "documentSymbol")


def test_files_that_others_write(client: Client) -> None:
    client.open("chains.yaml")
    assert client.diagnostics("chains.yaml") == []
    prompt = client.root / "prompts" / "sign-in.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nType <nobody>.\n", encoding="utf-8")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": prompt.as_uri(), "type": 2}]})
    uri = prompt.as_uri()
    client._wait(lambda: bool(client.published.get(uri, {}).get("diagnostics")), "the prompt's finding")
    assert client.published[uri]["diagnostics"][0]["code"] == "undeclared-input"


def test_a_file_of_no_project_is_nobody_s_business(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n", encoding="utf-8")
    with serving(tmp_path) as client:
        client.open("x.yaml")
        assert client.at("x.yaml", "hover", 0, 0) is None
        assert client.at("x.yaml", "completion", 0, 1)["items"] == []
        assert client.about("x.yaml", "codeLens") == []
        client.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": "untitled:1", "languageId": "yaml", "version": 1, "text": "a"}},
        )
        assert client.request("workspace/symbol", {"query": ""}) == []
        assert client.close() == 0


def test_random_edits_are_told_as_check_tells_them(intake: Path) -> None:
    """After each edit of open buffers the findings of all files are those of `check` on the same bytes; 500 by
    `benchmarks/lsp.py`.
    """
    with serving(intake) as client:
        paths = ["chains.yaml", "workflows.yaml", "types.yaml", "prompts/sign-in.md", "cyberflow.yaml"]
        editor = RandomEditor(client, paths, 7)
        for _ in range(40):
            editor.edit()
            client.wait_for_findings(expected_findings(intake))


def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cyberflow.lsp.server", None)
    monkeypatch.delitem(sys.modules, "cyberflow.lsp.server")
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    for name in [name for name in sys.modules if name.startswith(("cyberflow.lsp", "pygls"))]:
        monkeypatch.delitem(sys.modules, name)

    assert run(["lsp"]) == 2
    assert "pip install 'cyberflow[lsp]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("last", "words"),
    [("while True: pass", "are not loaded within 5 seconds"), ("import os; os._exit(7)", "ends the process, with 7")],
)
def test_modules_that_never_end_take_no_editor_along(tmp_path: Path, last: str, words: str) -> None:
    (tmp_path / "cyberflow.yaml").write_text("project: p\npython: [flows.py]\n", encoding="utf-8")
    module = tmp_path / "flows.py"
    good = 'from cyberflow import workflow\n@workflow\ndef look(name: str) -> None:\n    """Look for <nmae>."""\n'
    module.write_text(good + last + "\n", encoding="utf-8")
    with serving(tmp_path) as client:
        shown = client.wait_for("window/showMessage")["params"]["message"]
        assert words in shown
        module.write_text(good, encoding="utf-8")
        client.open("flows.py")
        client.notify("textDocument/didSave", {"textDocument": {"uri": client.uri("flows.py")}})
        client.wait_for_findings({("flows.py", "undeclared-input", "`look` has no input `nmae`", 3, 16, 3, 22)})
