"""The language server: what `check` knows, while one types. A door over the one analysis, which decides nothing about
what is right; begin with `server`. It is the only room that knows pygls, and an extra.
"""
