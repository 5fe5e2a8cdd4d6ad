"""What can be set about execution; plain frozen structs. Durations are ns, ratios fractions.

What a venue declares about itself are its port's traits: they are why execution never asks which venue it trades on.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import msgspec

from actors.execution.routing.settings import RoutingSettings
from actors.precheck.funds import Collateral
from actors.venues.port import VenueTraits
from messages.venue_account import SymbolMargin

SECOND = 1_000_000_000
"""One second in ns."""

LOWERCASE_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
"""Letters and digits that are told apart by every venue and by people; used where a venue takes them."""


LONGEST_ID = 36
"""More characters in a client order id would carry nothing; venues, logs and people like them short."""


class ReconcilePolicy(StrEnum):
    """What is done about a position that differs from the venue's after it was looked at again."""

    STRICT = "strict"
    """the desk is reduced until a person has looked"""
    WARN = "warn"
    """it is told, and the desk is reduced until a comparison is clean"""
    AUTO = "auto"
    """the books are corrected by an entry of their own"""


class ExternalPolicy(StrEnum):
    """What is done about orders on the account that are not the desk's. Their fills are booked in any case."""

    IGNORE = "ignore"
    """they are journalled"""
    WARN = "warn"
    """risk is told, and reduces until a person has looked"""
    CANCEL = "cancel"
    """as WARN, and they are cancelled"""


class Conversion(msgspec.Struct, frozen=True):
    """A symbol whose fills exchange cash of `base` for cash of `quote` and make no position."""

    base: str
    quote: str


