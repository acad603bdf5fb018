"""The laws of fixes: twice is once, no finding that was not there, nothing else of a text touched, and of what is a
matter of layout the same bundle. Held over every golden case, and over slips made at random in a clean project.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.fixes.mend import Mending, mend
from cyberflow.compiler.fixes.text_edits import text_fix
from cyberflow.compiler.rules import FIXES
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import TextEdit, edit_file
from tests.compiler.golden_cases import QUICK, name
from tests.compiler.test_rules_mutations import PIECES, PROJECTS, SUFFIXES

LAYOUT = {"unused-ignore", "restarted-list"}
"""Rules whose fix changes nothing that goes out."""


def mend_all(root: Path, *, unsafe: bool) -> Mending:
    """The project on the disk with everything mended."""
    mending = mend(Analysis(root), lambda found: found, unsafe=unsafe)
    for path, (_, after) in mending.contents.items():
        (root / path).write_bytes(after)
    return mending


def told(found: Iterable[Diagnostic]) -> Counter[tuple[str, str, str]]:
    return Counter((one.rule, one.message, one.place.path) for one in found)


def hold_laws(root: Path, *, unsafe: bool) -> Mending:
    mending = mend_all(root, unsafe=unsafe)
    anew = Analysis(root).state()
    assert told(anew.findings) == told(mending.after.findings)
    assert not told(anew.findings) - told(mending.before.findings)
    assert not mending.made or len(anew.findings) < len(mending.before.findings)
    again = mend_all(root, unsafe=unsafe)
    assert (again.made, again.contents) == ([], {})
    return mending


@pytest.mark.slow
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_every_case_keeps_the_laws(tmp_path: Path, unsafe: bool) -> None:
    made: set[str] = set()
    for number, folder in enumerate(QUICK):
        root = Path(copytree(folder, tmp_path / str(number)))
        mending = hold_laws(root, unsafe=unsafe)
        rules = {one.found.rule for one in mending.made}
        made |= rules
        before, after = mending.before.bundle(), mending.after.bundle()
        if rules and rules <= LAYOUT and before and after:
            assert before.to_json() == after.to_json(), name(folder)
    assert made == {rule for rule, kind in FIXES.items() if unsafe or kind == "safe"}


PROJECT = {
    "cyberflow.yaml": "project: laws   # a comment\nvars: {clinic: north}\n",
    "flows.yaml": """\
# what the front desk does
workflows:
  patient-lookup:   # reads
    prompt: {file: prompts/lookup.md}
    inputs:
      username: string
      "patient": {type: object, properties: {ident: {type: string}}}
    secrets: [password]
    outputs: {record: string, medications: 'string[]'}

  book-visit:
    description: >-
      Books what was
      found.
    prompt: |
      1. Open the record <record>.
      2. Type <reason> and use focused_action.   # no comment
    inputs:
      record: string
      # why they come
      reason: string
chains:
  intake:
    inputs: {patient: {type: object, properties: {ident: {type: string}}}, username: string}
    secrets: ['epic_password']
    steps:
      - id: lookup
        workflow: "patient-lookup"
        secrets: {password: <$epic_password>}
      - {id: book, workflow: book-visit, inputs: {record: {$ref: lookup.outputs.record}, reason: "Visit of <username>"}}
    outputs:
      record: {$ref: 'lookup.outputs.record'}
