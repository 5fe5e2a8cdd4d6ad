"""What this protocol tells of the public past and the core does not keep: aggregate trades and paid funding rates."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec

from cluster.exchange.api import MarkChanged, PublicTrade

_KEPT_TRADES = 2_000
_KEPT_RATES = 1_000


class AggregateTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Executions of one instant at one price with one aggressor, told as one. `first`..`last` are trade ids."""

    number: int
    price: Decimal
    quantity: Decimal
    first: int
    last: int
    time: int
    buyer_is_maker: bool


class FundingRate(msgspec.Struct, frozen=True):
    """A funding rate that was paid at `time` (ns UTC)."""

    rate: Decimal
    time: int
    mark: Decimal


class PublicRecord:
    """Kept by listing, the latest only."""

    def __init__(self) -> None:
        self._aggregates: dict[str, deque[AggregateTrade]] = {}
        self._rates: dict[str, deque[FundingRate]] = {}
        self._marks: dict[str, MarkChanged] = {}

    def trade(self, trade: PublicTrade) -> None:
        """Take a trade in."""
        kept = self._aggregates.setdefault(trade.listing, deque(maxlen=_KEPT_TRADES))
        latest = kept[-1] if kept else None
        if (
            latest is not None
            and latest.time == trade.time
            and latest.price == trade.price
            and latest.buyer_is_maker is trade.buyer_is_maker
            and trade.trade_id == latest.last + 1
        ):
            kept[-1] = msgspec.structs.replace(
                latest, quantity=latest.quantity + trade.quantity, last=trade.trade_id
            )
            return
        kept.append(
            AggregateTrade(
                number=trade.trade_id if latest is None else latest.number + 1,
                price=trade.price,
                quantity=trade.quantity,
                first=trade.trade_id,
                last=trade.trade_id,
                time=trade.time,
                buyer_is_maker=trade.buyer_is_maker,
            )
        )

    def mark(self, mark: MarkChanged) -> None:
        """Take a mark in; a later next funding time says that the one before was paid."""
        before = self._marks.get(mark.listing)
        self._marks[mark.listing] = mark
        if before is not None and mark.next_funding > before.next_funding:
            rates = self._rates.setdefault(mark.listing, deque(maxlen=_KEPT_RATES))
            rates.append(FundingRate(before.funding_rate, before.next_funding, mark.mark))

    def aggregates(self, listing: str) -> list[AggregateTrade]:
        """The latest aggregate trades, oldest first, numbered without gaps.

        Numbers begin at a trade id: as aggregates are never more than trades, they rise over a restart too.
        """
        return list(self._aggregates.get(listing, ()))

    def aggregates_after(self, listing: str, number: int) -> list[AggregateTrade]:
        """Those with a higher number, oldest first."""
        found: list[AggregateTrade] = []
        for each in reversed(self._aggregates.get(listing, ())):
            if each.number <= number:
                break
            found.append(each)
        return found[::-1]

    def latest_aggregate(self, listing: str) -> int:
        """The number of the latest one, -1 without any."""
        kept = self._aggregates.get(listing)
        return kept[-1].number if kept else -1

    def rates(self, listing: str) -> list[FundingRate]:
        """Funding rates that were paid while this front end ran, oldest first."""
        return list(self._rates.get(listing, ()))
