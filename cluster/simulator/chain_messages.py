"""What the cast of the crash loop says, remembers and asks for; see `cluster.simulator.chain`."""

from __future__ import annotations

from messages.base import Effect, Message, message_type
from messages.reasons import Reason


@message_type
class BeginChain(Message, frozen=True):
    """The operator's order: send so many parcels, of which some are rotten, and so many leaflets."""

    parcels: int
    leaflets: int
    rotten: tuple[int, ...]


@message_type
class ChainBegun(Message, frozen=True):
    """The order was taken."""

    parcels: int
    leaflets: int
    rotten: tuple[int, ...]


@message_type
class SendNext(Message, frozen=True):
    """Timer: the next parcels are to be sent."""


@message_type
class ResendLeaflet(Message, frozen=True):
    """Timer: a leaflet that was refused is to be sent again."""

    number: int


@message_type
class ParcelSent(Message, frozen=True):
    """A parcel left the producer."""

    number: int


@message_type
class LeafletSent(Message, frozen=True):
    """A leaflet left the producer under this message id."""

    number: int
    message_id: str


@message_type
class LeafletReturned(Message, frozen=True):
    """A leaflet was refused."""

    message_id: str


@message_type
class Parcel(Message, frozen=True):
    """Producer to counter, in order. A rotten one can't be processed."""

    number: int
    rotten: bool


@message_type
class Leaflet(Message, frozen=True):
    """Producer to counter; refused when the mailbox is full."""

    refusable = True

    number: int


@message_type
class ParcelCounted(Message, frozen=True):
    """A parcel was counted."""

    number: int


@message_type
class LeafletCounted(Message, frozen=True):
    """A leaflet was counted."""

    number: int


@message_type
class StampAsked(Message, frozen=True):
    """A stamp was promised to be asked for."""

    number: int


@message_type
class Stamped(Message, frozen=True):
    """A stamp was given."""

    number: int


@message_type
class Remind(Message, frozen=True):
    """Timer: a reminder is to be sent."""

    number: int


@message_type
class AskAgain(Message, frozen=True):
    """Timer: a stamp that was withheld is to be asked for again."""

    number: int


@message_type
class Reminded(Message, frozen=True):
    """A reminder was sent."""

    number: int


@message_type
class Receipt(Message, frozen=True):
    """Counter to listener: a parcel was counted as the `total`-th."""

    urgent = True

    number: int
    total: int


@message_type
class Reminder(Message, frozen=True):
    """Counter to listener, some time after the parcel."""

    number: int


@message_type
class Sighting(Message, frozen=True):
    """Watcher to listener: the feed was looked at after so many rows."""

    position: int


@message_type
class Sighted(Message, frozen=True):
    """The feed was looked at."""

    position: int


@message_type
class Heard(Message, frozen=True):
    """The listener heard something: of which kind, and its number."""

    kind: str
    number: int


@message_type
class Buried(Message, frozen=True):
    """The warden noted a dead letter."""

    message_id: str


@message_type
class AskStamp(Effect, frozen=True):
    """Ask the outside for the stamp of a parcel; it gives one per number, however often it is asked."""

    number: int

    @property
    def lane(self) -> str:
        """One lane per parcel."""
        return f"stamp/{self.number}"


@message_type
class StampGiven(Message, frozen=True):
    """The outside's answer."""

    number: int


@message_type
class StampWithheld(Message, frozen=True):
    """The host did not ask: it had no lease."""

    number: int
    reason: Reason
