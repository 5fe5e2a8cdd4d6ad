"""The load that is measured: intents of realistic size, the desk they are sent on, and the stand-ins at both ends.

Risk is the real actor with the synthetic desk's limits, widened only so far that it approves all of them. The strategy
and the execution actor are stand-ins that journal and send what the real ones would, so that the path is measured
and not a strategy's arithmetic or a venue's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from actors.base import Actor, Context, applies, receives
from cluster.host.launch import Launch
from cluster.session_feed import FeedPlan
from config.loader import load_config
from messages.account_events import AccountSeeded, VenueReconciled
from messages.base import Address, Effect, Message, message_type
from messages.decisions import Decision, DecisionMade, IntentRaised
from messages.intents import (
    IntentRejected,
    OrderIntent,
    OrderTerms,
    OrderType,
    Refused,
    Side,
    SubmitOrder,
)
from messages.market import Mark, Marks, QuoteSnapshot
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason

DESK = "bench"
STRATEGY: Address = "strategy/BTC-USDT"
RISK: Address = "risk"
EXECUTION: Address = "execution/paper"
SYMBOL = "BTC-USDT"
VENUE = "paper"

BID, ASK = 60_000.0, 60_000.1
HOUR = 3_600_000_000_000
CAPACITY = 10_000_000

_SETTINGS = {
    "desk.name": DESK,
    "redis.mailbox_capacity": CAPACITY,
    "risk.min_notional": 10,
    "risk.max_mark_age": "1h",
    "risk.max_intent_age": "1h",
    "risk.max_open_orders": 1_000_000,
    "feed.synthetic.duration": None,
    "ray.dashboard": False,
    "metrics.enabled": False,
}
"""What differs from the synthetic desk: marks and intents waiting in a full mailbox must not be too old when taken."""


def bench_launch(url: str, folder: Path) -> Launch:
    """A desk on the Redis at `url` that lives below `folder`."""
    loaded = load_config("synthetic", environ={}, overrides=_SETTINGS)
    return Launch(
        desk=DESK,
        namespace=DESK,
        config=loaded.config,
        config_hash=loaded.hash,
        code_version="bench",
        redis_url=url,
        folder=str(folder),
        feed=FeedPlan(),
    )


@message_type
class BenchAsk(Message, frozen=True):
    """Have the strategy's stand-in decide: it sends `messages` intents in one step."""

    messages: int = 1


@message_type
class BenchTaken(Message, frozen=True):
    """An order reached the stand-in of an execution actor."""

    intent_id: str
    terms: OrderTerms
    time: int


@message_type
class BenchSettle(Message, frozen=True):
    """Have the execution's stand-in report all orders it took as ended, unfilled."""


@message_type
class BenchSettled(Message, frozen=True):
    """All orders taken so far are reported as ended."""


class RequesterState(msgspec.Struct):
    """What the strategy's stand-in remembers."""

    decisions: int = 0
    open: int = 0


class Requester(Actor[RequesterState]):
    """Stands in for a strategy: decides when asked, journals the decision and its intent, sends it.

    `stamps` tells when each intent was decided on (`clock`, ns); `refusals` what was not approved, and why.
    """

    def __init__(self, recipient: Address, clock: Callable[[], int]) -> None:
        super().__init__(STRATEGY, RequesterState())
        self._recipient = recipient
        self._clock = clock
        self.stamps: dict[str, int] = {}
        self.refusals: list[str] = []

    @receives(BenchAsk)
    def decide(self, ask: BenchAsk, ctx: Context) -> None:
        """One decision; the first moment of the path that is measured."""
        began = self._clock()
        for _ in range(ask.messages):
            intent = self.next_intent(ctx.now)
            intent_id = ctx.next_message_id()
            self.stamps[intent_id] = began
            ctx.emit(DecisionMade("ema", SYMBOL, Decision.TRADE, Reason.ACCEPTED, ctx.now, _TRACE))
            ctx.emit(IntentRaised(intent_id, intent, Decimal(0), False, ctx.now))
            ctx.send(self._recipient, intent)

    def next_intent(self, now: int) -> OrderIntent:
        """What it asks for next."""
        return sample_intent(now)

    @receives(IntentRejected, Refused)
    def note(self, message: IntentRejected | Refused, ctx: Context) -> None:
        """Nothing of the load may be refused: it would not be the path any more."""
        self.refusals.append(message.reason.value)

    @receives(OrderReport)
    def pass_over(self, report: OrderReport, ctx: Context) -> None:
        """How an order ended is of no interest here."""

    @applies(DecisionMade)
    def count(self, event: DecisionMade) -> None:
        """Count it."""
        self.state.decisions += 1

    @applies(IntentRaised)
    def remember(self, event: IntentRaised) -> None:
        """Count it."""
        self.state.open += 1


