"""Settings of the desk as a whole: its name and environment, its logs and its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from config.duration import SECOND, PositiveDuration
from config.ratio import Ratio
from config.schema.base import (
    Contradiction,
    Count,
    Currency,
    DeskName,
    Port,
    PositiveCount,
    PositiveMoney,
    Settings,
    Symbol,
    Text,
    matches,
)

RATE_DIGITS = 10
"""Digits that a currency's rate may have."""

SHORTEST_TOKEN = 16
"""Characters that a token must have at least."""

Environment = Literal["dry_run", "paper", "live"]
"""Whether orders leave the process (not in dry_run) and whether money is behind them (only in live)."""

LogLevel = Literal["debug", "info", "warning", "error"]

AddressPrefix = Annotated[
    str, matches(r"[A-Za-z0-9_/-]{1,64}", "an actor's address or its beginning, such as strategy/ or risk")
]


class DeskSettings(Settings):
    """Who the desk is and how real its orders are."""

    name: DeskName = Field(
        default="desk", description="Name of the desk; one desk of a name can run at a time."
    )
    environment: Environment = Field(
        default="dry_run",
        description="dry_run changes nothing at any venue, paper trades with play money, live needs `arming`.",
    )
    seed: Count = Field(default=7, description="Seed of all randomness that actors draw.")
    base_currency: Currency = Field(
        default="USDT", description="The currency in which cash, NAV and limits are counted."
    )
    rates: Mapping[Currency, PositiveMoney] = Field(
        default_factory=dict,
        description="What one unit of each other currency counts in base currency, such as {BTC: 43000}: fixed, for "
        "checks, NAV and results; balances stay in their own currencies.",
    )
    rate_symbols: Mapping[Currency, Symbol] = Field(
        default_factory=dict,
        description="The symbol whose mark says what a currency counts, such as {EUR: EUR-USDT}, for NAV and limits: "
        "what is booked keeps the rate of its time. Until its first mark desk.rates counts, and the desk only reduces.",
    )
    rate_step: Ratio = Field(
        default=Decimal("0.0005"),
        description="Part of a rate by which its mark has moved before the books take it.",
    )
    max_rate_age: PositiveDuration = Field(
        default=60 * SECOND,
        description="Age of that mark from which the desk only reduces while it holds something in the currency.",
    )
    off_exchange: Mapping[Currency, PositiveMoney] = Field(
        default_factory=dict,
        description="What is held where the desk can't trade it, such as {BTC: 0.5}: counted in AUM, never in NAV.",
    )

    def rate_of(self, currency: str) -> Decimal | None:
        """What one unit of `currency` counts in base currency; None when nobody has said."""
        return Decimal(1) if currency == self.base_currency else self.rates.get(currency)

    def contradictions(self) -> Iterator[Contradiction]:
        yield from self._odd_rates()
        yield from self._odd_rate_symbols()

    def _odd_rate_symbols(self) -> Iterator[Contradiction]:
        for currency, symbol in self.rate_symbols.items():
            if symbol.split("-")[:2] != [currency, self.base_currency]:
                yield Contradiction(
                    ("rate_symbols", currency),
                    symbol,
                    f"does not say what one {currency} counts in {self.base_currency}",
                    f"name {currency}-{self.base_currency}",
                )

    def _odd_rates(self) -> Iterator[Contradiction]:
        for currency, rate in self.rates.items():
            if currency == self.base_currency:
                yield Contradiction(
                    ("rates", currency), rate, "is the base currency, whose rate is 1", "remove it from rates"
                )
            if len(rate.as_tuple().digits) > RATE_DIGITS:
                yield Contradiction(
                    ("rates", currency),
                    rate,
                    f"has more than {RATE_DIGITS} digits, with which sums would not be exact",
                    "round it",
                )


class LoggingSettings(Settings):
    """What is logged, how and where."""

    level: LogLevel = Field(default="info", description="Lowest level that is logged.")
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for collectors."
    )
    file: Text | None = Field(default=None, description="File to log to besides stdout; null for none.")
    max_bytes: PositiveCount = Field(
        default=50_000_000, description="Size at which the log file is rotated, in bytes."
    )
    backups: Count = Field(default=5, description="Rotated log files that are kept.")
    levels: Mapping[AddressPrefix, LogLevel] = Field(
        default_factory=dict, description="Levels by actor address or its beginning; the longest match wins."
    )


class MetricsSettings(Settings):
    """The page that Prometheus reads."""

    enabled: bool = Field(default=True, description="Whether /metrics is served.")
    host: Text = Field(default="127.0.0.1", description="Address that /metrics listens on.")
    port: Port | None = Field(default=None, description="Port of /metrics; null chooses a free one.")
    control_token: SecretStr | None = Field(
        default=None,
        description="Token with which POST /halt on the same port pulls the kill switch; null: it is not served.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        token = self.control_token
        if token is not None and len(token.get_secret_value()) < SHORTEST_TOKEN:
            yield Contradiction(
                ("control_token",), None, f"is shorter than {SHORTEST_TOKEN} characters", "take a longer one"
            )
