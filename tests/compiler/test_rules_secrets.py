"""A literal where a secret belongs is shown by no form of output, whatever else is wrong around it."""

from __future__ import annotations

import gc
import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from cyberflow.cli.main import run

CANARY = "canary-7f3a9c"
TARGETS = {
    "plain": "targets: {prod: {api_key: CANARY}}",
    "quoted": "targets:\n  prod:\n    api_key: 'CANARY'",
    "with an escape": 'targets:\n  prod:\n    api_key: "\\x63anary-7f3a9c"',
    "block": "targets:\n  prod:\n    api_key: |\n      CANARY\n      CANARY",
    "next line": "targets:\n  prod:\n    api_key:\n      CANARY",
    "list": "targets: {prod: {api_key: [CANARY]}}",
    "key without value": "targets: {prod: {api_key: {CANARY}}}",
    "key with nothing": "targets: {prod: {api_key: {CANARY: }}}",
    "unknown key": "targets: {prod: {api_key: {value: CANARY}}}",
    "two sources": "targets: {prod: {api_key: {env: NAME, value: CANARY}}}",
    "misspelt": "targets: {prod: {apikey: CANARY}}",
    "misspelt beside the right one": "targets: {prod: {apikey: CANARY, api_key: {env: NAME}}}",
    "misspelt section": "target: {prod: {api_key: CANARY}}",
    "given twice": "targets: {prod: {api_key: {env: NAME}, api_key: CANARY}}",
    "two literals": "targets:\n  prod:\n    api_key: CANARY-1\n    api_key: CANARY-2",
    "tag": "targets: {prod: {api_key: !CANARY x}}",
    "behind an anchor": "x-key: &key CANARY\nx-bad: *key\ntargets: {prod: {api_key: *key, wrong: 1}}",
    "merged": "x-prod: &prod {api_key: CANARY, wrong: 1}\ntargets: {prod: {<<: *prod}}",
    "secrets as text": "targets: {prod: {secrets: CANARY}}",
    "secrets as list": "targets: {prod: {secrets: [CANARY]}}",
    "secret": "targets: {prod: {secrets: {epic: CANARY}, protct: true}}",
    "secret inside a mapping": "targets: {prod: {secrets: {epic: {epic: CANARY}}}}",
    "the same line": "targets: {prod: {secrets: {epic: CANARY}, url: 5, ca: [], protect: maybe}}",
    "second service": "targets: {prod: {cyberun: {api_key: CANARY, urll: x}}}",
    "template": "vars: {a: b}\ntargets: {prod: {api_key: 'CANARY ${{ vars.x }}'}}",
    "does not parse": "targets: {prod: {api_key: CANARY",
    "does not parse, below": "targets:\n  prod:\n    api_key:\n      CANARY: x: y\n",
    "does not parse, bracket": "targets:\n  prod:\n    secrets: {\n  a: CANARY\n b: CANARY: x}\n",
    "does not parse, list": "targets:\n  prod:\n    secrets:\n      - CANARY\n      - CANARY: x: y\n",
    "does not parse, alias": "targets: {prod: {api_key: *CANARY}}",
    "does not parse, quote": "targets: {prod: {api_key: 'CANARY}}",
    "does not parse, escape": 'targets: {prod: {api_key: "CANARY\\q"}}',
    "does not parse, colon": "targets: {prod: {api_key: CANARY: CANARY}}",
    "does not parse, misspelt": "targets:\n  prod:\n    apikey: CANARY: x\n",
    "a key that is the section's": "secrets: {epic: CANARY}",
}
FLOWS = {
    "step": "secrets: {password: CANARY}",
    "step, number of the rule's own line": "inputs: {mrm: 1}, secrets: {password: CANARY}",
    "step, several lines": 'secrets: {password: "CANARY\n  CANARY"}',
    "step, text": "secrets: CANARY",
    "step, list": "secrets: [CANARY]",
    "step, mapping": "secrets: {password: {value: CANARY}}",
    "step, unknown secret": "secrets: {pasword: CANARY, password: <$epic>}",
    "step, under inputs": "inputs: {password: CANARY}",
    "step, broken token": "secrets: {password: <$epic..x>CANARY}",
    "step, misspelt": "secret: {password: CANARY}",
    "step, beside a ref": "secrets: {password: {$ref: a.outputs.b, default: CANARY}}",
    "step, does not parse": "secrets: {password: CANARY: x}",
    "declared, type": "}\n    secrets: {epic: CANARY, other: strng",
    "declared, text": "}\n    secrets: CANARY\n    x-rest: {",
    "declared, schema": "}\n    secrets: {epic: {type: CANARY}}\n    x-rest: {",
    "declared, default": "}\n    secrets: {epic: {type: string, default: CANARY, minLen: 5}}\n    x-rest: {",
    "declared, enum": "}\n    secrets: {epic: {enum: [CANARY, CANARY], foo: 1}}\n    x-rest: {",
    "declared, nested": "}\n    secrets: {epic: {pin: CANARY, name: strng}}\n    x-rest: {",
    "declared, list of mappings": "}\n    secrets: [{epic: CANARY}]\n    x-rest: {",
}


def printed(folder: Path) -> str:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        for format in ("text", "json", "github", "sarif"):
            run(["check", "--no-color", "--project", str(folder), "--format", format])
    gc.enable()
    return out.getvalue()


def project(folder: Path, head: str, flows: str) -> Path:
    (folder / "cyberflow.yaml").write_text(f"project: clinic\n{head.replace('CANARY', CANARY)}\n")
    (folder / "flows.yaml").write_text(flows.replace("CANARY", CANARY))
    return folder


@pytest.mark.parametrize("head", TARGETS.values(), ids=TARGETS.keys())
def test_no_literal_of_a_target_is_shown(tmp_path: Path, head: str) -> None:
    text = printed(project(tmp_path, head, "workflows: {w: {prompt: Open the chart.}}\n"))
    assert "error[" in text
    assert CANARY not in text
    assert "canary" not in text


@pytest.mark.parametrize("step", FLOWS.values(), ids=FLOWS.keys())
def test_no_literal_of_a_flow_is_shown(tmp_path: Path, step: str) -> None:
    flows = (
        "workflows:\n  login: {prompt: Type <$password>., secrets: [password]}\nchains:\n  intake:\n"
        f"    steps: [{{id: login, workflow: login, {step}}}]\n"
    )
    if step.startswith("}"):
        flows = f"workflows:\n  login:\n    prompt: Type <$epic> <$pin>.\n    x-first: {{{step}}}\n"
    text = printed(project(tmp_path, "", flows))
    assert "error[" in text
    assert CANARY not in text
    assert "canary" not in text


def test_names_of_secrets_and_sources_stay_visible(tmp_path: Path) -> None:
    head = "targets: {prod: {api_key: {env: DESK_KEY}, secrets: {epic: {evn: EPIC_KEY}}, protct: true}}"
    flows = (
        "workflows:\n  login: {prompt: Type <$pasword>., secrets: [password, pin], tagz: []}\n"
        "  other: {prompt: Type <$card>., secrets: {card: {type: string, minLength: 4}}, tagz: []}\n"
    )
    text = printed(project(tmp_path, head, flows))
    for shown in (
        "{env: DESK_KEY}",
        "secrets: [password, pin]",
        "secrets: {card: {type: string, minLength: 4}}",
        "did you mean `env`?",
    ):
        assert shown in text
