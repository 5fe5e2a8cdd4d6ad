"""What a decision pipeline learns from: its predictions, what came of them, and what its trades have paid.

Apart from the decisions because they are of a strategy as a whole, whatever number of symbols it has. Numbers of many
symbols travel as little-endian float64 in the order of the symbols of `LearningBegan`; NaN is missing.
"""

from __future__ import annotations

from messages.base import Message, message_type
from messages.events import EventType


@message_type
class LearningBegan(Message, frozen=True):
    """From now on the strategy's learner follows these symbols (S), models (M) and horizons (H, shortest first).

    What it knew of those that stay is kept. `minutes` are the lengths of the horizons; `ranked` models tell how symbols
    compare, so that their word is a score already. `figures` are all settings that its memory depends on, by name: an
    old journal is read under those that held when it was written.
    """

    strategy: str
    symbols: tuple[str, ...]
    models: tuple[str, ...]
    horizons: tuple[str, ...]
    minutes: tuple[int, ...]
    ranked: tuple[bool, ...]
    figures: dict[str, int | float]
    time: int


@message_type
class PredictionsMade(Message, frozen=True):
    """What models said at `time`: `raw` float64[S,M,H].

    `bars` are the ends (ns UTC) of the last bars of each symbol that it was said on, 0 where there was no new one: then
    the word before still stands.
    """

    strategy: str
    time: int
    bars: tuple[int, ...]
    raw: bytes


@message_type
class PredictionsKept(Message, frozen=True):
    """The predictions of some horizons (N) are kept until they can be judged by the return from `mids` float64[S].

    `expected` float64[S,M,N] is what the models were taken to expect; `new` says whose word is of this moment.
    """

    strategy: str
    time: int
    horizons: tuple[str, ...]
    mids: bytes
    new: tuple[bool, ...]
    expected: bytes


@message_type
class ReturnsRealised(Message, frozen=True):
    """At `time` the mids were `mids` float64[S]: predictions whose horizon has passed are held to them."""

    strategy: str
    time: int
    mids: bytes


@message_type
class PlanAdopted(Message, frozen=True):
    """A decision that trades: the horizon it was made on, and the models' shares in it, for whom it will be a reward.

    `flat`: nothing was held when it was made.
    """

    strategy: str
    symbol: str
    horizon: str
    shares: dict[str, float]
    flat: bool
    time: int


@message_type
class FillLearned(Message, frozen=True):
    """A fill of the strategy, as its learner counts it: base units (signed), price and fee in quote currency."""

    strategy: str
    symbol: str
    quantity: float
    price: float
    fee: float
    time: int


@message_type
class RewardBooked(Message, frozen=True):
    """A trade ended flat: what it paid in bps of what it was entered with, and the loss (0 to 1) its models bear.

    `loss` is None for one that was held for too long to teach anything.
    """

    strategy: str
    symbol: str
    horizon: str
    shares: dict[str, float]
    gross_bps: float
    cost_bps: float
    held: int
    loss: float | None
    time: int


@message_type
class SizerTaught(Message, frozen=True):
    """What the sizer in shadow, or one promoted from it, knows of a symbol after a closed trade: float64 `figures`.

    `sizer` is its import path and parameters; with other parameters it is another one, and begins anew.
    """

    strategy: str
    symbol: str
    sizer: str
    figures: bytes
    time: int


@message_type
class FillCounted(Message, frozen=True):
    """A fill as the intelligence on closed trades counts it; amounts in base currency.

    `opened` and `closed` are the values of the parts that opened and closed, `gain` what closing paid before `fee`.
    `flat`: nothing is held after it. `passive`: its order was meant to make liquidity; `maker`: it did. `slippage_bps`
    is its distance from the mid when it was booked, positive for worse; None without a quote.
    """

    strategy: str
    symbol: str
    opened: float
    closed: float
    gain: float
    fee: float
    flat: bool
    maker: bool
    passive: bool
    slippage_bps: float | None
    time: int


@message_type
class SymbolSuspended(Message, frozen=True):
    """Until `until` (desk time, ns UTC) the strategy enters nothing on the symbol; a time that has passed lifts it.

    `drawdown` is the part of its capital that the closed trades lost; None where a person lifted it.
    """

    event_type = EventType.WARNING

    strategy: str
    symbol: str
    until: int
    drawdown: float | None
    by: str
    time: int


@message_type
class PredictorMissing(Message, frozen=True):
    """A pipeline without models and without an alpha of its own: it decides nothing; said once until that changes."""

    event_type = EventType.WARNING

    strategy: str
    symbol: str
    detail: str
