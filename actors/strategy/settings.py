"""Settings of a strategy actor as plain structs; whoever builds the actor makes them from the desk's settings.

Money is Decimal in quote currency but for what an order is worth, ratios are fractions, spans of time are ns.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from actors.strategy.intelligence.settings import IntelligenceSettings
from actors.strategy.schedule import ALWAYS, DecideOn, ScheduleSettings
from messages.child_specs import GiveUpPolicy
from messages.errors import ConfigurationError
from messages.intents import Route

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


class OrderStyle(StrEnum):
    """How entries meet the market: take now, work at a price, or work and never take."""

    MARKET = "market"
    LIMIT = "limit"
    POST_ONLY = "post_only"


class Instrument(msgspec.Struct, frozen=True):
    """What is traded, where, and in which steps.

    `multiplier` is the base units per unit of quantity, `rate` the worth of one unit of the quote currency in the
    desk's base currency. `fee_in_kind` is the fee (fraction) that is taken from what is bought, 0 where fees are paid
    in money: what is left must be enough to be sold again. `taker_fee` is the venue's, as a fraction.
    """

    symbol: str
    venue: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    max_quantity: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    rate: Decimal = Decimal(1)
    fee_in_kind: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal(0)


class OrderSettings(msgspec.Struct, frozen=True):
    """How a decision becomes an order.

    `notional` is an order's value in base currency; `offset_ticks` the distance from the best price of the order's own
    side, positive being further from the market; `collar` and `exit_collar` how much worse than the quote a market
    entry or exit may be filled, as a fraction. `route` is how execution makes orders of an entry; with one other than
    direct, `deadline` and the worst price bound all of them. `max_bump` is by what fraction an entry below the venue's
    minimum may grow to reach it.
    """

    notional: Decimal
    style: OrderStyle = OrderStyle.MARKET
    offset_ticks: int = 0
    time_to_live: int | None = None
    deadline: int = 2 * SECOND
    collar: Decimal = Decimal("0.005")
    exit_collar: Decimal = Decimal("0.008")
    route: Route = Route.DIRECT
    max_bump: Decimal = Decimal(0)


class ExitSettings(msgspec.Struct, frozen=True):
    """When a position is closed without the strategy's asking; None for never.

    `stop` and `target` are fractions of the average price, `trailing` of the best price since entry. The trailing
    stop is drawn anew when the price has gained `trailing_step` x `trailing`, so that not every tick is
    journalled. A failed exit is tried again after `retry_min`, doubling up to `retry_max`.
    """

    stop: Decimal | None = None
    target: Decimal | None = None
    trailing: Decimal | None = None
    trailing_step: Decimal = Decimal("0.1")
    max_holding: int | None = None
    retry_min: int = 250 * MILLISECOND
    retry_max: int = 30 * SECOND


class CooldownSettings(msgspec.Struct, frozen=True):
    """How long no entry is made after an entry was raised, a position closed, or an entry was turned down."""

    after_entry: int = 0
    after_close: int = 0
    after_rejection: int = SECOND


class StrategySettings(msgspec.Struct, frozen=True):
    """One strategy on one symbol. `kind` is a built-in name, an installed one, or a path `package.module:Class`.

    `budget` is the most that its positions may be worth, in base currency, over all its symbols; its actors, of
    which there are `budget_parts`, have equal parts of it. With `group` one instance decides on all symbols that
    this id has in the actor. `weight` and `deduplicate`: see `actors.strategy.precedence`.
    `models` are run directories, opened by whoever builds the actor, `allow_pickle` the words by which a person lets
    pickled ones be. With `intelligence` the closed trades of each symbol are judged; None: they are not.
    In `shadow` its orders are simulated, with `shadow_fee` of their value as fee, and none is sent. `on_give_up` is
    what becomes of its position when it is parked, `give_up_stop` the distance of the stop that it is held with.
    """

    id: str
    kind: str
    instrument: Instrument
    order: OrderSettings
    parameters: Mapping[str, object] = {}
    exits: ExitSettings = ExitSettings()
    cooldown: CooldownSettings = CooldownSettings()
    enabled: bool = True
    budget: Decimal | None = None
    budget_parts: int = 1
    weight: Decimal = Decimal(1)
    group: bool = False
    deduplicate: bool = False
    schedule: ScheduleSettings = ALWAYS
    models: tuple[str, ...] = ()
    allow_pickle: str | None = None
    intelligence: IntelligenceSettings | None = None
    shadow: bool = False
    shadow_fee: Decimal = Decimal(0)
    on_give_up: GiveUpPolicy = GiveUpPolicy.FLATTEN
    give_up_stop: Decimal = Decimal("0.05")

    @property
    def key(self) -> str:
        """The strategy's name within its actor."""
        return strategy_key(self.id, self.instrument.symbol)


class FaultSettings(msgspec.Struct, frozen=True):
    """What is borne of a strategy that fails beside others: `failures` within `period`, and then it is parked.

    After each it rests, `rest_min` at first and twice as long each time, up to `rest_max`. Once parked it is tried
    again after `quiet_time`, or by a person where that is None. The rules are those by which supervisors restart.
    """

    failures: int = 5
    period: int = 60 * SECOND
    rest_min: int = SECOND
    rest_max: int = 30 * SECOND
    quiet_time: int | None = None


