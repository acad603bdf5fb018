"""Two classes of one name, and the same types in YAML and in Python."""

from __future__ import annotations

import json

import jsonschema_rs

from tests.language.python.python_project import Project

CLASSES = """
    from __future__ import annotations

    from pydantic import BaseModel

    from cyberflow import workflow

    class Left:
        class Node(BaseModel):
            text: str
            next: "Left.Node | None" = None

    class Right:
        class Node(BaseModel):
            number: int
            next: "Right.Node | None" = None

    Left.Node.model_rebuild()
    Right.Node.model_rebuild()

    @workflow
    def take(left: Left.Node, right: Right.Node, again: Left.Node) -> None:
        '''Take <left.text>, <right.number> and <again.text>.'''
"""


def test_two_classes_of_one_name_stay_two(project: Project) -> None:
    project.write("flows/a.py", CLASSES)

    (made,) = project.bundle().workflows
    schema = json.loads(made.payload["input_schema"])

    judge = jsonschema_rs.validator_for(schema)
    left, right = {"text": "x", "next": {"text": "y"}}, {"number": 1, "next": {"number": 2}}
    assert judge.is_valid({"left": left, "right": right, "again": left})
    assert not judge.is_valid({"left": left, "right": left, "again": left})
    assert not judge.is_valid({"left": left, "right": {"number": 1, "next": {"text": "y"}}, "again": left})
    assert len(schema["$defs"]) == 2
