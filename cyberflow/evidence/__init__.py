"""Evidence: which content a run executed, which commit wrote it, who approved that, and how sure all of it is.

It reads what others wrote down: the service its runs, workflows and versions, `run` its readings, `apply` its markers
and receipts, git its commits. It writes nothing but statements. Begin reading at `grade.py`, which is pure.
"""
