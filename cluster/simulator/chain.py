"""The cast of the crash loop: a producer, a counter, a listener, a watcher of a feed, a warden for dead letters.

Small actors that between them use everything the step machine offers: mail of both kinds, refusals, timers, effects,
observations, randomness, poison. What must come of it is known beforehand, whatever happens on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.base import Actor, Context, applies, receives
from cluster.simulator.chain_messages import (
    AskAgain,
    AskStamp,
    BeginChain,
    Buried,
    ChainBegun,
    Heard,
    Leaflet,
    LeafletCounted,
    LeafletReturned,
    LeafletSent,
    Parcel,
    ParcelCounted,
    ParcelSent,
    Receipt,
    Remind,
    Reminded,
    Reminder,
    ResendLeaflet,
    SendNext,
    Sighted,
    Sighting,
    StampAsked,
    Stamped,
    StampGiven,
    StampWithheld,
)
from messages.base import Effect, Message
from messages.control import DeadLettered
from messages.intents import Refused
from messages.market import ObservationDue
from messages.reasons import Reason

MILLISECOND = 1_000_000
STAMP_EVERY, REMIND_EVERY, LOOK_EVERY = 3, 5, 7


class ProducerState(msgspec.Struct):
    """What was ordered, how far it is, and which leaflets are under way."""

    begun: bool = False
    parcels: int = 0
    leaflets: int = 0
    rotten: list[int] = []
    sent: int = 0
    leaflets_sent: int = 0
    under_way: dict[str, int] = {}


class Producer(Actor[ProducerState]):
    """Sends numbered parcels and leaflets, a few at a time."""

    @receives(BeginChain)
    def on_begin(self, order: BeginChain, ctx: Context) -> None:
        """Take the order."""
        ctx.emit(ChainBegun(parcels=order.parcels, leaflets=order.leaflets, rotten=order.rotten))
        ctx.after(0, SendNext(), key="next")

    @receives(SendNext)
    def on_send_next(self, message: SendNext, ctx: Context) -> None:
        """Send one to three parcels and, while there are any, a leaflet with each."""
        for _ in range(1 + ctx.random.below(3)):
            if self.state.sent < self.state.parcels:
                number = self.state.sent + 1
                ctx.emit(ParcelSent(number=number))
                ctx.send("counter", Parcel(number=number, rotten=number in self.state.rotten))
            if self.state.leaflets_sent < self.state.leaflets:
                self._send_leaflet(self.state.leaflets_sent + 1, ctx)
        if self.state.sent < self.state.parcels or self.state.leaflets_sent < self.state.leaflets:
            ctx.after(ctx.random.below(2 * MILLISECOND), SendNext(), key="next")

    @receives(Refused)
    def on_refused(self, refused: Refused, ctx: Context) -> None:
        """A leaflet came back: once more, a little later."""
        number = self.state.under_way.get(refused.message_id)
        if number is not None:
            ctx.emit(LeafletReturned(message_id=refused.message_id))
            ctx.after(MILLISECOND, ResendLeaflet(number=number), key=f"resend/{number}")

    @receives(ResendLeaflet)
    def on_resend(self, message: ResendLeaflet, ctx: Context) -> None:
        """Send a refused leaflet again."""
        self._send_leaflet(message.number, ctx)

    def _send_leaflet(self, number: int, ctx: Context) -> None:
        ctx.emit(LeafletSent(number=number, message_id=ctx.next_message_id()))
        ctx.send("counter", Leaflet(number=number))

    @applies(ChainBegun)
    def begun(self, event: ChainBegun) -> None:
        """Remember the order."""
        self.state.begun = True
        self.state.parcels, self.state.leaflets = event.parcels, event.leaflets
        self.state.rotten = list(event.rotten)

    @applies(ParcelSent)
    def parcel_sent(self, event: ParcelSent) -> None:
        """Remember how far it is."""
        self.state.sent = event.number

    @applies(LeafletSent)
    def leaflet_sent(self, event: LeafletSent) -> None:
        """Remember under which id it went."""
        self.state.leaflets_sent = max(self.state.leaflets_sent, event.number)
        self.state.under_way[event.message_id] = event.number

    @applies(LeafletReturned)
    def leaflet_returned(self, event: LeafletReturned) -> None:
        """It is not under way any more."""
        del self.state.under_way[event.message_id]


class TallyState(msgspec.Struct):
    """What was counted, in order; which stamps are asked for and which were given."""

    parcels: list[int] = []
    leaflets: list[int] = []
    asked: dict[str, int] = {}
    stamped: list[int] = []
    reminded: list[int] = []


class Tally(Actor[TallyState]):
    """Counts parcels and leaflets, gives receipts, has every third stamped and reminds of every fifth."""

    @receives(Parcel)
    def on_parcel(self, parcel: Parcel, ctx: Context) -> None:
        """Count it, tell the listener, ask for its stamp. Raises `ValueError` for a rotten one."""
        ctx.emit(ParcelCounted(number=parcel.number))
        ctx.send("listener", Receipt(number=parcel.number, total=len(self.state.parcels)))
        if parcel.number % STAMP_EVERY == 0:
            ctx.emit(StampAsked(number=parcel.number))
            ctx.perform(AskStamp(number=parcel.number))
        if parcel.number % REMIND_EVERY == 0:
            ctx.after(MILLISECOND, Remind(number=parcel.number), key=f"remind/{parcel.number}")
        if parcel.rotten:
            raise ValueError(f"parcel {parcel.number} is rotten")

    @receives(Leaflet)
    def on_leaflet(self, leaflet: Leaflet, ctx: Context) -> None:
        """Count it."""
        ctx.emit(LeafletCounted(number=leaflet.number))

    @receives(StampGiven)
    def on_stamp(self, stamp: StampGiven, ctx: Context) -> None:
        """Note the stamp, once."""
        if str(stamp.number) in self.state.asked:
            ctx.emit(Stamped(number=stamp.number))

    @receives(StampWithheld)
    def on_withheld(self, message: StampWithheld, ctx: Context) -> None:
        """Try again when the lease may be back."""
        ctx.after(5 * MILLISECOND, AskAgain(number=message.number), key=f"again/{message.number}")

    @receives(AskAgain)
    def on_ask_again(self, message: AskAgain, ctx: Context) -> None:
        """Ask for a stamp that is still missing."""
        if str(message.number) in self.state.asked:
            ctx.perform(AskStamp(number=message.number))

    @receives(Remind)
    def on_remind(self, message: Remind, ctx: Context) -> None:
        """Send the reminder."""
        ctx.emit(Reminded(number=message.number))
        ctx.send("listener", Reminder(number=message.number))

    @applies(ParcelCounted)
    def parcel_counted(self, event: ParcelCounted) -> None:
        """Remember the parcel."""
        self.state.parcels.append(event.number)

    @applies(LeafletCounted)
    def leaflet_counted(self, event: LeafletCounted) -> None:
        """Remember the leaflet."""
        self.state.leaflets.append(event.number)

    @applies(StampAsked)
    def stamp_asked(self, event: StampAsked) -> None:
        """Remember what is owed."""
        self.state.asked[str(event.number)] = event.number

    @applies(Stamped)
    def stamp_given(self, event: Stamped) -> None:
        """Remember the stamp."""
        del self.state.asked[str(event.number)]
        self.state.stamped.append(event.number)

    @applies(Reminded)
    def was_reminded(self, event: Reminded) -> None:
        """Remember the reminder."""
        self.state.reminded.append(event.number)

    def outstanding(self) -> Sequence[Effect]:
        """The stamps that are missing."""
        return [AskStamp(number=number) for number in self.state.asked.values()]


class ListenerState(msgspec.Struct):
    """What was heard, by kind, in order."""

    receipts: list[int] = []
    reminders: list[int] = []
    sightings: list[int] = []


_HEARD: dict[type[Message], str] = {Receipt: "receipts", Reminder: "reminders", Sighting: "sightings"}


class Listener(Actor[ListenerState]):
    """Writes down what it hears."""

    @receives(Receipt)
    def on_receipt(self, message: Receipt, ctx: Context) -> None:
        """A parcel was counted."""
        ctx.emit(Heard(kind=_HEARD[Receipt], number=message.number))

    @receives(Reminder)
    def on_reminder(self, message: Reminder, ctx: Context) -> None:
        """A reminder came."""
        ctx.emit(Heard(kind=_HEARD[Reminder], number=message.number))

    @receives(Sighting)
    def on_sighting(self, message: Sighting, ctx: Context) -> None:
        """The watcher has looked."""
        ctx.emit(Heard(kind=_HEARD[Sighting], number=message.position))

    @applies(Heard)
    def heard(self, event: Heard) -> None:
        """Write it down."""
        getattr(self.state, event.kind).append(event.number)


class WatcherState(msgspec.Struct):
    """After how many rows the feed was looked at."""

    looked: list[int] = []


class Watcher(Actor[WatcherState]):
    """Folds a feed into a view, the number of its rows, and looks at it every few rows."""

    rows = 0

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """Count the row."""
        self.rows += 1
        return self.rows % LOOK_EVERY == 0

    def forget_view(self) -> None:
        """No row is counted."""
        self.rows = 0

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        """Tell how many rows the view has; that is the feed's position, or the view was rebuilt wrongly."""
        ctx.emit(Sighted(position=self.rows))
        ctx.send("listener", Sighting(position=self.rows))

    @applies(Sighted)
    def sighted(self, event: Sighted) -> None:
        """Remember the look."""
        self.state.looked.append(event.position)


