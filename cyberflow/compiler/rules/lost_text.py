r"""Something of a prompt does not arrive.

Markdown takes it for a part of its own syntax and leaves it out: a line that reads as the definition of a link, a cell
beyond the header of its table, the title of a link, what stands behind the opening of a fence, a comment of a template
that begins by accident. This is a warning.

     workflows:
       lookup:
         inputs: {mrn: string}
         prompt: |
           Open the chart of this number.

    -      [MRN]: <mrn>
    +      \[MRN]: <mrn>

Write it so that it stays text: `\[MRN]: <mrn>`.
"""
