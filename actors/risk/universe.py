"""The part of the risk actor that hears from the universe: on symbols outside it exposure may only be reduced.

Before its first snapshot nobody knows who is in it, so that every symbol is outside.
"""

from __future__ import annotations

from actors.base import Context, applies, receives
from actors.risk.limit_keeping import LimitKeeper
from messages.control import SessionStarted
from messages.universe import UniverseChanged, UniverseTaken


class UniverseListener(LimitKeeper):
    """Keeps the newest snapshot; what follows from it is one of `actors.risk.checks`."""

    @receives(SessionStarted)
    def on_session_started(self, started: SessionStarted, ctx: Context) -> None:
        """Wait for the first snapshot where there is to be one; money is exchanged all the same."""
        if started.universe and not self.state.universe_version:
            symbols = (each.symbol for each in self._settings.instruments if not each.converts)
            ctx.emit(UniverseTaken(0, tuple(dict.fromkeys(symbols))))

    @receives(UniverseChanged)
    def on_universe(self, changed: UniverseChanged, ctx: Context) -> None:
        """Go by this snapshot, unless a newer one is known."""
        if changed.version > self.state.universe_version:
            tiers = {one.symbol: one.tier.value for one in changed.members if one.tier is not None}
            ctx.emit(UniverseTaken(changed.version, changed.outside, tiers))

    def _forget_universe(self, ctx: Context) -> None:
        """The settings have none any more: what an earlier one kept out is traded again, and one to come waited for."""
        ctx.emit(UniverseTaken(0, ()))

    @applies(UniverseTaken)
    def remember_universe(self, event: UniverseTaken) -> None:
        """Keep which symbols are outside, and the tiers of those inside."""
        self.state.universe_version = event.version
        self.state.outside = dict.fromkeys(event.outside)
        if event.tiers != self.state.tiers:
            self.state.tiers = dict(event.tiers)
