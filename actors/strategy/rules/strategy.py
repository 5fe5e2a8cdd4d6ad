"""The strategy that trades the rules: bars -> triggers -> the strongest case -> proposal -> gates -> one order."""

from __future__ import annotations

from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from actors.strategy.bars import Bar, BarSource
from actors.strategy.pipeline.arrays import Codes
from actors.strategy.pipeline.gating import BadTickSettings, atr_ratio, bad_tick_measures, bars_seen
from actors.strategy.pipeline.gating.measures import BAD_TICK_BARS, CHOP_LOOKBACK
from actors.strategy.pipeline.windows import BarWindow, WindowSettings
from actors.strategy.rules import indicators
from actors.strategy.rules.cases import cases
from actors.strategy.rules.merging import BarMerger
from actors.strategy.rules.parameters import RulesParameters
from actors.strategy.rules.proposals import CONVICTION_PARTS, Proposals, propose
from actors.strategy.rules.regime import Regime, classify
from actors.strategy.rules.triggers import TRIGGERS, Fired, Seen
from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from messages.decisions import Decision
from messages.errors import ConfigurationError
from messages.intents import Side
from messages.reasons import Reason
from messages.stages import StageRecords, TradeProposal

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_FAST_BARS = 64
"""What the confirmations need."""


class Scan(NamedTuple):
    """What the last bar of one symbol came to; arrays of one symbol."""

    proposals: Proposals
    regime: Regime
    trend: float
    volatility: float
    refused: Reason | None
    detail: str | None
    any_fired: bool


