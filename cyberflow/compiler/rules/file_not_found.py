"""A file that a declaration names is not there, or cannot be read.

Paths are relative to the file that names them; a leading `/` means the project. They are written with `/`, in the exact
case of the file. Text files are UTF-8.

    prompt: {file: prompts/Lookup.md}          # the file is prompts/lookup.md
"""
