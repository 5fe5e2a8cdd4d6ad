"""The limits that may be set for a part of the desk, or while it trades: their form, and which of two is stricter.

Apart from `limits`, which holds the values. Values travel as plain text: a fraction, an amount, a count, ns, a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from actors.risk.limits import LimitValue
from messages.errors import RiskLimitError

GROUP_CAP = "max_exposure"
"""The limit on all symbols of a scope together; one of a tier, theme or venue only."""
SCOPES = ("symbol", "tier", "theme", "strategy", "venue")
CAPPED = ("tier", "theme", "venue")


class Form(StrEnum):
    """How a limit's value is written."""

    MONEY = "money"
    RATIO = "ratio"
    NUMBER = "number"
    COUNT = "count"
    DURATION = "duration"
    FLAG = "flag"
    SIDE = "side"
    SYMBOLS = "symbols"
    REGIME = "regime"


class Stricter(StrEnum):
    """Which of two values of a limit is the stricter one."""

    LOWER = "lower"
    HIGHER = "higher"
    BOTH = "both"
    """what either forbids is forbidden"""
    NEAREST = "nearest"
    """not a limit by itself: the narrower scope says what holds there"""


class LimitRow(NamedTuple):
    """One limit. Not `scoped`: it holds for the whole desk or not at all. `above_zero`: 0 makes no sense.

    `share`: a part of a whole, of which more than all would be no limit any more.
    """

    form: Form
    stricter: Stricter
    scoped: bool = True
    most: int | None = None
    above_zero: bool = False
    share: bool = False


_M, _R, _N, _C, _D = Form.MONEY, Form.RATIO, Form.NUMBER, Form.COUNT, Form.DURATION
_LOW, _HIGH, _BOTH = Stricter.LOWER, Stricter.HIGHER, Stricter.BOTH

LIMITS: Mapping[str, LimitRow] = {
    "min_notional": LimitRow(_M, _HIGH),
    "max_order_notional": LimitRow(_M, _LOW),
    "max_symbol_exposure": LimitRow(_R, _LOW, share=True),
    "max_gross_exposure": LimitRow(_R, _LOW),
    "min_cash_reserve": LimitRow(_R, _HIGH, share=True),
    "max_open_positions": LimitRow(_C, _LOW),
    "max_open_orders": LimitRow(_C, _LOW),
    "daily_loss_limit": LimitRow(_R, _LOW, scoped=False, above_zero=True, share=True),
    "weekly_loss_limit": LimitRow(_R, _LOW, scoped=False, above_zero=True, share=True),
    "drawdown_reduce": LimitRow(_R, _LOW, scoped=False, above_zero=True, share=True),
    "drawdown_halt": LimitRow(_R, _LOW, scoped=False, above_zero=True, share=True),
    "max_mark_age": LimitRow(_D, _LOW, above_zero=True),
    "max_intent_age": LimitRow(_D, _LOW, above_zero=True),
    "max_nav_age": LimitRow(_D, _LOW, above_zero=True),
    "price_collar": LimitRow(_R, _LOW, above_zero=True),
    "max_portfolio_var": LimitRow(_R, _LOW),
    "max_position_cvar": LimitRow(_R, _LOW),
    "max_correlated_exposure": LimitRow(_R, _LOW),
    "whitelist": LimitRow(Form.SYMBOLS, _BOTH),
    "block_side": LimitRow(Form.SIDE, _BOTH),
    "prevent_self_trade": LimitRow(Form.FLAG, _HIGH),
    "max_quantity": LimitRow(_N, _LOW),
    "max_position_quantity": LimitRow(_N, _LOW),
    "max_trade_nav": LimitRow(_R, _LOW),
    "fat_finger_multiple": LimitRow(_N, _LOW, above_zero=True),
    "max_mark_move": LimitRow(_R, _LOW),
    "max_spread": LimitRow(_R, _LOW),
    "max_depth_share": LimitRow(_R, _LOW),
    "strict": LimitRow(Form.FLAG, _HIGH),
    "min_profit": LimitRow(_R, _HIGH),
    "max_leverage": LimitRow(_N, _LOW),
    "max_margin_use": LimitRow(_R, _LOW, above_zero=True, share=True),
    "min_liquidation_distance": LimitRow(_R, _HIGH, above_zero=True, share=True),
    "max_net_exposure": LimitRow(_R, _LOW),
    "max_concentration": LimitRow(_R, _LOW, above_zero=True, share=True),
    "max_total_at_risk": LimitRow(_R, _LOW),
    "regime": LimitRow(Form.REGIME, Stricter.NEAREST),
    "max_symbol_orders": LimitRow(_C, _LOW),
    "global_spacing": LimitRow(_D, _HIGH),
    "symbol_spacing": LimitRow(_D, _HIGH),
    "cooldown_after_fill": LimitRow(_D, _HIGH),
    "cooldown_after_win": LimitRow(_D, _HIGH),
    "cooldown_after_loss": LimitRow(_D, _HIGH),
    "cooldown_after_stop": LimitRow(_D, _HIGH),
    "max_consecutive_losses": LimitRow(_C, _LOW, above_zero=True),
    "losing_streak_cooldown": LimitRow(_D, _HIGH),
    "max_errors": LimitRow(_C, _LOW, most=100, above_zero=True),
    "error_window": LimitRow(_D, _HIGH, above_zero=True),
    "max_burst": LimitRow(_C, _LOW, most=1_000),
    "burst_window": LimitRow(_D, _HIGH, above_zero=True),
    "max_symbol_hourly_trades": LimitRow(_C, _LOW),
    "max_hourly_trades": LimitRow(_C, _LOW),
    "max_daily_trades": LimitRow(_C, _LOW),
    "max_cycle_orders": LimitRow(_C, _LOW),
    "max_cycle_notional": LimitRow(_M, _LOW),
    GROUP_CAP: LimitRow(_R, _LOW),
}
"""Every limit that an operator may set; those with a form of their own (`regime_caps`, windows of cycles) are not."""

