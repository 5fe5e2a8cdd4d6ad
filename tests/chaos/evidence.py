"""What must hold after a session, whatever was done to it: one function per invariant, each says what it found."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from actors.base import Actor
from actors.execution.actor import ExecutionActor, initial_state
from actors.risk.actor import RiskActor
from actors.strategy.actor import StrategyActor
from actors.venues.paper import PaperPort
from cluster.host import risk_map, settings_map
from cluster.observe.projection import Projection
from cluster.steps.recovery import state_digest
from config import DeskConfig
from messages.base import Address
from tests.chaos.desks import BTC, ETH, EXECUTION, RISK, Outcome, Session
from tests.chaos.independent import SIGN, VenueRecords

START_CASH = Decimal(100_000)


def require_sound(outcome: Outcome) -> None:
    """Every invariant that a session's end can be judged by."""
    require_all_ended(outcome.projection, outcome.records)
    require_nothing_doubled(outcome.records)
    require_equal_fills(outcome.projection, outcome.records)
    require_equal_books(outcome.summary, outcome.records)
    require_within_approval(outcome.projection, outcome.records)


def require_all_ended(projection: Projection, records: VenueRecords) -> None:
    """Every intent has a terminal outcome, and no order is left open at the venue."""
    open_intents = [each.intent_id for each in projection.orders.intents.values() if not each.ended]
    assert not open_intents, f"intents without an end: {open_intents}"
    assert not records.open_orders, f"orders left open at the venue: {records.open_orders}"


def require_nothing_doubled(records: VenueRecords) -> None:
    """No client order id made two orders, no fill is on record twice."""
    assert not records.doubled_ids, f"client order ids used twice: {records.doubled_ids}"
    assert not records.doubled_fills, f"fills on record twice: {records.doubled_fills}"


def require_equal_fills(projection: Projection, records: VenueRecords) -> None:
    """The venue's fills are the ledger's and the execution actor's, one by one, each exactly once."""
    at_venue = Counter(
        (each.fill_id, each.symbol, each.side, each.price, each.quantity, each.fee) for each in records.fills
    )
    booked = Counter(
        (each.fill_id, each.symbol, str(each.side), each.price, each.quantity, each.fee)
        for intent in projection.orders.intents.values()
        for each in intent.ledger
    )
    assert booked == at_venue, (
        f"ledger without venue: {booked - at_venue}; venue without ledger: {at_venue - booked}"
    )
    seen = Counter(view.fill.fill_id for view in projection.orders.fills.values())
    assert seen == Counter(each.fill_id for each in records.fills)


def require_equal_books(summary: dict[str, Any], records: VenueRecords) -> None:
    """Positions, fees and cash recomputed from the venue's records are the desk's."""
    positions = {symbol: Decimal(quantity) for symbol, quantity in summary["positions"].items()}
    assert positions == records.positions
    assert Decimal(summary["cash"]) == records.cash(START_CASH)
    assert Decimal(summary["fees"].get("USDT", 0)) == records.fees


def require_within_approval(projection: Projection, records: VenueRecords) -> None:
    """What an intent's orders could fill never exceeded what was approved, nor a fill its worst price."""
    owner = {order_id: intent for intent in projection.orders.intents.values() for order_id in intent.orders}
    filled: Counter[str] = Counter()
    for fill in records.fills:
        intent = owner[fill.client_order_id]
        assert intent.approved is not None
        assert intent.terms is not None
        filled[intent.intent_id] += fill.quantity  # type: ignore[assignment]
        assert filled[intent.intent_id] <= intent.approved, f"{intent.intent_id} filled beyond its approval"
        worse = SIGN[str(intent.side)] * (fill.price - intent.terms.worst_price)
        assert worse <= 0, f"{fill.fill_id} at {fill.price}, worst allowed {intent.terms.worst_price}"
    unknown = [each for each in records.client_order_ids if each not in owner]
    assert not unknown, f"orders at the venue that no intent owns: {unknown}"


class Digests:
    """What folding a journal again showed: steps compared, and how many of them were a dead incarnation's last."""

    def __init__(self, steps: int, last_words: int) -> None:
        self.steps = steps
        self.last_words = last_words


async def require_digests(session: Session, address: Address) -> Digests:
    """Fold the whole journal into a fresh actor: after every step the state has the digest that was committed."""
    actor = fresh_actor(session, address)
    loaded = await session.desk.store.load(address, 0)
    boundaries = 0
    for index, record in enumerate(loaded.records):
        assert record.step == index + 1, f"{address}: step {record.step} where {index + 1} should be"
        for event in record.events:
            actor.apply(event)
        assert record.digest == state_digest(actor), f"{address}: another state after step {record.step}"
        following = loaded.records[index + 1 : index + 2]
        boundaries += bool(following) and following[0].epoch != record.epoch
    assert loaded.position.step == len(loaded.records)
    return Digests(len(loaded.records), boundaries)


async def require_all_digests(session: Session) -> Digests:
    """The same for every trading actor of the desk."""
    found = [await require_digests(session, address) for address in (BTC, ETH, RISK, EXECUTION)]
    return Digests(sum(each.steps for each in found), sum(each.last_words for each in found))


def fresh_actor(session: Session, address: Address) -> Actor[Any]:
    """An actor as its host makes it, before its first step."""
    config: DeskConfig = session.loaded.config
    if address == RISK:
        return RiskActor(risk_map.risk_settings(config))
    if address.startswith("execution/"):
        venue = address.split("/", 1)[1]
        traits = PaperPort.of_folder(venue, session.desk.launch.venue_folder(venue)).traits
        chosen = settings_map.execution_settings(config, venue, traits)
        return ExecutionActor(chosen, initial_state(chosen, ""))
    return StrategyActor(address, settings_map.strategy_settings(config, address.split("/", 1)[1]))
