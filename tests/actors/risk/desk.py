"""A risk actor on a bench: sends it what the desk would, keeps what it says, in the words of a trader."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from actors.base import Context
from actors.risk.actor import RiskActor
from actors.risk.limits import SECOND, RiskInstrument, RiskLimits, RiskSettings
from messages import codec
from messages.account_events import AccountSeeded
from messages.base import Envelope, Message
from messages.control import Mode
from messages.intents import CheckResult, OrderIntent, OrderTerms, OrderType, Side
from messages.market import Mark, Marks, QuoteSnapshot
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.portfolio import IntentDecided
from messages.reasons import Reason

START = 1_723_075_200 * SECOND
"""2024-08-08 00:00 UTC."""

BUY, SELL = Side.BUY, Side.SELL
Amount = str | int | Decimal
M = TypeVar("M", bound=Message)


def D(text: Amount) -> Decimal:
    return Decimal(text)


def instrument(symbol: str, venue: str = "paper", **changes: object) -> RiskInstrument:
    defaults = RiskInstrument(symbol=symbol, venue=venue, tick=D("0.01"), lot=D("0.001"))
    return msgspec.structs.replace(defaults, **changes)


WIDE = RiskLimits(
    min_notional=D(0),
    max_order_notional=D(1_000_000_000),
    max_symbol_exposure=D(1000),
    max_gross_exposure=D(1000),
    min_cash_reserve=D(0),
    max_open_positions=1000,
    max_open_orders=1000,
    daily_loss_limit=D("0.9"),
    drawdown_reduce=D("0.9"),
    drawdown_halt=D("0.95"),
    price_collar=D("0.9"),
)
"""Limits that nothing in a test meets unless it sets one."""


def limits(**changes: object) -> RiskLimits:
    return msgspec.structs.replace(WIDE, **changes)


def settings(limits: RiskLimits = WIDE, **changes: object) -> RiskSettings:
    instruments = (instrument("BTC-USDT"), instrument("ETH-USDT"), instrument("SOL-USDT"))
    defaults = RiskSettings(instruments=instruments, limits=limits)
    return msgspec.structs.replace(defaults, **changes)


class Desk:
    """The bench. Everything sent is kept, so that a fresh actor can be brought to the same state by events alone."""

    def __init__(self, chosen: RiskSettings | None = None) -> None:
        self.settings = chosen if chosen is not None else settings()
        self.risk = RiskActor(self.settings)
        self.ctx = Context(self.risk, seed=1)
        self.ctx.now = START
        self.journal: list[Message] = []
        self.sent: list[Envelope] = []
        self.last_events: list[Message] = []
        self.last_sent: list[Envelope] = []
        self.timers: dict[str, Message] = {}
        self.timer_delays: dict[str, int] = {}
        self.messages = 0

    # --- driving ----------------------------------------------------------------------------------------------

    def give(self, message: Message, sender: str = "operator", message_id: str | None = None) -> None:
        self.messages += 1
        name = message_id or f"{sender}#{self.messages}"
        self.ctx.begin(sender, name, name)
        self.risk.receive(message, self.ctx)
        self.last_events, self.last_sent = self.ctx.events, self.ctx.envelopes
        for key in self.ctx.cancelled_timers:
            self.timers.pop(key, None)
        self.timers.update({key: timer.message for key, timer in self.ctx.timers.items()})
        self.timer_delays.update({key: timer.due - self.ctx.now for key, timer in self.ctx.timers.items()})
        self.journal += self.last_events
        self.sent += self.last_sent
        self.ctx.clear()

    def wait(self, duration: int) -> Desk:
        self.ctx.now += duration
        return self

    def restart(self) -> None:
        """Kill the actor and bring another to its state by the journal alone; timers stay."""
        sequence, now, fresh = self.ctx.sequence, self.ctx.now, self.replayed()
        self.risk, self.ctx = fresh, Context(fresh, seed=1)
        self.ctx.sequence, self.ctx.now = sequence, now

    def ring(self, key: str) -> None:
        """Let a timer's time come."""
        self.give(self.timers.pop(key), "risk")

    def seed(
        self,
        cash: Amount = 100_000,
        venue: str = "paper",
        balances: dict[str, Decimal] | None = None,
        **positions: str,
    ) -> Desk:
        held = {symbol.replace("_", "-"): D(quantity) for symbol, quantity in positions.items()}
        self.give(AccountSeeded(venue, {"USDT": D(cash), **(balances or {})}, held), f"execution/{venue}")
        return self

    def mark(self, symbol: str = "BTC-USDT", bid: float = 100.0, ask: float | None = None) -> Desk:
        self.ctx.now += 1
        self.give(
            Marks((Mark(symbol, bid, bid if ask is None else ask, self.ctx.now),)), f"strategy/{symbol}"
        )
        return self

    def intend(
        self,
        side: Side,
        quantity: Amount,
        symbol: str = "BTC-USDT",
        worst: Amount = 100,
        *,
        strategy: str = "ema",
        venue: str = "paper",
        sender: str | None = None,
        message_id: str | None = None,
        quote_age: int | None = None,
        size: float | None = None,
        **terms: object,
    ) -> str:
        """Raise an intent; its id."""
        wanted = OrderTerms(
            symbol=symbol,
            venue=venue,
            side=side,
            quantity=D(quantity),
            order_type=OrderType.MARKET,
            worst_price=D(worst),
            deadline=self.ctx.now + 2 * SECOND,
        )
        wanted = msgspec.structs.replace(wanted, **terms)
        quote = None
        if quote_age is not None:
            seen = self.ctx.now - quote_age
            quote = QuoteSnapshot(100.0, 100.0, size, size, seen, seen)
        intent_id = message_id or f"strategy/{symbol}#{self.messages + 1}"
        intent = OrderIntent(strategy, wanted, quote, "signal")
        self.give(intent, sender or f"strategy/{symbol}", intent_id)
        return intent_id

    def fill(
        self,
        intent_id: str,
        side: Side,
        quantity: Amount,
        price: Amount = 100,
        fee: Amount = 0,
        symbol: str = "BTC-USDT",
        *,
        fill_id: str | None = None,
        strategy: str = "ema",
        venue: str = "paper",
        fee_currency: str = "USDT",
    ) -> Fill:
        fill = Fill(
            fill_id=fill_id or f"f{self.messages}",
            venue=venue,
            symbol=symbol,
            strategy=strategy,
            intent_id=intent_id,
            client_order_id=f"c-{intent_id}",
            venue_order_id="v1",
            side=side,
            price=D(price),
            quantity=D(quantity),
            fee=D(fee),
            fee_currency=fee_currency,
            liquidity=Liquidity.TAKER,
            event_time=self.ctx.now,
        )
        self.give(fill, f"execution/{venue}")
        return fill

    def report(
        self,
        intent_id: str,
        state: OrderState = OrderState.FILLED,
        filled: Amount = 0,
        *,
        final: bool = True,
        symbol: str = "BTC-USDT",
        quantity: Amount = 1,
        venue: str = "paper",
    ) -> None:
        report = OrderReport(
            intent_id, symbol, None, state, D(quantity), D(filled), final, Reason.ACCEPTED, self.ctx.now
        )
        self.give(report, f"execution/{venue}")

    def trade(
        self,
        side: Side,
        quantity: Amount,
        price: Amount = 100,
        fee: Amount = 0,
        symbol: str = "BTC-USDT",
        *,
        strategy: str = "ema",
    ) -> str:
        """An intent from approval to its last report, filled in one piece at its worst price."""
        intent_id = self.intend(side, quantity, symbol, price, strategy=strategy)
        assert self.decision.quantity == D(quantity), self.decision
        self.fill(intent_id, side, quantity, price, fee, symbol, strategy=strategy)
        self.report(intent_id, OrderState.FILLED, quantity, symbol=symbol)
        return intent_id

    # --- looking ----------------------------------------------------------------------------------------------

    @property
    def decision(self) -> IntentDecided:
        """The last decision."""
        return next(event for event in reversed(self.journal) if isinstance(event, IntentDecided))

    @property
    def mode(self) -> Mode:
        return self.risk.state.mode

    @property
    def nav(self) -> Decimal | None:
        return self.risk.state.nav

    def events(self, kind: type[M]) -> list[M]:
        """What the last input made happen."""
        return [event for event in self.last_events if isinstance(event, kind)]

    def messages_to(self, recipient: str, kind: type[M]) -> list[M]:
        """What the last input sent there."""
        return [
            envelope.message
            for envelope in self.last_sent
            if envelope.recipient == recipient and isinstance(envelope.message, kind)
        ]

    def packed(self) -> bytes:
        return codec.pack(codec.to_plain(self.risk.state))

    def replayed(self) -> RiskActor:
        """A fresh actor brought to this state by the journal alone, each event through its stored form."""
        fresh = RiskActor(self.settings)
        for event in self.journal:
            fresh.apply(codec.decode(codec.encode(event)))
        return fresh


def ready(chosen: RiskLimits = WIDE, cash: Amount = 100_000) -> Desk:
    """A desk with cash and a mark of 100 for BTC-USDT."""
    return Desk(settings(chosen)).seed(cash).mark()


def result(desk: Desk, check: str) -> CheckResult:
    """One check's answer in the last decision."""
    return next(one for one in desk.decision.checks if one.check == check)
