"""What can be traded and how its market is simulated: the settings the engine is built from.

All of it is plain data that a configuration file can hold; `grid.py` turns an instrument into integers.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.errors import ConfigurationError

ZERO = Decimal(0)
ONE = Decimal(1)


class MarketKind(StrEnum):
    """Which market data the liquidity outside our own book is taken from.

    | kind   | fed by              | a taker meets                                | passive orders are filled by |
    |--------|---------------------|----------------------------------------------|------------------------------|
    | TOP    | quotes (and trades) | the displayed touch, then slippage or a wait | prints, the opposite best    |
    | DEPTH  | depth (and trades)  | the displayed levels, then a wait            | prints, the opposite best    |
    | TRADES | trades only         | the size of the last print, then as TOP      | prints                       |
    | BARS   | bars only           | the next open, worsened by slippage          | bars that trade through      |
    | NONE   | nothing             | nobody outside                               | nobody outside               |

    The accounts' own orders are part of the market as well, but for BARS, where all meet the next bar and never each
    other; `bars.py` states the rule.

    Data of a kind that an instrument does not use only moves its clock forward.
    """

    TOP = "top"
    DEPTH = "depth"
    TRADES = "trades"
    BARS = "bars"
    NONE = "none"


class MarketModel(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How the outside market of one instrument behaves.

    - `queue_position`: a passive order waits behind the size displayed at its price when it arrived. Off: it is
      first in line, so that any print at its price fills it.
    - `slippage` (ratio; TOP, TRADES): what lies behind the touch is not displayed; with this set each further
      displayed size is offered this much worse than the one before (at least one tick), for
      `slippage_levels` levels. None: a taker gets the displayed size and no more until the next update.
      BARS: how much worse than the bar's price a taker trades, rounded up to whole ticks; None: not at all.
    - `max_participation` (ratio, BARS): the part of a bar's volume that our orders can have, all together. None:
      no bound; takers then fill whole in bars of any volume, also of an unknown one.
    - `assumed_size` (base units): stands in for a size that the data does not have (nan). None: an unknown size
      offers nothing to takers, and nobody passes an unknown queue but by trading through it.
    """

    kind: MarketKind = MarketKind.TOP
    queue_position: bool = True
    slippage: Decimal | None = None
    slippage_levels: int = 10
    assumed_size: Decimal | None = None
    max_participation: Decimal | None = ONE


class Instrument(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """A tradable symbol and its rules.

    `tick` is in quote currency per base unit, `lot` and `min_quantity` in base units, `min_notional` in quote
    currency; `multiplier` is base units per contract (1 for spot). Fees are ratios of the notional, charged in
    the quote currency; a negative one is a rebate. One that `converts` exchanges cash of its base currency for cash of
    its quote currency and makes no position.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    multiplier: Decimal = ONE
    quote_currency: str = "USDT"
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    market: MarketModel = MarketModel()
    converts: bool = False

    @property
    def base_currency(self) -> str:
        """What is bought and sold."""
        return self.symbol.split("-")[0]


class SelfTrade(StrEnum):
    """What happens when an order would trade with another order of its own owner: which of the two ends."""

    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"


class OpeningPosition(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What an account holds of a symbol at the start: signed base units and their average price."""

    quantity: Decimal
    price: Decimal


class AccountSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """One account of the engine.

    `balances` is cash by currency. Positions are net per symbol. With `allow_short` off a sell needs the
    position it sells. `initial_margin` (ratio) is the part of an exposure's value the account must own; 1 = all.
    With `unlimited` nothing is asked of its funds: somebody above the engine answers for them. Accounts with the same
    `owner` are one trader and never trade with each other; None = the account is its own. `self_trade` is what its
    orders do instead when they take.
    """

    account: str
    balances: dict[str, Decimal] = {}
    positions: dict[str, OpeningPosition] = {}
    allow_short: bool = False
    initial_margin: Decimal = ONE
    unlimited: bool = False
    owner: str | None = None
    self_trade: SelfTrade = SelfTrade.EXPIRE_TAKER


class EngineSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Latencies of the engine, in ns: from the sender to the book, and from the book back to the account."""

    order_latency: int = 0
    report_latency: int = 0

    def arrival_time(self, sent_at: int) -> int:
        """When a command sent at `sent_at` (ns UTC) reaches the book."""
        return sent_at + self.order_latency


def check_instrument(instrument: Instrument) -> None:
    """Raises `ConfigurationError` naming the first field of the instrument that makes no sense."""
    model = instrument.market
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("symbol", instrument.symbol, bool(instrument.symbol), "give it a name"),
        ("tick", instrument.tick, instrument.tick > 0, "must be greater than 0"),
        ("lot", instrument.lot, instrument.lot > 0, "must be greater than 0"),
        ("min_quantity", instrument.min_quantity, instrument.min_quantity >= 0, "must not be negative"),
        ("min_notional", instrument.min_notional, instrument.min_notional >= 0, "must not be negative"),
        ("multiplier", instrument.multiplier, instrument.multiplier > 0, "must be greater than 0"),
        ("maker_fee", instrument.maker_fee, abs(instrument.maker_fee) < 1, "a ratio such as 0.0002"),
        ("taker_fee", instrument.taker_fee, abs(instrument.taker_fee) < 1, "a ratio such as 0.0005"),
        ("market.slippage", model.slippage, _is_none_or_between(model.slippage, ZERO, ONE), "0 <= ratio < 1"),
        ("market.slippage_levels", model.slippage_levels, model.slippage_levels >= 0, "0 or more"),
        (
            "market.assumed_size",
            model.assumed_size,
            model.assumed_size is None or model.assumed_size > 0,
            "must be greater than 0, or absent",
        ),
        (
            "market.max_participation",
            model.max_participation,
            model.max_participation is None or 0 < model.max_participation <= 1,
            "a ratio greater than 0 and at most 1, or absent",
        ),
    )
    _check(f"instruments.{instrument.symbol}", rules)


def check_account(settings: AccountSettings) -> None:
    """Raises `ConfigurationError` naming the first field of the account that makes no sense."""
    name = settings.account
    margin = settings.initial_margin
    rules: list[tuple[str, object, bool, str]] = [
        ("account", name, bool(name) and ":" not in name, "a name without ':'"),
        ("initial_margin", margin, 0 < margin <= 1, "a ratio greater than 0 and at most 1"),
    ]
    rules += [
        (
            f"positions.{symbol}",
            held.quantity,
            held.quantity >= 0 or settings.allow_short,
            "allow_short is off",
        )
        for symbol, held in settings.positions.items()
    ]
    _check(f"accounts.{name}", rules)


def _is_none_or_between(value: Decimal | None, low: Decimal, high: Decimal) -> bool:
    return value is None or low <= value < high


def _check(
    where: str, rules: tuple[tuple[str, object, bool, str], ...] | list[tuple[str, object, bool, str]]
) -> None:
    for name, value, holds, remedy in rules:
        if not holds:
            raise ConfigurationError("not allowed", field=f"{where}.{name}", value=value, remedy=remedy)
