"""A dry run, a monitor, a venue that is read only: the venue sees no private write, whatever the desk goes through.

The execution actor, its outside and the adapter as a desk puts them together, on a local exchange, with a spy for the
socket. The same story with a desk that may write is the proof that the spy would have seen it.
"""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.execution.actor import ExecutionActor, initial_state
from actors.venues.binance_usdm.endpoints import LISTEN_KEY_NEW
from actors.venues.binance_usdm.port import BinanceUsdmPort
from actors.venues.binance_usdm.signing import Credentials
from actors.venues.transport.http import Answer, Phases, Transport
from actors.venues.transport.http1 import Request
from actors.venues.transport.lean import LeanTransport
from actors.venues.transport.reading import ReadingTransport
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings
from cluster.host.settings_map import may_write
from cluster.host.venue_map import account_settings, execution_of
from cluster.host.venue_outside import VenueOutside
from config import DeskConfig, load_config
from messages.base import Message
from messages.control import Drain, Flatten, Halt
from messages.order_events import OrderSimulated
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.execution.rig import SECOND, Rig, approved
from tests.actors.venues.scripted import run

pytestmark = pytest.mark.integration

SYMBOL = "BTC-USDT-PERP"


class Spy:
    """Keeps what gets to the socket."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.seen: list[tuple[str, str]] = []

    async def send(self, request: Request, phases: Phases) -> Answer:
        self.seen.append((request.method, request.target.partition("?")[0]))
        return await self.inner.send(request, phases)

    async def aclose(self) -> None:
        await self.inner.aclose()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """All but questions and the key to listen with."""
        return [(how, path) for how, path in self.seen if how != "GET" and path != LISTEN_KEY_NEW.path]


def desk(**changes: object) -> DeskConfig:
    config: DeskConfig = load_config("demo", environ={}, overrides=changes).config
    return config


async def story(config: DeskConfig, home: Path, *, guarded: bool) -> tuple[Spy, Rig]:
    """A first reading with an account to set up, orders, a cancel, a flatten, the kill switch, and the end.

    `guarded`: over the transport that a desk takes where it may not write.
    """
    server = ExchangeServer(ServerSettings(home=str(home)))
    address, key = await server.start(), server.keys["desk"]
    spy = Spy(LeanTransport())
    chosen = account_settings(config, "binance", config.venues["binance"])  # type: ignore[arg-type]
    settings = msgspec.structs.replace(chosen, rest_url=address.rest, stream_url=address.stream)
    transport: Transport = ReadingTransport(spy, {LISTEN_KEY_NEW.path}) if guarded else spy
    port = BinanceUsdmPort(settings, Credentials(key.api_key, key.secret), transport=transport)
    rig = Rig(seeded=False)
    rig.settings = execution_of(config, "binance")
    rig.actor = ExecutionActor(rig.settings, initial_state(rig.settings, "g1"))
    rig.ctx = type(rig.ctx)(rig.actor, seed=1)
    try:
        await port.connect()
        outside = VenueOutside(port, rig.actor.gate, rig.actor.cancels_when_store_away, lambda: None)
        rig.ctx.now = time.time_ns()
        pending: list[Any] = list(rig.actor.outstanding())

        async def settle() -> None:
            while pending:
                effect = pending.pop(0)
                result = await outside.perform(effect, lambda: rig.now)
                if result is not None:
                    take(result, "venue")

        def take(message: Message, sender: str) -> None:
            rig.take(message, sender=sender)
            pending.extend(rig.effects)

        await settle()
        body = await port.rest.get("/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT"}, 2)
        bid = Decimal(msgspec.json.decode(body)["bidPrice"])
        low = (bid * Decimal("0.97")).quantize(Decimal(1))
        for number in (1, 2):
            terms = {"symbol": SYMBOL, "venue": "binance", "quantity": Decimal("0.010")}
            prices = {"limit_price": low, "worst_price": low}
            take(approved(number, rig.now, **terms, **prices), "risk")
            await settle()
        take(Flatten("anna"), "operator")
        take(Halt("anna", "drill"), "operator")
        take(Drain("anna", "end"), "operator")
        await settle()
        pending.extend(rig.wait(120 * SECOND))
        await settle()
    finally:
        await port.close()
        await server.stop()
    return spy, rig


@pytest.mark.parametrize(
    "changes",
    [
        {"desk.environment": "dry_run"},
        {"arming.role": "monitor"},
        {"venues.binance.read_only": True},
    ],
    ids=["dry_run", "monitor", "read_only"],
)
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "by_the_actor_alone"])
def test_who_may_not_write_writes_nothing(tmp_path: Path, changes: dict[str, object], guarded: bool) -> None:
    config = desk(**changes)
    assert not may_write(config, "binance")
    spy, rig = run(story(config, tmp_path, guarded=guarded))
    assert spy.writes == []
    assert any(how == "GET" for how, _ in spy.seen)
    wanted = OrderState.SIMULATED if "desk.environment" in changes else OrderState.REJECTED
    for number in (1, 2):
        final = rig.final(number)
        assert final is not None
        assert final.state is wanted


def test_a_dry_run_records_what_it_would_have_sent(tmp_path: Path) -> None:
    _, rig = run(story(desk(**{"desk.environment": "dry_run"}), tmp_path, guarded=True))
    simulated = rig.happened(OrderSimulated)
    assert [(event.route, event.reason) for event in simulated] == [("limit gtc", Reason.DRY_RUN)] * 2
    assert all(event.cost == event.price * Decimal("0.010") for event in simulated)


def test_the_spy_sees_what_a_desk_that_may_write_does(tmp_path: Path) -> None:
    config = desk()
    assert may_write(config, "binance")
    spy, _ = run(story(config, tmp_path, guarded=False))
    paths = {path for _, path in spy.writes}
    assert {"/fapi/v1/order", "/fapi/v1/leverage"} <= paths
