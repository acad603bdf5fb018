"""May what a producer sends go where a consumer declares a type? Three-valued: only a mismatch that a witness proves is
`NotAssignable`. Bare `object`, `array` and `any` promise nothing and are held to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cyberflow.late import dataclass
from cyberflow.schema.describe import format_literal
from cyberflow.schema.keywords import accepts_anything
from cyberflow.schema.normal_form import readable
from cyberflow.schema.subtype.disjuncts import SchemaContext, WorkBudget, attempt
from cyberflow.schema.values import ABSENT, EMPTY, Schema, ValuePath, freeze, is_json, without_empty

if TYPE_CHECKING:
    from cyberflow.schema.validation.validate import Validator


@dataclass(frozen=True, slots=True)
class Assignable:
    """Proven: everything that is sent is accepted."""


@dataclass(frozen=True, slots=True)
class NotAssignable:
    """Proven: the producer may send `witness` (`ABSENT`: nothing), and it is rejected at `path`, for `reason`."""

    witness: Any
    path: ValuePath = ()
    reason: str = ""

    @property
    def witness_text(self) -> str:
        """The witness as a message shows it."""
        return format_literal(self.witness)


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Neither is proven; nothing is to be said."""


Assignability: TypeAlias = Assignable | NotAssignable | Undetermined


def check_assignable(
    producer: Schema, consumer: Schema, *, may_be_absent: bool = False, required: bool = True
) -> Assignability:
    """Compare two types. `may_be_absent`: the producer may send nothing; `required`: the consumer needs a value."""
    sent, wanted = readable(producer), readable(consumer)
    if sent is None or wanted is None:
        return Undetermined()
    if may_be_absent and required:
        return NotAssignable(ABSENT, (), "may be absent")
    return _compare(sent, wanted)


def _compare(producer: Schema, consumer: Schema) -> Assignability:
    if accepts_anything(consumer) or attempt(_are_equal, producer, consumer) or attempt(_prove, producer, consumer):
        return Assignable()
    return attempt(_refute, producer, consumer) or Undetermined()


def _are_equal(producer: Schema, consumer: Schema) -> bool:
    return bool(freeze(producer) == freeze(consumer))


def _validators(producer: Schema, consumer: Schema) -> tuple[Validator, Validator]:
    from cyberflow.schema.validation.validate import Validator

    budget = WorkBudget()
    return Validator(SchemaContext(producer, budget)), Validator(SchemaContext(consumer, budget))


def _prove(producer: Schema, consumer: Schema) -> bool:
    from cyberflow.schema.subtype.prove import SubtypeProver

    return SubtypeProver(*_validators(producer, consumer)).implies(producer, consumer)


def _refute(producer: Schema, consumer: Schema) -> Assignability:
    from cyberflow.schema.subtype.counterexample import CounterexampleSearch
    from cyberflow.schema.subtype.prove import SubtypeProver

    sender, receiver = _validators(producer, consumer)
    found = CounterexampleSearch(sender, receiver, SubtypeProver(sender, receiver)).find_witness(producer, consumer)
    if found is None:
        return Undetermined()
    return _explain_refutation(found[0], consumer)


def _explain_refutation(witness: Any, consumer: Schema, *, asserts_format: bool = False) -> NotAssignable:
    from cyberflow.schema.subtype.explain import explain_rejection
    from cyberflow.schema.validation.validate import Validator

    # A budget of its own: the search may have spent all but the last step.
    validator = Validator(SchemaContext(consumer, WorkBudget()), asserts_format)
    path, text = attempt(explain_rejection, validator, consumer, witness) or ((), "rejected")
    return NotAssignable(witness, path, text)


def check_value(value: Any, consumer: Schema, *, required: bool = True) -> Assignability:
    """Hold a literal against a type, `__EMPTY__` counting as absent wherever it stands and `__CLEAR__` as its text."""
    sent = ABSENT if value == EMPTY else without_empty(value) if is_json(value) else value
    if sent is ABSENT:
        return NotAssignable(ABSENT, (), "`__EMPTY__` counts as absent") if required else Assignable()
    wanted = readable(consumer)
    if wanted is None or not is_json(sent):
        return Undetermined()
    from cyberflow.schema.validation.validate import Validator

    validator = Validator(SchemaContext(wanted, WorkBudget()), asserts_format=True)
    verdict = attempt(validator.check, wanted, sent)
    if verdict is False:
        return _explain_refutation(sent, wanted, asserts_format=True)
    return Assignable() if verdict else Undetermined()
