"""Names that the platform gives to files, made fit to be one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.client.cyberdesk.wire import Attachment
from cyberflow.storage import safe_name, unique_path
from tests.client.scripted_service import Script, answer


@pytest.mark.parametrize(
    ("given_", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.csv", "a.csv"),
        ("C:a.csv", "C_a.csv"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("a\nb\0c.txt", "a_b_c.txt"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("trailing. ", "trailing"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("Zürich.csv", "Zürich.csv"),
        ("x" * 300 + ".csv", "x" * 146 + ".csv"),
        ("é" * 200, "é" * 75),
    ],
)
def test_a_name_is_made_safe(given_: str, safe: str) -> None:
    assert safe_name(given_) == safe


@given(st.text())
def test_a_safe_name_is_one_name_in_its_folder_and_stays_as_it_is(text: str) -> None:
    name = safe_name(text)

    assert Path("folder", name).parent == Path("folder")
    assert name not in {"", ".", ".."}
    assert not set(name) & set('\0/\\:*?"<>|')
    assert len(name.encode(errors="replace")) <= 152
    assert safe_name(name) == name


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    for expected in ("a.csv", "a-2.csv", "a-3.csv"):
        place = unique_path(tmp_path, "x/a.csv")
        assert place == tmp_path / expected
        place.touch()
    (tmp_path / "b.csv").symlink_to(tmp_path / "nowhere")
    assert unique_path(tmp_path, "b.csv").name == "b-2.csv"


@pytest.mark.anyio
async def test_an_attachment_is_saved_under_its_own_name(script: Script, tmp_path: Path) -> None:
    script.says(answer(200, b"1,2"))
    attachment = Attachment(id="a", run_id="r", filename="..\\..\\evil.csv")

    place = await script.desk().attachments.save(attachment, tmp_path)

    assert place == tmp_path / "evil.csv"
    assert place.read_bytes() == b"1,2"
    assert script.asked[0].url.path == "/v1/run-attachments/a/download"