""",
    "prompts/lookup.md": "Sign in as <username> with <$password>.\n\nType <patient.ident> at ${{ vars.clinic }}.\n",
}
WORDS = [
    *("workflows", "prompts/lookup.md", "patient-lookup", "book-visit", "description", "lookup.outputs.record"),
    *("username", "password", "epic_password", "record", "reason", "medications", "properties", "ident", "outputs"),
    *("workflow", "secrets", "inputs", "clinic", "focused_action", "string", "object", "chains", "steps"),
]


def slip(text: str, chance: random.Random) -> str:
    """A text with one letter of one of its words left out, doubled, or changed places with the next."""
    places = [(word, at) for word in WORDS for at in _places(text, word)]
    word, at = chance.choice(places)
    letter = at + chance.randrange(len(word) - 1)
    left, here, right = text[:letter], text[letter], text[letter + 1 :]
    return chance.choice([left + right, left + here + here + right, left + right[0] + here + right[1:]])


def _places(text: str, word: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(word, at)]


def write(root: Path, texts: dict[str, str], ends: str, mark: bytes) -> None:
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(mark + text.replace("\n", ends).encode())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_slips_are_mended_and_nothing_else_is_touched(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    texts = dict(PROJECT)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice([path for path, text in texts.items() if any(word in text for word in WORDS)])
        texts[path] = slip(texts[path], chance)
    ends, mark = chance.choice(["\n", "\r\n"]), chance.choice([b"", b"\xef\xbb\xbf"])
    write(tmp_path, texts, ends, mark)
    mending = hold_laws(tmp_path, unsafe=chance.random() < 0.5)
    for path, (before, after) in mending.contents.items():
        assert after.startswith(mark)
        assert after.count(b"\r\n") == (after.count(b"\n") if ends == "\r\n" else 0)
        comments = [line for line in before.decode().splitlines() if line.strip().startswith("#")]
        assert [line for line in after.decode().splitlines() if line.strip().startswith("#")] == comments, path


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_done_to_the_bytes_of_an_example(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    hidden = ignore_patterns(".cyberflow", "dist", "__pycache__")
    root = Path(copytree(chance.choice(PROJECTS), tmp_path / "project", ignore=hidden))
    files = sorted(path for path in root.rglob("*") if path.suffix in SUFFIXES)
    for path in chance.choices(files, k=3):
        content = path.read_bytes()
        at = chance.randrange(len(content))
        piece = chance.choice([*PIECES, b""])
        path.write_bytes(content[:at] + piece + content[at + chance.randrange(2) :])
    hold_laws(root, unsafe=bool(seed % 2))


@pytest.mark.slow
def test_most_single_slips_are_undone(tmp_path: Path) -> None:
    """A safe fix of one slip gives the text as it was: the names of the project are far enough apart."""
    undone = 0
    for seed in range(60):
        chance = random.Random(seed)
        root = tmp_path / str(seed)
        texts = {**PROJECT, "flows.yaml": slip(PROJECT["flows.yaml"], chance)}
        write(root, texts, "\n", b"")
        mend_all(root, unsafe=False)
        undone += (root / "flows.yaml").read_text(encoding="utf-8") == PROJECT["flows.yaml"]
    assert undone >= 42


def test_the_project_is_clean(tmp_path: Path) -> None:
    write(tmp_path, PROJECT, "\n", b"")
    assert Analysis(tmp_path).state().findings == ()


def test_an_edit_keeps_line_ends_that_differ_and_the_mark() -> None:
    content = b"\xef\xbb\xbfa: \xc3\xa4 x\r\nb: 2\nc: 3\r\n"
    edits = [TextEdit("a", *one) for one in ((0, 1, "A"), (5, 6, "y"), (12, 12, "new: 1\n"), (15, 16, "4"))]
    assert edit_file(content, edits) == b"\xef\xbb\xbfA: \xc3\xa4 y\r\nb: 2\nnew: 1\r\nc: 4\r\n"


def test_a_fix_knows_whether_it_guesses(tmp_path: Path) -> None:
    """What has its lines to itself is taken out unasked, what shares one is not."""
    lines, flow = "\n      mrn: string\n      other: string\n", " {mrn: string, other: string}\n"
    for written, safe in [(lines, True), (flow, False)]:
        text = f"project: p\nworkflows:\n  look:\n    prompt: Open <mrn>.\n    inputs:{written}"
        (tmp_path / "cyberflow.yaml").write_text(text, encoding="utf-8")
        state = Analysis(tmp_path).state()
        fix = text_fix(state.findings[0], state.sources)
        assert fix is not None
        assert fix.safe is safe
