"""Rows as submissions: columns to inputs by name, every value held against its type, every mistake with its row and
column. Pure but for the file that is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.errors import UsageError
from cyberflow.run.batch.table import RowFault, Table, TableRow
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.request import RequestParts, RunRequest, fill_request
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.inputs.inputs import read_inputs, unknown_input
from cyberflow.run.inputs.pairs import ArgumentProblem
from cyberflow.schema.predicates import accepts_string


@dataclass
class RowMapper:
    """`mapping` is column to input, an empty input leaves the column out; `arguments` gives inputs that rows do not.
    `count` is how many rows there are, once they were all read.
    """

    what: BundledChain | BundledWorkflow
    table: Table
    mapping: Mapping[str, str]
    arguments: RawArguments
    count: int = 0
    _fixed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _wrong_inputs: set[str] = field(default_factory=set)
    """Inputs that are wrong in every row: told once, and no row is filled."""

    @property
    def digest(self) -> str:
        """The sha256 of the file, once it was read."""
        return self.table.digest

    @property
    def file(self) -> str:
        return str(self.table.path.resolve())

    def requests(self, parts: RequestParts) -> Iterator[tuple[TableRow, RunRequest] | RowFault]:
        """Every row as a request, or what is wrong with it. Raises as `Table.rows` and `fill_request` do."""
        yield from self._read_common_inputs()
        self.count, known, broken = 0, False, False
        for row in self.table.rows():
            if not known and self.table.columns is not None:
                known = True
                yield from self._column_faults(self.table.columns)
            if isinstance(row, RowFault):
                self.count, broken = max(self.count, row.row), True
                yield row
                continue
            self.count = row.number
            yield from self._fill_row(row, parts)
        if not known:
            yield from self._column_faults(self.table.columns or ())
        if not self.count and not broken:
            yield RowFault(0, 0, "", "there are no rows")

    def _read_common_inputs(self) -> Iterator[RowFault]:
        """Read once what is the same for every row."""
        found = read_inputs(self.what, self.arguments.inputs, self.arguments.document)
        given = {pair.partition("=")[0] for pair in self.arguments.inputs} | set(self.arguments.document)
        unknown = [unknown_input(self.what, name) for name in sorted(given - set(self.what.inputs))]
        wrong = [*unknown, *(one for one in found.problems if one.about in given or one.about == "")]
        self._wrong_inputs = {problem.about for problem in wrong}
        self._fixed = {
            name: value for name, value in found.values.items() if name in given and name not in self._wrong_inputs
        }
        yield from (RowFault(0, 0, "", problem.text) for problem in wrong)

    def _column_faults(self, columns: tuple[str, ...]) -> Iterator[RowFault]:
        for column in self.mapping:
            if self.table.columns is not None and column not in columns:
                help = did_you_mean(column, columns)
                yield RowFault(
                    1, 0, "", f"`--map` names a column `{column}` that is not there" + (f"; {help}" if help else "")
                )
        inputs = [self._input_name(column) for column in columns]
        for column, name in zip(columns, inputs, strict=True):
            if not column or name == "" or name in self.what.inputs:
                continue
            self._wrong_inputs |= {nearest(name, self.what.inputs) or ""}
            text = unknown_input(self.what, name).text
            help = f"leave the column out with `--map {column}=`" if name not in self.what.secrets else ""
            either = " Or " if text.endswith("?") else ", or "
            yield RowFault(1, 0, "", f"column `{column}`: {text}" + (either + help if help else ""))
        twice = {name for name in inputs if name and inputs.count(name) > 1}
        for name in sorted(twice):
            both = ", ".join(f"`{column}`" for column in columns if self._input_name(column) == name)
            yield RowFault(1, 0, "", f"columns {both} are all for the input `{name}`")

    def _input_name(self, column: str) -> str:
        return self.mapping.get(column, column)

    def _fill_row(self, row: TableRow, parts: RequestParts) -> Iterator[tuple[TableRow, RunRequest] | RowFault]:
        values, faults = self._read_values(row)
        if faults or self._wrong_inputs:
            yield from faults
            return
        made, problems = fill_request(self.what, replace(parts, arguments=replace(parts.arguments, inputs=values)))
        if problems:
            yield from (RowFault(row.line, row.number, "", problem) for problem in problems)
        else:
            yield row, made

    def _read_values(self, row: TableRow) -> tuple[Mapping[str, Any], list[RowFault]]:
        columns = {self._input_name(column): column for column in (*row.texts, *row.values)}
        columns.pop("", None)
        texts = [
            f"{name}={self._cell_text(name, row.texts[column])}"
            for name, column in columns.items()
            if column in row.texts and name in self.what.inputs
        ]
        values = {name: row.values[column] for name, column in columns.items() if column in row.values}
        found = read_inputs(self.what, texts, {**self._fixed, **values})
        faults = [self._locate_fault(row, problem, columns) for problem in found.problems]
        return found.values, [fault for fault in faults if fault is not None]

    def _cell_text(self, name: str, text: str) -> str:
        """The text of a cell; `TRUE` is how spreadsheets write a boolean, where text is not admitted."""
        written = text.strip().lower()
        if written in ("true", "false") and accepts_string(self.what.inputs[name]["schema"]) is False:
            return written
        return text

    def _locate_fault(self, row: TableRow, problem: ArgumentProblem, columns: Mapping[str, str]) -> RowFault | None:
        """Place a problem: in its cell, in its row, or once in the file where no row could do better."""
        if problem.about in self._wrong_inputs and problem.about not in columns:
            return None
        if problem.about in columns or self.table.columns is None:
            return RowFault(row.line, row.number, columns.get(problem.about, ""), problem.text)
        column = next((one for one in self.table.columns if self._input_name(one) == problem.about), None)
        if column is not None:
            return RowFault(row.line, row.number, column, f"the cell is empty, and `{problem.about}` is required")
        self._wrong_inputs.add(problem.about)
        text = f"no column gives the input `{problem.about}`, which is required"
        return RowFault(
            1, 0, "", f"{text}: add one, map one with `--map COLUMN={problem.about}`, or give `-i {problem.about}=…`"
        )


def read_mapping(options: tuple[str, ...]) -> dict[str, str]:
    """Read `--map column=input`. Raises UsageError for what is not one."""
    mapping: dict[str, str] = {}
    for option in options:
        column, equals, name = option.rpartition("=")
        if not equals or not column:
            raise UsageError(
                f"`--map {option}` has no column", help="write `--map COLUMN=INPUT`, or `--map COLUMN=` to leave it out"
            )
        if column in mapping:
            raise UsageError(f"the column `{column}` is mapped twice")
        mapping[column] = name
    return mapping


def request_fingerprint(what: BundledChain | BundledWorkflow, parts: RequestParts, raw: RawArguments) -> str:
    """A hash of everything but the row that a request is made of. No secret's value is in it."""
    used = [step["workflow_id"] for step in what.request["steps"]] if isinstance(what, BundledChain) else [what.name]
    workflows = [asdict(one) | {"payload": None} for one in parts.bundle.workflows if one.name in used]
    own = asdict(what) | {"payload": None}
    files = {name: sha256(file.content).hexdigest() for name, file in parts.arguments.files.items()}
    given = {"inputs": list(raw.inputs), "document": dict(raw.document), "files": files}
    content = [own, workflows, asdict(parts.ids), asdict(parts.where), given]
    if parts.overrides != RunOverrides():
        content.append(asdict(parts.overrides))
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def output_names(what: BundledChain | BundledWorkflow) -> list[str]:
    """The names that a result has, as far as they are declared."""
    if isinstance(what, BundledChain):
        return list(what.outputs)
    schema = json.loads(what.payload.get("output_schema") or "{}")
    return list(schema.get("properties", ()))
