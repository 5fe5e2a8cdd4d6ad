"""The reader of funding payments ends when it is told to, whatever comes in at that moment."""

from __future__ import annotations

import asyncio

import pytest

from actors.venues.binance_usdm.funding import IncomeReader
from actors.venues.binance_usdm.listings import Listings
from actors.venues.binance_usdm.rest import BinanceRest
from tests.actors.venues.binance_usdm.building import CREDENTIALS, settings_for

pytestmark = pytest.mark.unit


def test_a_cancel_that_comes_with_an_announcement_is_not_lost() -> None:
    async def work() -> None:
        settings = settings_for("http://127.0.0.1:9")
        rest = BinanceRest(settings, CREDENTIALS)
        reader = IncomeReader(settings, rest, Listings(settings.listings), lambda payment: None)
        task = asyncio.create_task(reader.run())
        reader.announced()
        for _ in range(5):  # it now waits for the time of its first look
            await asyncio.sleep(0)
        reader.announced()
        await asyncio.sleep(0)  # the wait is over, but it has not gone on yet
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=0.5)
        assert done
        assert task.cancelled()
        await rest.close()

    asyncio.run(work())
