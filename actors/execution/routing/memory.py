"""How execution remembers plans: one method per journal event, each a plain change of state."""

from __future__ import annotations

import msgspec

from actors.base import applies
from actors.execution.account_memory import AccountMemory
from actors.execution.order import Order, Replacement
from actors.execution.routing.plan import Evidence, Plan
from actors.execution.routing.quality import note_record
from actors.execution.settings import ExecutionSettings
from actors.execution.state import ExecutionState
from messages import routing as r
from messages.intents import OrderTerms
from messages.order_events import OrderPlacing, OrderTransitioned
from messages.orders import Fill, Liquidity

_MAKER = r.RouteStage.MAKER


class RoutingMemory(AccountMemory):
    """The `apply` half for plans. `touched` are plans to look at before the input under way is done with."""

    def __init__(self, settings: ExecutionSettings, state: ExecutionState) -> None:
        super().__init__(settings, state)
        self.touched: dict[str, None] = {}

    @applies(r.RouteStarted)
    def remember_route(self, event: r.RouteStarted) -> None:
        """A plan begins with its first slice."""
        intent_id = event.submit.intent_id
        self.state.waiting.pop(intent_id, None)
        self.state.intents[intent_id] = ""
        self.state.routing.working[intent_id] = None
        self.state.routing.plans[intent_id] = Plan(
            event.submit,
            event.slices,
            event.arrival,
            event.policy_before,
            event.policy,
            event.time,
            event.slices[0].stage,
            event.time,
        )

    @applies(r.RouteStaged)
    def remember_stage(self, event: r.RouteStaged) -> None:
        """The end of the newest order was judged; the plan is at this point now."""
        plan = self.state.routing.plans[event.intent_id]
        if event.slice != plan.slice:
            plan.attempt = 0
            plan.staged_at = event.time
        elif event.stage is not plan.stage:
            plan.staged_at = event.time
            plan.used_fallback = plan.used_fallback or event.stage is r.RouteStage.TAKER
        plan.all_rejects += max(0, event.rejects - plan.rejects)
        plan.all_reprices += max(0, event.reprices - plan.reprices)
        plan.slice, plan.stage = event.slice, event.stage
        plan.reprices, plan.rejects = event.reprices, event.rejects
        plan.open = False

    @applies(r.RouteQuoted)
    def remember_quote(self, event: r.RouteQuoted) -> None:
        """The newest quote of a symbol that plans work on."""
        self.state.routing.quotes[event.symbol] = event.quote

    @applies(r.RouteStopped)
    def remember_stop(self, event: r.RouteStopped) -> None:
        """Nothing more is placed."""
        self.state.routing.plans[event.intent_id].stop = event.reason

    @applies(r.RouteEnded)
    def remember_route_end(self, event: r.RouteEnded) -> None:
        """The intent is over; the plan stays for late news until the intent is forgotten."""
        routing = self.state.routing
        plan = routing.plans[event.intent_id]
        plan.filled, plan.stop = event.filled, plan.stop or event.reason
        if plan.ended:
            return
        plan.ended = True
        del routing.working[event.intent_id]
        symbol = plan.submit.terms.symbol
        if all(routing.plans[each].submit.terms.symbol != symbol for each in routing.working):
            routing.quotes.pop(symbol, None)
        self.close_intent(event.intent_id)

    @applies(r.ReplaceStarted)
    def remember_replace(self, event: r.ReplaceStarted) -> None:
        """Both prices may be in force until it is known which."""
        order = self.state.orders[event.client_order_id]
        order.replacing = Replacement(event.price, event.quantity, event.amends, event.time)

    @applies(r.ReplaceEnded)
    def remember_replace_end(self, event: r.ReplaceEnded) -> None:
        """One price is in force again. A change in place counts whether it was made or not: none is tried for ever."""
        order = self.state.orders[event.client_order_id]
        replacing, order.replacing = order.replacing, None
        if replacing is None:
            return
        if event.applied:
            order.terms = replaced(order, replacing)
        plan = self.state.routing.plans.get(order.intent_id)
        if plan is not None and replacing.amends:
            plan.priced_at = event.time
            plan.reprices += 1
            plan.all_reprices += 1

    @applies(r.RouterRecord)
    def remember_record(self, event: r.RouterRecord) -> None:
        """What it teaches of its symbol, once; an order without a plan teaches nothing of how to work one."""
        plan = self.state.routing.plans.get(event.intent_id)
        if plan is None:
            order = self.state.order_of(event.intent_id)
            if order is not None and order.tally is not None:
                order.tally.recorded = event.filled
        elif not plan.recorded:
            plan.recorded = True
            note_record(self.state.routing, event, self.settings.routing)

    @applies(r.RouterTuned)
    def remember_tuned(self, event: r.RouterTuned) -> None:
        """The symbol's policy from now on; its record proposes again only after as many new intents."""
        if event.applied:
            self.state.routing.policies[event.symbol] = event.after
        quality = self.state.routing.quality.get(event.symbol)
        if quality is not None:
            quality.untuned = 0

    @applies(r.RouterEvidenceTaken)
    def remember_evidence(self, event: r.RouterEvidenceTaken) -> None:
        """What others know of a symbol; the oldest goes when there are too many."""
        evidence = self.state.routing.evidence
        evidence.pop(event.symbol, None)
        if len(evidence) >= self.settings.routing.keep_symbols:
            del evidence[next(iter(evidence))]
        evidence[event.symbol] = Evidence(event.expectancy_bps, event.hit_rate, event.score)

    # --- what an order's own events mean for its plan

    def close_intent(self, intent_id: str) -> None:
        """Note the end of an intent."""
        raise NotImplementedError

    def note_child(self, plan: Plan, order: Order, event: OrderPlacing) -> None:
        """An order of the plan is about to be placed."""
        order.routed, order.child, order.attempt = True, event.child, event.attempt
        if not plan.orders:
            plan.maker_start = plan.stage is _MAKER
        plan.orders.append(order.client_order_id)
        plan.attempt, plan.open, plan.priced_at = plan.attempt + 1, True, event.time

    def note_heard(self, order: Order, event: OrderTransitioned) -> None:
        """The venue was heard of an order of a plan."""
        plan = self.state.routing.plans[order.intent_id]
        if plan.acknowledged_at is None:
            plan.acknowledged_at = event.time

    def note_plan_fill(self, order: Order, fill: Fill) -> None:
        """An order of a plan was filled."""
        plan = self.state.routing.plans[order.intent_id]
        if plan.first_fill_at is None:
            plan.first_fill_at = fill.event_time
        plan.value += fill.quantity * fill.price
        if fill.liquidity is Liquidity.MAKER:
            plan.maker_quantity += fill.quantity
        if fill.fee:
            plan.fees[fill.fee_currency] = plan.fees.get(fill.fee_currency, fill.fee * 0) + fill.fee

    def reopen_plan(self, order: Order) -> None:
        """An order of an ended plan lives again."""
        plan = self.state.routing.plans[order.intent_id]
        if plan.ended:
            plan.ended = False
            self.state.routing.working[order.intent_id] = None
            self.state.closed.remove(order.intent_id)


def replaced(order: Order, replacing: Replacement) -> OrderTerms:
    """The order's terms once the change is made."""
    return msgspec.structs.replace(order.terms, limit_price=replacing.price, quantity=replacing.quantity)
