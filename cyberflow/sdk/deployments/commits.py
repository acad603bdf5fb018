"""The commit of what is deployed: that of the project's folder, when the bundle is what its sources compile to."""

from __future__ import annotations

from cyberflow.deploy.commit import current_commit
from cyberflow.errors import CyberflowError
from cyberflow.sdk.project import CompiledProject, compile_project


def deployed_commit(compiled: CompiledProject) -> str | None:
    """The commit as markers say it, with `+` where it alone may not give this content; None outside git."""
    sourced = compiled.sourced
    commit = current_commit(sourced.root, sourced.files.file_hashes())
    if commit is None or not compiled.from_file or _is_built_from_sources(compiled):
        return commit
    return commit.rstrip("+") + "+"


def _is_built_from_sources(compiled: CompiledProject) -> bool:
    """Whether the sources compile to the bundle that was read."""
    try:
        return compile_project(compiled.sourced.root, compiled.target).bundle.digest == compiled.bundle.digest
    except CyberflowError:
        return False