class ExecutionSettings(msgspec.Struct, frozen=True):
    """The settings of one execution actor.

    - `client_id_prefix` marks orders of desks like this one, and `desk` (its name) those of this one, on a shared
      account; `tick_sizes` (quote currency) and `lot_sizes` (base units) by symbol hold where the venue tells none;
      `symbols` are those traded here.
    - `assumed_expiry_ns`: how long a request may be under way to a venue that does not say when it refuses late ones.
    - `clock_bound_ns`: by how much the venue's clock may differ from ours.
    - `bound_market_orders`: send a market order as limit IOC at its worst price, so that no fill is worse than
      approved; orders that flatten are exempt, as they must get out, and so is what can't increase exposure where the
      venue has no IOC.
    - `max_sends`: how often one order may be placed under its id; `place_backoff_ns` doubles from send to send.
    - `probe_delays_ns`: waits after the first answers that don't settle an unknown order, then
      `probe_base_ns` x 2^n up to `probe_max_ns`; at `escalate_at_probe` a person is called.
    - `cancel_check_ns`: how long a cancel may stay without effect before the venue is asked; cancels are sent
      again after `cancel_backoff_ns` x 2^n up to `cancel_backoff_max_ns`.
    - `account_tries`: how often a difference of positions is looked at again before it is reported, as fills may
      be under way; `account_backoff_ns` x 2^n up to `account_backoff_max_ns` lies between.
    - `freeze_venue`: an order of unknown fate forbids new exposure on all symbols instead of its own.
    - `fills_overlap_ns`: how far before the last known fill a list of fills is asked for, as lists may lag.
    - `reconcile_interval_ns`: how often the account is compared with the venue, None = only when there is cause;
      `reconcile_policy`, `external_policy`: see there.
    - `dead_man_ns`: the countdown of the venue's dead-man switch, None = not used.
    - `max_order_age_ns`: how long any order that protects nothing may work, None = as long as its terms say.
    - `instruments_interval_ns`: how often the venue's rules are asked for, None = never; rules older than
      `instruments_stale_after` intervals count as unknown.
    - `margins`, `hedge_mode`: what the account is brought to before anything is placed, where the venue has margin.
    - `ward_grace_ns`: how long entries of a given-up strategy are refused; `exit_collar` bounds its exits as a
      fraction of the average price; `exit_deadline_ns`, `exit_attempts`, `exit_backoff_ns`(`_max_ns`) their tries.
    - `protective_stop`: distance (fraction of the average price) of a stop kept at the venue for each holding, None =
      none is kept; it is changed at most once in `protect_interval_ns`.
    - `collateral`: by symbol, what an exposure takes of the account; of symbols that are missing that is not known.
    - `conversions`: by symbol, what exchanges one currency for another.
    - `routing`: how intents that are more than one order are worked; `taker_fee` (fraction) counts where the venue
      tells none.
    - `has_universe`: symbols come and go, and whoever decides that is told when a given-up strategy holds nothing, and
      when an order is filled that its strategy does not wait for.
    - `keep_closed`, `keep_tombstones`, `keep_waiting`, `keep_missing`, `keep_payments`, `keep_fills`: bounds of what
      the state remembers.
    """

    venue: str
    traits: VenueTraits = VenueTraits()
    client_id_prefix: str = "rd"
    desk: str = ""
    symbols: tuple[str, ...] = ()
    has_universe: bool = False
    dry_run: bool = False
    read_only: bool = False
    tick_sizes: dict[str, Decimal] = {}
    lot_sizes: dict[str, Decimal] = {}
    assumed_expiry_ns: int = 5 * SECOND
    clock_bound_ns: int = SECOND
    bound_market_orders: bool = True
    max_sends: int = 3
    place_backoff_ns: int = SECOND // 4
    probe_delays_ns: tuple[int, ...] = (SECOND, 5 * SECOND)
    probe_base_ns: int = 30 * SECOND
    probe_max_ns: int = 900 * SECOND
    escalate_at_probe: int = 8
    cancel_check_ns: int = 5 * SECOND
    cancel_backoff_ns: int = SECOND
    cancel_backoff_max_ns: int = 30 * SECOND
    account_tries: int = 3
    account_backoff_ns: int = SECOND
    account_backoff_max_ns: int = 60 * SECOND
    freeze_venue: bool = False
    fills_overlap_ns: int = 60 * SECOND
    reconcile_interval_ns: int | None = None
    reconcile_policy: ReconcilePolicy = ReconcilePolicy.WARN
    external_policy: ExternalPolicy = ExternalPolicy.WARN
    dead_man_ns: int | None = None
    max_order_age_ns: int | None = None
    instruments_interval_ns: int | None = None
    instruments_stale_after: int = 3
    margins: tuple[SymbolMargin, ...] = ()
    hedge_mode: bool | None = None
    ward_grace_ns: int = 60 * SECOND
    exit_collar: Decimal = Decimal("0.5")
    exit_deadline_ns: int = 5 * SECOND
    exit_attempts: int = 10
    exit_backoff_ns: int = SECOND
    exit_backoff_max_ns: int = 60 * SECOND
    protective_stop: Decimal | None = None
    protect_interval_ns: int = SECOND
    collateral: dict[str, Collateral] = {}
    conversions: dict[str, Conversion] = {}
    routing: RoutingSettings = RoutingSettings()
    taker_fee: Decimal = Decimal(0)
    keep_closed: int = 10_000
    keep_tombstones: int = 10_000
    keep_waiting: int = 1_000
    keep_missing: int = 1_000
    keep_payments: int = 1_000
    keep_fills: int = 10_000

    @property
    def writes(self) -> bool:
        """Whether anything may be changed at the venue."""
        return not (self.dry_run or self.read_only)

    @property
    def request_expiry_ns(self) -> int:
        """After this long a request that was written is not carried out any more."""
        declared = self.traits.request_expiry_ns
        return self.assumed_expiry_ns if declared is None else declared

    @property
    def client_id_max_length(self) -> int:
        """The most characters of a client order id here."""
        return min(LONGEST_ID, self.traits.client_id_max_length)

    @property
    def configuration(self) -> str:
        """What the account is to be brought to, as a text that changes with it; "" for nothing."""
        if not self.writes or not self.traits.margin or not (self.margins or self.hedge_mode is not None):
            return ""
        margins = [f"{each.symbol}:{each.leverage}:{each.margin}" for each in self.margins]
        return " ".join([f"hedge:{self.hedge_mode}", *sorted(margins)])

    @property
    def client_id_alphabet(self) -> str:
        """What client order ids are written in here."""
        return _alphabet_of(self.traits.client_id_alphabet)


@lru_cache(maxsize=64)
def _alphabet_of(offered: str) -> str:
    return LOWERCASE_BASE32 if set(LOWERCASE_BASE32) <= set(offered) else offered


def probe_delay(settings: ExecutionSettings, answers: int) -> int:
    """The wait in ns after the `answers`-th answer (from 1) that did not settle an order's fate."""
    early = settings.probe_delays_ns
    if answers <= len(early):
        return early[max(answers, 1) - 1]
    return doubling(settings.probe_base_ns, answers - len(early) - 1, settings.probe_max_ns)


def doubling(base: int, times: int, ceiling: int) -> int:
    """`base` doubled `times` times, at most `ceiling`."""
    return min(ceiling, base << min(max(times, 0), 40))