class StrategyActorSettings(msgspec.Struct, frozen=True):
    """All strategies of one actor, in the order in which they decide, and what they share.

    A quote older than `max_quote_age`, measured by the venue's clock, is not decided on; the estimate of that
    clock is not trusted beyond `max_clock_offset` from ours. `marks_interval` conflates the marks sent to risk. With
    `strict` a gate that lacks an input raises. Without `has_universe` what an earlier session's universe let go is
    traded again. Where `isolates`, several strategies don't fail with one of them; without, as in a backtest, what
    one raises ends the run.
    """

    strategies: tuple[StrategySettings, ...]
    max_quote_age: int = 5 * SECOND
    max_clock_offset: int = 5 * SECOND
    marks_interval: int = 250 * MILLISECOND
    strict: bool = False
    has_universe: bool = True
    isolates: bool = True
    faults: FaultSettings = FaultSettings()


def strategy_key(strategy: str, symbol: str) -> str:
    """The name of a strategy on a symbol within its actor."""
    return f"{strategy}/{symbol}"


def check_settings(settings: StrategyActorSettings) -> None:
    """Raise `ConfigurationError` for settings that no strategy actor can work with."""
    seen: set[str] = set()
    for strategy in settings.strategies:
        if strategy.key in seen:
            raise ConfigurationError(
                "this strategy is on this symbol twice",
                field=f"strategies.{strategy.id}",
                value=strategy.instrument.symbol,
                remedy="give the second one another id",
            )
        seen.add(strategy.key)
        _check_strategy(strategy)
        _check_schedule(strategy)
    _check_groups(settings)
    if settings.marks_interval <= 0:
        raise ConfigurationError(
            "must be above zero", field="marks_interval", value=settings.marks_interval, remedy="use 250 ms"
        )


def _check_strategy(strategy: StrategySettings) -> None:
    where = f"strategies.{strategy.id}"
    for name, value in _must_be_positive(strategy).items():
        if value is not None and value <= 0:
            raise ConfigurationError(
                "must be above zero", field=f"{where}.{name}", value=value, remedy="set a positive value"
            )
    for name, span in _must_not_be_negative(strategy).items():
        if span < 0:
            raise ConfigurationError(
                "must not be negative", field=f"{where}.{name}", value=span, remedy="use 0 for none"
            )
    for name, share in _must_be_shares(strategy).items():
        if share is not None and not 0 <= share < 1:
            raise ConfigurationError(
                "must be a fraction from 0 to below 1",
                field=f"{where}.{name}",
                value=share,
                remedy="write 2% as 0.02",
            )


def _check_schedule(strategy: StrategySettings) -> None:
    schedule = strategy.schedule
    if (schedule.decide_on is DecideOn.INTERVAL) != (schedule.interval is not None):
        raise ConfigurationError(
            "an interval belongs to a strategy that decides every interval, and that needs one",
            field=f"strategies.{strategy.id}.schedule.interval",
            value=schedule.interval,
            remedy="set both, or neither",
        )


def _check_groups(settings: StrategyActorSettings) -> None:
    """What one instance does for all its symbols can't be told to it in two ways."""
    first: dict[str, StrategySettings] = {}
    for each in settings.strategies:
        known = first.setdefault(each.id, each)
        alike = (known.kind, known.group, known.parameters) == (each.kind, each.group, each.parameters)
        if (known.group or each.group) and not alike:
            raise ConfigurationError(
                "the symbols of a group have different kinds or parameters",
                field=f"strategies.{each.id}",
                value=each.instrument.symbol,
                remedy="give all symbols of the group the same",
            )


def _must_be_positive(strategy: StrategySettings) -> dict[str, Decimal | int | None]:
    order, exits, instrument = strategy.order, strategy.exits, strategy.instrument
    return {
        "instrument.tick": instrument.tick,
        "instrument.lot": instrument.lot,
        "instrument.multiplier": instrument.multiplier,
        "instrument.rate": instrument.rate,
        "instrument.max_quantity": instrument.max_quantity,
        "order.notional": order.notional,
        "order.deadline": order.deadline,
        "order.time_to_live": order.time_to_live,
        "exits.stop": exits.stop,
        "exits.target": exits.target,
        "exits.trailing": exits.trailing,
        "exits.trailing_step": exits.trailing_step,
        "exits.max_holding": exits.max_holding,
        "exits.retry_min": exits.retry_min,
        "exits.retry_max": exits.retry_max,
        "budget": strategy.budget,
        "budget_parts": strategy.budget_parts,
        "weight": strategy.weight,
        "schedule.interval": strategy.schedule.interval,
    }


def _must_not_be_negative(strategy: StrategySettings) -> dict[str, int]:
    cooldown = strategy.cooldown
    return {
        "cooldown.after_entry": cooldown.after_entry,
        "cooldown.after_close": cooldown.after_close,
        "cooldown.after_rejection": cooldown.after_rejection,
    }


def _must_be_shares(strategy: StrategySettings) -> dict[str, Decimal | None]:
    return {
        "order.collar": strategy.order.collar,
        "order.exit_collar": strategy.order.exit_collar,
        "order.max_bump": strategy.order.max_bump,
        "exits.trailing": strategy.exits.trailing,
    }
