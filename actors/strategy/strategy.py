"""The user's side: write a class, name its parameters, say when a decision is due and what to do.

A whole strategy:

    class Breakout(Strategy):
        class Parameters(StrategyParameters):
            lookback: PositiveDuration = 60_000_000_000

        parameters: Parameters

        def on_start(self) -> None:
            self.window = RollingWindow(self.parameters.lookback, items=60)

        def on_quote(self, view: SymbolView) -> bool:
            high = self.window.high
            self.window.push(view.quote_time, view.mid)
            return high is not None and view.mid > high

        def decide(self, desk: Desk) -> None:
            desk.target(+1)

`on_quote`, `on_trade` and `on_bar` see the feed alone. What they keep on `self` is rebuilt after a crash by folding
the feed again, without deciding: so they must not depend on anything but their arguments, and `decide` must not
leave anything on `self` (`desk.remember` is for that). An exception is never swallowed: what the step had done is
discarded, and the supervisor restarts the strategy; where others share its actor it rests, and is parked when it goes
on failing, while they trade on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from actors.strategy.bars import Bar, BarSource
from actors.strategy.view import SymbolView
from messages.errors import ConfigurationError
from messages.orders import Fill

if TYPE_CHECKING:
    from actors.strategy.desk import Desk
    from actors.strategy.models import Model


class StrategyParameters(BaseModel):
    """Base of a strategy's settings: immutable, checked by type, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BarSubscription(NamedTuple):
    """Which bars a strategy wants; `interval` in ns, None for bars of the feed as they come."""

    source: BarSource
    interval: int | None


class History(NamedTuple):
    """What of the past must have been seen before a decision: so many `bars` of `interval` ns."""

    bars: int
    interval: int


class Strategy:
    """Base of all strategies; one instance per symbol, made anew whenever the view is rebuilt.

    A class that says `decides_for_groups` can be one instance for several `symbols` (setting `group`): its callbacks
    tell them apart by `view.symbol`, and `desk.of(symbol)` is the desk of each. One that says `needs_budget` is not
    started without. One that says `answers_probes` may be asked to `decide` at any time, to see what it
    would do now. `models` are those that the settings name for it, loaded and verified.
    """

    Parameters: ClassVar[type[StrategyParameters]] = StrategyParameters
    decides_for_groups: ClassVar[bool] = False
    needs_budget: ClassVar[bool] = False
    answers_probes: ClassVar[bool] = False

    parameters: StrategyParameters
    symbols: tuple[str, ...]
    models: Sequence[Model] = ()
    shadow_sizer: str | None = None
    """The sizer that a person may promote, by import path and parameters; set within `on_start`."""
    bars_only: bool = False
    """Set within `on_start` by a strategy that without the bars it subscribes to never decides: a desk whose market
    data has none of them does not start."""
    history: History | None = None
    """Set within `on_start` by a strategy whose bars a live feed is to read at its start, from the venue's history."""

    def __init__(self, symbol: str, parameters: StrategyParameters) -> None:
        self.symbol = symbol
        self.symbols = (symbol,)
        self.parameters = parameters
        self.subscriptions: list[BarSubscription] = []

    def on_start(self) -> None:
        """Make indicators and subscribe to bars; called once, before the first row."""

    def on_quote(self, view: SymbolView) -> bool:
        """Fold a quote; True when a decision is due."""
        return False

    def on_trade(self, view: SymbolView) -> bool:
        """Fold a trade; True when a decision is due."""
        return False

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        """Fold a bar that was subscribed to; True when a decision is due."""
        return False

    def decide(self, desk: Desk) -> None:
        """Decide: set a target, place or cancel orders, or do nothing."""
        raise NotImplementedError(f"{type(self).__name__} says that decisions are due but has no decide()")

    def on_fill(self, fill: Fill, desk: Desk) -> None:
        """A fill was booked; `desk.position` is after it."""

    def on_timer(self, name: str, desk: Desk) -> None:
        """A timer set by `desk.after` is due."""

    def subscribe_bars(self, interval: int, source: BarSource = BarSource.TRADES) -> None:
        """Have `on_bar` called with bars of `interval` ns built here; only within `on_start`.

        Raises `ConfigurationError` for bars of the feed, whose interval is not ours to choose.
        """
        if source is BarSource.FEED:
            raise ConfigurationError(
                "the interval of the feed's own bars can't be chosen",
                field=f"{type(self).__name__}.subscribe_bars",
                value=interval,
                remedy="call subscribe_feed_bars()",
            )
        self.subscriptions.append(BarSubscription(source, interval))

    def subscribe_feed_bars(self, interval: int | None = None) -> None:
        """Have `on_bar` called with the bars that the feed itself brings; only within `on_start`.

        With an `interval` (ns) those that are shorter are put together to bars of it; see `BarAggregator`.
        """
        self.subscriptions.append(BarSubscription(BarSource.FEED, interval))
