r"""A backslash stands directly before a placeholder, inside a word.

     workflows:
       save:
         inputs: {name: string}
    -    prompt: Save it as C:\in\<name>.
    +    prompt: Save it as C:/in/<name>.

The platform would take the backslash for an escape, and type the placeholder itself. Windows takes `/` too.
"""
