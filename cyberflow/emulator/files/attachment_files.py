"""Files of a run: kept as attachments, and small real ones made up to fit a name that a simulation exports."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import mimetypes
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import quote

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, violation
from cyberflow.emulator.store.store import Document, Store, new_id

BUCKET = "run-attachments"
PIECE = 1 << 20
"""Characters decoded at a time, a multiple of four: a large file is not held as text, as bytes and decoded at once."""


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    filename: str
    content: bytes | bytearray
    content_type: str
    target_path: str | None = None
    cleanup: bool = False


def decode_base64(text: str, *loc: str | int) -> bytes | bytearray:
    """The base64 of a body's field; 422 when it is not."""
    invalid = InvalidRequest([violation(["body", *loc], "Invalid base64 content")])
    if text.find("=", 0, max(0, len(text) - 2)) >= 0:
        raise invalid
    decoded = bytearray()
    try:
        for at in range(0, len(text), PIECE):
            decoded += base64.b64decode(text[at : at + PIECE], validate=True)
    except (binascii.Error, ValueError):
        raise invalid from None
    return decoded


def content_type_of(filename: str) -> str:
    known = {".csv": "text/csv", ".json": "application/json", ".txt": "text/plain", ".pdf": "application/pdf"}
    suffix = PurePosixPath(filename).suffix.lower()
    return known.get(suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def content_disposition(filename: str) -> tuple[str, str]:
    """The header that has a browser keep a file under its name instead of showing it."""
    plain = re.sub(r"[^\x20-\x7e]|[\"\\]", "_", filename)
    return "Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def add_attachment(
    store: Store, run_id: str, file: AttachmentFile, kind: Literal["input", "output"], at: datetime
) -> Document:
    id = new_id()
    attachment = {
        "id": id,
        "run_id": run_id,
        "filename": file.filename,
        "content_type": file.content_type,
        "attachment_type": kind,
        "size_bytes": len(file.content),
        "storage_path": f"{BUCKET}/{store.organisation}/{run_id}/{id}",
        "created_at": stamp(at),
        "target_path": file.target_path,
        "cleanup_imports_after_run": file.cleanup,
        "user_id": None,
        "organization_id": store.organisation,
        "expires_at": None,
    }
    store.add("attachment", attachment, parent=run_id)
    store.keep_content(id, file.content)
    return attachment


def make_file(filename: str, content: str | None, title: str, data: Any) -> AttachmentFile:
    """A file with the content given, or with the run's outputs in the form that its name promises."""
    kind = content_type_of(filename)
    if content is not None:
        return AttachmentFile(filename, content.encode(), kind)
    if kind == "application/pdf":
        return AttachmentFile(filename, _pdf([title, *_rows_as_text(data)]), kind)
    if kind == "text/csv":
        return AttachmentFile(filename, _csv(data), kind)
    if kind == "application/json":
        return AttachmentFile(filename, (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode(), kind)
    return AttachmentFile(filename, "\n".join([title, "", *_rows_as_text(data), ""]).encode(), kind)


def _rows(data: Any) -> list[tuple[str, str]]:
    if not isinstance(data, dict) or not data:
        return [("result", "completed")]
    return [(str(k), v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)) for k, v in data.items()]


def _rows_as_text(data: Any) -> list[str]:
    return [f"{key}: {value}" for key, value in _rows(data)]


def _csv(data: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("field", "value"), *_rows(data)])
    return out.getvalue().encode()


def _pdf(lines: list[str]) -> bytes:
    """One page of Helvetica, written out by hand: a reader opens it, and no library is needed for it."""
    shown = [line.encode("latin-1", "replace").decode("latin-1")[:90] for line in lines[:50]]
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in shown]
    stream = "BT /F1 11 Tf 14 TL 56 780 Td " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return (out + head + tail).encode("latin-1")
