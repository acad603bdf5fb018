"""The Python door: running what was declared and giving typed results, and the part of a run that the command line
shares with it. Prints nothing.

`run`, `arun` and `submit` stand behind the methods of decorated functions.
"""
