"""What one run gets in place of what is declared, and runs that are alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cyberflow.errors import UsageError
from cyberflow.run.batch.repeat import RepeatedRows
from cyberflow.run.batch.rows import request_fingerprint
from cyberflow.run.batch.table import RowFault
from cyberflow.run.chain.overrides import RunOverrides, find_model, read_prompt_override
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.chain.request import RequestParts, chain_request, run_request
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from tests.run.clinic import World
from tests.run.intake import BOOK, CANARY, LOOKUP, WORKFLOWS, bundle

IDS = TargetIds({workflow.name: workflow.name for workflow in WORKFLOWS})
VALUES: dict[str, Any] = {"mrn": "M7", "reason": "r"}


def parts(overrides: RunOverrides, **given: Any) -> RequestParts:
    return RequestParts(bundle(), Arguments(**given), IDS, dict[str, bytes]().__getitem__, overrides=overrides)


def test_a_run_has_a_prompt_a_model_and_a_priority_of_its_own() -> None:
    plain = run_request(BOOK, parts(RunOverrides(), inputs=VALUES)).body
    own = run_request(BOOK, parts(RunOverrides(True, "<p>Now</p>", "m-1"), inputs=VALUES)).body
    assert own == {**plain, "is_priority": True, "main_prompt": "<p>Now</p>", "main_agent_model_id": "m-1"}
    assert not {"is_priority", "main_prompt", "main_agent_model_id"} & set(plain)


def test_a_chain_has_a_priority_alone() -> None:
    given = {"inputs": {"patient": {"id": "7"}, "date": "d"}, "secrets": {"epic_password": CANARY}}
    chain = bundle().chains[0]
    assert chain_request(chain, parts(RunOverrides(True), **given)).body["is_priority"] is True
    assert chain_request(chain, parts(RunOverrides(), **given)).body["is_priority"] is False
    for own, option in ((RunOverrides(prompt="<p>x</p>"), "--prompt-file"), (RunOverrides(model_id="m"), "--model")):
        with pytest.raises(UsageError, match=option):
            chain_request(chain, parts(own, **given))


def test_a_key_is_not_used_again_for_another_prompt() -> None:
    shapes = {
        request_fingerprint(BOOK, parts(own), RawArguments())
        for own in (RunOverrides(), RunOverrides(True), RunOverrides(prompt="a"), RunOverrides(prompt="b"))
    }
    assert len(shapes) == 4


@pytest.mark.parametrize(
    ("name", "text", "html"),
    [
        ("p.md", "# Look\n\nBook <mrn> for **now**, `<reason>`.\n", "<h1>Look</h1>"),
        ("p.txt", "a < b & <mrn>\n\nnext", "a &lt; b &amp; {mrn}"),
        ("p.html", "<p>Book {mrn}<script>x()</script></p>", "<p>Book {mrn}</p>"),
        ("p.wire", "<p>{mrn} {{order}}</p>", "<p>{mrn} {{order}}</p>"),
    ],
)
def test_the_ending_says_how_a_prompt_is_written(tmp_path: Path, name: str, text: str, html: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert html in read_prompt_override(tmp_path / name, BOOK)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.md", "Book <mrm>.", "has no input `mrm`: did you mean `mrn`"),
        ("p.md", "Sign in with <$passwort>.", "has no secret `passwort`: did you mean `password`"),
        ("p.md", "", "it is empty"),
        ("p.md", "<!-- later -->", "it is empty"),
        ("p.md", "Book ${{ vars.x }}", "holds a template"),
        ("p.md", "![the icon](icon.png)", "brings no images"),
        ("p.wire", "<p>{mrm}</p>", "has no input `mrm`"),
        ("p.doc", "x", "does not say how"),
        ("p.md", "x" * 200_001, "too long"),
    ],
)
def test_a_prompt_that_would_not_arrive_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    workflow = replace(LOOKUP, inputs={**LOOKUP.inputs, **BOOK.inputs})
    with pytest.raises(UsageError) as caught:
        read_prompt_override(tmp_path / name, workflow)
    assert words in caught.value.message + (caught.value.help or "")


def test_a_prompt_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_prompt_override(tmp_path / "p.md", BOOK)
    (tmp_path / "p.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_prompt_override(tmp_path / "p.md", BOOK)


@pytest.mark.anyio
async def test_a_model_is_found_by_name_or_id(world: World) -> None:
    known = [one for one in await world.desk.models.list() if one.is_computer_use_model and not one.is_archived]
    assert known
    assert await find_model(world.desk, known[0].name) == await find_model(world.desk, known[0].id) == known[0].id
    with pytest.raises(UsageError, match="has no model `Fats`"):
        await find_model(world.desk, "Fats")


def test_runs_that_are_alike() -> None:
    rows = RepeatedRows(BOOK, RawArguments(("mrn=M7", "reason=r")), 3)
    made = [row for row in rows.requests(parts(RunOverrides())) if not isinstance(row, RowFault)]
    assert [row.number for row, _ in made] == [1, 2, 3]
    assert len({id(request) for _, request in made}) == 1
    assert made[0][1].inputs["mrn"] == "M7"
    assert (rows.file, rows.digest) == ("", "count:3")
    (fault,) = RepeatedRows(BOOK, RawArguments(("mrn=M7",)), 3).requests(parts(RunOverrides()))
    assert isinstance(fault, RowFault)
    assert "input `reason` is missing" in fault.text
