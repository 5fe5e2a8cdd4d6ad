"""An exchange to try things on, over real sockets: its clock stands still until the test moves it.

Everything here is written from the protocol's documentation: signing, paths and names share nothing with the desk.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import websockets

from cluster.exchange.core import ExchangeSettings, default_listings
from cluster.exchange.core.market import MarketSource
from cluster.exchange.faults import FaultRule, FaultSettings
from cluster.exchange.published import ExchangeAddress
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)


class Rig:
    """A client of one exchange, and the exchange's clock."""

    def __init__(
        self, server: ExchangeServer, address: ExchangeAddress, clock: Clock, http: httpx.AsyncClient
    ) -> None:
        self.server = server
        self.address = address
        self.clock = clock
        self.http = http
        self.key = server.keys["desk"]

    @property
    def now_ms(self) -> int:
        return self.clock.now // 1_000_000

    def query(self, parameters: dict[str, Any]) -> str:
        """A signed query string; a `timestamp` that is given stays."""
        text = urlencode({"timestamp": self.now_ms, **parameters})
        made = hmac.new(self.key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return f"{text}&signature={made}"

    async def signed(self, method: str, path: str, **parameters: Any) -> httpx.Response:
        """A signed request, everything in the query string."""
        return await self.http.request(method, f"{path}?{self.query(parameters)}")

    async def ok(self, method: str, path: str, **parameters: Any) -> Any:
        """The body of a signed request that must succeed."""
        response = await self.signed(method, path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, **parameters: Any) -> tuple[int, int]:
        """(HTTP status, code) of a signed request that must fail."""
        response = await self.signed(method, path, **parameters)
        assert response.status_code != 200, response.text
        assert set(response.json()) == {"code", "msg"}
        return response.status_code, response.json()["code"]

    async def get(self, path: str, **parameters: Any) -> Any:
        """The body of a public request that must succeed."""
        response = await self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    async def best(self, symbol: str = "BTCUSDT") -> tuple[str, str]:
        """(bid, ask)."""
        told = await self.get("/fapi/v1/ticker/bookTicker", symbol=symbol)
        return told["bidPrice"], told["askPrice"]

    async def far_bid(self, share: float = 0.95) -> str:
        """A price below the market at which nothing trades."""
        return f"{float((await self.best())[0]) * share:.1f}"

    async def rest_order(self, name: str, **changes: Any) -> Any:
        """A limit order that rests."""
        terms = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": await self.far_bid(),
            "newClientOrderId": name,
        }
        return await self.ok("POST", "/fapi/v1/order", **{**terms, **changes})

    async def market_order(self, name: str, **changes: Any) -> Any:
        """A market order, answered with its result."""
        terms = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.01",
            "newClientOrderId": name,
            "newOrderRespType": "RESULT",
        }
        return await self.ok("POST", "/fapi/v1/order", **{**terms, **changes})

    def stream(self, path: str) -> websockets.connect:
        """A stream connection that takes whatever comes."""
        return websockets.connect(f"{self.address.stream}{path}", proxy=None, max_queue=None)

    async def raw_stream(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A stream connection that does nothing by itself, with small buffers."""
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.setblocking(False)
        port = int(self.address.rest.rpartition(":")[2])
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=1_024)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    async def listen_key(self) -> str:
        """A listen key."""
        return str((await self.http.post("/fapi/v1/listenKey")).json()["listenKey"])

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """The body of a request to the control socket that must succeed."""
        token = (Path(self.address.keys).parent / "control-token").read_text()
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.request(
                method,
                f"{self.address.control}/control/{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )
        assert response.status_code == 200, response.text
        return response.json()


async def hear(stream: Any, count: int = 1, within_s: float = 20.0) -> list[Any]:
    """The next messages of a stream."""
    return [json.loads(await asyncio.wait_for(stream.recv(), within_s)) for _ in range(count)]


async def hear_until(stream: Any, wanted: Callable[[Any], bool], within_s: float = 20.0) -> list[Any]:
    """All messages up to the first that is wanted."""
    heard: list[Any] = []
    async with asyncio.timeout(within_s):
        while not heard or not wanted(heard[-1]):
            heard.append(json.loads(await stream.recv()))
    return heard


async def answer_to(stream: Any, asked: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The answer to a control message, and the events before it: as at the venue, they come whenever there are any."""
    await stream.send(json.dumps(asked))
    *before, answer = await hear_until(stream, lambda told: told.get("id") == asked["id"])
    return answer, before


async def caught_up(stream: Any) -> list[Any]:
    """Every event sent so far that is not heard yet: all that comes before the answer to a question of now."""
    _, before = await answer_to(stream, {"method": "LIST_SUBSCRIPTIONS", "id": "caught up"})
    return before


async def is_quiet(stream: Any, for_s: float = 0.15) -> bool:
    """Whether nothing comes for a while."""
    try:
        await asyncio.wait_for(stream.recv(), for_s)
    except TimeoutError:
        return True
    return False


def settings_of(home: Path, *rules: FaultRule, **changes: Any) -> ServerSettings:
    """An exchange of two listings."""
    made = ServerSettings(
        home=str(home),
        market=ExchangeSettings(seed=7, listings=default_listings(2)),
        faults=FaultSettings(rules=rules),
        step_s=0.005,
    )
    return type(made)(**{**{name: getattr(made, name) for name in made.__struct_fields__}, **changes})


@asynccontextmanager
async def running(
    settings: ServerSettings, clock: Clock | None = None, market: MarketSource | None = None
) -> AsyncIterator[Rig]:
    """An exchange that serves, and a client of it."""
    clock = clock or Clock()
    server = ExchangeServer(settings, clock=clock, market=market)
    address = await server.start()
    try:
        async with httpx.AsyncClient(
            base_url=address.rest,
            headers={"X-MBX-APIKEY": server.keys["desk"].api_key},
            trust_env=False,
            verify=False,
            timeout=30,
        ) as http:
            yield Rig(server, address, clock, http)
    finally:
        await server.stop()


def trying(home: Path, scenario: Callable[[Rig], Awaitable[None]], *rules: FaultRule, **changes: Any) -> None:
    """Run a scenario on a fresh exchange."""

    async def run() -> None:
        async with running(settings_of(home, *rules, **changes)) as rig:
            await scenario(rig)

    asyncio.run(run())


def names_of(text: str) -> list[str]:
    """The words of a text: names of fields."""
    return text.split()
