"""What names say that carry no text of their own in the code: reason codes and failpoints, one line each.

Grouped by who gives a reason first; a new name without a line here fails the test of the page.
"""

from __future__ import annotations

from collections.abc import Mapping

from messages.reasons import Layer
from messages.reasons import Reason as R

REASONS: Mapping[Layer, Mapping[R, str]] = {
    Layer.RISK: {
        R.ACCEPTED: "nothing speaks against it; also the reason of what passed",
        R.KILL_SWITCH: "the desk is HALTED and the order may increase exposure",
        R.MODE_REDUCE: "the mode is REDUCE, or the symbol is being flattened, and the order may increase exposure",
        R.MODE_OBSERVE: "the mode is OBSERVE: nothing leaves",
        R.MODE_OUTDATED: "approved under an older mode than the one in force now",
        R.EXPIRED: "the deadline has passed, or the quote decided on is older than `risk.max_intent_age`",
        R.NAV_STALE: "NAV is not known: the account is not open yet, or something held has no mark",
        R.MARK_STALE: "the symbol's mark is older than `risk.max_mark_age`",
        R.MARK_MISSING: "the symbol has no mark yet",
        R.SYMBOL_UNKNOWN: "no venue of the desk lists the symbol",
        R.INTENT_MALFORMED: "a field makes no sense: not a number, no whole lots, a limit beyond the worst price",
        R.MIN_NOTIONAL: "the order's value is below the desk's or the venue's minimum",
        R.MAX_ORDER_NOTIONAL: "the order's value is above `risk.max_order_notional`",
        R.SYMBOL_EXPOSURE: "the symbol would exceed `risk.max_symbol_exposure` under the worst fate of all orders",
        R.GROSS_EXPOSURE: "the desk would exceed `risk.max_gross_exposure` under the worst fate of all orders",
        R.CASH_RESERVE: "cash after all open buys would be below `risk.min_cash_reserve`",
        R.MAX_POSITIONS: "more listings would be held or worked than `risk.max_open_positions`",
        R.MAX_OPEN_ORDERS: "more orders would be open than `risk.max_open_orders`",
        R.DAILY_LOSS: "the day has lost `risk.daily_loss_limit`",
        R.DRAWDOWN: "NAV has fallen `risk.drawdown_reduce` from its peak",
        R.PRICE_COLLAR: "the worst price is further from the mark than `risk.price_collar`",
        R.BELOW_MINIMUM_AFTER_RESIZE: "what a limit leaves of the order is smaller than the minimum",
        R.NO_ROOM: "no room is left; not given yet",
    },
    Layer.STRATEGY: {
        R.COOLDOWN: "the strategy's cooldown has not passed",
        R.STALE_QUOTE: "the quote is older than `feed.max_quote_age`, or there is none",
        R.STOP: "the position reached its stop",
        R.TARGET: "the position reached its target",
        R.TRAILING: "the position fell back to its trailing stop",
        R.TIME_EXIT: "the position was held for `max_holding`",
        R.SIGNAL: "the strategy's own decision",
        R.INTENT_OPEN: "an intent of this strategy is open already",
        R.GIVEN_UP: "the strategy was given up by its supervisor",
        R.EXCEPTION: "the decision raised; written `exception:<Type>`",
        R.DISABLED: "the strategy is switched off",
    },
    Layer.EXECUTION: {
        R.TOMBSTONE: "its cancel arrived before it did",
        R.TIME_TO_LIVE: "it worked for as long as it was allowed to",
        R.CANCEL_REQUESTED: "cancelled because its requester asked for it",
        R.NOT_SENT: "nothing reached the venue, or the order is proven absent there",
        R.UNKNOWN_OUTCOME: "nobody knows yet what became of it; the venue is being asked",
        R.SYMBOL_FROZEN: "an order of unknown fate on this symbol forbids new exposure",
        R.READ_ONLY: "the venue account is `read_only`",
        R.DRY_RUN: "`environment: dry_run`: recorded as SIMULATED instead of being sent",
        R.LEASE_LOST: "the process could not show in time that it is still the only one",
        R.STORE_AWAY: "Redis did not answer for `redis.on_store_loss`",
        R.HALTED: "the kill switch was pulled",
        R.DUPLICATE_INTENT: "this intent is known already",
        R.EXTERNAL: "activity at the venue that is not the desk's; not given yet",
        R.LATE_ACCEPTANCE: "an order thought never to have lived turned out to be at the venue",
        R.OVERFILLED: "more was filled than approved; not given yet, see the mode source `overfill`",
        R.NOT_OFFERED: "the venue does not offer this kind of order",
        R.REPRICED: "its price was changed to follow the market",
        R.MAKER_FALLBACK: "it did not fill as a maker and is taken at the market instead",
        R.COST_BUDGET: "taking at the market would cost more than the router may spend",
        R.SLICE_OVER: "the time of its slice was over; what it left goes into the next one",
        R.FLIP_UNFILLED: "what was to close the position was not filled, so nothing was opened",
        R.DEAD_MAN: "the venue cancelled it, as the desk was not heard from in time",
        R.ORPHAN: "an order of this desk that nobody here remembers, found open at the venue",
        R.FOREIGN_DESK: "an order of another desk on the same account",
        R.RECONCILED: "the books were corrected to what the venue shows",
    },
    Layer.VENUE: {
        R.POST_ONLY_WOULD_TAKE: "a post-only order would have taken liquidity",
        R.FILL_OR_KILL: "a fill-or-kill order could not be filled at once",
        R.INSUFFICIENT_BALANCE: "the account can't pay for it",
        R.DUPLICATE_CLIENT_ORDER_ID: "the client order id was used before",
        R.TICK_SIZE: "a price is not a multiple of the tick",
        R.LOT_SIZE: "the quantity is not a multiple of the lot",
        R.MIN_QUANTITY: "the quantity is below the venue's minimum",
        R.REDUCE_ONLY_WOULD_INCREASE: "a reduce-only order would have increased the position",
        R.UNKNOWN_ORDER: "the venue has no such order",
        R.SELF_TRADE: "it would have traded with an order of the same account",
        R.NO_LIQUIDITY: "nothing to trade with",
        R.IMMEDIATE_OR_CANCEL: "the rest of an immediate-or-cancel order",
        R.VENUE_REJECTED: "the venue refused it for a reason of its own",
        R.RATE_LIMIT: "the venue was asked too often; tried again later",
        R.STOP_WOULD_TRIGGER: "a stop would have triggered at once",
        R.PRICE_BAND: "a price is outside the band that the venue allows around its mark",
        R.MAX_QUANTITY: "the quantity is above the venue's maximum",
        R.INSTRUMENT_CLOSED: "the venue takes no orders for the symbol that may increase exposure",
        R.INSTRUMENT_STALE: "the venue's rules for the symbol are not known, or too old to rely on",
        R.VENUE_MAX_ORDERS: "the account has as many open orders as the venue allows",
        R.POSITION_MODE: "the order does not fit how the account keeps its positions, one-way or hedged",
        R.LEVERAGE: "the venue refused the leverage or margin mode that is configured, or what it allows is used up",
        R.AUTH: "the venue does not take the desk's credentials",
        R.CLOCK_SKEW: "the request's time was outside what the venue accepts",
        R.CIRCUIT_OPEN: "too much failed on the way to the venue; nothing is tried for a while",
        R.VENUE_FAULT: "the venue could make no sense of the request: a defect, or a protocol that has changed",
    },
    Layer.RUNTIME: {
        R.MAILBOX_FULL: "the receiver has too much unread; the reservation was released",
        R.DEAD_LETTER: "the message was put aside; not given yet, see the mode source `dead_letter`",
        R.STORE_LOST: "the store lost history; the account is compared with the venue first",
    },
    Layer.OPERATOR: {
        R.OPERATOR: "a person's command",
        R.DRAINING: "the session is ending",
    },
}
"""One line per code, under the layer that gives it first; several are given by more than one layer."""

FAILPOINTS: Mapping[str, str] = {
    "before_commit": "the step is decided, nothing is written",
    "after_commit": "the step is written, its effects are not performed",
    "before_effect": "the effect is promised, the lease has not been asked",
    "during_effect": "the request to place an order is under way",
    "after_effect": "the answer is there and nobody was told",
    "in_recovery": "the stored history is read, nothing of it is applied",
    "in_snapshot": "a snapshot is about to be written",
    "in_claim": "the next epoch is claimed, the process does not know it yet",
}
"""What is true at each failpoint, by name."""
