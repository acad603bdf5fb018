from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.errors import ConflictError
from cyberflow.remote.identity import Marker, Owner, Ownership, list_owned_workflows, ownership_of, strip_marker

OWNER = Owner("clinic")
MARKER = Marker("cyberflow:clinic", "lookup", "id-1", "a" * 64)


def workflow(comment: str | None = None, tags: tuple[str, ...] = (), **fields: Any) -> WorkflowRecord:
    schema = None if comment is None else json.dumps({"$comment": comment, "type": "object"})
    named = [{"id": f"tag-{name}", "name": name} for name in tags]
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    return WorkflowRecord.model_validate(
        {"id": "id-1", "main_prompt": "x", "input_schema": schema, "tags": named, **times, **fields}
    )


def test_a_scope_is_part_of_marker_tag_and_title() -> None:
    scoped = Owner("clinic", "main")

    assert (scoped.tag, scoped.title("Lookup")) == ("cyberflow:clinic.main", "[main] Lookup")
    assert (OWNER.tag, OWNER.title("Lookup")) == ("cyberflow:clinic", "Lookup")


@pytest.mark.parametrize("schema", [None, "{}", '{"type": "object", "properties": {"a": {"$comment": "mine"}}}'])
def test_a_marker_goes_into_a_schema_and_out_again(schema: str | None) -> None:
    marked = MARKER.insert_into(schema)

    assert Marker.find_in(marked) == MARKER
    assert json.loads(marked)["$comment"] == f"cyberflow:clinic/lookup id-1 {'a' * 64} -"
    assert json.loads(strip_marker(marked) or "{}") == json.loads(schema or "{}")


@pytest.mark.parametrize(
    ("words", "commit"),
    [
        (" 4f1c9e2", "4f1c9e2"),
        (f" {'c' * 40}", "c" * 40),
        (f" {'c' * 40}+", f"{'c' * 40}+"),
        (f" {'c' * 64} and what a later version adds", "c" * 64),
        *((words, None) for words in ("", " ", " -", " + ", " --upload-pack=x", " HEAD", " 4f1c9e2++", f" {'c' * 65}")),
    ],
)
def test_the_commit_of_a_marker_is_read(words: str, commit: str | None) -> None:
    """Old and new ones, and no word that would mean something else to git."""
    found = Marker.find_in(json.dumps({"$comment": f"cyberflow:clinic/lookup id-1 {'a' * 64}{words}"}))

    assert found == MARKER
    assert found is not None
    assert found.commit == commit
    assert found.commit_id == (commit and commit.rstrip("+"))


def test_a_marker_replaces_the_one_before() -> None:
    later = Marker("cyberflow:clinic", "lookup", "id-1", "b" * 64)

    assert Marker.find_in(later.insert_into(MARKER.insert_into(None))) == later
    assert strip_marker(later.insert_into(MARKER.insert_into(None))) is None


@pytest.mark.parametrize(
    "schema",
    [
        *(None, "", "[]", "no JSON", '{"$comment": 7}', '{"$comment": "mine"}', '{"$comment": "cyberflow:clinic"}'),
        '{"properties": {"a": {"$comment": "cyberflow:clinic/lookup new 00"}}}',
    ],
)
def test_what_is_no_marker_is_none(schema: str | None) -> None:
    assert Marker.find_in(schema) is None


def test_a_schema_without_a_place_for_the_marker_is_a_conflict() -> None:
    with pytest.raises(ConflictError, match="`lookup` is not a JSON object"):
        MARKER.insert_into("[1]")


@pytest.mark.parametrize(
    ("comment", "tags", "expected"),
    [
        ("cyberflow:clinic/lookup new 00", (), Ownership.UNFINISHED),
        ("cyberflow:clinic/lookup new 00", ("cyberflow:clinic",), Ownership.UNFINISHED),
        ("cyberflow:clinic/lookup id-1 00", ("cyberflow:clinic", "Production"), Ownership.MANAGED),
        ("cyberflow:clinic/lookup id-1 00", ("cyberflow:clinic.main",), Ownership.LOST),
        ("cyberflow:clinic/lookup id-1 00", (), Ownership.LOST),
        ("cyberflow:clinic/lookup id-1", ("cyberflow:clinic",), Ownership.MANAGED),
        ("cyberflow:clinic/lookup id-1 00 4f1c+", ("cyberflow:clinic",), Ownership.MANAGED),
        ("cyberflow:clinic/lookup id-1 00 -  more, and\nmore", ("cyberflow:clinic",), Ownership.MANAGED),
        ("cyberflow:clinic/lookup new 00 -", (), Ownership.UNFINISHED),
        ("cyberflow:clinic/lookup id-2 00 4f1c", (), Ownership.COPY),
        ("cyberflow:clinic/lookup id-2 00", ("cyberflow:clinic",), Ownership.COPY),
        ("cyberflow:clinic/lookup id-2 00", (), Ownership.COPY),
        ("something of mine", ("cyberflow:clinic",), Ownership.REWRITTEN),
        (None, ("cyberflow:clinic",), Ownership.REWRITTEN),
        (None, ("Production",), Ownership.FOREIGN),
        ("cyberflow:clinic.main/lookup id-1 00", ("cyberflow:clinic",), Ownership.FOREIGN),
        ("cyberflow:other/lookup new 00", (), Ownership.FOREIGN),
    ],
)
def test_marker_and_tag_together_say_whose_it_is(
    comment: str | None, tags: tuple[str, ...], expected: Ownership
) -> None:
    assert ownership_of(workflow(comment, tags), OWNER) is expected


UUID = "8e1e5f8c-9cdc-4bb5-b22a-73c3c7931ba0"


@pytest.mark.parametrize(
    "other", [UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", UUID.replace("-", "").upper()]
)
def test_ids_are_compared_as_uuids(other: str) -> None:
    """However the service, or an older marker, writes them."""
    tags = ("cyberflow:clinic",)

    assert ownership_of(workflow(f"cyberflow:clinic/lookup {UUID} 00", tags, id=other), OWNER) is Ownership.MANAGED
    assert ownership_of(workflow(f"cyberflow:clinic/lookup {other} 00", tags, id=UUID), OWNER) is Ownership.MANAGED
    assert Marker.find_in(f'{{"$comment": "cyberflow:clinic/lookup {other} 00"}}') == Marker(
        "cyberflow:clinic", "lookup", UUID, "00"
    )


def test_words_that_a_later_version_adds_are_part_of_no_comparison() -> None:
    later = json.dumps({"$comment": f"{MARKER} 4f1c+ more"})

    assert Marker.find_in(later) == MARKER
    assert strip_marker(later) is None


def test_what_is_held_comes_oldest_first_and_without_strangers() -> None:
    found = list_owned_workflows(
        [
            workflow("cyberflow:clinic/b new 00", id="2", created_at="2026-01-01T00:00:00.5Z"),
            workflow(None, id="3"),
            workflow("cyberflow:clinic/a new 00", id="1", created_at="2026-01-01T01:00:00+01:00"),
        ],
        OWNER,
    )

    assert [(one.id, one.name) for one in found] == [("1", "a"), ("2", "b")]
