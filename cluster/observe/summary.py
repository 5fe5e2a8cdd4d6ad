"""The outcome of a run in one document: what `raydesk run --json` prints and the summary table shows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from cluster.observe.fingerprint import fingerprint
from cluster.observe.projection import Projection
from cluster.store.port import ActorStatus
from messages.base import Address
from messages.intents import Verdict


class ActorSummary(msgspec.Struct, frozen=True):
    """One actor's life so far; `pid` is its last process, None when it never had one."""

    pid: int | None
    epoch: int
    steps: int
    restarts: int
    journal_length: int


class RunSummary(msgspec.Struct, frozen=True):
    """A run. Money in the desk's base currency, as decimal text; None where it can't be known.

    `rejected` counts risk's rejections by reason, so that approved, resized and rejected add up to the intents that
    were decided. `orders` counts by final state, `fees` adds up by currency, `positions` gives base units of what is
    still held. `realized` and `unrealized` are before fees: what NAV gained is realized + unrealized - fees + funding.
    """

    fingerprint: str
    intents: int
    approved: int
    resized: int
    rejected: dict[str, int]
    orders: dict[str, int]
    fills: int
    fees: dict[str, Decimal]
    positions: dict[str, Decimal]
    cash: Decimal | None
    nav: Decimal | None
    realized: Decimal
    unrealized: Decimal | None
    funding: Decimal
    actors: dict[Address, ActorSummary]
    config_hash: str


def run_summary(projection: Projection, statuses: Sequence[ActorStatus], config_hash: str) -> RunSummary:
    """The summary of everything the projection has seen, with the actors as the store shows them."""
    desk, books = projection.orders, projection.books
    return RunSummary(
        fingerprint=fingerprint(projection),
        intents=desk.intents_seen,
        approved=desk.verdicts[Verdict.APPROVED],
        resized=desk.verdicts[Verdict.RESIZED],
        rejected={reason.value: count for reason, count in sorted(desk.rejected.items())},
        orders={state.value: count for state, count in sorted(desk.states().items()) if count},
        fills=desk.fills_seen,
        fees={currency: plain(amount) for currency, amount in sorted(desk.fees.items())},
        positions=_positions(projection),
        cash=None if books.cash is None else plain(books.cash),
        nav=None if books.nav is None else plain(books.nav),
        realized=plain(books.realised),
        unrealized=None if books.unrealised is None else plain(books.unrealised),
        funding=plain(books.funding),
        actors=_actors(projection, statuses),
        config_hash=config_hash,
    )


def summary(projection: Projection, statuses: Sequence[ActorStatus], config_hash: str) -> dict[str, Any]:
    """`run_summary` as plain maps, decimals as text: ready for JSON."""
    plain_form: dict[str, Any] = msgspec.to_builtins(run_summary(projection, statuses, config_hash))
    return plain_form


def plain(amount: Decimal) -> Decimal:
    """The amount without trailing zeros or an exponent, so that equal amounts read alike."""
    return Decimal(f"{amount.normalize():f}") if amount else Decimal(0)


def _positions(projection: Projection) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for holding in projection.books.open_positions():
        total[holding.symbol] = total.get(holding.symbol, Decimal(0)) + holding.position
    return {symbol: plain(quantity) for symbol, quantity in sorted(total.items())}


def _actors(projection: Projection, statuses: Sequence[ActorStatus]) -> dict[Address, ActorSummary]:
    restarts = projection.family.restarts()
    return {
        status.address: ActorSummary(
            pid=None if status.incarnation is None else status.incarnation.pid,
            epoch=status.epoch,
            steps=status.step,
            restarts=restarts.get(status.address, max(0, status.epoch - 1)),
            journal_length=status.journal_length,
        )
        for status in sorted(statuses, key=lambda each: each.address)
    }
