"""Who may ask: keys, signatures and time stamps, as a client meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.exchange.settings import AccountPlan
from tests.cluster.exchange.rig import Rig, trying

pytestmark = pytest.mark.integration

OPEN = "/fapi/v1/openOrders"


def test_only_whoever_has_the_secret_may_ask(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async def told(query: str, **headers: str) -> tuple[int, int]:
            response = await rig.http.get(f"{OPEN}?{query}", headers=headers)
            return response.status_code, response.json()["code"]

        good = rig.query({})
        assert (await rig.http.get(f"{OPEN}?{good}")).status_code == 200
        assert await told(good, **{"X-MBX-APIKEY": ""}) == (401, -2014)
        assert await told(good, **{"X-MBX-APIKEY": "x" * 64}) == (401, -2015)
        assert await told(good + "0") == (400, -1022)
        assert await told("symbol=BTCUSDT&" + good) == (400, -1022)
        assert await told(f"timestamp={rig.now_ms}") == (400, -1102)
        assert await told("symbol=BTCUSDT") == (400, -1102)
        assert await told(f"{good}&{good}") == (400, -1101)
        assert (
            await rig.http.get(f"{OPEN}?{good}", headers={"x-mbx-apikey": rig.key.api_key})
        ).status_code == 200

    trying(tmp_path, scenario)


@pytest.mark.parametrize(
    ("behind_ms", "window", "code"),
    [
        (0, None, None),
        (5_000, None, None),
        (5_001, None, -1021),
        (59_000, 60_000, None),
        (-999, None, None),
        (-1_000, None, -1021),
        (0, 60_001, -1131),
    ],
)
def test_only_in_time(tmp_path: Path, behind_ms: int, window: int | None, code: int | None) -> None:
    async def scenario(rig: Rig) -> None:
        more = {} if window is None else {"recvWindow": window}
        response = await rig.signed("GET", OPEN, timestamp=rig.now_ms - behind_ms, **more)
        assert (response.json()["code"] if response.status_code != 200 else None) == code

    trying(tmp_path, scenario)


def test_accounts_see_nothing_of_each_other(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        placed = await rig.rest_order("mine")
        rig.key = rig.server.keys["other"]
        rig.http.headers["X-MBX-APIKEY"] = rig.key.api_key
        assert await rig.ok("GET", OPEN) == []
        wrong = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
        assert await rig.refused("GET", "/fapi/v1/order", **wrong) == (400, -2013)
        assert await rig.refused("DELETE", "/fapi/v1/order", **wrong) == (400, -2011)
        async with rig.stream(f"/private/ws/{await rig.listen_key()}"):
            await rig.rest_order("mine")  # the name is free in this account

    trying(tmp_path, scenario, accounts=(AccountPlan(name="desk"), AccountPlan(name="other")))


def test_what_is_not_there(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        assert (await rig.http.get("/fapi/v1/nothing")).status_code == 404
        assert (await rig.http.delete("/fapi/v1/time")).status_code == 405

    trying(tmp_path, scenario)
