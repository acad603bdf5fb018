"""A shared file is removed before later steps can read it.

The files of a chain reach its first run, and `cleanup` removes them when that run ends. With several steps the later
ones find no file. This is a warning.

     workflows:
       read-list: {prompt: Read the list.}
       book-all: {prompt: Book what is on the list.}
     chains:
       intake:
    -    files: [{path: data/seed.csv, target: 'C:/in/seed.csv', cleanup: true}]
    +    files: [{path: data/seed.csv, target: 'C:/in/seed.csv'}]
         steps:
           - {id: read, workflow: read-list}
           - {id: book, workflow: book-all}

Leave `cleanup` out, and let the last step delete the file.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Fix, Removal


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for index, file in enumerate(chain.body.files):
            if file.cleanup and len(chain.steps) > 1:
                message = f"this file is gone when `{chain.steps[1].id}` begins"
                labels = (Label(chain.steps[0].at("id"), "removed after this step"),)
                place = chain.at("files", index, "cleanup").at_key()
                help = "leave `cleanup` out, and let the last step delete the file"
                fix = Fix("take `cleanup` away", (Removal(place),))
                yield Diagnostic("cleanup-before-use", message, place, labels=labels, help=help, fix=fix)
