"""All scenarios, by subject, in the order of the table."""

from __future__ import annotations

from cluster.conformance.scenario import Scenario
from cluster.conformance.scenarios.account import ACCOUNT
from cluster.conformance.scenarios.cancels import CANCELS
from cluster.conformance.scenarios.clock import CLOCK
from cluster.conformance.scenarios.dead_man import DEAD_MAN
from cluster.conformance.scenarios.duplicates import DUPLICATES
from cluster.conformance.scenarios.fills import FILLS
from cluster.conformance.scenarios.granted_time import GRANTED_TIME
from cluster.conformance.scenarios.instruments import INSTRUMENTS
from cluster.conformance.scenarios.limits import LIMITS
from cluster.conformance.scenarios.margin import MARGIN
from cluster.conformance.scenarios.orders import ORDERS
from cluster.conformance.scenarios.partial_fills import PARTIAL_FILLS
from cluster.conformance.scenarios.precision import PRECISION
from cluster.conformance.scenarios.queries import QUERIES
from cluster.conformance.scenarios.reconciliation import RECONCILIATION
from cluster.conformance.scenarios.rejections import REJECTIONS
from cluster.conformance.scenarios.stops import STOPS
from cluster.conformance.scenarios.streams import STREAMS
from cluster.conformance.scenarios.streams_of_loose_events import LOOSE_EVENTS
from cluster.conformance.scenarios.uncertain_cancels import UNCERTAIN_CANCELS
from cluster.conformance.scenarios.uncertain_orders import UNCERTAIN_ORDERS

GROUPS = (
    ORDERS,
    STOPS,
    REJECTIONS,
    DUPLICATES,
    PARTIAL_FILLS,
    CANCELS,
    UNCERTAIN_ORDERS,
    UNCERTAIN_CANCELS,
    QUERIES,
    FILLS,
    STREAMS,
    LOOSE_EVENTS,
    LIMITS,
    PRECISION,
    CLOCK,
    ACCOUNT,
    INSTRUMENTS,
    DEAD_MAN,
    MARGIN,
    RECONCILIATION,
    GRANTED_TIME,
)

SCENARIOS: tuple[Scenario, ...] = tuple(scenario for group in GROUPS for scenario in group)
"""Everything that a venue port must pass."""
