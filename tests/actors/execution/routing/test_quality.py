"""What routed intents teach of a symbol, the policy that follows, and proposals that change it within bounds."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.routing.autotune import propose
from actors.execution.routing.plan import Evidence, Quality, RoutingState
from actors.execution.routing.quality import judged, note_record, policy_of
from actors.execution.routing.settings import RoutingSettings
from actors.execution.settings import SECOND
from messages.control import Mode, ModeChanged
from messages.intents import Route, Side
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.routing import (
    RoutePolicy,
    RouterEvidence,
    RouterQuality,
    RouterRecord,
    RouterTuned,
    RouteStarted,
    TuneRouter,
)
from messages.venue import Outcome
from tests.actors.execution.rig import SYMBOL, venue_event
from tests.actors.execution.routing.routed import AMENDING, ROUTING, RoutedRig, placed

pytestmark = pytest.mark.unit

MILLISECOND = 1_000_000
KNOWN = 20


@pytest.mark.parametrize(
    ("quality", "verdict"),
    [
        (None, RouterQuality.OK),
        (Quality(KNOWN - 1, fallback=1.0), RouterQuality.OK),
        (Quality(KNOWN, maker=0.1, fallback=0.9), RouterQuality.BROKEN),
        (Quality(KNOWN, maker=0.9, slippage_bps=20.0), RouterQuality.BROKEN),
        (Quality(KNOWN, maker=0.9, latency_ns=2_500 * MILLISECOND), RouterQuality.BROKEN),
        (Quality(KNOWN, maker=0.9, fallback=0.6), RouterQuality.DEGRADED),
        (Quality(KNOWN, maker=0.9, slippage_bps=8.0), RouterQuality.DEGRADED),
        (Quality(KNOWN, maker=0.9, latency_ns=1_500 * MILLISECOND), RouterQuality.DEGRADED),
        (Quality(KNOWN, maker=0.7, fallback=0.4, slippage_bps=4.0), RouterQuality.GOOD),
        (Quality(KNOWN, maker=0.69), RouterQuality.OK),
        (Quality(KNOWN, maker=0.9, slippage_bps=4.1), RouterQuality.OK),
    ],
)
def test_the_table_of_quality(quality: Quality | None, verdict: RouterQuality) -> None:
    assert judged(quality, RoutingSettings()) is verdict


@pytest.mark.parametrize(
    ("quality", "maker_first", "offset", "bias"),
    [
        (Quality(KNOWN, maker=0.9), True, 1, 0.0),
        (None, True, 0, 0.0),
        (Quality(KNOWN, fallback=0.7), True, -1, 0.5),
        (Quality(KNOWN, fallback=0.7, spread_bps=10.0), True, -2, 0.5),
        (Quality(KNOWN, maker=0.5, spread_bps=10.0), True, -1, 0.0),
        (Quality(KNOWN - 1, spread_bps=10.0), True, 0, 0.0),
        (Quality(KNOWN, maker=0.9, spread_bps=10.0), True, 1, 0.0),
        (Quality(KNOWN, fallback=0.95), False, 0, 1.0),
    ],
)
def test_the_policy_that_follows(
    quality: Quality | None, maker_first: bool, offset: int, bias: float
) -> None:
    state = RoutingState() if quality is None else RoutingState(quality={SYMBOL: quality})
    policy = policy_of(state, SYMBOL, RoutingSettings())
    assert (policy.maker_first, policy.offset_ticks, policy.taker_bias) == (maker_first, offset, bias)


def record(**changes: object) -> RouterRecord:
    known = RoutePolicy()
    whole = RouterRecord(
        intent_id="i#1",
        symbol=SYMBOL,
        venue="paper",
        strategy="ema",
        side=Side.BUY,
        route=Route.MAKER_FIRST,
        orders=1,
        reprices=0,
        rejects=0,
        quantity=Decimal(2),
        filled=Decimal(2),
        notional=Decimal(200),
        arrival_mid=Decimal(100),
        submitted_price=Decimal(99),
        average_price=Decimal(99),
        slippage_bps=-100.0,
        spread_bps=3.0,
        ack_latency_ns=MILLISECOND,
        first_fill_ns=SECOND,
        total_ns=SECOND,
        maker_quantity=Decimal(2),
        maker_start=True,
        is_maker_final=True,
        used_fallback=False,
        fees={},
        state=OrderState.FILLED,
        reason=Reason.ACCEPTED,
        policy_before=known,
        policy_after=known,
        time=0,
    )
    return msgspec.structs.replace(whole, **changes)


def test_means_forget_and_are_bounded() -> None:
    state, settings = RoutingState(), RoutingSettings(quality_orders=2, keep_symbols=2)
    for used in (False, True, True, True):
        note_record(state, record(used_fallback=used), settings)
    quality = state.quality[SYMBOL]
    assert (quality.orders, quality.fallback, quality.maker) == (2, 0.875, 1.0)
    assert (quality.spread_bps, quality.slippage_bps, quality.latency_ns) == (3.0, -100.0, MILLISECOND)
    for symbol in ("ETH-USDT", "SOL-USDT"):
        note_record(state, record(symbol=symbol), settings)
    assert list(state.quality) == ["ETH-USDT", "SOL-USDT"]


def test_an_intent_of_which_nothing_was_placed_teaches_nothing() -> None:
    state = RoutingState()
    note_record(state, record(orders=0), RoutingSettings())
    assert state.quality[SYMBOL].orders == 0


def tunable(**changes: object) -> RoutedRig:
    routing = msgspec.structs.replace(ROUTING, **({"tuning_symbols": (SYMBOL,)} | changes))
    return RoutedRig(msgspec.structs.replace(AMENDING, routing=routing))


def tune(rig: RoutedRig, offset: int = 1, bias: float = 0.0) -> RouterTuned:
    rig.take(
        TuneRouter(SYMBOL, RoutePolicy(offset_ticks=offset, taker_bias=bias), ("tight",)), sender="tuner"
    )
    return rig.happened(RouterTuned)[-1]


def test_a_proposal_is_taken_by_steps_and_recorded_with_before_and_after() -> None:
    rig = tunable()
    tuned = tune(rig, offset=9, bias=0.9)
    assert tuned.applied
    assert (tuned.before.offset_ticks, tuned.after.offset_ticks, tuned.after.taker_bias) == (0, 2, 0.05)
    assert placed(rig.route(Route.MAKER_FIRST)).limit_price == 97
    started = rig.happened(RouteStarted)[-1]
    assert (started.policy_before.offset_ticks, started.policy.offset_ticks) == (2, 2)
    rig.restart()
    assert rig.state.routing.policies[SYMBOL].offset_ticks == 2


def test_the_offset_is_bounded_however_often_it_is_proposed() -> None:
    rig = tunable()
    for _ in range(9):
        tune(rig, offset=99)
    assert rig.state.routing.policies[SYMBOL].offset_ticks == 5
    assert not rig.happened(RouterTuned)[-1].applied


def test_nobody_tunes_a_symbol_that_is_not_listed() -> None:
    rig = RoutedRig()
    tuned = tune(rig)
    assert (tuned.applied, tuned.after) == (False, tuned.before)
    assert "not among" in tuned.detail


def test_nothing_is_tuned_outside_the_normal_mode_or_where_routing_is_broken() -> None:
    rig = tunable()
    rig.state.routing.quality[SYMBOL] = Quality(KNOWN, fallback=1.0)
    assert tune(rig).detail == "its quality is broken"
    rig.take(ModeChanged(Mode.REDUCE, 1, {}, "drill"), sender="risk")
    assert tune(rig).detail == "the desk is in mode reduce"


# --- what a symbol's own records propose

STRONG = Quality(KNOWN, maker=0.9, fallback=0.1)
HEAVY = Quality(KNOWN, maker=0.3, fallback=0.55)


@pytest.mark.parametrize(
    ("quality", "evidence", "nearer", "bias"),
    [
        (Quality(KNOWN, maker=0.5), Evidence(), 0, 0.0),
        (STRONG, Evidence(), -1, -0.0375),
        (HEAVY, Evidence(), 1, 0.0375),
        (Quality(KNOWN, maker=0.5, fallback=0.6, slippage_bps=12.0), Evidence(), 2, 0.05),
        (Quality(KNOWN, maker=0.5), Evidence(expectancy_bps=1.0), 2, 0.0375),
        (Quality(KNOWN, maker=0.5), Evidence(expectancy_bps=-1.0), -2, -0.0375),
        (Quality(KNOWN, maker=0.5), Evidence(expectancy_bps=9.0), 2, 0.05),
        (STRONG, Evidence(expectancy_bps=1.0), 0, 0.0),
        (Quality(KNOWN, maker=0.5), Evidence(hit_rate=0.65, score=0.7), 2, 0.05),
        (Quality(KNOWN, maker=0.5), Evidence(hit_rate=0.45, score=0.3), -2, -0.05),
        (Quality(KNOWN, maker=0.5), Evidence(expectancy_bps=0.0, hit_rate=0.5, score=0.5), 0, 0.0),
    ],
)
def test_the_table_of_proposals(quality: Quality, evidence: Evidence, nearer: int, bias: float) -> None:
    before = RoutePolicy(offset_ticks=1, taker_bias=0.2)
    policy, rationale = propose(before, quality, evidence, RoutingSettings())
    assert policy.offset_ticks == 1 - nearer
    assert policy.taker_bias == pytest.approx(0.2 + bias)
    assert f"over {KNOWN} orders" in rationale[0]


def passive_order(rig: RoutedRig, number: int) -> None:
    """The n-th intent, filled where it rests."""
    rig.route(Route.MAKER_FIRST, intent_id=f"strategy/BTC-USDT#{number}")
    order = rig.state.order_of(f"strategy/BTC-USDT#{number}")
    assert order is not None
    rig.place_result(order, Outcome.ACCEPTED, Reason.ACCEPTED)
    sequence = rig.state.stream_sequence + 1
    event = venue_event(
        order, OrderState.FILLED, sequence, filled="2", fill=f"f{number}", price=str(order.terms.limit_price)
    )
    assert event.fill is not None
    maker = msgspec.structs.replace(event.fill, liquidity=Liquidity.MAKER)
    rig.take(msgspec.structs.replace(event, fill=maker))


def test_records_of_a_symbol_change_its_policy_with_before_and_after() -> None:
    rig = tunable(quality_orders=3, tuning_every=3)
    for number in range(1, 4):
        passive_order(rig, number)
    (tuned,) = rig.happened(RouterTuned)
    assert tuned.applied
    assert (tuned.before.offset_ticks, tuned.after.offset_ticks) == (0, 1)
    assert (tuned.before.taker_bias, tuned.after.taker_bias) == (0.0, 0.0)
    assert tuned.rationale == ("maker 1.00, fallback 0.00, slippage -100.0 bps over 3 orders", "maker strong")
    for number in range(4, 6):
        passive_order(rig, number)
    assert len(rig.happened(RouterTuned)) == 1
    rig.restart()
    passive_order(rig, 6)
    assert [each.after.offset_ticks for each in rig.happened(RouterTuned)] == [1, 2]


def test_what_others_know_of_a_symbol_counts_in_its_next_proposal() -> None:
    rig = tunable(quality_orders=2, tuning_every=2)
    rig.take(RouterEvidence(SYMBOL, expectancy_bps=5.0), sender="operations/intelligence")
    rig.restart()
    for number in range(1, 3):
        passive_order(rig, number)
    (tuned,) = rig.happened(RouterTuned)
    assert tuned.rationale[1:] == ("maker strong", "expectancy +1.5")
    assert tuned.after.taker_bias == pytest.approx(0.0375)


@pytest.mark.parametrize("changes", [{"tuning_every": 0}, {"tuning_every": 1, "tuning_symbols": ()}])
def test_records_propose_nothing_unless_they_are_asked_to(changes: dict[str, object]) -> None:
    rig = tunable(quality_orders=1, **changes)
    passive_order(rig, 1)
    assert rig.happened(RouterTuned) == []
