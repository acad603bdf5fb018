"""Cases recorded from runs: they pass at once, and nothing of what the run held is in them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberflow.testing.recording.replacements import Replacements
from tests.cli.cli_program import Program
from tests.testing.conftest import FLOWS

RUNS = 20
OPEN = FLOWS.replace(
    'outputs: {mrn: Mrn, medications: "string[]", age?: integer}',
    """outputs:
      mrn: Mrn
      medications: "string[]"
      age?: integer
      seen: {type: string, format: date}
      sex: {enum: [female, male, other]}
      smoker: boolean
      notes: object
      anything: any
      weight: {type: number, minimum: 1, maximum: 400}""",
)


def outcome(dice: random.Random, canary: str) -> dict[str, Any]:
    digits = dice.randrange(10**7, 10**8)
    return {
        "mrn": f"M{digits}",
        "medications": [f"{canary}-a", f"{canary}-b", f"{canary}-a"][: dice.randrange(4)],
        **({"age": digits} if dice.random() < 0.5 else {}),
        "seen": f"19{dice.randrange(10, 99)}-0{dice.randrange(1, 9)}-1{dice.randrange(9)}",
        "sex": dice.choice(["female", "male", "other"]),
        "smoker": dice.random() < 0.5,
        "notes": {f"{canary} key": {f"{canary}": [f"{canary}", digits, None]}},
        "anything": dice.choice([f"{canary}", [f"{canary}"], {f"{canary}": digits}, None]),
        "weight": dice.randrange(1000, 3999) / 10,
    }


def canaries(value: Any) -> Iterator[str]:
    """Every text and number of some length that a run held, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from canaries(item)
            yield from [key] if "CANARY" in key else ()
    elif isinstance(value, list):
        for item in value:
            yield from canaries(item)
    elif isinstance(value, str) and value not in ("female", "male", "other"):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool) and value > 99:
        yield str(value)


