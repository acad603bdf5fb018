"""The shapes of what commands print with `--format json`: keys, and in words what stands there."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.cli.reference.topic import Topic

PLACE = '"path","line","column","end_line","end_column"'
PLAN = """"version": 1, "project", "target",
 "changes": [{"action","kind","name","id","verdict","replay","fields": [{"path","before","after"}]}],
 "summary": {…}, "errors": [{"name","message","ids","help"}], "conflicts": […], "refused": […],
 "kept": [{"name","id","reason"}], "live_runs": {WORKFLOW_ID: […]}, "orphans": [{"filename","url"}]"""
SHAPES = {
    "check": f"""{{"version": 1,
 "diagnostics": [{{"rule","severity","message",{PLACE},"note","notes","help",
   "labels": [{{{PLACE},"message"}}],
   "fix": null | {{"safe","message","edits": [{{{PLACE},"text"}}]}}}}],
 "summary": {{"errors","warnings","workflows","chains"}}}}""",
    "graph": """{"version": 1, "kind", "name",
 "nodes": [{"id","kind","name","type","number","workflow",…}],
 "edges": [{"from","to","kind","output","input","type"}]}""",
    "plan": f"""{{{PLAN}}}""",
    "apply": f"""{{{PLAN},
 "outcomes": [{{"action","kind","name","id","status","message","before","after"}}]}}""",
    "run": """{"version": 1, "name", "status", "session_id",
 "steps": [{"id","workflow","run_id","status","outputs","error"}],
 "outputs": {…}, "problems": [{"step","path","message"}]}""",
    "run TASK": """{"version": 1, "name", "status", "task_id", "outputs": {KEY: {"path"|"url"}}, "error"}""",
    "run --each": """{"version": 1, "name", "status", "ledger", "results", "rows": {"total","success","error",…},
 "unknown": […]}""",
    "runs list": """{"version": 1,
 "runs": [{"id","status","chain","workflow","part_of": {"kind","name","id","ledger"},"session_id","session_alias",
   "created_at","started_at","ended_at"}]}""",
    "run PIPELINE": """{"version": 1, "name", "status", "ledger",
 "steps": [{"id","kind","status","items": {"success","error",…},
   "runs": [{"id","key","session_id","run_ids","task_id","status","error"}]}], "outputs"}""",
    "test": """{"version": 1,
 "tests": [{"name","path","line","status","seconds","failures": [{"at","expected","got"}],"error","warnings"}],
 "summary": {"passed","failed","errors"}}""",
    "trace": """{"version": 1,
 "runs": [{"run_id","workflow","workflow_id","hash","grade","reason","commit","receipt","plan","approved_by",
   "rebuilt"}]}""",
    "show --at": """{"version": 1, "kind", "name", "type", "definition": {…place}, "references": […places]}""",
}
"""By command. Lines and columns count from 1, `end_column` is exclusive, paths are relative to the project."""


def json_topics() -> Iterator[Topic]:
    for command, shape in SHAPES.items():
        yield Topic("json", f"{command} --format json", f"What `{command}` prints as JSON.", shape, ("json",))
