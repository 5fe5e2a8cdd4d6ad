"""Settings: what contradicts the venue's rules is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from actors.execution.client_ids import client_order_id
from actors.venues.binance_usdm.port import BinanceUsdmPort
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.binance_usdm.traits import binance_usdm_traits
from actors.venues.port import AmendingVenue, DeadManVenue, MarginVenue
from messages.errors import ConfigurationError
from tests.actors.venues.binance_usdm.building import CREDENTIALS, SECOND, settings_for
from tests.actors.venues.scripted import run

pytestmark = pytest.mark.unit

GOOD: dict[str, Any] = {
    "venue": "usdm",
    "rest_url": "https://fapi.binance.com",
    "stream_url": "wss://fstream.binance.com",
    "listings": {"BTC-USDT-PERP": "BTCUSDT"},
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recv_window_ms", 0),
        ("recv_window_ms", 60_001),
        ("clock_bound_ns", 0),
        ("clock_bound_ns", SECOND + 1),
        ("rest_url", "wss://fapi.binance.com"),
        ("rest_url", "https://fapi.binance.com/"),
        ("stream_url", "https://fstream.binance.com"),
        ("listings", {"A-USDT-PERP": "X", "B-USDT-PERP": "X"}),
    ],
)
def test_what_makes_no_sense_is_refused(field: str, value: Any) -> None:
    BinanceUsdmSettings(**GOOD)
    with pytest.raises(ConfigurationError, match=field):
        BinanceUsdmSettings(**(GOOD | {field: value}))


def test_no_request_may_outlive_the_lease() -> None:
    async def work() -> None:
        settings = settings_for("http://127.0.0.1:9", recv_window_ms=3_000)
        with pytest.raises(ConfigurationError, match="lease"):
            BinanceUsdmPort(settings, CREDENTIALS, lease_ns=4 * SECOND - 1)
        port = BinanceUsdmPort(settings, CREDENTIALS, lease_ns=4 * SECOND)
        assert port.traits.request_expiry_ns == 4 * SECOND
        await port.close()

    run(work())


def test_the_port_is_what_its_traits_say() -> None:
    async def work() -> None:
        port = BinanceUsdmPort(settings_for("http://127.0.0.1:9"), CREDENTIALS)
        traits = port.traits
        assert isinstance(port, AmendingVenue) is traits.amend is True
        assert isinstance(port, DeadManVenue) is traits.dead_man_switch is True
        assert isinstance(port, MarginVenue) is traits.margin is True
        assert not traits.stream_resumes
        assert not traits.never_accepts_id_twice
        assert port.venue == "usdm"
        await port.close()
        await port.close()

    run(work())


def test_our_client_ids_fit_the_venue() -> None:
    traits = binance_usdm_traits(SECOND)
    made = client_order_id(
        "g1",
        "intent",
        prefix="rd",
        alphabet=traits.client_id_alphabet,
        max_length=traits.client_id_max_length,
    )
    assert len(made) <= 36
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
