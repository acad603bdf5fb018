"""A `Project` to a `Graph`, findings, and the `Bundle` that is deployed and run. Reads files of the project, and
nothing else of the world: no network, no clock.
"""

from cyberflow.compiler.bundle import ASSET, Asset, Bundle, BundledChain, BundledTask, BundledWorkflow, load_bundle
from cyberflow.compiler.check import RULES, check, check_target
from cyberflow.compiler.compile import compile_bundle

__all__ = [
    "ASSET",
    "RULES",
    "Asset",
    "Bundle",
    "BundledChain",
    "BundledTask",
    "BundledWorkflow",
    "check",
    "check_target",
    "compile_bundle",
    "load_bundle",
]
