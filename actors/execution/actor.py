"""The execution actor of one venue account: which input goes to which subject, what it owes, what the host may ask.

The behaviour lives beside it by subject: placing, probing, cancelling, stream, account, modes, wards; all of it
ends in `evidence` and `acts`. What it remembers is in `memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.base import Context, receives
from actors.execution import (
    account,
    cancelling,
    configuring,
    dead_man,
    fills,
    health,
    instruments,
    modes,
    placing,
    probing,
    protecting,
    stream,
    wards,
)
from actors.execution.acts import may_cancel
from actors.execution.gate import Sending, refusal
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order, cancellation, fills_question, question
from actors.execution.routing import replacing, router, tuning
from actors.execution.settings import ExecutionSettings
from actors.execution.state import ExecutionState
from messages.account_events import AccountQueryDue, FillsQueryDue, ReconcileDue, WayJudged
from messages.account_setup import ConfigureDue, DeadManDue, InstrumentsQueryDue
from messages.base import Effect, Message
from messages.control import (
    Drain,
    Flatten,
    Halt,
    ModeChanged,
    Resume,
    SessionStarted,
    StoreAway,
    StoreRenewed,
)
from messages.intents import CancelIntent, IntentRejected, Refused, SubmitOrder
from messages.market import Marks
from messages.order_events import OrderTimer, OrderTimerDue, WaitingDue
from messages.orders import Fill, OrderReport, OrderState
from messages.protection import ProtectDue
from messages.reasons import Reason
from messages.routing import RouteDue, RouterEvidence, TuneRouter
from messages.supervision import StrategyGivenUp
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    PlaceResult,
    QueryFills,
    QueryResult,
    ReplaceResult,
)
from messages.venue_account import (
    AccountResult,
    ConfigureResult,
    DeadManResult,
    InstrumentsResult,
    QueryAccount,
)
from messages.venue_stream import StreamOpened, VenueEvent, VenueFunding, VenueTransfer
from messages.wards import WardDue

_TIMERS: dict[OrderTimer, Callable[[ExecutionMemory, Context, Order], None]] = {
    OrderTimer.TIME_TO_LIVE: cancelling.on_time_to_live_due,
    OrderTimer.PROBE: probing.on_probe_due,
    OrderTimer.PLACE_AGAIN: placing.on_place_again,
    OrderTimer.CANCEL_CHECK: cancelling.on_cancel_check_due,
    OrderTimer.CANCEL_AGAIN: cancelling.on_cancel_again_due,
    OrderTimer.FILLS: fills.on_order_fills_due,
}


def initial_state(settings: ExecutionSettings, generation: str) -> ExecutionState:
    """The state of an execution actor that has never run, in a store of this generation."""
    return ExecutionState(venue=settings.venue, generation=generation)


class ExecutionActor(ExecutionMemory):
    """Places, watches and ends the orders of one venue account; address `execution/<venue>`.

    Besides the four functions of every actor the host uses `gate` right before the socket,
    `cancels_when_store_away` while nothing can be committed, and `resume_after` to read the private stream.
    """

    def __init__(self, settings: ExecutionSettings, state: ExecutionState) -> None:
        super().__init__(settings, state)
        self._keeps_dead_man = dead_man.is_used(self)

    # --- what the host asks

    def gate(self, effect: Sending, now: int) -> Reason | None:
        """Why this order may not leave at desk time `now` (ns UTC), by the newest mode known here; None = it may."""
        return refusal(effect, now, self.state.effective_mode, self.state.mode_version, self.settings)

    def cancels_when_store_away(self) -> list[CancelOrder]:
        """The cancels to perform without a commit: every order that may live and protects nothing."""
        if not may_cancel(self):
            return []
        return [
            cancellation(order)
            for order in self.state.live_orders()
            if not order.protective and not order.terminal and order.retry_at is None
        ]

    def resume_after(self) -> int:
        """The sequence of the private stream after which it is to be read."""
        return stream.resume_after(self)

    def outstanding(self) -> Sequence[Effect]:
        """What is owed after a recovery. A request to place is never repeated: the venue is asked first."""
        owed = self._owed_of_the_account()
        for order in self.state.live_orders():
            if order.fills_asked:
                owed.append(fills_question(self.settings.venue, order))
            in_flight = order.state is OrderState.PLACING and order.retry_at is None
            in_flight = in_flight or order.state is OrderState.PENDING_REPLACE
            if order.asking or in_flight or order.state is OrderState.UNKNOWN:
                owed.append(question(order))
            elif order.state is OrderState.PENDING_CANCEL and may_cancel(self):
                owed.append(cancellation(order))
        # an order that was given up is asked for once more where a listed fill may be its own
        over = [order for order in self.state.orders.values() if order.settled and order.asking]
        return [*owed, *map(question, over)]

    def _owed_of_the_account(self) -> list[Effect]:
        """What is owed for no single order. Effects of one lane are carried out in this order."""
        venue, state = self.settings.venue, self.state
        owed: list[Effect] = []
        if configuring.is_open(self):
            owed.append(configuring.request(self))
        if state.account_due:
            owed.append(QueryAccount(venue))
        if instruments.is_open(self):
            owed.append(instruments.request(self))
        for symbol, due in state.at_venue.fills_due.items():
            owed.append(QueryFills(venue, symbol, due.since))
        return [*owed, *dead_man.outstanding(self)]

    def summary(self) -> str:
        """Orders that live, of unknown fate, and what holds placing."""
        state = self.state
        words = [f"{len(state.live)} live orders", state.effective_mode.value]
        if state.routing.working:
            words.append(f"{len(state.routing.working)} intents of several orders")
        if state.frozen:
            words.append("unknown: " + " ".join(state.frozen))
        if state.at_venue.dead_man.lost:
            words.append("the dead-man switch is not kept")
        if self.configuration != state.at_venue.configured:
            words.append("setting up the account")
        if state.placing_held:
            words.append(f"comparing the account, {len(state.waiting)} intents wait")
        elif state.mode_due:
            words.append(f"awaiting risk's mode after lost history, {len(state.waiting)} intents wait")
        return ", ".join(words)

    # --- inputs

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input; then look after given-up strategies, if there are any."""
        handler = self._receive.get(type(message))
        if handler is not None:
            handler(message, ctx)
        else:
            super().receive(message, ctx)
        if self.touched:
            router.review(self, ctx)
        if self.state.wards or self.state.exits:
            wards.review(self, ctx)
            if self.touched:
                router.review(self, ctx)
        if self.touched_holdings:
            protecting.review(self, ctx)
        if self._keeps_dead_man:
            dead_man.review(self, ctx)
        if self.state.at_venue.conditions:
            health.review(self, ctx)

    @receives(SubmitOrder)
    def on_submit(self, submit: SubmitOrder, ctx: Context) -> None:
        """An approved intent."""
        if self.state.wards:
            wards.on_submit_of(self, ctx, submit)
        placing.on_submit(self, ctx, submit)

    @receives(PlaceResult)
    def on_place_result(self, result: PlaceResult, ctx: Context) -> None:
        """The end of a request to place."""
        placing.on_place_result(self, ctx, result)

    @receives(VenueEvent)
    def on_venue_event(self, event: VenueEvent, ctx: Context) -> None:
        """An event of the private stream."""
        stream.on_venue_event(self, ctx, event)

    @receives(VenueFunding)
    def on_venue_funding(self, told: VenueFunding, ctx: Context) -> None:
        """A payment of funding in the private stream."""
        stream.on_venue_funding(self, ctx, told)

    @receives(VenueTransfer)
    def on_venue_transfer(self, told: VenueTransfer, ctx: Context) -> None:
        """Money moved in or out, in the private stream."""
        stream.on_venue_transfer(self, ctx, told)

    @receives(ReplaceResult)
    def on_replace_result(self, result: ReplaceResult, ctx: Context) -> None:
        """The end of a request to change an order."""
        replacing.on_replace_result(self, ctx, result)

    @receives(Marks)
    def on_marks(self, marks: Marks, ctx: Context) -> None:
        """Quotes of symbols on which a requester has orders of several steps under way."""
        router.on_marks(self, ctx, marks)

    @receives(TuneRouter)
    def on_tune_router(self, wish: TuneRouter, ctx: Context) -> None:
        """A proposal for a symbol's routing policy."""
        tuning.on_tune(self, ctx, wish)

    @receives(RouterEvidence)
    def on_router_evidence(self, told: RouterEvidence, ctx: Context) -> None:
        """What is known of a symbol's trades, for tuning."""
        tuning.on_evidence(ctx, told)

    @receives(RouteDue)
    def on_route_due(self, due: RouteDue, ctx: Context) -> None:
        """Time to look at a plan again."""
        router.on_route_due(self, due)

    @receives(CancelIntent)
    def on_cancel_intent(self, cancel: CancelIntent, ctx: Context) -> None:
        """A requester wants an intent cancelled."""
        cancelling.on_cancel_intent(self, ctx, cancel)

    @receives(CancelResult)
    def on_cancel_result(self, result: CancelResult, ctx: Context) -> None:
        """The end of a request to cancel."""
        cancelling.on_cancel_result(self, ctx, result)

    @receives(QueryResult)
    def on_query_result(self, result: QueryResult, ctx: Context) -> None:
        """The venue's answer about one order."""
        probing.on_query_result(self, ctx, result)

    @receives(AccountResult)
    def on_account_result(self, result: AccountResult, ctx: Context) -> None:
        """The venue's answer about the account."""
        account.on_account_result(self, ctx, result)

    @receives(StreamOpened)
    def on_stream_opened(self, opened: StreamOpened, ctx: Context) -> None:
        """The private stream begins anew."""
        stream.on_stream_opened(self, ctx, opened)

    @receives(FillsResult)
    def on_fills_result(self, result: FillsResult, ctx: Context) -> None:
        """The venue's list of fills."""
        fills.on_fills_result(self, ctx, result)

    @receives(FillsQueryDue)
    def on_fills_query_due(self, due: FillsQueryDue, ctx: Context) -> None:
        """Time to ask for a symbol's fills again."""
        fills.on_fills_query_due(self, ctx, due)

    @receives(ReconcileDue)
    def on_reconcile_due(self, due: ReconcileDue, ctx: Context) -> None:
        """Time to compare the account."""
        account.on_reconcile_due(self, ctx)

    @receives(ConfigureResult)
    def on_configure_result(self, result: ConfigureResult, ctx: Context) -> None:
        """The venue's answer about the account's configuration."""
        if configuring.on_configure_result(self, ctx, result) and not self.holds_placing:
            placing.release_waiting(self, ctx)

    @receives(ConfigureDue)
    def on_configure_due(self, due: ConfigureDue, ctx: Context) -> None:
        """Time to ask for the account's configuration again."""
        configuring.on_configure_due(self, ctx)

    @receives(InstrumentsResult)
    def on_instruments_result(self, result: InstrumentsResult, ctx: Context) -> None:
        """The venue's rules."""
        instruments.on_instruments_result(self, ctx, result)

    @receives(InstrumentsQueryDue)
    def on_instruments_query_due(self, due: InstrumentsQueryDue, ctx: Context) -> None:
        """Time to ask for the venue's rules."""
        instruments.on_query_due(self, ctx)

    @receives(DeadManResult)
    def on_dead_man_result(self, result: DeadManResult, ctx: Context) -> None:
        """The end of a request to start or stop the dead-man switch."""
        dead_man.on_result(self, ctx, result)

    @receives(DeadManDue)
    def on_dead_man_due(self, due: DeadManDue, ctx: Context) -> None:
        """Time to look after the dead-man switch."""
        dead_man.on_due(self, ctx)

    @receives(WayJudged)
    def on_way_judged(self, judged: WayJudged, ctx: Context) -> None:
        """How the way to the venue is."""
        health.on_way_judged(self, ctx, judged)

    @receives(OrderTimerDue)
    def on_order_timer(self, due: OrderTimerDue, ctx: Context) -> None:
        """A timer of an order."""
        order = self.state.orders.get(due.client_order_id)
        if order is not None:
            _TIMERS[due.timer](self, ctx, order)

    @receives(WaitingDue)
    def on_waiting_due(self, due: WaitingDue, ctx: Context) -> None:
        """The deadline of an intent that waits."""
        placing.on_waiting_due(self, ctx, due)

    @receives(AccountQueryDue)
    def on_account_query_due(self, due: AccountQueryDue, ctx: Context) -> None:
        """Time to ask for the account again."""
        account.on_account_query_due(self, ctx)

    @receives(Halt)
    def on_halt(self, halt: Halt, ctx: Context) -> None:
        """The kill switch."""
        modes.on_halt(self, ctx, halt)

    @receives(Flatten)
    def on_flatten(self, flatten: Flatten, ctx: Context) -> None:
        """Positions are to be closed."""
        cancelling.on_flatten(self, ctx, flatten)

    @receives(Drain)
    def on_drain(self, drain: Drain, ctx: Context) -> None:
        """The session ends."""
        modes.on_drain(self, ctx, drain)

    @receives(SessionStarted)
    def on_session_started(self, started: SessionStarted, ctx: Context) -> None:
        """A session begins."""
        modes.on_session_started(self, ctx, started)
        if protecting.is_used(self):
            protecting.touch_all(self)

    @receives(Resume)
    def on_resume(self, resume: Resume, ctx: Context) -> None:
        """A person clears the kill switch."""
        modes.on_resume(self, ctx, resume)

    @receives(ModeChanged)
    def on_mode_changed(self, changed: ModeChanged, ctx: Context) -> None:
        """Risk's word on the mode."""
        modes.on_mode_changed(self, ctx, changed)

    @receives(StoreAway)
    def on_store_away(self, away: StoreAway, ctx: Context) -> None:
        """The store was away for too long: what the host has cancelled by itself becomes a cancel on record."""
        cancelling.cancel_working(self, ctx, Reason.STORE_AWAY)

    @receives(StoreRenewed)
    def on_store_renewed(self, renewed: StoreRenewed, ctx: Context) -> None:
        """The store has lost history."""
        account.on_store_renewed(self, ctx, renewed)

    @receives(StrategyGivenUp)
    def on_given_up(self, given_up: StrategyGivenUp, ctx: Context) -> None:
        """A strategy will not look after its positions any more."""
        wards.on_given_up(self, ctx, given_up)

    @receives(WardDue)
    def on_ward_due(self, due: WardDue, ctx: Context) -> None:
        """Time to look after given-up strategies; `receive` does."""

    @receives(ProtectDue)
    def on_protect_due(self, due: ProtectDue, ctx: Context) -> None:
        """Time to look after the stop of a holding again."""
        protecting.on_due(self, due)

    @receives(IntentRejected)
    def on_intent_rejected(self, rejected: IntentRejected, ctx: Context) -> None:
        """Risk refused an exit or a stop of ours."""
        protecting.on_rejected(self, ctx, rejected.intent_id, rejected.reason)
        wards.on_intent_rejected(self, ctx, rejected)

    @receives(Refused)
    def on_refused(self, refused: Refused, ctx: Context) -> None:
        """A full mailbox refused an exit or a stop of ours."""
        protecting.on_rejected(self, ctx, refused.message_id, refused.reason)
        wards.on_refused(self, ctx, refused)

    @receives(Fill, OrderReport)
    def on_own_news(self, news: Message, ctx: Context) -> None:
        """What risk tells the requester of an exit; execution knows it first."""
