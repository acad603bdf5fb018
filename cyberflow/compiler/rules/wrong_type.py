"""A value is of another kind than its key takes.

Often YAML read something else than was meant.

     workflows:
       lookup:
    -    exports: yes
    -    title: 2026
    -    prompt: {name}
    +    exports: true
    +    title: '2026'
    +    prompt: <name>
         inputs: {name: string}
"""
