"""Which symbols a simulated desk trades while they come and go: who is to run, and whether those that went are left.

The universe's outside is here too: markets whose figures are drawn, and that at times tell nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from random import Random
from typing import Protocol

from actors.execution.state import ExecutionState
from actors.operations.universe.actor import UNIVERSE
from actors.operations.universe.memory import UniverseState
from actors.strategy.state import StrategyActorState
from cluster.host.strategy_places import strategy_places
from cluster.host.universe_map import has_universe, is_dynamic
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.host import DeskHost, Reply
from cluster.simulator.desk.shape import DeskShape
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.invariants import Shadow
from messages.base import Address, Effect, Message
from messages.reasons import Reason
from messages.universe import (
    AddSymbol,
    BanSymbol,
    MarketObserved,
    ObserveMarket,
    RemoveSymbol,
    SymbolFigures,
    UnbanSymbol,
)
from supervisors.state import SupervisorState
from supervisors.tree import STRATEGIES

_ZERO = Decimal(0)
_LONGEST_ANSWER = 300 * MILLISECOND


class Membership:
    """See the module docstring; reads what committed events made of everybody. `exists` where there is a universe."""

    def __init__(self, shape: DeskShape, shadows: Mapping[Address, Shadow], chance: Random) -> None:
        self._shadows = shadows
        config = shape.config
        self.exists = has_universe(config, shape.feed)
        places = strategy_places(config) if self.exists else ()
        self.actors: dict[str, list[Address]] = {
            symbol: [place.address for place in places if symbol in place.symbols]
            for symbol in config.symbols
            if any(symbol in place.symbols for place in places)
        }
        """by symbol, the strategy actors that trade it"""
        self._own = {place.address: place.symbols[0] for place in places if is_dynamic(place)}
        symbols = list(self.actors)
        out = [symbol for symbol in symbols if chance.random() < 0.5] if self.exists else []
        self._out_at_last = dict.fromkeys(out[: len(symbols) - 1])

    @property
    def _state(self) -> UniverseState:
        state = self._shadows[UNIVERSE].actor.state
        assert isinstance(state, UniverseState)
        return state

    def command(self, chance: Random) -> Message:
        """What a person wants of a symbol, drawn."""
        symbol = chance.choice(list(self.actors))
        commands: tuple[Message, ...] = (
            AddSymbol(symbol, "operator"),
            AddSymbol(symbol, "operator"),
            RemoveSymbol(symbol, "operator"),
            RemoveSymbol(symbol, "operator"),
            BanSymbol(symbol, "operator", "planned", chance.choice((None, 500 * MILLISECOND))),
            UnbanSymbol(symbol, "operator"),
        )
        return chance.choice(commands)

    def last_words(self, *, all_in: bool = False) -> Iterator[Message]:
        """What people want of every symbol in the end, whatever bans and figures have come to.

        Before that they want `all_in`, so that what is to go has been traded, and is held.
        """
        for symbol in self.actors:
            if symbol in self._out_at_last and not all_in:
                yield RemoveSymbol(symbol, "operator")
            else:
                yield UnbanSymbol(symbol, "operator")
                yield AddSymbol(symbol, "operator")

    def is_absent(self, address: Address) -> bool:
        """Whether this is the strategy actor of a symbol that is neither traded nor left."""
        symbol = self._own.get(address)
        if symbol is None:
            return False
        return symbol not in self._state.members and symbol not in self._state.leaving

    def unsettled(self, named: Mapping[Address, DeskHost], parked: set[Address]) -> Iterator[str]:
        """What is not at rest yet, in words. A symbol can't be left while one that trades it is parked."""
        if not self.exists:
            return
        state = self._state
        wanted = [symbol for symbol in self.actors if symbol not in self._out_at_last]
        if list(state.members) != wanted:
            yield f"{UNIVERSE} trades {list(state.members)} where people want {wanted}"
        for symbol in state.leaving:
            left_alone = any(address in parked for address in self.actors[symbol])
            if not left_alone and not self._is_held_against_others(symbol):
                yield f"{UNIVERSE}: {symbol} is still leaving, told by {list(state.reported.get(symbol, ()))}"
        supervisor = self._shadows[STRATEGIES].actor.state
        assert isinstance(supervisor, SupervisorState)
        for address in self._own:
            there = address in named or address in supervisor.children
            if there is self.is_absent(address) and address not in parked:
                yield f"{address} is {'there though its symbol has left' if there else 'not there'}"

    def _is_held_against_others(self, symbol: str) -> bool:
        """Whether a desk that drains holds what no exit may leave: beside what others hold it adds to the account."""
        states = [shadow.actor.state for shadow in self._shadows.values()]
        desks = [each for each in states if isinstance(each, ExecutionState) and each.draining]
        account = sum((each.positions.get(symbol, _ZERO) for each in desks), _ZERO)
        held = [
            each.position.quantity
            for state in states
            if isinstance(state, StrategyActorState)
            for each in state.strategies.values()
            if each.symbol == symbol
        ]
        return bool(desks) and any(abs(account - each) > abs(account) for each in held)

    def check_left(self) -> list[str]:
        """The symbols that have left, once all is at rest. Raises `Finding` where one of them is still held."""
        if not self.exists:
            return []
        state = self._state
        gone = [
            symbol for symbol in self.actors if symbol not in state.members and symbol not in state.leaving
        ]
        for address, shadow in self._shadows.items():
            own = shadow.actor.state
            if not isinstance(own, StrategyActorState):
                continue
            for each in own.strategies.values():
                if each.symbol in gone and (each.position.quantity or each.intents):
                    what = f"{each.strategy} holds a symbol that has left the universe: {each.symbol}"
                    raise Finding(4, what, actors=(address, UNIVERSE), value=each.position.quantity)
        return gone


class FiguresWorld(Protocol):
    """What the universe's outside needs of its world."""

    chance: Random


class UniverseErrands:
    """The outside of the universe's process; see `cluster.simulator.desk.host.Errands`."""

    def __init__(self, world: FiguresWorld) -> None:
        self._chance = world.chance

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`; not used, as a question takes the time it takes."""
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        """See `Outside.perform`; nothing is performed at once here."""
        raise NotImplementedError("a market answers later")

    def held(self, effect: Effect, now: int) -> Message | None:
        """See `Errands.held`."""
        return None

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: a question is harmless."""
        return None

    def carry_out(self, host: DeskHost, effect: Effect, reply: Reply) -> None:
        """See `Errands.carry_out`."""
        assert isinstance(effect, ObserveMarket), effect
        answer = MarketObserved(effect.cycle, tuple(self._look(symbol) for symbol in effect.symbols))
        host.later(1 + self._chance.randrange(_LONGEST_ANSWER), lambda: reply(answer))

    def _look(self, symbol: str) -> SymbolFigures:
        """Figures on either side of what a tier asks for; at times nothing is known, or not all."""
        chance = self._chance
        if chance.random() < 0.1:
            return SymbolFigures(symbol)
        return SymbolFigures(
            symbol,
            volume=chance.choice((3e6, 9e6, 20e6)),
            spread_bps=chance.choice((5.0, 5.0, 30.0, 100.0)),
            depth=chance.choice((None, 50e3, 500e3, 500e3)),
            volatility=chance.choice((None, 0.2, 0.8)),
        )

    def begun(self, host: DeskHost) -> None:
        """See `Errands.begun`."""

    def interrupted(self, host: DeskHost) -> None:
        """See `Errands.interrupted`: answers on their way go by the process's own lanes."""

    def store_away(self) -> list[Effect]:
        """See `Errands.store_away`."""
        return []
