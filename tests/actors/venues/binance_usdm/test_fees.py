"""Fees are asked for a few symbols at a time; until a symbol's own are told, the dearest of its currency count."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.listings import Listings
from actors.venues.binance_usdm.rest import Answer
from actors.venues.binance_usdm.upkeep import Upkeep
from messages.reasons import Reason
from messages.venue_account import QueryInstruments
from tests.actors.venues.binance_usdm.building import settings_for

pytestmark = pytest.mark.unit

NAMES = {f"{base}-{quote}-PERP": f"{base}{quote}" for quote in ("USDT", "USDC") for base in ("A", "B", "C")}
TAKER = {
    "AUSDT": "0.0004",
    "BUSDT": "0.0005",
    "CUSDT": "0.0003",
    "AUSDC": "0.0001",
    "BUSDC": "0",
    "CUSDC": "0",
}


class FakeRest:
    """Tells six listings, and the fees that are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def learn_limits(self, body: bytes) -> None:
        """Nothing to learn."""

    async def call(self, endpoint: at.Endpoint, parameters: dict[str, Any], **_: Any) -> Answer:
        if endpoint is at.FEES:
            listing = parameters["symbol"]
            self.asked.append(listing)
            body: Any = {"symbol": listing, "makerCommissionRate": "0.0001"}
            body["takerCommissionRate"] = TAKER[listing]
        else:
            body = {"symbols": [listed(listing) for listing in NAMES.values()]}
        return Answer(None, Reason.ACCEPTED, body=msgspec.json.encode(body))


def listed(name: str) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "10", "stepSize": "0.001"},
    ]
    base, quote = name[0], name[1:]
    names = {"symbol": name, "baseAsset": base, "quoteAsset": quote, "marginAsset": quote}
    return {**names, "status": "TRADING", "filters": filters}


def test_a_start_asks_for_few_and_the_rest_follow() -> None:
    rest = FakeRest()
    upkeep = Upkeep(settings_for("http://127.0.0.1:1"), rest, Listings(NAMES))  # type: ignore[arg-type]

    def taker_fees() -> dict[str, Decimal | None]:
        told = asyncio.run(upkeep.instruments(QueryInstruments("usdm", tuple(NAMES)))).instruments
        return {each.listing: each.taker_fee for each in told}

    first = taker_fees()
    assert rest.asked == ["AUSDT", "BUSDT", "CUSDT", "AUSDC"]
    assert (first["AUSDT"], first["CUSDT"]) == (Decimal("0.0004"), Decimal("0.0003"))
    assert first["BUSDC"] == first["CUSDC"] == Decimal("0.0001")
    assert taker_fees() == {listing: Decimal(fee) for listing, fee in TAKER.items()}
    assert rest.asked[4:] == ["BUSDC", "CUSDC"]
    taker_fees()
    assert len(rest.asked) == 6
