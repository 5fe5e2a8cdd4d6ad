"""The account's leverage, margin and position mode: brought to the settings before anything is placed."""

from __future__ import annotations

import msgspec
import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.port import VenueTraits
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import (
    AccountResult,
    ConfigureAccount,
    ConfigureResult,
    MarginMode,
    QueryAccount,
    SymbolMargin,
)
from tests.actors.execution.rig import SAFE, SYMBOL, Rig, approved, intent, kinds

pytestmark = pytest.mark.unit

MARGINS = (SymbolMargin(SYMBOL, 5, MarginMode.ISOLATED), SymbolMargin("ETH-USDT", 3))
MARGINED = ExecutionSettings(
    "paper", VenueTraits(margin=True, stream_resumes=True), margins=MARGINS, hedge_mode=False
)
WANTED = ConfigureAccount("paper", MARGINS, False)


def answered(rig: Rig, outcome: Outcome = Outcome.ACCEPTED, **refused: str) -> Rig:
    found = {f"{name}-USDT": words for name, words in refused.items()}
    return rig.take(ConfigureResult("paper", outcome, found, "not now"))


def test_it_is_owed_first_and_nothing_is_placed_before_both_answers() -> None:
    rig = Rig(MARGINED, seeded=False)
    assert list(rig.actor.outstanding()) == [WANTED, QueryAccount("paper")]
    rig.take(approved(1), sender="risk")
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert "PlaceOrder" not in kinds(rig.effects)
    assert kinds(answered(rig).effects) == ["PlaceOrder"]
    assert rig.restart() != []  # the order's question; not the configuration
    assert WANTED not in rig.restart()


def test_the_account_may_be_compared_last() -> None:
    rig = answered(Rig(MARGINED, seeded=False))
    rig.take(approved(1), sender="risk")
    assert rig.effects == []
    assert kinds(rig.take(AccountResult("paper", Outcome.ACCEPTED)).effects) == ["PlaceOrder"]


def test_without_an_answer_it_is_asked_again() -> None:
    rig = Rig(MARGINED)
    for wait in (SECOND, 2 * SECOND, 4 * SECOND):
        answered(rig, Outcome.NO_ANSWER)
        assert rig.wait(wait) == [WANTED]
    rig.take(approved(1, rig.now), sender="risk")
    assert rig.state.order_of(intent(1)) is None


def test_a_symbol_the_venue_refused_takes_no_new_exposure_and_others_do() -> None:
    rig = answered(Rig(MARGINED), BTC="leverage 5 is too much")
    rig.take(approved(1), sender="risk")
    final = rig.final(1)
    assert final is not None
    assert (final.state, final.reason) == (OrderState.REJECTED, Reason.LEVERAGE)
    rig.take(approved(2, symbol="ETH-USDT"), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.take(approved(3, increases_exposure=False), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_a_refused_position_mode_stops_new_exposure_everywhere() -> None:
    rig = answered(Rig(MARGINED), Outcome.REJECTED)
    rig.take(approved(1, symbol="ETH-USDT"), sender="risk")
    final = rig.final(1)
    assert final is not None
    assert final.reason is Reason.POSITION_MODE


def test_other_settings_are_brought_to_the_account_again() -> None:
    rig = answered(Rig(MARGINED))
    other = msgspec.structs.replace(MARGINED, hedge_mode=True)
    rig.settings = other
    assert ConfigureAccount("paper", MARGINS, True) in rig.restart()


@pytest.mark.parametrize("settings", [SAFE, msgspec.structs.replace(MARGINED, margins=(), hedge_mode=None)])
def test_nothing_is_asked_where_there_is_no_margin_or_nothing_is_wanted(settings: ExecutionSettings) -> None:
    rig = Rig(settings)
    assert rig.restart() == []
    rig.take(approved(1), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
