"""What the fuzzer puts into projects: marks of every language that they are written in, and values that hurt."""

from __future__ import annotations

MARKS: tuple[bytes, ...] = (
    *(b"{", b"}", b"[", b"]", b"<", b">", b"'", b'"', b"|", b"|-\n", b"#", b" #", b"&a ", b"*a ", b"!x ", b": ", b":"),
    *(b"- ", b"\n", b"\n\n", b"\t", b"\r\n", b"\r", b"\x00", b"\x07", b"\x7f", b"\xff", b"\xef\xbb\xbf", b"${{", b"}}"),
    *(b"{%", b"%}", b"{#", b"#}", b"<$", b"{{", b"\\", b"\\\\", b"$ref", b"<<: ", b"---\n", b"...\n", b"%YAML 1.1\n"),
    *(b"type", b"default", b"secrets: ", b"null", b"0x", b"# cyberflow: ignore[", b"\xf0\x9f\x98\x80", b"  ", b"1e999"),
    *(b".nan", b"", b"!!str ", b"!!binary ", b"? ", b", ", b"![", b"](", b"<img src=", b"<a href=", b"<!--", b"-->"),
    *(b"```", b"~~~", b"&#0;", b"&amp;", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xef\xb7\x90"),
    *(b"\xef\xbf\xbf", b"\xed\xa0\x80", b"\xcc\x81" * 50, b"{{x}}", b"<x.y[0]['k']>", b"<x.", b"${{ vars.x }}", b"-"),
    *(b"__EMPTY__", b"__CLEAR__", b"supabase://x", b"file://", b"asset://sha256/", b"workflows: ", b"chains: ", b"x-a: "),
)

HOSTILE: tuple[bytes, ...] = (
    *(b"x", b"[", b"{", b"<", b"\\", b"![", b"`", b"*", b"_", b"<a>", b"{{a}}", b"<a ", b"9", b" ", b"- ", b"\n", b"&a"),
    *(b"> ", b"|", b"#", b"${{", b"{%", b"](", b"<!--", b"&", b"~", b'"', b"'", b"a: ", b"\xcc\x81", b"$", b"<$a.b>", b"</"),
)

SCALARS: tuple[str, ...] = (
    *("null", "~", "''", "true", "0", "-0", "007", "1e999", "-1e999", ".nan", ".inf", "9" * 350, "9" * 5000, "0x" + "f" * 300),
    *("1e-320", "0.1", "0o7", "2026-03-01", "[]", "{}", "[[]]", "[{}]", "{x-a: 1}", "{a: null}", "{'': 1}", "{a?: string}"),
    *('"\\0"', '"\\uD800"', '"\\U0010FFFF"', '"\\uFDD0"', '"\\uFFFE"', '"\\x85"', '"\\t"', "'\u202e'", "'\ufeff'", "'\u0301'"),
    *("!!binary x", "!!python/object:os.system x", "! x", "!!int x", "!!set {a}", "&a [*a]", "&a {b: *a}", "{<<: [1]}"),
    *("{<<: {<<: {a: 1}}}", "{$ref: a.outputs.b}", "{$ref: [1]}", "{$ref: a}", "{$ref: '#/$defs/A'}", "{$ref: ''}"),
    *("{$ref: book.outputs.mrn}", "{$ref: lookup.outputs['k'][0]}", "{$ref: self.outputs.x, y: 1}", "string[][][]", "[]" * 50),
    *("{type: [string, 7]}", "{type: []}", "{type: string, pattern: '(a+)+$'}", "{type: string, pattern: '['}"),
    *("{pattern: '((((a{1000}){1000}){1000}){1000})'}", "{type: string, pattern: '^(?=a)(?!b)\\p{L}$'}", "{enum: [1e999, {}]}"),
    *("{minLength: 1e300}", "{maxItems: 99999999999999999999999}", "{multipleOf: 1e-320}", "{multipleOf: 0}", "{properties: 7}"),
    *("{type: number, minimum: 1e400, maximum: -1e400}", "{type: string, minLength: 10000000000}", "{const: {a: [1, {b: 2}]}}"),
    *("{type: integer, multipleOf: 3, minimum: 10000000000000000000000}", "{type: string, format: regex, default: '('}"),
    *("{$defs: {A: {$ref: '#/$defs/A'}}, $ref: '#/$defs/A'}", "{$defs: {A: {anyOf: [{$ref: '#/$defs/A'}]}}, $ref: '#/$defs/A'}"),
    *("{type: object, properties: {a: {$ref: '#'}}}", "{allOf: [{type: string}, {type: number}]}", "{not: {not: {not: {}}}}"),
    *("{type: array, minItems: 100000, items: {type: string}}", "{type: array, uniqueItems: true, items: {enum: [1]}, minItems: 2}"),
    *("{type: object, required: [a], additionalProperties: false}", "{if: true, then: false}", "{default: {a: <b>}}", "{items: 7}"),
    *("{type: object, patternProperties: {'(': {}}}", "{type: object, patternProperties: {'(a*)*b': {}}, minProperties: 99999}"),
    *("{anyOf: [" + "{type: string}, " * 200 + "{}]}", "{oneOf: [{enum: [a]}, {enum: [a]}]}", "{enum: [" + "a, " * 2000 + "b]}"),
    *("{schema: {file: x.json}}", "{schema: {file: cyberflow.yaml}}", "{schema: off}", "{file: .}", "{file: ../../etc/passwd}"),
    *('{file: "a\\0b"}', "{file: /}", "{file: ''}", "{file: " + "x" * 5000 + "}", "{file: cyberflow.yaml}", '{file: "a\\nb.md"}'),
    *("{file: prompts}", "{env: X}", "{env: X, file: Y}", "{keyring: a/b}", "<x>", "<$x>", "<x.y.z>", "\\<x>", "{{x}}", "'{x}'"),
    *("'a\\<x>'", "'<x['", "'<a b>'", "'<>'", "'<$>'", "'<x.y[99999999999]>'", "'${{ vars }}'", "'${{ vars.nope }}'", "'${{'"),
    *("'${{ target }}'", "'${{ [1, 2] }}'", "'${{ {} }}'", "'${{ none }}'", "'${{ 1e999 }}'", "'${{ 10 ** 10 ** 8 }}'"),
    *("'${{ \"x\" * 10 ** 9 }}'", "'${{ range(10 ** 9) }}'", "'${{ \"\\ud800\" }}'", "'${{ vars.__class__ }}'", "'${{ image(target) }}'"),
    *("'{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}'", "'{% include \"cyberflow.yaml\" %}'"),
    *("|\n  a\n <b\n", ">\n  - a\n  - b", "|2\n    x", "'" + "<" * 3000 + "'", "'" + "![" * 3000 + "'", "'" + "\\" * 3000 + "'"),
    *("'" + "{{a" * 2000 + "'", "'" + "*a_" * 2000 + "'", "'" + "[a](" * 1500 + "'", "'" + "`" * 3001 + "'", "'" + "> " * 2000 + "'"),
    *("'<b><script>' ", "'<img src=x onerror=y>'", "'<a href=\"javascript:x\">y</a>'", "'![](../x.png)'", "'![a](<x y.png>)'"),
    *("'<pre><x></pre>'", "'<table><x>'", "'<!-- <x> -->'", "'<!--'", "'&#x3c;x>'", "x" * 60_000, "'\U0001f600'", "'\u0000'", "[a, b", "{a", "}"),
)

TEMPLATES: tuple[bytes, ...] = (
    *(b"${{ vars }}", b"${{ target }}", b"${{ x }}", b"${{ vars.a.b }}", b"${{ 1 / 0 }}", b"${{", b"${{ }}", b"\\${{ x }}"),
    *(b"{% if target %}", b"{% endif %}", b"{% else %}", b"{% for a in vars %}", b"{% endfor %}", b"{% raw %}", b"{% endraw %}"),
    *(b"{% include 'cyberflow.yaml' %}", b"{% include 'prompts/lookup.md' %}", b"{% include '../x' %}", b"{% include vars %}"),
    *(b"{% macro m(x) %}${{ m(x) }}{% endmacro %}${{ m(1) }}", b"{% set a = 'x' * 9999999999 %}", b"{% set a = 'xy' %}"),
    *(b"{% set a = a ~ a %}" * 40, b"{% set a = [1] %}" + b"{% set a = [a, a] %}" * 50 + b"${{ a }}", b"${{ 'x' | center(10 ** 9) }}"),
    *(b"${{ '%1000000000d' % 1 }}", b"${{ '{:1000000000}'.format(1) }}", b"${{ 2 ** 10 ** 9 }}", b"${{ range(99999) | sum }}"),
    *(b"{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", b"${{ ''.__class__.__mro__ }}"),
    *(b"${{ image('images/search.png') }}", b"${{ image('x') }}", b"${{ image(1) }}", b"{% call m() %}{% endcall %}", b"{% block a %}"),
    *(b"{% extends 'cyberflow.yaml' %}", b"{% import 'x.md' as x %}", b"{% filter upper %}<x>{% endfilter %}", b"{# a", b"#}"),
    *(b"{%- if 1 -%}", b"${{- 1 -}}", b"{% set a %}<x>{% endset %}${{ a }}", b"\xef\xb7\x90" b"7\xef\xb7\x91", b"\xef\xb7\x92" * 3),
    *(b"${{ vars | tojson }}", b"${{ [1, 2] | join(vars) }}", b"${{ 'a' | replace('', 'b' * 1000) }}", b"${{ none }}", b"${{ vars.items() }}"),
    *(b"${{ '\\ud800' }}", b"${{ 1e999 }}", b"${{ 'a' ~ x }}", b"{% for a in 7 %}{% endfor %}", b"${{ loop }}", b"${{ self }}", b"${{ caller() }}"),
)
