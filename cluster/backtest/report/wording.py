"""How figures are written: one canonical form for files, and one for people."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from cluster.backtest.equity import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from cluster.backtest.record import Times

SIGNIFICANT_DIGITS = 12
"""Digits of a float in files: more than any figure is worth, fewer than two ways of adding up differ in."""

NOTHING = "–"
"""What stands where a figure is undefined."""

BEYOND_READING = 1e5
"""Ratios from which the size is told and not the digits: a good day as a yearly return."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- for files ------------------------------------------------------------------------------------------------


def canonical_float(value: float) -> float | None:
    """The float rounded to 12 significant digits, so that equal figures have equal text; None for nan and inf."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0  # + 0.0: minus zero is zero


def plain_decimal(value: Decimal) -> str:
    """The decimal without exponent and trailing zeros: 1.50 and 1.5 are the same text."""
    return f"{value.normalize():f}" if value else "0"


def iso_times(times: Times) -> list[str]:
    """Times in ns UTC as `2024-08-08T00:00:00.000000000Z`."""
    return [f"{text}Z" for text in np.datetime_as_string(times.astype("datetime64[ns]")).tolist()]


# --- for people -----------------------------------------------------------------------------------------------


def money(value: float | Decimal | None) -> str:
    """An amount with thousands apart: two decimals, small amounts with four significant digits."""
    if value is None or not math.isfinite(value):
        return NOTHING
    amount = float(value)
    if amount == 0 or abs(amount) >= 1:
        return _signed(f"{amount:,.2f}")
    return _signed(_trimmed(f"{amount:.{min(8, 3 - math.floor(math.log10(abs(amount))))}f}"))


def signed_money(value: float | Decimal | None) -> str:
    """The same with a sign in front of gains."""
    text = money(value)
    return f"+{text}" if value is not None and value > 0 and text != "0" else text


def price(value: float | Decimal) -> str:
    """A price with up to 8 significant digits."""
    amount = float(value)
    decimals = 2 if amount == 0 else max(0, min(10, 7 - math.floor(math.log10(abs(amount)))))
    return _trimmed(f"{amount:,.{decimals}f}")


def quantity(value: Decimal) -> str:
    """A quantity, exactly."""
    return f"{Decimal(plain_decimal(value)):,f}"


def percent(value: float | None, *, decimals: int = 2) -> str:
    """A fraction in percent."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) >= BEYOND_READING:
        return f"{_signed(f'{value * 100:.1e}')} %"
    # more digits for what would read as nothing
    places = decimals if value == 0 or abs(value) >= 0.001 else decimals + 2
    return f"{_signed(f'{value * 100:,.{places}f}')} %"


def signed_percent(value: float | None) -> str:
    """The same with a sign in front of gains."""
    return f"+{percent(value)}" if value is not None and value > 0 else percent(value)


def ratio(value: float | None) -> str:
    """A pure number with two decimals."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return _signed(f"{value:.1e}" if abs(value) >= BEYOND_READING else f"{value:,.2f}")


def bps(value: float | None) -> str:
    """Basis points."""
    return NOTHING if value is None or not math.isfinite(value) else f"{_signed(f'{value:,.2f}')} bps"


def count(value: int) -> str:
    """A whole number with thousands apart."""
    return f"{value:,d}"


def moment(time: int | None) -> str:
    """A time in ns UTC as `2024-08-08 12:30:00`."""
    if time is None:
        return NOTHING
    return (_EPOCH + timedelta(seconds=time // SECOND)).strftime("%Y-%m-%d %H:%M:%S")


def duration(span: float | None) -> str:
    """A span of time in ns in its two largest units: `2 d 3 h`, `1 h 5 min`, `12.5 s`, `80 ms`."""
    if span is None:
        return NOTHING
    if span >= DAY:
        return _pair(span, DAY, "d", HOUR, "h")
    if span >= HOUR:
        return _pair(span, HOUR, "h", MINUTE, "min")
    if span >= MINUTE:
        return _pair(span, MINUTE, "min", SECOND, "s")
    return f"{span / SECOND:.3g} s" if span >= SECOND else f"{span / MILLISECOND:.3g} ms"


def _pair(span: float, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(int(span), large)
    part = rest // small
    return f"{whole} {large_name} {part} {small_name}" if part else f"{whole} {large_name}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(text: str) -> str:
    """With a real minus sign, and no minus before zero."""
    if not text.startswith("-"):
        return text
    return f"−{text[1:]}" if any(digit in text for digit in "123456789") else text[1:]
