"""A comment silences nothing.

`# cyberflow: ignore[rule] reason` silences the findings of a rule on its line, or on the line below when it stands
alone; above `prompt:` it covers the whole prompt. In a prompt it is `{# cyberflow: ignore[rule] reason #}`. Several
rules are separated by commas. Without a reason, or with a rule that found nothing there, it is of no use. This is a
warning.

    mrn: {$ref: lookup.outputs.mrn}      # cyberflow: ignore[untyped-output] the agent is free here

Take the comment away, or give the reason.
"""
