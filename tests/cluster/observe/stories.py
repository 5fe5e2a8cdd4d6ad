"""Journals made by hand: what the actors of a small desk would have written about one trade, and ways to vary it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cluster.steps.journal import InputKind, JournalledInput, JournalRecord
from messages.base import Address, Message
from messages.child_specs import ChildKind, ChildSpec, SupervisorSpec
from messages.control import Mode
from messages.decisions import Decision, DecisionMade, IntentClosed, IntentRaised
from messages.intents import (
    CheckResult,
    OrderIntent,
    OrderTerms,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
    Verdict,
)
from messages.market import QuoteSnapshot
from messages.modes import Clearing, ModeDecided, ModeSource
from messages.order_events import FillReceived, OrderPlacing, OrderSettled, OrderTransitioned
from messages.orders import Fill, Liquidity, OrderState
from messages.portfolio import AccountOpened, FillBooked, IntentDecided, MarksTaken, MarkTaken, Posting
from messages.reasons import Layer, Reason
from messages.supervision import ExitReason
from messages.supervision_events import (
    ChildBackingOff,
    ChildFailed,
    ChildGivenUp,
    ChildStarted,
    ChildStarting,
    SupervisionBegun,
)

MS = 1_000_000
T0 = 1_723_161_600_000_000_000
D = Decimal
STRATEGY, RISK, EXECUTION, ROOT = "strategy/BTC-USDT", "risk", "execution/paper", "supervisor/desk"
INTENT = "strategy/BTC-USDT#7"

Journal = list[tuple[Address, JournalRecord]]


def record(
    step: int,
    now: int,
    *events: Message,
    epoch: int = 1,
    inputs: Sequence[JournalledInput] = (),
    fault: Message | None = None,
) -> JournalRecord:
    """A journal record with these events."""
    return JournalRecord(
        step=step,
        epoch=epoch,
        now=now,
        inputs=inputs,
        events=events,
        outputs="",
        sequence=step,
        ordinal=step,
        outstanding=0,
        feed=0,
        fault=fault,
    )


def terms(
    quantity: str = "0.5", order_type: OrderType = OrderType.LIMIT, *, post_only: bool = False
) -> OrderTerms:
    """What the sample order is."""
    return OrderTerms(
        symbol="BTC-USDT",
        venue="paper",
        side=Side.BUY,
        quantity=D(quantity),
        order_type=order_type,
        worst_price=D("60100"),
        deadline=T0 + 2_000 * MS,
        limit_price=D("60000.0"),
        time_in_force=TimeInForce.GTC,
        post_only=post_only,
        purpose=Purpose.ENTRY,
    )


def deciding(intent_id: str = INTENT, at: int = T0) -> tuple[Message, Message]:
    """A decision on a quote, and the intent it led to."""
    quote = QuoteSnapshot(59_999.9, 60_000.1, 1.5, 2.0, at - 4 * MS, at - 6 * MS)
    decision = DecisionMade("ema", "BTC-USDT", Decision.TRADE, Reason.SIGNAL, at, {"fast": 2.0, "slow": 1.0})
    intent = OrderIntent(strategy="ema", terms=terms(), quote=quote, reason="signal")
    return decision, IntentRaised(intent_id, intent, D(0), False, at)


def decided(
    intent_id: str = INTENT,
    at: int = T0 + 10 * MS,
    verdict: Verdict = Verdict.APPROVED,
    reason: Reason = Reason.ACCEPTED,
) -> IntentDecided:
    """Risk's answer."""
    rejected = verdict is Verdict.REJECTED
    return IntentDecided(
        intent_id=intent_id,
        requester=STRATEGY,
        strategy="ema",
        venue="paper",
        symbol="BTC-USDT",
        side=Side.BUY,
        purpose=Purpose.ENTRY,
        requested=D("0.5"),
        quantity=D(0) if rejected else D("0.5"),
        price=D("60100"),
        multiplier=D(1),
        verdict=verdict,
        reason=reason,
        mode_version=1,
        increases_exposure=True,
        submit_id=None if rejected else "risk#1",
        checks=(
            CheckResult("kill_switch"),
            CheckResult("symbol_exposure", D(25_000), D(30_050), "quote", reason, D("0.4")),
        ),
        time=at,
    )


def placing(
    client_order_id: str = "rdaaa",
    intent_id: str = INTENT,
    at: int = T0 + 20 * MS,
    *,
    post_only: bool = False,
) -> OrderPlacing:
    """The write-ahead of an order."""
    return OrderPlacing(
        client_order_id, intent_id, STRATEGY, STRATEGY, "ema", terms(post_only=post_only), 1, True, at
    )


def moved(
    state: OrderState,
    at: int,
    client_order_id: str = "rdaaa",
    reason: Reason = Reason.ACCEPTED,
    *,
    seen: bool = True,
) -> OrderTransitioned:
    """A change of an order's state."""
    return OrderTransitioned(client_order_id, state.value, state, reason, at, seen, "V1")


