"""What orders are paid with, row by row: needs, quote currencies, conversions. Unknown balances pay for nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.precheck.paying import (
    Conversion,
    Need,
    Pair,
    affordable,
    choose_quote,
    needed,
    plan_conversion,
    shortfall,
)
from messages.intents import Side
from messages.reasons import Reason

pytestmark = pytest.mark.unit

D = Decimal
USDC, USDT, EUR = Pair("X-USDC", "USDC", D(1)), Pair("X-USDT", "USDT", D(1)), Pair("X-EUR", "EUR", D("1.1"))
PREFERRED = ("USDC", "USDT")


def test_a_buy_needs_its_value_with_fee_and_buffer_and_a_sell_its_quantity() -> None:
    costs = {"fee": D("0.001"), "buffer": D("0.004")}
    assert needed(Side.BUY, D(2), D(100), "BTC", "USDT", **costs) == Need("USDT", D(201))
    assert needed(Side.SELL, D(2), D(100), "BTC", "USDT", **costs) == Need("BTC", D(2))


@pytest.mark.parametrize(("balances", "missing"), [({"USDT": D(150)}, 51), ({"USDT": D(999)}, 0), ({}, 201)])
def test_what_is_missing(balances: dict[str, Decimal], missing: int) -> None:
    assert shortfall(Need("USDT", D(201)), balances) == missing


@pytest.mark.parametrize(
    ("side", "balances", "quantity"),
    [
        (Side.BUY, {"USDT": D(201)}, "2"),
        (Side.BUY, {}, "0"),
        (Side.BUY, {"USDT": D(-5)}, "0"),
        (Side.SELL, {"BTC": D("1.5")}, "1.5"),
        (Side.SELL, {"USDT": D(100)}, "0"),
    ],
)
def test_what_the_balances_cover(side: Side, balances: dict[str, Decimal], quantity: str) -> None:
    costs = {"fee": D("0.001"), "buffer": D("0.004")}
    assert affordable(side, D(100), "BTC", "USDT", balances, **costs) == D(quantity)


@pytest.mark.parametrize(
    ("balances", "pair", "value", "partial", "reason"),
    [
        ({"USDC": D(200), "USDT": D(900)}, USDC, "100", False, Reason.ACCEPTED),
        ({"USDC": D(100), "USDT": D(900)}, USDT, "100", False, Reason.ACCEPTED),  # 1 % stays for fees
        ({"EUR": D(100)}, EUR, "100", False, Reason.ACCEPTED),
        ({"USDC": D(50), "USDT": D(60)}, USDT, "59.40", True, Reason.ACCEPTED),
        ({"USDC": D(5)}, None, "0", False, Reason.MIN_NOTIONAL),
        ({}, None, "0", False, Reason.INSUFFICIENT_BALANCE),
        ({"BTC": D(7)}, None, "0", False, Reason.INSUFFICIENT_BALANCE),
    ],
)
def test_the_quote_currency_to_buy_in(
    balances: dict[str, Decimal], pair: Pair | None, value: str, partial: bool, reason: Reason
) -> None:
    chosen = choose_quote(D(100), (EUR, USDT, USDC), balances, PREFERRED, least=D(10))
    assert chosen == (pair, D(value), partial, reason)


@pytest.mark.parametrize(
    ("deficit", "balances", "plan"),
    [
        ("100", {"USDC": D(500)}, [("USDC", "105.00")]),
        ("2", {"USDC": D(500)}, [("USDC", "10")]),  # not below the least
        ("100", {"USDC": D(60), "DAI": D(80)}, [("DAI", "80"), ("USDC", "25.00")]),
        ("100", {"USDC": D(60), "DAI": D(45)}, [("USDC", "60"), ("DAI", "45")]),
        ("100", {"USDC": D(60), "DAI": D(9)}, []),  # would not cover it
        ("100", {"USDT": D(900)}, []),  # what is wanted is no donor
        ("0", {"USDC": D(500)}, []),
    ],
)
def test_what_is_converted(deficit: str, balances: dict[str, Decimal], plan: list[tuple[str, str]]) -> None:
    found = plan_conversion(D(deficit), "USDT", balances, ("USDC", "DAI", "USDT"), least=D(10))
    assert found == tuple(Conversion(source, "USDT", D(amount)) for source, amount in plan)
