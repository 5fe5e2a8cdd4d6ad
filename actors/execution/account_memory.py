"""How the execution actor remembers what is about the account as a whole: stream, fills, rules, corrections.

The part of `memory` that is about no single order. Nothing here decides or fails on a valid event.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Actor, applies
from actors.execution.order import ZERO
from actors.execution.settings import ExecutionSettings
from actors.execution.state import ExecutionState, Holding, holding_key
from actors.execution.venue_state import Condition, FillsQuestion, stranger_key
from messages import account_events as a
from messages.account_setup import (
    ConfigurationAsked,
    ConfigurationTaken,
    DeadManAnswered,
    DeadManAsked,
    DeadManLost,
    InstrumentsAsked,
    InstrumentsTaken,
)
from messages.control import Mode
from messages.orders import Fill


class AccountMemory(Actor[ExecutionState]):
    """The `apply` half for the account. `touched_holdings` are those whose stops are to be looked at."""

    def __init__(self, settings: ExecutionSettings, state: ExecutionState) -> None:
        super().__init__(f"execution/{settings.venue}", state)
        self.settings = settings
        self.configuration = settings.configuration
        """what the account is to be brought to"""
        self.touched_holdings: dict[str, None] = {}
        self.protects = settings.protective_stop is not None

    @property
    def holds_placing(self) -> bool:
        """Whether approved intents wait: for the account to be compared or configured, or for risk's mode."""
        state = self.state
        return state.placing_held or state.mode_due or self.configuration != state.at_venue.configured

    # --- the private stream and fills

    @applies(a.StreamBegun)
    def remember_stream_begun(self, event: a.StreamBegun) -> None:
        """What was missing will not come in the stream any more; an answer under way may be older than this."""
        state = self.state
        state.stream_sequence = max(state.stream_sequence, event.sequence)
        state.stream_missing = {}
        state.at_venue.ask_again = state.account_due
        self.note_told_until(event.time)

    @applies(a.FillsDue)
    def remember_fills_due(self, event: a.FillsDue) -> None:
        """A symbol's fills are asked for."""
        self.state.at_venue.fills_due[event.symbol] = FillsQuestion(
            event.since, event.attempt, event.strangers, event.time
        )

    @applies(a.FillsTaken)
    def remember_fills_taken(self, event: a.FillsTaken) -> None:
        """They are all in the books."""
        self.state.at_venue.fills_due.pop(event.symbol, None)

    @applies(a.OrderFillsAsked)
    def remember_order_fills_asked(self, event: a.OrderFillsAsked) -> None:
        """A question is under way."""
        self.state.orders[event.client_order_id].fills_asked = True

    @applies(a.OrderFillsAnswered)
    def remember_order_fills_answered(self, event: a.OrderFillsAnswered) -> None:
        """Count the answer, or the lack of one."""
        order = self.state.orders[event.client_order_id]
        order.fills_asked = False
        order.fill_probes = 0 if order.filled == order.venue_filled else order.fill_probes + 1

    def note_told_until(self, time: int) -> None:
        """The stream has told all fills until `time` (the venue's)."""
        venue = self.state.at_venue
        venue.heard_until = time if venue.heard_until is None else max(venue.heard_until, time)

    def note_fill(self, fill_id: str) -> None:
        """Keep a fill's id; the oldest eighth goes when there are too many."""
        venue, keep = self.state.at_venue, self.settings.keep_fills
        venue.fills[fill_id] = None
        if len(venue.fills) > keep:
            for old in list(venue.fills)[: max(1, keep // 8)]:
                del venue.fills[old]

    def note_stranger(self, symbol: str, venue_order_id: str) -> None:
        """Keep an order that is not ours; the oldest eighth goes when there are too many."""
        strangers, keep = self.state.at_venue.strangers, self.settings.keep_fills
        strangers[stranger_key(symbol, venue_order_id)] = None
        if len(strangers) > keep:
            for old in list(strangers)[: max(1, keep // 8)]:
                del strangers[old]

    # --- the account

    @applies(a.BalancesTaken)
    def remember_balances(self, event: a.BalancesTaken) -> None:
        """The venue's word on its cash."""
        self.state.at_venue.balances = dict(event.balances)

    def note_cash(self, fill: Fill, signed: Decimal, holding: Holding | None) -> None:
        """What a fill does to the cash: its fee, and on margin what it realises, else its whole value.

        `holding` is the position it changes, as it was before.
        """
        collateral = self.settings.collateral.get(fill.symbol)
        if collateral is None:
            return
        gain = -signed * fill.price
        if self.settings.traits.margin:
            held = ZERO if holding is None else holding.quantity
            closed = min(abs(held), abs(signed)) if held * signed < 0 else ZERO
            paid = fill.price if holding is None else holding.average_price
            gain = (fill.price - paid) * closed.copy_sign(held)
        self.move_cash(collateral.currency, gain * collateral.multiplier)
        self.move_cash(fill.fee_currency, -fill.fee)

    def note_exchange(self, fill: Fill, signed: Decimal) -> None:
        """A fill that exchanges one currency for another."""
        conversion = self.settings.conversions[fill.symbol]
        self.move_cash(conversion.base, signed)
        self.move_cash(conversion.quote, -signed * fill.price)
        self.move_cash(fill.fee_currency, -fill.fee)

    def move_cash(self, currency: str, amount: Decimal) -> None:
        """Cash changes; that of a currency which was never told stays unknown."""
        balances = self.state.at_venue.balances
        if currency in balances:
            balances[currency] += amount

    @applies(a.ConditionSet)
    def remember_condition(self, event: a.ConditionSet) -> None:
        """Keep what risk was told; NORMAL ends it."""
        conditions = self.state.at_venue.conditions
        if event.mode is Mode.NORMAL:
            conditions.pop(event.cause, None)
        else:
            conditions[event.cause] = Condition(event.mode, event.detail, event.person, event.time)

    @applies(a.HoldingsExceeded)
    def remember_exceeded(self, event: a.HoldingsExceeded) -> None:
        """The strategies are to be told."""
        self.move_exceeded(event.symbol, event.held - event.claimed)

    @applies(a.HoldingsSettled)
    def remember_holdings_settled(self, event: a.HoldingsSettled) -> None:
        """They were told, as far as they held any of it still, or are not to be."""
        self.state.at_venue.exceeded.pop(event.symbol, None)

    @applies(a.PositionCorrected)
    def remember_correction(self, event: a.PositionCorrected) -> None:
        """Set the account's position right, or the holding of the one whose position it was."""
        self.state.at_venue.corrections += 1
        signed = event.quantity * event.side.sign
        if event.of_account:
            self.move_position(event.symbol, signed)
            self.note_put_back(event.symbol, signed)
        else:
            self.move_holding(event.owner, event.strategy, event.symbol, signed)

    def move_position(self, symbol: str, signed: Decimal) -> None:
        """The account's position changes by a signed quantity, unless the symbol makes none."""
        if symbol in self.settings.conversions:
            return
        after = self.state.positions.get(symbol, ZERO) + signed
        if after == 0:
            self.state.positions.pop(symbol, None)
        else:
            self.state.positions[symbol] = after
        if self.protects:
            self.touch_symbol(symbol)

    def move_exceeded(self, symbol: str, signed: Decimal) -> None:
        """What others took of the strategies, and these were not told, changes."""
        exceeded = self.state.at_venue.exceeded
        exceeded[symbol] = exceeded.get(symbol, ZERO) + signed
        if not exceeded[symbol]:
            del exceeded[symbol]

    def note_put_back(self, symbol: str, signed: Decimal) -> None:
        """Others' trade gives back what others took of the strategies, as far as it goes the other way."""
        taken = self.state.at_venue.exceeded.get(symbol, ZERO)
        if taken * signed < 0:
            self.move_exceeded(symbol, min(abs(taken), abs(signed)).copy_sign(signed))

    def touch_symbol(self, symbol: str) -> None:
        """What the account has bounds every stop on the symbol, whoever has traded."""
        holdings = self.state.holdings.items()
        self.touched_holdings.update({key: None for key, each in holdings if each.symbol == symbol})

    def move_holding(self, owner: str, strategy: str, symbol: str, signed: Decimal) -> None:
        """A strategy's holding is reduced by a signed quantity; its average price stays."""
        key = holding_key(owner, strategy, symbol)
        holding = self.state.holdings.get(key)
        if holding is None:
            return
        holding.quantity += signed
        if self.protects:
            self.touched_holdings[key] = None
        if holding.quantity == 0:
            del self.state.holdings[key]

    @applies(ConfigurationAsked)
    def remember_configuration_asked(self, event: ConfigurationAsked) -> None:
        """Count the questions that had no answer."""
        self.state.at_venue.configure_attempt = event.attempt

    @applies(ConfigurationTaken)
    def remember_configuration(self, event: ConfigurationTaken) -> None:
        """The account is set up, but for what was refused."""
        venue = self.state.at_venue
        venue.configured, venue.refused, venue.configure_attempt = event.wanted, dict(event.refused), 0

    @applies(InstrumentsAsked)
    def remember_instruments_asked(self, event: InstrumentsAsked) -> None:
        """Count the questions that had no answer."""
        self.state.at_venue.instruments_attempt = event.attempt

    @applies(InstrumentsTaken)
    def remember_instruments(self, event: InstrumentsTaken) -> None:
        """The rules from now on."""
        venue = self.state.at_venue
        venue.instruments = {each.symbol: each for each in event.instruments}
        venue.instruments_at, venue.instruments_attempt = event.time, 0

    # --- the dead-man switch

    @applies(DeadManAsked)
    def remember_dead_man_asked(self, event: DeadManAsked) -> None:
        """A question is under way; from now on the countdown may run for these symbols."""
        dead_man = self.state.at_venue.dead_man
        dead_man.wanted, dead_man.countdown, dead_man.asked_at = event.symbols, event.countdown, event.time
        if event.countdown:
            dead_man.armed.update(dict.fromkeys(event.symbols))

    @applies(DeadManAnswered)
    def remember_dead_man_answered(self, event: DeadManAnswered) -> None:
        """What the countdown runs for, and until when at the earliest; nothing changes without an answer."""
        dead_man = self.state.at_venue.dead_man
        asked_at, dead_man.asked_at = dead_man.asked_at, None
        told = dict.fromkeys(event.symbols or ())
        missed = dead_man.countdown and any(symbol not in told for symbol in dead_man.wanted)
        if event.symbols is None or asked_at is None or missed:
            dead_man.failures += 1
            return
        if dead_man.countdown and not dead_man.renewed_all and dead_man.kept_until is not None:
            return  # the others' countdowns go on, and end first
        dead_man.failures, dead_man.lost = 0, False
        if dead_man.countdown:
            dead_man.kept_until = asked_at + dead_man.countdown
        else:
            for symbol in dead_man.wanted:
                dead_man.armed.pop(symbol, None)
            dead_man.kept_until = dead_man.kept_until if dead_man.armed else None

    @applies(DeadManLost)
    def remember_dead_man_lost(self, event: DeadManLost) -> None:
        """It was said."""
        self.state.at_venue.dead_man.lost = True

    @applies(a.VenueAccountDue)
    def remember_account_due(self, event: a.VenueAccountDue) -> None:
        """The account is to be asked for: that question will be newer than the stream's beginning."""
        self.state.account_due = True
        self.state.account_attempt, self.state.account_looks = event.attempt, event.looks
        self.state.at_venue.ask_again = False
        self.state.at_venue.differences = dict(event.differences)

    @applies(a.VenueAccountCompared, a.VenueAccountDiffers)
    def remember_compared(self, event: a.VenueAccountCompared | a.VenueAccountDiffers) -> None:
        """The comparison is done and placing goes on.

        What is missing of the stream stays missing, however clean: two missed fills may cancel each other out.
        """
        state, venue = self.state, self.state.at_venue
        state.account_due = False
        state.account_attempt = state.account_looks = 0
        state.placing_held = False
        venue.differences = {}
        if isinstance(event, a.VenueAccountCompared):
            venue.compared_at = event.as_of if event.as_of is not None else venue.compared_at
