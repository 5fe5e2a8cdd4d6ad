"""Candidates, figures and a universe that is played without any runtime."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.harness import Harness, Outputs
from actors.operations.universe.actor import UniverseActor
from actors.operations.universe.settings import Candidate, Steadiness, UniverseMode, UniverseSettings
from messages.base import Message
from messages.child_specs import ChildSpec
from messages.control import SessionStarted
from messages.universe import MarketObserved, ObserveMarket, SymbolFigures, UniverseChanged

HOUR = 3_600_000_000_000
BTC, ETH, SOL, XRP = "BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT"
SYMBOLS = (BTC, ETH, SOL, XRP)


def candidate(symbol: str, venue: str = "paper", *groups: str) -> Candidate:
    address = f"strategy/{symbol}"
    return Candidate(symbol, venue, (address, *groups), ChildSpec(id=address))


def market(symbol: str, **changes: Any) -> SymbolFigures:
    """A market good enough for every tier."""
    good = SymbolFigures(symbol, volume=100e6, spread_bps=2.0, depth=1e6, volatility=0.6)
    return msgspec.structs.replace(good, **changes)


def settings(mode: UniverseMode = UniverseMode.STATIC, **changes: Any) -> UniverseSettings:
    base = UniverseSettings(tuple(candidate(each) for each in SYMBOLS), mode)
    steady = Steadiness(changes_a_day=100, reentry=0)
    return msgspec.structs.replace(base, **{"steadiness": steady, **changes})


class Play:
    """A universe and what it said."""

    def __init__(self, chosen: UniverseSettings) -> None:
        self.settings = chosen
        self.harness: Harness[UniverseActor] = Harness(lambda: UniverseActor(chosen), now=1_000 * HOUR)
        self.outputs: Outputs = self.give(SessionStarted("desk"))

    def give(self, message: Message, sender: str = "operator") -> Outputs:
        self.outputs = self.harness.give(message, sender=sender)
        return self.outputs

    @property
    def state(self) -> Any:
        return self.harness.actor.state

    @property
    def members(self) -> list[str]:
        return list(self.state.members)

    def sent(self, kind: type[Message]) -> list[Any]:
        """What the last input made it send, of one kind."""
        return [each.message for each in self.outputs.sent if isinstance(each.message, kind)]

    @property
    def told(self) -> UniverseChanged | None:
        found = self.sent(UniverseChanged)
        return found[0] if found else None

    def cycle(self, *figures: SymbolFigures) -> None:
        """The next cycle with these figures."""
        if self.state.asked is None:
            self.harness.advance(self.settings.every)
        assert self.harness.actor.outstanding() == (ObserveMarket(self.state.asked, SYMBOLS),)
        self.give(MarketObserved(self.state.asked, figures), sender="universe")

    def cycles(self, count: int, *figures: SymbolFigures) -> None:
        for _ in range(count):
            self.cycle(*figures)
