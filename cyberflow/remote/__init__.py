"""The state of an account: whose each workflow is, what it says in canonical form, what it should say, and whether a
target has what a project names. It reads and compares, and never writes. Begin at `snapshot` and `identity`.
"""
