"""The part of the universe actor that has symbols left: who still holds them, who was given up, who may be removed."""

from __future__ import annotations

from actors.base import Context, receives
from actors.operations.universe.memory import UniverseMemory, UniverseState
from actors.operations.universe.settings import Candidate, UniverseSettings
from messages.base import Address
from messages.supervision import AddChild, GiveUpPolicy, RemoveChild, RetryChild, StrategyGivenUp
from messages.universe import (
    LeaverHandedOver,
    LeaverReported,
    StrategyHandled,
    SymbolGone,
    SymbolRetired,
    TraderGivenUp,
    TraderRetried,
)

STRATEGIES: Address = "supervisor/strategies"


class Leaving(UniverseMemory):
    """Starts and removes the strategy actors of symbols, and hears from those that trade what leaves."""

    def __init__(self, settings: UniverseSettings, address: Address) -> None:
        super().__init__(address, UniverseState())
        self.settings = settings
        self._candidates: dict[str, Candidate] = {each.symbol: each for each in settings.candidates}

    def _start(self, symbol: str, ctx: Context) -> None:
        """Have the symbol's own strategy actor run; those of its groups run anyway."""
        candidate = self._candidates.get(symbol)
        if candidate is not None and candidate.child is not None:
            ctx.send(STRATEGIES, AddChild(candidate.child))

    @receives(SymbolRetired)
    def _on_retired(self, message: SymbolRetired, ctx: Context) -> None:
        """An actor holds nothing of a leaving symbol any more; word about an earlier leaving is void."""
        leaving = self.state.leaving.get(message.symbol)
        if leaving is not None and message.version >= leaving.version:
            self._report(message.symbol, ctx.sender, ctx)

    def _report(self, symbol: str, address: Address, ctx: Context) -> None:
        if address not in self.state.reported.get(symbol, {}):
            ctx.emit(LeaverReported(symbol, address))
        self._end_if_flat(symbol, ctx)

    @receives(StrategyGivenUp)
    def _on_given_up(self, message: StrategyGivenUp, ctx: Context) -> None:
        """Execution looks after what it holds; of a symbol that leaves nothing may be held, with a stop or without."""
        ctx.emit(TraderGivenUp(message.strategy, ctx.now))
        for symbol in message.symbols:
            if symbol in self.state.leaving:
                self._hand_over(symbol, ctx)

    @receives(StrategyHandled)
    def _on_handled(self, message: StrategyHandled, ctx: Context) -> None:
        """What was given up holds nothing any more: as if it had told itself. One that runs again speaks for itself."""
        if message.strategy not in self.state.given_up:
            return
        for symbol in message.symbols:
            if symbol in self.state.leaving:
                self._report(symbol, message.strategy, ctx)

    def _try_once_more(self, symbol: str, ctx: Context) -> None:
        """Nobody leaves better than the symbol's own strategies; when they fail again, we hear of it."""
        candidate = self._candidates.get(symbol)
        child = None if candidate is None else candidate.child
        if child is not None and child.id in self.state.given_up:
            ctx.emit(TraderRetried(child.id, ctx.now))
            ctx.send(STRATEGIES, RetryChild(child.id))

    def _hand_over(self, symbol: str, ctx: Context) -> None:
        """Have the positions of the symbol's own actor closed where it would only have been held with a stop."""
        candidate = self._candidates.get(symbol)
        child = None if candidate is None else candidate.child
        order = None if child is None else child.on_give_up
        if child is None or order is None or child.id not in self.state.given_up:
            return
        ctx.emit(LeaverHandedOver(symbol, child.id, ctx.now))
        if order.policy is GiveUpPolicy.FLATTEN:
            return  # so it was told already
        for executor in order.executors:
            if executor != ctx.address:
                ctx.send(executor, StrategyGivenUp(child.id, (symbol,), GiveUpPolicy.FLATTEN, order.stop))

    def _end_if_flat(self, symbol: str, ctx: Context) -> None:
        """Remove the strategy actor of a symbol once all that trade it hold nothing."""
        candidate = self._candidates.get(symbol)
        actors = () if candidate is None else candidate.actors
        told = self.state.reported.get(symbol, {})
        if any(address not in told for address in actors):
            return
        ctx.emit(SymbolGone(symbol, self.state.version, ctx.now))
        if candidate is None:  # the settings have dropped it, and the supervisor may not have heard of that
            ctx.send(STRATEGIES, RemoveChild(f"strategy/{symbol}"))
        elif candidate.child is not None:
            ctx.send(STRATEGIES, RemoveChild(candidate.child.id))
