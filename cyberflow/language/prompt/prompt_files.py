"""The text of a prompt: from its declaration or its file, as its template leaves it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.model import FileText, Workflow
from cyberflow.language.prompt.tokens import Format
from cyberflow.language.template.escapes import has_template
from cyberflow.language.template.templates import Templates
from cyberflow.late import dataclass
from cyberflow.source import Place, Text

FORMATS: dict[str, Format] = {".md": "markdown", ".html": "html", ".txt": "text", ".wire": "wire"}
_LONGEST = 200_000


@dataclass(frozen=True)
class PromptText:
    """A prompt as the template left it, and the language it is written in."""

    text: Text
    format: Format


def read_prompt(
    prompt: str | FileText, place: Place, files: Files, templates: Templates
) -> PromptText | Diagnostic | None:
    """Read the prompt declared at `place`; None after a mistake in its template, which `templates` has reported."""
    found = (
        PromptText(Text.of(prompt, place), "markdown")
        if isinstance(prompt, str)
        else _read_prompt_file(prompt, place, files)
    )
    if isinstance(found, Diagnostic):
        return found
    text: Text | None = found.text
    if found.format != "wire" and len(found.text.value) <= _LONGEST and has_template(found.text.value):
        text = templates.render(found.text)
    if text is not None and len(text.value) > _LONGEST:
        note = f"{len(text.value):,} characters, at most {_LONGEST:,}"
        return Diagnostic("wrong-type", "this prompt is too long", place, note=note)
    return None if text is None else PromptText(text, found.format)


def _read_prompt_file(prompt: FileText, place: Place, files: Files) -> PromptText | Diagnostic:
    at = place.at("file")
    path = files.find(prompt.file, at)
    if isinstance(path, Diagnostic):
        return path
    source = files.read_text(path, at)
    if isinstance(source, Diagnostic):
        return source
    suffix = path[path.rfind(".") :] if "." in path else ""
    if suffix not in FORMATS:
        first, *rest = (f"`*{known}`" for known in FORMATS)
        help = f"name it {', '.join([first, *rest[:-1]])} or {rest[-1]}"
        message = f"the ending of `{prompt.file}` does not say how the prompt is written"
        return Diagnostic("wrong-type", message, at, help=help)
    return PromptText(Text.of(source, Place(path)), FORMATS[suffix])


def prompts_of(body: object, place: Place, broken: Collection[str]) -> Iterator[tuple[Place, str | FileText]]:
    """The prompts of a declaration that stands at `place`, and where each is; of a workflow alone."""
    if not isinstance(body, Workflow):
        return
    if "prompt" not in broken:
        yield place.at("prompt"), body.prompt
    if body.on_check_failure is not None:
        yield place.at("on_check_failure"), body.on_check_failure
    for index, check in enumerate(body.checks or ()):
        if check.check_prompt is not None:
            yield place.at("checks", index, "check_prompt"), check.check_prompt
