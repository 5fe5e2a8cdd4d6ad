"""report.json: everything the page shows but the curves, for programs. Equal records give equal bytes.

Keys are sorted; floats are rounded to 12 significant digits; exact amounts (fees, profits of symbols) are decimal
text; what is undefined is null. There is no clock and no path in it.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from cluster.backtest.report.wording import canonical_float, plain_decimal

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

FORMAT = 1
"""Raised when a field of report.json changes its meaning."""


def report_json(result: BacktestResult) -> bytes:
    """The document, UTF-8, with a line end."""
    text = json.dumps(
        _canonical(document(result)), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    return text.encode() + b"\n"


def document(result: BacktestResult) -> dict[str, Any]:
    """The document as plain maps, before it is made canonical."""
    record, curve = result.record, result.equity
    header = {
        name: getattr(record, name)
        for name in record.__struct_fields__
        if name not in ("fills", "funding", "orders")
    }
    return {
        "format": FORMAT,
        "run": header,
        "settings": result.settings,
        "orders": result.orders,
        "fills": len(result.fills),
        "statistics": result.statistics,
        "open_positions": result.open_positions,
        "equity": {"points": len(curve), "step": curve.step, "fees_elsewhere": curve.fees_elsewhere},
    }


def _canonical(value: Any) -> Any:
    """`value` as JSON types, figures in their canonical form."""
    if isinstance(value, msgspec.Struct):
        return {name: _canonical(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, float):
        return canonical_float(value)
    return plain_decimal(value) if isinstance(value, Decimal) else value
