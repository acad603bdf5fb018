"""A file of the local platform that is damaged, full, gone or of an earlier format: told with its path, never a bug."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.emulator.store.format import PlatformDataError, translate
from tests.emulator.emulator_api import Api, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Callable

MOVE_AWAY = "Move the file away"


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with something of everything in it."""
    file = tmp_path_factory.mktemp("lived") / "local.db"
    clock = TurnedClock()
    with Platform.open(file, clock=clock) as platform:
        api = Api(platform)
        workflow = api.workflow(main_prompt="Type {mrn}.", input_schema={"properties": {"mrn": {"type": "string"}}})
        tag = api.post("/v1/workflow-tags", {"name": "a"})["id"]
        api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [tag]})
        api.patch(f"/v1/workflows/{workflow}", {"name": "B"})
        api.post("/v1/pools", {"name": "p"})
        steps = [{"workflow_id": workflow, "session_alias": name, "inputs": {"mrn": name}} for name in "abc"]
        api.chain(*steps)
        clock.forward(1.5)
        api.get("/v1/runs")
    return file


def use(file: Path) -> None:
    """Look at everything, and change a little."""
    clock = TurnedClock()
    clock.forward(60)
    with Platform.open(file, clock=clock) as platform:
        api = Api(platform)
        for path in ("/v1/runs", "/v1/machines", "/v1/workflow-tags", "/v1/pools", "/v1/model-configurations"):
            look(api, "GET", path)
        found = look(api, "GET", "/v1/workflows?include=tags")
        for workflow in found["items"] if found else ():
            look(api, "GET", f"/v1/workflows/{workflow['id']}")
        look(api, "POST", "/v1/workflows", json={"main_prompt": "x"})


def look(api: Api, method: str, path: str, **options: Any) -> Any:
    """The body of an answer; trouble with the file is 507 with its path."""
    try:
        response = api.request(method, path, **options)
    except AssertionError:  # an id or a date that is none any more: the file is damaged and the answer shows it
        return None
    if response.status_code == 507:
        assert "local.db" in response.json()["message"]
        return None
    return response.json()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_file_that_is_damaged_at_random_is_told(lived_in: Path, tmp_path: Path, seed: int) -> None:
    file = tmp_path / "local.db"
    content = bytearray(lived_in.read_bytes())
    dice = random.Random(seed)
    for _ in range(dice.choice([1, 4, 32, 400])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    if seed % 6 == 0:
        del content[dice.randrange(len(content)) :]
    file.write_bytes(content)
    with suppress(PlatformDataError):
        use(file)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"no database at all" * 99, b"\0" * 4096])
def test_what_is_not_a_database_is_refused_or_begun_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "local.db"
    file.write_bytes(content)
    if not content:
        Platform.open(file).close()
        return
    with pytest.raises(PlatformDataError) as caught:
        Platform.open(file)
    assert str(file) in caught.value.message
    assert MOVE_AWAY in (caught.value.help or "")


def test_a_row_that_is_not_as_it_was_written_is_told_with_the_file(lived_in: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(lived_in, tmp_path / "local.db"))
    connection = sqlite3.connect(file)
    connection.execute("""UPDATE documents SET doc = replace(doc, '"post_run_checks"', '"post_run_chicks"')""")
    connection.commit()
    connection.close()
    with Platform.open(file) as platform:
        status, said = Api(platform).refusal("GET", "/v1/workflows?include=post_run_checks")
    assert status == 507
    assert str(file) in said
    assert MOVE_AWAY in said


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_IOERR, "cannot be read or written"),
        (sqlite3.SQLITE_IOERR | 3 << 8, "cannot be read or written"),
        (sqlite3.SQLITE_BUSY, "in use by another program"),
        (sqlite3.SQLITE_READONLY, "cannot be opened for writing"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened for writing"),
    ],
)
def test_only_a_damaged_file_is_to_be_moved_away(code: int, words: str) -> None:
    error = sqlite3.OperationalError("some words of SQLite")
    error.sqlite_errorcode = code
    trouble = translate(error, "/data/local.db")
    assert words in trouble.message
    assert "/data/local.db" in trouble.message
    assert MOVE_AWAY not in (trouble.help or "")


def test_a_full_disk_is_507_and_what_was_there_stays(tmp_path: Path, clock: TurnedClock) -> None:
    with Platform.open(tmp_path / "local.db", clock=clock) as platform:
        api = Api(platform)
        workflow = api.workflow()
        store = platform._store
        (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
        store.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        status, said = api.refusal("POST", "/v1/workflows", json={"main_prompt": "x" * 100_000})
        assert (status, "the disk is full" in said, MOVE_AWAY in said) == (507, True, False)
        assert [item["id"] for item in api.get("/v1/workflows")["items"]] == [workflow]
        store.connection.execute("PRAGMA max_page_count = 1000000")
        assert api.post("/v1/workflows", {"main_prompt": "x" * 100_000})["id"]


def test_a_file_of_format_1_becomes_one_of_2(lived_in: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(lived_in, tmp_path / "local.db"))
    connection = sqlite3.connect(file)
    for table in ("documents", "runs"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN crc")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with Platform.open(file) as platform:
        assert platform._store.explain(KeyError("x")) is None, "every row has its checksum"
        assert Api(platform).get("/v1/workflows")["total"] == 1


def test_a_bug_of_ours_stays_a_bug(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise KeyError("ours")

    monkeypatch.setattr("cyberflow.emulator.store.store.Store.measure", fail)
    with pytest.raises(KeyError, match="ours"):
        api.get("/v1/workflows")


def test_a_file_that_is_removed_is_noticed(reopen: Callable[[], Api], tmp_path: Path) -> None:
    api = reopen()
    assert not api.platform.is_gone()
    (tmp_path / "local.db").unlink()
    assert api.platform.is_gone()
    assert api.workflow(), "what is open goes on"
    with Platform.open(":memory:") as platform:
        assert not platform.is_gone()
