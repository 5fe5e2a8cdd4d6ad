"""What the desk offers beside targets: exits of one position, and orders that rest whatever style is configured."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.desk import Desk
from actors.strategy.settings import ExitSettings, OrderSettings, OrderStyle
from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from messages.decisions import ExitArmed, ExitsChosen, ExitTriggered
from messages.errors import InvariantError
from messages.intents import OrderType, Side
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.stage import MILLISECOND, SECOND, Stage, strategy

pytestmark = pytest.mark.unit

LONG, SHORT, PLAIN, FLAT, HALF, REST, WRONG = 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0
CONFIGURED = ExitSettings(stop=Decimal("0.05"), target=Decimal("0.10"))


class Chooser(Strategy):
    """Does what the bid size of a quote says."""

    def on_quote(self, view: SymbolView) -> bool:
        return view.bid_size >= LONG

    def decide(self, desk: Desk) -> None:
        order = desk.view.bid_size
        if order == LONG:
            desk.choose_exits(+1, stop=0.01, target=0.02, max_holding=60 * SECOND)
            desk.target(+1)
        elif order == SHORT:
            desk.choose_exits(-1, stop=0.03)
            desk.target(-1)
        elif order == PLAIN:
            desk.choose_exits(+1)
            desk.target(+1)
        elif order == FLAT:
            desk.close()
        elif order == HALF:
            desk.sell(quantity=Decimal("0.5"))
        elif order == REST:
            desk.rest(Side.SELL, offset_ticks=2, time_to_live=SECOND)
        else:
            desk.choose_exits(+1, stop=-0.01)


def chooser(**changes: object) -> Stage:
    return Stage(strategy(f"{__name__}:Chooser", exits=CONFIGURED, **changes))


def entered(stage: Stage, order: float, price: float = 1_000.0) -> None:
    stage.quote(price, order=order)
    stage.fill_all(price=price)


def test_a_position_has_the_exits_that_were_chosen_for_it() -> None:
    stage = chooser()
    entered(stage, LONG)
    levels = stage.events(ExitArmed)[-1].levels
    assert (levels.stop, levels.target) == (pytest.approx(990.0), pytest.approx(1_020.0))
    assert levels.hold_until == stage.now + 60 * SECOND
    stage.crash(fold=True)
    stage.quote(989.0)
    assert stage.events(ExitTriggered)[-1].reason is Reason.STOP
    stage.fill_all(price=989.0)
    assert stage.state().long_exits is None


def test_the_next_position_has_the_configured_ones_again() -> None:
    stage = chooser()
    entered(stage, LONG)
    entered(stage, FLAT)
    entered(stage, PLAIN)
    levels = stage.events(ExitArmed)[-1].levels
    assert (levels.stop, levels.target, levels.hold_until) == (950.0, 1_100.0, None)
    assert [each.exits is None for each in stage.events(ExitsChosen)] == [False]


def test_what_was_chosen_for_an_entry_that_never_came_is_forgotten_by_the_next() -> None:
    stage = chooser()
    stage.quote(1_000.0, order=LONG)
    stage.report(OrderState.REJECTED)
    entered(stage, PLAIN)
    assert stage.events(ExitArmed)[-1].levels.stop == 950.0


def test_a_turn_takes_the_exits_of_the_new_side_and_the_old_ones_hold_until_then() -> None:
    stage = chooser()
    entered(stage, LONG)
    stage.quote(1_000.0, order=SHORT)
    stage.fill(quantity="0.3")
    assert stage.held > 0
    assert stage.events(ExitArmed)[-1].levels.stop == pytest.approx(990.0)
    stage.fill(quantity=stage.last.terms.quantity - Decimal("0.3"))
    assert stage.held < 0
    levels = stage.events(ExitArmed)[-1].levels
    assert (levels.stop, levels.target) == (pytest.approx(1_030.0), pytest.approx(900.0))
    assert stage.state().long_exits is None


def test_a_part_that_is_sold_leaves_the_exits_as_they_are() -> None:
    stage = chooser()
    entered(stage, LONG)
    entered(stage, HALF, 1_001.0)
    assert stage.state().long_exits is not None
    stage.quote(1_001.0, order=LONG, after=MILLISECOND)
    assert len(stage.events(ExitsChosen)) == 1  # a position that is held keeps its exits


def test_an_exit_that_is_none_is_refused() -> None:
    with pytest.raises(InvariantError, match="above zero"):
        chooser().quote(1_000.0, order=WRONG)


@pytest.mark.parametrize("style", list(OrderStyle))
def test_an_order_that_rests_never_takes_whatever_the_style(style: OrderStyle) -> None:
    stage = chooser(order=OrderSettings(Decimal(1_000), style=style, time_to_live=None))
    stage.quote(1_000.0, 1_000.5, order=REST)
    terms = stage.last.terms
    assert (terms.side, terms.order_type, terms.post_only) == (Side.SELL, OrderType.LIMIT, True)
    assert (terms.limit_price, terms.time_to_live) == (Decimal("1000.7"), SECOND)
    assert terms.quantity == Decimal("0.999")
