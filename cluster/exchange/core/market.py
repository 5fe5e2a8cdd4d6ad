"""The outside market as the exchange takes it in: steps in time order, and what a listing is fairly worth."""

from __future__ import annotations

from typing import NamedTuple, Protocol

Levels = list[tuple[int, int]]
"""Levels as (ticks, lots); 0 lots = gone."""


class Print(NamedTuple):
    """A trade among outsiders; `aggressor` is +1 (a buyer took) or -1."""

    ticks: int
    lots: int
    aggressor: int


class Step(NamedTuple):
    """What happens to one listing at one moment: first its trades, then its levels.

    With `snapshot` the levels are the whole outside book; else only those that changed.
    """

    time: int
    listing: str
    prints: list[Print]
    bids: Levels
    asks: Levels
    snapshot: bool = False


class Fair(NamedTuple):
    """What a listing is worth now: mark and index price, and the funding rate of the running period (ratio)."""

    mark: float
    index_price: float
    funding_rate: float


class MarketSource(Protocol):
    """Where the outside market comes from. Everything it does is a function of time."""

    def enter(self, time: int) -> list[Step]:
        """Begin at `time` (ns UTC): the whole outside books as they are then. Steps after it come from `pop`."""

    def resume(self, time: int) -> None:
        """As `enter`, for an exchange that has the books of `time` already."""

    def state(self) -> object:
        """What `load` needs beyond the time to go on; plain data, None when that is nothing."""

    def load(self, state: object) -> None:
        """Take over what `state` gave, before `enter` or `resume`."""

    @property
    def next_time(self) -> int | None:
        """When the next step is (ns UTC); None at the end of the market."""

    def pop(self) -> Step:
        """The next step."""

    def fair(self, listing: str) -> Fair | None:
        """What the listing is worth at the latest step; None before it is known."""
