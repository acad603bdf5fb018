"""Three-way merges of a dashboard edit and an edit of the sources: what is written, byte for byte, what is a conflict,
what plan says afterwards.
"""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.commit import current_commit
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.plan.plan import plan
from cyberflow.remote.canonical import canonicalize, wire_fields
from cyberflow.sdk.deployments.merges import MergeResult, merge_into_sources
from cyberflow.sdk.project import CompiledProject, compile_project
from tests.deploy.deploy_world import SEARCH, Account

MERGES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "merges.yaml").read_text(encoding="utf-8"))
CLEAN = [one for one in MERGES if "conflict" not in one]
CONFLICTS = [one for one in MERGES if "conflict" in one]
PLAIN = """\
# Lookup

Sign in to the app
and wait.

1. Search for <name>.
2. Read the number.
3. Close the chart.

Say what you found.
"""
DECLARED = """\
workflows:
  lookup:   # by hand
    prompt: {PROMPT}
    inputs: {{name?: any}}   # who
    outputs: {{mrn: string}}
"""
SUFFIX = {"file": "md", "html": "html", "wire": "wire"}
Edits = list[list[str]]

pytestmark = pytest.mark.slow


@dataclass
class World:
    """A project in git, applied; `home` is the file that holds the prompt."""

    root: Path
    home: Path
    account: Account

    @property
    def declaration(self) -> Path:
        return self.root / "flows.yaml"

    def compile(self) -> CompiledProject:
        return compile_project(self.root)

    def plan(self) -> Plan:
        compiled = self.compile()
        return plan(compiled.bundle, self.account.snapshot(), compiled.owner)

    def apply(self, *, overwrite_drift: bool = False) -> None:
        made, compiled, commit = self.plan(), self.compile(), current_commit(self.root)

        async def carried() -> None:
            async with self.account.desk() as desk:
                steps = apply(made, desk, compiled.assets, commit=commit, overwrite_drift=overwrite_drift)
                assert all([one.exit_code == 0 async for one in steps])

        asyncio.run(carried())

    def merge(self) -> MergeResult:
        found: MergeResult = self.account.ask(lambda desk: merge_into_sources(desk, self.compile(), "lookup"))
        return found

    def edit_there(self, edits: Edits, **fields: Any) -> None:
        there = self.account.workflow("lookup")
        body = {**fields, **({"main_prompt": replace(there.main_prompt, edits)} if edits else {})}
        if "name" not in fields and not body:
            return
        self.account.rewrite(there.id, **body)


def replace(text: str, edits: Edits) -> str:
    for old, new in edits:
        assert old in text, (old, text)
        text = text.replace(old, new, 1)
    return text


def edit(path: Path, edits: Edits | None) -> None:
    path.write_bytes(replace(path.read_bytes().decode(), edits or []).encode())


def git(root: Path, *words: str) -> None:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@clinic.example", "-c", "core.autocrlf=false")
    subprocess.run(["git", "-C", str(root), *names, *words], check=True, capture_output=True)


def make(root: Path, account: Account, one: dict[str, Any]) -> World:
    """The project of a case, committed and applied."""
    kind, prompt = one.get("in", "file"), one.get("prompt", PLAIN)
    (root / "cyberflow.yaml").write_text("project: clinic\nvars: {app: Epic}\n", encoding="utf-8")
    (root / "part.md").write_text("Included.\n", encoding="utf-8")
    home = root / "flows.yaml"
    if kind in SUFFIX:
        home = root / f"lookup.{SUFFIX[kind]}"
        home.write_bytes(prompt.encode())
        said = f"{{file: {home.name}}}"
    elif kind == "inline":
        said = "|\n" + "".join(f"      {line}\n" if line else "\n" for line in prompt.splitlines())
    else:
        said = prompt
    text = DECLARED.format(PROMPT=said.rstrip("\n"))
    (root / "flows.yaml").write_bytes(text.encode())
    world = World(root, home, account)
    if one.get("before"):
        edit(world.declaration, one["yaml"])
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Look a patient up")
    world.apply()
    return world


def play(world: World, one: dict[str, Any]) -> tuple[MergeResult, dict[Path, bytes]]:
    """Both edits and the merge; what the files were before it."""
    edit(world.home, one.get("ours"))
    if not one.get("before"):
        edit(world.declaration, one.get("yaml"))
    world.edit_there(one.get("theirs", []), **one.get("set", {}))
    before = {path: path.read_bytes() for path in {world.home, world.declaration}}
    return world.merge(), before


def test_there_are_enough() -> None:
    assert len(MERGES) >= 60


