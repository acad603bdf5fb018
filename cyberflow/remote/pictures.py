"""Prompt images of an account as deployments see them: which ones cyberflow uploaded, and which prompt shows which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cyberflow.service.wire import Image, Workflow

BUCKET = "supabase://workflow-prompt-images/"
_OURS = re.compile(r".+-[0-9a-f]{16}(?:-[0-9]+)?\.(?:png|jpg|gif|webp)")
_ADDRESS = re.compile(r"supabase://[^\"'\s<>\\]+")


def uploaded(image: Image) -> bool:
    """Whether its name is one that cyberflow gives: a slug and half of the content's hash."""
    return _OURS.fullmatch(image.filename) is not None


def image_path(url: str) -> str:
    """What the service calls the path of an image, from its address."""
    return url.removeprefix(BUCKET)


def shown(fields: Mapping[str, Any] | Workflow) -> frozenset[str]:
    """The addresses that stand anywhere in a workflow, in fields of no concern to us too."""
    whole = fields.sent() if isinstance(fields, Workflow) else {**fields}
    whole.pop("old_versions", None)
    return frozenset(_ADDRESS.findall(json.dumps(whole)))


def orphans(images: Iterable[Image], used: Iterable[frozenset[str]]) -> tuple[Image, ...]:
    """The images of ours that none of the texts shows."""
    all_used = frozenset().union(*used)
    found = (one for one in images if uploaded(one) and one.supabase_url not in all_used)
    return tuple(sorted(found, key=lambda one: (one.filename, one.supabase_url)))
