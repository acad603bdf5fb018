"""A Python module cannot be read as declarations.

The module raises while it is imported, an annotation has no JSON Schema, or the function of a chain asks for a value
that is known only when the chain runs. A chain's function runs once, when the project is read: its parameters, and what
a step returns, are symbols. They give paths (`found.mrn`) and go into f-strings; they refuse `==`, `if`, `in`, `len`,
loops, `str` and arithmetic. An f-string holds inputs of the chain only, no outputs and no secrets.

     # flows/intake.py
     from cyberflow import chain, workflow_ref

     patient_lookup = workflow_ref("patient-lookup")
     book_visit = workflow_ref("book-visit")


     @chain
     def intake(name: str) -> None:
         found = patient_lookup(name=name)
    -    if found.mrn == "":                                     # unknown yet: a workflow can decide, in its prompt
    -        return
    -    book_visit(mrn=found.mrn, reason=f"See {found.name}")   # an output does not go into a text
    +    book_visit(mrn=found.mrn, reason=f"Visit of {name}")
     # flows/lookup.yaml
     workflows:
       patient-lookup: {prompt: Find <name>., inputs: {name: string}, outputs: {mrn: string, name: string}}
       book-visit: {prompt: Book <reason> for <mrn>., inputs: {mrn: string, reason: string}}
"""
