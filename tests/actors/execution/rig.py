"""Drives an execution actor without any runtime: one input per step, outputs collected, timers kept by desk time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from actors.base import Context, Timer
from actors.execution.actor import ExecutionActor, initial_state
from actors.execution.client_ids import client_order_id
from actors.execution.order import Order
from actors.execution.settings import SECOND, ExecutionSettings
from actors.execution.state import ExecutionState
from actors.venues.port import VenueTraits
from messages.base import Effect, Envelope, Message
from messages.codec import from_plain, pack, to_plain
from messages.control import Mode, ModeChanged
from messages.intents import CancelIntent, OrderTerms, OrderType, Purpose, Side, SubmitOrder, TimeInForce
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.reasons import Reason
from messages.venue import CancelResult, Outcome, PlaceOrder, PlaceResult, QueryResult, VenueFill, VenueOrder
from messages.venue_account import AccountResult
from messages.venue_stream import VenueEvent

START = 1_700_000_000 * SECOND
SYMBOL = "BTC-USDT"
STRATEGY = "strategy/BTC-USDT"
DOUR_TRAITS = VenueTraits(stops=True, post_only=True, immediate_or_cancel=True, fill_or_kill=True)
WARY_TRAITS = msgspec.structs.replace(DOUR_TRAITS, stream_resumes=True)
SAFE = ExecutionSettings("paper", msgspec.structs.replace(WARY_TRAITS, never_accepts_id_twice=True))
"""A venue that never takes an id twice and whose stream can be read again from anywhere."""
WARY = ExecutionSettings("paper", WARY_TRAITS)
"""A venue that takes an id again."""

DOUR = ExecutionSettings("paper", DOUR_TRAITS)
"""A venue that takes an id again and whose stream can't be read again: what it told meanwhile is to be asked for."""


def name_of(intent_id: str, *, desk: str = "", generation: str = "g0") -> str:
    """The client order id of an intent, in a store of that generation; the one under test is `g1`."""
    return client_order_id(
        generation, intent_id, prefix="rd", desk=desk, alphabet=SAFE.client_id_alphabet, max_length=32
    )


LOST = name_of("strategy/LOST#1")
"""An order of this desk that the store under test has never heard of."""
FOREIGN = name_of("strategy/THEIRS#1", desk="another")
"""An order of another desk."""

M = TypeVar("M", bound=Message)


class Rig:
    """An actor under test; `take` is one step. Keeps every event for replay and every envelope for judgement."""

    def __init__(self, settings: ExecutionSettings = SAFE, *, seeded: bool = True) -> None:
        self.settings = settings
        self.actor = ExecutionActor(settings, initial_state(settings, "g1"))
        self.ctx = Context(self.actor, seed=1)
        self.ctx.now = START
        self.journal: list[Message] = []
        self.sent: list[Envelope] = []
        self.timers: dict[str, Timer] = {}
        self.events: list[Message] = []
        self.effects: list[Effect] = []
        self.envelopes: list[Envelope] = []
        self._inputs = 0
        if seeded:
            self.take(AccountResult("paper", Outcome.ACCEPTED))

    @property
    def state(self) -> ExecutionState:
        return self.actor.state

    @property
    def now(self) -> int:
        return self.ctx.now

    def take(self, message: Message, *, sender: str = "venue") -> Rig:
        """One step with this input; its outputs are then in `events`, `effects`, `envelopes`."""
        self._inputs += 1
        self.ctx.clear()
        self.ctx.begin(sender, f"{sender}#{self._inputs}", f"{sender}#{self._inputs}")
        self.actor.receive(message, self.ctx)
        self.events, self.effects, self.envelopes = self.ctx.events, self.ctx.effects, self.ctx.envelopes
        self.journal += self.events
        self.sent += self.envelopes
        for key in self.ctx.cancelled_timers:
            self.timers.pop(key, None)
        self.timers.update(self.ctx.timers)
        return self

    def wait(self, delay: int) -> list[Effect]:
        """Let desk time pass, taking the timers that fall due in order; the effects they led to."""
        until, effects = self.now + delay, []
        while True:
            due = sorted((t for t in self.timers.values() if t.due <= until), key=lambda t: (t.due, t.key))
            if not due:
                break
            self.ctx.now = max(self.now, due[0].due)
            del self.timers[due[0].key]
            self.take(due[0].message, sender=self.actor.address)
            effects += self.effects
        self.ctx.now = until
        return effects

    def restart(self) -> list[Effect]:
        """Kill the actor and recover it from its journal; what it then owes."""
        fresh = self.replayed()
        assert snapshot(fresh) == snapshot(self.actor)
        revived = from_plain(to_plain(fresh.state), ExecutionState, where="state")
        self.actor = ExecutionActor(self.settings, revived)
        sequence, now = self.ctx.sequence, self.now
        self.ctx = Context(self.actor, seed=1)
        self.ctx.sequence, self.ctx.now = sequence, now
        return list(self.actor.outstanding())

    def replayed(self) -> ExecutionActor:
        """A fresh actor to which the whole journal was applied."""
        fresh = ExecutionActor(self.settings, initial_state(self.settings, "g1"))
        for event in self.journal:
            fresh.apply(event)
        return fresh

    # --- shorthands

    def submit(self, number: int = 1, **terms: Any) -> Order:
        """Submit an intent that is to be placed; its order."""
        self.take(approved(number, self.now, **terms), sender="risk")
        order = self.state.order_of(intent(number))
        assert order is not None
        return order

    def working(self, number: int = 1, **terms: Any) -> Order:
        """An order that the venue has accepted."""
        order = self.submit(number, **terms)
        self.take(PlaceResult(order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, f"v{number}"))
        return order

    def place_result(self, order: Order, outcome: Outcome, reason: Reason = Reason.NOT_SENT) -> Rig:
        return self.take(PlaceResult(order.client_order_id, outcome, reason))

    def absent(self, order: Order) -> Rig:
        return self.take(QueryResult(order.client_order_id, Outcome.ACCEPTED, None))

    def silent(self, order: Order) -> Rig:
        return self.take(QueryResult(order.client_order_id, Outcome.NO_ANSWER))

    def found(self, order: Order, state: OrderState, filled: str = "0") -> Rig:
        told = VenueOrder(
            order.client_order_id,
            "v1",
            SYMBOL,
            order.terms.side,
            state,
            order.terms.quantity,
            Decimal(filled),
        )
        return self.take(QueryResult(order.client_order_id, Outcome.ACCEPTED, told))

    def cancel(self, number: int = 1, reason: Reason = Reason.SIGNAL) -> Rig:
        return self.take(CancelIntent(intent(number), reason), sender=STRATEGY)

    def cancel_result(self, order: Order, outcome: Outcome, reason: Reason = Reason.ACCEPTED) -> Rig:
        return self.take(CancelResult(order.client_order_id, outcome, reason))

    def event(self, order: Order, state: OrderState, **parts: Any) -> Rig:
        return self.take(venue_event(order, state, self.state.stream_sequence + 1, **parts))

    def reports(self, recipient: str = "risk") -> list[OrderReport]:
        """The reports of the last step."""
        return told(self.envelopes, OrderReport, recipient)

    def fills(self, recipient: str = "risk") -> list[Fill]:
        """The fills of the last step."""
        return told(self.envelopes, Fill, recipient)

    def final(self, number: int = 1) -> OrderReport | None:
        """The last final report of an intent, of all steps."""
        finals = [
            r for r in told(self.sent, OrderReport, "risk") if r.final and r.intent_id == intent(number)
        ]
        return finals[-1] if finals else None

    def happened(self, kind: type[M]) -> list[M]:
        """The events of this type in the whole journal."""
        return [event for event in self.journal if isinstance(event, kind)]


