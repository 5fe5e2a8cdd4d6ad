"""The part of the risk actor that takes changes of limits, and what venues and universe say that limits go by.

What is in force follows from the settings and these changes, see `limit_book`; facts that exceed a limit which was
tightened reduce the desk in the same step.
"""

from __future__ import annotations

from actors.base import Context, applies, receives
from actors.risk.converting import Converter
from actors.risk.limit_book import changed, with_change
from actors.risk.limit_table import write
from actors.risk.limits import LimitValue, listing_id
from messages.errors import ConfigurationError, RiskLimitError
from messages.limits import (
    LimitRefused,
    LimitSet,
    ProductStatusChanged,
    ProductStatusTaken,
    RegimeChanged,
    RegimeTaken,
    SetLimit,
)


class LimitKeeper(Converter):
    """Keeps what operators changed of the limits; see the module's docstring."""

    @receives(SetLimit)
    def on_set_limit(self, command: SetLimit, ctx: Context) -> None:
        """Change a limit, or say why not. A change to what holds already is a new version as well: it was asked for."""
        state = self.state
        try:
            change = changed(
                self._settings,
                state.limit_changes,
                command.name,
                command.scope,
                command.value,
                command.acknowledgement,
            )
        except (RiskLimitError, ConfigurationError) as error:
            ctx.emit(
                LimitRefused(
                    command=ctx.message_id,
                    by=command.by,
                    name=command.name,
                    scope=command.scope,
                    value=command.value,
                    problem=str(error),
                    time=ctx.now,
                )
            )
            return
        own = change.changes.get(command.scope, {}).get(command.name)
        ctx.emit(
            LimitSet(
                command=ctx.message_id,
                by=command.by,
                name=command.name,
                scope=command.scope,
                value=own,
                before=_text(change.before),
                after=_text(change.after),
                acknowledgement=command.acknowledgement.strip(),
                version=state.limit_version + 1,
                time=ctx.now,
            )
        )
        self._judge(ctx, f"{command.name} of {command.scope} set by {command.by}")

    @receives(ProductStatusChanged)
    def on_product_status(self, told: ProductStatusChanged, ctx: Context) -> None:
        """Which symbols of a venue are not traded fully; nothing where that is known."""
        known = {name: said for name, said in self.state.closed_products.items() if _is_at(told.venue, name)}
        if known != {listing_id(told.venue, symbol): said for symbol, said in told.closed.items()}:
            ctx.emit(ProductStatusTaken(told.venue, dict(told.closed), ctx.now))

    @receives(RegimeChanged)
    def on_regime(self, told: RegimeChanged, ctx: Context) -> None:
        """The market's regime, as the universe finds it."""
        if told.regime != self.state.regime:
            ctx.emit(RegimeTaken(told.regime, ctx.now))

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(LimitSet)
    def remember_limit(self, event: LimitSet) -> None:
        """Keep a change; the dict is replaced whole, by which what is derived from it is known to be old."""
        state = self.state
        state.limit_changes = with_change(state.limit_changes, event.scope, event.name, event.value)
        state.limit_version = event.version

    @applies(LimitRefused)
    def note_refusal(self, event: LimitRefused) -> None:
        """For the journal's readers only."""

    @applies(RegimeTaken)
    def remember_regime(self, event: RegimeTaken) -> None:
        """Keep the regime."""
        self.state.regime = event.regime

    @applies(ProductStatusTaken)
    def remember_product_status(self, event: ProductStatusTaken) -> None:
        """Keep what a venue says of its products."""
        state = self.state
        others = {name: said for name, said in state.closed_products.items() if not _is_at(event.venue, name)}
        own = {listing_id(event.venue, symbol): said for symbol, said in event.closed.items()}
        state.closed_products = {**others, **own}


def _is_at(venue: str, listing: str) -> bool:
    return listing.startswith(f"{venue}/")


def _text(value: LimitValue | None) -> str | None:
    return None if value is None else write(value)
