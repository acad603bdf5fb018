"""Where secrets are found, and that nothing but the request ever holds one."""

from __future__ import annotations

import html
import io
import json
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.errors import UsageError
from cyberflow.language.model import Target
from cyberflow.redact import EVERYDAY, Redactor
from cyberflow.run.inputs.arguments import RawArguments, resolve_arguments
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.run.inputs.secrets import (
    ResolvedSecrets,
    SecretBackends,
    SecretLocation,
    parse_location,
    read_secret_options,
    resolve_secrets,
    system_backends,
    target_sources,
)
from tests.run.intake import CANARY, MARK, may, need


@dataclass
class Wants:
    secrets: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)
    from_machine: list[str] = field(default_factory=list)
    name: str = "intake"


INTAKE = Wants({"password": need()})


def nothing(service: str, user: str) -> str | None:
    return None


def world(
    ask: Callable[[str], str] | None = None,
    environ: Mapping[str, str] | None = None,
    keyring: Callable[[str, str], str | None] = nothing,
) -> SecretBackends:
    return SecretBackends(environ or {}, ask, keyring)


def found(source: SecretLocation, where: SecretBackends, what: Wants = INTAKE) -> ResolvedSecrets:
    return resolve_secrets(what, {"password": source}, where)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("env:EPIC", SecretLocation("env", "EPIC")),
        ("file:C:\\secrets\\epic.txt", SecretLocation("file", "C:\\secrets\\epic.txt")),
        ("prompt", SecretLocation("prompt")),
        ("keyring:https://epic/x/ada", SecretLocation("keyring", "https://epic/x/ada")),
        *(
            (literal, None)
            for literal in ("hunter2", "env:", "file:", "prompt:x", "ENV:EPIC", "keyring:epic", "keyring:/a", "")
        ),
    ],
)
def test_a_source_is_one_of_four_forms_and_everything_else_is_a_literal(text: str, source: Any) -> None:
    assert parse_location(text) == source


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(SecretLocation("env", "EPIC"), world(environ={"EPIC": CANARY})).values == {"password": CANARY}
    monkeypatch.setenv("EPIC_OF_THIS_TEST", CANARY)
    assert found(SecretLocation("env", "EPIC_OF_THIS_TEST"), system_backends()).values == {"password": CANARY}


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b"abc\n\n", "abc\n"),
        (b"abc\r", "abc\r"),
        (b" abc ", " abc "),
        (b"\xef\xbb\xbfabc\n", "abc"),
        (b"a\r\nb\r\n", "a\r\nb"),
    ],
)
def test_of_a_file_one_trailing_line_end_is_dropped(tmp_path: Path, content: Any, value: Any) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    assert found(SecretLocation("file", str(path)), world()).values == {"password": value}


def test_a_person_is_asked_by_name_and_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ask(text: str) -> str:
        asked.append(text)
        return CANARY

    assert found(SecretLocation("prompt"), world(ask)).values == {"password": CANARY}
    assert asked == ["password: "]
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert system_backends().ask is None
    (problem,) = found(SecretLocation("prompt"), world()).problems
    assert problem.text == (
        "secret `password` cannot be asked for without a terminal: use env:VARIABLE, file:PATH or keyring:SERVICE/USER"
    )


def test_nobody_is_asked_while_something_else_is_wrong() -> None:
    what = Wants({"password": need()}, {"date": need()})

    def ask(_: str) -> str:
        raise AssertionError

    with pytest.raises(UsageError, match="input `date` is missing"):
        resolve_arguments(what, (), RawArguments(secrets=["password=prompt"]), {}, world(ask))


def test_the_keyring_is_asked_for_the_user_behind_the_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def get(service: str, user: str) -> str:
        asked.append((service, user))
        return CANARY

    assert found(SecretLocation("keyring", "epic/prod/ada"), world(keyring=get)).values == {"password": CANARY}
    assert asked == [("epic/prod", "ada")]
    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_password=get))
    assert system_backends().keyring("epic", "ada") == CANARY


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SecretLocation("env", "GONE"), "was not found: the environment variable `GONE` is not set"),
        (SecretLocation("env", "BLANK"), "was not found: the environment variable `BLANK` is empty"),
        (
            SecretLocation("file", "/nowhere/epic"),
            "was not found: the file /nowhere/epic cannot be read, no such file or directory",
        ),
        (SecretLocation("keyring", "epic/ada"), "was not found: the keyring has nothing for `ada` of `epic`"),
    ],
)
def test_a_source_that_gives_nothing_is_a_problem(source: Any, said: str) -> None:
    (problem,) = found(source, world(environ={"BLANK": ""})).problems
    assert problem.text == f"secret `password` {said}"


def test_without_the_keyring_package_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    (problem,) = found(SecretLocation("keyring", "epic/ada"), system_backends()).problems
    assert "pip install keyring" in problem.text


def test_a_broken_keyring_is_named_by_the_kind_of_its_failure_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> str:
        raise RuntimeError(CANARY)

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_password=fail))
    (problem,) = found(SecretLocation("keyring", "epic/ada"), system_backends()).problems
    assert problem.text == "secret `password` was not found: the keyring cannot be read (RuntimeError)"


