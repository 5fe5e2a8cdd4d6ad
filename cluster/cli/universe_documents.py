"""What `raydesk universe` prints with `--json`, made from the settings and what the universe's journal tells."""

from __future__ import annotations

from typing import Any

import msgspec

from cluster.host.settings_map import traded_symbols
from cluster.observe.universe import UniverseBook
from messages.universe import SymbolFigures, Tier


class UniverseEntry(msgspec.Struct, frozen=True):
    """One candidate. `state` is traded, leaving, banned or out; `since` when that began, if it is known (ns UTC).

    `tier`, `score`, `streak` and the figures are of the last cycle in which it was judged, null where there was none or
    the venue did not tell. `frozen`: its venue told nothing at all in the last cycle.
    """

    symbol: str
    state: str
    reason: str
    detail: str
    since: int | None
    tier: Tier | None
    score: float | None
    streak: int
    volume: float | None
    spread_bps: float | None
    depth: float | None
    volatility: float | None
    frozen: bool
    banned_until: int | None
    banned_by: str | None
    ban_reason: str | None


class UniverseDocument(msgspec.Struct, frozen=True):
    """`raydesk universe show`: the snapshot in force, and every candidate in the order of the settings."""

    desk: str
    mode: str
    version: int
    cause: str
    judged_at: int | None
    symbols: tuple[UniverseEntry, ...]


class UniverseCommandDocument(msgspec.Struct, frozen=True):
    """`raydesk universe add|remove|ban|unban`: whether it was taken over; `problem` why it was refused."""

    desk: str
    message_id: str
    confirmed: bool
    problem: str
    version: int
    symbols: tuple[UniverseEntry, ...]


def document_of(config: Any, book: UniverseBook) -> UniverseDocument:
    """The universe as it stands."""
    known = dict.fromkeys((*traded_symbols(config), *book.members, *book.leaving))
    return UniverseDocument(
        config.desk.name,
        config.universe.mode,
        book.version,
        book.cause,
        book.judged_at,
        tuple(_entry(symbol, book) for symbol in known),
    )


def _entry(symbol: str, book: UniverseBook) -> UniverseEntry:
    member, leaving, ban = book.members.get(symbol), book.leaving.get(symbol), book.bans.get(symbol)
    standing = book.standings.get(symbol)
    figures = book.figures.get(symbol, SymbolFigures(symbol))
    held = member or leaving
    if held is not None:
        state = "traded" if member is not None else "leaving"
        reason, since = held.reason.value, held.since
    else:
        state, since = ("banned" if ban is not None else "out"), book.gone.get(symbol)
        reason = "banned" if ban is not None else "not chosen" if standing is None else standing.reason.value
    return UniverseEntry(
        symbol=symbol,
        state=state,
        reason=reason,
        detail="" if standing is None else standing.detail,
        since=since,
        tier=None if standing is None else standing.tier,
        score=None if standing is None else standing.score,
        streak=0 if standing is None else standing.streak,
        volume=figures.volume,
        spread_bps=figures.spread_bps,
        depth=figures.depth,
        volatility=figures.volatility,
        frozen=symbol in book.frozen,
        banned_until=None if ban is None else ban.until,
        banned_by=None if ban is None else ban.by,
        ban_reason=None if ban is None else ban.reason,
    )
