"""Who sees the rows of a tape: an actor per symbol, a group of symbols' actor, or several actors of one symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.base import Actor, Observer
from cluster.backtest.tape import Tape
from cluster.host.strategy_places import strategy_places
from config import DeskConfig
from messages.base import Address


class _Several:
    """Shows each row to several actors; `due` are those that have to decide on the last one."""

    def __init__(self, observers: Sequence[tuple[Address, Observer]]) -> None:
        self._observers = tuple(observers)
        self.due: list[Address] = []

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """One row, as `Actor.observe`."""
        self.due = [
            address
            for address, observe in self._observers
            if observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
        ]
        return bool(self.due)


class Audience:
    """The strategy actors of a desk as the audience of a tape with one feed per symbol, in the order of `symbols`."""

    def __init__(
        self, config: DeskConfig, actors: Mapping[Address, Actor[Any]], symbols: Sequence[str]
    ) -> None:
        places = strategy_places(config)
        self._feeds = {
            place.address: tuple(symbols.index(symbol) for symbol in place.symbols) for place in places
        }
        self._owners = [
            tuple(place.address for place in places if symbol in place.symbols) for symbol in symbols
        ]
        self.observers: list[Observer] = []
        """How each feed's rows are shown."""
        self._several: dict[int, _Several] = {}
        for feed, symbol in enumerate(symbols):
            seen = [(each, actors[each].observer(symbol)) for each in self._owners[feed]]  # type: ignore[attr-defined]
            if len(seen) == 1:
                self.observers.append(seen[0][1])
            else:
                several = self._several[feed] = _Several(seen)
                self.observers.append(several.observe)

    def due(self, feed: int) -> Sequence[Address]:
        """Who has to decide on the row of `feed` at which the tape has stopped."""
        several = self._several.get(feed)
        return self._owners[feed] if several is None else several.due

    def position(self, address: Address, tape: Tape) -> int:
        """How many rows this actor has seen, of all its symbols."""
        feeds = self._feeds[address]
        return tape.folded(feeds[0]) if len(feeds) == 1 else sum(map(tape.folded, feeds))

    def positions(self, tape: Tape) -> list[tuple[Address, int]]:
        """How many rows each actor has seen."""
        return [(address, self.position(address, tape)) for address in self._feeds]
