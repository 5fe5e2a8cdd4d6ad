"""A person trades on the desk's account behind its back: it is found out, told, and dealt with as the policy says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.execution.client_ids import client_order_id
from actors.execution.settings import SECOND, ExecutionSettings, ExternalPolicy, ReconcilePolicy
from messages.account_events import ExternalActivity, HoldingsExceeded, PositionCorrected, VenueCondition
from messages.control import Mode, Resume
from messages.intents import OrderTerms, OrderType, Side, SubmitOrder
from messages.order_events import FillReceived
from tests.chaos.desks import until
from tests.chaos.exchange.rig import MODE_VERSION, Rig, eventually, is_ready, rig
from tests.chaos.exchange.scaled import EXECUTION_SETTINGS, SYMBOLS
from tests.chaos.exchange.trader import VENUE

pytestmark = pytest.mark.chaos

BTC, LISTING = "BTC-USDT-PERP", SYMBOLS["BTC-USDT-PERP"].listing
OWNER = f"strategy/{BTC}"
QUANTITY = Decimal("0.010")


def trading(
    folder: Path,
    scenario: Callable[[Rig], Awaitable[None]],
    external: ExternalPolicy,
    reconcile: ReconcilePolicy = ReconcilePolicy.WARN,
) -> None:
    """Run a scenario on a rig of these policies whose account has been compared once.

    Where orders by hand are cancelled that is left to the private stream: the next comparison is far away.
    """
    interval_ns = 600 * SECOND if external is ExternalPolicy.CANCEL else SECOND // 2
    settings: ExecutionSettings = msgspec.structs.replace(
        EXECUTION_SETTINGS,
        external_policy=external,
        reconcile_policy=reconcile,
        reconcile_interval_ns=interval_ns,
    )

    async def run() -> None:
        async with rig(folder, execution=settings) as running:
            await eventually(running, is_ready, 30.0, "the account is set up and compared")
            await scenario(running)

    asyncio.run(run())


async def place_by_hand(running: Rig, name: str = "web_by_hand", **changes: Any) -> dict[str, Any]:
    """A person's order far from the market."""
    bid, _ = (await running.prices())[BTC]
    terms = {
        "symbol": LISTING,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": str(QUANTITY),
        "price": f"{bid * Decimal('0.95'):.1f}",
        "newClientOrderId": name,
    }
    given = {name: value for name, value in {**terms, **changes}.items() if value is not None}
    return dict(await running.signed("POST", "/fapi/v1/order", **given))


async def sell_by_hand(running: Rig, name: str = "web_close") -> None:
    """A person sells at the market what the desk has bought."""
    order = {"symbol": LISTING, "side": "SELL", "type": "MARKET", "quantity": str(QUANTITY)}
    await running.signed("POST", "/fapi/v1/order", **order, newClientOrderId=name)


async def buy(running: Rig) -> None:
    """Let the desk take a position for a strategy."""
    _, ask = (await running.prices())[BTC]
    worst = (ask * Decimal("1.02")).quantize(Decimal("0.1"))
    deadline = time.time_ns() + 10 * SECOND
    terms = OrderTerms(BTC, VENUE, Side.BUY, QUANTITY, OrderType.MARKET, worst, deadline)
    await running.post(SubmitOrder(f"{OWNER}#1", OWNER, "ema", terms, MODE_VERSION, True))
    await eventually(running, lambda state: state.positions.get(BTC) == QUANTITY, 10.0, "the desk has bought")


async def told(running: Rig, address: str, kind: type[Any]) -> list[Any]:
    """The messages of a type that an actor was sent, once there is one."""

    async def found() -> list[Any]:
        running.require_alive()
        return [each for each in await running.mail_of(address) if isinstance(each, kind)]

    return list(await until(found, 60.0, f"{address} is told {kind.__name__}"))


async def external_fills(running: Rig) -> list[ExternalActivity]:
    """What risk was told of fills that are not the desk's, once there is one; orders are told apart from them."""

    async def found() -> list[ExternalActivity]:
        return [each for each in await told(running, "risk", ExternalActivity) if each.fill is not None]

    return list(await until(found, 60.0, "risk is told of a fill by hand"))


def status_of(running: Rig, name: str) -> str:
    """How the exchange's log says that an order stands."""
    [order] = [each for each in running.log().orders.values() if each.client_order_id == name]
    return order.status


@pytest.mark.parametrize(
    "external",
    [ExternalPolicy.WARN, ExternalPolicy.CANCEL, pytest.param(ExternalPolicy.IGNORE, marks=pytest.mark.long)],
)
def test_an_order_by_hand_is_told_and_cancelled_only_where_the_policy_says_so(
    tmp_path: Path, external: ExternalPolicy
) -> None:
    async def scenario(running: Rig) -> None:
        await place_by_hand(running)
        activity, *_ = await told(
            running, "risk", ExternalActivity
        )  # cancelled at once, its end may be told too
        assert (activity.client_order_id, activity.symbol, activity.side) == ("web_by_hand", BTC, Side.BUY)
        assert not activity.ours
        assert activity.suspect is (external is not ExternalPolicy.IGNORE)

        async def cancelled() -> bool:
            return status_of(running, "web_by_hand") == "canceled"

        if external is ExternalPolicy.CANCEL:
            await until(cancelled, 60.0, "the desk cancels it")
        else:
            await asyncio.sleep(1.2)  # two comparisons of the account
            assert not await cancelled()
            assert len(await told(running, "risk", ExternalActivity)) == 1, (
                "told once, however often it is seen"
            )

    trading(tmp_path, scenario, external)


