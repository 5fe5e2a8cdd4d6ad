"""Invariant 3: no approval exceeds a limit then in force, and what facts exceed reduces the desk in the same step."""

from __future__ import annotations

import copy
from decimal import Decimal

import msgspec

from actors.risk.limit_table import PACE, STATISTICAL
from actors.risk.limits import RiskLimits, RiskSettings
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.portfolio import Approved, Portfolio, approved_by
from cluster.simulator.desk.audit.splits import ADAPTED, judge_adaptation, judge_splits
from cluster.simulator.desk.audit.tails import Broken, Samples, TailAudit
from cluster.store.port import Section
from messages.base import Address, Message
from messages.control import Mode
from messages.intents import OrderTerms, Side, SubmitOrder, Verdict
from messages.limits import DESK, LimitSet
from messages.portfolio import FillBooked, IntentDecided, MarksTaken, RatesTaken
from messages.statistics import BudgetPinned, CapitalAllocated, LimitsAdapted, ReturnsSampled
from messages.transfers import TransferBooked

RISK: Address = "risk"
BooksMemory = tuple[Portfolio, Samples]
_FACTS = (FillBooked, MarksTaken, LimitSet, RatesTaken, TransferBooked, ReturnsSampled)
"""What moves the portfolio or its limits past any approval."""
_ROUNDING = Decimal("1E-6")
"""What divisions on either side may differ by, in quote currency."""


