"""The web page of `cyberflow dev`: runs, workflows and machines of the local platform, in a browser on this computer.

It holds no state and no secret; everything it shows comes from the REST API beside it.
"""
