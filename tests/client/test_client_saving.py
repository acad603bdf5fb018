"""Names that the platform gives to files, made fit to be one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.client.cyberdesk.wire import Attachment
from cyberflow.errors import CyberflowError
from cyberflow.storage import (
    close_folder,
    open_atomic,
    private_folder,
    safe_name,
    unique_path,
    write_bytes,
    write_text,
)
from tests.client.scripted_service import Script, answer
from tests.processes import started


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


@pytest.mark.parametrize(
    ("given_", "safe"),
    [
        ("COM¹.txt", "_COM¹.txt"),
        ("lpt²", "_lpt²"),
        ("com0", "_com0"),
        ("CONIN$", "_CONIN$"),
        ("conout$.log", "_conout$.log"),
        ("ＮＵＬ.txt", "_ＮＵＬ.txt"),
        ("con .txt", "_con .txt"),
        ("..\\..\\x", "x"),
        ("a/b\\c", "c"),
        ("C:\\aux", "_aux"),
        ("a. . .", "a"),
        ("a.txt...", "a.txt"),
        ("\\\\srv\\share\\", "file"),
        ("half \ud83d", "half _"),
        ("a\x85b\u200bc\ufeff", "a_b_c_"),
        ("com10.txt", "com10.txt"),
        ("console.txt", "console.txt"),
        ("auxiliary", "auxiliary"),
    ],
)
def test_a_name_that_some_system_reads_otherwise_is_made_safe(given_: str, safe: str) -> None:
    assert safe_name(given_) == safe
    assert safe_name(safe) == safe


def test_names_of_one_pass_differ_whatever_the_folder_holds(tmp_path: Path) -> None:
    taken: set[str] = set()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.csv").touch()

    names = [unique_path(tmp_path / "new", name, taken).name for name in ("a.csv", "A.CSV", "x/a.csv", "b")]

    assert names == ["a.csv", "A-2.CSV", "a-3.csv", "b"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_written_for_its_owner_or_keeps_its_mode(tmp_path: Path) -> None:
    own, shared, old = tmp_path / "sub" / "own", tmp_path / "shared", tmp_path / "old"
    old.touch(mode=0o755)
    write_text(own, "1")
    write_text(shared, "2", private=False)
    write_bytes(old, b"3", private=False)

    assert [mode(path) for path in (own, old)] == [0o600, old.stat().st_mode & 0o777]
    assert mode(shared) & 0o600 == 0o600
    assert mode(old) & 0o100
    write_text(old, "4")
    assert (mode(old), old.read_text(encoding="utf-8")) == (0o600, "4")


def test_a_link_is_followed_and_a_device_written_to(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    write_text(link, "new")
    assert (link.is_symlink(), real.read_text()) == (True, "new")

    write_text(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(CyberflowError, match="/dev/full cannot be written: No space left on device"):
        write_text(Path("/dev/full"), "x")

    there = tmp_path / "there"
    there.write_text("old")
    with pytest.raises(ZeroDivisionError):
        break_off(there)
    assert (there.read_text(), names_in(tmp_path)) == ("old", ["there"])


def break_off(to: Path) -> None:
    with open_atomic(to) as file:
        file.write(b"half")
        raise ZeroDivisionError


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_a_file_is_whole_or_not_there_when_its_writer_is_killed(tmp_path: Path) -> None:
    """`kill -9` at any moment: what stands under the name is one of the two whole contents."""
    program = (
        "import sys; from pathlib import Path; from cyberflow.storage import write_bytes\n"
        "to = Path(sys.argv[1]); print('ready', flush=True)\n"
        "while True:\n    write_bytes(to, b'a' * 3_000_000)\n    write_bytes(to, b'b' * 3_000_000)\n"
    )
    to = tmp_path / "file"
    for moment in range(5):
        with started([sys.executable, "-c", program, str(to)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.02 * moment)
            writer.kill()
        content = to.read_bytes() if to.exists() else b""
        assert len(content) in {0, 3_000_000}
        assert len(set(content)) <= 1


def test_a_private_folder_is_closed_and_left_alone_by_git(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / ".cyberflow")

    assert (mode(folder), (folder / ".gitignore").read_text()) == (0o700, "*\n")
    assert not close_folder(folder)
    folder.chmod(0o777)
    assert close_folder(folder)
    assert mode(folder) == 0o700
