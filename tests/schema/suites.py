"""Where suites of other projects are, for the tests that read them when they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.suites import SUITES

FOLDER = SUITES / "json-schema" / "tests" / "draft2020-12"
needs_suites = pytest.mark.skipif(not FOLDER.is_dir(), reason="the JSON Schema Test Suite is not here")

REMOTE = ("refRemote.json", "cross-draft.json")
DYNAMIC = ("$dynamicRef", "$recursiveRef")


@dataclass(frozen=True)
class SuiteCase:
    """One schema of the suite with its values: `(value, whether it is valid, description)`."""

    file: str
    description: str
    schema: Any
    values: tuple[tuple[Any, bool, str], ...]

    @property
    def text(self) -> str:
        return json.dumps(self.schema)

    @property
    def is_readable(self) -> bool:
        """Whether the schema says all that it means in itself: no other file, no dynamic scope, no own dialect."""
        outside = '"$ref": "https://json-schema.org' in self.text or self.file in REMOTE
        own_dialect = '"$schema": "http://localhost' in self.text
        old = '"dependencies"' in self.text
        dynamic = self.file == "dynamicRef.json" and any(word in self.text for word in (*DYNAMIC, "localhost"))
        return not (outside or own_dialect or old or dynamic or any(word in self.text for word in DYNAMIC))


def cases(*folders: str) -> Iterator[SuiteCase]:
    """Every schema of the suite in these folders below it."""
    for folder in folders:
        for path in sorted((FOLDER / folder).glob("*.json")):
            for group in json.loads(path.read_text(encoding="utf-8")):
                values = tuple((one["data"], one["valid"], one["description"]) for one in group["tests"])
                yield SuiteCase(path.name, group["description"], group["schema"], values)
