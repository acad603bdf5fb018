"""A value is of another kind than its key takes.

Often YAML read something else than was meant.

    exports: yes                     # text in YAML 1.2; write `true`
    prompt: {name}                   # a mapping; quote it, or write `<name>`
    title: {a: Hello, world}         # a comma inside `{ }` splits
"""
