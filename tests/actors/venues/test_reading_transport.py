"""The transport of those who may only look: what would change something is not written, and is told as not sent."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from actors.venues.transport.http import Phases, exchange, origin_of
from actors.venues.transport.http1 import Request
from actors.venues.transport.reading import ReadingTransport
from tests.actors.venues.scripted import run

pytestmark = pytest.mark.unit

ORIGIN = origin_of("https://venue.example")


class Answered(NamedTuple):
    """An answer without a word."""

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b"{}"


class Spy:
    """Keeps what would have been written."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []

    async def send(self, request: Request, phases: Phases) -> Answered:
        self.written.append((request.method, request.target))
        return Answered()

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_changes_something_is_withheld_before_the_socket(method: str) -> None:
    spy = Spy()
    reading = ReadingTransport(spy, {"/listen"})
    end = run(exchange(reading, method, ORIGIN, "/order?symbol=A", {}, Phases()))
    assert spy.written == []
    assert "withheld" in end.detail  # type: ignore[union-attr]


def test_questions_and_what_is_allowed_pass() -> None:
    spy = Spy()
    reading = ReadingTransport(spy, {"/listen"})
    run(exchange(reading, "GET", ORIGIN, "/order?symbol=A", {}, Phases()))
    run(exchange(reading, "POST", ORIGIN, "/listen", {}, Phases()))
    assert spy.written == [("GET", "/order?symbol=A"), ("POST", "/listen")]
