"""A Python module cannot be read as declarations.

The module raises while it is imported, an annotation has no JSON Schema, or the function of a chain asks for a value
that is known only when the chain runs. A chain's function runs once, when the project is read: its parameters, and what
a step returns, are symbols. They give paths (`found.mrn`) and go into f-strings; they refuse `==`, `if`, `in`, `len`,
loops, `str` and arithmetic. An f-string holds inputs of the chain only, no outputs and no secrets.

    found = patient_lookup(patient=patient)
    if found.mrn == "":                                     # unknown yet: a workflow can decide, in its prompt
        return None
    book_visit(mrn=found.mrn, reason=f"See {found.name}")   # pass it as an input of its own
"""
