"""The laws of the house, held by reading the code as text: who may know whom, which door each library has, how long a
room may be, and what may not stand in it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cyberflow"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))

GROUND = {"errors", "source", "diagnostics", ""}
DOORS = {"cli", "web", "lsp", "pipeline", "targets"}
MAY_KNOW = {
    "errors": set(),
    "source": set(),
    "diagnostics": {"source"},
    "language": GROUND,
    "compiler": GROUND | {"language"},
    "service": GROUND,
    "remote": GROUND | {"compiler", "service"},
    "deploy": GROUND | {"compiler", "service", "remote"},
    "run": GROUND | {"language", "compiler", "service", "remote"},
    "local": GROUND,
    "__main__": GROUND | {"cli"},
    "targets": GROUND | {"language", "service", "run", "local"},
    "web": GROUND | {"local"},
    "cli": GROUND
    | {"language", "compiler", "service", "remote", "deploy", "run", "local", "web", "targets", "pipeline"},
    "pipeline": GROUND | {"language", "compiler", "service", "remote", "deploy", "run", "local", "targets"},
}
EXCEPTIONS = {
    ("cyberflow/local", "cyberflow.service.wire"): "the words of the wire are shared",
    ("cyberflow/language", "cyberflow.pipeline"): "decorated functions reach the door, inside run, arun and submit",
}
DOOR_OF = {
    "yaml": {"language/composing.py", "language/syntax.py"},
    "jinja2": {"language/jinja.py", "language/template.py"},
    "markdown_it": {"compiler/markdown.py"},
    "nh3": {"compiler/render.py"},
    "networkx": {"compiler/graph.py"},
    "httpx": {"service/transport.py"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "starlette": {"local/", "web/"},
    "uvicorn": {"cli/dev.py"},
    "PIL": {"local/"},
    "filelock": {"targets.py"},
    "dbos": {"run/engine.py"},
    "cyberdesk": set(),
}
FORBIDDEN_NAMES = {"utils", "common", "helpers", "base", "core", "manager", "misc"}
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 300, 40, 6


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def room(path: Path) -> str:
    """The room a module belongs to: its folder below the package, or its own name."""
    parts = path.relative_to("cyberflow").with_suffix("").parts
    return parts[0] if len(parts) > 1 or parts[0] != "__init__" else ""


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """Absolute names of imported modules; with `lazy=False` only those that run when the module is imported."""
    guarded = {id(node) for top in ast.walk(tree(path)) if _is_type_guard(top) for node in ast.walk(top)}
    nodes = ast.walk(tree(path)) if lazy else (node for node in _at_import(tree(path)) if id(node) not in guarded)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            if node.module.startswith("cyberflow"):
                yield from (
                    f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)
                )


def _is_type_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_import(child)


def _is_module(package: str, name: str) -> bool:
    folder = ROOT / package.replace(".", "/")
    return (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_floors(path: Path) -> None:
    """A room knows the floors below it and no other."""
    own = room(path)
    strangers = set()
    for name in imports(path):
        if name == "cyberflow" or name.startswith("cyberflow."):
            known = name.split(".")[1] if "." in name else ""
            excused = any(str(path).startswith(where) and name.startswith(what) for where, what in EXCEPTIONS)
            if known not in {own, *MAY_KNOW.get(own, GROUND)} and own != "" and not excused:
                strangers.add(name)
    assert not strangers


@pytest.mark.parametrize("library", sorted(DOOR_OF))
def test_one_door_per_dependency(library: str) -> None:
    doors = DOOR_OF[library]
    users = {
        str(path.relative_to("cyberflow"))
        for path in MODULES
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert not {user for user in users if not any(user.startswith(door) for door in doors)}


def test_no_import_cycles() -> None:
    """The modules that import one another when they are loaded can be put in an order."""
    names = {str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__"): path for path in MODULES}
    graph = {
        name: {other for other in imports(path, lazy=False) if other in names and other not in {name, "cyberflow"}}
        for name, path in names.items()
    }
    packages = {name for name, path in names.items() if path.name == "__init__.py"}
    inner = {
        name: {other for other in others if not (other in packages and name.startswith(other))}
        for name, others in graph.items()
    }
    list(TopologicalSorter(inner).static_order())


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_rooms_are_small(path: Path) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    long = {node.name for node in functions(path) if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION + 5}
    assert not long
    if room(path) != "cli":
        wide = {node.name for node in functions(path) if len(node.args.posonlyargs + node.args.args) > MOST_PARAMETERS}
        assert not wide


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_rooms_are_named_and_introduced(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    docstring = ast.get_docstring(tree(path))
    assert docstring
    if "rules" not in path.parts:
        assert len(docstring.splitlines()) <= 5


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_nothing_is_left_lying_about(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    if room(path) != "cli":
        assert not [
            node
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        ]


def test_folders_hold_several_rooms() -> None:
    for folder in {path.parent for path in MODULES}:
        held = [path for path in MODULES if path.parent == folder] + [
            p for p in (ROOT / folder).iterdir() if p.is_dir()
        ]
        assert len(held) >= 3, folder


def test_every_rule_has_its_five_places() -> None:
    """The name of a rule is its module, its documentation, its cases, and what the list of rules says."""
    from cyberflow.compiler.rules import RULES

    modules = {path.stem.replace("_", "-") for path in MODULES if "rules" in path.parts and path.stem != "__init__"}
    assert modules == set(RULES)
    assert len(RULES) == len(set(RULES))
    for rule in RULES:
        assert ast.get_docstring(tree(Path(f"cyberflow/compiler/rules/{rule.replace('-', '_')}.py")))
        assert any((ROOT / "tests" / "cases" / rule).iterdir()), f"tests/cases/{rule} is missing"


HEAVY = {
    "httpx",
    "pydantic",
    "jinja2",
    "networkx",
    "starlette",
    "uvicorn",
    "markdown_it",
    "rich",
    "asyncio",
    "PIL",
    "yaml",
}


@pytest.mark.parametrize(
    ("what", "allowed"),
    [
        ("import cyberflow", set()),
        ("from cyberflow.cli.main import run; run(['--version'])", set()),
        ("from cyberflow.cli.main import run; run(['--help'])", set()),
    ],
)
def test_the_start_path_is_light(what: str, allowed: set[str]) -> None:
    program = f"{what}\nimport sys\nprint('LOADED', *sorted(set(sys.modules) & {HEAVY!r}))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.rsplit("LOADED", 1)[1].split())
    assert loaded <= allowed
