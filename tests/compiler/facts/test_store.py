"""Facts on disk: an answer that rests on them is the answer of a fresh reading, whatever happened to them."""

from __future__ import annotations

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cyberflow.cli.views.findings.findings_json import render_json
from cyberflow.compiler.check import check, check_facts
from cyberflow.compiler.facts.link import link
from cyberflow.compiler.facts.store import FILE, load_facts, store_facts
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.disk import Disk, FileMemory
from cyberflow.language.disk_facts import Stamp, stamp_of
from cyberflow.language.project.load import RawProject, read_project
from tests.compiler.facts.random_project import RandomProject
from tests.compiler.golden_cases import FOLDERS

PROGRAM = "1"
WORKFLOW = "workflows: {{{name}: {{prompt: Find <{word}>., inputs: {{name: string}}}}}}\n"


Stamps = dict[str, tuple[Stamp, str]]


def kept_check(root: Path, program: str = PROGRAM, stamps: Stamps | None = None) -> str:
    """What the command does: take what is kept, check what changed, keep that. Files that have their `stamps` still are
    not read.
    """
    return render_json(*check_kept(root, program, {} if stamps is None else stamps))


def check_kept(root: Path, program: str, stamps: Stamps) -> tuple[RawProject, list[Diagnostic]]:
    memory = FileMemory()
    facts = load_facts(root, program, memory)
    memory.known = {**stamps}
    raw = read_project(root, memory=memory)
    facts = link(raw, facts)
    found = check_facts(raw, facts)
    if not raw.modules:
        store_facts(raw, facts, program)
    for path, file in raw.files.disk.read.items():
        stamps[path] = stamp_of((root / path).stat()), file.sha256
    return raw, found


def fresh_check(root: Path) -> str:
    raw = read_project(root)
    return render_json(raw, check(raw))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(WORKFLOW.format(name=name, word="nam" if name == "b" else "name"))
    (tmp_path / "chains.yaml").write_text("chains: {all: {steps: [{id: a, workflow: a}, {id: b, workflow: b}]}}\n")
    return tmp_path


def test_what_did_not_change_is_not_parsed(folder: Path) -> None:
    kept_check(folder)
    (folder / "c.yaml").write_text(WORKFLOW.format(name="c", word="mane"))
    memory = FileMemory()
    disk = Disk(folder, {}, memory)
    for path in ("cyberflow.yaml", "a.yaml", "b.yaml", "c.yaml", "chains.yaml"):
        disk.file(path)
    raw = read_project(folder, memory=memory)
    facts = load_facts(folder, PROGRAM, FileMemory(raw.files.disk.read))
    assert set(facts.files) == {"cyberflow.yaml", "a.yaml", "b.yaml", "c.yaml", "chains.yaml"}
    linked = link(raw, facts)
    assert linked.files["a.yaml"] is facts.files["a.yaml"]
    assert linked.files["c.yaml"] is not facts.files["c.yaml"]
    assert kept_check(folder) == fresh_check(folder)


def test_another_program_keeps_nothing(folder: Path) -> None:
    kept_check(folder)
    assert load_facts(folder, "2", FileMemory()).files == {}
    assert load_facts(folder, PROGRAM, FileMemory()).files != {}


@pytest.mark.slow
def test_facts_that_were_tampered_with_are_not_there(folder: Path) -> None:
    answer, path = kept_check(folder), folder / FILE
    whole, choose = path.read_bytes(), random.Random(1)
    for _ in range(60):
        at = choose.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << choose.randrange(7)]) + whole[at + 1 :])
        assert load_facts(folder, PROGRAM, FileMemory()).files == {}
        path.write_bytes(whole[:at])
        assert load_facts(folder, PROGRAM, FileMemory()).files == {}
    assert kept_check(folder) == answer


@pytest.mark.parametrize("held", [["os.system", "x"], ["Diagnostic"], ["FileFacts", 1, 2], [["", 1]], {"a": 1}, "x", 7])
def test_facts_are_made_into_nothing_else(folder: Path, held: object) -> None:
    from hashlib import sha256

    kept_check(folder)
    head, *lines = (folder / FILE).read_text().split("\n")[1:]
    text = "\n".join([head, *lines[:-1], json.dumps(["a.yaml", held, None])])
    (folder / FILE).write_text(f"{sha256(text.encode()).hexdigest()}\n{text}")
    assert load_facts(folder, PROGRAM, FileMemory()).files == {}
    assert kept_check(folder) == fresh_check(folder)


def test_a_folder_that_cannot_be_written_keeps_nothing(folder: Path) -> None:
    (folder / ".cyberflow").write_text("in the way")
    assert kept_check(folder) == fresh_check(folder) == kept_check(folder)
    assert (folder / ".cyberflow").read_text() == "in the way"


