"""Anomalies and degrade levels: what is found at a look, and the level that follows from look to look. Pure functions.

| level | comes after                         | size factor | mode   | holds for at least |
|-------|-------------------------------------|-------------|--------|--------------------|
| 1     | 3 looks in a row with an anomaly    | 0.5         | NORMAL | 15 min             |
| 2     | 6 looks in a row with an anomaly    | 0.25        | NORMAL | 15 min             |
| 3     | an error, an open breaker, a freeze | 0           | REDUCE | 30 min             |

In REDUCE nothing grows, so that a factor would say nothing: levels 1 and 2 make orders smaller, though
not what closes a strategy's own position, level 3 ends growing.
None leads to OBSERVE, in which stops do not work. A level never falls while it holds; it rises at once, as an error
must not wait for an earlier warning's time to pass. Afterwards it falls by one for every 4 looks without an anomaly,
and from level 1 after 8. A person's Resume ends what was found so far. These are the defaults of `risk.anomalies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from actors.risk.state import ONE, ZERO, Degrade, RiskState
from messages.anomalies import Anomaly, AnomalyCode, AnomalySeverity

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NONE, LAST = 0, 3
"""The lowest and the highest level."""

_WARN, _ERROR = AnomalySeverity.WARN, AnomalySeverity.ERROR

CONDITIONS: dict[str, tuple[AnomalyCode, AnomalySeverity]] = {
    "cursor_stall": (AnomalyCode.CURSOR_STALL, _WARN),
    "clock_skew": (AnomalyCode.CLOCK_SKEW, _WARN),
    "stream_down": (AnomalyCode.VENUE_DOWN, _WARN),
    "circuit_open": (AnomalyCode.VENUE_DOWN, _ERROR),
    "unknown_orders": (AnomalyCode.ORDERS_UNKNOWN, _ERROR),
}
"""What execution tells of its venue (`VenueCondition.cause`), as an anomaly."""


class AnomalySettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """When something is an anomaly, and what follows. Durations in ns, money in base currency.

    - `interval`: time between two looks. `stale_after`: age of the mark of something held or worked on.
    - `latency`: age of an intent's quote when it arrives. `rejects` within `reject_window` at one venue.
    - `clock_skew`: how far a mark or a fill may come from the future.
    - `divergence_warn`, `divergence_error`: the venue's cash against the ledger's, at two comparisons in a row.
    - `warn_streak`, `more_streak`: looks in a row with an anomaly that lead to levels 1 and 2.
    - `factors`: sizes at levels 1, 2, 3. `hold`, `hold_error`: how long levels 1 and 2, and level 3, last at least.
    - `stable`, `stable_last`: looks without an anomaly after which a level falls by one, and level 1 ends.
    """

    enabled: bool = False
    interval: int = 10 * SECOND
    stale_after: int = 30 * SECOND
    latency: int = 2 * SECOND
    rejects: int = 3
    reject_window: int = MINUTE
    clock_skew: int = 30 * SECOND
    divergence_warn: Decimal = Decimal(50)
    divergence_error: Decimal = Decimal(200)
    warn_streak: int = 3
    more_streak: int = 6
    factors: tuple[Decimal, Decimal, Decimal] = (Decimal("0.5"), Decimal("0.25"), ZERO)
    hold: int = 15 * MINUTE
    hold_error: int = 30 * MINUTE
    stable: int = 4
    stable_last: int = 8

    def factor(self, level: int) -> Decimal:
        """What becomes of the size of an order that increases exposure."""
        return ONE if level == NONE else self.factors[level - 1]


class Step(msgspec.Struct, frozen=True, gc=False):
    """Where a look leads: the level found by looks alone, until when it holds, and the two counts."""

    found: int
    until: int
    warn_streak: int
    stable: int


def look(state: RiskState, settings: AnomalySettings, now: int) -> dict[str, Anomaly]:
    """All anomalies there are at desk time `now` (ns UTC), by name: what the state shows and what inputs had shown."""
    found = [*_of_marks(state, settings, now), *_of_venues(state), *_of_signs(state.degrade, settings, now)]
    return {each.name: each for each in found}


def _of_marks(state: RiskState, settings: AnomalySettings, now: int) -> Iterator[Anomaly]:
    holdings = state.holdings
    for symbol in dict.fromkeys(holdings[listing].symbol for listing in state.totals.active):
        mark = state.marks.get(symbol)
        if mark is None:
            yield Anomaly(
                AnomalyCode.MISSING_MARKS, _WARN, symbol, "something is held or open, and not marked"
            )
        elif now - mark.time > settings.stale_after:
            age, most = _seconds(now - mark.time), _seconds(settings.stale_after)
            yield Anomaly(AnomalyCode.STALE_MARKET_DATA, _WARN, symbol, "its mark is too old", age, most)


def _of_venues(state: RiskState) -> Iterator[Anomaly]:
    for name, source in state.sources.items():
        kind, _, rest = name.partition(":")
        venue, _, cause = rest.partition(":")
        if kind == "venue" and cause in CONDITIONS:
            code, severity = CONDITIONS[cause]
            yield Anomaly(code, severity, venue, source.reason)


def _of_signs(degrade: Degrade, settings: AnomalySettings, now: int) -> Iterator[Anomaly]:
    for signs in degrade.signs.values():
        last, code = signs[-1].sign, signs[-1].sign.code
        if code is AnomalyCode.REJECT_SPIKE:
            count = sum(1 for each in signs if now - each.time <= settings.reject_window)
            if count >= settings.rejects:
                yield msgspec.structs.replace(last, observed=Decimal(count), limit=Decimal(settings.rejects))
        elif code is AnomalyCode.PNL_DIVERGENCE:
            if len(signs) > 1:  # once may be a fill under way
                worst = min(signs[-2:], key=lambda each: each.sign.observed or ZERO).sign
                yield msgspec.structs.replace(worst, severity=_severity(worst.observed, settings))
        elif now - signs[-1].time <= settings.interval:
            yield last


def _severity(divergence: Decimal | None, settings: AnomalySettings) -> AnomalySeverity:
    return _ERROR if (divergence or ZERO) >= settings.divergence_error else _WARN


def advance(degrade: Degrade, anomalies: dict[str, Anomaly], settings: AnomalySettings, now: int) -> Step:
    """The level after a look at desk time `now` (ns UTC) that found these anomalies."""
    streak = degrade.warn_streak + 1 if anomalies else 0
    stable = 0 if anomalies else degrade.stable + 1
    asked, hold = NONE, settings.hold
    if any(each.severity is _ERROR for each in anomalies.values()):
        asked, hold = LAST, settings.hold_error
    elif streak >= settings.more_streak:
        asked = 2
    elif streak >= settings.warn_streak:
        asked = 1
    level, until = degrade.found, degrade.until
    if asked and asked >= level:
        return Step(asked, now + hold, streak, stable)
    needed = settings.stable_last if level == 1 else settings.stable
    if level > NONE and now >= until and stable >= needed:
        return Step(level - 1, until, streak, 0)
    return Step(level, until, streak, stable)


def divergence(
    state: RiskState, venue: str, balances: dict[str, Decimal], base_currency: str
) -> Decimal | None:
    """How far the venue's cash is from the ledger's, in base currency; None while the account is not open.

    A currency without a rate is not counted, as in NAV.
    """
    account = state.accounts.get(venue)
    if account is None or not account.opened:
        return None
    apart = ZERO
    for currency in {**balances, **account.balances}:
        rate = ONE if currency == base_currency else state.rates.get(currency, ZERO)
        apart += abs(balances.get(currency, ZERO) - account.balances.get(currency, ZERO)) * rate
    return apart


def _seconds(duration: int) -> Decimal:
    return (Decimal(duration) / SECOND).quantize(Decimal("0.001"))
