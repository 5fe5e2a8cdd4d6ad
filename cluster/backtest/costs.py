"""What trading cost: fees, funding, spread and slippage, for any part of a run's fills.

Spread and slippage are measured against the quote that the decision was taken on (Perold 1988, implementation
shortfall). For a fill on side s (+1 buy, -1 sell) at price p, with the mid m and the touch t (ask for a buy, bid for
a sell) at decision:

    s x (p - m)  =  s x (t - m)  +  s x (p - t)
    shortfall    =  spread       +  slippage

so that the two add up to what was paid against the mid. A passive order that was filled at its own side of the
book has a slippage below zero: it earned the spread back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from cluster.backtest.record import Arrivals, FundingPayment, SymbolInfo, in_base
from messages.errors import DataProviderError
from messages.orders import Fill, Liquidity

ZERO = Decimal(0)


class Costs(msgspec.Struct, frozen=True):
    """Costs in base currency; what was paid is positive.

    `traded` is the value of all fills. `fees` are those in currencies with a rate, of which `maker_fees` and
    `taker_fees` make the sum. `funding` is positive when it was received. `spread` and `slippage` are None when no
    fill has a known quote at its decision; `measured` is the part of the traded value that has one, None without
    a fill.
    """

    traded: Decimal
    fees: Decimal
    maker_fees: Decimal
    taker_fees: Decimal
    funding: Decimal
    spread: float | None
    slippage: float | None
    measured: float | None

    def in_bps(self, amount: Decimal | float | None) -> float | None:
        """An amount in basis points of the traded value. None where there is none, or nothing was traded."""
        return None if amount is None or not self.traded else float(amount) / float(self.traded) * 10_000


def costs_of(
    fills: Sequence[Fill],
    funding: Sequence[FundingPayment],
    symbols: Mapping[str, SymbolInfo],
    base_currency: str,
    arrivals: Arrivals,
    rates: Mapping[str, Decimal] | None = None,
) -> Costs:
    """The costs of these fills and payments; `rates` convert fees in other currencies than the base's.

    Raises `DataProviderError` for an arrival that is no quote.
    """
    traded = maker = taker = ZERO
    spread = slippage = measured = 0.0
    for fill in fills:
        scale = symbols[fill.symbol].scale
        value = fill.price * fill.quantity * scale
        traded += value
        fee = in_base(fill.fee, fill.fee_currency, base_currency, rates or {})
        if fee is not None:
            maker += fee if fill.liquidity is Liquidity.MAKER else ZERO
            taker += ZERO if fill.liquidity is Liquidity.MAKER else fee
        quote = arrivals.get(fill.intent_id)
        if quote is not None:
            paid_spread, paid_slippage = _against(quote, fill)
            size = float(fill.quantity * scale)
            spread += paid_spread * size
            slippage += paid_slippage * size
            measured += float(value)
    known = measured > 0
    return Costs(
        traded=traded,
        fees=maker + taker,
        maker_fees=maker,
        taker_fees=taker,
        funding=sum((paid.amount for paid in funding), ZERO),
        spread=spread if known else None,
        slippage=slippage if known else None,
        measured=measured / float(traded) if traded else None,
    )


def _against(quote: tuple[float, float], fill: Fill) -> tuple[float, float]:
    """Spread and slippage per base unit."""
    bid, ask = quote
    # a crossed book (bid above ask) is seen now and then: half its spread is below zero, and the sum still holds
    if not (bid > 0 and ask > 0):
        raise DataProviderError(
            "the quote of a decision is no quote",
            field=f"arrivals.{fill.intent_id}",
            value=quote,
            remedy="give a bid and an ask above zero, or leave the intent out",
        )
    sign, price = fill.side.sign, float(fill.price)
    touch = ask if sign > 0 else bid
    return (ask - bid) / 2, sign * (price - touch)
