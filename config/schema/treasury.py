"""Settings of treasury operations: what is swept, purged and trimmed, by command or by policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from pydantic import Field

from config.duration import PositiveDuration
from config.ratio import PositiveRatio, Share
from config.schema.base import Contradiction, Currency, Money, PositiveCount, Settings, Symbol


class SweepSettings(Settings):
    """Idle cash becomes holdings."""

    automatic: bool = Field(default=False, description="Whether it is done at each treasury.every.")
    reserve: Mapping[Currency, Money] = Field(
        default_factory=dict,
        description="Currencies that are swept, and how much cash of each stays at every venue.",
    )
    into: tuple[Symbol, ...] = Field(
        default=(), description="Spot symbols that are bought with idle cash of their quote currency, evenly."
    )
    min_value: Money = Field(default=Decimal(10), description="Smallest order of a sweep, in base currency.")
    slippage: PositiveRatio = Field(
        default=Decimal("0.005"), description="How far beyond the mark a sweep may pay."
    )
    fee_buffer: Share = Field(default=Decimal("0.002"), description="Part of the cash that is kept for fees.")


class PurgeSettings(Settings):
    """What may not be held is closed."""

    automatic: bool = Field(default=False, description="Whether it is done at each treasury.every.")
    eligible: tuple[Symbol, ...] | None = Field(
        default=None, description="Symbols that may be held; null for all of symbols."
    )
    min_value: Money = Field(
        default=Decimal(5), description="Holdings worth less are left, in base currency."
    )
    most: PositiveCount = Field(default=2, description="Most positions that a policy closes at a time.")


class TrimSettings(Settings):
    """Positions over their caps, risk.max_symbol_exposure and risk.max_gross_exposure, are reduced."""

    automatic: bool = Field(default=False, description="Whether it is done at each treasury.every.")
    tolerance: Share = Field(
        default=Decimal("0.0025"), description="How far over its cap a position may be, part of NAV."
    )
    below: Share = Field(
        default=Decimal(0), description="How far below its cap it is brought then, part of NAV."
    )


class ConvertSettings(Settings):
    """Cash of one currency becomes cash of another when an order needs it."""

    enabled: bool = Field(
        default=False,
        description="Whether spot buys whose currency is missing wait for a conversion through a symbol that converts.",
    )
    slippage: PositiveRatio = Field(
        default=Decimal("0.002"), description="How far beyond the mark a conversion may go."
    )


class TreasurySettings(Settings):
    """What is done about idle cash and unwanted positions; `docs/routing.md` says how."""

    every: PositiveDuration | None = Field(
        default=None, description="How often the automatic ones have their turn; null for by command only."
    )
    sweep: SweepSettings = Field(default=SweepSettings(), description="Idle cash.")
    purge: PurgeSettings = Field(default=PurgeSettings(), description="What may not be held.")
    trim: TrimSettings = Field(default=TrimSettings(), description="What is over its cap.")
    convert: ConvertSettings = Field(default=ConvertSettings(), description="Missing currencies.")

    def contradictions(self) -> Iterator[Contradiction]:
        named = {"sweep": self.sweep.automatic, "purge": self.purge.automatic, "trim": self.trim.automatic}
        chosen = [name for name, automatic in named.items() if automatic]
        if chosen and self.every is None:
            yield Contradiction(
                ("every",), None, f"but {', '.join(chosen)} is automatic", "say how often, such as 1h"
            )
        if self.every is not None and not chosen:
            yield Contradiction(("every",), self.every, "but nothing is automatic", "set one to automatic")
        if self.sweep.automatic and not (self.sweep.reserve and self.sweep.into):
            yield Contradiction(
                ("sweep", "into"),
                self.sweep.into,
                "a sweep needs a reserve and symbols to buy",
                "name currencies in reserve and symbols in into",
            )
