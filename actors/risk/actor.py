"""The portfolio risk actor: decides on intents, keeps the books, watches the facts and sets the desk's mode.

Here is what it takes and what follows; what it reckons with is in the other files of this folder.
"""

from __future__ import annotations

import zoneinfo
from decimal import Decimal

from actors.base import Context, applies, receives
from actors.risk import modes
from actors.risk.adapting import Adapter
from actors.risk.answers import approved_terms, decided
from actors.risk.engine import RiskEngine
from actors.risk.exposure import in_base
from actors.risk.funding import book_funding, booking_of_funding
from actors.risk.ledger import (
    book,
    booking,
    external_fill,
    is_booked,
    open_account,
    rate_of,
    take_marks,
)
from actors.risk.limits import ONE, ZERO, RiskSettings, check_settings, listing_id
from actors.risk.marks import newer_marks
from actors.risk.reservations import await_final, release, reopen, reserve
from actors.risk.state import RiskState
from actors.risk.summary import PortfolioSummary, summarise
from messages.account_events import AccountSeeded, ExternalActivity, Funding
from messages.base import Address, Message
from messages.control import Mode
from messages.intents import (
    IntentRejected,
    OrderIntent,
    Refused,
    SubmitOrder,
    Verdict,
)
from messages.market import Marks
from messages.modes import ModeSource
from messages.orders import Fill, OrderReport
from messages.portfolio import (
    AccountOpened,
    FillBooked,
    FinalFillsAwaited,
    FundingBooked,
    IntentDecided,
    MarksTaken,
    OpenedPosition,
    ReservationReleased,
    ReservationReopened,
)
from messages.reasons import Layer, Reason

RISK: Address = "risk"
_REJECTED = Verdict.REJECTED


