"""A comment silences nothing.

`# cyberflow: ignore[rule] reason` silences the findings of a rule on its line, or on the line below when it stands
alone; above `prompt:` it covers the whole prompt. In a prompt it is `{# cyberflow: ignore[rule] reason #}`. Several
rules are separated by commas. Without a reason, or with a rule that found nothing there, it is of no use. This is a
warning.

     workflows:
       lookup:
    -    prompt: Open the chart of <mrn>.     # cyberflow: ignore[unused-input] nobody needs it
    +    prompt: Open the chart of <mrn>.
         inputs: {mrn: string}

Take the comment away, or give the reason.
"""
