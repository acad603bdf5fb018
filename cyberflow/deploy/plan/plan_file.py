"""The file of a plan: what `plan --out` leaves and `apply FILE` takes. It is made again and compared before anything is
written, so the file holds what to ask for and what the answer was, and no way to write without looking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from cyberflow.compiler.bundle import canonical_json
from cyberflow.deploy.plan.model import VERSION, Plan, PruneOptions
from cyberflow.errors import ConflictError, UsageError

KIND = "cyberflow plan"


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
    names = ("workflows", "delete_runs", "images", "force")
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
                "prune": {name: getattr(asked, name) for name in names},
                "plan": plan.to_json(),
            }
        )
        + "\n"
    )


def load_plan(text: str) -> SavedPlan:
    """Read the file. Raises UsageError when it is not one."""
    try:
        data = json.loads(text)
        if data["kind"] != KIND or data["version"] != VERSION:
            raise UsageError("this plan was saved by another version of cyberflow; make it again")
        asked = data["prune"]
        prune = PruneOptions(asked["workflows"], asked["delete_runs"], asked["images"], asked["force"])
        only = tuple(map(str, data["only"]))
        return SavedPlan(data["project"], data["target"], data["bundle"], data["digest"], only, prune)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError("this is not a saved plan", help="`cyberflow plan --out FILE` writes one") from error
