"""The part of the risk actor that keeps what currencies count; see `rates`."""

from __future__ import annotations

from actors.base import Context, applies
from actors.risk import modes
from actors.risk.books.cashier import Cashier
from actors.risk.books.rates import due_rates, fit, unconverted
from actors.risk.ledger import take_rates
from messages.portfolio import Clearing, RatesTaken


class Rater(Cashier):
    """Takes rates from settings and marks; see the module's docstring."""

    _fitted_to: object = None
    """The rates that the instruments were given last."""

    def _look_at_rates(self, ctx: Context) -> None:
        """Take the rates that are due, value everything anew, and look what that means."""
        settings, state = self._settings, self.state
        if state.rates is not self._fitted_to:
            self._fitted_to = fit(self._instruments, state.rates)
        if not settings.marked.symbols and settings.rates.items() <= state.rates.items():
            return
        due = due_rates(state, settings.rates, settings.marked)
        if due:
            listings = {
                listing: due[one.quote_currency]
                for listing, one in self._instruments.items()
                if one.quote_currency in due
            }
            ctx.emit(RatesTaken(settings.base_currency, due, listings, ctx.now))
            self._fitted_to = fit(self._instruments, state.rates)
            self._judge(ctx, "rates")
        self._look_at_conversions(ctx)

    def _look_at_conversions(self, ctx: Context) -> None:
        """What is held in a currency whose mark is missing or old has no known worth: nothing may grow beside it."""
        state, marked = self.state, self._settings.marked
        found = dict(unconverted(state, self._instruments.values(), marked, ctx.now))
        names = {modes.CONVERSION + currency: wrong for currency, wrong in found.items()}
        standing = [name for name in state.sources if name.startswith(modes.CONVERSION)]
        over = [name for name in standing if name not in names]
        if over or len(names) > len(standing):
            raised = {name: modes.reducing(wrong, ctx.now, Clearing.FACT) for name, wrong in names.items()}
            sources = modes.with_sources(modes.without(state.sources, over), raised)
            self._change_mode(sources, "conversion", ctx)

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(RatesTaken)
    def remember_rates(self, event: RatesTaken) -> None:
        """Value at other rates."""
        take_rates(self.state, event)
