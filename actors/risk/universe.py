"""The part of the risk actor that hears from the universe: on symbols outside it exposure may only be reduced."""

from __future__ import annotations

from actors.base import Context, applies, receives
from actors.risk.limit_keeping import LimitKeeper
from messages.universe import UniverseChanged, UniverseTaken


class UniverseListener(LimitKeeper):
    """Keeps the newest snapshot; what follows from it is one of `actors.risk.checks`."""

    @receives(UniverseChanged)
    def on_universe(self, changed: UniverseChanged, ctx: Context) -> None:
        """Go by this snapshot, unless a newer one is known."""
        if changed.version > self.state.universe_version:
            tiers = {one.symbol: one.tier.value for one in changed.members if one.tier is not None}
            ctx.emit(UniverseTaken(changed.version, changed.outside, tiers))

    def _forget_universe(self, ctx: Context) -> None:
        """The settings have none any more: symbols that an earlier one kept out are traded again."""
        ctx.emit(UniverseTaken(self.state.universe_version, ()))

    @applies(UniverseTaken)
    def remember_universe(self, event: UniverseTaken) -> None:
        """Keep which symbols are outside, and the tiers of those inside."""
        self.state.universe_version = event.version
        self.state.outside = dict.fromkeys(event.outside)
        if event.tiers != self.state.tiers:
            self.state.tiers = dict(event.tiers)
