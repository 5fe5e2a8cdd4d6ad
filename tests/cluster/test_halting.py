"""The kill switch over HTTP: who knows the token halts, who does not is told so, and nothing is lost silently."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette

from cluster.halting import LARGEST, Halting
from messages.base import CONTROL, Envelope
from messages.control import Halt
from messages.errors import StoreUnavailableError

pytestmark = pytest.mark.unit

TOKEN = "a-token-that-is-long-enough"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


class Posts:
    """A store that keeps what is posted, or is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.posted: list[Envelope] = []

    async def post(self, envelope: Envelope) -> str:
        if self.away:
            raise StoreUnavailableError("no answer", field="redis")
        self.posted.append(envelope)
        return "17-0"


def ask(store: Posts, method: str = "POST", content: bytes = b"", **headers: str) -> httpx.Response:
    app = Starlette(routes=Halting(store, TOKEN).routes())  # type: ignore[arg-type]

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.request(method, "/halt", content=content, headers=headers)

    return asyncio.run(answer())


def test_whoever_knows_the_token_halts_the_desk() -> None:
    store = Posts()
    said = ask(store, content=b'{"by": "anna", "reason": "flood", "flatten": true}', **KNOWN)
    assert (said.status_code, said.json()) == (202, {"message_id": "17-0"})
    [envelope] = store.posted
    assert envelope.recipient == CONTROL
    assert envelope.message == Halt("anna over HTTP", "flood", True)


def test_without_a_body_it_halts_all_the_same() -> None:
    store = Posts()
    assert ask(store, **KNOWN).status_code == 202
    assert store.posted[0].message == Halt("http over HTTP", "halted over HTTP", False)


@pytest.mark.parametrize(
    "header", ["", TOKEN, "Bearer", "Bearer other", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
)
def test_who_does_not_know_the_token_changes_nothing(header: str) -> None:
    store = Posts()
    assert ask(store, Authorization=header).status_code == 401
    assert store.posted == []


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"by": ""}', b'{"why": "typo"}', b'{"by": "' + b"x" * LARGEST + b'"}']
)
def test_a_body_that_makes_no_sense_is_refused_with_a_remedy(body: bytes) -> None:
    store = Posts()
    said = ask(store, content=body, **KNOWN)
    assert said.status_code == 400
    assert "send JSON" in said.json()["error"]
    assert store.posted == []


def test_a_store_that_is_away_is_told() -> None:
    assert ask(Posts(away=True), **KNOWN).status_code == 503


def test_it_does_not_resume_and_does_not_answer_readers() -> None:
    assert ask(Posts(), "GET", **KNOWN).status_code == 405
