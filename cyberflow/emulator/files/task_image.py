"""A small picture in place of a computed one: real PNG, the same bytes for the same task, of any size asked for."""

from __future__ import annotations

import io
import struct
import zlib
from hashlib import sha256

_END = 12
"""The bytes of a PNG's last chunk."""
_PRIVATE = b"paDd"


def draw_png(task_id: str, slug: str, key: str, size: tuple[int, int, int]) -> bytes:
    """Width and height in pixels, and the least number of bytes."""
    from PIL import Image, ImageDraw, ImageFont

    width, height, least = size
    seed = sha256(f"{task_id}/{key}".encode()).digest()
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image, "RGBA")
    for index in range(0, 24, 4):
        left, top, extent, hue = seed[index : index + 4]
        box = (left * width // 256, top * height // 256)
        reach = max(8, extent * min(width, height) // 384)
        colour = (hue, seed[index] ^ 127, 255 - hue, 150)
        draw.ellipse((box[0] - reach, box[1] - reach, box[0] + reach, box[1] + reach), fill=colour)
    draw.rectangle((0, height - 44, width, height), fill=(20, 32, 40, 200))
    draw.text((10, height - 38), slug, fill="white", font=ImageFont.load_default(14))
    draw.text((10, height - 20), f"{key}  {task_id[:8]}"[:60], fill="#cfd6dc", font=ImageFont.load_default(11))
    out = io.BytesIO()
    image.save(out, "PNG")
    return _pad_png(out.getvalue(), least)


def _pad_png(png: bytes, least: int) -> bytes:
    """Add a private chunk that readers pass over."""
    lacking = least - len(png) - _END
    if lacking <= 0:
        return png
    filler = bytes(lacking)
    chunk = struct.pack(">I", lacking) + _PRIVATE + filler + struct.pack(">I", zlib.crc32(_PRIVATE + filler))
    return png[:-_END] + chunk + png[-_END:]
