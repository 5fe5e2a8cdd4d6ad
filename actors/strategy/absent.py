"""What stands in the place of a strategy that could not be made: it sees nothing and decides nothing."""

from __future__ import annotations

from actors.strategy.strategy import Strategy, StrategyParameters


class Absent(Strategy):
    """Nobody."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol, StrategyParameters())