@pytest.mark.parametrize(
    ("reconcile", "down"),
    [
        pytest.param(ReconcilePolicy.AUTO, False, id="auto, while it runs", marks=pytest.mark.long),
        pytest.param(ReconcilePolicy.AUTO, True, id="auto, while it is down"),
        pytest.param(ReconcilePolicy.WARN, False, id="warn, while it runs"),
        pytest.param(ReconcilePolicy.WARN, True, id="warn, while it is down", marks=pytest.mark.long),
        pytest.param(ReconcilePolicy.STRICT, True, id="strict, while it is down", marks=pytest.mark.long),
    ],
)
def test_a_position_closed_by_hand_is_booked_once_and_its_owner_is_told_at_once_or_when_a_person_has_looked(
    tmp_path: Path, reconcile: ReconcilePolicy, down: bool
) -> None:
    async def scenario(running: Rig) -> None:
        await buy(running)
        if down:
            running.may_start.clear()
            running.kill_trader()
        await sell_by_hand(running)
        if down:
            await asyncio.sleep(0.5)
            running.may_start.set()
        [activity] = await external_fills(running)
        assert activity.fill is not None
        assert (activity.side, activity.fill.quantity) == (Side.SELL, QUANTITY)
        state = await eventually(
            running,
            lambda state: not state.positions.get(BTC) and not state.account_due,
            10.0,
            "it is booked",
        )
        [exceeded] = await running.events(HoldingsExceeded)
        assert (exceeded.symbol, exceeded.claimed, exceeded.held) == (BTC, QUANTITY, 0)
        corrections = await running.events(PositionCorrected)
        if reconcile is ReconcilePolicy.AUTO:
            [correction] = await told(running, OWNER, PositionCorrected)
            assert corrections == [correction]
            assert (correction.strategy, correction.quantity, correction.side) == ("ema", QUANTITY, Side.SELL)
            assert not state.holdings
        else:
            assert not corrections
            assert [each.quantity for each in state.holdings.values()] == [QUANTITY]
        await asyncio.sleep(1.2)  # two more comparisons of the account, and nothing more is made of it
        assert len(await external_fills(running)) == 1
        assert len(await running.events(FillReceived, PositionCorrected)) == 1 + len(corrections)
        if reconcile is not ReconcilePolicy.AUTO:
            await running.post(Resume("ana", "closed it myself"), sender="operator")
            [correction] = await told(running, OWNER, PositionCorrected)
            assert (correction.strategy, correction.quantity, correction.side) == ("ema", QUANTITY, Side.SELL)
        assert running.log().positions == {}

    trading(tmp_path, scenario, ExternalPolicy.WARN, reconcile)


@pytest.mark.long
def test_what_was_bought_and_sold_again_by_hand_while_it_is_down_is_booked_and_not_corrected(
    tmp_path: Path,
) -> None:
    """Positions are as they were, and the fees are gone."""

    async def scenario(running: Rig) -> None:
        await buy(running)
        running.may_start.clear()
        running.kill_trader()
        await place_by_hand(running, "web_in", type="MARKET", price=None, timeInForce=None)
        await sell_by_hand(running, "web_out")
        await asyncio.sleep(0.5)
        running.may_start.set()

        async def both() -> list[ExternalActivity]:
            fills = await external_fills(running)
            return fills if len({each.side for each in fills}) == 2 else []

        fills = await until(both, 60.0, "both sides are told")
        assert sum(each.fill.quantity * each.side.sign for each in fills if each.fill is not None) == 0
        await eventually(running, lambda state: not state.account_due, 10.0, "the account is compared")
        state = await running.state()
        assert state.positions == {BTC: QUANTITY}
        assert not await running.events(PositionCorrected, HoldingsExceeded)

    trading(tmp_path, scenario, ExternalPolicy.WARN, ReconcilePolicy.AUTO)


def test_an_order_of_another_desk_on_the_account_halts(tmp_path: Path) -> None:
    async def scenario(running: Rig) -> None:
        settings = EXECUTION_SETTINGS
        name = client_order_id(
            "first",
            "strategy/other#1",
            prefix=settings.client_id_prefix,
            desk="another",
            alphabet=settings.client_id_alphabet,
            max_length=settings.client_id_max_length,
        )
        await place_by_hand(running, name)
        [condition] = await told(running, "risk", VenueCondition)
        assert condition.mode is Mode.HALTED
        assert condition.person
        assert name in condition.detail

    trading(tmp_path, scenario, ExternalPolicy.IGNORE)