PACE = frozenset(
    {
        "fat_finger_multiple",
        "global_spacing",
        "symbol_spacing",
        "cooldown_after_fill",
        "cooldown_after_win",
        "cooldown_after_loss",
        "cooldown_after_stop",
        "max_consecutive_losses",
        "max_errors",
        "max_burst",
        "max_symbol_hourly_trades",
        "max_hourly_trades",
        "max_daily_trades",
        "max_cycle_orders",
        "max_cycle_notional",
    }
)
"""The limits for which entries, fills and refused orders are counted."""

STATISTICAL = frozenset({"max_portfolio_var", "max_position_cvar", "max_correlated_exposure"})
"""The limits that go by statistics of returns."""

FACTUAL = frozenset(
    {"max_net_exposure", "max_leverage", "max_total_at_risk", "max_margin_use", "min_liquidation_distance"}
)
"""The limits that are off unless set, and that facts are held to as well; see `cap_facts`."""


def parse(name: str, text: str) -> LimitValue:
    """The value that `text` stands for. Raises `RiskLimitError` naming the limit, the text and the remedy."""
    row = LIMITS.get(name)
    if row is None:
        raise _refused(name, text, "there is no such limit", "one of " + ", ".join(LIMITS))
    if row.form is Form.FLAG:
        return _word(name, text, {"true": True, "false": False})
    if row.form is Form.SIDE:
        return str(_word(name, text, {side: side for side in ("buy", "sell", "both")}))
    if row.form is Form.REGIME:
        if not text.strip():
            raise _refused(name, text, "no regime", "write its name, such as bear")
        return text.strip()
    if row.form is Form.SYMBOLS:
        return tuple(each.strip() for each in text.split(",") if each.strip())
    return _number(name, text, row)


def write(value: LimitValue) -> str:
    """The text that `parse` reads back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def strictest(name: str, values: Iterable[LimitValue | None]) -> LimitValue | None:
    """The strictest of a limit's values, the widest scope's first; None is no limit, and all None is none."""
    given = [each for each in values if each is not None]
    if not given:
        return None
    rule = LIMITS[name].stricter
    if rule is Stricter.NEAREST:
        return given[-1]
    if rule is Stricter.BOTH:
        return _joined(given)
    numbers = [each for each in given if isinstance(each, Decimal | int)]
    return min(numbers) if rule is Stricter.LOWER else max(numbers)


def loosens(name: str, before: LimitValue | None, after: LimitValue | None) -> bool:
    """Whether a change lets pass what was refused before. A word that is no limit itself counts as loosening."""
    if before == after or before is None:
        return LIMITS[name].stricter is Stricter.NEAREST and before != after
    return strictest(name, (before, after)) != after


def _joined(given: list[LimitValue]) -> LimitValue:
    first = given[0]
    if isinstance(first, tuple):
        lists = [each for each in given if isinstance(each, tuple)]
        return tuple(each for each in first if all(each in listed for listed in lists))
    return first if all(each == first for each in given) else "both"


def _word(name: str, text: str, words: Mapping[str, LimitValue]) -> LimitValue:
    found = words.get(text.strip().lower())
    if found is None:
        raise _refused(name, text, "not one of its words", "write " + " or ".join(words))
    return found


def _number(name: str, text: str, row: LimitRow) -> LimitValue:
    whole = row.form in (Form.COUNT, Form.DURATION)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or (whole and number != number.to_integral_value()):
        kind = "a whole number" if whole else "a number"
        raise _refused(name, text, f"not {kind}", f"write {_EXAMPLES[row.form]}")
    if len(number.as_tuple().digits) > _DIGITS or abs(number.adjusted()) > _DIGITS:
        raise _refused(
            name, text, f"not a number of at most {_DIGITS} digits", f"write {_EXAMPLES[row.form]}"
        )
    if number < 0 or (row.above_zero and not number):
        raise _refused(name, text, "too small", "write more than 0" if row.above_zero else "write 0 or more")
    if row.most is not None and number > row.most:
        raise _refused(name, text, "more than is remembered", f"write at most {row.most}")
    return int(number) if whole else number


_DIGITS = 28
"""What decimal arithmetic keeps exactly; what is far larger or smaller would end it in an overflow."""

_EXAMPLES = {
    Form.MONEY: "an amount in base currency, such as 5000",
    Form.RATIO: "a part, such as 0.05",
    Form.NUMBER: "a number, such as 2.5",
    Form.COUNT: "a count, such as 20",
    Form.DURATION: "a time in ns",
}


def _refused(name: str, text: str, problem: str, remedy: str) -> RiskLimitError:
    return RiskLimitError(problem, field=name, value=text, remedy=remedy)
