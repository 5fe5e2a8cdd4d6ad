"""Signatures: the venue's own examples, and that nothing of a secret is ever shown."""

from __future__ import annotations

import pickle

import pytest

from actors.venues.binance_usdm.signing import Credentials, query_string
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

FIRST = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
SECOND = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


@pytest.mark.parametrize(
    ("secret", "query", "signature"),
    [
        (
            FIRST,
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
            "&recvWindow=5000&timestamp=1591702613943",
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
        ),
        (
            SECOND,
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
            "&recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            FIRST,
            "timestamp=1591702613943&recvWindow=5000",
            "b944ea46b707ca97ae6956c3e381b0ceaf517dac418a6d64af1fb3b0e878d11d",
        ),
        (
            FIRST,
            "timestamp=1591702613943",
            "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6",
        ),
    ],
)
def test_the_venues_examples(secret: str, query: str, signature: str) -> None:
    credentials = Credentials("key", secret)
    assert credentials.signature(query) == signature
    assert credentials.signed(query) == f"{query}&signature={signature}"


def test_values_are_encoded_before_they_are_signed() -> None:
    assert query_string({"a": "x:/_-.~ ,é", "n": 5}) == "a=x%3A%2F_-.~%20%2C%C3%A9&n=5"


def test_neither_key_nor_secret_is_shown() -> None:
    credentials = Credentials("dbefbc809e3e83c283a984c3a1459732", FIRST)
    for shown in (repr(credentials), str(credentials), f"{credentials}"):
        assert FIRST not in shown
        assert FIRST[:8] not in shown
        assert "dbefbc809e" not in shown
    assert pickle.loads(pickle.dumps(credentials)).signature("a=1") == credentials.signature("a=1")


@pytest.mark.parametrize(("key", "secret"), [("", "s"), ("k", ""), ("k\n", "s"), ("k", "s t"), ("ké", "s")])
def test_what_is_no_key_is_refused_without_being_shown(key: str, secret: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Credentials(key, secret)
    assert "s t" not in str(refusal.value)
