"""The compiler: a project becomes its graph, findings, and the bundle that is deployed and run. Reads files of the
project and nothing else of the world, no network, no clock. Begin with `check` for findings, `compile` for bundles.
"""