@pytest.mark.parametrize("one", CLEAN, ids=lambda one: str(one["merge"]))
def test_a_clean_merge_says_both(tmp_path: Path, account: Account, one: dict[str, Any]) -> None:
    world = make(tmp_path, account, one)
    base = world.compile().bundle.workflow("lookup")
    found, before = play(world, one)
    ours_changed = bool(one.get("ours")) or (bool(one.get("yaml")) and not one.get("before"))

    assert not found.conflicts
    edits: dict[Path, Edits] = {world.home: [], world.declaration: []}
    edits[world.home] += one.get("written") or []
    edits[world.declaration] += [
        [part.replace("FORMAT", SUFFIX[one.get("in", "file")]) for part in pair] for pair in one.get("declared") or []
    ]
    if one.get("written", []) is not None:
        for path, content in before.items():
            assert path.read_bytes().decode() == replace(content.decode(), edits[path])

    theirs = wire_fields(world.account.workflow("lookup" if "name" not in one.get("set", {}) else one["set"]["name"]))
    merged = world.compile().bundle.workflow("lookup")
    assert merged is not None
    assert base is not None
    if not ours_changed:
        assert canonicalize(merged.payload) == canonicalize(theirs)
    for old, new in one.get("theirs", []):
        assert (new and new.split("</")[-2 if "</" in new else -1].split(">")[-1] in merged.payload["main_prompt"]) or (
            old.strip("</>") not in merged.payload["main_prompt"] or not new
        )
    made = world.plan()
    assert [change.action for change in made.changes] == (["update"] if made.changes else [])
    assert bool(made.changes) == (canonicalize(merged.payload) != canonicalize(theirs))

    after = {path: path.read_bytes() for path in before}
    again = world.merge()
    assert again.merged is None
    assert {path: path.read_bytes() for path in before} == after
    world.apply()
    assert not world.plan().changes


@pytest.mark.parametrize("one", CONFLICTS, ids=lambda one: str(one["merge"]))
def test_what_both_changed_is_left_between_markers(tmp_path: Path, account: Account, one: dict[str, Any]) -> None:
    world = make(tmp_path, account, one)
    marked = account.workflow("lookup").input_schema
    found, before = play(world, one)
    home = world.declaration if "yaml" in one else world.home
    text, whole = home.read_text(encoding="utf-8"), before[home].decode()

    assert [*found.conflicts] == one["conflict"]
    head, _, rest = text.partition("<<<<<<< sources\n")
    ours, _, rest = rest.partition("=======\n")
    theirs, _, tail = rest.partition(">>>>>>> local")
    assert "<<<<<<<" not in tail
    wanted_ours, wanted_theirs = one["between"]
    if wanted_ours is not None:
        assert ours.rstrip("\n") == wanted_ours
        if "outside" not in one:
            assert head + ours.rstrip("\n") + tail.replace("\n", "", 0) == whole or head + ours + tail[1:] == whole
    assert wanted_theirs in theirs
    assert all(part in tail + head for part in one.get("outside", []))
    assert account.workflow("lookup").input_schema == marked, "what is not decided is not marked as seen"
    assert [one.action for one in plan_before(world, before).changes] == ["drift"]


def plan_before(world: World, before: dict[Path, bytes]) -> Plan:
    """The plan as it would be had the merge never been tried."""
    for path, content in before.items():
        path.write_bytes(content)
    return world.plan()


def test_without_a_base_every_difference_is_a_conflict(tmp_path: Path, account: Account) -> None:
    world = make(tmp_path, account, {})
    edit(world.home, [["Search", "Look"]])
    world.apply()  # from a work tree that no commit has
    edit(world.home, [["Close the", "Shut the"]])
    world.edit_there([["Read the number", "Read the MRN"]])

    found = world.merge()

    assert found.base is None
    assert [*found.conflicts] == ["main_prompt"]
    assert "2. Read the number.\n3. Shut the chart.\n=======" in world.home.read_text(encoding="utf-8") or (
        world.home.read_text(encoding="utf-8").count("<<<<<<< sources") == 2
    )


def test_images_stay_the_files_that_they_are(tmp_path: Path, account: Account) -> None:
    (tmp_path / "lens.png").write_bytes(SEARCH)
    world = make(tmp_path, account, {"prompt": "Click ![the lens](lens.png) now.\n\nType <name>.\n"})
    other = account.ask(lambda desk: desk.images.upload("other.png", SEARCH + b"!", "image/png")).supabase_url
    edit(world.home, [["Type", "Enter"]])
    world.edit_there([["now.</p>", f'twice.</p><p>Then <img src="{other}" alt="that">.</p>']])

    assert not world.merge().conflicts
    assert world.home.read_text(encoding="utf-8") == (
        f"Click ![the lens](lens.png) twice.\n\nThen ![that]({other}).\n\nEnter <name>.\n"
    )
    assert [one.action for one in world.plan().changes] == ["update"]


def test_a_rewritten_schema_and_another_name_are_found(tmp_path: Path, account: Account) -> None:
    world = make(tmp_path, account, {})
    edit(
        world.declaration,
        [["  lookup:", "  search:"], ["    inputs", "    was: lookup\n    title: lookup\n    inputs"]],
    )
    world.edit_there([["Read the number", "Read the MRN"]])
    found: MergeResult = account.ask(lambda desk: merge_into_sources(desk, world.compile(), "search"))

    assert not found.conflicts
    assert "Read the MRN" in world.home.read_text(encoding="utf-8")
    assert [one.action for one in world.plan().changes] == ["rename"]

    account.edit("lookup", input_schema='{"type":"object"}')
    bare: MergeResult = account.ask(lambda desk: merge_into_sources(desk, world.compile(), "search"))
    assert bare.base is None
    assert [*bare.conflicts] == ["input_schema"]


def test_sources_that_were_not_touched_are_their_own_base(tmp_path: Path, account: Account) -> None:
    world = make(tmp_path, account, {})
    edit(world.home, [["Search", "Look"]])
    world.apply()
    world.edit_there([["Read the number", "Read the MRN"]])

    found = world.merge()

    assert not found.conflicts
    assert found.base == "the sources, which are as they were applied"
    assert not world.plan().changes
