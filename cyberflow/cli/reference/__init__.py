"""The reference: every key, word, command, option, exit code and JSON shape, from where each is defined. `explain` and
`docs/reference.md` are two readings of it; begin at `topics`.
"""
