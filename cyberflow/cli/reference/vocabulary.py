"""The words of the language that are not keys: types, placeholders, refs, templates; and what each exit code means."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.cli.reference.topic import Topic
from cyberflow.schema.keywords import TYPES

_TYPES = {
    "string": "Any text. `format` and `pattern` of JSON Schema narrow it.",
    "number": "Any number.",
    "integer": "A whole number; `1.0` is one.",
    "boolean": "`true` or `false`; `yes` and `on` are text in YAML 1.2.",
    "object": "A mapping with any members. Nested notation, or JSON Schema, says which.",
    "array": "A list of anything. `T[]` says of what.",
    "null": 'Nothing, as a type inside JSON Schema: `{type: [string, "null"]}`.',
}
_WORDS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("any", "A type: every value.", "inputs: {note: any}", ()),
    ("T[]", "A type: a list of `T`, which is a word, or a name from `types`.", "medications: string[]", ("[]", "list")),
    ("name?", "A `?` behind a name: the value may be left out. A `default` says so too.", "note?: string", ("?",)),
    (
        "{schema: …}",
        "A type written as JSON Schema and nothing else: a mapping, a boolean, or `{file: out.json}`.",
        "visit: {schema: {file: visit.json}}",
        ("JSON Schema",),
    ),
    ("<name>", "A placeholder: the input of this name.", "prompt: Open the chart of <mrn>.", ("placeholder", "token")),
    ("<name.key[0]['k']>", "A placeholder with a path into the input.", "prompt: Type <patient.id>.", ("path",)),
    (
        "<$name>",
        "A placeholder: the secret of this name. Its value never reaches a prompt.",
        "prompt: Type <$pin>.",
        (),
    ),
    ("{name}", "The wire form of `<name>`, which counts as well; prompts of the dashboard hold it.", "", ("{$name}",)),
    (
        "{{name}}",
        "A runtime value: the agent sets it during the run. Not an input.",
        "prompt: Save the number as {{confirmation}}.",
        ("runtime",),
    ),
    (
        "\\<name>",
        "A backslash at the start of a word: the characters mean themselves.",
        "prompt: Press \\<F5>.",
        ("escape",),
    ),
    (
        "${{ … }}",
        "A template of Jinja2, filled in before anything is sent: `vars`, `target`, `image(path, alt)`.",
        "prompt: Open the list of ${{ vars.clinic }}.",
        ("template", "vars.", "{% … %}", "{# … #}", "expression"),
    ),
    (
        "image(path, alt)",
        "In a template: a picture of the project, as a Markdown image would show it.",
        "prompt: Click ${{ image('images/search.png', 'the search icon') }}.",
        ("image",),
    ),
    ("$ref", "A value: the output of an earlier step.", "mrn: {$ref: lookup.outputs.mrn}", ("ref",)),
    (
        "STEP.files['KEY']",
        "A value under `files` of a pipeline's step: a file that an earlier step made.",
        "files: {banner: {$ref: \"banner.files['9.images.0']\"}}",
        (),
    ),
    ("__EMPTY__", "A text of the service: the input is left out.", "note: __EMPTY__", ()),
    ("__CLEAR__", "A text of the service: the field on the screen is emptied.", "note: __CLEAR__", ()),
    ("x-", "Begins a key that cyberflow leaves alone.", "x-owner: front desk", ()),
    (
        "# cyberflow: ignore[RULE] reason",
        "A comment that silences a rule on its line, or the line below.",
        "mrn: {$ref: a.outputs.mrn}  # cyberflow: ignore[untyped-output] free text",
        ("ignore",),
    ),
    ("$any", "A matcher of tests: the value is there, whatever it is.", "mrn: {$any: true}", ("matcher",)),
    ("$absent", "A matcher of tests: the value is not there.", "note: {$absent: true}", ()),
    ("$null", "A matcher of tests: the value is null.", "note: {$null: true}", ()),
    ("$match", "A matcher of tests: the text fits a pattern.", "mrn: {$match: '^M'}", ()),
    ("$contains", "A matcher of tests: the text or the list holds it.", "prompt: {$contains: M7}", ()),
    ("$length", "A matcher of tests: how long the text or the list is.", "medications: {$length: 2}", ()),
    ("$not", "A matcher of tests: anything that the other one does not match.", "mrn: {$not: M7}", ()),
    ("$exact", "A matcher of tests: the very value, not a part of it.", "visit: {$exact: {at: 10:30}}", ()),
    ("$file", "The inputs of a test, from a file.", "inputs: {$file: inputs/ada.json}", ()),
    ("$invalid", "Outputs of a mock that break their type on purpose.", "outputs: {$invalid: {mrn: 7}}", ()),
)
EXIT_CODES = {
    0: "done",
    1: "the project has errors, or the run did not succeed",
    2: "wrong usage, a missing input or secret; nothing was sent",
    3: "the world refused: network, credentials, rate limit, disk, a write that the server rejects",
    4: "conflict: the remote moved, or ownership is lost",
    5: "`plan --check` and `check --diff`: something would change",
    70: "a bug in cyberflow: a traceback, and where to report it",
    130: "interrupted, or detached",
}


def word_topics() -> Iterator[Topic]:
    for word in sorted(TYPES):
        yield Topic("word", word, f"A type. {_TYPES[word]}", f"inputs: {{name: {word}}}" if word != "null" else "")
    for name, text, example, also in _WORDS:
        yield Topic("word", name, text, example, also)


def exit_code_topics() -> Iterator[Topic]:
    for code, text in EXIT_CODES.items():
        yield Topic("exit code", str(code), f"Exit code {code}: {text}.", "", (f"exit {code}", "exit codes", "exit"))
