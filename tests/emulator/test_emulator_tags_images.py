"""Tags, exclusive groups, prompt images and their signed addresses."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.emulator.emulator_api import Api, TurnedClock

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


def tag(api: Api, name: str, **fields: Any) -> str:
    return str(api.post("/v1/workflow-tags", {"name": name} | fields)["id"])


def names(api: Api, workflow: str) -> list[str]:
    return [item["name"] for item in api.get(f"/v1/workflows/{workflow}/tags")]


def upload(
    api: Api, name: str = "button.png", content: bytes = PNG, kind: str = "image/png", **options: Any
) -> httpx.Response:
    return api.request("POST", "/v1/workflows/prompt-image", files={"file": (name, content, kind)}, **options)


def test_a_tag_is_made_changed_archived_and_deleted(api: Api) -> None:
    id = tag(api, "Production", emoji="🚀", color="#123456")
    api.patch(f"/v1/workflow-tags/{id}", {"description": "live", "name": None})
    assert api.get(f"/v1/workflow-tags/{id}")["description"] == "live"
    assert api.get(f"/v1/workflow-tags/{id}")["name"] == "Production"

    assert api.post(f"/v1/workflow-tags/{id}/archive")["is_archived"] is True
    assert api.get("/v1/workflow-tags") == []
    assert [item["id"] for item in api.get("/v1/workflow-tags", include_archived="true")] == [id]
    assert api.post(f"/v1/workflow-tags/{id}/unarchive")["is_archived"] is False
    api.delete(f"/v1/workflow-tags/{id}")
    assert api.refusal("GET", f"/v1/workflow-tags/{id}") == (404, "Tag not found")


def test_tags_are_assigned_counted_and_removed(api: Api) -> None:
    workflow, other = api.workflow(), api.workflow("Other")
    one, two = tag(api, "one"), tag(api, "two")
    assert [item["name"] for item in api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [two, one]})] == [
        "one",
        "two",
    ]
    api.post("/v1/workflows/bulk/tags", {"workflow_ids": [workflow, other], "tag_ids": [one]})

    assert api.get(f"/v1/workflow-tags/{one}")["workflow_count"] == 2
    both = api.get("/v1/workflows", tag_ids=f"{one},{two}")["items"]
    assert [item["id"] for item in both] == [workflow], "several tags are all asked for"
    api.delete(f"/v1/workflows/{workflow}/tags/{two}")
    assert names(api, workflow) == ["one"]
    assert api.refusal("DELETE", f"/v1/workflows/{workflow}/tags/{two}")[0] == 404


def test_a_group_holds_one_tag_of_each_workflow(api: Api) -> None:
    group = api.post("/v1/workflow-tag-groups", {"name": "Stage"})["id"]
    workflow = api.workflow()
    draft, live, free = tag(api, "Draft", group_id=group), tag(api, "Live", group_id=group), tag(api, "Free")
    api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [draft, free]})
    api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [live]})

    assert names(api, workflow) == ["Live", "Free"]
    assert api.get(f"/v1/workflow-tags/{live}")["group"]["name"] == "Stage"
    api.delete(f"/v1/workflow-tag-groups/{group}")
    assert api.get(f"/v1/workflow-tags/{live}")["group_id"] is None
    assert api.refusal("POST", "/v1/workflow-tags", json={"name": "x", "group_id": group}) == (
        404,
        "Tag group not found",
    )


def test_an_archived_tag_stays_but_cannot_be_given(api: Api) -> None:
    workflow, id = api.workflow(), tag(api, "old")
    api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [id]})
    api.post(f"/v1/workflow-tags/{id}/archive")

    assert names(api, workflow) == ["old"]
    other = api.workflow("Other")
    assert api.refusal("POST", f"/v1/workflows/{other}/tags", json={"tag_ids": [id]})[0] == 400
    assert api.refusal("POST", f"/v1/workflows/{other}/tags", json={"tag_ids": [str(uuid.uuid4())]})[0] == 404


@pytest.mark.parametrize("kind", ["workflow-tags", "workflow-tag-groups"])
def test_reorder_is_no_id(api: Api, kind: str) -> None:
    ids = [api.post(f"/v1/{kind}", {"name": name})["id"] for name in "abc"]
    api.put(f"/v1/{kind}/reorder", {"ids": ids[::-1]})

    assert [item["name"] for item in api.get(f"/v1/{kind}")] == ["c", "b", "a"]


def test_an_image_is_kept_listed_signed_read_and_deleted(api: Api, clock: TurnedClock, png: bytes) -> None:
    made = upload(api, content=png).json()
    path = "org_local/prompt-assets/button.png"
    assert made["supabase_url"] == f"supabase://workflow-prompt-images/{path}"
    assert (made["filename"], made["content_type"], made["size_bytes"]) == ("button.png", "image/png", len(png))
    assert [item["path"] for item in api.get("/v1/workflows/prompt-images")] == [path]

    signed = api.get("/v1/workflows/prompt-image/signed-url", path=path)
    assert signed["expires_in"] == 3600
    read = api.request("GET", signed["signed_url"], headers={"Authorization": ""})
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, png, "image/png")
    clock.forward(3600)
    assert api.refusal("GET", signed["signed_url"]) == (400, "The signed URL has expired")
    api.delete("/v1/workflows/prompt-image", params={"path": path})
    assert api.refusal("GET", "/v1/workflows/prompt-image/signed-url", params={"path": path})[0] == 404


def test_same_name_and_bytes_are_one_image_and_other_bytes_another(api: Api) -> None:
    first, again = upload(api).json(), upload(api).json()
    other = upload(api, content=PNG + b"x").json()

    assert again["supabase_url"] == first["supabase_url"]
    assert other["filename"] == "button-1.png"
    assert len(api.get("/v1/workflows/prompt-images")) == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/a b.png", "a-b.png"), ("C:\\pics\\ü.png", "png"), ("..", "image"), ("x" * 300 + ".png", None)],
)
def test_filenames_become_safe(api: Api, name: str, kept: str | None) -> None:
    stored = upload(api, name).json()["filename"]

    assert kept is None or stored == kept
    assert len(stored) <= 128
    assert "/" not in stored
    assert not stored.startswith(".")


def test_the_type_is_told_by_content_and_the_size_is_limited(api: Api) -> None:
    assert upload(api, "a.png", b"not an image").status_code == 400
    assert upload(api, "a.gif", b"GIF89a...").json()["content_type"] == "image/gif"
    assert upload(api, "a.webp", b"RIFF\0\0\0\0WEBP").json()["content_type"] == "image/webp"
    assert upload(api, "a.jpg", b"\xff\xd8\xff\xe0").json()["content_type"] == "image/jpeg"
    limit = 10 * 1024 * 1024
    assert upload(api, "most.png", PNG.ljust(limit, b"\0")).status_code == 201
    assert upload(api, "over.png", PNG.ljust(limit + 1, b"\0")).status_code == 413
    assert upload(api, "far.png", PNG.ljust(limit * 2, b"\0")).status_code == 413
    response = api.request("POST", "/v1/workflows/prompt-image", files={"image": ("a.png", PNG)})
    assert response.json()["detail"] == [{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}]


def test_an_upload_is_repeated_by_its_key_whatever_its_boundary(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    first, again = upload(api, headers=key), upload(api, headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-status"] == "replayed"
    assert upload(api, content=PNG + b"x", headers=key).status_code == 422
