"""Fifty workflows as people make them in a dashboard: what its editor writes, older schemas, checks, images, models."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from cyberflow.client.cyberdesk.client import Cyberdesk

BUTTON = b"\x89PNG\r\n\x1a\n made by hand"
EDITOR = (
    "<p>Open {mrn} and type {$pin}.</p>",
    "<p></p><p>First line</p><p></p><p>after an empty one</p>",
    "<h1>Sign in</h1><p>Open <strong>Epic</strong>, wait&nbsp;5 s &amp; press <kbd>Enter</kbd>.</p><hr>",
    "<ol><li><p>Open <em>the</em> chart</p></li><li><p>Read it</p><ul><li><p>twice</p></li></ul></li></ol>",
    '<ol start="3"><li>three</li><li>four<ul><li>deeper<ol><li>deepest</li></ol></li></ul></li></ol>',
    '<p>Click <img src="BUTTON" alt="the button"> and then <img src="PHOTO" alt="">.</p>',
    '<p>Click <img src="WIDE" alt="the button" width="40"> and <img src="BUTTON" alt="x"></p>',
    '<p style="text-align: center"><span style="color: rgb(255, 0, 0)">Red</span> <mark data-color="#ff0">x</mark></p>',
    '<ul data-type="taskList"><li data-checked="true"><label><input type="checkbox"></label><div>a</div></li></ul>',
    '<p>Type <span data-type="mention" data-id="mrn" class="mention">{mrn}</span> there.</p>',
    "<blockquote><p>Careful</p><p>2×</p></blockquote><pre><code class='language-sh'>ls 'a'\n\n  b</code></pre>",
    (
        '<table style="width: 5px"><colgroup><col><col></colgroup><tbody><tr><th><p>a</p></th><th><p>b</p></th></tr>'
        "<tr><td><p>{mrn}</p></td><td></td></tr></tbody></table>"
    ),
    '<p><a target="_blank" rel="noopener" href="https://intranet/a?b=1&amp;c=2">the page</a> <a href="#x">x</a></p>',
    "<p>one<br>two<br><br>three</p><div><br></div><div>four</div>",
    "<P>UPPER <B>case</B><BR/>and <I>old</I> <font color=red>tags</font>",
    "<p>not closed<p>neither <b>this",
    "<ul>\n  <li>one</li>\n  <li>two</li>\n</ul>\n\n<p>\n  wrapped\n  by a tool\n</p>\n",
)
TYPED = (
    "Plain text with {mrn}\nand a second line\n\nand a paragraph",
    "1. Open it\n2. Type {mrn}\n   - and {$pin}\n\n**bold?** `code` # none",
    "  leading, trailing  \n\ttabbed\n",
    "C:\\Users\\{mrn}\\*.csv and \\\\srv\\share, 5 < x > 3, \\{literal} {{run_value}} { $_.Name }",
    "<p>5 &lt; x &lt;mrn&gt; {{run_value}} \\{lit} C:\\in\\{mrn} {\"a\": 1} {patient.name[0]['k']}</p>",
    "<p>a &amp; b <custom>c</custom> <img src='https://elsewhere/x.png'></p>",
    "<div><p>x</p><script>alert(1)</script><style>p {color: red}</style><!-- a note --></div>",
    "<p>${{ not a template }} {% raw %} {# nor this #} ${ x }</p>",
    "<p>Type <u>x</u> <b>y</b><br>z, # and - * _ ~~s~~ | a_b_c ![no](image) [no](link) www.x.org me@x.org</p>",
    "<p>Ärzte, 日本, 🙂, “quotes”, non\u00a0breaking, zero\u200bwidth, <code>{mrn} &lt;b&gt; `x`</code></p>",
    "<p>For each {loop_item}: {undeclared.thing} and {$undeclared}</p>",
)
PROMPTS = EDITOR + TYPED
INPUTS = (
    None,
    '{"type":"object","properties":{"mrn":{"type":"string"},"$pin":{"type":"string"}},"required":["$pin","mrn"]}',
    (
        '{"type":"object","properties":{"mrn":{"type":"string","description":"no: really, \\"so\\" # and <so>"},'
        '"n":{"type":"integer","default":3,"minimum":1}},"required":["mrn"]}'
    ),
    (
        '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"mrn":{"$ref":"#/$defs/M"},'
        '"list":{"type":"array","items":{"type":"string"}}},"$defs":{"M":{"type":"string","pattern":"^M\\\\d+$"}}}'
    ),
    '{"type":"object"}',
    '{\n  "type": "object",\n  "properties": {},\n  "required": []\n}',
    (
        '{"type":"object","properties":{"patient":{"type":"object","properties":{"name":{"type":"array","items":{}},'
        '"dob":{"type":"string","format":"date"}},"required":["dob"],"additionalProperties":false},'
        '"kind":{"enum":["a",2,null,true]},"both":{"type":["string","null"]}},"required":["patient"]}'
    ),
    (
        '{"type":"object","properties":{"tree":{"$ref":"#/definitions/T"}},"definitions":{"T":{"type":"object",'
        '"properties":{"kids":{"type":"array","items":{"$ref":"#/definitions/T"}}}}}}'
    ),
    (
        '{"type":"object","properties":{"when":{"anyOf":[{"type":"string","format":"date"},{"type":"null"}]},"any":true,'
        '"ratio":{"type":"number","default":1.0},"$token":{"type":"string","minLength":3},"on":{"type":"boolean"}}}'
    ),
)
OUTPUTS = (
    None,
    '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}',
    '{"mrn":"string","visit":{"at":"string","n":"integer"},"meds":"array"}',
    '{"type":"object","properties":{"first name":{"type":"string"},"ok":{"type":"boolean"}}}',
    '{"meds":[{"name":"string","dose":"the dose, with its unit"}],"flags":"string[]"}',
    (
        '{"type":"object","properties":{"x":{"const":5,"title":"X"},"y":{"type":'
        '"object","additionalProperties":{"type":"number"}}},"required":["y","x"]}'
    ),
)
CHECKS: tuple[dict[str, Any], ...] = (
    {"name": "shape", "type": "output_data_passes_schema_validation", "description": "As declared: all of it"},
    {"name": "look", "type": "output_data_agentic_check", "check_prompt": "<p>Is <b>it</b> <x@y> for {mrn} ok?</p>"},
    {"name": "file", "type": "run_attachment_exists", "file_target_mode": "exact", "file_names": ["<a>.pdf", "{mrn}"]},
    {
        "name": "many",
        "type": "run_attachment_exists",
        "file_target_mode": "regex",
        "file_name_regex": "^\\d{3}_<x>.*\\.pdf$",
        "expected_match_count": 3,
    },
    {
        "name": "each",
        "type": "run_attachment_exists",
        "file_target_mode": "loop_items",
        "loop_input": "list",
        "loop_item_filename_template": "{loop_item}.pdf",
        "allow_missing_attachments": True,
    },
    {
        "name": "picture",
        "type": "run_attachment_image_check",
        "file_target_mode": "exact",
        "file_names": ["a.png"],
        "check_prompt": '<p>Does it look like <img src="BUTTON" alt="this">?</p>',
    },
)
COMMANDS = ["Get-Item <path>", "echo {mrn}", "Get-ChildItem | ? { $_.Length -gt 5 }", 'cmd /c "dir: #1"', "${{ x }}"]


async def fifty(client: Cyberdesk) -> None:
    """Make them; which has what goes by its number, each list with a period of its own."""
    pictures = {
        "BUTTON": await client.images.upload("my button.png", BUTTON, "image/png"),
        "WIDE": await client.images.upload("wide.png", BUTTON + b" wide", "image/png"),
        "PHOTO": await client.images.upload("foto-1.jpg", _photo(), "image/jpeg"),
    }
    tag = await client.tags.create({"name": "Hand made: ${{ x }}"})
    models = await client.models.list()

    def shown(text: str) -> str:
        for name, image in pictures.items():
            text = text.replace(name, image.supabase_url)
        return text

    for n in range(50):
        checks = [CHECKS[(n + i) % len(CHECKS)] for i in range(n % 4)]
        body: dict[str, Any] = {
            "name": None if n % 7 == 0 else "The same title" if n % 7 == 1 else f"Hand made № {n}: <it>",
            "main_prompt": shown(PROMPTS[n % len(PROMPTS)]),
            "input_schema": INPUTS[n // 2 % len(INPUTS)],
            "output_schema": OUTPUTS[n // 3 % len(OUTPUTS)],
            "includes_file_exports": n % 9 == 4,
            "is_webhooks_enabled": n % 8 == 4,
            "post_run_checks": [{name: _each(value, shown) for name, value in one.items()} for one in checks],
        }
        if n % 4 == 1:
            body["terminal_command_allowlist"] = COMMANDS[: 1 + n % len(COMMANDS)]
        if n % 6 == 3:
            body["model_metadata"] = {"main_agent_model_id": models[0].id, "fallback_model_1_id": models[-1].id}
        if n % 5 == 4:
            body["post_run_check_failure_cleanup_prompt"] = shown(PROMPTS[(n * 7) % len(PROMPTS)])
        made = await client.workflows.create(body)
        if n % 3 == 0:
            await client.workflows.add_tags(made.id, [tag.id])


def _each(value: Any, change: Any) -> Any:
    return change(value) if isinstance(value, str) else value


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "teal").save(out, "JPEG")
    return out.getvalue()