def state_of(order: Order) -> OrderState:
    """The order's state now; a function, as the state changes behind a reader's back."""
    return order.state


def changed(mode: Mode, version: int) -> ModeChanged:
    """What risk says of a mode."""
    return ModeChanged(mode, version, {"operator": mode}, "drill")


def told(envelopes: list[Envelope], kind: type[M], recipient: str) -> list[M]:
    """The messages of one type to one recipient."""
    return [e.message for e in envelopes if isinstance(e.message, kind) and e.recipient == recipient]


def kinds(effects: list[Effect]) -> list[str]:
    """The names of the effects, in order."""
    return [type(effect).__name__ for effect in effects]


def snapshot(actor: ExecutionActor) -> bytes:
    """The stored form of the actor's state."""
    return pack(to_plain(actor.state))


def intent(number: int) -> str:
    """The id of the strategy's n-th intent."""
    return f"{STRATEGY}#{number}"


def terms(now: int = START, **changes: Any) -> OrderTerms:
    """A resting limit buy of 1 at 100, good for a minute's attempts."""
    fields: dict[str, Any] = {
        "symbol": SYMBOL,
        "venue": "paper",
        "side": Side.BUY,
        "quantity": Decimal(1),
        "order_type": OrderType.LIMIT,
        "worst_price": Decimal(100),
        "deadline": now + 60 * SECOND,
        "limit_price": Decimal(100),
        "time_in_force": TimeInForce.GTC,
        "purpose": Purpose.ENTRY,
    }
    return OrderTerms(**(fields | changes))


def approved(
    number: int = 1,
    now: int = START,
    *,
    mode_version: int = 0,
    increases_exposure: bool = True,
    requester: str = STRATEGY,
    intent_id: str | None = None,
    **changes: Any,
) -> SubmitOrder:
    """An approved intent with `terms` changed as given."""
    return SubmitOrder(
        intent_id or intent(number), requester, "ema", terms(now, **changes), mode_version, increases_exposure
    )


def venue_event(
    order: Order | PlaceOrder | str,
    state: OrderState,
    sequence: int,
    *,
    filled: str = "0",
    fill: str | None = None,
    price: str = "100",
    quantity: str | None = None,
    reason: Reason = Reason.ACCEPTED,
) -> VenueEvent:
    """One private stream event; `fill` is the id of its execution of `quantity` (default: all of `filled`)."""
    client_order_id = order if isinstance(order, str) else order.client_order_id
    side = (
        Side.BUY if isinstance(order, str) else order.terms.side if isinstance(order, Order) else order.side
    )
    execution = None
    if fill is not None:
        amount = Decimal(quantity or filled)
        execution = VenueFill(fill, Decimal(price), amount, Decimal("0.01"), "USDT", Liquidity.TAKER)
    return VenueEvent(
        "paper",
        sequence,
        START + sequence,
        client_order_id,
        "v1",
        SYMBOL,
        side,
        state,
        Decimal(filled),
        execution,
        reason,
    )
