"""Which strategy actors a desk has, and what each of them is for.

There is one per symbol, for the strategies that decide on one symbol at a time, and one per strategy that decides on
its symbols together. Nothing may be read from an address but where mail goes: ask here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from messages.base import Address

if TYPE_CHECKING:
    from config import DeskConfig

_ROLE = "strategy/"


class StrategyPlace(msgspec.Struct, frozen=True):
    """One strategy actor: the symbols it sees and the strategies it runs, both in the order of the settings."""

    address: Address
    symbols: tuple[str, ...]
    strategies: tuple[str, ...]


def strategy_places(config: DeskConfig) -> tuple[StrategyPlace, ...]:
    """All strategy actors of the desk: those of one symbol first, then the groups."""
    alone = (_of_symbol(config, symbol) for symbol in config.symbols)
    groups = (_of_group(config, name) for name, chosen in config.strategies.items() if chosen.group)
    return tuple(place for place in (*alone, *groups) if place.strategies)


def place_of(config: DeskConfig, address: Address) -> StrategyPlace:
    """The place of this address; one that runs nothing where the settings have no such actor."""
    name = address.removeprefix(_ROLE)
    if name in config.strategies and config.strategies[name].group:
        return _of_group(config, name)
    return _of_symbol(config, name)


def strategy_addresses(config: DeskConfig) -> list[Address]:
    """The addresses of all strategy actors, in their order."""
    return [place.address for place in strategy_places(config)]


def _of_symbol(config: DeskConfig, symbol: str) -> StrategyPlace:
    strategies = tuple(
        name
        for name, chosen in config.strategies.items()
        if chosen.enabled and not chosen.group and symbol in config.symbols_of(name)
    )
    return StrategyPlace(_ROLE + symbol, (symbol,), strategies)


def _of_group(config: DeskConfig, name: str) -> StrategyPlace:
    wanted = set(config.symbols_of(name))
    symbols = tuple(symbol for symbol in config.symbols if symbol in wanted)
    return StrategyPlace(_ROLE + name, symbols, (name,) if config.strategies[name].enabled else ())
