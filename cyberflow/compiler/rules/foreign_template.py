r"""Double braces hold something that is neither a name nor a path.

`{{name}}` is a value that the agent sets during the run. Blanks, calls, filters, and paths that begin with `vars`,
`target`, `env` or `steps` are of other template languages, and go out as they stand. This is a warning.

     workflows:
       lookup:
         inputs: {mrn: string}
    -    prompt: Open the chart of {{ mrn }}.
    +    prompt: Open the chart of <mrn>.

A value that is known before the run is written `${{ vars.clinic }}`, an input `<name>`; for the text itself write
`\{{ vars.clinic }}`.
"""
