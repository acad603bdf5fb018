"""Cyberun as far as the local platform has it: the runtime endpoints below `/api/v1`, simulated tasks, and a store that
takes and gives files through signed addresses. It draws pictures in place of computing them.
"""
