"""A picture of the simulated desktop: the workflow's window with its prompt, how far the agent is, and the clock.
Drawn when it is asked for, from the run's row alone, so the same run gives the same bytes.
"""

from __future__ import annotations

import io
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cyberflow.emulator.engine.history import ACTED_LINES, Frame
from cyberflow.emulator.engine.substitution import text_of
from cyberflow.emulator.store.runs import RunRow

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE = (960, 600)
WINDOW = (48, 36, 912, 532)
SIDE = 268
TASKBAR = 560
INK, SOFT, FAINT = "#1f2937", "#6b7280", "#9ca3af"
ACCENT, DONE, PAPER, PANEL, LINE = "#2f6f8f", "#3f8f6b", "#ffffff", "#f5f7f9", "#e3e8ed"
ROWS = 11


def render(run: RunRow, frame: Frame) -> bytes:
    """PNG, 960 x 600."""
    from PIL import ImageDraw

    image = _desktop().copy()
    draw = ImageDraw.Draw(image)
    _draw_title(draw, run)
    _draw_sidebar(draw, run, frame)
    _draw_steps(draw, run, frame)
    _draw_taskbar(draw, run, frame.at)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


@lru_cache(maxsize=1)
def _desktop() -> Image:
    """What every picture shares: the background, the window with its shadow, the bar at the bottom."""
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    top, bottom = (198, 216, 224), (126, 156, 172)
    bands = [
        band.point([round(a + (b - a) * v / 255) for v in range(256)]) for band, a, b in _bands(image, top, bottom)
    ]
    image = Image.merge("RGB", bands)
    shadow = Image.new("L", SIZE, 0)
    left, high, right, low = WINDOW
    ImageDraw.Draw(shadow).rounded_rectangle((left, high + 10, right, low + 14), 14, fill=110)
    image.paste((40, 60, 72), mask=shadow.filter(ImageFilter.GaussianBlur(16)))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(WINDOW, 12, fill=PAPER)
    draw.rounded_rectangle((left, high, right, high + 46), 12, fill=PANEL)
    draw.rectangle((left, high + 30, right, high + 46), fill=PANEL)
    draw.rounded_rectangle((left, high + 46, left + SIDE, low), 12, fill=PANEL)
    draw.rectangle((left, high + 46, left + SIDE, low - 16), fill=PANEL)
    draw.rectangle((left + SIDE - 16, high + 46, left + SIDE, low), fill=PANEL)
    draw.line((left, high + 46, right, high + 46), fill=LINE)
    draw.line((left + SIDE, high + 46, left + SIDE, low - 1), fill=LINE)
    draw.rectangle((0, TASKBAR, *SIZE), fill="#27414f")
    return image


def _bands(image: Image, top: tuple[int, ...], bottom: tuple[int, ...]) -> Any:
    return zip(image.split(), top, bottom, strict=True)


def _draw_title(draw: ImageDraw, run: RunRow) -> None:
    left, high, right, _ = WINDOW
    draw.rounded_rectangle((left + 18, high + 14, left + 36, high + 32), 5, fill=ACCENT)
    draw.line((left + 23, high + 23, left + 26, high + 27, left + 32, high + 19), fill=PAPER, width=2)
    draw.text((left + 48, high + 13), _shorten(draw, run.plan["workflow_name"], 640, 16), fill=INK, font=_font(16))
    for index in range(3):
        x = right - 28 - index * 26
        draw.ellipse((x, high + 18, x + 10, high + 28), fill="#cfd6dc")


