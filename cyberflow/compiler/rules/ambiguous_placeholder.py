"""A word in angle brackets is an element of HTML and a declared input.

     workflows:
       fill:
         inputs: {data: object}
    -    prompt: Type <data>.
    +    prompt: Type {data}.

Write the wire form, `{data}`, or rename the input.
"""
