"""The strategy actor, and all that one needs to write a strategy of one's own."""

from actors.strategy.bars import Bar, BarSource
from actors.strategy.desk import Desk
from actors.strategy.indicators import Ema, RollingWindow
from actors.strategy.position import Position
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView

__all__ = [
    "Bar",
    "BarSource",
    "Desk",
    "Ema",
    "Position",
    "RollingWindow",
    "Strategy",
    "StrategyParameters",
    "SymbolView",
]
