"""Secrets and keys that a program writes: no shell, once, in time, and nothing of the value in any text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cyberflow.language.model import SecretSource, Target
from cyberflow.run.inputs.arguments import RawArguments, resolve_arguments
from cyberflow.run.inputs.secret_command import SecretCommand, SecretNotFound
from cyberflow.run.inputs.secrets import location_of, parse_location, target_sources
from cyberflow.targets.service import resolve_key
from tests.run.intake import CANARY, MARK, may, need
from tests.run.test_run_secrets import Wants, world


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def read(tmp_path: Path, code: str, **more: Any) -> str:
    return SecretCommand(tuple(python(code)), tmp_path, **more).read()


def test_standard_output_is_the_value_without_one_line_end(tmp_path: Path) -> None:
    for written, value in (
        (CANARY, CANARY),
        (f"{CANARY}\r\n", CANARY),
        (f"{CANARY}\n\n", f"{CANARY}\n"),
        (" a ", " a "),
    ):
        assert read(tmp_path, f"import sys; sys.stdout.buffer.write({written.encode()!r})") == value


def test_it_runs_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    code = "open('count', 'a').write('x'); print('v')"
    target = Target(secrets={name: SecretSource(exec=python(code)) for name in ("password", "other")})
    what = Wants({"password": need(), "other": need()})
    for _ in range(3):
        given = resolve_arguments(what, (), RawArguments(), target_sources(target, tmp_path), world())
        assert given.secrets == {"password": "v", "other": "v"}
    assert (tmp_path / "count").read_text() == "x"


def test_it_runs_only_for_what_needs_it(tmp_path: Path) -> None:
    code = "open('count', 'a').write('x'); print('v')"
    target = Target(secrets={"password": SecretSource(exec=python(code)), "unused": SecretSource(exec=python(code))})
    sources = target_sources(target, tmp_path)
    resolve_arguments(
        Wants({"password": may()}), (), RawArguments(secrets=["password=env:A"]), sources, world(environ={"A": "x"})
    )
    assert not (tmp_path / "count").exists()
    assert parse_location("exec:echo x") is None


def test_no_shell_reads_its_words(tmp_path: Path) -> None:
    words = ("; touch pwned", "$(touch pwned)", "a b")
    command = SecretCommand((*python("import sys; print(sys.argv[1:])"), *words), tmp_path)
    assert command.read() == str(list(words))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("code", "more", "words"),
    [
        (f"import sys; sys.stderr.write({CANARY!r}); print({CANARY!r}); sys.exit(3)", {}, "ended with exit code 3"),
        (f"print({CANARY!r}, flush=True); import time; time.sleep(60)", {"timeout": 0.5}, "took longer than 0.5 s"),
        ("import sys; sys.stdout.buffer.write(b'cAn4ry\\xff')", {}, "not UTF-8"),
        (f"print({MARK!r} * 200000)", {}, "wrote more than 1024 kB"),
    ],
)
def test_what_goes_wrong_is_told_without_what_it_wrote(tmp_path: Path, code: str, more: Any, words: str) -> None:
    command = SecretCommand((sys.executable, "program.py"), tmp_path, **more)
    (tmp_path / "program.py").write_text(code, encoding="utf-8")
    with pytest.raises(SecretNotFound, match=words) as caught:
        command.read()
    assert MARK not in str(caught.value) + repr(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="processes of one session")
def test_a_child_that_holds_the_pipe_is_ended_too(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).wait()"
    with pytest.raises(SecretNotFound, match="took longer"):
        read(tmp_path, code, timeout=0.5)


def test_a_program_that_is_not_there_or_writes_nothing(tmp_path: Path) -> None:
    for source, words in (
        (SecretSource(exec=["no-such-program", "x"]), "`no-such-program x` cannot be run, no such file"),
        (SecretSource(exec=python("pass")), "wrote nothing"),
        (SecretSource(exec=["a\0b"]), "cannot be run"),
    ):
        sources = {"password": location_of(source, tmp_path)}
        with pytest.raises(Exception, match=words):
            resolve_arguments(Wants({"password": need()}), (), RawArguments(), sources, world())


def test_the_key_of_a_target(tmp_path: Path) -> None:
    target = Target(
        url="https://api.example.test", api_key=SecretSource(exec=python(f"print({CANARY!r})"), timeout="10s")
    )
    assert resolve_key("prod", target, tmp_path, {}) == CANARY
    assert MARK not in repr(location_of(target.api_key, tmp_path).kind)  # type: ignore[arg-type]
