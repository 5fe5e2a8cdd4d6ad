"""Checks on whether a symbol, a side or anything at all may be traded now."""

from __future__ import annotations

from actors.risk.checks.row import Check, closes_its_own, only_reducing, passed, rejects_outright
from actors.risk.modes import at_venue
from actors.risk.view import View
from messages.control import Mode
from messages.intents import CheckResult, OrderType
from messages.reasons import Reason

_NORMAL, _OBSERVE = Mode.NORMAL, Mode.OBSERVE
_WELL_FORMED, _KILL_SWITCH, _MODE = passed("well_formed"), passed("kill_switch"), passed("mode")
_UNIVERSE, _PRODUCT = passed("universe"), passed("product_status")
_WHITELIST, _SIDE, _SELF_TRADE = passed("whitelist"), passed("side_block"), passed("self_trade")


def _well_formed(view: View) -> CheckResult:
    """A view is only built of an intent whose fields make sense."""
    return _WELL_FORMED


def _kill_switch(view: View) -> CheckResult:
    if view.is_halted:
        return only_reducing("kill_switch", Reason.KILL_SWITCH, view)
    return _KILL_SWITCH


def _mode(view: View) -> CheckResult:
    mode = view.state.mode
    if mode is _OBSERVE:
        return rejects_outright("mode", Reason.MODE_OBSERVE)
    if mode is not _NORMAL or view.is_flattening:
        return only_reducing("mode", Reason.MODE_REDUCE, view)
    # where the desk has other venues its mode stays as it is: one venue's trouble holds its own orders
    if view.state.sources and at_venue(view.state.sources, view.terms.venue) is not _NORMAL:
        return only_reducing("mode", Reason.VENUE_HEALTH, view)
    return _MODE


def _universe(view: View) -> CheckResult:
    if view.terms.symbol in view.state.outside and not closes_its_own(view):
        return only_reducing("universe", Reason.NOT_IN_UNIVERSE, view)
    return _UNIVERSE


def _whitelist(view: View) -> CheckResult:
    if view.is_listed:
        return _WHITELIST
    return only_reducing("whitelist", Reason.WHITELIST, view)


def _product_status(view: View) -> CheckResult:
    if view.listing in view.state.closed_products:
        return only_reducing("product_status", Reason.PRODUCT_STATUS, view)
    return _PRODUCT


def _side_block(view: View) -> CheckResult:
    if view.limits.block_side in ("both", view.terms.side.value):
        return only_reducing("side_block", Reason.SIDE_BLOCKED, view)
    return _SIDE


def _self_trade(view: View) -> CheckResult:
    """No own order rests on the other side at a price that this one would take.

    An order that works its way (a route) may rest anywhere up to its worst price. What only adds to the book can't
    take: the venue refuses it instead.
    """
    terms = view.terms
    if terms.post_only and terms.order_type is OrderType.LIMIT:
        return _SELF_TRADE
    reach, is_buy = terms.limit_price or terms.worst_price, view.is_buy
    holding = view.state.holdings.get(view.listing)
    if holding is None or not (holding.sells if is_buy else holding.buys):
        return _SELF_TRADE  # the rule, and cheaper than to look at all orders
    for reservation in view.state.reservations.values():
        resting = reservation.resting_price
        if resting is None or reservation.listing != view.listing or reservation.side is terms.side:
            continue
        if reservation.remaining > 0 and (reach >= resting if is_buy else reach <= resting):
            return only_reducing("self_trade", Reason.SELF_TRADE, view)
    return _SELF_TRADE


BEFORE: tuple[Check, ...] = (
    Check(
        "well_formed",
        _well_formed,
        "",
        (Reason.INTENT_MALFORMED,),
        "all fields make sense",
        no_resize="what makes no sense has no size",
    ),
    Check("kill_switch", _kill_switch, "kill_switch", (Reason.KILL_SWITCH,), "the desk is not halted"),
    Check(
        "mode",
        _mode,
        "",
        (Reason.MODE_REDUCE, Reason.MODE_OBSERVE, Reason.VENUE_HEALTH),
        "the mode allows it, and the way to its venue is sound",
    ),
    Check(
        "universe", _universe, "", (Reason.NOT_IN_UNIVERSE,), "the symbol is in the universe, if there is one"
    ),
    Check(
        "whitelist",
        _whitelist,
        "whitelist",
        (Reason.WHITELIST,),
        "the symbol is on the list",
        ("whitelist",),
    ),
    Check("product_status", _product_status, "", (Reason.PRODUCT_STATUS,), "its venue trades the symbol now"),
    Check(
        "side_block",
        _side_block,
        "block_side",
        (Reason.SIDE_BLOCKED,),
        "the side is not blocked",
        ("block_side",),
    ),
)
SELF_TRADE = Check(
    "self_trade",
    _self_trade,
    "prevent_self_trade",
    (Reason.SELF_TRADE,),
    "no own order rests on the other side where this one would take it",
    ("prevent_self_trade",),
)
