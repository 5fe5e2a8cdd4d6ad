"""Binance USD-M futures as a venue port: one account, over the REST API and the private stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.commands import Commands
from actors.venues.binance_usdm.events import FUNDING, MARGIN_CALL, TRIGGER_REJECTED, Events
from actors.venues.binance_usdm.funding import FUNDING_KINDS, TRANSFER_KINDS, IncomeReader
from actors.venues.binance_usdm.ids import OrderIds
from actors.venues.binance_usdm.listen_key import ListenKeys
from actors.venues.binance_usdm.listings import Listings
from actors.venues.binance_usdm.questions import Questions
from actors.venues.binance_usdm.rest import BinanceRest, unanswered
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.binance_usdm.signing import Credentials
from actors.venues.binance_usdm.stream import OPENED, Frame, Mark, PrivateStream
from actors.venues.binance_usdm.traits import binance_usdm_traits
from actors.venues.binance_usdm.upkeep import Upkeep
from actors.venues.port import PortHealth, VenueTraits
from actors.venues.transport.budget import Priority
from actors.venues.transport.http import Transport
from actors.venues.transport.rate_gate import RateGate
from messages.errors import DataProviderError, VenueConnectionError
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
    ReplaceOrder,
    ReplaceResult,
)
from messages.venue_account import (
    AccountResult,
    ArmDeadMan,
    ConfigureAccount,
    ConfigureResult,
    DeadManResult,
    InstrumentsResult,
    QueryAccount,
    QueryInstruments,
)
from messages.venue_stream import StreamEvent, StreamOpened, VenueFunding, VenueTransfer

_logger = logging.getLogger(__name__)

_Item = Frame | Mark | VenueFunding | VenueTransfer
"""What a private connection and the lists beside it bring."""


class BinanceUsdmPort:
    """A `VenuePort`, `AmendingVenue`, `DeadManVenue` and `MarginVenue`. Belongs to the event loop it is first used on.

    `gate` is shared by everything in this process that uses the same address; `lease_ns` is the desk's lease, which no
    request may outlive. Raises `ConfigurationError` when it could.
    """

    def __init__(
        self,
        settings: BinanceUsdmSettings,
        credentials: Credentials,
        *,
        lease_ns: int | None = None,
        gate: RateGate | None = None,
        transport: Transport | None = None,
    ) -> None:
        if lease_ns is not None:
            settings.refuse_longer_than(lease_ns)
        self._settings = settings
        self._traits = binance_usdm_traits(settings.request_expiry_ns)
        self._rest = BinanceRest(settings, credentials, gate=gate, transport=transport)
        self._listings = Listings(settings.listings)
        self._ids = OrderIds()
        self._stream = PrivateStream(settings, ListenKeys(settings, self._rest))
        self._questions = Questions(settings, self._rest, self._listings, self._ids)
        self._upkeep = Upkeep(settings, self._rest, self._listings)
        self._commands = Commands(
            settings,
            self._rest,
            self._listings,
            self._ids,
            self._questions,
            self._stream.expect,
            self._upkeep.grid,
        )
        self._clock_task: asyncio.Task[None] | None = None

    @property
    def venue(self) -> str:
        """The venue's name in the desk."""
        return self._settings.venue

    @property
    def traits(self) -> VenueTraits:
        """What the venue declares of itself."""
        return self._traits

    @property
    def rest(self) -> BinanceRest:
        """The way to the venue's public questions; see `BinanceRest.get`."""
        return self._rest

    async def connect(self) -> None:
        """Learn the venue's clock and limits, and see that it takes our key. Raises `VenueConnectionError`."""
        await self._rest.server_time()
        await self._rest.sync()
        for endpoint in (at.EXCHANGE_INFO, at.BALANCE):
            answer = await self._rest.call(
                endpoint, priority=Priority.QUERY, patience_s=self._settings.query_patience_s
            )
            if answer.failure is not None:
                raise unanswered(self.venue, answer)
            if endpoint is at.EXCHANGE_INFO:
                self._upkeep.learn(answer.body)
        if self._clock_task is None:
            self._clock_task = asyncio.create_task(self._keep_clock())

    async def close(self) -> None:
        """Let go of all connections; running `events` end."""
        self._stream.close()
        if self._clock_task is not None:
            self._clock_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._clock_task
            self._clock_task = None
        await self._rest.close()

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """See `VenuePort.place`."""
        return await self._commands.place(order, now)

    async def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        """See `VenuePort.cancel`."""
        return await self._commands.cancel(cancel)

    async def replace(self, replace: ReplaceOrder, now: int) -> ReplaceResult:
        """See `AmendingVenue.replace`."""
        return await self._commands.replace(replace, now)

    async def query(self, query: QueryOrder) -> QueryResult:
        """See `VenuePort.query`."""
        return await self._questions.query(query)

    async def fills(self, query: QueryFills) -> FillsResult:
        """See `VenuePort.fills`."""
        return await self._questions.fills(query)

    async def account(self, query: QueryAccount) -> AccountResult:
        """See `VenuePort.account`."""
        return await self._questions.account(query)

    async def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """See `VenuePort.instruments`."""
        return await self._upkeep.instruments(query)

    async def arm_dead_man(self, arm: ArmDeadMan) -> DeadManResult:
        """See `DeadManVenue.arm_dead_man`."""
        return await self._upkeep.arm_dead_man(arm)

    async def configure(self, wanted: ConfigureAccount) -> ConfigureResult:
        """See `MarginVenue.configure`."""
        return await self._upkeep.configure(wanted)

    async def server_time(self) -> int:
        """See `VenuePort.server_time`."""
        return await self._rest.server_time()

    def health(self) -> PortHealth:
        """See `VenuePort.health`."""
        return PortHealth(
            clock_offset_ns=self._rest.offset(),
            clock_error_ns=self._rest.clock_error(),
            rate_used=self._rest.gate.used(),
            rates_used=self._rest.gate.used_by_limit(),
            circuit_open_until=self._rest.circuit_open_until(),
            stream_up=self._stream.up,
            reconnects=self._stream.reconnects,
        )

    async def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        """See `VenuePort.events`. What can't be read is passed over as an interruption: the reader then asks."""
        inbox: asyncio.Queue[_Item | BaseException | None] = asyncio.Queue()
        funding, transfers = (
            IncomeReader(self._settings, self._rest, self._listings, inbox.put_nowait, kinds)
            for kinds in (FUNDING_KINDS, TRANSFER_KINDS)
        )

        def moved(cause: str) -> None:
            (funding if cause == FUNDING else transfers).announced()

        told = Events(self.venue, self._listings, self._ids, moved)
        work = (self._forward(inbox), funding.run(), transfers.run())
        helpers = [asyncio.create_task(each) for each in work]
        for helper in helpers:
            helper.add_done_callback(lambda task: inbox.put_nowait(_end_of(task)))
        sequence = after_sequence
        try:
            while (item := await inbox.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                if item is OPENED:
                    funding.catch_up()
                    transfers.catch_up()
                event = self._event(told, item)
                if event is not None:
                    sequence += 1
                    yield msgspec.structs.replace(event, sequence=sequence)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _forward(self, inbox: asyncio.Queue[_Item | BaseException | None]) -> None:
        async for item in self._stream.frames():
            inbox.put_nowait(item)

    def _event(self, told: Events, item: _Item) -> StreamEvent | None:
        if isinstance(item, VenueFunding | VenueTransfer):
            return item
        if isinstance(item, Frame) and item.kind == MARGIN_CALL:
            _logger.error("%s: the venue calls for margin: %s", self.venue, item.text[:300])
            return None
        if isinstance(item, Frame) and item.kind == TRIGGER_REJECTED:
            _logger.error("%s: a stop was refused when it triggered: %s", self.venue, item.text[:300])
        elif isinstance(item, Frame):
            try:
                return told.of_frame(item.kind, item.text)
            except DataProviderError as error:
                _logger.error("%s: %s", self.venue, error)
        return StreamOpened(self.venue, 0, self._rest.venue_now() or 0)

    async def _keep_clock(self) -> None:
        while True:
            await asyncio.sleep(self._settings.clock_interval_s)
            with suppress(VenueConnectionError):
                await self._rest.sync(samples=1)


def _end_of(task: asyncio.Task[None]) -> BaseException | None:
    """How a helper ended: an error to be raised, or None."""
    return None if task.cancelled() else task.exception()
