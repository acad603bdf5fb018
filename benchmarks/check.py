"""How long `check` takes on 1,000 workflow files and 100 chains of ten steps, beside libyaml composing the same files,
beside check-jsonschema on them, and beside zizmor on as many workflow files of GitHub, where they are installed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from floor import compare, seconds

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


def project(folder: Path) -> None:
    """Write the project that is measured."""
    (folder / "cyberflow.yaml").write_text("project: thousand\n", encoding="utf-8")
    (folder / "workflows").mkdir()
    for n in range(WORKFLOWS):
        (folder / "workflows" / f"w{n:04}.yaml").write_text(WORKFLOW.format(n=n), encoding="utf-8")
    (folder / "chains").mkdir()
    for n in range(CHAINS):
        lines = [
            "chains:",
            f"  chain-{n}:",
            "    inputs: {patient: {id: string, name: string, dob: string}, reason: string}",
        ]
        lines += ["    secrets: [password]", "    steps:"]
        for step in range(STEPS):
            lines += [f"      - id: s{step}", f"        workflow: lookup-{(n * STEPS + step) % WORKFLOWS}"]
            if step:
                lines += ["        inputs:", f"          previous: {{$ref: s{step - 1}.outputs.mrn}}"]
        lines += ["    outputs:", f"      mrn: {{$ref: s{STEPS - 1}.outputs.mrn}}", ""]
        (folder / "chains" / f"c{n:03}.yaml").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        check = [str(BIN / "cyberflow"), "check", "--project", str(folder)]
        floor = [sys.executable, "-c", COMPOSE, str(folder)]
        cold, warm = compare([*check, "--no-cache"], floor, pairs=5), compare(check, floor, pairs=5)
        print(cold.line(f"check, {WORKFLOWS} workflows, {CHAINS} chains, cold", "libyaml compose", 6))
        print(warm.line("the same, nothing changed", "libyaml compose", 0.8))
        print(f"{'libyaml compose of the same files':<44} {cold.floor * 1000:8.1f} ms")
        peers(folder)


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
