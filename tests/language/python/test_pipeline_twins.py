"""Pipelines, each written twice: the Python compiles to the very bytes of the YAML."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.language.project.load import read_project

DECLARED = """
types:
  Invoice: {number: string, amount: number}
workflows:
  find:
    prompt: List what is due in <month>; sign in with <$password>.
    inputs: {month: string}
    secrets: [password]
    outputs: {invoices: "Invoice[]", large: boolean}
  file:
    prompt: File <invoice.number>.
    inputs: {invoice: Invoice}
    outputs: {receipt: string}
  close:
    prompt: Close with <receipts>.
    inputs: {receipts: "any[]"}
    files: [{name: banner, target: 'C:/in/banner.png'}]
chains:
  file-chain:
    inputs: {invoice: Invoice}
    steps: [{id: file, workflow: file}]
    outputs: {receipt: {$ref: file.outputs.receipt}}
tasks:
  poster:
    workflow: text-to-image@2
    inputs: {heading: string}
    parameters: {prompt: A poster for <heading>}
"""
GLUE = """
from pydantic import BaseModel


class Total(BaseModel):
    count: int
    large: bool


def total(receipts: list[str | None], key: str = "") -> Total:
    return Total(count=len(receipts), large=len(receipts) > 10)


def month_after(month: str) -> None:
    print(month)
"""
HEAD = """
from typing import Any

from pydantic import BaseModel

from cyberflow import Secret, call, each, files_of, pipeline, pluck, signal, task_ref, wait, workflow_ref
from glue import month_after, total


class Answer(BaseModel):
    approved: bool


