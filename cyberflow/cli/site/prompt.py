"""A prompt as it reads: what goes out, with its images from the project and its placeholders marked."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

from cyberflow.cli.site.elements import Html, element, start_tag, to_html
from cyberflow.compiler.bundle import ASSET, AssetReader, Bundle
from cyberflow.language.prompt.html_tags import KEPT, VOID
from cyberflow.remote.html import canonical_html

_TOKEN = re.compile(r"(?<!\\)\{\$?[^\W\d][^{}\n]*\}")
_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def prompt_html(prompt: str, bundle: Bundle, assets: AssetReader) -> Html:
    """A prompt of the bundle, of the elements that a prompt keeps and of nothing else."""
    reader = _PromptReader(bundle, assets)
    reader.feed(canonical_html(prompt))
    reader.close()
    return Html("".join(reader.parts))


class _PromptReader(HTMLParser):
    """Reads balanced HTML and writes it anew: elements and attributes by name, texts escaped."""

    def __init__(self, bundle: Bundle, assets: AssetReader) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._bundle = bundle
        self._assets = assets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        if tag == "img":
            self.parts.append(self._image(given.get("src", ""), given.get("alt", "")))
        elif tag in KEPT:
            kept = {name: given[name] for name in sorted(KEPT[tag] & given.keys())}
            if not _LINK.match(kept.get("href", "")):
                kept.pop("href", None)
            self.parts.append(start_tag(tag, kept))

    def handle_endtag(self, tag: str) -> None:
        if tag in KEPT and tag not in VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        done = 0
        for token in _TOKEN.finditer(data):
            self.parts += [to_html(data[done : token.start()]), element("mark", token[0])]
            done = token.end()
        self.parts.append(to_html(data[done:]))

    def _image(self, source: str, alt: str) -> str:
        asset = self._bundle.asset(source.removeprefix(ASSET)) if source.startswith(ASSET) else None
        if asset is None:
            return element("em", f"[{alt or 'an image on the platform'}]")
        content = base64.b64encode(self._assets(asset.sha256)).decode()
        return start_tag("img", {"src": f"data:{asset.content_type};base64,{content}", "alt": alt})
