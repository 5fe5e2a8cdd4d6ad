"""A stage for a strategy actor without any runtime: plays its feed, mail and timers, and keeps what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import nan
from typing import TypeVar

import msgspec

from actors.base import Context, Timer
from actors.strategy.actor import StrategyActor
from actors.strategy.models import Model
from actors.strategy.settings import (
    CooldownSettings,
    ExitSettings,
    Instrument,
    OrderSettings,
    StrategyActorSettings,
    StrategySettings,
)
from actors.strategy.state import StrategyActorState, StrategyState
from messages.base import Message
from messages.codec import from_plain, message_from_plain, message_to_plain, pack, to_plain, unpack
from messages.intents import CancelIntent, OrderIntent, Side
from messages.market import ObservationDue, TickKind
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.reasons import Reason

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
START = 1_723_161_600 * SECOND
SAMPLES = "tests.actors.strategy.sample_strategies"
BTC = Instrument(
    "BTC-USDT",
    "paper",
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(10),
)
ETH = Instrument("ETH-USDT", "paper", tick=Decimal("0.01"), lot=Decimal("0.001"))

M = TypeVar("M", bound=Message)
Models = Mapping[str, Sequence[Model]]
"""The models of each strategy, by its id."""


def strategy(kind: str = f"{SAMPLES}:Obedient", name: str = "obey", **changes: object) -> StrategySettings:
    """Settings of one strategy; market orders of 1,000 and no exits unless said otherwise."""
    fields: dict[str, object] = {
        "instrument": BTC,
        "order": OrderSettings(Decimal(1_000)),
        "exits": ExitSettings(),
        "cooldown": CooldownSettings(after_rejection=0),
        **changes,
    }
    return StrategySettings(id=name, kind=kind, **fields)  # type: ignore[arg-type]


def packed(state: StrategyActorState) -> bytes:
    """The stored form of a state."""
    return pack(to_plain(state))


class Stage:
    """Runs one actor. Every event and its stored form are kept, so that a crash can be played at any time."""

    def __init__(
        self, *strategies: StrategySettings, models: Models | None = None, **changes: object
    ) -> None:
        chosen = strategies or (strategy(),)
        self.settings = StrategyActorSettings(chosen, **changes)  # type: ignore[arg-type]
        self.address = f"strategy/{chosen[0].instrument.symbol}"
        self.models = models
        self.actor = StrategyActor(self.address, self.settings, models=models)
        self.ctx = Context(self.actor, seed=1)
        self.now = START
        self.journal: list[Message] = []
        self.sent: list[tuple[str, str, Message]] = []
        self.timers: dict[str, Timer] = {}
        self.rows: list[tuple[str, int, int, int, float, float, float, float, float]] = []
        self.fills = 0

    # playing

    def quote(
        self,
        bid: float = 1_000.0,
        ask: float | None = None,
        order: float = 1.0,
        *,
        after: int = MILLISECOND,
        symbol: str = "BTC-USDT",
        event_time: int | None = None,
    ) -> bool:
        """A quote `after` ns, stepped when it is due; `order` is its bid size."""
        self.now += after
        told = self.now if event_time is None else event_time
        ask = bid + 0.1 if ask is None else ask
        return self.row(symbol, TickKind.QUOTE, told, bid, order, ask, 1.0, nan)

    def trade(self, price: float, size: float = 1.0, *, after: int = MILLISECOND) -> bool:
        """A trade `after` ns."""
        self.now += after
        return self.row("BTC-USDT", TickKind.TRADE, self.now, price, size, 1.0, nan, nan)

    def row(self, symbol: str, kind: int, event_time: int, *values: float) -> bool:
        v0, v1, v2, v3, v4 = values
        self.rows.append((symbol, kind, self.now, event_time, v0, v1, v2, v3, v4))
        due = self.actor.observe(symbol, kind, self.now, event_time, v0, v1, v2, v3, v4)
        if due:
            self.take(ObservationDue(symbol, len(self.rows), self.now), sender=self.address)
        return due

    def take(self, message: Message, *, sender: str = "risk") -> None:
        """Give the actor one input and keep what came of it."""
        self.ctx.clear()
        self.ctx.now = self.now
        self.ctx.begin(sender, f"{sender}#{self.ctx.inputs + 1}", "cycle")
        self.actor.receive(message, self.ctx)
        self.journal += [message_from_plain(unpack(pack(message_to_plain(each)))) for each in self.ctx.events]
        self.sent += [(each.id, each.recipient, each.message) for each in self.ctx.envelopes]
        for key in self.ctx.cancelled_timers:
            self.timers.pop(key, None)
        self.timers.update(self.ctx.timers)
        self.check_replay()

    def wait(self, span: int) -> None:
        """Let time pass; timers that become due are taken in their order."""
        until = self.now + span
        while due := [each for each in self.timers.values() if each.due <= until]:
            timer = min(due, key=lambda each: (each.due, each.key))
            del self.timers[timer.key]
            self.now = max(self.now, timer.due)
            self.take(timer.message, sender=self.address)
        self.now = until

    def crash(self, *, fold: bool = False) -> None:
        """Bring the actor back from its journal; its view is empty, or folded again from all rows."""
        fresh = StrategyActor(self.address, self.settings, models=self.models)
        for event in self.journal:
            fresh.apply(event)
        if fold:
            fresh.forget_view()
            for row in self.rows:
                fresh.observe(*row)
        sequence, inputs = self.ctx.sequence, self.ctx.inputs
        self.actor = fresh
        self.ctx = Context(fresh, seed=1)
        self.ctx.sequence, self.ctx.inputs = sequence, inputs

    # answers of the others

    def fill(
        self,
        intent_id: str | None = None,
        quantity: Decimal | str | None = None,
        price: float = 1_000.0,
        **changes: object,
    ) -> Fill:
        """Fill an open intent (the last) in part or in full; does not end it."""
        intent_id = intent_id or self.last_intent_id
        intent = self.intents[intent_id]
        self.fills += 1
        fill = Fill(
            fill_id=f"f{self.fills}",
            venue="paper",
            symbol=intent.terms.symbol,
            strategy=intent.strategy,
            intent_id=intent_id,
            client_order_id=f"c-{intent_id}",
            venue_order_id="1",
            side=intent.terms.side,
            price=Decimal(str(price)),
            quantity=intent.terms.quantity if quantity is None else Decimal(quantity),
            fee=Decimal("0.1"),
            fee_currency="USDT",
            liquidity=Liquidity.TAKER,
            event_time=self.now,
        )
        fill = msgspec.structs.replace(fill, **changes)
        self.take(fill, sender="execution/paper")
        return fill

    def report(
        self,
        state: OrderState,
        filled: Decimal | str = "0",
        intent_id: str | None = None,
        *,
        final: bool = True,
        reason: Reason = Reason.ACCEPTED,
    ) -> None:
        """Execution says where the order of an intent (the last) stands."""
        intent_id = intent_id or self.last_intent_id
        terms = self.intents[intent_id].terms
        report = OrderReport(
            intent_id=intent_id,
            symbol=terms.symbol,
            client_order_id=f"c-{intent_id}",
            state=state,
            quantity=terms.quantity,
            filled=Decimal(filled),
            final=final,
            reason=reason,
            time=self.now,
        )
        self.take(report, sender="execution/paper")

    def fill_all(self, intent_id: str | None = None, price: float = 1_000.0) -> None:
        """Fill an intent (the last) in full and end it."""
        intent_id = intent_id or self.last_intent_id
        self.fill(intent_id, price=price)
        self.report(OrderState.FILLED, self.intents[intent_id].terms.quantity, intent_id)

    # looking

    @property
    def intents(self) -> dict[str, OrderIntent]:
        """All intents sent so far by id."""
        return {name: each for name, _, each in self.sent if isinstance(each, OrderIntent)}

    @property
    def last_intent_id(self) -> str:
        """The id of the intent sent last."""
        return list(self.intents)[-1]

    @property
    def last(self) -> OrderIntent:
        """The intent sent last."""
        return self.intents[self.last_intent_id]

    @property
    def cancels(self) -> list[str]:
        """The intents asked to be cancelled, in order."""
        return [each.intent_id for _, _, each in self.sent if isinstance(each, CancelIntent)]

    def events(self, kind: type[M]) -> list[M]:
        """The journalled events of one type."""
        return [each for each in self.journal if isinstance(each, kind)]

    def state(self, name: str = "obey", symbol: str = "BTC-USDT") -> StrategyState:
        """The state of one strategy; a blank one when nothing was journalled of it."""
        blank = StrategyState(strategy=name, symbol=symbol)
        return self.actor.state.strategies.get(f"{name}/{symbol}", blank)

    @property
    def held(self) -> Decimal:
        """The position of the strategy `obey`."""
        return self.state().position.quantity

    def check_replay(self) -> None:
        """The state equals the journal's replay, and survives its stored form."""
        fresh = StrategyActor(self.address, self.settings, models=self.models)
        for event in self.journal:
            fresh.apply(event)
        assert packed(fresh.state) == packed(self.actor.state)
        restored = from_plain(unpack(packed(self.actor.state)), StrategyActorState, where="state")
        assert packed(restored) == packed(self.actor.state)


def sides(intents: Sequence[OrderIntent]) -> list[tuple[Side, Decimal]]:
    """Side and quantity of each intent."""
    return [(each.terms.side, each.terms.quantity) for each in intents]