class LimitAudit:
    """See the module docstring; `portfolio` are the auditor's own books, by risk's committed events."""

    def __init__(self, settings: RiskSettings) -> None:
        self.portfolio = Portfolio()
        self.tails = TailAudit(settings.statistics)
        self.settings = settings
        self._limits: RiskLimits = settings.limits
        self.measures = any(getattr(settings.limits, name) is not None for name in STATISTICAL)
        """whether anything goes by statistics of returns"""
        self._paces = any(getattr(settings.limits, name) is not None for name in PACE)

    def committed(self, section: Section) -> None:
        """A step of risk was committed."""
        self._judge_step(section)
        if self.settings.anomalies.enabled:
            self.portfolio.anomalies.judge(self.settings.anomalies, section.record.events)

    def _judge_step(self, section: Section) -> None:
        terms = {
            each.message.intent_id: each.message.terms
            for each in section.envelopes
            if isinstance(each.message, SubmitOrder)
        }
        facts = False
        for event in section.record.events:
            if isinstance(event, IntentDecided) and event.verdict is not Verdict.REJECTED:
                self._judge(event, terms.get(event.intent_id), section.position.now)
            elif isinstance(event, FillBooked):
                self._judge_fill(event)
            elif isinstance(event, ReturnsSampled):
                self.tails.sampled(event, self.portfolio)
            elif isinstance(event, LimitsAdapted):
                judge_adaptation(self.settings, self._configured, self.portfolio, section.record.events)
            elif isinstance(event, BudgetPinned | CapitalAllocated):
                judge_splits(self.settings, self.portfolio, event, section)
            facts = facts or isinstance(event, _FACTS)
            self.portfolio.apply(event)
            if self._paces:
                self._count(event)
        if facts:
            self._judge_facts(section)

    def _count(self, event: Message) -> None:
        if isinstance(event, IntentDecided):
            self.portfolio.pace.decided(event)
        elif isinstance(event, FillBooked):
            self.portfolio.pace.filled(event)

    @property
    def _configured(self) -> RiskLimits:
        """The desk's limits as people have left them."""
        own = self.portfolio.limits.get(DESK)
        if not own:
            return self._limits
        values = {name: _number(text) for name, text in own.items()}
        return msgspec.structs.replace(self._limits, **values)

    def _in_force(self, event: IntentDecided | None = None) -> RiskLimits:
        """The desk's limits in force; with an intent, the strictest of all parts that it is in."""
        changes = self.portfolio.limits
        if not changes:
            return self._limits
        limits, values = self._configured, dict[str, Decimal | int]()
        parts = [ADAPTED]
        if event is not None:
            parts += [f"symbol:{event.symbol}", f"strategy:{event.strategy}", f"venue:{event.venue}"]
        for part in parts:
            for name, text in changes.get(part, {}).items():
                if name != GROUP:
                    known = values.get(name, getattr(limits, name))
                    stricter = max if name.startswith(_MORE_IS_STRICTER) else min
                    values[name] = _number(text) if known is None else stricter(known, _number(text))
        return msgspec.structs.replace(limits, **values) if values else limits

    def _judge_fill(self, event: FillBooked) -> None:
        """A fill, before it is in the books: booked once, at what its currency counts now."""
        if (event.venue, event.fill_id) in self.portfolio.booked:
            raise _finding(2, "a fill was booked twice", event, event.requester)
        rate = self.portfolio.rate(event.currency)
        if rate is not None and event.rate != rate:
            raise _finding(2, "a fill was booked at another rate than that of its time", event, rate)

    def _judge(self, event: IntentDecided, terms: OrderTerms | None, now: int) -> None:
        """An approval, before it is in the books."""
        books = self.portfolio
        if terms is None or terms.quantity > event.quantity or terms.side is not event.side:
            raise _finding(3, "an approval and the order that carries it differ", event, terms)
        mark = books.marks.get(event.symbol)
        wanted = approved_by(event)
        wanted.price = max(terms.worst_price, ZERO if mark is None else mark[1])
        if wanted.quantity <= books.reducible(wanted.listing, wanted.side):
            return
        if event.limits_version != books.limits_version:
            raise _finding(
                3, "an approval says that it was judged by other limits", event, books.limits_version
            )
        if not event.increases_exposure:
            raise _finding(3, "an approval that may increase exposure says that it can't", event, wanted)
        broken = self._broken(wanted, event, now)
        if broken is not None:
            raise _finding(3, f"an approval exceeds a limit: {broken[0]}", event, broken[1:])

    def _broken(self, wanted: Approved, event: IntentDecided, now: int) -> tuple[str, object, object] | None:
        """The first limit that an approval exceeds: its name, its value, what was reckoned."""
        books, limits = self.portfolio, self._in_force(event)
        nav, mark = books.nav(), books.marks.get(event.symbol)
        if books.mode is not Mode.NORMAL:
            return "mode", Mode.NORMAL, books.mode
        if nav is None or mark is None or now - mark[2] > limits.max_mark_age:
            return "marks", nav, mark
        value = wanted.quantity * wanted.price * books.scale(wanted.listing)
        buys = sum(
            (
                each.left * each.price * books.scale(each.listing)
                for each in books.open_orders()
                if each.side is Side.BUY
            ),
            ZERO,
        )
        cash = books.cash() - buys - value
        reserve = limits.min_cash_reserve * nav
        lost = ZERO if books.anchor is None else books.anchor - nav
        rows: tuple[tuple[str, Decimal, Decimal], ...] = (
            ("order notional", limits.max_order_notional, value),
            (
                "symbol exposure",
                limits.max_symbol_exposure * nav,
                books.symbol_exposure(event.symbol, wanted),
            ),
            ("gross exposure", limits.max_gross_exposure * nav, books.gross_exposure(wanted)),
            ("cash reserve", -reserve, -cash if wanted.side is Side.BUY else -reserve),
            ("open orders", Decimal(limits.max_open_orders), Decimal(len(books.open_orders()) + 1)),
            ("open positions", Decimal(limits.max_open_positions), Decimal(len(books.listings(wanted)))),
            ("exposure at the venue", self._venue_cap(event.venue, nav), books.venue_exposure(wanted)),
            ("daily loss", limits.daily_loss_limit * (books.anchor or ZERO), lost),
        )
        broken: Broken | None = next((row for row in rows if row[2] > row[1] + _ROUNDING), None)
        if broken is None and self._paces:
            broken = books.pace.broken(event, limits)
        return broken or self.tails.broken(books, wanted, limits, nav)

    def _venue_cap(self, venue: str, nav: Decimal) -> Decimal:
        """What may be at risk at a venue as a whole; without a cap, more than there ever is."""
        text = self.portfolio.limits.get(f"venue:{venue}", {}).get(GROUP)
        return _NO_CAP if text is None else Decimal(text) * nav

    def _judge_facts(self, section: Section) -> None:
        """What facts carried beyond a limit, with the house's tolerance, has reduced the desk in the same step."""
        books, limits = self.portfolio, self._in_force()
        nav = books.nav()
        if nav is None or books.mode is not Mode.NORMAL:
            return
        slack = 1 + limits.breach_tolerance
        symbols = dict.fromkeys(listing[1] for listing in books.listings())
        worst = max((books.symbol_exposure(symbol) for symbol in symbols), default=ZERO)
        for what, limit, observed in (
            ("symbol", limits.max_symbol_exposure * nav * slack, worst),
            ("gross", limits.max_gross_exposure * nav * slack, books.gross_exposure()),
        ):
            if observed > limit + _ROUNDING:
                raise Finding(
                    3,
                    f"facts exceed the {what} limit and the desk is not reduced",
                    actors=(RISK,),
                    value=(observed, limit, section.position.step),
                )
        exceeded = self.tails.exceeds(books, limits, nav)
        if exceeded is not None:
            what = f"facts exceed {exceeded[0]} and the desk is not reduced"
            raise Finding(3, what, actors=(RISK,), value=exceeded[1:])

    # ------------------------------------------------------------------ lost history

    def remember(self) -> BooksMemory:
        """The books as they are now."""
        return copy.deepcopy(self.portfolio), self.tails.samples

    def forget_to(self, memory: BooksMemory) -> None:
        """History was lost: the books are what they were then."""
        portfolio, self.tails.samples = memory
        self.portfolio = copy.deepcopy(portfolio)


ZERO = Decimal(0)
GROUP = "max_exposure"
"""The limit on all symbols of a part of the desk together."""

_NO_CAP = Decimal("1E15")
_MORE_IS_STRICTER = (
    "min_",
    "cooldown_",
    "symbol_spacing",
    "global_spacing",
    "losing_streak_cooldown",
    "burst_window",
)
"""How the names of limits begin whose greater value is the stricter one."""


def _number(text: str) -> Decimal | int:
    return int(text) if text.isdigit() else Decimal(text)


def _finding(invariant: int, what: str, event: IntentDecided | FillBooked, value: object) -> Finding:
    actors = [RISK, event.requester] if event.requester not in ("", RISK) else [RISK]
    return Finding(invariant, f"{what}: {event.intent_id}", actors=actors, value=value)
