"""The rules, one per file: a generator of findings over the graph. A rule's module docstring is its documentation, its
file name its name with `_` for `-`. Rules that the readers of files and prompts find have a docstring and no `find`.
"""
