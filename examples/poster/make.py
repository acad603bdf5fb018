"""A poster from a GPU, put on the screens by a desktop agent: the task's image is the chain's file."""

import sys

from flows.publish import publish

from cyberflow import CyberflowError, task_ref

heading = sys.argv[1] if len(sys.argv) > 1 else "Flu shots from Monday"
try:
    made = task_ref("poster").run(target="local", heading=heading, options={"download": "made"})
    image = made.outputs["9.images.0"].path
    shown = publish.run(target="local", files={"poster": image}, headline=heading)
except CyberflowError as error:
    sys.exit(f"{error.message}: {error.help}")
print(f"{image} is on: {shown.slot}")
