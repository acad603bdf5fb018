"""The GitHub Action and the pages about CI: the steps run in a shell, as GitHub would run them, against an account."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import cyberflow

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TERM = re.compile(r"(\S+)\s*(==|!=)\s*'([^']*)'")

GH = f"""#!{sys.executable}
import json, sys, pathlib, subprocess
words, store = sys.argv[1:], pathlib.Path({{store!r}})
comments = json.loads(store.read_text())
path = next(word for word in words if word.startswith("repos/"))
if "--method" not in words:
    jq = subprocess.run(["jq", "-r", words[words.index("--jq") + 1]], input=json.dumps(comments), text=True,
                        stdout=subprocess.PIPE, check=True)
    print(jq.stdout, end="")
    sys.exit()
body = pathlib.Path(words[words.index("-F") + 1].removeprefix("body=@")).read_text()
if words[words.index("--method") + 1] == "PATCH":
    next(one for one in comments if str(one["id"]) == path.rsplit("/", 1)[1])["body"] = body
else:
    comments.append({{{{"id": len(comments) + 1, "body": body}}}})
store.write_text(json.dumps(comments))
"""


@dataclass
class Runner:
    """Runs the steps of the action in order, with the little of GitHub's expressions that they use."""

    folder: Path
    inputs: dict[str, str]
    event: str = "pull_request"
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    log: str = ""
    path: list[str] = field(default_factory=lambda: [str(Path(sys.executable).parent), *os.environ["PATH"].split(":")])

    def __post_init__(self) -> None:
        self.path = [str(self.folder / "bin"), *self.path]

    def run(self) -> int:
        for step in ACTION["runs"]["steps"]:
            if not self._holds(step.get("if", "")):
                continue
            code = self._step(step)
            self.ran.append(step["name"])
            if code:
                return code
        return 0

    def _step(self, step: dict[str, Any]) -> int:
        temp = self.folder / "runner"
        temp.mkdir(exist_ok=True)
        output, summary = temp / "output", temp / "summary.md"
        output.write_text("", encoding="utf-8")
        given = {name: self._filled(value) for name, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": output, "GITHUB_STEP_SUMMARY": summary, "GITHUB_PATH": temp / "path"}
        environ = {**os.environ, **given, "PATH": ":".join(self.path), "RUNNER_TEMP": str(temp)}
        environ["GITHUB_ACTION_PATH"] = str(ROOT)
        environ |= {name: str(file) for name, file in files.items()}
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        answer = subprocess.run(
            command,
            cwd=self.folder,
            env=environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.log += answer.stdout
        lines = output.read_text(encoding="utf-8").splitlines()
        self.outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
        added = files["GITHUB_PATH"].read_text(encoding="utf-8").split() if files["GITHUB_PATH"].exists() else []
        self.path = [*added, *(one for one in self.path if one not in added)]
        return answer.returncode

    def _holds(self, condition: str) -> bool:
        return all(self._term(term) for term in condition.split(" && ") if term)

    def _term(self, term: str) -> bool:
        found = _TERM.fullmatch(term)
        assert found, term
        return (self._value(found[1]) == found[3]) is (found[2] == "==")

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            default = ACTION["inputs"][rest]["default"]
            return self.inputs.get(rest, self._filled(default))
        if kind == "steps":
            step, _, output = rest.partition(".outputs.")
            return self.outputs.get(step, {}).get(output, "")
        known = {
            "github.event_name": self.event,
            "github.token": "a-token",
            "github.repository": "clinic/flows",
            "github.event.pull_request.number": "7",
        }
        return known[name]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: ci\n", encoding="utf-8")
    (tmp_path / "flows.yaml").write_text("workflows:\n  one: {prompt: Open it.}\n", encoding="utf-8")
    (tmp_path / "comments.json").write_text('[{"id": 1, "body": "looks good"}]', encoding="utf-8")
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(store=str(tmp_path / "comments.json")), encoding="utf-8")
    gh.chmod(0o755)
    return tmp_path


def comments(project: Path) -> list[str]:
    return [one["body"] for one in json.loads((project / "comments.json").read_text(encoding="utf-8"))]


@pytest.mark.slow
def test_a_pull_request_gets_one_comment_that_is_kept_up_to_date(project: Path) -> None:
    first = Runner(project, {"package": "none"})
    assert first.run() == 0, first.log
    flows = project / "flows.yaml"
    flows.write_text(flows.read_text(encoding="utf-8") + "  two: {prompt: Close it.}\n", encoding="utf-8")
    second = Runner(project, {"package": "none"})
    assert second.run() == 0, second.log

    assert first.ran == ["Check", "Plan", "Comment", "Conflicts"]
    assert first.outputs["plan"]["changes"] == "true"
    said = comments(project)
    assert said[0] == "looks good"
    assert len(said) == 2
    assert "2 workflows to create" in said[1]


@pytest.mark.slow
def test_past_runs_are_held_against_the_changes(project: Path) -> None:
    assert Runner(project, {"package": "none", "command": "apply"}, "push").run() == 0
    flows = project / "flows.yaml"
    flows.write_text("workflows:\n  one: {prompt: Open the chart.}\n", encoding="utf-8")
    for replay, said in (("20", True), ("", False)):
        runner = Runner(project, {"package": "none", "replay": replay})
        assert runner.run() == 0, runner.log
        assert ("replay: no runs" in comments(project)[-1]) is said


@pytest.mark.slow
def test_the_main_branch_applies_what_it_planned(project: Path) -> None:
    given = {"package": "none", "command": "apply", "apply-options": "--wait-idle --quiet", "approved-by": "Ada Muster"}
    runner = Runner(project, given, "push")
    assert runner.run() == 0, runner.log
    receipt = json.loads(Path(runner.outputs["apply"]["receipt"]).read_text(encoding="utf-8"))
    again = Runner(project, {"package": "none", "command": "apply"}, "push")
    assert again.run() == 0, again.log

    assert runner.ran == ["Check", "Plan", "Conflicts", "Apply"]
    assert receipt["exit_code"] == 0
    assert receipt["approved_by"] == "Ada Muster"
    assert again.outputs["plan"]["changes"] == "false"
    assert comments(project) == ["looks good"]


@pytest.mark.slow
def test_the_action_installs_the_commit_that_it_comes_from(project: Path) -> None:
    """Into an environment of its own, from the package index; no cyberflow of this machine is in reach."""
    elsewhere = [folder for folder in os.environ["PATH"].split(":") if not (Path(folder) / "cyberflow").exists()]
    runner = Runner(project, {}, path=elsewhere)
    code = runner.run()
    if code and re.search(r"name resolution|Network is unreachable|Failed to establish a new connection", runner.log):
        pytest.skip("no package index can be reached")

    assert code == 0, runner.log
    assert runner.ran == ["Install", "Check", "Plan", "Comment", "Conflicts"]
    installed = project / "runner" / "cyberflow" / "bin" / "cyberflow"
    assert runner.path[0] == str(installed.parent)
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"cyberflow {cyberflow.__version__}\n"
    assert "1 workflow to create" in comments(project)[1]


@pytest.mark.slow
def test_a_project_with_errors_stops_at_check(project: Path) -> None:
    (project / "flows.yaml").write_text("workflows:\n  one: {prompt: Open <it.}\n  one: {}\n", encoding="utf-8")
    runner = Runner(project, {"package": "none", "command": "apply"}, "push")

    assert runner.run() == 1
    assert runner.ran == ["Check"]
    assert "::error file=flows.yaml" in runner.log


def test_no_step_puts_an_expression_into_its_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"], step["name"]


@pytest.mark.slow
def test_the_action_and_the_workflows_are_what_github_takes() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    for schema, files in (("github-actions", ["action.yml"]), ("github-workflows", [".github/workflows/*.yml"])):
        paths = [str(path) for pattern in files for path in ROOT.glob(pattern)]
        words = [str(program), "--builtin-schema", f"vendor.{schema}", *paths]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_pipelines_on_the_page_use_what_the_action_has() -> None:
    github, gitlab, _ = (yaml.safe_load(block) for block in blocks("ci.md", "yaml"))
    used = [step for job in github["jobs"].values() for step in job["steps"] if "/cyberflow@" in step.get("uses", "")]

    assert len(used) == 3
    assert all(step["with"].keys() <= ACTION["inputs"].keys() for step in used)
    assert {"plan", "apply"} <= gitlab.keys()


@pytest.mark.parametrize("page", ["ci.md", "deploying.md"])
def test_every_option_on_the_page_exists(page: str) -> None:
    import click

    from cyberflow.cli.command_list import COMMANDS
    from cyberflow.cli.main import cyberflow as program

    text = re.sub(r"<!--.*?-->", "", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    context = click.Context(program)
    known = {}
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        known[name] = {option for parameter in command.params for option in parameter.opts}
    for name, rest in re.findall(r"cyberflow ([a-z]+)((?: [^\s`|>]+)*)", text):
        if name in known:
            assert {word.split("=")[0] for word in rest.split() if word.startswith("--")} <= known[name], (name, rest)
    loose = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--quiet"}
    assert loose <= set().union(*known.values())
