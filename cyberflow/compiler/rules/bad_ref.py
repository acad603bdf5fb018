"""A ref that cannot be read, or stands where none can.

A ref is an object with the one key `$ref`, whose text is `<step>.outputs.<path>`. It may be a value in the `inputs` of
a step, also inside an object or a list, and a value in the `outputs` of a chain. Secrets and the chain's own inputs are
given by whoever runs the chain and can refer to nothing. In a pipeline a ref may stand under `each`, `when`, `unless`
and `until` too, and one to a file, `<step>.files['<name>']`, under `files`; a task has files and no outputs.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {mrn: string}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.output.mrn}}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import AnyCaller, CallNode, Graph, PipelineNode, PipelineStepNode
from cyberflow.compiler.pipeline.file_refs import FileRef
from cyberflow.compiler.queries.declaration_fixes import rewrite_as_ref
from cyberflow.compiler.queries.refs import READERS
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import RefUse, Value
from cyberflow.diagnostics import Diagnostic, Label, is_only_near, nearest, replace_text
from cyberflow.edits import Fix, Rewrite
from cyberflow.language.prompt.paths import PATH, TokenPath
from cyberflow.late import expression

_REST = expression(PATH)


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller in graph.callers:
        for step, where, value in caller.values:
            for use in value.refs:
                if (found := _ask(caller, where, value, use) or _ask_presence(caller, step, use)) is not None:
                    yield found
    for task in graph.tasks.values():
        for value in task.parameters.values():
            for use in value.refs:
                help = "a task takes nothing from a step by itself: give it an input, `<name>`"
                yield Diagnostic("bad-ref", "a parameter of a task cannot come from a step", use.place, help=help)


def _ask(caller: AnyCaller, where: str, value: Value, use: RefUse) -> Diagnostic | None:
    if where == "secrets":
        secret = next(iter(caller.secrets.fields), "NAME")
        help = f"hand on a secret of the {caller.definition.kind}: `<${secret}>`"
        edits = (Rewrite(replace(value.place), json.dumps(f"<${secret}>")),)
        fix = Fix(f"write `<${secret}>`", edits) if secret in caller.secrets.fields else None
        return Diagnostic("bad-ref", "a secret cannot come from an output", use.place, help=help, fix=fix)
    if where == "files":
        return _ask_file(caller, use)
    if where not in READERS:
        help = "make it of the item: `<item.number>`"
        return Diagnostic("bad-ref", f"a {where} cannot come from a step", use.place, help=help)
    if isinstance(use.ref, str):
        return _finding(caller, use, use.ref)
    producer = caller.producer(use.ref.alias) if isinstance(use.ref, Ref) else None
    if isinstance(use.ref, Ref) and producer is not None and producer.kind == "task":
        labels = (Label(producer.place.at_key(), "a task"),)
        message, note = f"`{use.written}` reads an output of a task", "a task has files and no typed outputs"
        help = f"hand its files on under `files`: `{{$ref: \"{use.ref.alias}.files['KEY']\"}}`"
        return Diagnostic("bad-ref", message, use.place, note=note, labels=labels, help=help)
    return None


def _ask_file(caller: AnyCaller, use: RefUse) -> Diagnostic | None:
    if isinstance(use.ref, str):
        shown = f"`{use.written}` is not a file" if isinstance(use.written, str) else "this is not a file"
        help = "write `{$ref: \"STEP.files['NAME']\"}`, the path of a project file, or `<name>` for `--file name=PATH`"
        return Diagnostic("bad-ref", shown, use.place, note=use.ref, help=help)
    step = caller.step(use.ref.step) if isinstance(use.ref, FileRef) else None
    if step is None or step.callee is None or not isinstance(caller, PipelineNode):
        return None
    if step.callee.kind in ("call", "wait"):
        message = f"`{step.id}` has no files"
        help = "a chain, a workflow and a task have some"
        return Diagnostic("bad-ref", message, use.place, note=f"it is a {step.callee.kind}", help=help)
    if getattr(step, "item", None) is not None:
        message, note = f"`{use.written}` is not one file", f"`{step.id}` runs once for each item"
        help = "hand it on inside a pipeline of its own, which the `each` runs"
        return Diagnostic("bad-ref", message, use.place, note=note, help=help)
    return None


def _ask_presence(caller: AnyCaller, reader: CallNode | None, use: RefUse) -> Diagnostic | None:
    """Whether a file that a step hands on may not be there: the step was left out, or failed and was forgiven."""
    step = caller.step(use.ref.step) if isinstance(use.ref, FileRef) else None
    if not isinstance(step, PipelineStepNode) or not isinstance(reader, PipelineStepNode):
        return None
    note, help = "", "take `on_failure: continue` away"
    if step.condition not in (None, reader.condition):
        note, help = f"`{step.id}` may be left out", f"put `{reader.id}` under the same condition"
    elif step.step.on_failure == "continue":
        note = f"`{step.id}` may fail"
    message = f"`{use.written}` may not be there"
    return Diagnostic("bad-ref", message, use.place, note=note, help=help) if note else None


def _first_key(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _finding(caller: AnyCaller, use: RefUse, reason: str) -> Diagnostic:
    shown = f"`{use.written}` is not a ref" if isinstance(use.written, str) else "this is not a ref"
    path = TokenPath.parse(use.written) if isinstance(use.written, str) else None
    if isinstance(caller, PipelineNode) and path is not None and path.keys[:1] == ("files",):
        message, note = f"`{use.written}` is a file, not an output", "a file stands under `files:` alone"
        help = "give it under the step's `files`, by the name under which what it runs takes it"
        return Diagnostic("bad-ref", message, use.place, note=note, help=help)
    alias = str(use.written).split(".")[0]
    producer = caller.producer(alias)
    step = alias if producer or caller.step(alias) else "STEP"
    first = next(iter(producer.outputs.fields), "NAME") if producer else "NAME"
    rest = str(use.written).removeprefix(alias).lstrip(".").removeprefix("outputs").lstrip(".")
    head, _, tail = rest.partition(".")
    declared = producer.outputs.fields if producer else {}
    if head not in declared and (nearest(head, ["outputs"]) or _first_key(tail) in declared):
        rest = tail
    ref = f"{step}.outputs.{rest if _REST.fullmatch(rest) else first}"
    help, fix = f"write `{{$ref: {ref}}}`", None
    if isinstance(use.written, str) and use.place.route[-1:] == ("$ref",) and step != "STEP":
        fix = replace_text(use.place, use.written, ref, safe=is_only_near(use.written, ref, [ref]))
    elif step != "STEP":
        fix = rewrite_as_ref(use.place, ref)
    return Diagnostic("bad-ref", shown, use.place, note=reason, help=help, fix=fix)
