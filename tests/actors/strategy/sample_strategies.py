"""Strategies for tests: one that does as the feed says, and some that fail in the ways strategies fail."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from actors.strategy import Bar, Desk, Strategy, StrategyParameters, SymbolView
from actors.strategy.bars import BarSource
from config.duration import SECOND, PositiveDuration
from messages.orders import Fill

LONG, SHORT, CLOSE, BUY, SELL, CANCEL, NOTHING, SELL_PART = (
    101.0,
    102.0,
    103.0,
    104.0,
    105.0,
    106.0,
    107.0,
    108.0,
)
"""Bid sizes that tell `Obedient` what to decide."""


class Obedient(Strategy):
    """Decides what the bid size of the quote says; any other size is no decision."""

    class Parameters(StrategyParameters):
        part: float = Field(0.01, gt=0, description="Quantity that SELL_PART sells.")

    parameters: Parameters

    def on_start(self) -> None:
        self.order = 0.0

    def on_quote(self, view: SymbolView) -> bool:
        self.order = view.bid_size
        return LONG <= view.bid_size <= SELL_PART

    def decide(self, desk: Desk) -> None:
        desk.explain(order=self.order)
        match self.order:
            case 101.0:
                desk.target(+1)
            case 102.0:
                desk.target(-1)
            case 103.0:
                desk.close()
            case 104.0:
                desk.buy()
            case 105.0:
                desk.sell(notional=Decimal(300))
            case 106.0:
                desk.cancel()
            case 108.0:
                desk.sell(quantity=Decimal(str(self.parameters.part)))


class Contrary(Obedient):
    """Goes the other way."""

    def decide(self, desk: Desk) -> None:
        if self.order in (LONG, SHORT):
            desk.target(-1 if self.order == LONG else +1)


class AlwaysRaises(Strategy):
    """Raises on every decision, and every quote is one."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: Desk) -> None:
        raise RuntimeError("this strategy always raises")


class Fragile(Obedient):
    """As obedient, until it raises: where `fails_in` says so, and when the bid size is `when` (0 for always)."""

    class Parameters(StrategyParameters):
        fails_in: str = Field("decide", description="The callback that raises.")
        when: float = Field(0.0, description="The bid size at which it does.")

    parameters: Parameters  # type: ignore[assignment]

    def on_start(self) -> None:
        super().on_start()
        self._fail("on_start", 0.0)

    def on_quote(self, view: SymbolView) -> bool:
        self._fail("on_quote", view.bid_size)
        return super().on_quote(view)

    def decide(self, desk: Desk) -> None:
        super().decide(desk)
        desk.after(SECOND, "wake")
        self._fail("decide", self.order)

    def on_fill(self, fill: Fill, desk: Desk) -> None:
        desk.remember("filled", str(fill.quantity))
        self._fail("on_fill", self.order)

    def on_timer(self, name: str, desk: Desk) -> None:
        desk.remember("woken", desk.now)
        self._fail("on_timer", self.order)

    def _fail(self, callback: str, size: float) -> None:
        if callback == self.parameters.fails_in and self.parameters.when in (0.0, size):
            raise ArithmeticError(f"no {callback} today")


FLAT_TARGET = 1_000_000.0
"""The bid size by which `Sized` wants nothing; what is above is its worth, what is below a short's."""


class Sized(Strategy):
    """Holds what the bid size says: that much worth above FLAT_TARGET; by weight when its parameters say so."""

    class Parameters(StrategyParameters):
        weights: bool = Field(False, description="Whether thousands are parts of the budget.")

    parameters: Parameters

    def on_quote(self, view: SymbolView) -> bool:
        self.wanted = view.bid_size - FLAT_TARGET
        return abs(self.wanted) <= 100_000.0

    def decide(self, desk: Desk) -> None:
        if self.parameters.weights:
            desk.target_weight(self.wanted / 1_000.0)
        else:
            desk.target_notional(Decimal(repr(self.wanted)))


class Together(Strategy):
    """Decides on all symbols of its group at a bid size of NOTHING: long where the one before was LONG, else flat."""

    decides_for_groups = True

    def on_start(self) -> None:
        self.sizes = dict.fromkeys(self.symbols, 0.0)

    def on_quote(self, view: SymbolView) -> bool:
        if view.bid_size != NOTHING:
            self.sizes[view.symbol] = view.bid_size
        return view.bid_size == NOTHING

    def decide(self, desk: Desk) -> None:
        for symbol in self.symbols:
            each = desk.of(symbol)
            each.target(1 if self.sizes[symbol] == LONG else 0)


class Watcher(Strategy):
    """Keeps what it is shown; decides nothing."""

    class Parameters(StrategyParameters):
        interval: PositiveDuration = Field(SECOND, description="Interval of the bars.")
        source: BarSource = Field(BarSource.TRADES, description="What the bars are made of.")

    parameters: Parameters

    def on_start(self) -> None:
        self.bars: list[Bar] = []
        self.trades: list[tuple[float, float]] = []
        if self.parameters.source is BarSource.FEED:
            self.subscribe_feed_bars()
        else:
            self.subscribe_bars(self.parameters.interval, self.parameters.source)

    def on_trade(self, view: SymbolView) -> bool:
        self.trades.append((view.trade_price, view.trade_size))
        return False

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        self.bars.append(bar)
        return True

    def decide(self, desk: Desk) -> None:
        desk.remember("bars", len(self.bars))


class Clockwork(Strategy):
    """Remembers its fills and timers."""

    def on_quote(self, view: SymbolView) -> bool:
        return view.bid_size == NOTHING

    def decide(self, desk: Desk) -> None:
        desk.after(SECOND, "tick")
        desk.remember("decided_at", desk.now)

    def on_fill(self, fill: Fill, desk: Desk) -> None:
        desk.remember("last_fill", fill.fill_id)

    def on_timer(self, name: str, desk: Desk) -> None:
        desk.remember("ticks", int(desk.recall("ticks") or 0) + 1)
        desk.after(SECOND, name)


class HoardsTheDesk(Strategy):
    """Keeps the desk and uses it where it is closed."""

    kept: Desk | None = None

    def on_quote(self, view: SymbolView) -> bool:
        if self.kept is not None:
            self.kept.buy()
        return True

    def decide(self, desk: Desk) -> None:
        self.kept = desk


class Undecided(Strategy):
    """Says with each trade that a decision is due, and has none."""

    def on_trade(self, view: SymbolView) -> bool:
        return True


class NotAStrategy:
    """A class, but none the desk can run."""


not_even_a_class = "text"
