"""The venues of this project as benches, by name."""

from __future__ import annotations

from cluster.conformance.bench import Venue
from cluster.conformance.benches.binance_usdm import BINANCE_USDM
from cluster.conformance.benches.paper import PAPER, REPLAY

VENUES: dict[str, Venue] = {venue.name: venue for venue in (PAPER, REPLAY, BINANCE_USDM)}
"""All venues that can be tested."""
