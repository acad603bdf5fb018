"""A tag that a prompt may not hold is dropped; its text is kept.

Kept are paragraphs, headings, lists, tables, code, quotes, links, images and plain emphasis. `script` and `style` go
with their text. This is a warning.

     workflows:
       news:
    -    prompt: Read <iframe src="https://example.com"></iframe> aloud.
    +    prompt: Read <https://example.com> aloud.
"""
