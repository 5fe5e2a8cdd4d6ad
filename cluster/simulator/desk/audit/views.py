"""What a recovered strategy actor sees: the last quote of every symbol that it trades, as the feeds have it.

State is compared with what was committed; a view is folded again, and half of one would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.strategy.actor import StrategyActor
from cluster.feeds.columns import Feed
from cluster.simulator.desk.audit.finding import Finding
from messages.base import Address
from messages.market import TickKind


class ViewAudit:
    """See the module docstring. `symbols` are those of each strategy actor, in its order."""

    def __init__(self, feeds: Mapping[str, Feed], symbols: Mapping[Address, Sequence[str]]) -> None:
        self._feeds = feeds
        self._symbols = symbols
        self._rows: dict[Address, list[tuple[int, int, bool]]] = {}

    def recovered(self, actor: StrategyActor, position: int) -> None:
        """An incarnation has recovered, with so many rows folded. Raises `Finding` where it sees something else."""
        symbols = self._symbols[actor.address]
        expected = dict.fromkeys(symbols, 0)
        for time, turn, is_quote in self._of(actor.address)[:position]:
            if is_quote:
                expected[symbols[turn]] = time
        seen = {slot.settings.instrument.symbol: slot.view.quote_time for slot in actor._slots.values()}
        if seen != expected:
            what = f"recovered at row {position} with another view than the feeds give"
            raise Finding(5, what, actors=(actor.address,), value=(seen, expected))

    def _of(self, address: Address) -> list[tuple[int, int, bool]]:
        """Time, symbol and whether it is a quote, of all rows of the actor's feeds in their order."""
        rows = self._rows.get(address)
        if rows is None:
            rows = self._rows[address] = sorted(
                (int(time), turn, int(kind) == TickKind.QUOTE)
                for turn, symbol in enumerate(self._symbols[address])
                for chunk in self._feeds[symbol].open()
                for time, kind in zip(chunk.time, chunk.kind, strict=True)
            )
        return rows
