"""What one run or chain gets in place of what is declared: a priority; for single workflows a prompt and a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.compiler.bundle import BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.prompt.tokens import ScannedPrompt

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

LONGEST = 200_000
BROKEN = frozenset({"bad-placeholder", "ambiguous-placeholder", "backslash-placeholder", "bad-image", "lost-text"})
"""Findings after which the text that goes out is not the one that was written."""


@dataclass(frozen=True)
class RunOverrides:
    """`prompt` is HTML as it goes out, `model_id` the main model's."""

    priority: bool = False
    prompt: str | None = field(default=None, repr=False)
    model_id: str | None = None

    def body(self) -> dict[str, str | bool]:
        """The fields of a run's body."""
        fields = {"main_prompt": self.prompt, "main_agent_model_id": self.model_id}
        given = {name: value for name, value in fields.items() if value is not None}
        return {**({"is_priority": True} if self.priority else {}), **given}

    def refuse_for_chain(self, name: str) -> None:
        """Raise UsageError for what the service has for single runs alone."""
        if self.prompt is not None or self.model_id is not None:
            option = "--prompt-file" if self.prompt is not None else "--model"
            raise UsageError(f"`{name}` is a chain, and {option} is for single workflows", help="run a workflow of it")


def read_prompt_override(path: Path, workflow: BundledWorkflow) -> str:
    """Render the prompt of a file for one run of a workflow. Its ending says how it is written. Raises UsageError with
    everything in it that would not reach the agent as it is meant.
    """
    from cyberflow.language.prompt.prompt_files import FORMATS
    from cyberflow.language.prompt.render import render
    from cyberflow.language.prompt.scanner import scan
    from cyberflow.language.template.escapes import has_template

    format = FORMATS.get(path.suffix)
    if format is None:
        endings = ", ".join(f"`*{ending}`" for ending in FORMATS)
        raise UsageError(f"the ending of {path} does not say how the prompt is written", help=f"name it {endings}")
    text = _read(path)
    scanned = scan(text, format=format, inputs=set(workflow.inputs))
    if format != "wire" and has_template(text):
        raise UsageError(f"{path} holds a template, and a prompt for one run has none", help="write out what it says")
    made = render(scanned, format, image=lambda source, _: _refuse_image(source))
    problems = [*_token_problems(scanned, workflow), *(flaw.message for flaw in made.flaws if flaw.rule in BROKEN)]
    if not made.html.strip():
        problems.append("it is empty")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in dict.fromkeys(problems))
        raise UsageError(f"the prompt of {path} cannot be used:{lines}", help="nothing was sent")
    return made.html


async def find_model(desk: Cyberdesk, name: str) -> str:
    """The id of a model configuration by its name or id. Raises UsageError when a run cannot have it."""
    models = await desk.models.list()
    found = [model for model in models if name in (model.name, model.id)]
    usable = {model.name for model in models if model.is_computer_use_model and not model.is_archived}
    if not found:
        raise UsageError(f"the target has no model `{name}`", help=did_you_mean(name, usable))
    if len(found) > 1:
        ids = ", ".join(model.id for model in found)
        raise UsageError(f"{len(found)} models are called `{name}`", help=f"name one by its id: {ids}")
    (model,) = found
    if model.is_archived or not model.is_computer_use_model:
        why = "archived" if model.is_archived else "not a computer use model"
        raise UsageError(f"the model `{name}` is {why}", help=did_you_mean(name, usable))
    return model.id


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"the prompt of {path} cannot be read: {(error.strerror or 'no access').lower()}") from error
    except UnicodeDecodeError:
        raise UsageError(f"the prompt of {path} is not UTF-8", help="save the file as UTF-8") from None
    if len(text) > LONGEST:
        raise UsageError(f"the prompt of {path} is too long: {len(text):,} characters, at most {LONGEST:,}")
    return text


def _token_problems(prompt: ScannedPrompt, workflow: BundledWorkflow) -> Iterator[str]:
    for token in prompt.tokens:
        name = token.declared_name
        if name is None or name in workflow.from_machine:
            continue
        known, noun = (workflow.secrets, "secret") if token.kind == "secret" else (workflow.inputs, "input")
        if token.path.root not in known:
            help = did_you_mean(token.path.root, known) or "it has none"
            yield f"`{workflow.name}` has no {noun} `{token.path.root}`: {help}"


def _refuse_image(source: str) -> str:
    raise UsageError(
        f"the image {source} is not on the target", help="a prompt for one run brings no images of its own"
    )
