"""A path leaves the project.

Files outside the folder of cyberflow.yaml are not part of what is reviewed and built, so none is read, not even through
a symbolic link. A folder below it that has a cyberflow.yaml of its own is another project: its declarations are left
alone, and `sources` cannot name them.

     # flows.yaml
     workflows:
       lookup:
    -    prompt: {file: ../../shared/lookup.md}
    +    prompt: {file: shared/lookup.md}
     # shared/lookup.md
     Open the chart.
"""
