"""Answers on the wire: cut anywhere, of every kind of length, and never taken for more than they are."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.transport.http1 import (
    AnswerParser,
    Origin,
    Request,
    encoded_request,
    origin_of,
    unpacked,
)
from actors.venues.transport.http_errors import DecodingError, LocalProtocolError, RemoteProtocolError
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrail: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
HOST = Origin("http", "host", 80)
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
    with pytest.raises(RemoteProtocolError):
        AnswerParser("GET").feed(wire)


def test_a_request_is_written_with_the_target_as_it_is_given() -> None:
    request = Request("POST", Origin("http", "host", 81), "/a?x=%2C%20y&z=1", {"k": "v"}, b"{}")
    assert encoded_request(request) == (
        b"POST /a?x=%2C%20y&z=1 HTTP/1.1\r\nhost: host:81\r\nk: v\r\ncontent-length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("method", "body", "told"),
    [("GET", b"", False), ("DELETE", b"", False), ("POST", b"", True), ("GET", b"x", True)],
)
def test_the_length_of_a_body_is_told_where_one_is_expected(method: str, body: bytes, told: bool) -> None:
    wire = encoded_request(Request(method, HOST, "/", {}, body))
    assert (b"\r\ncontent-length: %d\r\n" % len(body) in wire) is told


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/a\r\nx: y", {}), ("/a", {"k": "v\r\nx: y"}), ("/a", {"k\n": "v"}), ("/a", {"k": "caf\u00e9"})],
)
def test_nothing_can_be_smuggled_into_a_request(target: str, headers: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        encoded_request(Request("GET", HOST, target, headers))


@pytest.mark.parametrize(
    ("url", "origin", "authority"),
    [
        ("http://host", Origin("http", "host", 80), "host"),
        ("https://host/", Origin("https", "host", 443), "host"),
        ("https://Host:444/api", Origin("https", "host", 444), "host:444"),
        ("http://127.0.0.1:80", Origin("http", "127.0.0.1", 80), "127.0.0.1"),
        ("http://[::1]:81", Origin("http", "::1", 81), "[::1]:81"),
    ],
)
def test_an_url_names_a_server(url: str, origin: Origin, authority: str) -> None:
    assert origin_of(url) == origin
    assert origin.authority == authority


@pytest.mark.parametrize("url", ["", "host:80", "ftp://host", "http://", "http://host:many", "http://[::1"])
def test_an_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="names no server"):
        origin_of(url)


@pytest.mark.property
@given(st.binary(max_size=2_000), st.sampled_from(["gzip", "deflate", "GZIP ", "identity", ""]))
def test_a_packed_body_is_read(plain: bytes, coding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding.strip().lower(), bytes)
    assert unpacked(pack(plain), coding) == plain


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"plain", "gzip"),
        (gzip.compress(b"cut off", mtime=0)[:-4], "gzip"),
        (gzip.compress(b"x", mtime=0), "deflate"),
        (b"plain", "br"),
        (gzip.compress(bytes(65 * 1024 * 1024), 1, mtime=0), "gzip"),
    ],
)
def test_a_body_that_is_not_packed_as_it_says_is_no_answer(body: bytes, coding: str) -> None:
    with pytest.raises(DecodingError):
        unpacked(body, coding)
