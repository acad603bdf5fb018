"""What `check` costs in seconds of CPU: cold, with one file changed and with none, of 100, 1,000 and 10,000 workflow
files, with comments, templates, images and Python, and an edit in memory; beside libyaml composing the same files,
check-jsonschema on them, and zizmor on as many workflow files of GitHub, where they are installed. The package is
compiled to bytecode first, as `pip install` does; an editable checkout under `PYTHONDONTWRITEBYTECODE` never is.
"""

from __future__ import annotations

import compileall
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from floor import cpu, seconds

import cyberflow
from cyberflow.compiler.facts.analysis import Analysis

WORKFLOWS, CHAINS, STEPS = 1000, 100, 10
BIN = Path(sys.executable).parent
COMPOSE = """
import sys, yaml
from pathlib import Path
for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
    yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
"""

WORKFLOW = """workflows:
  lookup-{n}:
    description: Finds chart {n} and reads what is asked
    prompt: |
      1. Click **Search** and type <patient.id>.
      2. Open the chart of <patient.name>, born <patient.dob>.
      3. Use focused_action to read the record number and save it as {{{{mrn}}}}.
      4. If there is no chart, use declare_task_failed with the reason "No chart for <reason>".
    inputs:
      patient:
        type: object
        properties:
          id: {{type: string}}
          name: {{type: string}}
          dob: {{type: string, format: date}}
        required: [id, name, dob]
      reason: string
      previous?: string
    secrets: [password]
    on_check_failure: Close the chart of <patient.id>, log out <$password>, and note <previous>.
    outputs:
      mrn: string
      age: integer
      medications: "string[]"
"""

PYTHON = '''from cyberflow import workflow


@workflow
def look(name: str) -> None:
    """Look at <name>."""
'''

GITHUB = """name: flow {n}
on: {{push: {{branches: [main]}}}}
jobs:
  read:
    runs-on: ubuntu-latest
    outputs: {{mrn: "${{{{ steps.a.outputs.mrn }}}}"}}
    steps:
      - id: a
        run: echo "mrn=1" >> "$GITHUB_OUTPUT"
  book:
    runs-on: ubuntu-latest
    needs: read
    steps:
      - run: echo "${{{{ needs.read.outputs.mrn }}}}"
"""


