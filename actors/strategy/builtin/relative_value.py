"""Relative value: the ratio of two prices that belong together, traded back to its mean with both legs."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

from pydantic import Field

from actors.strategy.builtin.mean_reversion import ReversionParameters, ReversionSignal
from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from config.ratio import SignalRatio
from messages.decisions import Decision
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


class RelativeValue(Strategy):
    """Buys the cheaper and sells the dearer of two symbols for equal worth, until their ratio is back near its mean.

    It bets that what moved one without the other passes, whatever both do together. It loses when the two part for
    good (the ratio has a trend), and when one leg is filled without the other: a leg left alone is closed at the next
    look. Needs `group: true`, two symbols that can be sold short, and a budget.
    """

    class Parameters(ReversionParameters):
        """As mean reversion, of the price of the first symbol over that of the second."""

        leg: SignalRatio = Field(0.4, gt=0, le=0.5, description="Worth of each leg, part of the budget.")

    decides_for_groups = True
    needs_budget = True

    parameters: Parameters

    def on_start(self) -> None:
        """Begin the ratio. Raises `ConfigurationError` unless there are two symbols."""
        if len(self.symbols) != 2:
            raise ConfigurationError(
                "relative value is between two symbols",
                field="strategies.*.symbols",
                value=", ".join(self.symbols),
                remedy="name two symbols and set group: true",
            )
        self.signal = ReversionSignal(self.parameters)
        self.changed = False
        self._mids = [nan, nan]
        self._times = [0, 0]
        self._next_sample = 0

    def on_quote(self, view: SymbolView) -> bool:
        place = self.symbols.index(view.symbol)
        time = view.quote_time
        self._mids[place] = (view.bid + view.ask) * 0.5
        self._times[place] = time
        interval = self.parameters.sampling_interval
        # a sample is of both prices, neither from before the last sample
        if time < self._next_sample or min(self._times) < time - interval:
            return False
        self._next_sample = time - time % interval + interval
        self.changed = self.signal.update(self._mids[0] / self._mids[1])
        return True

    def decide(self, desk: Desk) -> None:
        legs = [desk.of(symbol) for symbol in self.symbols]
        wanted = self.signal.direction
        if not self.changed:
            self._mend(legs)
            return
        away = self.signal.away
        for leg in legs:
            leg.explain(score=None if away is None else away.score, pair=wanted)
        if not wanted:
            for leg in legs:
                leg.close()
            return
        for leg in legs:
            refused = leg.may_enter()
            if refused is not None:
                # one leg alone is another bet
                desk.decline(Decision.BLOCKED, refused)
                return
        weight = self.parameters.leg * wanted
        legs[0].target_weight(weight)
        legs[1].target_weight(-weight)

    def _mend(self, legs: list[Desk]) -> None:
        """Close a leg whose other one is not there, and is not on its way."""
        if any(leg.waiting for leg in legs):
            return
        held = [leg for leg in legs if leg.position.direction]
        if len(held) == 1:
            held[0].explain(lone_leg="yes")
            held[0].close()
