"""Annotations to types as the YAML writes them: names to JSON Schema in the one normal form of the language.
pydantic knows the types; what it adds of its own is taken off here.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, PydanticUserError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_jsonable_python

from cyberflow.language.python.declarations import Secret
from cyberflow.language.python.normal_form import Schema, member_notations, normalize, to_notation
from cyberflow.language.python.tracing.symbols import Symbol
from cyberflow.language.python.typed_dicts import make_portable
from cyberflow.late import dataclass

_NO_SCHEMA = (PydanticUserError, PydanticSchemaGenerationError, PydanticInvalidForJsonSchema, TypeError, NameError)


class UnreadableAnnotation(Exception):
    """An annotation or a default that says nothing the language has a word for."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message, self.help = message, help


@dataclass(frozen=True)
class FunctionParameter:
    """One parameter of a workflow or chain. `annotation` is what a symbol of it stands for."""

    name: str
    kind: Literal["input", "secret"]
    schema: Any
    required: bool
    annotation: Any
    literal: bool = False
    """Whether it is a secret with a default, which would be in the source."""

    @property
    def yaml_name(self) -> str:
        """The name as the YAML would have it: `?` ends one that is optional without a default."""
        optional = not self.required and not (isinstance(self.schema, dict) and "default" in self.schema)
        return f"{self.name}?" if optional else self.name


class _BareSchemaGenerator(GenerateJsonSchema):
    """JSON Schema without what pydantic takes from the classes themselves: titles and docstrings."""

    ignored_warning_types = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as pydantic declares it

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - never
        return False

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        return _strip_class_text(super().model_schema(schema))

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        return _strip_class_text(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: Any) -> JsonSchemaValue:
        return _strip_class_text(super().typed_dict_schema(schema))

    def enum_schema(self, schema: Any) -> JsonSchemaValue:
        self.docstrings.add(inspect.cleandoc(schema["cls"].__doc__ or ""))
        return _strip_class_text(super().enum_schema(schema))

    def generate(self, schema: Any, mode: Any = "validation") -> JsonSchemaValue:
        self.docstrings: set[str] = set()
        made: JsonSchemaValue = _strip_docstrings(super().generate(schema, mode), self.docstrings)
        return made


def _strip_class_text(made: JsonSchemaValue) -> JsonSchemaValue:
    return {key: value for key, value in made.items() if key not in ("title", "description")}


def _strip_docstrings(schema: Any, docstrings: set[str]) -> Any:
    """Take the docstrings of enumerations away: pydantic adds them when the schema is made."""
    if isinstance(schema, list):
        return [_strip_docstrings(one, docstrings) for one in schema]
    if not isinstance(schema, dict):
        return schema
    drop = isinstance(schema.get("enum"), list) and schema.get("description") in docstrings
    return {
        key: _strip_docstrings(one, docstrings) for key, one in schema.items() if not (drop and key == "description")
    }


def read_parameters(function: Callable[..., Any]) -> Iterator[tuple[str, FunctionParameter | UnreadableAnnotation]]:
    """The parameters of a function in order, each read or with what is wrong with it."""
    for name, parameter in inspect.signature(function).parameters.items():
        try:
            yield name, _read_parameter(function, parameter)
        except UnreadableAnnotation as problem:
            yield name, problem


def _read_parameter(function: Callable[..., Any], parameter: inspect.Parameter) -> FunctionParameter:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise UnreadableAnnotation(f"`{name}` stands for any number of inputs", "name each input, with its type")
    if parameter.annotation is parameter.empty:
        raise UnreadableAnnotation(f"`{name}` has no type", f"annotate it: `{name}: str`; `Any` admits everything")
    annotation, default = evaluate_annotation(function, name, parameter.annotation), parameter.default
    if isinstance(default, FieldInfo):
        annotation, default = Annotated[annotation, default], default.get_default(call_default_factory=False)
        default = parameter.empty if default is PydanticUndefined else default
    kind: Literal["input", "secret"] = "secret" if _is_secret(annotation) else "input"
    required = default is parameter.empty
    schema = _read_schema(name, _text_annotation(annotation) if kind == "secret" else annotation)
    schema.pop("default", None)
    if default is None:
        schema = normalize({**schema, "default": None})
        schema.pop("default", None)
    elif not required and kind == "input":
        schema = {**schema, "default": _to_json(name, default)}
    literal = kind == "secret" and not required and default is not None
    return FunctionParameter(name, kind, to_notation(schema), required, annotation, literal)


def evaluate_annotation(function: Callable[..., Any], name: str, annotation: Any) -> Any:
    """Evaluate an annotation that is still text. Raises Unreadable."""
    holder = SimpleNamespace(__annotations__={name: annotation})
    try:
        return get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)[name]
    except Exception as error:
        shown = "the return type" if name == "return" else f"the type of `{name}`"
        help = "import what it names where the module runs, not under `if TYPE_CHECKING:`"
        raise UnreadableAnnotation(f"{shown} cannot be read: {error}", help) from error


def read_outputs(function: Callable[..., Any]) -> tuple[Any, dict[str, Any] | None]:
    """The return annotation and the outputs it declares; None for outputs that it says nothing of."""
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        return None, None
    annotation = evaluate_annotation(function, "return", annotation)
    if annotation in (None, NoneType, Any):
        return annotation, None
    return annotation, outputs_of(annotation)


