"""Which currency is paid in: enough money first, then the cheapest, then the most."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from actors.precheck.quotes import QuoteOption, choose

pytestmark = pytest.mark.unit


def option(
    name: str, available: str, spread: str | None = "0.001", fee: str | None = "0.001", detour: str = "0"
):
    known = (None if each is None else D(each) for each in (spread, fee))
    return QuoteOption(name, D(available), *known, D(detour))


@pytest.mark.parametrize(
    ("options", "chosen", "amount"),
    [
        ([option("USDC", "500"), option("USDT", "500", spread="0.0001")], "USDT", "100"),
        ([option("USDC", "500", fee="0.0005"), option("USDT", "500")], "USDC", "100"),
        ([option("USDC", "500", detour="0.002"), option("USDT", "500", spread="0.003")], "USDT", "100"),
        ([option("USDC", "50", spread="0"), option("USDT", "100")], "USDT", "100"),
        ([option("USDC", "500"), option("USDT", "900")], "USDT", "100"),
        ([option("USDT", "500"), option("USDC", "500")], "USDC", "100"),
        ([option("USDC", "50"), option("USDT", "70", spread="0.1")], "USDT", "70"),
        ([option("USDC", "5"), option("USDT", "9")], None, None),
        ([option("USDC", "500", spread=None), option("USDT", "20")], "USDT", "20"),
        ([option("USDC", "500", fee=None)], None, None),
        ([option("USDC", "-3")], None, None),
        ([], None, None),
    ],
)
def test_the_table(options: list[QuoteOption], chosen: str | None, amount: str | None) -> None:
    choice = choose(options, D(100), least=D(10))
    if chosen is None or amount is None:
        assert choice is None
        return
    assert choice is not None
    assert (choice.option.name, choice.amount) == (chosen, D(amount))
    assert choice.covers(D(100)) is (choice.amount == 100)
