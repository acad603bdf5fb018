"""A `Project` to a `Graph`, findings, and the `Bundle` that is deployed and run. Reads files of the project, and
nothing else of the world: no network, no clock.
"""
