"""A path leaves the project.

Files outside the folder of cyberflow.yaml are not part of what is reviewed and built, so none is read, not even through
a symbolic link.

    prompt: {file: ../../shared/lookup.md}
"""
