"""May what a producer sends go where a consumer declares a type? Three-valued: only a mismatch that a witness proves is
`No`. Bare `object`, `array` and `any` promise nothing and are held to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from cyberflow.schema.describe import literal
from cyberflow.schema.keywords import says_nothing, well_formed
from cyberflow.schema.subtype.counterexample import Search
from cyberflow.schema.subtype.disjuncts import Budget, Scope, attempt
from cyberflow.schema.subtype.explain import reason
from cyberflow.schema.subtype.prove import Proof
from cyberflow.schema.validate import Validator
from cyberflow.schema.values import ABSENT, Path, Schema, freeze, is_json, without_empty


@dataclass(frozen=True, slots=True)
class Yes:
    """Proven: everything that is sent is accepted."""


@dataclass(frozen=True, slots=True)
class No:
    """Proven: the producer may send `witness` (`ABSENT`: nothing), and it is rejected at `path`, for `reason`."""

    witness: Any
    path: Path = ()
    reason: str = ""

    @property
    def text(self) -> str:
        """The witness as a message shows it."""
        return literal(self.witness)


@dataclass(frozen=True, slots=True)
class Unsure:
    """Neither is proven; nothing is to be said."""


Answer: TypeAlias = Yes | No | Unsure


def assignable(producer: Schema, consumer: Schema, *, may_be_absent: bool = False, required: bool = True) -> Answer:
    """Compare two types. `may_be_absent`: the producer may send nothing; `required`: the consumer needs a value."""
    if not well_formed(producer) or not well_formed(consumer):
        return Unsure()
    if may_be_absent and required:
        return No(ABSENT, (), "may be absent")
    if says_nothing(consumer) or attempt(_equal, producer, consumer) or attempt(_proven, producer, consumer):
        return Yes()
    return attempt(_refuted, producer, consumer) or Unsure()


def _equal(producer: Schema, consumer: Schema) -> bool:
    return bool(freeze(producer) == freeze(consumer))


def _validators(producer: Schema, consumer: Schema) -> tuple[Validator, Validator]:
    budget = Budget()
    return Validator(Scope(producer, budget)), Validator(Scope(consumer, budget))


def _proven(producer: Schema, consumer: Schema) -> bool:
    return Proof(*_validators(producer, consumer)).implies(producer, consumer)


def _refuted(producer: Schema, consumer: Schema) -> Answer:
    sender, receiver = _validators(producer, consumer)
    found = Search(sender, receiver, Proof(sender, receiver)).witness(producer, consumer)
    if found is None:
        return Unsure()
    return _no(found[0], consumer)


def _no(witness: Any, consumer: Schema) -> No:
    # A budget of its own: the search may have spent all but the last step.
    path, text = attempt(reason, Validator(Scope(consumer, Budget())), consumer, witness) or ((), "rejected")
    return No(witness, path, text)


def value_assignable(value: Any, consumer: Schema, *, required: bool = True) -> Answer:
    """Hold a literal against a type, `__EMPTY__` counting as absent wherever it stands and `__CLEAR__` as its text."""
    sent = without_empty(value) if is_json(value) else value
    if sent is ABSENT:
        return No(ABSENT, (), "`__EMPTY__` counts as absent") if required else Yes()
    if not well_formed(consumer) or not is_json(sent):
        return Unsure()
    validator = Validator(Scope(consumer, Budget()))
    verdict = attempt(validator.check, consumer, sent)
    if verdict is False:
        return _no(sent, consumer)
    return Yes() if verdict else Unsure()
