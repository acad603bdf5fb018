"""`cyberflow stubs`: what the YAML declares, as typed functions for Python and its editors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.console import say
from cyberflow.cli.options import common_options, project_root
from cyberflow.cli.stub_types import StubClasses, is_name, make_optional
from cyberflow.compiler.check import check_target
from cyberflow.compiler.graph import PYTHON_SUFFIX, DeclarationNode
from cyberflow.compiler.interface import Callee
from cyberflow.compiler.pipeline.build import caller_callee
from cyberflow.diagnostics import pluralize
from cyberflow.language.project.load import read_project
from cyberflow.sdk.project import raise_errors
from cyberflow.source import Place
from cyberflow.storage import write_text

DEFAULT = "cyberflow_stubs.py"
_HEAD = '"""The workflows that the YAML declares, for Python chains. Written by `cyberflow stubs`: not to be edited."""'
_WIDEST = 120
_TYPING = ("Annotated", "Any", "Literal", "NotRequired", "TypedDict")
_FUNCTION = """

@workflow_ref("{name}")
def {function}({parameters}) -> {returns}:
    {docstring}
    raise NotImplementedError"""
"""A stub that is written for the user. Its body is never run; it raises, since mypy wants a value of
any other.
"""


@click.command("stubs")
@common_options()
@click.option("--out", metavar="FILE", default=DEFAULT, show_default=True, help="Where to write; `-` prints.")
def command(*, project: Path | None, out: str, quiet: bool) -> int:
    """Write typed Python stubs of the workflows, chains and pipelines that the YAML declares.

    Chains and pipelines in Python import them from the project's folder; an editor then knows inputs and outputs.

    \b
    Example:
      cyberflow stubs
      cyberflow stubs --out flows/declared.py
    """
    sourced = read_project(project_root(project))
    graph, builder, found = check_target(sourced, sourced.settings.default_target)
    raise_errors(sourced, [one for one in found if not _is_about_python(one.place)])
    every: list[DeclarationNode[Any]] = [*graph.workflows.values(), *graph.callers]
    declared = [one for one in every if not one.definition.place.path.endswith(PYTHON_SUFFIX)]
    callees = {one.name: one.callee for one in graph.workflows.values()}
    callees |= {one.name: caller_callee(one) for one in graph.callers}
    classes = StubClasses()
    for name, definition in graph.project.types.items():
        classes.add_type(name, builder.type_reader.read_type(name, definition.place))
    functions = [_stub_function(one, callees[one.name], classes) for one in declared]
    body = "\n".join([*classes.texts, *functions])
    text = f"{_HEAD}\n\n{_imports(body)}\n{body}\n"
    if out == "-":
        click.echo(text, nl=False)
        return 0
    own = sourced.root / out
    write_text(own, text, private=False)
    if not quiet:
        counts = {
            kind: sum(one.definition.kind == kind for one in declared) for kind in ("workflow", "chain", "pipeline")
        }
        said = ", ".join(pluralize(number, kind) for kind, number in counts.items() if number or kind == "workflow")
        say(f"wrote {own}: {said}")
    return 0


def _is_about_python(place: Place) -> bool:
    """Whether a finding is about the modules, which may wait for the stubs."""
    return place.path.endswith(".py") or place.route[:1] == ("python",)


def _imports(body: str) -> str:
    lines = ["from __future__ import annotations", ""]
    if "@dataclass" in body:
        lines.append("from dataclasses import dataclass")
    if used := [name for name in _TYPING if re.search(rf"\b{name}\b", body)]:
        lines.append(f"from typing import {', '.join(used)}")
    if "WithJsonSchema" in body:
        lines += ["", "from pydantic import WithJsonSchema"]
    ours = ["Secret", "workflow_ref"] if re.search(r": Secret\b", body) else ["workflow_ref"]
    return "\n".join([*lines, *([""] if len(lines) > 2 else []), f"from cyberflow import {', '.join(ours)}"])  # noqa: PLR2004


def _stub_function(declared: DeclarationNode[Any], workflow: Callee, classes: StubClasses) -> str:
    """One declaration. Everything that a call may leave out is None by default, and not sent then."""
    machine, body = workflow.from_machine, declared.body
    parameters, rest = [], False
    for fields, sign in ((workflow.inputs, ""), (workflow.secrets, "$")):
        for name, one in fields.fields.items():
            annotation = "Secret" if sign else classes.annotation(one.schema, f"{workflow.name}-{name}")
            needed = one.required and f"{sign}{name}" not in machine
            if is_name(name):
                parameters.append(f"{name}: {annotation}" if needed else f"{name}: {make_optional(annotation)} = None")
            rest = rest or not is_name(name)
    parameters = ["*", *parameters] if parameters else []
    parameters += ["**others: Any"] if rest and parameters else []
    outputs = classes.annotation(workflow.outputs_schema, workflow.name) if workflow.outputs.fields else "None"
    return _FUNCTION.format(
        name=workflow.name,
        function=_identifier(workflow.name),
        parameters=_wrap_parameters(parameters, len(workflow.name) + len(outputs)),
        returns=outputs,
        docstring=_docstring(body.description or getattr(body, "title", None) or workflow.name),
    )


def _identifier(name: str) -> str:
    made = name.replace("-", "_")
    return made if is_name(made) else f"{made}_"


def _wrap_parameters(parameters: list[str], beside: int) -> str:
    joined = ", ".join(parameters)
    if len(joined) + beside + len("def () -> :") <= _WIDEST:
        return joined
    return "".join(f"\n    {one}," for one in parameters) + "\n"


def _docstring(text: str) -> str:
    line = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
    return f'"""{line}"""'
