"""Checks on whether enough is known, and known freshly, to decide: deadline, NAV, mark, spread, depth."""

from __future__ import annotations

from decimal import Decimal

from actors.risk.checks.row import (
    AGE,
    QUANTITY,
    RATIO,
    Check,
    aged,
    bounded,
    held_to,
    only_reducing,
    passed,
)
from actors.risk.limits import ZERO
from actors.risk.marks import oldest_mark
from actors.risk.view import View, is_open
from messages.intents import CheckResult
from messages.reasons import Reason

_EXPIRY, _NAV_KNOWN, _MARK_FRESH = passed("expiry"), passed("nav_known"), passed("mark_fresh")
_NAV_FRESH = passed("nav_fresh")
_MARK_MOVED, _SPREAD, _DEPTH = passed("mark_moved"), passed("spread"), passed("depth")
_TWO = Decimal(2)
_MARK_MOVED_TOO_FAR, _WIDE_SPREAD, _LOW_DEPTH = Reason.MARK_MOVED, Reason.WIDE_SPREAD, Reason.LOW_DEPTH


def _expiry(view: View) -> CheckResult:
    late = view.now - view.terms.deadline
    if late > 0:
        return CheckResult("expiry", 0, late, AGE, Reason.EXPIRED, ZERO)
    quote = view.intent.quote
    if quote is not None:
        # of a clock that is ahead nobody knows how old a quote is, nor when its deadline will have passed
        age, most = abs(view.now - quote.time), view.limits.max_intent_age
        if age > most:
            return aged("expiry", Reason.EXPIRED, view, most, age)
    return _EXPIRY


def _nav_known(view: View) -> CheckResult:
    if view.nav is None or not is_open(view.state, view.terms.venue):
        return only_reducing("nav_known", Reason.NAV_STALE, view)
    return _NAV_KNOWN


def _nav_fresh(view: View) -> CheckResult:
    """NAV is as old as the oldest mark of anything held, whatever symbol the intent is about."""
    most = view.limits.max_nav_age
    assert most is not None
    if view.is_marked_since(view.now - most):
        return _NAV_FRESH
    return aged("nav_fresh", Reason.NAV_STALE, view, most, view.now - (oldest_mark(view.state) or 0))


def _mark_fresh(view: View) -> CheckResult:
    if view.mark is None:
        return only_reducing("mark_fresh", Reason.MARK_MISSING, view)
    age, most = view.now - view.mark.time, view.limits.max_mark_age
    if age > most:
        return aged("mark_fresh", Reason.MARK_STALE, view, most, age)
    return _MARK_FRESH


def _mark_moved(view: View) -> CheckResult:
    """Between the quote that was decided on and the mark of now; without either it is unknown."""
    mark, quote, most = view.mark, view.intent.quote, view.limits.max_mark_move
    assert most is not None
    if mark is None or quote is None:
        return _unknown("mark_moved", view)
    seen, middle = Decimal(str(quote.mid)), (mark.bid + mark.ask) / _TWO
    if seen <= 0:
        return only_reducing("mark_moved", Reason.BOOK_UNKNOWN, view)
    moved = abs(middle - seen) / seen
    return held_to("mark_moved", _MARK_MOVED_TOO_FAR, view, most, moved, RATIO, holds=moved <= most)


def _spread(view: View) -> CheckResult:
    mark, most = view.mark, view.limits.max_spread
    assert most is not None
    if mark is None:
        return _unknown("spread", view)
    spread = (mark.ask - mark.bid) * _TWO / (mark.ask + mark.bid)
    return held_to("spread", _WIDE_SPREAD, view, most, spread, RATIO, holds=spread <= most)


def _depth(view: View) -> CheckResult:
    """The order beside what stood at the best price of the side it takes from, in the quote it was decided on."""
    quote, part = view.intent.quote, view.limits.max_depth_share
    assert part is not None
    size = None if quote is None else quote.ask_size if view.is_buy else quote.bid_size
    if size is None:
        return _unknown("depth", view)
    limit = part * Decimal(str(size))
    return bounded("depth", _LOW_DEPTH, view, limit, view.quantity, view.passing(limit), QUANTITY)


def _unknown(check: str, view: View) -> CheckResult:
    """What a check needs to know and nobody has said: strict desks refuse, others let it pass unjudged."""
    if view.limits.strict:
        return only_reducing(check, Reason.BOOK_UNKNOWN, view)
    return _UNJUDGED[check]


_UNJUDGED = {"mark_moved": _MARK_MOVED, "spread": _SPREAD, "depth": _DEPTH}

CHECKS: tuple[Check, ...] = (
    Check("expiry", _expiry, "max_intent_age", (Reason.EXPIRED,), "neither deadline nor quote has passed"),
    Check(
        "nav_known", _nav_known, "", (Reason.NAV_STALE,), "the account is open and everything held is marked"
    ),
    Check(
        "nav_fresh",
        _nav_fresh,
        "max_nav_age",
        (Reason.NAV_STALE,),
        "no mark of anything held is too old",
        ("max_nav_age",),
    ),
    Check(
        "mark_fresh",
        _mark_fresh,
        "max_mark_age",
        (Reason.MARK_MISSING, Reason.MARK_STALE),
        "the symbol has a mark that is young enough",
    ),
    Check(
        "mark_moved",
        _mark_moved,
        "max_mark_move",
        (Reason.MARK_MOVED, Reason.BOOK_UNKNOWN),
        "the mark has not moved too far from the quote that was decided on",
        ("max_mark_move",),
    ),
    Check(
        "spread",
        _spread,
        "max_spread",
        (Reason.WIDE_SPREAD, Reason.BOOK_UNKNOWN),
        "the spread is not too wide",
        ("max_spread",),
    ),
    Check(
        "depth",
        _depth,
        "max_depth_share",
        (Reason.LOW_DEPTH, Reason.BOOK_UNKNOWN),
        "the order is not too large for what stands at the best price",
        ("max_depth_share",),
    ),
)
