"""The file of a plan: what `plan --out` leaves and `apply FILE` takes. It is made again and compared before anything is
written, so the file holds what to ask for and what the answer was, and no way to write without looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from cyberflow.compiler.bundle import canonical_json
from cyberflow.deploy.plan.model import VERSION, Plan, PruneOptions
from cyberflow.errors import ConflictError, UsageError
from cyberflow.storage import parse_json

KIND = "cyberflow plan"
_TEXTS = ("project", "target", "bundle", "digest")
_PRUNE = ("workflows", "delete_runs", "images", "force")
T = TypeVar("T")


@dataclass(frozen=True)
class SavedPlan:
    """What a plan was made from, and its digest."""

    project: str
    target: str
    bundle: str
    digest: str
    only: tuple[str, ...] = ()
    prune: PruneOptions | None = None

    def ensure_matches(self, plan: Plan) -> None:
        """Raise ConflictError when the plan that is made now is not the one that was saved."""
        if plan.bundle.digest != self.bundle:
            raise ConflictError(
                "the plan is stale: the project is no longer what it was made from",
                help="make it again, or check out the commit that it was made from",
            )
        if plan.digest != self.digest:
            raise ConflictError(
                "the plan is stale: the target moved since it was made", help="make it again with `cyberflow plan`"
            )


def dump_plan(plan: Plan) -> str:
    """Give the text of the file."""
    asked = plan.prune or PruneOptions(workflows=False)
    return (
        canonical_json(
            {
                "kind": KIND,
                "version": VERSION,
                "project": plan.bundle.project,
                "target": plan.bundle.target,
                "bundle": plan.bundle.digest,
                "digest": plan.digest,
                "only": list(plan.only),
                "prune": {name: getattr(asked, name) for name in _PRUNE},
                "plan": plan.to_json(),
            }
        )
        + "\n"
    )


def load_plan(text: str) -> SavedPlan:
    """Read the file. Raises UsageError, with the reason, when it is not one."""
    try:
        data = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise _not_a_plan("it cannot be read as JSON") from error
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise _not_a_plan(f"its `kind` is not `{KIND}`")
    if data.get("version") != VERSION:
        raise UsageError("this plan was saved by another version of cyberflow; make it again")
    project, target, bundle, digest = (_read(data, name, str, "a text") for name in _TEXTS)
    only, asked = _read(data, "only", list, "a list of names"), _read(data, "prune", dict, "a mapping")
    if not all(isinstance(name, str) for name in only):
        raise _not_a_plan("`only` is not a list of names")
    workflows, delete_runs, images, force = (_read(asked, name, bool, "true or false") for name in _PRUNE)
    prune = PruneOptions(workflows, delete_runs, images, force)
    return SavedPlan(project, target, bundle, digest, tuple(only), prune)


def _read(data: dict[str, Any], name: str, kind: type[T], words: str) -> T:
    value = data.get(name)
    if not isinstance(value, kind):
        raise _not_a_plan(f"`{name}` is not {words}")
    return value


def _not_a_plan(why: str) -> UsageError:
    return UsageError(f"this is not a saved plan: {why}", help="`cyberflow plan --out FILE` writes one")
