"""What an edit means: labelled edits, and what plan says of them in each of its forms."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cyberflow.cli.views.plans.plan_markdown import plan_markdown
from cyberflow.cli.views.plans.plan_text import plan_lines
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.deploy.apply.prepare import prepare
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.plan.verdicts import EditVerdict, judge_edit, judge_prompt
from cyberflow.language.prompt.render import render
from cyberflow.language.prompt.scanner import scan
from cyberflow.remote.images import pixel_digest
from tests.deploy.deploy_world import OWNER, Account, asset, bundle_of, declared, edited, image

EDITS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "edits.yaml").read_text(encoding="utf-8"))
PIXELS = {"a.png": "1", "a-again.png": "1", "b.png": "2"}


def html(markdown: str) -> str:
    found = scan(markdown, format="markdown", inputs=("a", "b", "p"))
    return render(found, "markdown", image=lambda source, _: source).html


def judge(edit: dict[str, Any]) -> EditVerdict:
    values = [json.dumps(one) if "field" in edit else html(one) for one in (edit["was"], edit["now"])]
    field = edit.get("field", "main_prompt")
    found = judge_edit({field: (values[0], values[1])}, breaks=False, pixels=PIXELS, names={})
    assert found is not None
    return found


def test_there_are_enough_of_every_kind() -> None:
    assert len(EDITS) >= 60
    assert {edit["verdict"] for edit in EDITS} == {"cosmetic", "behavioural", "contract"}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: str(edit["edit"]))
def test_an_edit_is_what_it_is(edit: dict[str, Any]) -> None:
    found = judge(edit)

    assert found.word == edit["verdict"]
    assert list(found.reasons) == edit["says"] if "says" in edit else found.reasons


WORDS = st.sampled_from(["open", "it", "<a>", "<$s>", "{{r}}", "save", "![x](a.png)", "![x](b.png)", "**", "\n", "- "])


@given(st.lists(WORDS, max_size=12), st.data())
def test_no_edit_of_a_word_is_cosmetic(pieces: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(pieces)))
    word = data.draw(st.sampled_from(["close", "<b>", "<$pin>", "{{total}}", "![y](c.png)"]))
    before, after = (" ".join(one) for one in (pieces, [*pieces[:at], word, *pieces[at:]]))

    assert judge_prompt(html(before), html(after), PIXELS).word != "cosmetic"


def test_the_strongest_of_several_counts() -> None:
    edits = {
        "main_prompt": ("<p>Open it.</p>", "<p><b>Open</b> it.</p>"),
        "post_run_check_failure_cleanup_prompt": ("<p>Close.</p>", "<p>Close {x}.</p>"),
        "model_metadata": (None, {"main_agent_model_id": "m"}),
    }
    found = judge_edit(edits, breaks=False, pixels={}, names={})

    assert found == EditVerdict("contract", ("the input `x` comes",))
    assert judge_edit(edits, breaks=True, pixels={}, names={}) == EditVerdict("breaking", ("the input `x` comes",))
    assert judge_edit({"name": ("a", "b"), "tags": ([], ["x"])}, breaks=False, pixels={}, names={}) is None


def test_a_check_is_judged_by_its_prompt() -> None:
    check = {"name": "look", "type": "run_attachment_image_check", "check_prompt": "<p>As shown.</p>"}
    bold = {**check, "check_prompt": "<p><b>As</b> shown.</p>"}
    other = {**check, "file_names": ["x"]}

    words = [
        found and found.word
        for after in (bold, other)
        for found in [judge_edit({"post_run_checks": ([check], [after])}, breaks=False, pixels={}, names={})]
    ]
    assert words == ["cosmetic", "behavioural"]


def test_plan_says_it_in_every_form(account: Account) -> None:
    bundle = bundle_of(declared("one", "<p>Open it.</p>"), declared("two", "<p>Open it.</p>"))
    account.deploy(bundle)

    changed = edited(bundle, "one", main_prompt="<p>Open <strong>it.</strong></p>")
    made = account.plan(edited(changed, "two", main_prompt="<p>Open {mrn}.</p>"))

    assert [one["verdict"] for one in made.to_json()["changes"]] == ["cosmetic", "contract"]
    text = "\n".join(plan_lines(made))
    assert "cosmetic: the same words, tokens and images" in text
    assert "contract: the input `mrn` comes" in text
    assert "**contract**: the input `mrn` comes; `main_prompt`" in plan_markdown(made)


def test_a_verdict_is_no_part_of_what_a_saved_plan_is_compared_by(account: Account) -> None:
    bundle = bundle_of(declared("one", "<p>Open it.</p>"))
    account.deploy(bundle)
    made = account.plan(edited(bundle, "one", main_prompt="<p>Open <b>it.</b></p>"))

    other = replace(made, changes=tuple(replace(one, verdict=None) for one in made.changes))
    assert other.digest == made.digest


def test_pixels_are_compared_and_not_files() -> None:
    def encode(format: str, colour: str, **options: Any) -> bytes:
        file = BytesIO()
        Image.new("RGB", (4, 4), colour).save(file, format, **options)
        return file.getvalue()

    one, again, red = encode("PNG", "blue"), encode("PNG", "blue", compress_level=0), encode("PNG", "red")
    assert one != again
    assert pixel_digest(one) == pixel_digest(again) == pixel_digest(encode("WEBP", "blue", lossless=True))
    assert pixel_digest(one) != pixel_digest(red)
    assert pixel_digest(b"no image") != pixel_digest(b"no image either")


@pytest.mark.parametrize(("colour", "word"), [("blue", "cosmetic"), ("red", "contract")])
def test_plan_looks_at_the_pixels_of_an_image_that_takes_anothers_place(
    account: Account, colour: str, word: str
) -> None:
    def png(colour: str, level: int) -> bytes:
        file = BytesIO()
        Image.new("RGB", (4, 4), colour).save(file, "PNG", compress_level=level)
        return file.getvalue()

    there, ours = png("blue", 9), png(colour, 0)
    address = account.ask(lambda desk: desk.images.upload("lens.png", there, "image/png")).supabase_url
    shown = f'<p>Click <img src="{address}" alt="it"></p>'
    bundle = replace(bundle_of(declared("one", shown)), assets=[asset(ours, "lens")])
    account.deploy(bundle)
    changed = edited(bundle, "one", main_prompt=f"<p>Click {image(ours)}</p>")

    async def planned(desk: Cyberdesk) -> Plan:
        return await prepare(desk, changed, OWNER, assets=lambda _: ours)

    made: Plan = account.ask(planned)
    (found,) = (one.verdict for one in made.changes if one.kind == "workflow")
    assert found is not None
    assert found.word == word
