from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import CyberflowError
from tests.client.scripted_service import Script, answer

pytestmark = pytest.mark.anyio


class Broken(httpx.AsyncByteStream):
    """Gives some bytes, then breaks off, or fails as it is told."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"first half, longer than the file"
        raise self.error


def broken(error: BaseException) -> httpx.Response:
    return httpx.Response(200, stream=Broken(error))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_download_lands_whole_in_place_of_what_was_there(script: Script, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")
    (tmp_path / "same file").hardlink_to(tmp_path / "a.pdf")
    script.says(lambda _: httpx.Response(200, content=gzip.compress(b"new"), headers={"Content-Encoding": "gzip"}))

    got = await script.desk().attachments.download("f/1", tmp_path / "a.pdf")

    assert got == tmp_path / "a.pdf"
    assert files(tmp_path) == {"a.pdf": b"new", "same file": b"old"}
    assert script.asked[0].url.raw_path == b"/v1/run-attachments/f%2F1/download"


async def test_a_download_that_breaks_off_begins_again_from_nothing(script: Script, tmp_path: Path) -> None:
    script.says(lambda _: broken(httpx.ReadError("reset")), answer(503, "not the file"), answer(200, b"whole"))

    await script.desk().attachments.download("f", tmp_path / "a")

    assert files(tmp_path) == {"a": b"whole"}


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (httpx.ReadError("reset"), Unreachable),
        (OSError(28, "No space left on device"), CyberflowError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["network", "disk", "interrupt"],
)
async def test_a_failed_download_leaves_nothing_and_spoils_nothing(
    script: Script, tmp_path: Path, error: BaseException, raised: type[BaseException]
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    script.says(lambda _: broken(error))

    with pytest.raises(raised):
        await script.desk().attachments.download("f", tmp_path / "a")

    assert files(tmp_path) == {"a": b"old"}


async def test_a_refused_download_is_an_api_error_and_no_file(script: Script, tmp_path: Path) -> None:
    script.says(answer(404, {"message": "gone"}))

    with pytest.raises(ApiError, match="gone"):
        await script.desk().attachments.download("f", tmp_path / "a")

    assert files(tmp_path) == {}


async def test_a_disk_that_refuses_is_said_in_words(script: Script, tmp_path: Path) -> None:
    script.says(answer(200, b"x"))

    with pytest.raises(CyberflowError, match=r"a cannot be written: No such file or directory"):
        await script.desk().attachments.download("f", tmp_path / "missing" / "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CyberflowError, match=r"folder cannot be written: "):
        await script.desk().attachments.download("f", tmp_path / "folder")

    assert names(tmp_path) == ["folder"]


async def test_a_signed_url_is_opened_without_the_key_and_with_its_query(script: Script, tmp_path: Path) -> None:
    script.says(
        answer(302, Location="https://cdn.test/b?token=t2", X_RateLimit_Remaining="0", X_RateLimit_Reset="9"),
        answer(200, b"png"),
    )

    desk = script.desk()
    await desk.download("https://store.test/a?token=t%2F1", tmp_path / "a.png")

    assert [str(request.url) for request in script.asked] == [
        "https://store.test/a?token=t%2F1",
        "https://cdn.test/b?token=t2",
    ]
    assert script.header("authorization") == [None, None]
    assert files(tmp_path) == {"a.png": b"png"}
    script.says(answer(200, {}))
    await desk.health()
    assert script.slept == [], "the rate limit of another host is not ours"


@pytest.mark.parametrize("url", ["https://u:pw@store.test/a?token=tok", "https://store.test/a?token=tok#tok"])
async def test_errors_of_a_signed_url_do_not_hold_its_token(script: Script, tmp_path: Path, url: str) -> None:
    desk = script.desk()
    for line in (answer(403, "expired"), httpx.ConnectError("no")):
        script.says(line)
        with pytest.raises(CyberflowError, match=r"https://store\.test/a") as caught:
            await desk.download(url, tmp_path / "a")
        assert "tok" not in str(caught.value)
        assert "pw" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "https://x:1:2/"])
async def test_a_signed_url_of_another_kind_is_not_opened(tmp_path: Path, url: str) -> None:
    async with Cyberdesk.connect("http://127.0.0.1:1", "k") as desk:
        with pytest.raises(Unreachable):
            await desk.download(url, tmp_path / "a")
    assert files(tmp_path) == {}
