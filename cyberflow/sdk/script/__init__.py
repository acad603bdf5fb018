"""The journal of a Python script: chains, workflows and tasks under keys of the author, each submitted once whatever
becomes of the script. Begin reading at `journal`.
"""
