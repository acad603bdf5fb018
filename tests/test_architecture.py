"""The laws of the house, held by reading the code as text: who may know whom, which door each library has, how long a
room may be, and what may not stand in it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cyberflow"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))

GROUND = {
    "late",
    "certificates",
    "collector",
    "edits",
    "hidden",
    "loopback",
    "errors",
    "source",
    "diagnostics",
    "redact",
    "storage",
    "version",
}
COMPILED = GROUND | {"schema", "language", "compiler"}
REMOTE = COMPILED | {"client", "remote"}
OPENED = REMOTE | {"deploy", "run", "emulator"}
SDK = OPENED | {"evidence", "testing", "targets"}
MAY_KNOW = {
    **dict.fromkeys(GROUND, GROUND),
    "schema": GROUND,
    "language": GROUND | {"schema"},
    "compiler": GROUND | {"schema", "language"},
    "diagram": COMPILED,
    "client": GROUND,
    "emulator": GROUND | {"schema"},
    "remote": COMPILED | {"client"},
    "deploy": REMOTE,
    "run": REMOTE,
    "evidence": REMOTE | {"deploy", "run"},
    "testing": OPENED | {"evidence"},
    "targets": OPENED,
    "sdk": SDK,
    "web": SDK | {"sdk", "diagram"},
    "lsp": SDK | {"sdk", "diagram"},
    "cli": SDK | {"sdk", "diagram", "web", "lsp"},
    "pytest_plugin": SDK | {"sdk", "cli"},
    "__main__": GROUND | {"cli"},
    "": SDK | {"sdk"},
}
"""The floors, from the ground up: a room knows itself and what stands behind its name, and nothing else of ours."""

SHARED_WITH_THE_EMULATOR = {"cyberflow.client.cyberdesk.wire", "cyberflow.client.cyberun.wire"}
"""The wire's nouns: whoever serves an API and whoever calls it speak of the same records."""

DOOR_OF = {
    "yaml": {"language/yaml/"},
    "jinja2": {"language/template/"},
    "markdown_it": {"language/prompt/markdown.py"},
    "nh3": {"language/prompt/"},
    "networkx": {"compiler/queries/cycles.py"},
    "httpx": {"client/http/"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "starlette": {"emulator/", "web/"},
    "uvicorn": {"web/server.py"},
    "h11": {"web/server.py"},
    "PIL": {"emulator/", "remote/images.py"},
    "filelock": {"targets/"},
    "dbos": {"run/"},
    "pygls": {"lsp/"},
    "lsprotocol": {"lsp/"},
    "cyberdesk": set(),
}
FORBIDDEN_NAMES = {"utils", "common", "helpers", "base", "core", "manager", "misc"}
RETIRED_NAMES = {
    *("hands", "leaf", "course", "sweep", "given", "fill", "again", "watch", "gate", "courier", "vault", "words"),
    *("recorded", "offer", "demand", "pictures", "once", "fresh", "declare", "emit", "saved", "misread", "standins"),
    *("ignores", "uses", "inquiry", "sending", "candidates", "proof", "scope", "dialect", "lettering", "wiring"),
    *("allowance", "letters", "positions", "composing", "walking", "asking", "kept", "proving", "promotion"),
    *("first_line", "compiled", "streams", "printer", "trust", "shape", "saving", "mask", "blocking", "waiting"),
}
"""Module names of the first version that said nothing to a stranger."""

RETIRED_CLASSES = {
    *(
        "Hands",
        "Leaf",
        "Course",
        "Gate",
        "Sweep",
        "Asked",
        "Filler",
        "Remainder",
        "Sight",
        "Silence",
        "Recipe",
        "Fresh",
    ),
    *("Holding", "Standing", "Offer", "StandIns", "Shapes", "GpuService", "Kept"),
}
"""Class names of the first version that said as little."""

LISTS_OF_LIKE_THINGS = {"rules", "commands"}
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS, MOST_MODULES = 300, 40, 6, 14

IRREGULAR = {
    *("told", "said", "shown", "taken", "kept", "given", "made", "known", "held", "built", "sent", "seen"),
    *("met", "written", "drawn", "laid", "lost", "meant", "paid", "begun", "broken", "chosen", "done", "driven"),
    *(
        "fallen",
        "grown",
        "hidden",
        "spoken",
        "thrown",
        "brought",
        "bought",
        "caught",
        "dealt",
        "felt",
        "fed",
        "forgotten",
    ),
    *("heard", "led", "lent", "proven", "sold", "slept", "spent", "stood", "stuck", "taught", "understood", "gone"),
    *("asked"),
}
NOT_PARTICIPLES = {"need", "feed", "embed", "speed", "seed", "unexpected"}


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def room(path: Path) -> str:
    """The room a module belongs to: its folder below the package, or its own name."""
    parts = path.relative_to("cyberflow").with_suffix("").parts
    return parts[0] if len(parts) > 1 or parts[0] != "__init__" else ""


def dotted(path: Path) -> str:
    return str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__")


NAMES = {dotted(path): path for path in MODULES}
PACKAGES = {dotted(path) for path in MODULES if path.name == "__init__.py"}


@cache
def imports(path: Path, how: str = "all") -> frozenset[str]:
    """Absolute names of imported modules: `all` of them, those at `start`, or at start and for `types`."""
    guarded = {id(node) for top in nodes(path) if _is_type_guard(top) for node in ast.walk(top)}
    found = nodes(path) if how == "all" else tuple(_at_import(tree(path)))
    if how == "start":
        found = tuple(node for node in found if id(node) not in guarded)
    return frozenset(_imported_names(found))


def _imported_names(found: tuple[ast.AST, ...]) -> Iterator[str]:
    for node in found:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in NAMES)


