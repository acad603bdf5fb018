"""What is there: whose each workflow of an account is, what it says in canonical form, and what it should say. It reads
and compares; writing is `deploy`'s.
"""

from __future__ import annotations

from cyberflow.remote.activity import has_runs, live_runs
from cyberflow.remote.canonical import CHECK_FIELDS, FIELDS, MODEL_FIELDS, canonical, changed, field_hash, wire_fields
from cyberflow.remote.demand import demands
from cyberflow.remote.desired import Desired, desire, images_of, with_images
from cyberflow.remote.html import html_lines
from cyberflow.remote.identity import NEW, PREFIX, Holding, Marker, Owner, Standing, holdings, standing, unmarked
from cyberflow.remote.markdown import markdown, readable_lines
from cyberflow.remote.offer import Offer, read_gpu, read_offer
from cyberflow.remote.pictures import fetch, find_image, image_path, orphans, shown, uploaded
from cyberflow.remote.snapshot import Snapshot, every_workflow, snapshot

__all__ = [
    "CHECK_FIELDS",
    "FIELDS",
    "MODEL_FIELDS",
    "NEW",
    "PREFIX",
    "Desired",
    "Holding",
    "Marker",
    "Offer",
    "Owner",
    "Snapshot",
    "Standing",
    "canonical",
    "changed",
    "demands",
    "desire",
    "every_workflow",
    "fetch",
    "field_hash",
    "find_image",
    "has_runs",
    "holdings",
    "html_lines",
    "image_path",
    "images_of",
    "live_runs",
    "markdown",
    "orphans",
    "read_gpu",
    "read_offer",
    "readable_lines",
    "shown",
    "snapshot",
    "standing",
    "unmarked",
    "uploaded",
    "wire_fields",
    "with_images",
]