def _draw_sidebar(draw: ImageDraw, run: RunRow, frame: Frame) -> None:
    x, y = WINDOW[0] + 24, WINDOW[1] + 68
    rows = [("STEP", run.session_alias or "single run"), ("MACHINE", run.plan["machine_name"])]
    rows += (
        [("RUN", run.id[:8]), ("ATTEMPT", str(run.plan["attempt"]))]
        if run.plan["attempt"] > 1
        else [("RUN", run.id[:8])]
    )
    for label, value in rows:
        draw.text((x, y), label, fill=FAINT, font=_font(11))
        draw.text((x, y + 15), _shorten(draw, value, SIDE - 48, 16), fill=INK, font=_font(16))
        y += 54
    inputs = list((run.doc["input_values"] or {}).items())
    if inputs:
        draw.text((x, y + 4), "INPUTS", fill=FAINT, font=_font(11))
        for key, value in inputs[:4]:
            y += 20
            draw.text((x, y + 2), _shorten(draw, f"{key}: {text_of(value)}", SIDE - 48, 13), fill=SOFT, font=_font(13))
    total = min(len(run.plan["lines"]), ACTED_LINES)
    done = max(0, min(frame.line, total))
    width, base = SIDE - 48, WINDOW[3] - 34
    draw.rounded_rectangle((x, base, x + width, base + 6), 3, fill=LINE)
    if total and done:
        draw.rounded_rectangle((x, base, x + max(6, width * done // total), base + 6), 3, fill=DONE)
    draw.text((x, base - 22), f"{done} of {total} steps", fill=SOFT, font=_font(12))


def _draw_steps(draw: ImageDraw, run: RunRow, frame: Frame) -> None:
    x, y = WINDOW[0] + SIDE + 28, WINDOW[1] + 68
    width = WINDOW[2] - x - 30
    if frame.caption:
        draw.text((x, y), _shorten(draw, frame.caption, width, 16), fill=ACCENT, font=_font(16))
        y += 36
    if not run.plan["lines"]:
        draw.text((x, y), "; ".join(run.doc["error"] or ["Nothing to do yet"])[:80], fill=SOFT, font=_font(14))
        return
    for index, line in enumerate(run.plan["lines"][:ROWS]):
        if y > WINDOW[3] - 50:
            return
        y = _draw_step(draw, (x, y), line, index - frame.line, width)


def _draw_step(draw: ImageDraw, at: tuple[int, int], line: str, distance: int, width: int) -> int:
    """One line of the prompt: done before the one at work, framed at it, grey after. Answers where the next goes."""
    x, y = at
    rows = _wrap_text(draw, line, width - 34, 15)
    high = 20 * len(rows)
    if distance == 0:
        draw.rounded_rectangle((x - 12, y - 7, x + width + 12, y + high + 7), 8, fill="#eaf3f7")
        draw.rounded_rectangle((x - 12, y - 7, x - 8, y + high + 7), 2, fill=ACCENT)
    if distance < 0:
        draw.ellipse((x, y + 1, x + 16, y + 17), fill=DONE)
        draw.line((x + 4, y + 9, x + 7, y + 12, x + 12, y + 6), fill=PAPER, width=2)
    else:
        draw.ellipse((x, y + 1, x + 16, y + 17), outline=ACCENT if distance == 0 else "#c4ccd3", width=2)
    for row in rows:
        draw.text((x + 30, y), row, fill=INK if distance <= 0 else SOFT, font=_font(15))
        y += 20
    return y + 16


def _draw_taskbar(draw: ImageDraw, run: RunRow, at: datetime) -> None:
    middle = (TASKBAR + SIZE[1]) // 2
    for row in (-5, 1):
        for column in (0, 6):
            draw.rectangle((20 + column, middle + row, 24 + column, middle + row + 4), fill="#d7e4ea")
    draw.rounded_rectangle((48, TASKBAR + 8, 300, SIZE[1] - 8), 6, fill="#3a5766")
    draw.text(
        (60, middle), _shorten(draw, run.plan["workflow_name"], 228, 13), fill="#e8f0f4", font=_font(13), anchor="lm"
    )
    draw.text((938, middle - 7), at.strftime("%H:%M:%S"), fill="#e8f0f4", font=_font(13), anchor="rm")
    draw.text((938, middle + 9), at.strftime("%Y-%m-%d UTC"), fill="#b8c9d2", font=_font(11), anchor="rm")


def _wrap_text(draw: ImageDraw, text: str, width: int, size: int) -> list[str]:
    """At most two rows; the second is cut."""
    if draw.textlength(text, font=_font(size)) <= width:
        return [text]
    words, first = text.split(" "), ""
    while words and draw.textlength(f"{first} {words[0]}".strip(), font=_font(size)) <= width:
        first = f"{first} {words.pop(0)}".strip()
    if not first:
        return [_shorten(draw, text, width, size)]
    return [first, _shorten(draw, " ".join(words), width, size)]


def _shorten(draw: ImageDraw, text: str, width: int, size: int) -> str:
    text = " ".join(text.split())[:200]
    if draw.textlength(text, font=_font(size)) <= width:
        return text
    while text and draw.textlength(f"{text}...", font=_font(size)) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