def fill(
    fill_id: str = "F1",
    intent_id: str = INTENT,
    client_order_id: str = "rdaaa",
    price: str = "60000.0",
    quantity: str = "0.5",
    at: int = T0 + 38 * MS,
) -> Fill:
    """An execution."""
    return Fill(
        fill_id=fill_id,
        venue="paper",
        symbol="BTC-USDT",
        strategy="ema",
        intent_id=intent_id,
        client_order_id=client_order_id,
        venue_order_id="V1",
        side=Side.BUY,
        price=D(price),
        quantity=D(quantity),
        fee=D("6.00"),
        fee_currency="USDT",
        liquidity=Liquidity.MAKER,
        event_time=at,
    )


def booked(at: int = T0 + 50 * MS) -> FillBooked:
    """The sample fill in the books."""
    posting = Posting(D("0.5"), D("30000"), D("6"), D(0), D(0))
    return FillBooked(
        fill_id="F1",
        intent_id=INTENT,
        requester=STRATEGY,
        strategy="ema",
        venue="paper",
        symbol="BTC-USDT",
        side=Side.BUY,
        price=D("60000.0"),
        quantity=D("0.5"),
        multiplier=D(1),
        fee=D("6.00"),
        fee_currency="USDT",
        currency="USDT",
        cash=D("69994.00"),
        opening_value=None,
        desk=posting,
        own=posting,
        time=at,
    )


def opened() -> AccountOpened:
    """The account as it was found."""
    return AccountOpened("paper", {"USDT": D("100000")}, (), "USDT", D("100000"), T0 - 100 * MS)


def marks(bid: str = "60010", ask: str = "60011", at: int = T0 + 60 * MS) -> MarksTaken:
    """A newer mark."""
    return MarksTaken((MarkTaken("BTC-USDT", D(bid), D(ask), at),))


def normal_mode() -> ModeDecided:
    """The desk may trade."""
    return ModeDecided(Mode.NORMAL, 1, {}, "first word", T0 - 90 * MS)


def halted_mode(version: int = 2) -> ModeDecided:
    """An operator has pulled the kill switch."""
    source = ModeSource(Mode.HALTED, "halted by hand", Clearing.PERSON, T0)
    return ModeDecided(Mode.HALTED, version, {"operator": source}, "kill switch", T0)


def closed(intent_id: str = INTENT, at: int = T0 + 55 * MS) -> IntentClosed:
    """The strategy hears of the end."""
    return IntentClosed(
        "ema", "BTC-USDT", intent_id, OrderState.FILLED, D("0.5"), Reason.ACCEPTED, Layer.EXECUTION, at
    )


def observation() -> JournalledInput:
    """A decision that market data made due."""
    return JournalledInput(InputKind.OBSERVATION, "41", None)


def one_trade() -> Journal:
    """One buy from quote to ledger, filled and marked once; each actor's journal in its own order."""
    return [
        (STRATEGY, record(1, T0, *deciding(), inputs=[observation()])),
        (STRATEGY, record(2, T0 + 55 * MS, closed())),
        (RISK, record(1, T0 - 90 * MS, opened(), normal_mode())),
        (RISK, record(2, T0 + 10 * MS, decided())),
        (RISK, record(3, T0 + 50 * MS, booked())),
        (RISK, record(4, T0 + 60 * MS, marks())),
        (EXECUTION, record(1, T0 + 20 * MS, placing())),
        (EXECUTION, record(2, T0 + 30 * MS, moved(OrderState.WORKING, T0 + 30 * MS))),
        (
            EXECUTION,
            record(
                3,
                T0 + 40 * MS,
                FillReceived(fill(), D("0.5")),
                moved(OrderState.FILLED, T0 + 40 * MS),
                OrderSettled("rdaaa", D("0.5"), T0 + 40 * MS),
            ),
        ),
    ]


def a_given_up_child() -> Journal:
    """A root whose risk runs and whose strategy failed, was restarted, and was given up."""
    children = (ChildSpec("risk"), ChildSpec(STRATEGY, kind=ChildKind.ACTOR))
    begun = SupervisionBegun(1, True, SupervisorSpec(ROOT, children))
    return [
        (ROOT, record(1, T0, begun, ChildStarting("risk", 1, 1), ChildStarting(STRATEGY, 2, 1))),
        (
            ROOT,
            record(
                2,
                T0 + MS,
                ChildStarted("risk", 1, 101, "here", False, T0 + MS),
                ChildStarted(STRATEGY, 1, 102, "here", False, T0 + MS),
            ),
        ),
        (
            ROOT,
            record(
                3,
                T0 + 2 * MS,
                ChildFailed(STRATEGY, ExitReason.CRASH, "ValueError: no", False),
                ChildBackingOff(STRATEGY, T0 + 2 * MS, T0 + 3 * MS, 1, True, False),
            ),
        ),
        (ROOT, record(4, T0 + 3 * MS, ChildStarting(STRATEGY, 3, 1))),
        (
            ROOT,
            record(
                5,
                T0 + 4 * MS,
                ChildFailed(STRATEGY, ExitReason.START_FAILED, "ValueError: no", False),
                ChildGivenUp(STRATEGY, "5 restarts in 60 s", None),
            ),
        ),
    ]