def outputs_of(annotation: Any) -> dict[str, Any]:
    """The outputs that a type declares, one for each field. Raises UnreadableAnnotation when it has none."""
    schema = _read_schema("return", annotation)
    definitions = schema.get("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    if "properties" not in schema:
        help = "return a pydantic model, a dataclass or a TypedDict with a field for each output, or None"
        raise UnreadableAnnotation("outputs have names, and this type has none", help)
    notations: dict[str, Any] = member_notations(schema, definitions)
    return notations


def _read_schema(name: str, annotation: Any) -> Schema:
    try:
        made = TypeAdapter(make_portable(annotation)).json_schema(schema_generator=_BareSchemaGenerator)
    except _NO_SCHEMA as error:
        shown = "the return type" if name == "return" else f"the type of `{name}`"
        unknown = isinstance(error, PydanticSchemaGenerationError)
        reason = "" if unknown else f": {str(error).partition(chr(10))[0]}"
        help = "use types that JSON knows: str, int, float, bool, date, list, dict, Literal, models of these"
        raise UnreadableAnnotation(f"{shown} has no JSON Schema{reason}", help) from error
    if _holds_secret_type(made):
        shown = "the return type" if name == "return" else f"`{name}`"
        help = "annotate a parameter of its own with `Secret`, from cyberflow: its value is found when the chain runs"
        raise UnreadableAnnotation(f"{shown} holds a SecretStr or SecretBytes: a secret is `Secret`", help)
    normal: JsonSchemaValue = normalize(made)
    return normal


def _holds_secret_type(schema: Any) -> bool:
    """Whether one of pydantic's own types for secrets is in a schema: they alone are write-only passwords."""
    if isinstance(schema, list):
        return any(map(_holds_secret_type, schema))
    if not isinstance(schema, dict):
        return False
    if schema.get("format") == "password" and schema.get("writeOnly") is True:
        return True
    return any(_holds_secret_type(one) for key, one in schema.items() if key not in ("default", "const", "examples"))


def _to_json(name: str, default: Any) -> Any:
    if isinstance(default, BaseModel) or (dataclasses.is_dataclass(default) and not isinstance(default, type)):
        return {key: _to_json(name, item) for key, item in field_values(default).items()}
    if isinstance(default, list | tuple):
        return [_to_json(name, item) for item in default]
    try:
        return to_jsonable_python(default, by_alias=True)
    except PydanticSerializationError as error:
        help = "use a text, a number, a list or a model"
        raise UnreadableAnnotation(f"the default of `{name}` is not JSON: {error}", help) from error


def _is_secret(annotation: Any) -> bool:
    return strip_annotation(annotation) is Secret


def _text_annotation(annotation: Any) -> Any:
    """The type of a secret's value: text, with what `Annotated` adds."""
    if get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        return Annotated[(_text_annotation(inner), *extra)]
    if get_origin(annotation) in (Union, UnionType):
        return str | None
    return str


def strip_annotation(annotation: Any) -> Any:
    """Take `Annotated` and `None` off; a union of several stays."""
    if get_origin(annotation) is Annotated:
        return strip_annotation(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not NoneType]
        return strip_annotation(arms[0]) if len(arms) == 1 else annotation
    return annotation


def resolve_member(annotation: Any, key: str | int, *, attribute: bool) -> tuple[str | int, Any]:
    """The key that an attribute or an item is in JSON, and its type; an unknown one stays as written."""
    plain = strip_annotation(annotation)
    if isinstance(plain, type) and issubclass(plain, BaseModel) and attribute and key in plain.model_fields:
        field = plain.model_fields[str(key)]
        return _json_name(str(key), field), field.annotation
    if dataclasses.is_dataclass(plain) or is_typeddict(plain):
        return key, _hints(plain).get(str(key))
    arguments = get_args(plain)
    if get_origin(plain) in (list, tuple) and isinstance(key, int) and arguments:
        return key, arguments[min(key, len(arguments) - 1)]
    return key, arguments[-1] if get_origin(plain) is dict and arguments else None


def _hints(owner: Any) -> Mapping[str, Any]:
    try:
        return get_type_hints(owner, include_extras=True)
    except (NameError, TypeError):
        return {}


def _json_name(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias or field.alias
    return alias if isinstance(alias, str) else name


def field_values(value: Any) -> dict[str, Any]:
    """The fields of a model or dataclass by their JSON names. One that was left at None is not given, nor is a default
    of a model that was constructed around symbols.
    """
    names = _json_names(value)
    if isinstance(value, BaseModel):
        defaults = {name: one.default for name, one in type(value).model_fields.items()}
        constructed = any(isinstance(item, Symbol) for item in value.__dict__.values())
        present = set(value.model_fields_set if constructed else value.__dict__)
    else:
        defaults = {one.name: one.default for one in dataclasses.fields(value)}
        present = set(names)
    given = {name: getattr(value, name) for name in names if name in present}
    return {names[name]: item for name, item in given.items() if item is not None or defaults[name] is not None}


def _json_names(value: Any) -> Mapping[str, str]:
    """The JSON names of a model's fields, by attribute; of a dataclass they are the attributes themselves."""
    if isinstance(value, BaseModel):
        return {name: _json_name(name, field) for name, field in type(value).model_fields.items()}
    return {one.name: one.name for one in dataclasses.fields(value)}


def field_names(annotation: Any) -> list[str] | None:
    """The JSON names of the fields of a type; None for a type that has none."""
    plain = strip_annotation(annotation)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return [_json_name(name, field) for name, field in plain.model_fields.items()]
    if isinstance(plain, type) and dataclasses.is_dataclass(plain):
        return [one.name for one in dataclasses.fields(plain)]
    return list(plain.__annotations__) if is_typeddict(plain) else None


def attribute_name(owner: Any, name: str) -> str:
    """The attribute of a model that has a JSON name."""
    if isinstance(owner, type) and issubclass(owner, BaseModel):
        return next((one for one, field in owner.model_fields.items() if _json_name(one, field) == name), name)
    return name
