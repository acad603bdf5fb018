"""A few hundred inputs of the fuzzer, always the same; `make fuzz` tries 20,000 others."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzz_state import attempt
from tests.fuzz.fuzz_worker import run

SEED, SLICES, INPUTS = 7, 4, 75


@pytest.mark.parametrize("part", range(SLICES))
def test_no_input_breaks_check(part: int) -> None:
    failures = list(run(SEED, range(part * INPUTS, (part + 1) * INPUTS), patience=20.0))
    assert not failures, "\n".join(f"{one.input}: {one.kind}\n{one.text}" for one in failures)


@pytest.mark.parametrize("part", range(SLICES))
def test_no_damaged_file_breaks_who_reads_it(part: int) -> None:
    failures = [found for number in range(part * 30, part * 30 + 30) if (found := attempt(SEED, number))]
    assert not failures, "\n".join(failures)
