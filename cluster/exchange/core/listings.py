"""The listings of a seeded exchange: the well-known perpetuals first, then as many made-up ones as are wanted."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cluster.exchange.api import Kind, Rules
from messages.errors import ConfigurationError


class Profile(msgspec.Struct, frozen=True):
    """A base currency as the seeded market sees it: a price to begin near, tick and lot."""

    base: str
    price: float
    tick: str
    lot: str


PROFILES = (
    Profile("BTC", 60_000.0, "0.1", "0.001"),
    Profile("ETH", 3_000.0, "0.01", "0.001"),
    Profile("SOL", 150.0, "0.01", "0.01"),
    Profile("BNB", 600.0, "0.01", "0.01"),
    Profile("XRP", 0.6, "0.0001", "0.1"),
    Profile("DOGE", 0.15, "0.00001", "1"),
    Profile("ADA", 0.45, "0.0001", "1"),
    Profile("AVAX", 35.0, "0.001", "0.1"),
    Profile("LINK", 15.0, "0.001", "0.01"),
    Profile("LTC", 80.0, "0.01", "0.001"),
    Profile("DOT", 7.0, "0.001", "0.1"),
    Profile("TRX", 0.12, "0.00001", "1"),
    Profile("ATOM", 8.0, "0.001", "0.01"),
    Profile("NEAR", 5.0, "0.001", "1"),
    Profile("APT", 9.0, "0.001", "0.1"),
    Profile("FIL", 5.5, "0.001", "0.1"),
    Profile("ARB", 1.0, "0.0001", "0.1"),
    Profile("OP", 2.0, "0.0001", "0.1"),
    Profile("SUI", 1.2, "0.0001", "0.1"),
    Profile("UNI", 8.5, "0.001", "1"),
)
"""Tick and lot as such contracts have them; prices are only where the seeded market begins."""

_MADE_UP_PRICES = (0.25, 0.8, 2.5, 12.0, 40.0, 95.0, 320.0)


def default_listings(count: int = 12, quote: str = "USDT") -> tuple[Rules, ...]:
    """The rules of `count` perpetuals. Raises `ConfigurationError` for a count below 1."""
    if count < 1:
        raise ConfigurationError(
            "not a number of listings", field="exchange.listings", value=count, remedy="give 1 or more"
        )
    return tuple(perpetual(profile(number), quote) for number in range(count))


def profile(number: int) -> Profile:
    """The profile of the listing `number`, counted from 0."""
    if number < len(PROFILES):
        return PROFILES[number]
    price = _MADE_UP_PRICES[number % len(_MADE_UP_PRICES)]
    tick = Decimal(1).scaleb(Decimal(repr(price)).adjusted() - 3)
    lot = Decimal(1).scaleb(max(-3, -Decimal(repr(price)).adjusted() - 1 + 1))
    return Profile(f"T{number + 1:03d}", price, format(tick, "f"), format(min(lot, Decimal(1)), "f"))


def perpetual(of: Profile, quote: str = "USDT") -> Rules:
    """A perpetual's rules, as such contracts have them."""
    lot = Decimal(of.lot)
    return Rules(
        listing=f"{of.base}{quote}",
        kind=Kind.PERPETUAL,
        base=of.base,
        quote=quote,
        settle=quote,
        tick=Decimal(of.tick),
        lot=lot,
        min_quantity=lot,
        max_quantity=_round_quantity(20_000_000 / of.price, lot),
        market_max_quantity=_round_quantity(5_000_000 / of.price, lot),
        min_notional=Decimal(5),
        price_up=Decimal("1.1"),
        price_down=Decimal("0.9"),
        initial_margin=Decimal("0.02"),
        maintenance_margin=Decimal("0.01"),
        max_leverage=50,
    )


def spot(of: Profile, quote: str = "USDT") -> Rules:
    """A spot pair's rules."""
    return msgspec.structs.replace(
        perpetual(of, quote),
        listing=f"{of.base}-{quote}",
        kind=Kind.SPOT,
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


def start_price(rules: Rules) -> float:
    """Where the seeded market of a listing begins."""
    return usual_price(rules.base, rules.tick)


def usual_price(base: str, tick: Decimal) -> float:
    """The price of a base currency's profile; without one, a price that the tick suits."""
    known = next((each.price for each in PROFILES if each.base == base), None)
    return known if known is not None else float(tick) * 20_000


def _round_quantity(quantity: float, lot: Decimal) -> Decimal:
    return int(quantity / float(lot)) * lot
