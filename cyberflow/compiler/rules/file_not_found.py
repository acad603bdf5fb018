"""A file that a declaration names is not there, or cannot be read.

Paths are relative to the file that names them; a leading `/` means the project. They are written with `/`, in the exact
case of the file. Text files are UTF-8. A YAML file or folder of the project that cannot be read is an error too, since
it may hold declarations; one that git ignores, or that `sources` does not name, is not looked at.

     # flows.yaml
     workflows:
       lookup:
    -    prompt: {file: prompts/Lookup.md}
    +    prompt: {file: prompts/lookup.md}
     # prompts/lookup.md
     Open the chart.
"""
