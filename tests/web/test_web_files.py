from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from cyberflow import __version__
from cyberflow.web.routes import pages
from tests.web.loopback import Fetch

STATIC = Path(str(files("cyberflow.web") / "static"))
SERVED = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in SERVED if path.endswith(".js")]
SHEETS = [path for path in SERVED if path.endswith(".css")]


def source(path: str) -> str:
    return (STATIC / path).read_text(encoding="utf-8")


def asset(path: str) -> str:
    return "/" if path == "index.html" else f"/assets/{path}"


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", SERVED)
def test_every_file_is_served_with_its_type_and_the_policy(fetch: Fetch, path: str) -> None:
    answer = fetch(asset(path))

    kinds = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml"}
    assert answer.status_code == 200
    assert answer.content == (STATIC / path).read_bytes()
    assert answer.headers["content-type"].partition(";")[0] == kinds[path.rpartition(".")[2]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}


def test_a_file_that_has_not_changed_is_not_sent_again(fetch: Fetch) -> None:
    mark = fetch("/assets/js/app.js").headers["etag"]

    assert fetch("/assets/js/app.js", headers={"If-None-Match": mark}).status_code == 304
    assert fetch("/assets/js/dom.js", headers={"If-None-Match": mark}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/js",
        "/assets/../routes.py",
        "/assets/%2e%2e/routes.py",
        "/assets/index.html",
        "/assets/js/none.js",
    ],
)
def test_nothing_else_of_the_package_is_served(fetch: Fetch, path: str) -> None:
    assert fetch(path).status_code == 404


def test_the_session_names_the_project_and_holds_a_key_that_opens_nothing_protected(fetch: Fetch) -> None:
    answer = fetch("/session.json")

    assert answer.json() == {
        "key": "cyberflow-page",
        "project": "clinic-intake",
        "has_project": False,
        "version": __version__,
    }
    assert answer.headers["cache-control"] == "no-store"


def test_the_pages_accept_no_writes(fetch: Fetch) -> None:
    assert fetch("/session.json", method="POST").status_code == 404
    assert fetch("/", method="HEAD").status_code == 200


def test_the_routes_can_be_put_into_another_application() -> None:
    paths = [route.path for route in pages()]

    assert paths[:2] == ["/", "/session.json"]
    assert all(path.startswith("/assets/") for path in paths[2:])


def test_the_document_has_nothing_inline_and_loads_only_what_is_served(fetch: Fetch) -> None:
    reader = Reader()
    reader.feed(source("index.html"))

    for tag, attributes in reader.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes), (tag, attributes)
        assert tag != "style"
        if tag == "script":
            assert attributes["type"] == "module"
        for name in ("src", "href"):
            target = attributes.get(name) or ""
            assert target == "" or target.startswith(("#", "/assets/")), target
            if target.startswith("/assets/"):
                assert fetch(target).status_code == 200


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_import_only_each_other(path: str) -> None:
    here = (STATIC / path).parent
    for target in re.findall(r'(?:^import\b[^;]*?\bfrom|\bimport\()\s*"([^"]+)"', source(path), re.MULTILINE):
        assert target.startswith("."), target
        assert (here / target).resolve().is_relative_to(STATIC)
        assert (here / target).is_file(), target


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_read_no_text_as_markup_or_code(path: str) -> None:
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|"
        r"\beval\(|new Function|srcdoc\s*="
    )
    text = source(path)

    assert not re.search(sinks, text)
    assert path == "js/parts/prompt.js" or "DOMParser" not in text
    assert path == "js/api.js" or not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", text)


@pytest.mark.parametrize("path", [*SCRIPTS, *SHEETS])
def test_nothing_is_loaded_from_elsewhere(path: str) -> None:
    found = set(re.findall(r"https?://[\w.]+", source(path)))

    assert found <= {"http://www.w3.org"}
    assert "@import" not in source(path)
    assert "url(" not in source(path)


@pytest.mark.parametrize("path", SERVED)
def test_files_stay_small_rooms(path: str) -> None:
    assert len(source(path).splitlines()) <= 300
