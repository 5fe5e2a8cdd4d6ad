"""Portfolio rebalance: keep several symbols at fixed parts of a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import HOUR, SECOND, PositiveDuration
from config.ratio import SignalRatio
from messages.decisions import Decision
from messages.errors import ConfigurationError
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_BUYS = "buys"
"""The timer by which what was sold is invested again."""
_LEFT = "turnover_left"
"""The value under which it remembers what it may still trade then."""
_TOGETHER = 5 * SECOND
"""Within which time quotes are of the same moment."""


class PortfolioRebalance(Strategy):
    """Trades a group of symbols back to their target weights when one has drifted out of its band.

    What reduces goes first; what adds follows `settle` later, when that has been filled. No rebalance trades more than
    `turnover`. It bets on the market as a whole, and on what is bought low and sold high between its symbols. It loses
    with the market (it is long by default, and has no opinion), and falls behind the best of them in a long trend.
    Needs `group: true` and a budget.
    """

    class Parameters(StrategyParameters):
        """Target weights, when they are looked at, and how much may be traded then."""

        weights: Mapping[str, SignalRatio] = Field(
            default_factory=dict,
            description="Part of the budget by symbol, negative for short; equal parts if empty.",
        )
        invested: SignalRatio = Field(
            0.9, gt=0, le=1, description="Part of the budget that equal parts are made of."
        )
        band: SignalRatio = Field(0.02, gt=0, description="Drift of a weight that starts a rebalance.")
        turnover: SignalRatio = Field(
            0.25, gt=0, description="Most that one rebalance trades, part of the budget."
        )
        every: PositiveDuration = Field(HOUR, description="Time between two looks at the weights.")
        settle: PositiveDuration = Field(
            10 * SECOND, description="Time for sells to be filled before it buys."
        )

        @model_validator(mode="after")
        def _affordable(self) -> Self:
            total = sum(abs(each) for each in self.weights.values())
            if total > 1.0 + 1e-9:
                raise ValueError(f"weights add up to {total:.6g} without their signs, which is above 1")
            return self

    decides_for_groups = True
    needs_budget = True

    parameters: Parameters

    def on_start(self) -> None:
        """Fix the targets. Raises `ConfigurationError` for weights of symbols that it does not trade."""
        chosen = self.parameters
        strangers = sorted(set(chosen.weights) - set(self.symbols))
        if strangers:
            raise ConfigurationError(
                "a weight is of a symbol that the strategy does not trade here",
                field="parameters.weights",
                value=", ".join(strangers),
                remedy=f"its symbols are {', '.join(self.symbols)}; a group needs group: true",
            )
        equal = chosen.invested / len(self.symbols)
        self.targets = {
            symbol: chosen.weights.get(symbol, 0.0) if chosen.weights else equal for symbol in self.symbols
        }
        self._next_look = 0
        self._quoted = dict.fromkeys(self.symbols, 0)

    def on_quote(self, view: SymbolView) -> bool:
        """Due every so often, as soon as there are quotes of all symbols from about the same time."""
        time = view.quote_time
        self._quoted[view.symbol] = time
        if time < self._next_look or min(self._quoted.values()) < time - _TOGETHER:
            return False
        every = self.parameters.every
        self._next_look = time - time % every + every
        return True

    def decide(self, desk: Desk) -> None:
        desks = [desk.of(symbol) for symbol in self.symbols]
        if any(each.waiting for each in desks):
            return
        changes = self._changes(desks)
        if changes is None:
            desk.decline(Decision.NO_TRADE, Reason.STALE_QUOTE)
            return
        if max(abs(each) for each in changes) < self.parameters.band:
            desk.decline(Decision.HOLD, Reason.NO_TRADE_BAND)
            return
        first = desks[0]
        left = self.parameters.turnover
        if any(_reduces(each, change) for each, change in zip(desks, changes, strict=True)):
            left = self._trade(desks, changes, left, reducing=True)
            first.remember(_LEFT, left)
            first.after(self.parameters.settle, _BUYS)
        else:
            self._trade(desks, changes, left, reducing=False)

    def on_timer(self, name: str, desk: Desk) -> None:
        """Invest what was sold."""
        left = desk.recall(_LEFT)
        desks = [desk.of(symbol) for symbol in self.symbols]
        changes = self._changes(desks)
        desk.remember(_LEFT, None)
        if name == _BUYS and changes is not None and isinstance(left, float) and left > 0.0:
            self._trade(desks, changes, left, reducing=False)

    def _changes(self, desks: Sequence[Desk]) -> list[float] | None:
        """What each weight is short of its target; None while a quote is not fresh.

        Less than half the band is not worth an order of its own, and counts as nothing.
        """
        if not all(each.is_fresh for each in desks):
            return None
        changes = [self.targets[each.symbol] - _weight(each) for each in desks]
        return [change if abs(change) >= self.parameters.band / 2 else 0.0 for change in changes]

    def _trade(
        self, desks: Sequence[Desk], changes: Sequence[float], left: float, *, reducing: bool
    ) -> float:
        """Trade what reduces, or what adds, within the turnover that is left; what of it is left then.

        Each is cut by the same share, so that no symbol goes before another.
        """
        chosen = [
            (each, change)
            for each, change in zip(desks, changes, strict=True)
            if change and _reduces(each, change) is reducing
        ]
        total = sum(abs(change) for _, change in chosen)
        share = min(1.0, left / total) if total else 0.0
        for desk, change in chosen:
            weight = _weight(desk)
            desk.explain(weight=weight, target_weight=self.targets[desk.symbol], share=share)
            desk.target_weight(min(max(weight + change * share, -1.0), 1.0))
        return left - total * share


def _weight(desk: Desk) -> float:
    """The part of the budget that the position is worth at the mid; a budget is there, it is asked for at the start."""
    position, instrument = desk.position, desk.instrument
    if not position.direction or desk.budget is None:
        return 0.0
    return float(position.quantity * instrument.multiplier * instrument.rate / desk.budget) * desk.view.mid


def _reduces(desk: Desk, change: float) -> bool:
    return desk.position.direction * change < 0.0
