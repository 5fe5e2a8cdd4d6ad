"""What execution remembers of a venue account as a whole; the part of its state that is about no single order."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.control import Mode
from messages.venue_account import VenueInstrument


def stranger_key(symbol: str, venue_order_id: str) -> str:
    """Names an order that is not ours: some venues number the orders of each symbol by themselves."""
    return f"{symbol}/{venue_order_id}"


class FillsQuestion(msgspec.Struct, frozen=True):
    """All fills since `since` (the venue's time, ns UTC) are wanted; `attempt` counts from 0.

    `strangers` are fills that were listed at desk time `time` (ns UTC) and that no known order explains.
    """

    since: int
    attempt: int
    strangers: tuple[str, ...]
    time: int


class Condition(msgspec.Struct, frozen=True):
    """What risk was told of the venue last, and when (`since`, desk time, ns UTC)."""

    mode: Mode
    detail: str
    person: bool
    since: int = 0


class DeadMan(msgspec.Struct):
    """The venue's countdown. `armed` are the symbols it may run for, `kept_until` when it ends unless started anew.

    `asked_at` is when the question under way was put (None: there is none), `wanted` its symbols; desk time, ns UTC.
    """

    armed: dict[str, None] = {}
    wanted: tuple[str, ...] = ()
    countdown: int = 0
    asked_at: int | None = None
    kept_until: int | None = None
    failures: int = 0
    lost: bool = False

    @property
    def renewed_all(self) -> bool:
        """Whether the last request was about every symbol for which the countdown may run."""
        return self.armed.keys() <= set(self.wanted)


class VenueState(msgspec.Struct):
    """- `fills_due`: symbols whose fills are asked for.
    - `heard_until`: until when (venue's time) every fill was told by the stream, or is asked for since it began anew.
    - `fills`: ids of the latest fills, so that one whose order was forgotten is known again.
    - `base_time`: fills up to then (venue's time) are contained in the account's first reading.
    - `compared_at`: when the account was last found equal (venue's time).
    - `ask_again`: the account must be asked for once more, as the answer under way may be older than the stream.
    - `differences`: by how much positions differed at the last look.
    - `exceeded`: what others' trades took of strategies' holdings and these were not told, signed base units by symbol.
    - `strangers`: the latest open orders that are not ours and were told, by `stranger_key`.
    - `instruments`, `instruments_at`: the rules, and the desk time (ns UTC) at which they were told.
    - `balances`: cash by currency, as last told and with what was booked since; empty until it is told.
    - `configured`: what the account was last brought to; `refused` what the venue would not do.
    """

    fills_due: dict[str, FillsQuestion] = {}
    heard_until: int | None = None
    fills: dict[str, None] = {}
    base_time: int | None = None
    compared_at: int | None = None
    ask_again: bool = False
    differences: dict[str, Decimal] = {}
    strangers: dict[str, None] = {}
    corrections: int = 0
    exceeded: dict[str, Decimal] = {}
    conditions: dict[str, Condition] = {}
    instruments: dict[str, VenueInstrument] = {}
    instruments_at: int | None = None
    instruments_attempt: int = 0
    balances: dict[str, Decimal] = {}
    configured: str = ""
    configure_attempt: int = 0
    refused: dict[str, str] = {}
    dead_man: DeadMan = msgspec.field(default_factory=DeadMan)
