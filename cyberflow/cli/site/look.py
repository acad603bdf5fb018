"""How the page looks: on a screen of any width, light or dark, and on paper."""

from __future__ import annotations

from typing import Final

CSS: Final = """\
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0 auto; padding: 32px 24px 64px; max-width: 1000px; background: var(--ground); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; }
h1 { font-size: 30px; }
h2 { font-size: 22px; margin-top: 48px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h3 { font-size: 17px; }
h4 { font-size: 13px; margin: 18px 0 4px; color: var(--quiet); }
p { margin: 6px 0; }
a { color: var(--input); text-decoration: none; }
a:hover { text-decoration: underline; }
code, mark { font: 0.88em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
mark { padding: 1px 4px; border-radius: 4px; background: var(--box); color: var(--input); }
nav { columns: 220px; margin: 20px 0; }
nav section { break-inside: avoid; margin-bottom: 12px; }
nav h4 { margin-top: 0; }
nav ul { list-style: none; margin: 0; padding: 0; }
article { margin-top: 22px; padding: 16px 20px 20px; border: 1px solid var(--line); border-radius: 10px; }
.p-quiet { color: var(--quiet); }
.p-picture { margin: 14px 0; overflow-x: auto; }
.p-picture svg { display: block; max-width: max(100%, 680px); height: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:first-child { overflow-wrap: break-word; }
th { font-size: 12px; font-weight: 600; color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 18px; margin: 12px 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.p-prompt { margin-top: 6px; padding: 10px 18px; border-left: 3px solid var(--line); background: var(--box);
  white-space: pre-line; }
.p-prompt :is(h1, h2, h3, h4, h5, h6) { margin: 12px 0 4px; padding: 0; border: 0; font-size: 15px;
  color: var(--text); }
.p-prompt img { max-width: 100%; vertical-align: middle; border: 1px solid var(--line); border-radius: 4px; }
.p-prompt pre { overflow-x: auto; }
.p-prompt :is(ol, ul) { padding-left: 24px; white-space: normal; }
.p-passed { color: var(--output); } .p-failed, .p-error { color: var(--secret); font-weight: 600; }
footer { margin-top: 56px; color: var(--quiet); font-size: 13px; }
@media (max-width: 600px) {
  body { padding: 20px 14px 40px; }
  article { padding: 12px 12px 16px; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
  article thead { display: none; }
  article tr { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); }
  article td { display: block; padding: 1px 0; border: 0; }
  article td:empty { display: none; }
  article td + td::before { content: attr(data-name) ": "; color: var(--quiet); font-size: 12px; }
}
@media print {
  :root { --ground: #fff; --text: #000; --quiet: #555; --box: #f6f8fa; --line: #bbb; --wire: #555; }
  body { max-width: none; padding: 0; font-size: 12px; }
  nav { display: none; }
  article { border: 0; padding: 0; }
  h2, h3, h4 { break-after: avoid; }
  tr, .p-picture, .p-prompt img { break-inside: avoid; }
  .p-picture { overflow: visible; }
  .p-picture svg { max-width: 100%; height: auto; }
}
"""