def test_missing_optional_and_supplied_by_the_machine() -> None:
    what = Wants({"password": need(), "pin": may(), "badge": need()}, from_machine=["$badge"])
    read = resolve_secrets(what, {}, world())
    assert read.values == {}
    assert [problem.about for problem in read.problems] == ["$password"]
    assert "`-s password=SOURCE`" in read.problems[0].text


def test_an_option_wins_over_the_target_and_a_refused_one_is_said_once() -> None:
    target = {"password": SecretLocation("env", "A")}
    environ = {"A": "from-target", "B": "from-option"}
    assert resolve_arguments(INTAKE, (), RawArguments(), target, world(environ=environ)).secrets == {
        "password": "from-target"
    }
    asked = RawArguments(secrets=["password=env:B"])
    assert resolve_arguments(INTAKE, (), asked, target, world(environ=environ)).secrets == {"password": "from-option"}
    with pytest.raises(UsageError) as caught:
        resolve_arguments(INTAKE, (), RawArguments(secrets=[f"password={CANARY}"]), {}, world())
    assert str(caught.value) == (
        "`intake` cannot run: secret `password` is given by where to find it, never by its value: "
        "env:VARIABLE, file:PATH, prompt or keyring:SERVICE/USER"
    )


@pytest.mark.parametrize("options", [[CANARY], [f"pasword={CANARY}"], [f"password={CANARY}"], ["password=prompt"] * 2])
def test_no_problem_of_an_option_repeats_it(options: Any) -> None:
    _, problems = read_secret_options(INTAKE, options)
    assert problems
    assert MARK not in repr(problems)


def test_the_sources_of_a_target_are_relative_to_the_project() -> None:
    target = Target.read(
        {"secrets": {"a": {"env": "A"}, "b": {"file": "/run/b"}, "c": {"file": "c.txt"}, "d": {"keyring": "s/u"}}}
    )
    root = Path("/project")
    assert target_sources(target, root) == {
        "a": SecretLocation("env", "A"),
        "b": SecretLocation("file", str(root / "run/b")),
        "c": SecretLocation("file", str(root / "c.txt")),
        "d": SecretLocation("keyring", "s/u"),
    }


def test_a_structured_secret_is_json_and_held_against_its_type_without_showing_it() -> None:
    what = Wants({"password": need({"type": "object", "properties": {"pin": {"type": "integer"}}})})
    good = found(SecretLocation("env", "A"), world(environ={"A": '{"pin": 1234}'}), what)
    assert (good.values, good.problems) == ({"password": {"pin": 1234}}, ())
    for value in (f'{{"pin": "{CANARY!r}"}}', json.dumps({"pin": CANARY}), CANARY):
        bad = found(SecretLocation("env", "A"), world(environ={"A": value}), what)
        assert len(bad.problems) == 1
        assert MARK not in repr(bad)
    assert (
        list(describe_faults("secret", "password", what.secrets["password"]["schema"], {"pin": 1}, secret=True)) == []
    )


def test_no_noun_shows_a_value() -> None:
    asked = RawArguments(secrets=[f"password={CANARY}"])
    where = world(environ={"A": CANARY})
    read = resolve_arguments(INTAKE, (), RawArguments(secrets=["password=env:A"]), {}, where)
    assert read.secrets == {"password": CANARY}
    for noun in (asked, where, read, read.redactor("cd_key"), found(SecretLocation("env", "A"), where)):
        assert MARK not in repr(noun)


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        json.dumps(CANARY),
        json.dumps({"a": [CANARY]}, ensure_ascii=False),
        json.dumps({"a": [CANARY]}),
        repr([CANARY]),
        html.escape(CANARY),
        f"https://x/?q={quote(CANARY)}",
        f"https://x/?q={quote(CANARY, safe='')}",
        f"https://x/?q={quote_plus(CANARY)}",
    ],
)
def test_every_written_form_of_a_secret_is_filtered(form: Any) -> None:
    clean = Redactor([CANARY]).text(f"before {form} after")
    assert "•••" in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert MARK not in clean


def test_the_longest_goes_first_and_a_short_one_only_as_a_word() -> None:
    redactor = Redactor(["abcd", "abcdef", "12", "", None, True])
    assert redactor.text("abcdef abcd 12 123 x12 (12) True") == "••• ••• ••• 123 x12 (•••) True"


def test_a_structured_secret_is_filtered_in_its_parts_and_lines() -> None:
    redactor = Redactor([{"user": "adalovelace", "pin": 4711, "more": ["deep-inside"]}, "first line\n  second line\n"])
    text = "adalovelace 4711 deep-inside; first line|second line"
    assert redactor.text(text) == "••• ••• •••; •••|•••"
    assert redactor.json({"adalovelace": [4711, 4711.5, True, "x deep-inside"]}) == {
        "•••": ["•••", 4711.5, True, "x •••"]
    }


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_of_four_characters_survives_in_a_text(secret: Any, before: Any, after: Any) -> None:
    if not secret.strip() or secret.strip().lower() in EVERYDAY:
        return
    clean = Redactor([secret]).text(f"{before}{secret}{after}")
    assert "•••" in clean
    assert secret not in clean.replace("•••", "\n\t\n")


def test_a_redactor_of_nothing_changes_nothing() -> None:
    assert Redactor().text("as it is") == "as it is"
    assert Redactor(["   "]).text("a    b") == "a    b"
