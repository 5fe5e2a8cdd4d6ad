"""The outside of execution: what passes the last gate, what a port must offer, what is clear before the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, cast

import pytest

from actors.venues.port import VenuePort, VenueTraits
from cluster.host.venue_outside import VenueOutside
from messages.base import Effect, Message
from messages.errors import ConfigurationError, InvariantError
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    ReplaceOrder,
    ReplaceResult,
)
from messages.venue_account import ArmDeadMan, ConfigureAccount, QueryAccount, QueryInstruments

pytestmark = pytest.mark.unit

PLACE = PlaceOrder(
    "rd1",
    "BTC-USDT",
    Side.BUY,
    Decimal(1),
    OrderType.LIMIT,
    TimeInForce.GTC,
    False,
    False,
    Decimal(100),
    None,
    9,
    0,
    True,
)
REPLACE = ReplaceOrder("rd1", "BTC-USDT", Side.BUY, Decimal(1), Decimal(101), 9, 0, True)
QUESTIONS: tuple[tuple[Effect, str], ...] = (
    (CancelOrder("rd1", "BTC-USDT"), "cancel"),
    (QueryOrder("rd1", "BTC-USDT"), "query"),
    (QueryFills("paper", "BTC-USDT"), "fills"),
    (QueryAccount("paper"), "account"),
    (QueryInstruments("paper", ("BTC-USDT",)), "instruments"),
)
SPECIAL: tuple[tuple[Effect, str, str], ...] = (
    (REPLACE, "amend", "replace"),
    (ArmDeadMan("paper", ("BTC-USDT",), 5), "dead_man_switch", "arm_dead_man"),
    (ConfigureAccount("paper", ()), "margin", "configure"),
)


class Plain:
    """A port that notes what it is asked; answers with the name of the call."""

    venue = "paper"

    def __init__(self, traits: VenueTraits | None = None) -> None:
        self.traits = traits or VenueTraits()
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in ("place", "cancel", "query", "fills", "account", "instruments"):
            raise AttributeError(name)
        return self._call(name)

    def _call(self, name: str) -> Any:
        async def call(*parts: object) -> str:
            self.asked.append(name)
            return name

        return call


class Able(Plain):
    """A port that offers everything."""

    async def replace(self, replace: ReplaceOrder, now: int) -> str:
        self.asked.append("replace")
        return "replace"

    async def arm_dead_man(self, arm: ArmDeadMan) -> str:
        self.asked.append("arm_dead_man")
        return "arm_dead_man"

    async def configure(self, wanted: ConfigureAccount) -> str:
        self.asked.append("configure")
        return "configure"


def outside(port: Plain, reason: Reason | None = None) -> VenueOutside:
    return VenueOutside(cast(VenuePort, port), lambda effect, now: reason, list, lambda: None)


def run(work: Coroutine[Any, Any, Message | None]) -> Message | None:
    return asyncio.run(work)


@pytest.mark.parametrize(("effect", "call"), QUESTIONS)
def test_every_port_is_asked_what_every_port_offers(effect: Effect, call: str) -> None:
    assert run(outside(Plain(), Reason.HALTED).perform(effect, lambda: 1)) == call


@pytest.mark.parametrize(("effect", "trait", "call"), SPECIAL)
def test_what_is_declared_and_offered_is_carried_out(effect: Effect, trait: str, call: str) -> None:
    port = Able(VenueTraits(**{trait: True}))
    assert run(outside(port).perform(effect, lambda: 1)) == call


@pytest.mark.parametrize(("effect", "trait", "call"), SPECIAL)
def test_what_is_declared_and_not_offered_is_clear_at_the_start(
    effect: Effect, trait: str, call: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"venues\.paper.*{trait}"):
        outside(Plain(VenueTraits(**{trait: True})))


@pytest.mark.parametrize(("effect", "trait", "call"), SPECIAL)
def test_what_is_not_declared_is_never_carried_out(effect: Effect, trait: str, call: str) -> None:
    port = Able()
    with pytest.raises(InvariantError, match=type(effect).__name__):
        run(outside(port).perform(effect, lambda: 1))
    assert port.asked == []


@pytest.mark.parametrize(("effect", "result"), [(PLACE, PlaceResult), (REPLACE, ReplaceResult)])
def test_orders_and_their_changes_pass_the_gate_or_were_never_sent(
    effect: Effect, result: type[Message]
) -> None:
    port = Able(VenueTraits(amend=True))
    held = run(outside(port, Reason.HALTED).perform(effect, lambda: 1))
    assert held == result("rd1", Outcome.NOT_SENT, Reason.HALTED)  # type: ignore[call-arg]
    assert port.asked == []
    assert run(outside(port).perform(effect, lambda: 1)) in ("place", "replace")


def test_without_the_lease_orders_and_changes_are_withheld_and_questions_are_not() -> None:
    plain = outside(Plain())
    assert plain.withheld(PLACE, Reason.LEASE_LOST) == PlaceResult("rd1", Outcome.NOT_SENT, Reason.LEASE_LOST)
    assert plain.withheld(REPLACE, Reason.LEASE_LOST) == ReplaceResult(
        "rd1", Outcome.NOT_SENT, Reason.LEASE_LOST
    )
    for effect, _ in QUESTIONS:
        assert plain.withheld(effect, Reason.LEASE_LOST) is None
