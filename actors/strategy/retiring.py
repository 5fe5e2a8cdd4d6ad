"""What a strategy actor does with a symbol that leaves the universe: enter nothing, leave, tell when nothing is held.

It goes on until the position is flat and every intent has ended, over any number of failed exits and restarts; then
the universe has the actor removed, or the symbol comes back and is traded as before. A fill that comes even later is
told to the universe, and closed.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.base import Context, applies, receives
from actors.strategy import leaving
from actors.strategy.intents import cancel_entries, forget_deferred
from actors.strategy.settings import StrategyActorSettings
from actors.strategy.shadowing import Shadowing
from actors.strategy.slot import Slot
from actors.strategy.state import Retirement
from messages.base import Address, Message
from messages.reasons import Reason
from messages.universe import (
    RetirementTold,
    SymbolHeld,
    SymbolReadmitted,
    SymbolRetired,
    SymbolRetiring,
    UniverseChanged,
)

UNIVERSE: Address = "universe"
_REASON = Reason.NOT_IN_UNIVERSE


class Retiring(Shadowing):
    """The part of the strategy actor that hears from the universe; see `actors.strategy.actor`."""

    settings: StrategyActorSettings

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input; afterwards go on with what is being left."""
        if self.state.retiring and not self.settings.has_universe:
            self._take_back(ctx)
        super().receive(message, ctx)
        if self.state.retiring:
            self._go_on(ctx)

    def _take_back(self, ctx: Context) -> None:
        """The settings have no universe any more."""
        for symbol, retirement in list(self.state.retiring.items()):
            ctx.emit(SymbolReadmitted(symbol, retirement.version, ctx.now))

    @receives(UniverseChanged)
    def _on_universe(self, message: UniverseChanged, ctx: Context) -> None:
        """Take the snapshot over: what left is left, what came back is traded again. They come in their order."""
        left = {each.symbol: each.version for each in message.leaving}
        own = dict.fromkeys(slot.settings.instrument.symbol for slot in self._slots.values())
        for symbol in own:
            known, since = self.state.retiring.get(symbol), left.get(symbol)
            if known is None and since is None and symbol in message.outside:
                since = message.version  # it never was in: what is held is from before there was a universe
            if since is not None and (known is None or known.version != since):
                ctx.emit(SymbolRetiring(symbol, since, ctx.now))
            elif known is not None and any(each.symbol == symbol for each in message.members):
                ctx.emit(SymbolReadmitted(symbol, message.version, ctx.now))

    def _go_on(self, ctx: Context) -> None:
        for symbol, retirement in list(self.state.retiring.items()):
            holds = self._holds(symbol, ctx)
            if holds and retirement.told:
                ctx.emit(SymbolRetiring(symbol, retirement.version, ctx.now))
                ctx.send(UNIVERSE, SymbolHeld(symbol))
            elif not holds and not retirement.told:
                ctx.emit(RetirementTold(symbol, retirement.version))
                ctx.send(UNIVERSE, SymbolRetired(symbol, retirement.version))

    def _holds(self, symbol: str, ctx: Context) -> bool:
        """Have everything of a symbol closed that can be; whether anything is left of it."""
        for slot in self._slots_of(symbol):
            if slot.state.exiting is not None or slot.observing:
                continue
            if slot.state.position.direction:
                leaving.leave(slot, ctx, _REASON)
            elif slot.state.intents or slot.state.deferred is not None:
                forget_deferred(slot, ctx)
                cancel_entries(slot, ctx, _REASON)
        states = [each for each in self.state.strategies.values() if each.symbol == symbol]
        return any(each.position.direction or each.intents for each in states)

    def _slots_of(self, symbol: str) -> Iterator[Slot]:
        return (slot for slot in self._slots.values() if slot.settings.instrument.symbol == symbol)

    @applies(SymbolRetiring)
    def _remember_retiring(self, event: SymbolRetiring) -> None:
        self.state.retiring[event.symbol] = Retirement(event.version)

    @applies(SymbolReadmitted)
    def _remember_readmitted(self, event: SymbolReadmitted) -> None:
        del self.state.retiring[event.symbol]

    @applies(RetirementTold)
    def _remember_told(self, event: RetirementTold) -> None:
        self.state.retiring[event.symbol].told = True
