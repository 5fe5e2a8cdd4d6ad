"""Signatures: the vectors of the documentation, what is signed, and when a request is in time."""

from __future__ import annotations

import pytest

from cluster.exchange.fronts.binance_usdm.errors import ApiError
from cluster.exchange.fronts.binance_usdm.signing import (
    canonical,
    require_signature,
    require_time,
    require_window,
    signature,
)

pytestmark = pytest.mark.unit

DOCUMENTED = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
SPOT = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ORDER = (
    b"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000"
    b"&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
SPOT_ORDER = (
    b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    b"&recvWindow=5000&timestamp=1499827319559"
)
VECTORS = [
    (DOCUMENTED, ORDER, "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"),
    (SPOT, SPOT_ORDER, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        DOCUMENTED,
        b"timestamp=1591702613943&recvWindow=5000",
        "b944ea46b707ca97ae6956c3e381b0ceaf517dac418a6d64af1fb3b0e878d11d",
    ),
    (
        DOCUMENTED,
        b"timestamp=1591702613943",
        "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6",
    ),
]


@pytest.mark.parametrize(("secret", "payload", "expected"), VECTORS)
def test_the_documented_signatures(secret: str, payload: bytes, expected: str) -> None:
    assert signature(secret, payload) == expected
    require_signature(secret, payload + b"&signature=" + expected.encode(), b"", expected)
    require_signature(secret, b"", payload + b"&signature=" + expected.encode(), expected.upper())


@pytest.mark.parametrize(
    ("query", "body", "signed"),
    [
        (b"a=1&b=2&signature=x", b"", b"a=1&b=2"),
        (b"", b"a=1&b=2&signature=x", b"a=1&b=2"),
        (b"a=1", b"b=2&signature=x", b"a=1b=2"),
        (b"signature=x&a=%20%26", b"", b"a=%20%26"),
        (b"a=1&signature=x", b"b=2", b"a=1b=2"),
    ],
)
def test_what_is_signed_is_what_was_sent(query: bytes, body: bytes, signed: bytes) -> None:
    assert canonical(query, body) == signed


def test_any_other_byte_breaks_the_signature() -> None:
    made = signature(DOCUMENTED, ORDER)
    for wrong in (ORDER.replace(b"9000", b"9001"), ORDER.replace(b"BUY", b"SELL"), ORDER + b"&x=1"):
        with pytest.raises(ApiError) as refused:
            require_signature(DOCUMENTED, wrong, b"", made)
        assert refused.value.code == -1022


@pytest.mark.parametrize(
    ("timestamp", "window", "accepted"),
    [
        (100_000, 5_000, True),
        (95_000, 5_000, True),
        (94_999, 5_000, False),
        (100_999, 5_000, True),
        (101_000, 5_000, False),
        (40_000, 60_000, True),
    ],
)
def test_a_request_is_in_time_or_not(timestamp: int, window: int, accepted: bool) -> None:
    if accepted:
        require_time(timestamp, window, now=100_000)
        return
    with pytest.raises(ApiError) as refused:
        require_time(timestamp, window, now=100_000)
    assert refused.value.code == -1021


@pytest.mark.parametrize("window", [0, 60_001])
def test_a_window_has_its_bounds(window: int) -> None:
    with pytest.raises(ApiError):
        require_window(window)
