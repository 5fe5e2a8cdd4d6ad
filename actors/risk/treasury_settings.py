"""What treasury operations go by: plain data, with the house's defaults. Ratios are fractions, times ns."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.treasury import TreasuryOperation


class TreasurySettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The policies.

    - `automatic`: the operations that are done every `every` ns; None = by command only.
    - `reserve`: the currencies that are swept, and what stays of each at every venue; `into`: the symbols bought, in
      orders worth `sweep_least` or more (base currency), at most `slippage` beyond the mark, `fee_buffer` of the cash
      kept for fees.
    - `eligible`: symbols that may be held, None = all that are configured; holdings worth less than `purge_least` are
      left, and a policy closes `purge_most` at a time.
    - `trim_tolerance`, `trim_below`: how far over its cap (part of NAV) a position may be, and how far below it is
      brought then.
    - `convert`: whether an intent may wait for cash of another currency to be exchanged for the one it is paid in, at
      most `convert_slippage` beyond the mark.
    """

    every: int | None = None
    automatic: tuple[TreasuryOperation, ...] = ()
    reserve: dict[str, Decimal] = {}
    into: tuple[str, ...] = ()
    sweep_least: Decimal = Decimal(10)
    slippage: Decimal = Decimal("0.005")
    fee_buffer: Decimal = Decimal("0.002")
    eligible: tuple[str, ...] | None = None
    purge_least: Decimal = Decimal(5)
    purge_most: int = 2
    trim_tolerance: Decimal = Decimal("0.0025")
    trim_below: Decimal = Decimal(0)
    convert: bool = False
    convert_slippage: Decimal = Decimal("0.002")