class Rules(Strategy):
    """Acts on what happens on bars: large moves, spikes of volume, breakouts, turns; each with a stop, target and time.

    It bets that such moves go on for hours to days, and that the dips of a market that is not crashing are bought back
    (`falls: sell` goes along with them instead). It loses in a market that goes to and fro within its thresholds: each
    move is entered near its end and left at the stop or by the clock.

    The size of an order is that of the proposal, in percent of the budget, times its conviction; one that is only just
    convincing is tried as a canary: a quarter of it, with an order that rests and never takes. A position is not added
    to; one that is held against a proposal is turned. Symbols of a group share the budget, and the regime with
    `regime_symbol`.
    """

    Parameters = RulesParameters
    decides_for_groups = True
    needs_budget = True
    answers_probes = True

    parameters: RulesParameters

    def on_start(self) -> None:
        """Make room for the bars. Raises `ConfigurationError` for a regime symbol that it does not see."""
        chosen = self.parameters
        self._rows = {symbol: row for row, symbol in enumerate(self.symbols)}
        if chosen.regime_symbol is not None and chosen.regime_symbol not in self._rows:
            raise ConfigurationError(
                "the regime is measured on a symbol that the strategy does not see",
                field="parameters.regime_symbol",
                value=chosen.regime_symbol,
                remedy=f"name one of {', '.join(self.symbols)}, and set group: true",
            )
        items = max(chosen.trend_bars, chosen.volatility_bars, CHOP_LOOKBACK) + 1
        count = len(self.symbols)
        self._slow = BarWindow(count, WindowSettings(items, chosen.interval, chosen.fill))
        self._fast = BarWindow(count, WindowSettings(_FAST_BARS, chosen.fast_interval, chosen.fill))
        self._mergers = [BarMerger(chosen.fast_interval, chosen.interval) for _ in self.symbols]
        self._scans: list[Scan | None] = [None] * count
        self._table = cases(chosen.falls, allow_short=chosen.allow_short)
        self._bad_tick = BadTickSettings()
        self.bars_only = True
        if chosen.bars is BarSource.FEED:
            self.subscribe_feed_bars(chosen.fast_interval)
        else:
            self.subscribe_bars(chosen.fast_interval, chosen.bars)

    # seeing

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        """Fold a short bar; a decision is due when a long one is complete."""
        row = self._rows[view.symbol]
        if not self._fast.push(row, bar):
            return False
        done: list[Bar] = []
        self._mergers[row].push(bar, done.append)
        pushed = [self._slow.push(row, each) for each in done]
        if not any(pushed):
            return False
        before = self._scans[row]
        self._scans[row] = self._scan(row, relaxed=before is not None and not before.any_fired)
        return True

    def _scan(self, row: int, *, relaxed: bool) -> Scan:
        """What the bars of one symbol say."""
        chosen, here = self.parameters, slice(row, row + 1)
        bars, fast = self._slow.bars()[here], self._fast.bars()[here]
        volatility = indicators.annual_volatility(bars, chosen.volatility_bars, chosen.bars_a_year)
        regime, trend = self._regime(row)
        seen = Seen(bars, fast, regime)
        fired = self._fired(seen, relaxed=False)
        any_fired = any(each.direction[0] for each in fired.values())
        if not any_fired and relaxed and chosen.relax and "price_move" in fired:
            fired["price_move"] = TRIGGERS["price_move"](seen, chosen.measures(relaxed=True))
        made = propose(
            fired,
            regime,
            volatility,
            self._table,
            sizes=chosen.sizes(),
            convictions=chosen.convictions(),
            core=chosen.tier == "core",
        )
        refused, detail = self._refusal(row, made, Regime(int(regime[0])), float(volatility[0]))
        return Scan(made, Regime(int(regime[0])), trend, float(volatility[0]), refused, detail, any_fired)

    def _fired(self, seen: Seen, *, relaxed: bool) -> dict[str, Fired]:
        settings = self.parameters.measures(relaxed=relaxed)
        return {name: TRIGGERS[name](seen, settings) for name in self.parameters.triggers}

    def _regime(self, row: int) -> tuple[Codes, float]:
        """The regime that holds for a symbol, int8[1], and the trend in percent that it was told by."""
        chosen = self.parameters
        if chosen.regime_symbol is not None:
            row = self._rows[chosen.regime_symbol]
        bars = self._slow.bars()[row : row + 1]
        trend = indicators.total_return(bars, chosen.trend_bars) * 100.0
        volatility = indicators.annual_volatility(bars, chosen.volatility_bars, chosen.bars_a_year)
        return classify(trend, volatility).code, float(trend[0])

    def _refusal(
        self, row: int, made: Proposals, regime: Regime, volatility: float
    ) -> tuple[Reason | None, str | None]:
        """Why the bars forbid to act on what is proposed, and which input is missing; None when they don't."""
        bars = self._slow.bars()[row : row + 1]
        limits = self._bad_tick
        deviation, traded = (float(each[0]) for each in bad_tick_measures(bars))
        judged = int(bars_seen(bars)[0]) > BAD_TICK_BARS
        if judged and not (deviation <= limits.max_deviation or traded >= limits.min_volume_ratio):
            return Reason.BAD_TICK, None
        if made.reason[0] is Reason.MISSING:
            return Reason.MISSING, "volatility" if isnan(volatility) else "regime"
        if made.reason[0] is not Reason.ACCEPTED:
            return made.reason[0], None
        if self.parameters.range_filter:
            ratio = float(atr_ratio(bars)[0])
            if isnan(ratio):
                return Reason.MISSING, "atr_ratio"
            if ratio < self.parameters.measures(relaxed=False).thresholds[regime].range:
                return Reason.CHOP, None
        return None, None

    # deciding

    def decide(self, desk: Desk) -> None:
        """Act on what the last bar of the symbol came to."""
        scan = self._scans[self._rows[desk.symbol]]
        if scan is None:
            return
        made = scan.proposals
        desk.explain(regime=scan.regime.word, trend=scan.trend, volatility=scan.volatility)
        if scan.refused is not None:
            if scan.detail is not None:
                desk.explain(missing=scan.detail)
            desk.decline(Decision.NO_TRADE, scan.refused)
            return
        if desk.waiting:
            desk.decline(Decision.BLOCKED, Reason.INTENT_OPEN)
            return
        view = desk.view
        if not view.spread <= self.parameters.spread * view.mid:
            desk.decline(Decision.BLOCKED, Reason.WIDE_SPREAD)
            return
        side, held = int(made.side[0]), desk.position.direction
        if held == side or (held and made.canary[0]):  # a canary turns nothing
            desk.decline(Decision.HOLD, Reason.HOLD_POSITION)
            return
        self._enter(desk, made, side)

    def _enter(self, desk: Desk, made: Proposals, side: int) -> None:
        case = self._table[int(made.case[0])]
        conviction, size = float(made.conviction[0]), float(made.size[0])
        factor = desk.size_factor
        # the cap goes last
        weight = min(size / 100.0 * conviction * factor, self.parameters.max_weight)
        desk.explain(
            trigger=case.trigger,
            tag=case.tag or None,
            canary="yes" if made.canary[0] else None,
            size_pct=size,
            factor=factor,
            conviction=conviction,
            **{
                f"conviction_{name}": float(part)
                for name, part in zip(CONVICTION_PARTS, made.breakdown[0], strict=True)
                if part
            },
        )
        proposal = TradeProposal(weight, conviction, case.stop, case.target, case.hold)
        desk.trace(StageRecords(proposal=proposal))
        desk.choose_exits(side, stop=case.stop, target=case.target, max_holding=case.hold)
        budget = desk.budget
        if made.canary[0] and budget is not None:
            desk.rest(
                Side.BUY if side > 0 else Side.SELL,
                offset_ticks=0,
                time_to_live=self.parameters.canary_rest,
                notional=budget * Decimal(repr(weight)),
            )
        else:
            desk.target_weight(weight * side)