class WardenState(msgspec.Struct):
    """Which dead letters were heard of."""

    buried: list[str] = []


class Warden(Actor[WardenState]):
    """Stands where risk stands: hears of dead letters."""

    @receives(DeadLettered)
    def on_dead_letter(self, letter: DeadLettered, ctx: Context) -> None:
        """Note it."""
        ctx.emit(Buried(message_id=letter.message_id))

    @applies(Buried)
    def bury(self, event: Buried) -> None:
        """Remember it."""
        self.state.buried.append(event.message_id)


CAST: dict[str, Callable[[], Actor[Any]]] = {
    "producer": lambda: Producer("producer", ProducerState(rotten=[], under_way={})),
    "counter": lambda: Tally(
        "counter", TallyState(parcels=[], leaflets=[], asked={}, stamped=[], reminded=[])
    ),
    "listener": lambda: Listener("listener", ListenerState(receipts=[], reminders=[], sightings=[])),
    "watcher": lambda: Watcher("watcher", WatcherState(looked=[])),
    "risk": lambda: Warden("risk", WardenState(buried=[])),
}
"""How to make each actor, by its address."""


class StampOffice:
    """The outside: gives one stamp per number and remembers every time it was asked. `delay` draws latencies in ns."""

    def __init__(self, delay: Callable[[], int]) -> None:
        self.asked: list[int] = []
        self.given: dict[int, None] = {}
        self._delay = delay

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`."""
        return self._delay(), self._delay()

    def perform(self, effect: Effect, now: int) -> Message | None:
        """Give the stamp."""
        assert isinstance(effect, AskStamp)
        self.asked.append(effect.number)
        self.given[effect.number] = None
        return StampGiven(number=effect.number)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """The host had no lease."""
        assert isinstance(effect, AskStamp)
        return StampWithheld(number=effect.number, reason=reason)
