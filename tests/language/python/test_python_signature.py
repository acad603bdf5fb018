"""Annotations to the one normal form of SPEC section 2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.language.python.python_project import Project

PRELUDE = """
    import datetime
    import enum
    import uuid
    from dataclasses import dataclass
    from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict

    from pydantic import BaseModel, Field, RootModel, WithJsonSchema
    from pydantic.dataclasses import dataclass as checked

    from cyberflow import Secret, workflow

    class Kind(enum.Enum):
        '''Dropped.'''
        NEW = "new"
        OLD = "old"

    class Name(BaseModel):
        '''Dropped.'''
        first: str
        last: str | None = None

    class Person(BaseModel, title="Dropped"):
        name: Name = Field(title="Dropped", description="Kept")
        title: str
        tags: list[str] = []

    class Node(BaseModel):
        next: Optional["Node"] = None
        value: int

    @dataclass
    class Visit:
        '''Dropped.'''
        day: datetime.date
        note: str = "none"

    class Coverage(TypedDict):
        '''Dropped.'''
        payer: str
        expires: NotRequired[datetime.date]
"""
STRING, NULL = {"type": "string"}, {"type": "null"}
NAME = {"type": "object", "properties": {"first": STRING, "last": STRING}, "required": ["first"]}
TYPES: dict[str, tuple[Any, bool]] = {
    "x: str": (STRING, True),
    "x: Any": ({}, True),
    "x: int": ({"type": "integer"}, True),
    "x: float": ({"type": "number"}, True),
    "x: bool = False": ({"type": "boolean", "default": False}, False),
    "x: str | None": ({"anyOf": [STRING, NULL]}, True),
    "x: str | None = None": (STRING, False),
    "x: Optional[str] = None": (STRING, False),
    "x: str | None = 'a'": ({"anyOf": [STRING, NULL], "default": "a"}, False),
    "x: str | int | None = None": ({"anyOf": [STRING, {"type": "integer"}]}, False),
    "x: str = 'a'": ({**STRING, "default": "a"}, False),
    "x: Any = None": ({}, False),
    "x: str = Field('a', min_length=1)": ({**STRING, "minLength": 1, "default": "a"}, False),
    "x: str | None = Field(None, description='Kept')": ({**STRING, "description": "Kept"}, False),
    "x: Annotated[str, Field(pattern='^M')]": ({**STRING, "pattern": "^M"}, True),
    "x: Annotated[int, Field(ge=1, le=9)] = 3": ({"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, False),
    "x: Annotated[Any, Field(description='Kept')]": ({"description": "Kept"}, True),
    "x: Annotated[Any, WithJsonSchema({'type': 'string', 'x-own': 1})]": ({**STRING, "x-own": 1}, True),
    "x: Literal['a', 'b']": ({"enum": ["a", "b"], "type": "string"}, True),
    "x: Literal['a']": ({"const": "a", "type": "string"}, True),
    "x: list[str]": ({"type": "array", "items": STRING}, True),
    "x: list": ({"type": "array"}, True),
    "x: dict[str, Any]": ({"type": "object"}, True),
    "x: dict[str, int]": ({"type": "object", "additionalProperties": {"type": "integer"}}, True),
    "x: datetime.date": ({**STRING, "format": "date"}, True),
    "x: datetime.date = datetime.date(2026, 3, 1)": ({**STRING, "format": "date", "default": "2026-03-01"}, False),
    "x: uuid.UUID": ({**STRING, "format": "uuid"}, True),
    "x: Kind = Kind.NEW": ({"enum": ["new", "old"], "type": "string", "default": "new"}, False),
    "x: Name": (NAME, True),
    "x: list[Name]": ({"type": "array", "items": NAME}, True),
    "x: Name | None = None": (NAME, False),
    "x: Name = Name(first='A')": ({**NAME, "default": {"first": "A"}}, False),
    "x: Person": (
        {
            "type": "object",
            "properties": {
                "name": {**NAME, "description": "Kept"},
                "title": STRING,
                "tags": {"type": "array", "items": STRING, "default": []},
            },
            "required": ["name", "title"],
        },
        True,
    ),
    "x: Visit": (
        {
            "type": "object",
            "properties": {"day": {**STRING, "format": "date"}, "note": {**STRING, "default": "none"}},
            "required": ["day"],
        },
        True,
    ),
    "x: Coverage": (
        {
            "type": "object",
            "properties": {"payer": STRING, "expires": {**STRING, "format": "date"}},
            "required": ["payer"],
        },
        True,
    ),
    "x: list[Coverage] | None = None": (
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"payer": STRING, "expires": {**STRING, "format": "date"}},
                "required": ["payer"],
            },
        },
        False,
    ),
    "x: Node": (
        {
            "$ref": "#/$defs/Node",
            "$defs": {
                "Node": {
                    "type": "object",
                    "properties": {"next": {"$ref": "#/$defs/Node"}, "value": {"type": "integer"}},
                    "required": ["value"],
                }
            },
        },
        True,
    ),
}


@pytest.mark.parametrize("parameter", TYPES)
def test_inputs_have_the_normal_form(project: Project, parameter: str) -> None:
    schema, required = TYPES[parameter]
    project.write(
        "flows/a.py", f"{PRELUDE}\n    @workflow\n    def take({parameter}) -> None:\n        '''Take <x>.'''\n"
    )
    (workflow,) = project.bundle().workflows
    assert workflow.inputs == {"x": {"schema": schema, "required": required}}
    assert json.loads(workflow.payload["input_schema"]).get("required", []) == (["x"] if required else [])


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ("Name", NAME),
        ("Visit", TYPES["x: Visit"][0]),
        ("Coverage", TYPES["x: Coverage"][0]),
        ("Person", TYPES["x: Person"][0]),
        ("None", None),
        ("Any", None),
    ],
)
def test_outputs_are_the_fields_of_the_return_type(
    project: Project, future: str, returned: str, outputs: object
) -> None:
    function = (
        f"\n    @workflow\n    def take() -> {returned}:\n        '''Take.'''\n        raise NotImplementedError\n"
    )
    project.write("flows/a.py", f"    {future}\n{PRELUDE}{function}")
    (workflow,) = project.bundle().workflows
    text = workflow.payload["output_schema"]
    assert (json.loads(text) if text else None) == outputs


def test_a_recursive_return_type(project: Project) -> None:
    function = "\n    @workflow\n    def take() -> Node:\n        '''Take.'''\n        raise NotImplementedError\n"
    project.write("flows/a.py", PRELUDE + function)
    (workflow,) = project.bundle().workflows
    node = TYPES["x: Node"][0]["$defs"]["Node"]
    assert json.loads(workflow.payload["output_schema"]) == {**node, "$defs": {"Node": node}}


def test_secrets(project: Project) -> None:
    project.write(
        "flows/a.py",
        PRELUDE
        + """
    @workflow
    def take(*, a_1: Secret, a_2: Annotated[Secret, Field(min_length=4)], a_3: Secret | None = None) -> None:
        '''<$a_1> <$a_2> <$a_3>'''
