"""What strategy actors journal, and the few messages that only they understand.

Apart from the intents, which others read: this is the memory of a strategy actor, from the decision to the exit.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.intents import OrderIntent, Side
from messages.orders import OrderState
from messages.reasons import Layer, Reason
from messages.stages import StageRecords

TraceValue = float | str | None
"""What a decision's trace may hold; a missing figure is None, never 0."""

RememberedValue = int | float | str | bool | None
"""What a strategy may ask its actor to keep for it."""


class Decision(StrEnum):
    """How a decision ended. HOLD (nothing to do) is not journalled."""

    TRADE = "trade"
    HOLD = "hold"
    BLOCKED = "blocked"
    NO_TRADE = "no_trade"


class ExitLevels(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """At which prices and when a position is closed; None where there is no such exit.

    `stop` and `target` are compared with the price the position could be closed at (bid for a long, ask for a
    short). `anchor` is the best price the trailing stop was last drawn from, `ratchet` the price at which it is
    drawn anew. `hold_until` is desk time in ns UTC.
    """

    stop: float | None = None
    stop_reason: Reason = Reason.STOP
    target: float | None = None
    anchor: float | None = None
    ratchet: float | None = None
    hold_until: int | None = None


class ChosenExits(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The exits of one position, where a decision has chosen them: fractions of its average price, and ns.

    None where the strategy's settings hold.
    """

    stop: Decimal | None = None
    target: Decimal | None = None
    max_holding: int | None = None


@message_type
class DecisionMade(Message, frozen=True):
    """A decision that traded, or was kept from trading for a new reason; `trace` is what it saw.

    `stages` is what each stage of the pipeline saw and said, for decisions that went through one.
    """

    schema_version = 2
    event_type = EventType.DECISION_MADE

    strategy: str
    symbol: str
    decision: Decision
    reason: Reason
    time: int
    trace: dict[str, TraceValue]
    stages: StageRecords | None = None


@message_type
class IntentRaised(Message, frozen=True):
    """An intent leaves for risk. `position` is the strategy's own before it, `leaving` whether it is an exit."""

    schema_version = 2
    event_type = EventType.INTENT_RAISED

    intent_id: str
    intent: OrderIntent
    position: Decimal
    leaving: bool
    time: int


@message_type
class CancelAsked(Message, frozen=True):
    """The strategy wants whatever works for this intent to be cancelled."""

    strategy: str
    symbol: str
    intent_id: str
    reason: Reason
    time: int


@message_type
class FillsAwaited(Message, frozen=True):
    """An intent has ended with more filled than was booked here: it stays open until those fills are in."""

    strategy: str
    symbol: str
    intent_id: str
    state: OrderState
    filled: Decimal
    reason: Reason
    time: int


@message_type
class IntentClosed(Message, frozen=True):
    """Nothing more can come of an intent; `layer` says who ended it, `filled` is the final quantity."""

    event_type = EventType.INTENT_CLOSED

    strategy: str
    symbol: str
    intent_id: str
    state: OrderState
    filled: Decimal
    reason: Reason
    layer: Layer
    time: int


@message_type
class PositionChanged(Message, frozen=True):
    """A fill changed the strategy's own position.

    `quantity` and `price` are the part of the fill that was booked here; `position` (base units, signed),
    `average_price`, `opened_at` and `realized` (quote currency, before fees, since the beginning) are after it.
    """

    strategy: str
    symbol: str
    fill_id: str
    intent_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    position: Decimal
    average_price: Decimal | None
    opened_at: int | None
    realized: Decimal
    time: int


@message_type
class FillUnassigned(Message, frozen=True):
    """A fill (or the rest of one) that belongs to no strategy of this actor and reduces none's position."""

    event_type = EventType.WARNING

    symbol: str
    fill_id: str
    side: Side
    quantity: Decimal


@message_type
class ExitArmed(Message, frozen=True):
    """From now on the position is closed at these levels."""

    strategy: str
    symbol: str
    levels: ExitLevels
    time: int


@message_type
class ExitsChosen(Message, frozen=True):
    """The next position in `direction` (+1, -1) has these exits until it is closed; None: as configured again."""

    strategy: str
    symbol: str
    direction: int
    exits: ChosenExits | None
    time: int


@message_type
class ExitTriggered(Message, frozen=True):
    """The position is to be closed, whatever the price does next; pursued until it is flat."""

    strategy: str
    symbol: str
    reason: Reason
    level: float | None
    bid: float | None
    ask: float | None
    time: int


@message_type
class ExitRetryScheduled(Message, frozen=True):
    """An exit did not close the position; it is tried again at `due` (desk time, ns UTC)."""

    event_type = EventType.WARNING

    strategy: str
    symbol: str
    attempt: int
    due: int
    reason: Reason


@message_type
class CooldownStarted(Message, frozen=True):
    """No entry before `until` (desk time, ns UTC)."""

    strategy: str
    symbol: str
    until: int
    reason: Reason


@message_type
class TargetDeferred(Message, frozen=True):
    """The wanted direction (+1, 0, -1) has to wait for an open intent to end; void after `until`.

    `notional` is the wanted position's worth in base currency, signed, where a size was asked for.
    """

    schema_version = 2

    strategy: str
    symbol: str
    direction: int
    until: int
    notional: Decimal | None = None


@message_type
class TargetTaken(Message, frozen=True):
    """The deferred direction is acted on or has become void."""

    strategy: str
    symbol: str


@message_type
class QuoteWentStale(Message, frozen=True):
    """Decisions for this symbol are suspended; said once until they go on. `age` is in ns, None without a quote."""

    event_type = EventType.QUOTE_STALE

    symbol: str
    age: int | None
    reason: Reason
    time: int


@message_type
class QuoteFreshAgain(Message, frozen=True):
    """Decisions for this symbol go on."""

    symbol: str
    time: int


@message_type
class ModeSeen(Message, frozen=True):
    """The desk's mode as this actor has last heard it from risk."""

    mode: Mode
    version: int


@message_type
class HaltSeen(Message, frozen=True):
    """The kill switch was heard before risk's change of mode: no entries until that has come."""

    by: str
    reason: str


@message_type
class StrategySwitched(Message, frozen=True):
    """A strategy was enabled or disabled by a person."""

    strategy: str
    symbol: str
    enabled: bool
    by: str


@message_type
class StrategyBudgetSet(Message, frozen=True):
    """A person gave a strategy another budget (base currency, for all its symbols); None: the configured one again."""

    event_type = EventType.CAPITAL_CHANGED

    strategy: str
    symbol: str
    budget: Decimal | None
    by: str


@message_type
class SizerPromoted(Message, frozen=True):
    """From now on this sizer decides on sizes, and the configured one is asked beside it; None: as configured again.

    `sizer` is its import path and parameters, `trades` how many closed ones of the symbol it has heard of.
    """

    strategy: str
    symbol: str
    sizer: str | None
    trades: int
    by: str
    reason: str
    time: int


@message_type
class DecisionScheduled(Message, frozen=True):
    """The strategy's next decision by the clock is due at `due` (desk time, ns UTC)."""

    strategy: str
    symbol: str
    due: int


@message_type
class ValueRemembered(Message, frozen=True):
    """A value that the strategy wants to find again after a crash; None forgets it."""

    strategy: str
    symbol: str
    name: str
    value: RememberedValue


@message_type
class EnableStrategy(Message, frozen=True):
    """Let a strategy decide again (operator -> its actors); on one symbol, or on all."""

    broadcast = True
    urgent = True

    strategy: str
    by: str
    symbol: str | None = None


@message_type
class DisableStrategy(Message, frozen=True):
    """Keep a strategy from entering (operator -> its actors); its exits go on."""

    broadcast = True
    urgent = True

    strategy: str
    by: str
    symbol: str | None = None


@message_type
class SetStrategyBudget(Message, frozen=True):
    """Give a strategy another budget (operator -> its actors): base currency, for all its symbols together.

    None: the configured one again. A position above the new budget is not sold for it; it can't grow.
    """

    broadcast = True
    urgent = True

    strategy: str
    by: str
    budget: Decimal | None


@message_type
class PromoteSizer(Message, frozen=True):
    """Let a strategy's sizer in shadow decide on sizes (operator -> its actors), or the configured one again."""

    broadcast = True
    urgent = True

    strategy: str
    by: str
    promoted: bool
    reason: str


@message_type
class StageOverran(Message, frozen=True):
    """A stage of a decision took longer than it may: input made by the host, and journalled as it is.

    It `took` ns of machine time where `limit` is allowed; `times` counts what was not told since, for each stage is
    told of at most once a minute.
    """

    event_type = EventType.WARNING

    stage: str
    took: int
    limit: int
    times: int


@message_type
class DecisionDue(Message, frozen=True):
    """Timer: the strategy decides by the clock. Void when the state no longer waits for `due`."""

    decides = True

    strategy: str
    symbol: str
    due: int


@message_type
class ExitRetryDue(Message, frozen=True):
    """Timer: try to close the position again. Void when the state no longer waits for `due`."""

    strategy: str
    symbol: str
    due: int


@message_type
class HoldingTimeUp(Message, frozen=True):
    """Timer: the position has been held as long as it may. Void when the state has another `hold_until`."""

    strategy: str
    symbol: str
    hold_until: int


@message_type
class StrategyTimerDue(Message, frozen=True):
    """Timer: one that the strategy itself has set, by its name."""

    strategy: str
    symbol: str
    name: str
