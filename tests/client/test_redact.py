"""Every form in which a secret may come back, and what must not be taken for one."""

from __future__ import annotations

import base64
import html
import json
import re
import traceback
from collections.abc import Callable
from html.entities import codepoint2name
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.hidden import HiddenBytes, HiddenDict, HiddenText
from cyberflow.redact import EVERYDAY, MASK, Redactor
from cyberflow.run.chain.events import StepRun
from cyberflow.run.chain.output_check import OutputProblem
from cyberflow.run.chain.result import Result

SECRETS = [
    "correct horse/battery+staple=&?",
    "Pässwörd für 'Öl' & \"Gas\" <1>",
    'C:\\Users\\ada\\"key"\\',
    "tab\there, half a 😀 and an end\u2028",
    "hunter2hunter2",
    "0123-4567-89ab",
]


def dumps(text: str) -> str:
    return json.dumps(text)[1:-1]


def lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": dumps,
    "json, its own letters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in json": lambda text: dumps(dumps(text)),
    "json in json in json": lambda text: dumps(dumps(dumps(text))),
    "json with slashes escaped": lambda text: dumps(text).replace("/", "\\/"),
    "json of a web framework": lambda text: re.sub("[<>&']", lambda one: f"\\u{ord(one[0]):04X}", dumps(text)),
    "repr": lambda text: repr(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "html, decimal": lambda text: html.escape(text, quote=False).replace("'", "&#39;").replace('"', "&#34;"),
    "html, names": lambda text: "".join(f"&{codepoint2name[ord(o)]};" if ord(o) in codepoint2name else o for o in text),
    "html in html": lambda text: html.escape(html.escape(text)),
    "html in json": lambda text: dumps(html.escape(text)),
    "all entities": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "all entities, hex": lambda text: "".join(f"&#x{ord(one):X};" for one in text),
    "url": quote,
    "url, nothing safe": lambda text: quote(text, safe=""),
    "url, lower": lambda text: lower_percent(quote(text, safe="")),
    "form": quote_plus,
    "form, lower": lambda text: lower_percent(quote_plus(text)),
    "url in url": lambda text: quote(quote(text, safe=""), safe=""),
    "all percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "all escapes": lambda text: "".join(f"\\u{unit:04x}" for unit in utf16(text)),
    "trimmed": str.strip,
}


def utf16(text: str) -> list[int]:
    units = text.encode("utf-16-be")
    return [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_of_a_secret_is_masked(secret: str, form: Callable[[str], str]) -> None:
    assert Redactor([secret]).text(f"before {form(secret)} after") == f"before {MASK} after"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "ad", "ada:"])
@pytest.mark.parametrize("after", ["", "!", "!!"])
@pytest.mark.parametrize("secret", SECRETS)
def test_base64_is_masked_wherever_the_secret_begins(secret: str, before: str, after: str, encode: Any) -> None:
    text = encode(f"{before}{secret}{after}".encode()).decode()

    clean = Redactor([secret]).text(f"Basic {text}")

    assert MASK in clean
    left = clean.removeprefix("Basic ").replace(MASK, "")
    assert len(left) <= (len(before) * 8) // 6 + 4 + len(after) * 2


@given(st.text(min_size=4), st.sampled_from([*FORMS.values()]))
def test_no_text_of_four_characters_survives_in_any_form(secret: str, form: Callable[[str], str]) -> None:
    if len(secret.strip()) < 4 or secret.strip().lower() in EVERYDAY:
        return
    written = form(secret)
    clean = Redactor([secret]).text(f"«{written}»")

    assert MASK in clean
    assert written not in clean.replace(MASK, "\n")


def test_one_line_of_several_is_masked_and_so_is_a_windows_line_end() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN+/\nBgkqhkiG9w0B==\n-----END KEY-----\n"
    redactor = Redactor([key])

    for text in (key, key.strip(), key.replace("\n", "\r\n"), *key.strip().split("\n")):
        assert "MIIEv" not in redactor.text(text)
        assert MASK in redactor.text(f"at {text}")


def test_secrets_that_overlap_leave_no_rest() -> None:
    assert Redactor(["abcd", "cdefgh"]).text("x abcdefgh y") == f"x {MASK} y"
    assert Redactor(["abcdef", "abcd"]).text("abcdef abcd") == f"{MASK} {MASK}"
    assert Redactor(["abab"]).text("abababab!") == f"{MASK}!"


