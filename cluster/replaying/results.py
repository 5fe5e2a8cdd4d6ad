"""What replay, what-if and parity find, as documents: their JSON is a promise to scripts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from messages.base import Address
from messages.intents import Verdict
from messages.reasons import Reason

Plain = dict[str, Any]
"""A message as its fields, with its type's name under `type`."""

Row = dict[str, Any]
"""An order or a fill, by field."""


class Difference(msgspec.Struct, frozen=True):
    """The first thing in which a replay differs from the record.

    `what` names it: inputs, events, fault, outputs, delivered, a counter, digest, recovery or error. `recorded` and
    `replayed` are the two sides, `lines` their difference as people read it. `time` is the step's desk time, ns UTC.
    """

    actor: Address
    step: int
    time: int
    inputs: tuple[str, ...]
    what: str
    recorded: Any
    replayed: Any
    lines: tuple[str, ...]


class ActorReplay(msgspec.Struct, frozen=True):
    """How the replay of one actor went.

    `from_step` is the step it began after (0: the very beginning), `steps` how many were decided again, the one that
    differs included. `skipped` says why it could not be replayed at all; `notes` what was passed over.
    """

    actor: Address
    from_step: int
    steps: int
    events: int
    difference: Difference | None
    skipped: str | None
    notes: tuple[str, ...]


class VerdictView(msgspec.Struct, frozen=True):
    """Risk's answer to an intent. `check`, `limit`, `observed` and `unit` are those of the failed check that allows
    least; None when all passed. `reason` is the headline: the first failing check. `quantity` is what was approved,
    in base units.
    """

    verdict: Verdict
    reason: Reason
    quantity: Decimal
    check: str | None
    limit: Decimal | None
    observed: Decimal | None
    unit: str


class ChangedDecision(msgspec.Struct, frozen=True):
    """An intent to which risk would have answered otherwise. `time` is desk time, ns UTC."""

    step: int
    time: int
    intent_id: str
    strategy: str
    symbol: str
    side: str
    requested: Decimal
    before: VerdictView
    after: VerdictView


class ChangedStep(msgspec.Struct, frozen=True):
    """A step without a changed answer to an intent that would have said something else all the same."""

    actor: Address
    step: int
    time: int
    inputs: tuple[str, ...]
    before: tuple[Plain, ...]
    after: tuple[Plain, ...]
    error: str | None


class ActorWhatIf(msgspec.Struct, frozen=True):
    """What would have been different at one actor; `skipped` says why that can't be told."""

    actor: Address
    from_step: int
    steps: int
    decisions: int
    changed: tuple[ChangedDecision, ...]
    other: tuple[ChangedStep, ...]
    skipped: str | None
    notes: tuple[str, ...]


class RowDifference(msgspec.Struct, frozen=True):
    """The first order or fill in which two runs differ; None on the side that has no such row."""

    kind: str
    number: int
    first: Row | None
    second: Row | None


class Side(msgspec.Struct, frozen=True):
    """One of the two runs, without its rows."""

    source: str
    fingerprint: str
    orders: int | None
    fills: int | None
    complete: bool
    empty: bool


class ParityDocument(msgspec.Struct, frozen=True):
    """`raydesk parity`. `equal` is False as well when a run is empty."""

    first: Side
    second: Side
    equal: bool
    difference: RowDifference | None