class RiskActor(Adapter):
    """The one actor that says yes. Raises `ConfigurationError` when its settings make no sense."""

    def __init__(self, settings: RiskSettings, address: Address = RISK) -> None:
        check_settings(settings)
        super().__init__(address, RiskState())
        self._settings = settings
        self._engine = RiskEngine(settings)
        self._zone = zoneinfo.ZoneInfo(settings.day_boundary)
        self._instruments = self._engine.instruments
        self._ticks = {one.symbol: one.tick for one in settings.instruments}
        self._venues = tuple(dict.fromkeys(one.venue for one in settings.instruments))
        self._adapts = settings.allocation.enabled or settings.adaptation.enabled
        self._measure_from_the_start()

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input, after rates, day and the configured kill switch have been seen to; then policies."""
        if self._settings.rates or self._settings.marked.symbols or self.state.rates or self.state.sources:
            self._look_at_rates(ctx)
        if ctx.now >= self.state.day_ends_at or self.state.day_anchor is None:
            self._start_day(ctx)
        if self._is_configured_otherwise():
            self._set_configured(ctx)
        if (self.state.universe_version or self.state.outside) and not self._settings.has_universe:
            self._forget_universe(ctx)
        handler = self._receive.get(type(message))
        if handler is not None:
            handler(message, ctx)
        else:
            super().receive(message, ctx)
        if self._settings.treasury.every is not None and ctx.now >= self.state.treasury_at:
            self._take_turn(ctx)
        if self._settings.anomalies.enabled or self.state.degrade.found:
            self._watch(message, ctx)
        if self._adapts:
            self._adapt(message, ctx)

    def summary(self) -> str:
        """Mode, NAV, exposure and open orders, in a few words."""
        state = self.state
        nav = "unknown" if state.nav is None else f"{state.nav:.2f}"
        exposure, orders = state.totals.exposure, len(state.reservations)
        return f"{state.mode.value} nav={nav} exposure={exposure:.2f} open_orders={orders}"

    def portfolio(self) -> PortfolioSummary:
        """The whole portfolio for people; see `actors.risk.summary`."""
        return summarise(self.state, self._settings, self._engine.book(self.state))

    # --- intents ----------------------------------------------------------------------------------------------

    @receives(OrderIntent)
    def on_intent(self, intent: OrderIntent, ctx: Context) -> None:
        """Decide on an intent once."""
        state, intent_id = self.state, ctx.message_id
        if intent_id in state.reservations or intent_id in state.closed or intent_id in state.conversions:
            return
        self._decide(intent, intent_id, ctx.sender, ctx)

    def _decide(
        self,
        intent: OrderIntent,
        intent_id: str,
        requester: Address,
        ctx: Context,
        *,
        may_convert: bool = True,
    ) -> None:
        """Approve, resize or reject; what is approved is reserved in the same step, or waits for its money."""
        instrument = self._instruments.get(listing_id(intent.terms.venue, intent.terms.symbol))
        decision = self._check(intent, ctx)
        approved = decision.verdict is not _REJECTED
        if (
            approved
            and may_convert
            and instrument is not None
            and self._converts_first(intent, intent_id, requester, decision, instrument, ctx)
        ):
            return
        submit_id = ctx.next_message_id() if approved else None
        version, judged_by = self.state.version, self.state.limit_version
        event = decided(
            intent, intent_id, requester, submit_id, decision, instrument, version, ctx.now, judged_by
        )
        ctx.emit(event)
        self._count_entry(event, ctx)
        if not approved:
            failed = tuple([check for check in decision.checks if not check.passed])
            ctx.send(requester, IntentRejected(intent_id, decision.reason, Layer.RISK, failed))
            return
        terms, increases = approved_terms(intent, decision), decision.increases_exposure
        order = SubmitOrder(intent_id, requester, intent.strategy, terms, version, increases, intent.quote)
        ctx.send(f"execution/{terms.venue}", order)

    @receives(Refused)
    def on_refused(self, refused: Refused, ctx: Context) -> None:
        """An approval did not fit into execution's mailbox: the reservation is free, the requester is told."""
        intent_id = self.state.submissions.get(refused.message_id)
        reservation = self.state.reservations.get(intent_id) if intent_id is not None else None
        if intent_id is None or reservation is None:
            return
        ctx.emit(ReservationReleased(intent_id, refused.reason, ctx.now))
        if not reservation.flattening:
            ctx.send(reservation.requester, IntentRejected(intent_id, refused.reason, Layer.RUNTIME))
        self._leg_ended(intent_id, ctx)
        self._pursue_flatten(reservation.listing, ctx)

    @receives(OrderReport)
    def on_report(self, report: OrderReport, ctx: Context) -> None:
        """A reservation ends when the intent has, and all of its fills are booked."""
        intent_id = report.intent_id
        if intent_id in self.state.closed:
            self._on_report_of_ended(report, ctx)
        reservation = self.state.reservations.get(intent_id)
        self._count_error(report, ctx)
        if reservation is None:
            if intent_id not in self.state.closed and not report.final:
                self._on_order_of_forgotten(report, ctx)
        elif report.final and reservation.booked < report.filled:
            if reservation.final_filled != report.filled:
                ctx.emit(FinalFillsAwaited(intent_id, report.filled, ctx.now))
        elif report.final:
            ctx.emit(ReservationReleased(intent_id, report.reason, ctx.now))
            self._leg_ended(intent_id, ctx)
            self._pursue_flatten(reservation.listing, ctx)

    def _on_report_of_ended(self, report: OrderReport, ctx: Context) -> None:
        """An intent thought ended lives, or was filled further: it is reserved again before anything else."""
        ended = self.state.closed[report.intent_id]
        if report.final and report.filled <= ended.booked:
            return
        if ended.submit_id:
            ctx.emit(ReservationReopened(report.intent_id, ctx.now))
            self._judge(ctx, "reservation reopened", unreserved=report.symbol)
        elif not report.final:
            self._on_order_of_forgotten(report, ctx)

    def _on_order_of_forgotten(self, report: OrderReport, ctx: Context) -> None:
        name, text = modes.UNRESERVED_ORDER + ctx.sender, f"order of forgotten intent {report.intent_id}"
        self._add_sources(ctx, {name: modes.reducing(text, ctx.now)}, text)

    # --- books ------------------------------------------------------------------------------------------------

    @receives(Fill)
    def on_fill(self, fill: Fill, ctx: Context) -> None:
        """Book a fill once, whatever it is; what it says about the books' health follows in the same step."""
        self._take_fill(fill, ctx)

    def _take_fill(self, fill: Fill, ctx: Context, *, others: bool = False) -> None:
        """See `on_fill`. That of `others` was never an intent of the desk's, so that none was forgotten."""
        state = self.state
        if is_booked(state, fill):
            return
        listing = listing_id(fill.venue, fill.symbol)
        reservation = state.reservations.get(fill.intent_id)
        beyond = reservation is None or reservation.remaining < fill.quantity
        raised = self._sources_of_fill(fill, listing, ctx.now, others=others)
        instrument = self._instruments.get(listing)
        booked = booking(state, fill, instrument, self._settings.base_currency, ctx.now)
        ctx.emit(booked)
        self._count_fill(booked, ctx)
        final = reservation.final_filled if reservation is not None else None
        released = reservation is not None and final is not None and reservation.booked >= final
        if released:
            ctx.emit(ReservationReleased(fill.intent_id, Reason.ACCEPTED, ctx.now))
        self._judge(ctx, "fill", unreserved=fill.symbol if beyond else None, raised=raised)
        if released:
            self._leg_ended(fill.intent_id, ctx)
        self._flatten_if_halted(listing, ctx)
        self._pursue_flatten(listing, ctx)

    @receives(Funding)
    def on_funding(self, funding: Funding, ctx: Context) -> None:
        """Book a payment of funding once; it counts in every limit on losses."""
        account = self.state.accounts.get(funding.venue)
        if account is not None and funding.payment_id in account.payments:
            return
        listing = listing_id(funding.venue, funding.symbol)
        instrument = self._instruments.get(listing)
        raised = {}
        if self._rate_of(funding.currency) is None and funding.amount:
            name, text = modes.FEE_CONVERSION + funding.currency, f"no rate for funding {funding.payment_id}"
            raised[name] = modes.reducing(text, ctx.now)
        if instrument is None:
            text = f"funding {funding.payment_id}"
            raised[modes.UNKNOWN_SYMBOL + funding.symbol] = modes.reducing(text, ctx.now)
        ctx.emit(booking_of_funding(self.state, funding, instrument, self._settings.base_currency, ctx.now))
        self._judge(ctx, "funding", raised=raised)

    @receives(ExternalActivity)
    def on_external(self, activity: ExternalActivity, ctx: Context) -> None:
        """What no intent explains is a fact all the same: its fills are in the account, so they are booked."""
        fill = activity.fill
        if not activity.suspect:
            fills = [] if fill is None else [external_fill(activity, fill)]
            for booked in self.book_entries(fills, "external", ctx):
                self._count_fill(booked, ctx)
            return
        if fill is not None:
            self._take_fill(external_fill(activity, fill), ctx, others=not activity.ours)
        self.suspect_external(activity, ctx)

    def _flatten_if_halted(self, listing: str, ctx: Context) -> None:
        """A late fill may open a position after everything was closed by policy."""
        halted = self._settings.flatten_on_halt and self.state.mode is Mode.HALTED
        if halted and listing not in self.state.flattening:
            self._start_flatten(listing, "flatten_on_halt", ctx)

    def _sources_of_fill(self, fill: Fill, listing: str, now: int, *, others: bool) -> dict[str, ModeSource]:
        """What a fill alone says is wrong: no intent, more than approved, no rate, no such symbol."""
        state = self.state
        known = state.reservations.get(fill.intent_id) or state.closed.get(fill.intent_id)
        approved = known is not None and bool(known.submit_id)
        over = approved and known is not None and known.booked + fill.quantity > known.quantity
        foreign_fee = fill.fee != ZERO and self._rate_of(fill.fee_currency) is None
        if approved and not over and not foreign_fee and listing in self._instruments:
            return {}
        rows = (
            (
                not approved and not others,
                modes.UNMATCHED_FILL + fill.venue,
                f"fill {fill.fill_id} of no known intent",
            ),
            (over, modes.OVERFILL + fill.venue, f"intent {fill.intent_id} was filled beyond its approval"),
            (
                foreign_fee,
                modes.FEE_CONVERSION + fill.fee_currency,
                f"no rate for the fee of fill {fill.fill_id}",
            ),
            (listing not in self._instruments, modes.UNKNOWN_SYMBOL + fill.symbol, f"fill {fill.fill_id}"),
        )
        return {name: modes.reducing(text, now) for wrong, name, text in rows if wrong}

    @receives(AccountSeeded)
    def on_seeded(self, seeded: AccountSeeded, ctx: Context) -> None:
        """Open an account with what it holds. Once: later differences are the business of reconciliation."""
        account = self.state.accounts.get(seeded.venue)
        if account is not None and account.opened:
            return
        base, venue = self._settings.base_currency, seeded.venue
        positions: list[OpenedPosition] = []
        raised: dict[str, ModeSource] = {}
        for symbol, quantity in seeded.positions.items():
            instrument = self._instruments.get(listing_id(venue, symbol))
            multiplier, rate = (ONE, ONE) if instrument is None else (instrument.multiplier, instrument.rate)
            positions.append(OpenedPosition(symbol, quantity, multiplier, rate))
            if instrument is None and quantity:
                raised[modes.UNKNOWN_SYMBOL + symbol] = modes.reducing(f"position at {venue}", ctx.now)
        for currency, amount in seeded.balances.items():
            if amount and currency not in self._settings.marked.symbols and self._rate_of(currency) is None:
                text = f"{'debt' if amount < 0 else 'balance'} at {venue}"
                raised[modes.FEE_CONVERSION + currency] = modes.reducing(text, ctx.now)
        cash = in_base(seeded.balances, self.state.rates, base)
        ctx.emit(AccountOpened(venue, dict(seeded.balances), tuple(positions), base, cash, ctx.now))
        self._start_day(ctx)
        self._judge(ctx, "account opened", raised=raised)
        for listing in list(self.state.totals.active):
            self._flatten_if_halted(listing, ctx)

    def _rate_of(self, currency: str) -> Decimal | None:
        return rate_of(self.state, currency, self._settings.base_currency)

    @receives(Marks)
    def on_marks(self, marks: Marks, ctx: Context) -> None:
        """Value everything at newer marks, then compare with the limits."""
        taken = newer_marks(marks, self.state, self._ticks, ctx.now)
        if taken:
            ctx.emit(MarksTaken(taken))
            if self._settings.marked.symbols:
                self._look_at_rates(ctx)
            self._sample_returns(ctx)
            if self.state.corrections:
                self._book_delayed(ctx)
            self._judge(ctx, "marks")

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(IntentDecided)
    def remember_decision(self, event: IntentDecided) -> None:
        """Reserve what was approved. Risk's own orders have the id of the message that carries them."""
        reserve(self.state, event, flattening=event.submit_id == event.intent_id)

    @applies(FinalFillsAwaited)
    def remember_final(self, event: FinalFillsAwaited) -> None:
        """Wait for the last fills."""
        await_final(self.state, event.intent_id, event.filled)

    @applies(ReservationReleased)
    def remember_release(self, event: ReservationReleased) -> None:
        """Free a reservation."""
        release(self.state, event.intent_id)

    @applies(ReservationReopened)
    def remember_reopening(self, event: ReservationReopened) -> None:
        """Reserve again."""
        reopen(self.state, event.intent_id)

    @applies(FillBooked)
    def remember_fill(self, event: FillBooked) -> None:
        """Book a fill."""
        book(self.state, event)

    @applies(FundingBooked)
    def remember_funding(self, event: FundingBooked) -> None:
        """Book a payment of funding."""
        book_funding(self.state, event)

    @applies(AccountOpened)
    def remember_account(self, event: AccountOpened) -> None:
        """Open an account."""
        open_account(self.state, event)

    @applies(MarksTaken)
    def remember_marks(self, event: MarksTaken) -> None:
        """Value at newer marks."""
        take_marks(self.state, event)
