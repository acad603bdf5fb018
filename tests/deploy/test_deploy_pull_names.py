"""What pulled declarations and their files are called, and how the files come to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord
from cyberflow.deploy.pull.folder import PullFolder
from cyberflow.deploy.pull.names import declared_name, file_name
from cyberflow.deploy.pull.pull import PullItem, image_files
from cyberflow.deploy.pull.verify import verify_pull
from cyberflow.errors import ConflictError
from cyberflow.language.model import NAME
from cyberflow.language.project.latin import to_ascii
from cyberflow.language.project.load import read_project
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import BUCKET
from cyberflow.remote.snapshot import Snapshot
from cyberflow.storage import is_device, write_bytes

TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("(Copy) Patient lookup", "copy-patient-lookup"),
        ("[main] Lookup", "main-lookup"),
        ("Überweisung prüfen", "uberweisung-prufen"),
        ("Straße Ærø Łódź", "strasse-aero-lodz"),
        ("Запись пациента", "zapis-patsienta"),
        ("Щука Ёлка Ялта", "shchuka-elka-yalta"),
        ("Ασθενής", "asthenis"),
        ("患者", "workflow-60a3-8005"),
        ("환자", "hwan-ja"),
        ("かな", "ka-na"),
        ("ﬁle № ²", "file-no-2"),
        ("con", "workflow-con"),
        ("COM¹", "workflow-com1"),
        ("nul.txt", "nul-txt"),
        ("CONIN$", "conin"),
        ("7 days", "workflow-7-days"),
        ("🙂", "workflow"),
        ("", "workflow"),
        ("x" * 90, "x" * 63),
    ],
)
def test_a_title_gives_a_name_without_dropping_a_letter(title: str, name: str) -> None:
    made = declared_name(title, ())

    assert made == name
    assert NAME.fullmatch(made)
    assert not is_device(f"{made}.yaml")


def test_names_differ_by_more_than_case() -> None:
    assert declared_name("Lookup", {"LOOKUP"}) == "lookup-2"
    assert declared_name("x" * 90, {"x" * 63}) == "x" * 59 + "-2"


@pytest.mark.parametrize(
    "text", ["COM¹.txt", "con.yaml", "CONIN$", "aux.check-1.md", "..\\..\\x.png", "../../x", "a:b?.png", "日本.png"]
)
def test_a_file_name_is_fit_for_every_system(text: str) -> None:
    made = file_name(text)

    assert made.isascii()
    assert made
    assert not is_device(made)
    assert not set(made) & set('\\/:*?"<>|')
    assert not made.startswith(".")


def test_letters_without_a_custom_are_not_dropped() -> None:
    assert all(to_ascii(letter).strip("-") for letter in "אבגدبत中文日本한글ñçšžğ")


def test_images_keep_their_endings_and_never_meet() -> None:
    names = ["a/Search.png", "b/search.png", "Füße.png", "COM1.png", "..\\..\\x.png", "x.png", f"one-{'0' * 16}.png"]
    images = [Image(supabase_url=f"{BUCKET}{n}", filename=name) for n, name in enumerate(names)]
    prompt = "".join(f'<img src="{one.supabase_url}">' for one in images)
    workflow = WorkflowRecord.model_validate({"id": "id-1", "main_prompt": prompt, **TIMES})

    files = image_files([PullItem("w", workflow)], images)

    assert len({path.casefold() for path in files.values()}) == len(names)
    assert all(path.startswith("images/") and path.endswith(".png") and path.count("/") == 1 for path in files.values())
    assert {"images/Search.png", "images/Fusse.png", "images/_COM1.png", "images/one.png"} <= set(files.values())


def test_a_declaration_called_as_a_device_has_files_that_are_not(tmp_path: Path) -> None:
    workflow = WorkflowRecord.model_validate(
        {"id": "id-1", "name": "con", "main_prompt": "<p>Go</p>", **TIMES}
        | {"output_schema": '{"type":"array","items":{"type":"string"}}'}
    )

    found = verify_pull([PullItem("con", workflow, ours=True)], Snapshot((workflow,)), Owner("clinic"), {}, {})

    assert found.faults == {}
    assert [path for path in found.files if is_device(Path(path).name)] == []
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    folder = PullFolder(read_project(tmp_path), tmp_path / "workflows")
    folder.write(found.files)
    again = PullFolder(read_project(tmp_path), tmp_path / "workflows")
    assert again.names_in_use() == set()
    again.write(found.files)


@pytest.fixture
def folder(tmp_path: Path) -> PullFolder:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    return PullFolder(read_project(tmp_path), tmp_path / "workflows")


def test_an_empty_leftover_is_not_an_edit(folder: PullFolder) -> None:
    files = {"one.yaml": b"x: 1\n", "prompts/one.md": b"Go\n"}
    (folder.path / "prompts").mkdir(parents=True)
    (folder.path / "prompts" / "one.md").touch()

    folder.write(files)

    assert (folder.path / "prompts" / "one.md").read_bytes() == b"Go\n"


@pytest.mark.parametrize("there", [b"mine\n", b"\n", None])
def test_what_somebody_wrote_stays_and_nothing_is_written(folder: PullFolder, there: bytes | None) -> None:
    """A folder where a file would stand is in the way as well."""
    path = folder.path / "prompts" / "one.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(there) if there is not None else path.mkdir()

    with pytest.raises(ConflictError, match=r"these files differ: .*one\.md"):
        folder.write({"one.yaml": b"x: 1\n", "prompts/one.md": b"Go\n"})

    assert not (folder.path / "one.yaml").exists()


def test_declarations_are_written_last(folder: PullFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a pull is killed, no declaration names a file that is not there, and it goes on where it stopped."""
    files = {"one.yaml": b"x: 1\n", "prompts/one.md": b"Go\n", "images/a.png": b"png", "two.yaml": b"y: 1\n"}
    write = write_bytes
    for boundary in range(len(files)):
        left = [boundary]

        def killed(path: Path, content: bytes, *, private: bool = True, left: list[int] = left) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            write(path, content, private=private)

        monkeypatch.setattr("cyberflow.deploy.pull.folder.write_bytes", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.write(files)
        written = {path.name for path in folder.path.rglob("*") if path.is_file()}
        assert "one.yaml" not in written or {"one.md", "a.png"} <= written

    monkeypatch.setattr("cyberflow.deploy.pull.folder.write_bytes", write)
    folder.write(files)
    assert {path.name for path in folder.path.rglob("*") if path.is_file()} == {
        "one.yaml",
        "one.md",
        "a.png",
        "two.yaml",
    }