class TakerState(msgspec.Struct):
    """Which orders the execution's stand-in has taken and not yet reported as ended."""

    taken: list[str] = []


class Taker(Actor[TakerState]):
    """Stands in for an execution actor (or for risk, in a single hop): journals what it takes.

    `stamps` tells when each intent was taken (`clock`, ns).
    """

    def __init__(self, address: Address, clock: Callable[[], int]) -> None:
        super().__init__(address, TakerState())
        self._clock = clock
        self.stamps: dict[str, int] = {}

    @receives(SubmitOrder)
    def take_order(self, order: SubmitOrder, ctx: Context) -> None:
        """The last moment of the path from strategy to execution."""
        self.stamps[order.intent_id] = self._clock()
        ctx.emit(BenchTaken(order.intent_id, order.terms, ctx.now))

    @receives(OrderIntent)
    def take_intent(self, intent: OrderIntent, ctx: Context) -> None:
        """The last moment of a single hop."""
        self.stamps[ctx.message_id] = self._clock()
        ctx.emit(BenchTaken(ctx.message_id, intent.terms, ctx.now))

    @receives(BenchSettle)
    def settle(self, order: BenchSettle, ctx: Context) -> None:
        """Between two measurements: have risk let go of its reservations, as ended orders do."""
        for intent_id in self.state.taken:
            ctx.send(RISK, _ended(intent_id, ctx.now))
        ctx.emit(BenchSettled())

    @applies(BenchTaken)
    def remember(self, event: BenchTaken) -> None:
        """Keep it until it is reported as ended."""
        self.state.taken.append(event.intent_id)

    @applies(BenchSettled)
    def forget(self, event: BenchSettled) -> None:
        """Nothing is open any more."""
        self.state.taken.clear()

    def outstanding(self) -> tuple[Effect, ...]:
        """Nothing is ever asked of the outside."""
        return ()


_TRACE: dict[str, float | str | None] = {"fast": 60_003.25, "slow": 59_998.5, "spread_bps": 0.0166}


def sample_intent(now: int) -> OrderIntent:
    """A market order for 600 USDT, as a strategy of the synthetic desk would ask for."""
    terms = OrderTerms(
        SYMBOL,
        VENUE,
        Side.BUY,
        Decimal("0.010"),
        OrderType.MARKET,
        Decimal("60300.0"),
        now + HOUR,
    )
    quote = QuoteSnapshot(BID, ASK, 1.25, 0.75, now, now)
    return OrderIntent("ema", terms, quote, "fast crossed above slow")


def opening_mail(generation: str, now: int) -> tuple[tuple[Address, Message], ...]:
    """What risk hears, and from whom, before it may approve: account, reconciliation, mark.

    The account is rich enough for the whole load, so that risk looks at everything and approves.
    """
    return (
        (EXECUTION, AccountSeeded(VENUE, {"USDT": Decimal(100_000_000_000)}, {})),
        (EXECUTION, VenueReconciled(VENUE, clean=True, detail="", generation=generation)),
        (STRATEGY, Marks((Mark(SYMBOL, BID, ASK, now),))),
    )


def _ended(intent_id: str, now: int) -> OrderReport:
    return OrderReport(
        intent_id,
        SYMBOL,
        None,
        OrderState.CANCELLED,
        Decimal("0.010"),
        Decimal(0),
        True,
        Reason.ACCEPTED,
        now,
    )
