"""The part of the risk actor that keeps what currencies count; see `rates`."""

from __future__ import annotations

from actors.base import Context, applies
from actors.risk import modes
from actors.risk.books.cashier import Cashier
from actors.risk.books.rates import due_rates, unconverted
from actors.risk.ledger import take_rates
from messages.modes import Clearing
from messages.portfolio import RatesTaken


class Rater(Cashier):
    """Takes rates from settings and marks; see the module's docstring."""

    def _look_at_rates(self, ctx: Context) -> None:
        """Take the rates that are due, value everything anew, and look what that means."""
        settings, state = self._settings, self.state
        self._engine.fit(state)
        if not settings.marked.symbols and settings.rates == state.rates and not self._unconverted():
            return
        due = due_rates(state, settings.rates, settings.marked)
        if due:
            listings = {
                listing: due[one.quote_currency]
                for listing, one in self._instruments.items()
                if one.quote_currency in due
            }
            ctx.emit(RatesTaken(settings.base_currency, due, listings, ctx.now))
            self._engine.fit(state)
            self._judge(ctx, "rates")
        self._look_at_conversions(ctx)

    def _look_at_conversions(self, ctx: Context) -> None:
        """What is held in a currency of no known rate has no known worth: nothing may grow beside it."""
        settings, state, standing = self._settings, self.state, self._unconverted()
        found = unconverted(
            state, self._instruments.values(), settings.rates, settings.marked, standing, ctx.now
        )
        wrong = dict(found)
        over = [modes.CONVERSION + currency for currency in standing if currency not in wrong]
        if over or len(wrong) > len(standing):
            raised = {
                modes.CONVERSION + currency: modes.reducing(text, ctx.now, Clearing.FACT)
                for currency, text in wrong.items()
            }
            sources = modes.with_sources(modes.without(state.sources, over), raised)
            self._change_mode(sources, "conversion", ctx)

    def _unconverted(self) -> list[str]:
        """The currencies of which the desk knows already that they have no rate to go by."""
        start = modes.CONVERSION
        return [name.removeprefix(start) for name in self.state.sources if name.startswith(start)]

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(RatesTaken)
    def remember_rates(self, event: RatesTaken) -> None:
        """Value at other rates."""
        take_rates(self.state, event)
