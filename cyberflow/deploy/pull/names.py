"""Names of pulled declarations and their files: ASCII, fit for every system, with no letter dropped."""

from __future__ import annotations

import re
from collections.abc import Collection

from cyberflow.language.project.latin import to_ascii
from cyberflow.storage import is_device, safe_name

LONGEST = 63
_UNFIT = re.compile(r"[^A-Za-z0-9]+")
_UNFIT_IN_FILES = re.compile(r"[^A-Za-z0-9._-]+")


def declared_name(title: str, used: Collection[str]) -> str:
    """A name made of a title: `(Copy) Patient lookup` is `copy-patient-lookup`. It differs from all `used` by more than
    case, for files are called by it.
    """
    slug = _UNFIT.sub("-", to_ascii(title.removeprefix("["))).strip("-").lower()[:LONGEST].strip("-") or "workflow"
    slug = slug if slug[0].isalpha() and not is_device(slug) else f"workflow-{slug}"[:LONGEST]
    taken = {one.casefold() for one in used}
    made, number = slug, 1
    while made in taken:
        number += 1
        made = f"{slug[: LONGEST - 4]}-{number}"
    return made


def file_name(text: str) -> str:
    """The name of a file, from a declared name with its ending or from what the platform calls an image."""
    return safe_name(_UNFIT_IN_FILES.sub("-", to_ascii(safe_name(text))).strip("-") or "file")
