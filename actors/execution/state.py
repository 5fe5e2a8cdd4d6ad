"""What the execution actor remembers: the state that snapshots store, and what can be read from it.

Every part is bounded. Duplicates stay harmless after an order was forgotten: a repeated intent is known by its
sender's highest forgotten sequence, a repeated stream event by its sequence; a fill that comes even later is
told to risk as external activity under our own prefix, so that no fill is ever dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from actors.execution.order import Order
from actors.execution.routing.plan import Plan, RoutingState
from actors.execution.venue_state import VenueState
from messages.account_events import Funding
from messages.base import Address
from messages.control import Mode, strictest
from messages.intents import SubmitOrder
from messages.reasons import Reason
from messages.supervision import GiveUpPolicy
from messages.transfers import Transfer


class Holding(msgspec.Struct):
    """The position one strategy of one actor has built on this account: signed base units, average price."""

    owner: Address
    strategy: str
    symbol: str
    quantity: Decimal
    average_price: Decimal


class Protection(msgspec.Struct):
    """The stop of one holding: `intent_id` is the intent under way or at the venue, "" for none.

    `failures` counts stops in a row that never worked; the next is raised at `next_at` at the earliest (ns UTC).
    """

    owner: Address
    strategy: str
    symbol: str
    intent_id: str = ""
    raised_at: int = 0
    failures: int = 0
    next_at: int = 0


class Exit(msgspec.Struct, frozen=True):
    """An exit under way for a given-up strategy's position."""

    ward: Address
    strategy: str
    symbol: str


class Ward(msgspec.Struct):
    """A strategy that was given up. `attempts` and `next_at` (desk time, ns UTC) are by holding key.

    `attempts` are exits since one was filled, stops that stand among them.
    `crossed` are holdings whose stop could not be placed, as the price was beyond it already: they are closed.
    """

    symbols: tuple[str, ...]
    policy: GiveUpPolicy
    stop: Decimal
    until: int
    attempts: dict[str, int] = {}
    next_at: dict[str, int] = {}
    abandoned: dict[str, None] = {}
    crossed: dict[str, None] = {}


class ExecutionState(msgspec.Struct):
    """Everything execution must not forget. Orders are by client order id, intents map to theirs ("" = none).

    - `live`: orders that are not settled, in the order they were placed; `closed`: intents in the order they
      ended, pruned from the front; `forgotten`: per sender, the highest sequence of its pruned intents.
    - `frozen`: symbols with orders of unknown fate, and how many.
    - `positions`: the account's net position per symbol, from its first reading and every fill since.
    - `protections`: stops by holding key; `stops`: intents of stops under way or at the venue, to those keys.
    - `stream_missing`: sequences that were skipped and may still come.
    - `payments`: ids of the latest payments of funding and transfers; the first reading, of the account as of
      `account_as_of`, contains those before it.
    - `early_payments`, `early_transfers`: what was told before that reading, which may be older than they are.
    - `placing_held`: nothing is placed until the account was compared; `account_due`: that question is owed.
    - `mode_due`: history was lost, and nothing is placed until risk has told its mode anew: its new version is
      what tells the approvals of the lost history, which may have been placed there, from those given since.
    - `at_venue`: what is about the account as a whole; `routing`: intents that are more than one order.
    """

    venue: str
    generation: str
    mode: Mode = Mode.NORMAL
    mode_version: int = 0
    mode_due: bool = False
    halt_unconfirmed: bool = False
    draining: bool = False
    resume_seen: bool = False
    orders: dict[str, Order] = {}
    intents: dict[str, str] = {}
    live: dict[str, None] = {}
    closed: list[str] = []
    forgotten: dict[str, int] = {}
    frozen: dict[str, int] = {}
    tombstones: dict[str, Reason] = {}
    waiting: dict[str, SubmitOrder] = {}
    holdings: dict[str, Holding] = {}
    positions: dict[str, Decimal] = {}
    wards: dict[str, Ward] = {}
    exits: dict[str, Exit] = {}
    protections: dict[str, Protection] = {}
    stops: dict[str, str] = {}
    stream_sequence: int = 0
    stream_missing: dict[int, None] = {}
    payments: dict[str, None] = {}
    early_payments: dict[str, Funding] = {}
    early_transfers: dict[str, Transfer] = {}
    account_seeded: bool = False
    account_as_of: int | None = None
    account_due: bool = True
    account_attempt: int = 0
    account_looks: int = 0
    placing_held: bool = True
    at_venue: VenueState = msgspec.field(default_factory=VenueState)
    routing: RoutingState = msgspec.field(default_factory=RoutingState)

    @property
    def effective_mode(self) -> Mode:
        """The mode in force here: risk's, or HALTED while a kill switch is not yet confirmed by risk."""
        return strictest(self.mode, Mode.HALTED) if self.halt_unconfirmed else self.mode

    def live_orders(self) -> Iterator[Order]:
        """The orders that are not settled, in the order they were placed; safe against changes on the way."""
        for client_order_id in list(self.live):
            order = self.orders.get(client_order_id)
            if order is not None and not order.settled:
                yield order

    def order_of(self, intent_id: str) -> Order | None:
        """The order of an intent, the newest of several; None when it has none."""
        return self.orders.get(self.intents.get(intent_id, ""))

    def orders_of(self, plan: Plan) -> list[Order]:
        """All orders of a plan, in the order they were placed."""
        return [self.orders[name] for name in plan.orders]

    def was_forgotten(self, intent_id: str) -> bool:
        """Whether this intent is at or below the newest one of its sender that was pruned."""
        sender, sequence = intent_parts(intent_id)
        return 0 <= sequence <= self.forgotten.get(sender, -1)


def holding_key(owner: Address, strategy: str, symbol: str) -> str:
    """The key of a holding in `ExecutionState.holdings`."""
    return f"{owner}|{strategy}|{symbol}"


def intent_parts(intent_id: str) -> tuple[Address, int]:
    """An intent id is a message id: its sender and sequence; sequence -1 for an id of another form."""
    sender, _, sequence = intent_id.rpartition("#")
    return (sender, int(sequence)) if sequence.isascii() and sequence.isdigit() else (intent_id, -1)
