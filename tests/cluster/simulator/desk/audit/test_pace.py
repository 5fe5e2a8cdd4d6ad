"""The auditor's count of the desk's pace: results from flat to flat, waits after them, and bursts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.risk.limits import RiskLimits
from cluster.simulator.desk.audit.pace import Ended, PaceBook
from messages.intents import Purpose, Side, Verdict
from messages.portfolio import FillBooked, IntentDecided, Posting
from messages.reasons import Reason

pytestmark = pytest.mark.unit

ZERO = Decimal(0)
NOTHING = Posting(ZERO, ZERO, ZERO, ZERO, ZERO)
LIMITS = RiskLimits(cooldown_after_loss=100, cooldown_after_win=10, cooldown_after_stop=200)


def decided(time: int, name: str = "i", purpose: Purpose = Purpose.ENTRY, **changes: Any) -> IntentDecided:
    """An approval on BTC-USDT."""
    fields: dict[str, Any] = {
        "intent_id": name,
        "requester": "strategy/BTC-USDT",
        "strategy": "ema",
        "venue": "alpha",
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "purpose": purpose,
        "requested": Decimal(1),
        "quantity": Decimal(1),
        "price": Decimal(100),
        "multiplier": Decimal(1),
        "verdict": Verdict.APPROVED,
        "reason": Reason.ACCEPTED,
        "mode_version": 1,
        "increases_exposure": True,
        "submit_id": name,
        "checks": (),
        "time": time,
    }
    return IntentDecided(**fields | changes)


def filled(
    time: int, side: Side, quantity: str, price: str, fee: str = "0", name: str = "f", intent: str = "i"
) -> FillBooked:
    """A fill on BTC-USDT."""
    return FillBooked(
        fill_id=name,
        intent_id=intent,
        requester="strategy/BTC-USDT",
        strategy="ema",
        venue="alpha",
        symbol="BTC-USDT",
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        multiplier=Decimal(1),
        fee=Decimal(fee),
        fee_currency="USDT",
        currency="USDT",
        cash=ZERO,
        opening_value=None,
        desk=NOTHING,
        own=NOTHING,
        time=time,
    )


def after(*fills: FillBooked) -> PaceBook:
    book = PaceBook()
    for fill in fills:
        book.filled(fill)
    return book


@pytest.mark.parametrize(
    ("price", "fee", "how"), [("101", "0.4", "win"), ("101", "0.6", "loss"), ("99", "0", "loss")]
)
def test_a_position_ends_with_what_it_brought_after_the_fees_of_both_ends(
    price: str, fee: str, how: str
) -> None:
    book = after(filled(1, Side.BUY, "1", "100", fee), filled(2, Side.SELL, "1", price, fee))
    assert book.ended == {"BTC-USDT": Ended(how, 2)}
    assert book.losses == (how == "loss")


def test_a_flip_ends_the_one_and_begins_the_other_with_its_part_of_the_fee() -> None:
    book = after(filled(1, Side.BUY, "1", "100"), filled(2, Side.SELL, "3", "101", "0.3"))
    assert book.ended["BTC-USDT"] == Ended("win", 2)
    assert book.trips["BTC-USDT"] == Decimal("202") - Decimal("0.2")
    book.filled(filled(3, Side.BUY, "2", "100.95"))
    assert book.ended["BTC-USDT"] == Ended("loss", 3)


def test_what_a_stop_closed_with_a_loss_waits_as_a_stop() -> None:
    book = PaceBook()
    book.decided(decided(1, "s", Purpose.STOP, increases_exposure=False))
    book.filled(filled(2, Side.BUY, "1", "100"))
    book.filled(filled(3, Side.SELL, "1", "90", intent="s"))
    assert book.ended["BTC-USDT"].how == "stop"
    assert book.broken(decided(202), LIMITS) == ("cooldown after a stop", 200, 199)
    assert book.broken(decided(203), LIMITS) is None


def test_losses_in_a_row_are_counted_until_a_win() -> None:
    lost = [filled(1, Side.BUY, "1", "100"), filled(2, Side.SELL, "1", "99")]
    limits = RiskLimits(max_consecutive_losses=2, losing_streak_cooldown=50)
    assert after(*lost).broken(decided(3), limits) is None
    twice = after(*lost, *lost)
    assert twice.broken(decided(3), limits) == ("cooldown after losses in a row", 50, 1)
    twice.filled(filled(3, Side.BUY, "1", "100"))
    twice.filled(filled(4, Side.SELL, "1", "101"))
    assert twice.broken(decided(5), limits) is None


def test_entries_too_soon_and_too_many_are_found() -> None:
    book = PaceBook()
    for time in (100, 110):
        book.decided(decided(time))
    book.decided(decided(111, verdict=Verdict.REJECTED))
    book.decided(decided(112, increases_exposure=False))
    assert book.broken(decided(115), RiskLimits(global_spacing=6)) == ("spacing of the desk", 6, 5)
    assert book.broken(decided(115, symbol="ETH-USDT"), RiskLimits(symbol_spacing=6)) is None
    bursting = RiskLimits(max_burst=2, burst_window=16)
    assert book.broken(decided(115), bursting) == ("entries in a burst", 2, 3)
    assert book.broken(decided(116), bursting) is None


def test_a_correction_is_no_trade_but_moves_the_position() -> None:
    book = after(filled(1, Side.BUY, "1", "100"), filled(2, Side.SELL, "1", "50", name="c", intent="c"))
    assert book.ended == {}
    assert book.filled_at == {"BTC-USDT": 1}
    assert not book.held["BTC-USDT"]
