"""What execution has committed to place: the auditor's note of each order."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.base import Address
from messages.intents import OrderTerms


class Promise(msgspec.Struct):
    """An order that execution has committed to place: under which approval, how often, how often it was written.

    `approved` is the quantity of the approval, of which an order with a route may be a part.
    `overdue`: a request of it arrives later than its venue promises that one can, so that it may live though everybody
    was right to take it for absent.
    """

    execution: Address
    approval: int
    terms: OrderTerms
    strategy: str
    requester: Address
    beneficiary: Address
    increases: bool
    approved: Decimal
    promised: int = 1
    written: int = 0
    at_venue: bool = False
    overdue: bool = False
