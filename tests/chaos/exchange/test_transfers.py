"""Money is moved at the exchange while the desk runs, is down, and is killed: risk hears of each transfer once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from messages.transfers import Transfer, TransferReceived
from tests.chaos.desks import until
from tests.chaos.exchange.rig import ACCOUNT, MILLISECOND, Rig, eventually, is_ready, rig

pytestmark = [pytest.mark.chaos, pytest.mark.long]


async def told(running: Rig, since: int, count: int) -> list[Transfer]:
    """What risk was told that was moved since a moment (ns UTC), once it is so much.

    What the account was opened with may be told as well: risk has it again in the account as it was found.
    """

    async def found() -> list[Transfer]:
        running.require_alive()
        mail = [each for each in await running.mail_of("risk") if isinstance(each, Transfer)]
        transfers = [each for each in mail if each.event_time >= since]
        return transfers if len(transfers) >= count else []

    return list(await until(found, 60.0, f"risk is told of {count} transfers"))


async def move(running: Rig, amount: str) -> None:
    await running.control("POST", "deposit", {"account": ACCOUNT, "currency": "USDT", "amount": amount})


async def cash(running: Rig) -> Decimal:
    """The account's cash as a person sees it."""
    rows = await running.signed("GET", "/fapi/v2/balance")
    return Decimal(next(row["balance"] for row in rows if row["asset"] == "USDT"))


async def venue_time(running: Rig) -> int:
    """The exchange's clock, ns UTC."""
    answer = await running.signed("GET", "/fapi/v1/time")
    return int(answer["serverTime"]) * MILLISECOND


def test_each_is_told_once_with_its_sign_and_what_was_there_before_is_not(tmp_path: Path) -> None:
    async def run() -> None:
        async with rig(tmp_path) as running:
            await eventually(running, is_ready, 30.0, "the account is set up and compared")
            before, since = await cash(running), await venue_time(running)
            await move(running, "250.5")
            await told(running, since, 1)
            running.may_start.clear()
            running.kill_trader()
            await move(running, "-100")
            await asyncio.sleep(0.3)
            running.may_start.set()
            await told(running, since, 2)
            running.arm("before_commit")
            await move(running, "40")
            transfers = await told(running, since, 3)
            await asyncio.sleep(1.5)  # the list is looked at again, and nothing more is made of it
            transfers = await told(running, since, 3)
            assert [each.amount for each in transfers] == [Decimal("250.5"), Decimal(-100), Decimal(40)]
            assert {each.currency for each in transfers} == {"USDT"}
            received = await running.events(TransferReceived)
            assert [each.transfer for each in received if each.transfer.event_time >= since] == transfers
            assert await cash(running) - before == sum(each.amount for each in transfers)
            assert running.deaths >= 1

    asyncio.run(run())