""",
    )
    (workflow,) = project.bundle().workflows
    assert workflow.secrets == {
        "a_1": {"schema": STRING, "required": True},
        "a_2": {"schema": {**STRING, "minLength": 4}, "required": True},
        "a_3": {"schema": STRING, "required": False},
    }
    assert json.loads(workflow.payload["input_schema"])["required"] == ["$a_1", "$a_2"]


@pytest.mark.parametrize(
    ("written", "name"),
    [("patient_lookup", "patient-lookup"), ("_own", "_own"), ("a__b", "a--b"), ("Upper_case_", "Upper-case_")],
)
def test_names(project: Project, written: str, name: str) -> None:
    project.write("flows/a.py", f"from cyberflow import workflow\n@workflow\ndef {written}() -> None:\n    'Do it.'\n")
    assert [one.name for one in project.bundle().workflows] == [name]


def test_every_keyword_is_a_key_of_the_yaml() -> None:
    from cyberflow.language.closed_model import fields_of
    from cyberflow.language.model import Chain, Workflow
    from cyberflow.language.python.keywords import ChainKeywords, WorkflowKeywords

    def keys(model: Any) -> set[str]:
        return {field.key for field in fields_of(model).values()}

    of_functions = {"inputs", "secrets", "outputs"}
    assert set(WorkflowKeywords.__annotations__) - {"name"} == keys(Workflow) - of_functions
    assert set(ChainKeywords.__annotations__) - {"name"} == keys(Chain) - of_functions - {"steps"}


def test_keywords_compile_as_the_keys_do(project: Project) -> None:
    project.write("data/seed.csv", "a,b\n")
    project.write("close.md", "Close <mrn>.\n")
    project.write(
        "flows/a.py",
        """
        from cyberflow import chain, workflow

        FILES = [{"path": "/data/seed.csv", "target": "C:/in/<mrn>.csv", "cleanup": True}]

        @workflow(
            description="Books", from_machine=["mrn"], files=FILES, exports=True, webhooks=True,
            terminal=("dir <mrn>",), models={"main": "Fast", "fallbacks": ["A"]},
            checks=[{"name": "c", "type": "output_data_agentic_check", "check_prompt": {"file": "/close.md"}}],
            on_check_failure={"file": "/close.md"}, tags=[], title="Book <mrn>", was="old", schema="off",
        )
        def book(mrn: str) -> None:
            '''Book <mrn>.'''

        @chain(
            description="Books", pools=["epic"], from_machine=["mrn"], session={"before": book}, keep_session=True,
            priority=True, files=[{"name": "letter", "target": "C:/in/letter.pdf"}],
        )
        def intake(mrn: str) -> None:
            book(mrn=mrn)
        """,
    )
    project.write(
        "yaml/cyberflow.yaml",
        """
        project: made
        workflows:
          book:
            prompt: Book <mrn>.
            description: Books
            inputs: {mrn: string}
            from_machine: [mrn]
            files: [{path: data/seed.csv, target: 'C:/in/<mrn>.csv', cleanup: true}]
            exports: true
            webhooks: true
            terminal: [dir <mrn>]
            models: {main: Fast, fallbacks: [A]}
            checks: [{name: c, type: output_data_agentic_check, check_prompt: {file: close.md}}]
            on_check_failure: {file: close.md}
            tags: []
            title: Book <mrn>
            was: old
            schema: off
        chains:
          intake:
            description: Books
            inputs: {mrn: string}
            pools: [epic]
            from_machine: [mrn]
            session: {before: book}
            keep_session: true
            priority: true
            files: [{name: letter, target: 'C:/in/letter.pdf'}]
            steps: [{id: book, workflow: book}]
        """,
    )
    other = Project.__new__(Project)
    other.root = project.root / "yaml"
    for name in ("data/seed.csv", "close.md"):
        other.write(name, (project.root / name).read_text(encoding="utf-8"))
    project.write("cyberflow.yaml", "project: made\nsources: []\npython: [flows/*.py]\n")
    assert project.bundle().to_json() == other.bundle().to_json()


@pytest.mark.parametrize(
    "kind", ["SecretStr", "SecretBytes", "SecretStr | None", "list[SecretStr]", "Holder", "dict[str, Holder]"]
)
def test_a_secret_type_of_pydantic_is_refused_wherever_it_is_held(project: Project, kind: str) -> None:
    project.flow(
        "from pydantic import SecretBytes, SecretStr\n\nclass Holder(BaseModel):\n    pin: SecretStr\n\n"
        f"@workflow\ndef look(pin: {kind}) -> None:\n    'Type <pin>.'\n"
    )
    found = [one for one in project.findings() if one.severity == "error"]
    assert [(one.rule, "a secret is `Secret`" in one.message) for one in found] == [("python-error", True)]


def test_a_password_of_another_kind_is_a_warning(project: Project) -> None:
    project.flow(
        "from typing import Annotated\nfrom pydantic import Field\n\n@workflow\n"
        "def look(pin: Annotated[str, Field(json_schema_extra={'format': 'password'})]) -> None:\n    'Type <pin>.'\n"
    )
    assert "password-input" in [one.rule for one in project.findings()]