def _is_type_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_import(child)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_floors() -> None:
    """A room knows the floors below it and no other; there is no exception."""
    strangers = []
    for path in MODULES:
        shared = SHARED_WITH_THE_EMULATOR if room(path) == "emulator" else set()
        for name in sorted(imports(path)):
            if name.startswith("cyberflow.") and name not in shared:
                known = name.split(".")[1]
                if known != room(path) and known not in MAY_KNOW[room(path)]:
                    strangers.append(f"{path} knows {name}")
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


@pytest.mark.parametrize("how", ["start", "types", "all"])
def test_the_modules_have_an_order(how: str) -> None:
    """No ring, counted when modules load, with imports for type checkers, and with imports inside functions."""
    graph = {
        name: {
            other
            for other in imports(path, how)
            if other in NAMES and other != name and not (other in PACKAGES and name.startswith(f"{other}."))
        }
        for name, path in NAMES.items()
    }
    list(TopologicalSorter(graph).static_order())


def test_rooms_are_small() -> None:
    assert not [f"{path} {lines}" for path in MODULES if (lines := len(text(path).splitlines())) > LONGEST_FILE]
    assert not [
        f"{path} {node.name} {length(node)}"
        for path in MODULES
        for node in functions(path)
        if length(node) > LONGEST_FUNCTION
    ]
    assert not [
        f"{path} {node.name}"
        for path in MODULES
        if room(path) != "cli"
        for node in functions(path)
        if len(node.args.posonlyargs + node.args.args) > MOST_PARAMETERS
    ]


def test_folders_are_small() -> None:
    """A folder exists for three files or more, and holds about fourteen, or a list of like things."""
    for folder in {path.parent for path in MODULES}:
        held = [path for path in MODULES if path.parent == folder]
        below = [path for path in (ROOT / folder).iterdir() if path.is_dir() and path.name != "__pycache__"]
        assert len(held) + len(below) >= 3, folder
        modules = [path for path in held if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES or folder.name in LISTS_OF_LIKE_THINGS, folder


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, set[Path]] = defaultdict(set)
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                homes[node.name].add(path)
    assert not {name: paths for name, paths in homes.items() if len(paths) > 1}
    assert not RETIRED_CLASSES & {name.lstrip("_") for name in homes}


def test_functions_are_verbs_or_nouns() -> None:
    """Past participles say neither what a function does nor what it gives; predicates (`is_closed`) and the service's
    own words (`started_at`) are what the two in a hundred are for.
    """
    names = [node.name for path in MODULES for node in functions(path)]
    participles = [name for name in names if _is_participle(name)]
    assert len(participles) * 50 <= len(names), sorted(participles)


def _is_participle(name: str) -> bool:
    words = name.strip("_").split("_")
    return any(
        word in IRREGULAR or (word.endswith("ed") and word not in NOT_PARTICIPLES) for word in (words[0], words[-1])
    )


def test_rooms_are_named_and_introduced() -> None:
    for path in MODULES:
        assert path.stem not in FORBIDDEN_NAMES | RETIRED_NAMES, path
        docstring = ast.get_docstring(tree(path))
        assert docstring, path
        if "rules" not in path.parts and path.name != "__init__.py":
            assert len(docstring.splitlines()) <= 5, path


def test_nothing_is_left_lying_about() -> None:
    for path in MODULES:
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", text(path)), path
        if room(path) != "cli":
            assert not [
                node for node in nodes(path) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
            ], path


def test_words_are_plain() -> None:
    """Texts say "is not a", and no docstring cites a page that is not in the repository."""
    assert not [
        f"{path}: {line.strip()}"
        for path in MODULES
        for line in text(path).splitlines()
        if re.search(r"(?<!here )\b(is|are) no (?!longer|more|other)\w+|\b(SPEC|ARCHITECTURE|ENGINES)\b", line)
    ]


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
    *("httpx", "pydantic", "jinja2", "networkx", "starlette", "uvicorn"),
    *("markdown_it", "rich", "asyncio", "PIL", "yaml"),
}


@pytest.mark.parametrize(
    "what",
    [
        "import cyberflow",
        "from cyberflow.cli.main import run; run(['--version'])",
        "from cyberflow.cli.main import run; run(['--help'])",
    ],
)
@pytest.mark.slow
def test_the_start_path_is_light(what: str) -> None:
    program = f"{what}\nimport sys\nprint('LOADED', *sorted(set(sys.modules) & {HEAVY!r}))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.rsplit("LOADED", 1)[1].split() == []
