"""Which currency to pay in, where several will do: by the money that is there, and by what each way costs. Pure.

Costs are fractions of the value: half the spread, the fee, and what it costs to get hold of the currency first.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

_TWO = Decimal(2)


class QuoteOption(NamedTuple):
    """One way to pay: `available` is what may be spent of its currency, worth in one currency for all options.

    `spread` and `fee` are fractions of the price, None where they are not known; `detour` is what getting hold of the
    currency costs, 0 for what is there.
    """

    name: str
    available: Decimal
    spread: Decimal | None
    fee: Decimal | None
    detour: Decimal = Decimal(0)

    @property
    def cost(self) -> Decimal | None:
        """What paying this way costs, a fraction of the value; None where that is not known."""
        if self.spread is None or self.fee is None:
            return None
        return self.spread / _TWO + self.fee + self.detour


class QuoteChoice(NamedTuple):
    """The option taken, and how much can be paid with it: less than was needed where none had enough."""

    option: QuoteOption
    amount: Decimal

    def covers(self, needed: Decimal) -> bool:
        """Whether all of it can be paid."""
        return self.amount >= needed


def choose(
    options: Iterable[QuoteOption], needed: Decimal, least: Decimal = Decimal(0)
) -> QuoteChoice | None:
    """The cheapest option with enough money for `needed`; where none has that, the one with most, if it has `least`.

    What it costs must be known: an option without spread or fee is none. Ties go to more money, then by name.
    """
    known = [(option.cost, option) for option in options if option.cost is not None]
    enough = [(cost, option) for cost, option in known if option.available >= needed]
    if enough:
        _, option = min(enough, key=lambda each: (each[0], -each[1].available, each[1].name))
        return QuoteChoice(option, needed)
    partial = [option for _, option in known if option.available > 0 and option.available >= least]
    if not partial:
        return None
    option = min(partial, key=lambda each: (-each.available, each.name))
    return QuoteChoice(option, option.available)
