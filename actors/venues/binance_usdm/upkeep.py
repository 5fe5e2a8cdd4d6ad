"""What keeps an account in order: the dead-man switch, modes and leverage, the rules of instruments."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.bodies import FeeBody
from actors.venues.binance_usdm.codes import MARGIN_TYPE_IS_SO, POSITION_MODE_IS_SO
from actors.venues.binance_usdm.endpoints import Endpoint
from actors.venues.binance_usdm.listings import Listings, unlisted
from actors.venues.binance_usdm.market_instruments import ExchangeInfo, Listed, instrument_of
from actors.venues.binance_usdm.rest import Answer, BinanceRest, decoded
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.port import Failure
from actors.venues.transport.budget import Priority
from messages.errors import ConfigurationError, DataProviderError
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import (
    ArmDeadMan,
    ConfigureAccount,
    ConfigureResult,
    DeadManResult,
    InstrumentsResult,
    MarginMode,
    QueryInstruments,
    SymbolMargin,
    VenueInstrument,
)

_logger = logging.getLogger(__name__)

_MILLISECOND = 1_000_000
_MARGIN_TYPES = {MarginMode.CROSS: "CROSSED", MarginMode.ISOLATED: "ISOLATED"}
_FEES_AT_ONCE = 4
"""Asking for one costs as much as twenty other questions; at a start the budget is needed for the account."""
_FEES_LAST_S = 24 * 3_600.0
_DONE = Answer(None, Reason.ACCEPTED)
_WORST_FIRST = (Outcome.NO_ANSWER, Outcome.NOT_SENT, Outcome.REJECTED, Outcome.ACCEPTED)


class Upkeep:
    """See the module docstring."""

    def __init__(self, settings: BinanceUsdmSettings, rest: BinanceRest, listings: Listings) -> None:
        self._settings = settings
        self._rest = rest
        self._listings = listings
        self._fees: dict[str, tuple[FeeBody, float]] = {}
        self._dearest: dict[str, FeeBody] = {}
        self._brought: set[tuple[str | int, ...]] = set()
        self._grids: dict[str, tuple[Decimal, Decimal]] = {}

    def grid(self, listing: str) -> tuple[Decimal, Decimal] | None:
        """Tick and lot as the venue last told them; None when it has not."""
        return self._grids.get(listing)

    def learn(self, exchange_info: bytes) -> None:
        """Take over limits and grids. Raises `DataProviderError` for what can't be read."""
        self._read(Answer(None, Reason.ACCEPTED, body=exchange_info))

    async def arm_dead_man(self, arm: ArmDeadMan) -> DeadManResult:
        """See `DeadManVenue.arm_dead_man`. The venue counts down per symbol, so one refusal leaves the others armed."""
        countdown = -(-arm.countdown // _MILLISECOND)
        answers = await asyncio.gather(*(self._count_down(symbol, countdown) for symbol in arm.symbols))
        told = list(zip(arm.symbols, answers, strict=True))
        return DeadManResult(
            arm.venue,
            _worst([answer.outcome for answer in answers]),
            tuple(symbol for symbol, answer in told if answer.failure is None and arm.countdown),
            _details(told),
        )

    async def configure(self, wanted: ConfigureAccount) -> ConfigureResult:
        """See `MarginVenue.configure`. One symbol after the other, as far as the venue answers; the next try goes on
        from there, so that an account of many symbols gets there over a bad line."""
        if wanted.hedge_mode is not None:
            mode = {"dualSidePosition": "true" if wanted.hedge_mode else "false"}
            answer = await self._bring(at.POSITION_MODE, mode, POSITION_MODE_IS_SO)
            if answer.failure is not None:
                return ConfigureResult(wanted.venue, answer.outcome, detail=f"position mode: {answer.detail}")
        refused: dict[str, str] = {}
        for each in wanted.symbols:
            answer = await self._configure(each)
            if answer.outcome is Outcome.REJECTED:
                refused[each.symbol] = answer.detail
            elif answer.failure is not None:
                return ConfigureResult(
                    wanted.venue, answer.outcome, refused, f"{each.symbol}: {answer.detail}"
                )
        self._brought.clear()
        return ConfigureResult(wanted.venue, Outcome.ACCEPTED, refused)

    async def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """See `VenuePort.instruments`. Fees are asked for some symbols at a time: each costs twenty requests."""
        wanted = {listing: symbol for symbol in query.symbols if (listing := self._listings.listing(symbol))}
        answer = await self._call(at.EXCHANGE_INFO, {})
        if answer.failure is not None:
            return InstrumentsResult(query.venue, answer.outcome, detail=answer.detail)
        try:
            listed = self._read(answer)
            found = list(_readable([each for each in listed if each.symbol in wanted], wanted))
        except (DataProviderError, ConfigurationError) as error:
            return InstrumentsResult(query.venue, Outcome.NO_ANSWER, detail=str(error)[:300])
        await self._learn_fees([each.listing for each in found])
        self._note_dearest(found)
        return InstrumentsResult(
            query.venue, Outcome.ACCEPTED, tuple(self._with_fees(each) for each in found)
        )

    def _read(self, answer: Answer) -> list[Listed]:
        self._rest.learn_limits(answer.body)
        listed = decoded(answer, ExchangeInfo).symbols
        self._grids = {
            each.symbol: (told.tick, told.lot)
            for each in listed
            if (told := next(_readable([each], {each.symbol: each.symbol}), None)) is not None
        }
        return listed

    async def _count_down(self, symbol: str, countdown_ms: int) -> Answer:
        listing = self._listings.listing(symbol)
        if listing is None:
            return _unlisted(symbol)
        return await self._call(at.COUNT_DOWN, {"symbol": listing, "countdownTime": countdown_ms})

    async def _configure(self, wanted: SymbolMargin) -> Answer:
        """Margin first: leverage means another risk under another margin."""
        listing = self._listings.listing(wanted.symbol)
        if listing is None:
            return _unlisted(wanted.symbol)
        if wanted.margin is not None:
            margin = {"symbol": listing, "marginType": _MARGIN_TYPES[wanted.margin]}
            answer = await self._bring(at.MARGIN_TYPE, margin, MARGIN_TYPE_IS_SO)
            if answer.failure is not None:
                return answer
        if wanted.leverage is not None:
            return await self._bring(at.LEVERAGE, {"symbol": listing, "leverage": wanted.leverage})
        return _DONE

    async def _bring(
        self, endpoint: Endpoint, setting: Mapping[str, str | int], is_so: int | None = None
    ) -> Answer:
        """Change one setting, unless an earlier try of this configuration has; `is_so` says that it was so already."""
        step = (endpoint.path, *setting.values())
        if step in self._brought:
            return _DONE
        answer = await self._call(endpoint, setting)
        if answer.failure is not None and answer.code != is_so:
            return answer
        self._brought.add(step)
        return _DONE

    async def _learn_fees(self, listings: list[str]) -> None:
        now = time.monotonic()
        due = [each for each in listings if each not in self._fees or self._fees[each][1] < now]
        for listing in due[:_FEES_AT_ONCE]:
            answer = await self._rest.call(
                at.FEES, {"symbol": listing}, priority=Priority.BACKGROUND, patience_s=0.0
            )
            if answer.failure is not None:
                return  # not now: a fee that is not known is told as such
            try:
                self._fees[listing] = decoded(answer, FeeBody), now + _FEES_LAST_S
            except DataProviderError:
                return

    def _note_dearest(self, listed: list[VenueInstrument]) -> None:
        """The fees of an account differ by settlement currency, and seldom by symbol."""
        self._dearest.clear()
        for each in listed:
            fees = None if each.listing not in self._fees else self._fees[each.listing][0]
            known = self._dearest.get(each.settle_currency)
            if fees is not None and (
                known is None or fees.taker_commission_rate > known.taker_commission_rate
            ):
                self._dearest[each.settle_currency] = fees

    def _with_fees(self, instrument: VenueInstrument) -> VenueInstrument:
        """Its own fees; until they are told, the dearest that are known of its settlement currency."""
        known = self._fees.get(instrument.listing)
        fees = self._dearest.get(instrument.settle_currency) if known is None else known[0]
        if fees is None:
            return instrument
        return msgspec.structs.replace(
            instrument, maker_fee=fees.maker_commission_rate, taker_fee=fees.taker_commission_rate
        )

    async def _call(self, endpoint: Endpoint, parameters: Mapping[str, str | int]) -> Answer:
        return await self._rest.call(
            endpoint, parameters, priority=Priority.QUERY, patience_s=self._settings.query_patience_s
        )


def _readable(listed: list[Listed], symbols: Mapping[str, str]) -> Iterator[VenueInstrument]:
    """One listing that makes no sense must not hide the others; it is left out, and orders for it are held back."""
    for each in listed:
        try:
            yield instrument_of(each, symbols[each.symbol])
        except DataProviderError as error:
            _logger.error("%s", error)


def _unlisted(symbol: str) -> Answer:
    return Answer(Failure.REJECT, Reason.SYMBOL_UNKNOWN, unlisted(symbol))


def _worst(outcomes: list[Outcome]) -> Outcome:
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), Outcome.ACCEPTED)


def _details(told: list[tuple[str, Answer]]) -> str:
    return "; ".join(f"{symbol}: {answer.detail}" for symbol, answer in told if answer.failure is not None)[
        :300
    ]
