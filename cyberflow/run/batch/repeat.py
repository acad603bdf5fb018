"""One request many times: a batch of runs that are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.run.batch.table import RowFault, TableRow
from cyberflow.run.chain.request import RequestParts, RunRequest, fill_request
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.inputs.inputs import read_inputs


@dataclass
class RepeatedRows:
    """`count` rows with the same inputs. There is no file: `file` is empty, and `digest` holds the count."""

    what: BundledChain | BundledWorkflow
    arguments: RawArguments
    count: int
    file: str = ""

    @property
    def digest(self) -> str:
        return f"count:{self.count}"

    def requests(self, parts: RequestParts) -> Iterator[tuple[TableRow, RunRequest] | RowFault]:
        """Every row as a request, or once what is wrong with all of them."""
        found = read_inputs(self.what, self.arguments.inputs, self.arguments.document)
        if found.problems:
            yield from (RowFault(0, 0, "", problem.text) for problem in found.problems)
            return
        filled = replace(parts, arguments=replace(parts.arguments, inputs=found.values))
        made, problems = fill_request(self.what, filled)
        if problems:
            yield from (RowFault(0, 0, "", problem) for problem in problems)
            return
        yield from ((TableRow(number, number), made) for number in range(1, self.count + 1))