@pytest.mark.slow
def test_twenty_recorded_runs_hold_no_canary_and_pass(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(7)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EPIC", "CANARY-secret")
    Path("cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    Path("flows.yaml").write_text(OPEN, encoding="utf-8")
    Path("letter.pdf").write_bytes(b"CANARY")
    assert program("apply", "--yes").code == 0
    secret: set[str] = {"CANARY-secret"}
    for number in range(RUNS):
        canary = f"CANARY{number}x{dice.randrange(10**6)}"
        given = {"patient": {"id": f"{canary}-id"}, "date": f"20{dice.randrange(30, 60)}-11-1{dice.randrange(9)}"}
        good: dict[str, Any] = {"outputs": outcome(dice, canary)}
        ends = [good, good, good, {"status": "task_failed", "error": f"{canary} failed"}]
        mocks: dict[str, dict[str, Any]] = {"lookup": {**dice.choice(ends), "seconds": 0}, "book": {"seconds": 0}}
        if dice.random() < 0.5:
            mocks["book"] |= {"outputs": {"confirmation": f"{canary}-c"}}
        Path("given.json").write_text(json.dumps(given), encoding="utf-8")
        Path("mocks.json").write_text(json.dumps(mocks), encoding="utf-8")
        words = ("--simulate", "mocks.json", "-s", "epic_password=env:EPIC", "--file", "referral=letter.pdf")
        ran = program("run", "intake", "--inputs", "given.json", *words, "--format", "json", "--stale-ok")
        session = json.loads(ran.out)["session_id"]

        recorded = program("test", "--record", session, "--as", f"run-{number}")

        assert recorded.code == 0, recorded.text
        secret |= {*canaries(given), *canaries(mocks)}
    written = "".join(path.read_text(encoding="utf-8") for path in Path("tests").glob("*.yaml"))
    assert not [one for one in secret if one in written]
    assert "CANARY" not in written
    answer = program("test", "--format", "json")
    assert json.loads(answer.out)["summary"] == {"passed": RUNS, "failed": 0, "errors": 0}, answer.out[:2000]


def test_a_value_has_one_stand_in_wherever_it_stands() -> None:
    replacements = Replacements()
    text: dict[str, Any] = {"type": "string"}
    schema = {"type": "object", "properties": {"a": text, "b": text, "c": {"type": "string", "format": "date"}}}

    first = replacements.replace({"a": "Ada", "b": "Ada", "c": "1815-12-10"}, schema)
    second = replacements.replace(["Ada", "Bob", "1815-12-10"], {"type": "array", "items": text})

    assert first["a"] == first["b"] == second[0]
    assert len({"Ada", "Bob", *second}) == 5
    assert second[2] == first["c"]


def test_what_is_listed_and_what_is_kept_stays() -> None:
    replacements = Replacements(frozenset({("inputs", "date")}))
    schema = {"type": "object", "properties": {"sex": {"enum": ["f", "m"]}, "on": {"type": "boolean"}, "date": {}}}

    made = replacements.replace({"sex": "m", "on": True, "date": "2026-03-01", "Ada": 1}, schema, ("inputs",))

    assert (made["sex"], made["on"], made["date"]) == ("m", True, "2026-03-01")
    assert "Ada" not in made
    assert replacements.replace("2026-03-01", True) == "2026-03-01"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "pattern": "^M[0-9]{4,8}$"}, "M12345678"),
        ({"type": "string", "maxLength": 3}, "abc"),
        ({"type": "string", "minLength": 40}, "a" * 40),
        *(
            ({"type": "string", "format": name}, value)
            for name, value in [
                ("date-time", "1999-01-01T00:00:00Z"),
                ("email", "a@b.de"),
                ("uuid", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
                ("uri", "https://a.de/x"),
                ("ipv4", "10.0.0.1"),
                ("time", "10:00:00Z"),
                ("duration", "P99D"),
            ]
        ),
        ({"type": "integer", "minimum": 100, "maximum": 120}, 111),
        ({"type": "number", "multipleOf": 0.25}, 17.25),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "exclusiveMaximum": 0}]}, -7),
    ],
)
def test_a_stand_in_fits_its_type_and_is_another_value(schema: Any, value: Any) -> None:
    from cyberflow.schema.validation.validate import accepts

    made = Replacements().replace(value, schema)
    assert accepts(schema, made, asserts_format=True) is True
    assert made != value


def test_a_run_that_is_nobodys_and_a_name_that_is_taken(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    Path("flows.yaml").write_text(FLOWS, encoding="utf-8")

    answer = program("test", "--record", "5c1a58d7-5b31-43ec-b4f6-5b27056adc3d")

    assert answer.code == 2
    assert "there is no session and no run" in answer.err


@pytest.mark.slow
def test_what_is_kept_is_kept_where_a_step_got_it_inside_a_text(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EPIC", "CANARY-secret")
    Path("cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    Path("flows.yaml").write_text(FLOWS, encoding="utf-8")
    Path("letter.pdf").write_bytes(b"letter")
    Path("given.json").write_text('{"patient": {"id": "7"}, "date": "2031-11-12"}', encoding="utf-8")
    assert program("apply", "--yes").code == 0
    words = ("-s", "epic_password=env:EPIC", "--file", "referral=letter.pdf", "--format", "json")
    session = json.loads(program("run", "intake", "--inputs", "given.json", *words).out)["session_id"]

    kept = program("test", "--record", session, "--as", "kept", "--keep-value", "inputs.date")
    wrong = program("test", "--record", session, "--as", "wrong", "--keep-value", "inputs.dat")

    assert kept.code == 0, kept.text
    assert 'date: "2031-11-12"' in Path("tests/kept.yaml").read_text(encoding="utf-8")
    assert (wrong.code, Path("tests/wrong.yaml").exists()) == (2, False)
    assert "did you mean `inputs.date`?" in wrong.err
