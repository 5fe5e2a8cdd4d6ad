"""Risk's books against themselves and against the auditor's: what came from outside and what was made of it is NAV.

NAV = deposits + realised + unrealised - fees + funding + what changes of rates made of balances; to the last digit.
"""

from __future__ import annotations

from decimal import Decimal

from actors.risk.state import RiskState
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.portfolio import Portfolio

ZERO = Decimal(0)


def check_ledger(state: RiskState, books: Portfolio) -> None:
    """Raises `Finding` where risk's books do not add up, or differ from the auditor's."""
    rows = (
        ("NAV", state.nav, books.nav()),
        ("what came from outside", state.deposits, books.deposits),
        ("what rates have moved", state.revalued, books.revalued),
    )
    for what, found, expected in rows:
        if found != expected:
            raise _finding(f"risk and the auditor differ about {what}", found, expected)
    anchor, own = state.day_anchor, books.anchor
    if anchor is not None and own is not None and abs(anchor - own) > _ROUNDING:
        raise _finding("risk and the auditor differ about the anchor of the day's loss", anchor, own)
    made = _made(state)
    if state.nav is not None and made is not None and state.nav != state.deposits + made:
        raise _finding("risk's books do not add up to its NAV", state.nav, state.deposits + made)


def _made(state: RiskState) -> Decimal | None:
    """All results since the desk began, by the books of the listings; None while one of them is not known."""
    made = state.revalued
    for holding in state.holdings.values():
        if holding.value is None or holding.cost is None:
            return None
        made += holding.realised - holding.fees + holding.funding + holding.value - holding.cost
    return made


def _finding(what: str, found: object, expected: object) -> Finding:
    return Finding(2, what, actors=("risk",), value=(found, expected))


_ROUNDING = Decimal("1E-6")
"""What anchors may differ by: parts of them are rounded."""
