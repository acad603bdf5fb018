"""A ref reads an output that the workflow of the step does not declare.

The agent fills the declared outputs and nothing else, so the value would be missing at run time.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {mrn: string, medications: "string[]"}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrm}}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}

Declare the output, or read one that is declared.

In a test it is a mock, or an expectation, that names what the workflow or the chain does not give.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.interface import Callee
from cyberflow.compiler.queries.refs import ValidRef, all_valid_refs, closes_cycle
from cyberflow.compiler.queries.suggestions import fix_path_part, suggest_member
from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.language.prompt.paths import format_path
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import MissingMember, Scalar


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain, use in all_valid_refs(graph):
        producer = chain.producer(use.ref.alias)
        if producer is None or not producer.outputs.known or producer.kind == "task":
            continue
        if not producer.outputs.fields:
            if producer.kind != "workflow" and not closes_cycle(chain, use.step, use.ref):
                yield _no_outputs(use, producer)
            continue
        found = producer.output_type(use.ref.keys)
        if isinstance(found, MissingMember | Scalar) and not closes_cycle(chain, use.step, use.ref):
            yield _finding(use, producer, found)


def _no_outputs(use: ValidRef, producer: Callee) -> Diagnostic:
    """A chain, a pipeline, a function and a wait have the outputs that they declare and no other."""
    name, said = use.ref.output, "declares no `outputs`"
    help = f"declare it in `{producer.name}`: `outputs: {{{name}: {{$ref: STEP.outputs.{name}}}}}`"
    if producer.kind == "call":
        said, help = "returns nothing", f"return a model with the field `{name}`"
    elif producer.kind == "wait":
        help = f"a `signal` has outputs: `wait: {{signal: …, outputs: {{{name}: boolean}}}}`"
    labels = (Label(producer.place.at_key(), said),)
    message = f"`{use.ref.alias}` has no output `{name}`"
    return Diagnostic("unknown-output", message, use.place, labels=labels, help=help)


def _finding(use: ValidRef, producer: Callee, found: MissingMember | Scalar) -> Diagnostic:
    place = producer.at("outputs").at_key()
    if isinstance(found, Scalar):
        field = producer.outputs.fields[str(use.ref.keys[0])]
        whole = format_path(f"{use.ref.alias}.outputs", use.ref.keys[: found.key_index])
        message = f"`{whole}` is `{found.type_text}`, which has nothing inside"
        labels = (Label(field.place.at_key(), "declared here"),)
        mend = f"write `{{$ref: {whole}}}`, or declare the members of `{field.name}`"
        shorter = replace_text(use.place, use.written, whole)
        return Diagnostic("unknown-output", message, use.place, labels=labels, help=mend, fix=shorter)
    word = str(use.ref.keys[found.key_index])
    note, message = f"not in {describe(producer.outputs_schema)}", f"`{use.ref.alias}` has no output `{word}`"
    if found.key_index:
        owner = format_path(f"{use.ref.alias}.outputs", use.ref.keys[: found.key_index])
        note, message = "", f"`{owner}` has no `{word}`"
        place = producer.outputs.fields[str(use.ref.keys[0])].place.at_key()
    labels = (Label(place, "declared here"),)
    help = suggest_member(word, found.known, note)
    fix = fix_path_part(use.place, use.written, found.key_index + 2, word, found.known)
    return Diagnostic("unknown-output", message, use.place, note=note, labels=labels, help=help, fix=fix)