def test_no_literal_secret_is_kept(folder: Path) -> None:
    (folder / "chains.yaml").write_text(
        "chains: {all: {steps: [{id: a, workflow: a, secrets: {password: hunter2, pin: <$nobody>}}]}}\n"
    )
    assert kept_check(folder) == fresh_check(folder) == kept_check(folder)
    assert "hunter2" not in (folder / FILE).read_text()


def unread(raw: RawProject) -> set[str]:
    return {one.path for one in raw.documents if one.is_unread}


def test_an_edit_has_no_file_read_that_has_nothing_to_do_with_it(folder: Path) -> None:
    stamps: Stamps = {}
    steps = "[{id: a, workflow: a}, {id: b, workflow: b}]"
    (folder / "chains.yaml").write_text(f"chains: {{all: {{inputs: {{name: string}}, steps: {steps}}}}}\n")
    for turn in range(2):
        check_kept(folder, PROGRAM, stamps)
        (folder / "b.yaml").write_text(WORKFLOW.format(name="b", word="name") + f"# {turn}\n")
    assert unread(check_kept(folder, PROGRAM, stamps)[0]) == {"c.yaml"}
    (folder / "d.yaml").write_text(WORKFLOW.format(name="d", word="name"))
    assert unread(check_kept(folder, PROGRAM, stamps)[0]) == set()  # who named it before it was there?
    (folder / "d.yaml").write_text(WORKFLOW.format(name="d", word="nam"))
    raw, found = check_kept(folder, PROGRAM, stamps)
    assert unread(raw) == {"a.yaml", "b.yaml", "c.yaml", "chains.yaml"}
    assert [one.place.path for one in found if one.rule == "undeclared-input"] == ["d.yaml"]


def test_a_name_that_was_there_before_what_it_names_is_found(folder: Path) -> None:
    stamps: Stamps = {}
    (folder / "chains.yaml").write_text("chains: {all: {steps: [{id: a, workflow: a}, {id: x, workflow: later}]}}\n")
    for name in ("b", "c", "later", "b"):
        assert kept_check(folder, stamps=stamps) == fresh_check(folder)
        (folder / f"{name}.yaml").write_text(WORKFLOW.format(name=name, word="x"))
    assert kept_check(folder, stamps=stamps) == fresh_check(folder)


@pytest.mark.slow
@pytest.mark.parametrize("group", range(10))
def test_after_any_edits_what_is_not_read_says_what_a_fresh_reading_says(group: int, tmp_path: Path) -> None:
    for seed in range(2000 + group, 2100, 10):
        project, stamps = RandomProject(tmp_path / str(seed), seed), Stamps()
        for edit in range(10):
            assert kept_check(project.root, stamps=stamps) == fresh_check(project.root), (seed, edit)
            project.edit()


@pytest.mark.slow
def test_each_case_of_each_rule_says_again_what_it_said(tmp_path: Path) -> None:
    """Also where a misspelt key or a broken entry of a list has what is in the data stand elsewhere in the file."""
    for case in FOLDERS:
        root = Path(shutil.copytree(case, tmp_path / case.parent.name / case.name))
        first = kept_check(root)
        (root / "beside.yaml").write_text(WORKFLOW.format(name="beside", word="name"))
        kept_check(root)
        (root / "beside.yaml").unlink()
        assert first == fresh_check(root), root
        assert [kept_check(root), kept_check(root)] == [first, first], root


@pytest.mark.slow
def test_two_checks_at_once_say_the_same(folder: Path) -> None:
    for turn in range(6):
        (folder / "c.yaml").write_text(WORKFLOW.format(name="c", word=f"name{turn}"))
        with ThreadPoolExecutor(4) as pool:
            answers = set(pool.map(kept_check, [folder] * 8))
        assert answers == {fresh_check(folder)}


@pytest.mark.slow
@pytest.mark.parametrize("group", range(10))
def test_after_any_edits_what_is_kept_is_what_a_fresh_reading_says(group: int, tmp_path: Path) -> None:
    for seed in range(1000 + group, 1100, 10):
        project = RandomProject(tmp_path / str(seed), seed)
        for edit in range(10):
            assert kept_check(project.root) == fresh_check(project.root), (seed, edit)
            project.edit()


def test_a_comment_in_a_prompt_file_is_known_when_nothing_else_is_read(folder: Path) -> None:
    (folder / "a.yaml").write_text("workflows: {a: {prompt: {file: a.md}}}\n")
    (folder / "a.md").write_text("Open it.\n{# cyberflow: ignore[unknown-tool] it is an old name #}\n")
    for _ in range(2):
        assert "unused-ignore" in kept_check(folder)
        assert kept_check(folder) == fresh_check(folder)
    (folder / "c.yaml").unlink()
    assert kept_check(folder) == fresh_check(folder)
