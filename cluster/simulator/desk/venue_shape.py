"""What a seed's venues are like: able as the paper venue, as Binance USD-M, or something in between; and how orders go.

What execution is told of a venue and what the venue does are both made of one `VenueShape`.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec

from actors.execution.routing.settings import RoutingSettings
from actors.execution.settings import ExecutionSettings, ExternalPolicy, ReconcilePolicy
from actors.venues.paper_traits import PAPER_TRAITS
from actors.venues.port import VenueTraits
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.faults import MILLISECOND
from messages.venue_account import SymbolMargin

_OVERLAP = SECOND
"""Longer than clocks differ and than events are late."""


class VenueShape(msgspec.Struct, frozen=True):
    """One venue of a seed, and how its account is looked after.

    - `takes_ids_again`: it accepts a client order id again once its order has ended, and says so.
    - `forgetful`: it tells its private stream once, and lists fills under its own order ids alone.
    - `amends`: it changes working orders in place. `margin`: the account is to be set up before anything is placed.
    - `request_expiry`: how late a request may arrive, ns; one that is overdue breaks this word.
    - `dead_man`: the countdown of its dead-man switch, ns; None where there is none, or nobody wants it.
    - `reconcile_interval`: how often the account is compared, ns.
    - `routing`: how orders with a route are worked there.
    """

    takes_ids_again: bool
    forgetful: bool
    amends: bool
    margin: bool
    request_expiry: int
    dead_man: int | None
    reconcile_interval: int | None
    reconcile_policy: ReconcilePolicy
    external_policy: ExternalPolicy
    routing: RoutingSettings

    @property
    def traits(self) -> VenueTraits:
        """What its port declares."""
        return msgspec.structs.replace(
            PAPER_TRAITS,
            never_accepts_id_twice=not self.takes_ids_again,
            request_expiry_ns=self.request_expiry,
            stream_resumes=not self.forgetful,
            amend=self.amends,
            margin=self.margin,
            dead_man_switch=self.dead_man is not None,
            instruments_change=self.forgetful,
        )


def drawn_venue(chance: Random) -> VenueShape:
    """Draw a venue: a third each as the paper venue, as Binance USD-M, and any mixture."""
    kind = chance.choice(("paper", "binance", "mixed"))

    def able(probability: float = 0.5) -> bool:
        drawn = chance.random() < probability
        return drawn if kind == "mixed" else kind == "binance"

    return VenueShape(
        takes_ids_again=able(),
        forgetful=able(),
        amends=able(),
        margin=able(),
        request_expiry=chance.choice((SECOND // 2, 2 * SECOND)),
        dead_man=chance.choice((900 * MILLISECOND, 3 * SECOND)) if able() else None,
        reconcile_interval=chance.choice((None, 600 * MILLISECOND, 2 * SECOND)),
        reconcile_policy=chance.choice(list(ReconcilePolicy)),
        external_policy=chance.choice(list(ExternalPolicy)),
        routing=_drawn_routing(chance),
    )


def _drawn_routing(chance: Random) -> RoutingSettings:
    """As on a real desk, in a history of seconds: short patience, small drifts, slices soon after one another."""
    return RoutingSettings(
        maker_patience_ns=chance.choice((60, 600, 4_000)) * MILLISECOND,
        fallback_margin_ns=chance.choice((50, 500)) * MILLISECOND,
        reprice_drift=Decimal(chance.choice(("0.00001", "0.00003", "0.0002"))),
        reprice_interval_ns=chance.randrange(10, 100) * MILLISECOND,
        max_reprices=chance.choice((1, 4, 20)),
        offset_ticks=chance.choice((0, 0, 3)),
        cost_budget=Decimal(chance.choice(("0.001", "0.01"))),
        quote_age_ns=chance.choice((300 * MILLISECOND, 5 * SECOND)),
        twap_slices=chance.choice((3, 3, 6)),
        twap_interval_ns=chance.randrange(10, 150) * MILLISECOND,
        quality_orders=5,
    )


def execution_at(base: ExecutionSettings, venue: VenueShape) -> ExecutionSettings:
    """Settings of the account's execution actor: as configured, with waits that fit into a history of seconds."""
    symbols = tuple(base.tick_sizes)
    return msgspec.structs.replace(
        base,
        probe_delays_ns=(200 * MILLISECOND, 600 * MILLISECOND),
        probe_base_ns=SECOND,
        probe_max_ns=4 * SECOND,
        escalate_at_probe=3,
        cancel_check_ns=SECOND // 2,
        account_backoff_ns=SECOND // 4,
        account_backoff_max_ns=2 * SECOND,
        ward_grace_ns=2 * SECOND,
        protect_interval_ns=SECOND // 5,
        fills_overlap_ns=_OVERLAP,
        reconcile_interval_ns=venue.reconcile_interval,
        reconcile_policy=venue.reconcile_policy,
        external_policy=venue.external_policy,
        dead_man_ns=venue.dead_man,
        instruments_interval_ns=SECOND if venue.forgetful else None,
        margins=tuple(SymbolMargin(symbol, 5) for symbol in symbols) if venue.margin else (),
        routing=venue.routing,
    )
