"""Whatever intents, fills, marks, restarts and changes of limits come: no approval exceeds a limit then in force.

What an approval may lead to is reckoned anew from what was approved and filled, by trying every subset of open orders;
no desk code takes part in it. Fills that come at once, late and in parts are all drawn.
"""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.risk import engine
from actors.risk.exposure import open_worth
from actors.risk.limits import SECOND, RiskLimits
from actors.risk.margins import account_worth
from messages.control import Mode, Resume
from messages.intents import OrderType, Side, Verdict
from messages.limits import DESK, LimitSet, SetLimit
from messages.orders import OrderState
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

pytestmark = pytest.mark.property

SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT")
THEME = ("BTC-USDT", "ETH-USDT")
CASH = D(10_000)
HOUR = 3_600 * SECOND
WINDOW = 5 * SECOND
TINY = D("1E-6")


class Open(NamedTuple):
    """An approved order that may still be filled."""

    symbol: str
    side: Side
    left: Decimal


class World:
    """The bench, and what a bookkeeper who knows nothing of risk writes down beside it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.limits = limits(
            max_order_notional=D(4_000),
            max_symbol_exposure=D("0.6"),
            max_gross_exposure=D("1.2"),
            max_net_exposure=D("0.7"),
            max_total_at_risk=D("0.8"),
            max_leverage=D("0.9"),
            max_position_quantity=D(50),
            max_open_orders=6,
            max_symbol_orders=2,
            max_burst=3,
            burst_window=WINDOW,
            max_cycle_orders=4,
            max_cycle_notional=D(6_000),
            cycle=2 * WINDOW,
            symbol_spacing=SECOND // 2,
            max_nav_age=WINDOW // 2,
        )
        self.caps = {"theme:pair": D("0.65")}
        self.symbol_caps = {"SOL-USDT": D("0.25")}
        self.desk = Desk(
            bench.settings(
                self.limits,
                themes={"pair": THEME},
                overrides={
                    "theme:pair": {"max_exposure": D("0.65")},
                    "symbol:SOL-USDT": {"max_symbol_exposure": D("0.25")},
                },
            )
        ).seed(CASH)
        self.cash, self.positions = CASH, dict.fromkeys(SYMBOLS, D(0))
        self.open: dict[str, Open] = {}
        self.marks: dict[str, Decimal] = {}
        self.marked_at: dict[str, int] = {}
        self.entries: list[tuple[int, str, Decimal]] = []
        self.approved = self.changes = 0
        for symbol in SYMBOLS:
            self.mark(symbol, D(100))

    # --- what happens -----------------------------------------------------------------------------------------

    def step(self) -> None:
        act = self.chance.choices(
            (self.intend, self.fill, self.end, self.move, self.change, self.restart, self.pass_time),
            (8, 5, 2, 2, 1, 1, 4),
        )[0]
        act()
        self.check_what_is_kept()
        if self.desk.mode is not Mode.NORMAL:
            self.desk.give(Resume("anna", "seen"))

    def mark(self, symbol: str, price: Decimal) -> None:
        self.desk.mark(symbol, float(price))
        self.marks[symbol], self.marked_at[symbol] = price, self.desk.ctx.now

    def move(self) -> None:
        symbol = self.chance.choice(SYMBOLS)
        change = D(self.chance.choice(("0.97", "0.99", "1.01", "1.04")))
        self.mark(symbol, (self.marks[symbol] * change).quantize(D("0.01")))

    def pass_time(self) -> None:
        self.desk.wait(self.chance.choice((SECOND // 4, SECOND, 3 * SECOND)))
        silent = self.chance.choice((*SYMBOLS, None, None))
        for symbol in SYMBOLS:
            if symbol != silent:
                self.mark(symbol, self.marks[symbol])

    def restart(self) -> None:
        self.desk.restart()

    def change(self) -> None:
        """Tighten or loosen one limit; the bookkeeper goes by what risk says it has taken."""
        name = self.chance.choice(
            ("max_net_exposure", "max_gross_exposure", "max_order_notional", "max_burst")
        )
        value = {"max_order_notional": ("500", "4000"), "max_burst": ("2", "5")}.get(name, ("0.3", "0.9"))
        self.desk.give(SetLimit("anna", name, DESK, self.chance.choice(value)))
        for event in self.desk.events(LimitSet):
            self.changes += 1
            kind = type(getattr(self.limits, name))
            self.limits = RiskLimits(
                **{
                    field: getattr(self.limits, field)
                    for field in RiskLimits.__struct_fields__
                    if field != name
                },
                **{name: kind(event.after)},
            )

    def intend(self) -> None:
        symbol, side = self.chance.choice(SYMBOLS), self.chance.choice((BUY, SELL))
        price = (self.marks[symbol] * D(self.chance.choice(("0.99", "1", "1.02")))).quantize(D("0.01"))
        kind = self.chance.choice((OrderType.MARKET, OrderType.LIMIT))
        terms = {} if kind is OrderType.MARKET else {"order_type": kind, "limit_price": price}
        intent_id = self.desk.intend(side, D(self.chance.randint(1, 45)), symbol, price, **terms)
        decision = self.desk.decision
        if decision.verdict is Verdict.REJECTED:
            return
        self.open[intent_id] = Open(symbol, side, decision.quantity)
        if decision.increases_exposure:
            self.approved += 1
            worth = decision.quantity * max(price, self.marks[symbol])
            self.entries.append((self.desk.ctx.now, symbol, worth))
            self.check(symbol, worth)
        else:
            self.check_that_it_can_t_grow(intent_id)

    def fill(self) -> None:
        if not self.open:
            return
        intent_id = self.chance.choice(list(self.open))
        order = self.open[intent_id]
        part = min(order.left, D(self.chance.randint(1, 45)))
        price = self.marks[order.symbol]
        self.desk.fill(intent_id, order.side, part, price, symbol=order.symbol)
        self.positions[order.symbol] += order.side.sign * part
        self.cash -= order.side.sign * part * price
        self.open[intent_id] = order._replace(left=order.left - part)
        if not self.open[intent_id].left:
            self.end(intent_id)

    def end(self, intent_id: str | None = None) -> None:
        if not self.open:
            return
        ending = intent_id or self.chance.choice(list(self.open))
        order = self.open.pop(ending)
        booked = self.desk.risk.state.reservations[ending].booked
        self.desk.report(ending, OrderState.CANCELLED, booked, symbol=order.symbol)

    # --- what may not be --------------------------------------------------------------------------------------

    def fates(self, symbol: str) -> list[Decimal]:
        """Where the position may end: any subset of the open orders is filled."""
        orders = [each for each in self.open.values() if each.symbol == symbol]
        return [
            self.positions[symbol]
            + sum(
                (each.side.sign * each.left for each, is_in in zip(orders, chosen, strict=True) if is_in),
                D(0),
            )
            for chosen in product((False, True), repeat=len(orders))
        ]

    def worth(self, symbol: str) -> Decimal:
        return max(abs(fate) for fate in self.fates(symbol)) * self.marks[symbol]

    def check(self, symbol: str, value: Decimal) -> None:
        limits, now = self.limits, self.desk.ctx.now
        nav = self.cash + sum(self.positions[each] * self.marks[each] for each in SYMBOLS)
        assert nav == self.desk.nav
        worths = {each: self.worth(each) for each in SYMBOLS}
        gross, up, down = (
            sum(worths.values()),
            sum(max(self.fates(each)) * self.marks[each] for each in SYMBOLS),
            -sum(min(self.fates(each)) * self.marks[each] for each in SYMBOLS),
        )
        side_of = self.desk.decision.side
        symbol_cap = self.symbol_caps.get(symbol, limits.max_symbol_exposure)
        recent = [at for at, *_ in self.entries if at > now - limits.burst_window]
        cycle = [worth for at, _, worth in self.entries if at // limits.cycle == now // limits.cycle]
        apart = [now - at for at, of, _ in self.entries[:-1] if of == symbol]
        working = [each for each in self.open.values() if each.symbol == symbol]
        assert limits.max_net_exposure is not None
        assert limits.max_total_at_risk is not None
        assert limits.max_leverage is not None
        rows = {
            "order": (value, limits.max_order_notional),
            "symbol": (worths[symbol], symbol_cap * nav),
            "gross": (gross, limits.max_gross_exposure * nav),
            "at risk": (gross, limits.max_total_at_risk * nav),
            "leverage": (gross, limits.max_leverage * nav),
            "net": (up if side_of is BUY else down, limits.max_net_exposure * nav),
            "units": (max(map(abs, self.fates(symbol))), limits.max_position_quantity),
            "burst": (len(recent), limits.max_burst),
            "cycle orders": (len(cycle), limits.max_cycle_orders),
            "cycle value": (sum(cycle), limits.max_cycle_notional),
            "open orders": (len(self.open), limits.max_open_orders),
            "its orders": (len(working), limits.max_symbol_orders),
            "age of NAV": (now - min(self.marked_at_of_held(), default=now), limits.max_nav_age),
            "spacing": (-min(apart, default=HOUR), -(limits.symbol_spacing or 0)),
        }
        if symbol in THEME:
            rows["theme"] = (sum(worths[each] for each in THEME), self.caps["theme:pair"] * nav)
        for name, (observed, most) in rows.items():
            assert most is not None
            assert observed <= most + TINY, (name, observed, most, self.desk.decision)

    def marked_at_of_held(self) -> list[int]:
        return [self.marked_at[symbol] for symbol in SYMBOLS if self.positions[symbol]]

    def check_what_is_kept(self) -> None:
        """Sums that are kept step by step are what adding everything up gives, exactly, also after a restart."""
        sums, state = self.desk.risk._sums, self.desk.risk.state
        assert sums is not None
        for side in Side:
            assert sums.open_worth(state, side) == open_worth(state, side)
        (cap,) = self.desk.risk._engine.book(state).caps()
        exposures = (state.holdings[each].exposure for each in cap.listings if each in state.holdings)
        assert sums.beside(state, cap, "") == sum(exposures)
        oldest = min(self.marked_at_of_held(), default=self.desk.ctx.now)
        for moment in (oldest - SECOND, oldest, oldest + 1):
            assert sums.marked_since(state, moment) is (moment <= oldest or not any(self.positions.values()))
        worth = account_worth(state, "paper", "USDT")
        assert sums.standing(account_worth, state, "paper", "USDT") == worth

    def check_that_it_can_t_grow(self, intent_id: str) -> None:
        """Whatever else is filled, this one fill leaves the position nearer to flat, on the same side."""
        order = self.open[intent_id]
        for fate in self.fates_without(intent_id):
            after = fate + order.side.sign * order.left
            assert abs(after) <= abs(fate)
            assert after * fate >= 0

    def fates_without(self, intent_id: str) -> list[Decimal]:
        order = self.open.pop(intent_id)
        try:
            return self.fates(order.symbol)
        finally:
            self.open[intent_id] = order


@settings(max_examples=60)
@given(st.integers(0, 2**32))
@example(1870192)  # an open buy is worth the ask of now once that has risen above what it was reserved at
def test_no_approval_exceeds_a_limit_then_in_force(seed: int) -> None:
    world = World(seed)
    for _ in range(60):
        world.step()


@pytest.mark.parametrize(
    "forgotten",
    [
        "order_notional",
        "position_quantity",
        "symbol_exposure",
        "theme_cap",
        "net_exposure",
        "total_at_risk",
        "burst",
        "cycle_orders",
        "cycle_notional",
        "symbol_spacing",
        "symbol_orders",
        "nav_fresh",
    ],
)
def test_a_desk_that_forgets_a_check_is_caught(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(check for check in engine.CHECKS if check.name != forgotten)
    monkeypatch.setattr(engine, "CHECKS", kept)
    with pytest.raises(AssertionError):
        _walk(range(60))


def _walk(seeds: range) -> None:
    for seed in seeds:
        world = World(seed)
        for _ in range(80):
            world.step()


def test_the_walks_come_upon_what_they_are_to_test() -> None:
    """A walk in which nothing is approved or changed would prove nothing."""
    approved = changes = 0
    for seed in range(40):
        world = World(seed)
        for _ in range(60):
            world.step()
        approved, changes = approved + world.approved, changes + world.changes
    assert approved > 150
    assert changes > 30
