r"""A template does not parse, or fails.

`${{ expr }}` and blocks are Jinja2, sandboxed and strict: what is not defined is an error. In scope are `vars`,
`target` and `image(path, alt)`; a result must be text, a number, a boolean, a list or a mapping. `\${{` is literal.

     # cyberflow.yaml
     project: clinic
     vars: {clinic: north}
     workflows:
       list-visits:
    -    prompt: Open the list of ${{ vars.clnic }}.
    +    prompt: Open the list of ${{ vars.clinic }}.
"""
