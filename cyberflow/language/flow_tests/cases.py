"""Test files to cases: each test decoded, its cases merged over it, and every value with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.language.files import Files
from cyberflow.language.flow_tests.model import FILE, FlowTest, FlowTests
from cyberflow.language.model import NAME
from cyberflow.language.project.decode import decode
from cyberflow.language.project.naming import bad_name, describe_kind
from cyberflow.language.project.sources import read_document
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass
from cyberflow.source import Place, Route


@dataclass(frozen=True)
class CaseLayer:
    """What one mapping of a test file says: a test, or one of its cases. `inputs` is the file that inputs come from;
    `broken` are the keys whose file could not be read.
    """

    place: Place
    data: Mapping[str, Any]
    inputs: Place | None = None
    broken: frozenset[str] = frozenset()

    def find(self, keys: Route) -> tuple[int, Place]:
        """How many of the keys are written here, and the place of the last one."""
        place, found = self.place, 0
        data: Any = self.data
        for key in keys:
            if not _has(data, key):
                break
            inside = self.inputs if found == 0 and key == "inputs" else None
            place, data, found = inside or place.at(key), data[key], found + 1
        return found, place


@dataclass(frozen=True)
class Case:
    """One run of a flow with what is expected of it. `layers` are the case and the test, the first that says something
    counts; `broken` are the keys that could not be read.
    """

    name: str
    test: str
    run: str
    data: Mapping[str, Any]
    layers: tuple[CaseLayer, ...]
    broken: frozenset[str] = frozenset()

    @property
    def place(self) -> Place:
        return self.layers[-1].place

    @property
    def own_place(self) -> Place:
        """Where it begins: its own mapping, or the name of its test."""
        return self.layers[0].place if len(self.layers) > 1 else self.place.at_key()

    @property
    def target(self) -> str | None:
        return self.data.get("target")

    def get(self, key: str) -> Mapping[str, Any]:
        """A mapping of the case; empty where it has none."""
        return self.data.get(key) or {}

    def at(self, *keys: str | int) -> Place:
        """Where a value is written; where nothing is, the nearest that is."""
        found = [layer.find(keys) for layer in self.layers]
        best = max(count for count, _ in found)
        return next(place for count, place in found if count == best)


@dataclass(frozen=True)
class ReadTests:
    """All cases of a project's test files, in order, and what is wrong with the files."""

    cases: tuple[Case, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


@dataclass
class CaseReader:
    """Reads the test files of a project."""

    files: Files
    cases: list[Case] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)

    def read(self, document: YamlDocument) -> None:
        if document.data is None:
            return
        decoded = decode(FlowTests, document.data, Place(document.path))
        document.rename(decoded.renamed)
        self.problems.extend(decoded.problems)
        for name, body in (decoded.model.tests if decoded.model else {}).items():
            place = Place(document.path, ("tests", name))
            if NAME.fullmatch(name):
                self._read_test(document, name, body, place)
            else:
                self.problems.append(bad_name(name, place.at_key()))

    def _read_test(self, document: YamlDocument, name: str, body: Any, place: Place) -> None:
        decoded = decode(FlowTest, body, place)
        document.rename(decoded.renamed)
        self.problems.extend(one for one in decoded.problems if not _is_below(document.broken, one.place.route))
        if decoded.model is None:
            return
        data = decoded.model.model_dump(exclude_unset=True)
        cases = data.pop("cases", None)
        own = self._layer(place, data)
        names: dict[str, Place] = {}
        for index, case in enumerate(cases if cases is not None else [None]):
            at = place.at("cases", index)
            layers = (own,) if case is None else (self._layer(at, case), own)
            merged = _merge(layers[-1].data, layers[0].data) if case is not None else own.data
            title = name if case is None else f"{name}[{case.get('name', index)}]"
            if title in names:
                labels = (Label(names[title], "first named here"),)
                message = f"the name `{case.get('name', index)}` is taken" if case else ""
                self.problems.append(Diagnostic("duplicate-name", message, at.at("name"), labels=labels))
            names[title] = at.at("name")
            broken = decoded.broken.union(*(layer.broken for layer in layers))
            self.cases.append(Case(title, name, decoded.model.run, merged, layers, frozenset(broken)))

    def _layer(self, place: Place, data: Mapping[str, Any]) -> CaseLayer:
        """A mapping as it is written, with the inputs of a file in their place."""
        given = data.get("inputs")
        if not isinstance(given, dict) or set(given) != {FILE}:
            return CaseLayer(place, data)
        found = self._read_inputs(given[FILE], place.at("inputs", FILE))
        if isinstance(found, Diagnostic):
            self.problems.append(found)
            return CaseLayer(place, {**data, "inputs": {}}, broken=frozenset({"inputs"}))
        return CaseLayer(place, {**data, "inputs": found.data}, Place(found.path))

    def _read_inputs(self, name: Any, place: Place) -> YamlDocument | Diagnostic:
        if not isinstance(name, str):
            return Diagnostic("wrong-type", f"`{FILE}` must be text", place, note=f"this is {describe_kind(name)}")
        path = self.files.find(name, place)
        if isinstance(path, Diagnostic):
            return path
        document = read_document(self.files, path, place)
        if isinstance(document, Diagnostic):
            return document
        if document.problems:
            return document.problems[0]
        if not isinstance(document.data, dict):
            note = f"this is {describe_kind(document.data)}"
            return Diagnostic("wrong-type", "inputs must be a mapping of names to values", Place(path), note=note)
        return document


def read_cases(documents: Iterator[YamlDocument] | tuple[YamlDocument, ...], files: Files) -> ReadTests:
    """Read every case of these files."""
    reader = CaseReader(files)
    for document in documents:
        reader.read(document)
    return ReadTests(tuple(reader.cases), tuple(reader.problems))


def is_matcher(value: Any) -> bool:
    """Whether a value as it is expected is a matcher: a mapping whose one key begins with `$`."""
    return isinstance(value, Mapping) and len(value) == 1 and str(next(iter(value))).startswith("$")


def _merge(below: Any, above: Any) -> Any:
    """A case over its test: mappings key by key, everything else as a whole."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping) or is_matcher(above) or is_matcher(below):
        return above
    return {**below, **{key: _merge(below[key], value) if key in below else value for key, value in above.items()}}


def _has(data: Any, key: str | int) -> bool:
    if isinstance(data, Mapping):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)


def _is_below(broken: Any, route: Route) -> bool:
    return any(route[: len(one)] == one for one in broken)
