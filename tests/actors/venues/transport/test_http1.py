"""Answers on the wire: cut anywhere, of every kind of length, and never taken for more than they are."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.transport.http1 import AnswerParser, encoded_request

pytestmark = pytest.mark.unit

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrail: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def parsed(wire: bytes, cuts: list[int], method: str = "GET") -> AnswerParser:
    parser = AnswerParser(method)
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    done = [parser.feed(wire[a:b]) for a, b in pairwise(edges) if b > a]
    assert done[-1]
    assert not any(done[:-1])
    return parser


@pytest.mark.property
@given(st.sampled_from([SIZED, CHUNKED, INTERIM, CLOSING]), st.lists(st.integers(1, 200), max_size=8))
def test_an_answer_is_the_same_however_it_is_cut(wire: bytes, cuts: list[int]) -> None:
    parser = parsed(wire, [cut for cut in cuts if cut < len(wire)])
    assert (parser.status, parser.body) == (200, b"hello")
    assert parser.keep_alive is (wire is not CLOSING)


def test_no_part_of_an_answer_is_an_answer() -> None:
    for wire in (SIZED, CHUNKED):
        for length in range(1, len(wire)):
            parser = AnswerParser("GET")
            assert not parser.feed(wire[:length])
            assert not parser.end()


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    parser = AnswerParser("GET")
    assert not parser.feed(b"HTTP/1.0 200 OK\r\n\r\nhel")
    assert not parser.feed(b"lo")
    assert parser.end()
    assert (parser.body, parser.keep_alive) == (b"hello", False)


def test_an_answer_without_a_body_is_whole_at_once() -> None:
    assert parsed(EMPTY, []).body == b""
    assert parsed(SIZED[:-5], [], method="HEAD").body == b""


def test_what_follows_an_answer_makes_the_connection_unfit() -> None:
    assert not parsed(SIZED + b"HTTP/1.1 200 OK", []).keep_alive


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(wire: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        AnswerParser("GET").feed(wire)


def test_a_request_is_written_with_the_target_as_it_is_given() -> None:
    target = b"/a?x=%2C%20y&z=1"
    request = httpx.Request("POST", "http://host:1", headers={"k": "v"}, extensions={"target": target})
    wire = encoded_request(request, b"")
    assert wire.startswith(b"POST " + target + b" HTTP/1.1\r\n")
    assert b"\r\nk: v\r\n" in wire.lower()
    assert wire.endswith(b"\r\n\r\n")


def test_a_line_break_can_not_be_smuggled_in() -> None:
    for extensions, headers in (({"target": b"/a\r\nx: y"}, {}), ({}, {"k": "v\r\nx: y"})):
        request = httpx.Request("GET", "http://host", headers=headers, extensions=extensions)
        with pytest.raises(httpx.LocalProtocolError):
            encoded_request(request, b"")
