"""Projects in both languages: Python chains call workflows of the YAML, YAML chains those of Python."""

from __future__ import annotations

from tests.language.python.python_project import Project

YAML = """
project: made
python: [flows/*.py]
workflows:
  sign-in:
    prompt: Sign in as <username> with <$password>, save {{user}} and {{area}}.
    inputs: {username: string}
    secrets: [password]
    outputs: {user: string, "area?": string}
  filed:
    prompt: Save {{kept}}.
    outputs: {schema: {file: out.json}}
chains:
  from-yaml:
    inputs: {name: string}
    secrets: {password: string}
    steps:
      - {id: look, workflow: lookup}
      - {id: make, workflow: book, inputs: {mrn: {$ref: look.outputs.mrn}, reason: Visit of <name>}}
    outputs: {mrn: {$ref: look.outputs.mrn}}
"""


def both(project: Project, flow: str) -> None:
    project.write("cyberflow.yaml", YAML)
    project.write("out.json", '{"type": "object", "properties": {"kept": {"type": "string"}}}')
    project.flow(flow)


def test_each_calls_the_other(project: Project) -> None:
    both(
        project,
        """
        @chain
        def from_python(name: str, *, pw: Secret):
            user = workflow_ref("sign-in")(username=name, password=pw)
            filed = workflow_ref("filed").step("kept")()
            book(mrn=user.user, reason=f"For {name}")
            return {**dict(area=user.area), "kept": filed.kept}
        """,
    )
    assert not project.findings()
    first, second, third = project.steps("from-python")
    assert first == {
        "workflow_id": "sign-in",
        "session_alias": "sign-in",
        "inputs": {"username": "<name>"},
        "sensitive_inputs": {"password": "<$pw>"},
    }
    assert second == {"workflow_id": "filed", "session_alias": "kept"}
    assert third["inputs"] == {"mrn": {"$ref": "sign-in.outputs.user"}, "reason": "For <name>"}
    assert [step["workflow_id"] for step in project.steps("from-yaml")] == ["lookup", "book"]


def test_the_outputs_of_a_ref_are_those_of_the_yaml(project: Project) -> None:
    both(
        project,
        """
        @chain
        def whole(name: str, *, pw: Secret):
            return workflow_ref("sign-in")(username=name, password=pw)

        @chain
        def from_file():
            return workflow_ref("filed")()
        """,
    )
    bundle = project.bundle()
    whole, filed = bundle.chain("whole"), bundle.chain("from-file")
    assert whole is not None
    assert filed is not None
    assert whole.outputs == {name: {"$ref": f"sign-in.outputs.{name}"} for name in ("user", "area")}
    assert filed.outputs == {"kept": {"$ref": "filed.outputs.kept"}}


def test_the_same_rules_speak(project: Project) -> None:
    both(
        project,
        """
        sign_in = workflow_ref("sign-in")

        @chain
        def wrong(name: str, *, pw: Secret):
            user = sign_in(username=name, password="canary-4711")
            book(mrn=user.area, reason=user.usr)
            sign_in.step("more")(username=name, passwrd=pw)
            workflow_ref("sign-inn")(username=name)
        """,
    )
    found = project.findings()
    assert [(one.rule, project.line(one)) for one in found] == [
        ("secret-in-source", '"canary-4711"'),
        ("type-mismatch", "user.area"),
        ("unknown-output", "user.usr"),
        ("unknown-secret", "passwrd"),
        ("unknown-workflow", 'workflow_ref("sign-inn")'),
    ]


def test_one_name_in_both_is_a_finding(project: Project) -> None:
    project.write("cyberflow.yaml", "project: made\npython: [flows/*.py]\nworkflows:\n  lookup: {prompt: Look.}\n")
    project.flow("")
    (one,) = project.findings()
    assert one.rule == "duplicate-name"
    assert one.place.path == "flows/flow.py"
    assert one.labels[0].place.path == "cyberflow.yaml"


def test_a_workflow_nobody_declares_has_outputs_nobody_knows(project: Project) -> None:
    project.flow("""
        @chain
        def intake():
            return workflow_ref("elsewhere")()
        """)
    assert {one.rule for one in project.findings()} == {"python-error", "unknown-workflow"}


def test_a_misspelt_reference_is_found_where_it_is_written(project: Project) -> None:
    project.flow("""
        note = workflow_ref("bok")

        @workflow_ref("lookupp")
        def find(name: str) -> Patient: ...

        @chain
        def intake(name: str):
            found = find(name=name)
            note(mrn=found.mrn)
            note.step("again")(mrn=found.mrn)
        """)
    found = project.findings()
    assert [(one.rule, project.line(one)) for one in found] == [
        ("unknown-workflow", 'workflow_ref("bok")'),
        ("unknown-workflow", 'workflow_ref("lookupp")'),
    ]
    assert found[0].help == "did you mean `book`?"


def test_helps_speak_python(project: Project) -> None:
    project.flow("""
        @workflow
        def bare(name: str) -> None: ...

        @chain
        def intake(name: str, *, pw: Secret):
            lookup(name=pw, password=pw)
            lookup(name=name, password=pw)
            bare(name=name)
        """)
    found = {one.rule: one.help or "" for one in project.findings()}
    assert sorted(found) == ["duplicate-step", "missing-key", "secret-leak"]
    assert '@workflow(prompt="' in found["missing-key"]
    assert '.step("again")' in found["duplicate-step"]
    assert "`Secret` parameter" in found["secret-leak"]
