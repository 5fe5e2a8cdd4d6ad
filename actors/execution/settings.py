"""What can be set about execution, and what a venue declares about itself; plain frozen structs.

Traits are why execution never asks which venue it trades on. Durations are ns, ratios fractions.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

SECOND = 1_000_000_000
"""One second in ns."""

LOWERCASE_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
"""Letters and digits that every known venue takes in a client order id."""


class VenueTraits(msgspec.Struct, frozen=True):
    """What a venue's protocol guarantees, as far as execution relies on it.

    - `never_accepts_id_twice`: a client order id is refused for ever once it was accepted, so that placing again
      under the same id can't double an order.
    - `request_expiry_ns`: the venue refuses a request that reaches it later than this after it was written.
    """

    never_accepts_id_twice: bool = False
    client_id_max_length: int = 36
    client_id_alphabet: str = LOWERCASE_BASE32
    stops: bool = False
    post_only: bool = True
    request_expiry_ns: int = 5 * SECOND


class ExecutionSettings(msgspec.Struct, frozen=True):
    """The settings of one execution actor.

    - `client_id_prefix` marks the desk's orders on a shared account; `tick_sizes` by symbol, in quote currency.
    - `clock_bound_ns`: by how much the venue's clock may differ from ours.
    - `bound_market_orders`: send a market order as limit IOC at its worst price, so that no fill is worse than
      approved; orders that flatten are exempt, as they must get out.
    - `max_sends`: how often one order may be placed under its id; `place_backoff_ns` doubles from send to send.
    - `probe_delays_ns`: waits after the first answers that don't settle an unknown order, then
      `probe_base_ns` x 2^n up to `probe_max_ns`; at `escalate_at_probe` a person is called.
    - `cancel_check_ns`: how long a cancel may stay without effect before the venue is asked; cancels are sent
      again after `cancel_backoff_ns` x 2^n up to `cancel_backoff_max_ns`.
    - `account_tries`: how often a difference of positions is looked at again before it is reported, as fills may
      be under way; `account_backoff_ns` x 2^n up to `account_backoff_max_ns` lies between.
    - `ward_grace_ns`: how long entries of a given-up strategy are refused; `exit_collar` bounds its exits as a
      fraction of the average price; `exit_deadline_ns`, `exit_attempts`, `exit_backoff_ns`(`_max_ns`) their tries.
    - `keep_closed`, `keep_tombstones`, `keep_waiting`, `keep_missing`, `keep_payments`: bounds of what the state
      remembers.
    """

    venue: str
    traits: VenueTraits = VenueTraits()
    client_id_prefix: str = "rd"
    dry_run: bool = False
    read_only: bool = False
    tick_sizes: dict[str, Decimal] = {}
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
    ward_grace_ns: int = 60 * SECOND
    exit_collar: Decimal = Decimal("0.5")
    exit_deadline_ns: int = 5 * SECOND
    exit_attempts: int = 10
    exit_backoff_ns: int = SECOND
    exit_backoff_max_ns: int = 60 * SECOND
    keep_closed: int = 10_000
    keep_tombstones: int = 10_000
    keep_waiting: int = 1_000
    keep_missing: int = 1_000
    keep_payments: int = 1_000


def probe_delay(settings: ExecutionSettings, answers: int) -> int:
    """The wait in ns after the `answers`-th answer (from 1) that did not settle an order's fate."""
    early = settings.probe_delays_ns
    if answers <= len(early):
        return early[max(answers, 1) - 1]
    return doubling(settings.probe_base_ns, answers - len(early) - 1, settings.probe_max_ns)


def doubling(base: int, times: int, ceiling: int) -> int:
    """`base` doubled `times` times, at most `ceiling`."""
    return min(ceiling, base << min(max(times, 0), 40))