TEXT = '{"status": "success", "version": 1, "steps": [{"id": "success-story", "n": 11, "x": null}], "a": true}'


@pytest.mark.parametrize("secret", ["{", ":", ",", '"', "[", "-", "}"])
def test_punctuation_is_masked_only_as_a_whole_text(secret: str) -> None:
    redactor = Redactor([secret])

    assert redactor.text(TEXT) == TEXT
    assert redactor.text(secret) == MASK


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        ("1", "11 of 1.5, a1 and 1", f"11 of {MASK}.5, a1 and {MASK}"),
        ("null", "nullable and null", f"nullable and {MASK}"),
        ("success", "successful success", f"successful {MASK}"),
        ("Error", "Errors: Error", f"Errors: {MASK}"),
    ],
)
def test_everyday_words_are_masked_only_as_words(secret: str, text: str, clean: str) -> None:
    assert Redactor([secret]).text(text) == clean


GIVEN = {"note": "it was a success", "1": "1", "n": 1, "none": None, "ok": True}
RESULT = Result(
    name="intake",
    status="success",
    session_id=None,
    steps=(StepRun("success", "steps", "1", "success", GIVEN, ("{ is not null",)),),
    outputs={"mrn": "success", "list": ["1", 1, "x"]},
    problems=(OutputProblem("success", "outputs.mrn", "1 is not text"),),
)


@pytest.mark.parametrize("secrets", [["1", "null", "{", ":", "success", "steps", "true"]])
def test_a_document_of_ours_keeps_its_syntax_and_its_words(secrets: list[str]) -> None:
    clean = RESULT.to_json(Redactor(secrets))

    assert json.loads(json.dumps(clean)) == clean
    assert (clean["version"], clean["name"], clean["status"], [*clean]) == (1, "intake", "success", [*RESULT.to_json()])
    [step] = clean["steps"]
    assert (step["id"], step["workflow"], step["run_id"], step["status"]) == ("success", "steps", "1", "success")
    assert step["outputs"] == {"note": f"it was a {MASK}", "1": MASK, "n": 1, "none": None, "ok": True}
    assert step["error"] == f"{{ is not {MASK}"
    assert clean["outputs"] == {"mrn": MASK, "list": [MASK, 1, "x"]}


def test_what_comes_from_outside_is_masked_in_a_document_whatever_it_is_called() -> None:
    canary = "canary-71f/"
    outputs = {canary: canary, "status": canary, "pin": 482913}
    step = StepRun("find", "lookup", "1", "error", outputs, (quote(canary, safe=""),))

    clean = Result("intake", "error", None, (step,), outputs).to_json(Redactor([canary, "482913"]))

    assert (clean["version"], clean["outputs"]) == (1, {MASK: MASK, "status": MASK, "pin": MASK})
    assert (clean["steps"][0]["outputs"], clean["steps"][0]["error"]) == (clean["outputs"], MASK)


def test_of_two_keys_that_are_secrets_none_is_lost() -> None:
    clean = Redactor(["alpha-one", "beta-two"]).json({"alpha-one": 1, "beta-two": 2})

    assert sorted(clean.values()) == [1, 2]
    assert all(key.startswith(MASK) for key in clean)


def test_what_is_hidden_is_a_value_like_any_other_and_never_shown() -> None:
    text, data, headers = (
        HiddenText("hunter2"),
        HiddenBytes(b"hunter2"),
        HiddenDict({"Authorization": "Bearer hunter2"}),
    )

    assert (text, json.dumps({"pw": text}), data, headers["Authorization"]) == (
        "hunter2",
        '{"pw": "hunter2"}',
        b"hunter2",
        "Bearer hunter2",
    )
    assert "hunter2" not in repr([text, data, headers, {"pw": text}])


def test_a_traceback_with_locals_does_not_show_a_hidden_value() -> None:
    def fail(secret: str) -> None:
        body = {"sensitive": {"pw": secret}, "raw": HiddenBytes(secret.encode())}
        raise ValueError(len(body))

    try:
        fail(HiddenText("hunter2"))
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "sensitive" in shown
    assert re.sub(r'HiddenText\("hunter2"\)', "", shown).count("hunter2") == 0