def project(folder: Path, workflows: int = WORKFLOWS, kind: str = "plain") -> None:
    """Write a project that is measured: of so many workflows, a tenth as many chains, and one kind of contents."""
    text = WORKFLOW
    if kind == "comments":
        text = "# cyberflow: ignore[unused-input] measured\n" + WORKFLOW.replace("  lookup", "  # see it\n  lookup")
    elif kind == "templates":
        text = text.replace("as {{{{mrn}}}}", "as {{{{mrn}}}} in ${{{{ vars.clinic }}}}")
    elif kind == "images":
        text = text.replace("Click **Search**", "Click ![it](/images/{n}.png)")
        (folder / "images").mkdir()
        for n in range(workflows):
            (folder / "images" / f"{n}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + str(n).encode())
    (folder / "cyberflow.yaml").write_text("project: thousand\nvars: {clinic: north}\n", encoding="utf-8")
    if kind == "python":
        (folder / "cyberflow.yaml").write_text("project: thousand\npython: [flows.py]\n", encoding="utf-8")
        (folder / "flows.py").write_text(PYTHON, encoding="utf-8")
    (folder / "workflows").mkdir()
    for n in range(workflows):
        (folder / "workflows" / f"w{n:04}.yaml").write_text(text.format(n=n), encoding="utf-8")
    (folder / "chains").mkdir()
    for n in range(workflows // STEPS):
        (folder / "chains" / f"c{n:03}.yaml").write_text(chain(n, workflows), encoding="utf-8")


def chain(n: int, workflows: int) -> str:
    lines = [
        "chains:",
        f"  chain-{n}:",
        "    inputs: {patient: {id: string, name: string, dob: string}, reason: string}",
        *("    secrets: [password]", "    steps:"),
    ]
    for step in range(STEPS):
        lines += [f"      - id: s{step}", f"        workflow: lookup-{(n * STEPS + step) % workflows}"]
        if step:
            lines += ["        inputs:", f"          previous: {{$ref: s{step - 1}.outputs.mrn}}"]
    return "\n".join([*lines, "    outputs:", f"      mrn: {{$ref: s{STEPS - 1}.outputs.mrn}}", ""])


def check(folder: Path, *options: str) -> list[str]:
    return [str(BIN / "cyberflow"), "check", "--project", str(folder), *options]


def floor(folder: Path) -> list[str]:
    return [sys.executable, "-c", COMPOSE, str(folder)]


def best(command: list[str], times: int = 5, before: Callable[[int], object] = lambda _: None) -> tuple[float, float]:
    """The least seconds of CPU that a command takes, and the most memory in MB, of several runs after a first one."""
    runs = []
    for number in range(times + 1):
        before(number)
        runs.append(cpu(command))
    return min(seconds for seconds, _ in runs[1:]), max(memory for _, memory in runs)


def show(name: str, mine: float, other: float, unit: str, limit: float | None = None) -> None:
    bound = "" if limit is None else f"  (at most {limit:g})"
    print(f"{name:<44} {mine * 1000:8.1f} ms CPU {mine / other:6.2f} × {unit}{bound}")


def main() -> None:
    compileall.compile_dir(Path(cyberflow.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for size in (100, WORKFLOWS, 10 * WORKFLOWS):
            (root / str(size)).mkdir()
            project(root / str(size), size)
        folder = root / str(WORKFLOWS)
        compose, python = best(floor(folder))[0], best([sys.executable, "-I", "-c", "pass"])[0]
        cold = best(check(folder, "--no-cache"))[0]
        show(f"check, {WORKFLOWS} workflows, {CHAINS} chains, cold", cold, compose, "libyaml compose", 3)
        edited = folder / "workflows" / "w0500.yaml"
        text = edited.read_text(encoding="utf-8")
        one, _ = best(check(folder), before=lambda number: edited.write_text(f"{text}# {number}\n", encoding="utf-8"))
        show("the same, one file changed", one, compose, "libyaml compose", 1)
        show("the same, nothing changed", best(check(folder))[0], compose, "libyaml compose", 0.45)
        show("100 workflows, cold", best(check(root / "100", "--no-cache"))[0], python, "python -I -c pass", 16)
        seconds, memory = best(check(root / str(10 * WORKFLOWS), "--no-cache"), 1)
        show(f"{10 * WORKFLOWS} workflows, cold, {memory:.0f} MB", seconds, cold, f"of {WORKFLOWS}", 11)
        for kind in ("comments", "templates", "images", "python"):
            (root / kind).mkdir()
            project(root / kind, WORKFLOWS, kind)
            show(f"with {kind}, cold", best(check(root / kind, "--no-cache"), 2)[0], cold, "without")
        in_memory(folder)
        peers(folder)


def in_memory(folder: Path) -> None:
    """What an edit costs a server that holds the project open."""
    for file in sorted((folder / "workflows").glob("*.yaml"))[: WORKFLOWS // 2]:
        said = file.read_text(encoding="utf-8").replace("      reason: string", "      reason: Reason")
        file.write_text(said, encoding="utf-8")
    types = "types:\n  Reason: {type: string, maxLength: 99}\n"
    (folder / "types.yaml").write_text(types, encoding="utf-8")
    analysis = Analysis(folder)
    analysis.state()
    one = WORKFLOW.format(n=WORKFLOWS - 1)
    for name, path, text, limit in (
        ("in memory, one workflow edited", f"workflows/w{WORKFLOWS - 1:04}.yaml", one, 60),
        (f"in memory, a type that {WORKFLOWS // 2} use edited", "types.yaml", types, 400),
    ):
        took = []
        for number in range(5):
            analysis.lay(path, f"{text}# {number}\n".encode())
            start = time.process_time()
            analysis.state()
            took.append(time.process_time() - start)
        print(f"{name:<44} {min(took) * 1000:8.1f} ms CPU  (at most {limit})")


def peers(folder: Path) -> None:
    """The neighbours, where they are installed."""
    schema = Path(__file__).parent.parent / "schemas" / "declarations.json"
    jsonschema = shutil.which("check-jsonschema", path=f"{BIN}:{BIN.parent}")
    if jsonschema and schema.exists():
        files = [str(path) for path in sorted((folder / "workflows").glob("*.yaml"))]
        took = seconds([jsonschema, "--schemafile", str(schema), *files])
        print(f"{'check-jsonschema on the workflow files':<44} {took * 1000:8.1f} ms")
    zizmor = shutil.which("zizmor", path=f"{BIN}:/usr/local/bin")
    if zizmor:
        github = folder / ".github" / "workflows"
        github.mkdir(parents=True)
        for n in range(WORKFLOWS):
            (github / f"w{n:04}.yml").write_text(GITHUB.format(n=n), encoding="utf-8")
        took = seconds([zizmor, "--offline", "--quiet", "--no-exit-codes", str(folder)])
        print(f"{f'zizmor on {WORKFLOWS} GitHub workflow files':<44} {took * 1000:8.1f} ms")


if __name__ == "__main__":
    main()
