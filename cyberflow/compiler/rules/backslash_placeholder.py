r"""A backslash stands directly before a placeholder, inside a word.

    prompt: Save it as C:\in\<name>.

The platform would take the backslash for an escape, and type the placeholder itself. Windows takes `/` too.
"""
