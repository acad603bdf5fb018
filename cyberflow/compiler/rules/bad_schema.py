"""A type that cannot be read.

A type is a word (`string number integer boolean object array any`), a list of one (`string[]`), a name from `types:`,
nested notation, or JSON Schema 2020-12. A mapping is JSON Schema when it has `type`, `properties`, `items`, `enum`,
`const`, `anyOf`, `oneOf`, `allOf`, `not` or `$ref`; then every keyword must be one of JSON Schema's, or begin with
`x-`. A field with such a name is declared below `properties`.

     workflows:
       lookup:
         prompt: Open the chart of <mrn>, aged <age>.
         inputs:
    -      mrn: strng
    -      age: {type: integer, minimun: 0}
    +      mrn: string
    +      age: {type: integer, minimum: 0}
"""