find, file, close = workflow_ref("find"), workflow_ref("file"), workflow_ref("close")
file_chain, poster = workflow_ref("file-chain"), task_ref("poster")
"""
TWINS = {
    "inputs, secrets and outputs by name": (
        """
        description: Finds and closes.
        inputs: {month: string}
        secrets: [password]
        steps:
          - {id: find, run: find, inputs: {month: <month>}}
          - {id: close, run: close, inputs: {receipts: [{$ref: find.outputs.invoices}, "of <month>"]}, after: [find]}
        outputs: {large: {$ref: find.outputs.large}}
        """,
        '''
        @pipeline
        def twin(month: str, *, password: Secret) -> Any:
            """Finds and closes."""
            found = find(month=month, password=password)
            close.step("close", after=[found])(receipts=[found.invoices, f"of {month}"])
            return {"large": found.large}
        ''',
    ),
    "a list, its keys, retries and what is forgiven": (
        """
        inputs: {invoices: "Invoice[]"}
        steps:
          - id: file
            each: {invoice: <invoices>}
            key: <invoice.number>
            parallel: 5
            run: file-chain
            on_failure: continue
            retry: {times: 2, on: [error, task_failed], after: 1m}
          - {id: close, run: close, inputs: {receipts: {$ref: file.outputs.receipt}}}
        """,
        """
        class Invoice(BaseModel):
            number: str
            amount: float


        @pipeline
        def twin(invoices: list[Invoice]) -> None:
            filed = each(
                invoices,
                lambda invoice: file_chain.step("file")(invoice=invoice),
                key="number",
                parallel=5,
                on_failure="continue",
                retry={"times": 2, "on": ["error", "task_failed"], "after": "1m"},
            )
            close(receipts=pluck(filed, lambda one: one.receipt))
        """,
    ),
    "functions, called twice, and one for each": (
        """
        inputs: {names: "string[]", month: string}
        steps:
          - {id: total, call: 'glue:total', inputs: {receipts: <names>}}
          - {id: again, call: 'glue:total', inputs: {receipts: [a]}, when: {$ref: total.outputs.large}}
          - id: month-after
            each: {name: <names>}
            key: "<month>/<name>"
            call: 'glue:month_after'
            inputs: {month: <name>}
        outputs: {count: {$ref: total.outputs.count}}
        """,
        """
        @pipeline
        def twin(names: list[str], month: str) -> Any:
            first = call(total, receipts=names)
            call(total, receipts=["a"], name="again", options={"when": first.large})
            each(names, lambda name: call(month_after, month=name), key=lambda name: f"{month}/{name}")
            return {"count": first.count}
        """,
    ),
    "a question, conditions and waits": (
        """
        inputs: {month: string, at: string}
        secrets: [password]
        steps:
          - {id: find, run: find, inputs: {month: <month>}}
          - {id: pause, wait: 2h, after: [find]}
          - {id: moment, wait: {until: <at>}}
          - id: release
            unless: {$ref: find.outputs.large}
            wait: {signal: "Close <month>?", outputs: {approved: boolean}, timeout: 48h}
          - id: close
            unless: {$ref: find.outputs.large}
            run: close
            inputs: {receipts: [{$ref: release.outputs.approved}]}
        """,
        """
        @pipeline
        def twin(month: str, at: str, *, password: Secret) -> None:
            found = find(month=month, password=password)
            wait("2h", name="pause", after=[found])
            wait(name="moment", until=at)
            answer = signal(f"Close {month}?", Answer, name="release", unless=found.large, timeout="48h")
            close.step("close", unless=found.large)(receipts=[answer.approved])
        """,
    ),
    "a task, and files of it": (
        """
        inputs: {month: string}
        steps:
          - {id: pause, wait: 1h}
          - {id: banner, run: poster, after: [pause], inputs: {heading: <month>}, retry: {times: 1}}
          - id: close
            run: close
            inputs: {receipts: []}
            files: {banner: {$ref: "banner.files['9.images.0']"}}
          - {id: last, run: close, inputs: {receipts: []}, files: {banner: {$ref: close.files.report}}}
        """,
        """
        @pipeline
        def twin(month: str) -> None:
            pause = wait("1h", name="pause")
            art = poster.step("banner", after=[pause], retry={"times": 1, "on": ["error"]})(heading=month)
            done = close.step("close", files={"banner": art.files["9.images.0"]})(receipts=[])
            close.step("last", files={"banner": files_of(done)["report"]})(receipts=[])
        """,
    ),
    "outputs of a function and of an answer as a whole, and items under a condition": (
        """
        inputs: {rows: {type: array, items: {type: object, properties: {due: {type: boolean}}, required: [due]}}}
        steps:
          - {id: file, each: {row: <rows>}, when: <row.due>, run: close, inputs: {receipts: [<row>]}}
          - {id: release, wait: {signal: Close it?, outputs: {approved: boolean}, timeout: 48h}}
          - id: close
            run: close
            inputs: {receipts: [{approved: {$ref: release.outputs.approved}}]}
          - {id: total, call: 'glue:total', inputs: {receipts: [a]}}
        outputs: {count: {$ref: total.outputs.count}, large: {$ref: total.outputs.large}}
        """,
        """
        class Row(BaseModel):
            due: bool


        @pipeline
        def twin(rows: list[Row]) -> Any:
            each(rows, lambda row: close.step("file", when=row.due)(receipts=[row]))
            close(receipts=[signal("Close it?", Answer, name="release", timeout="48h")])
            return call(total, receipts=["a"])
        """,
    ),
    "a pipeline in a pipeline": (
        """
        inputs: {months: "string[]"}
        secrets: [password]
        steps:
          - {id: inner, each: {month: <months>}, run: inner, secrets: {password: <$password>}}
        outputs: {large: {$ref: inner.outputs.large}}
      inner:
        inputs: {month: string}
        secrets: [password]
        steps:
          - {id: find, run: find}
        outputs: {large: {$ref: find.outputs.large}}
        """,
        """
        class Inner(BaseModel):
            large: bool


        @pipeline
        def inner(month: str, *, password: Secret) -> Inner:
            found = find(month=month, password=password)
            return Inner.model_construct(large=found.large)


        @pipeline
        def twin(months: list[str], *, password: Secret) -> Any:
            done = each(months, lambda month: inner(month=month, password=password))
            return {"large": pluck(done, lambda one: one.large)}
        """,
    ),
}


def bundle(folder: Path) -> str:
    graph, builder, found = check_target(read_project(folder), "local")
    assert not [(one.rule, one.message) for one in found]
    return compile_bundle(graph, builder).to_json()


def write(folder: Path, declarations: str, module: str) -> Path:
    folder.mkdir()
    (folder / "cyberflow.yaml").write_text("project: twins\npython: [glue.py, flows.py]\n", encoding="utf-8")
    (folder / "glue.py").write_text(GLUE, encoding="utf-8")
    (folder / "flows.py").write_text(module, encoding="utf-8")
    (folder / "declared.yaml").write_text(declarations, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", TWINS)
def test_both_compile_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    yaml, python = TWINS[name]
    text = yaml if "\n      inner:" not in yaml else yaml.replace("\n      inner:", "\n    INNER:")
    body = indent(dedent(text), "    ").replace("INNER:", "inner:") if "INNER" not in text else _nested(yaml)
    left = write(tmp_path / "yaml", f"{DECLARED}pipelines:\n  twin:\n{body}", "")
    right = write(tmp_path / "python", DECLARED, HEAD + dedent(python))
    assert bundle(left) == bundle(right)


def _nested(yaml: str) -> str:
    """The lines of two pipelines: the second one's name stands at the left."""
    lines = [line.removeprefix("    ") for line in yaml.splitlines()]
    return "\n".join(lines) + "\n"
