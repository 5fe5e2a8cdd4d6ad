"""The conductor of the pipeline on one symbol, or on a group of them in one call.

It bets that models have an edge over the coming minutes to days that pays for its costs, and sizes it by volatility.
It loses when the edge it was trained on is gone: then realised returns pull the calibration, and with it the size,
towards nothing. At the close of a bar: bars -> predictions -> the planning kernel -> one target weight per symbol.
What it learned is in the actor's journal; everything else here follows from the feed.

A model of one's own without a file is a class with an `alpha`:

    class Reversal(Pipeline):
        def alpha(self, view: SymbolView) -> Mapping[str, float]:
            return {"5m": -0.3 * self.last_return(view.symbol)}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from math import nan
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from actors.strategy.bars import Bar, BarSource
from actors.strategy.budget import worth
from actors.strategy.pipeline.arrays import Bools, Floats
from actors.strategy.pipeline.columns import ALPHA, Columns
from actors.strategy.pipeline.gathering import (
    budget_of,
    fee_bps_of,
    held_of,
    market_of,
    mids_of,
    words_of,
)
from actors.strategy.pipeline.gating import ATR_PERIOD
from actors.strategy.pipeline.horizons import minutes_of, taus_s
from actors.strategy.pipeline.kernel import Axes, Market, Plan, Words, plan
from actors.strategy.pipeline.knowing import require_told, while_warming_up
from actors.strategy.pipeline.lacking import Needs, lacking
from actors.strategy.pipeline.learning import returns
from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.pipeline.records import (
    Names,
    Verdict,
    beside_figures,
    conviction,
    shares_of,
    stage_records,
    trade_decision,
    verdict,
)
from actors.strategy.pipeline.rewarding import learned_from, lesson_of
from actors.strategy.pipeline.settings import MINUTE, PipelineParameters
from actors.strategy.pipeline.sizers import beside
from actors.strategy.pipeline.windows import CLOSE, BarWindow, WindowSettings
from actors.strategy.pricing import decimal_of, rounded
from actors.strategy.strategy import History, Strategy
from actors.strategy.view import SymbolView
from config.duration import SECOND
from messages.decisions import Decision
from messages.errors import InvariantError
from messages.learning import (
    LearningBegan,
    PlanAdopted,
    PredictionsKept,
    PredictionsMade,
    PredictorMissing,
    ReturnsRealised,
    RewardBooked,
)
from messages.orders import Fill
from messages.reasons import Reason
from messages.stages import RiskStatus, StageRecords, TradeProposal

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_JUDGE = "judge"
"""The timer by which predictions are held to what followed."""


class Pipeline(Strategy):
    """Trades what models expect of the coming minutes to days, as far as it pays for its costs, sized by volatility.

    It bets that the edge its models were trained on is still there. It loses when that is gone: then realised returns
    pull the calibration, and with it the size, towards nothing. `models` come from the settings' run directories;
    `alpha` may be one more.
    """

    Parameters = PipelineParameters
    decides_for_groups = True
    needs_budget = True
    answers_probes = True

    parameters: PipelineParameters

    def alpha(self, view: SymbolView) -> Mapping[str, float]:
        """The expected return per horizon (name, such as 5m, to fraction), of the symbol of `view`; empty for none.

        Asked at each decision; what it uses beside `view` and `bars` must come from the callbacks of the feed.
        """
        return {}

    def bars(self, symbol: str) -> Floats:
        """float64[L,5] of the symbol's last bars: open, high, low, close, volume; oldest first, NaN before."""
        return np.asarray(self._window.bars()[self._rows[symbol]])

    def on_start(self) -> None:
        """Arrange the models and make room for the bars that they need."""
        chosen = self.parameters
        own = type(self).alpha is not Pipeline.alpha
        self._columns = Columns(
            self.models,
            interval_minutes=chosen.interval / MINUTE,
            horizons=chosen.horizons,
            day_minutes=chosen.day_minutes,
            symbols=self.symbols,
            own_alpha=own,
        )
        columns = self._columns
        window = columns.window if chosen.prediction.window is None else chosen.prediction.window
        self._kernel = self._configured = chosen.kernel(window)
        self._candidate = chosen.sizing.candidate()
        if self._candidate is not None:
            self._beside = self._candidate.beside()
            self.shadow_sizer = self._candidate.identity
            self._configured = msgspec.structs.replace(self._kernel, shadow=self._beside)
            self._promoted = msgspec.structs.replace(
                self._kernel, sizer=self._candidate, shadow=beside(self._kernel.sizer)
            )
        self._learner = chosen.learner(window)
        self._names = Names(self.symbols, columns.names, tuple(each.name for each in columns.horizons))
        self._rows = {symbol: row for row, symbol in enumerate(self.symbols)}
        minutes = minutes_of(columns.horizons)
        self._axes = Axes(
            minutes,
            taus_s(minutes),
            np.array([chosen.blending.temperature.get(name, 1.0) for name in self._names.horizons]),
            np.array(columns.in_returns, dtype=np.bool_),
        )
        self._prior = columns.prior_slopes()
        needed = max(
            columns.bars_needed, chosen.gates.bars_needed(), chosen.volatility_bars + 1, ATR_PERIOD + 1
        )
        self._needs = Needs(
            needed, self._kernel.prediction.minimum, self._learner.returns.slope_minimum, chosen, columns
        )
        self._window = BarWindow(len(self.symbols), WindowSettings(needed, chosen.interval, chosen.fill))
        self.history = History(needed, chosen.interval)
        self._ends = [0] * len(self.symbols)
        self._decided_end = 0
        self.bars_only = True
        if chosen.bars is BarSource.FEED:
            self.subscribe_feed_bars(chosen.interval)
        else:
            self.subscribe_bars(chosen.interval, chosen.bars)

    # seeing

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        """Fold a bar; a decision is due when all symbols have theirs of that moment."""
        row = self._rows[view.symbol]
        if not self._window.push(row, bar):
            return False
        end = self._ends[row] = bar.end
        if min(self._ends) < end:
            return False
        self._decided_end = end
        return True

    def on_quote(self, view: SymbolView) -> bool:
        """A group waits for the bars of its last symbols no longer than the grace."""
        if len(self._ends) == 1:
            return False
        newest = max(self._ends)
        if newest <= self._decided_end or view.quote_time < newest + self.parameters.grace:
            return False
        self._decided_end = newest
        return True

    # deciding

    def decide(self, desk: Desk) -> None:
        """One decision on all symbols."""
        desk.watch("begin")
        if self._columns.empty:
            self._without_models(desk)
            return
        desks = [desk.of(symbol) for symbol in self.symbols]
        memory = self._memory(desk)
        fresh = self._predict(desk, desks, memory)
        mids = mids_of(desks)
        self._judge(desk, memory, mids)
        words = words_of(memory, self._prior, desk.now)
        barriers = self._columns.barriers(self._window.bars())
        seen = market_of(desks, self._window.bars(), barriers, self.parameters)
        held = held_of(desks, memory, mids)
        candidate = self._candidate
        if candidate is not None:
            self._kernel = self._promoted if desk.promoted_sizer == candidate.identity else self._configured
            if candidate.columns:
                learned = memory.sizer_knows(candidate.identity, candidate.columns)
                held = msgspec.structs.replace(held, sizer=learned)
        made = plan(self._axes, words, seen, held, self._kernel, desk.watch)
        self._keep(desk, memory, mids, fresh, made)
        for row, each in enumerate(desks):
            self._act(row, each, memory, words, seen, made)
        desk.watch("decision")

    def _without_models(self, desk: Desk) -> None:
        """Limited mode: said once, then only recorded as what it is; other strategies go on."""
        if desk.last_reason is not Reason.NO_PREDICTOR:
            detail = "no models are configured, and the strategy has no alpha of its own"
            desk.learn(PredictorMissing(desk.strategy, desk.symbol, detail))
        desk.decline(Decision.NO_TRADE, Reason.NO_PREDICTOR)

    def _memory(self, desk: Desk) -> PipelineMemory:
        """What was learned, with the axes and settings of now."""
        names = self._names
        began = LearningBegan(
            strategy=desk.strategy,
            symbols=names.symbols,
            models=names.models,
            horizons=names.horizons,
            minutes=tuple(each.minutes for each in self._columns.horizons),
            ranked=self._columns.ranked,
            figures=self._learner.figures(),
            time=desk.now,
        )
        known = desk.learner
        if known is None or not known.follows(began):
            desk.learn(began)
            known = desk.learner
            assert known is not None
        return known

    def _predict(self, desk: Desk, desks: Sequence[Desk], memory: PipelineMemory) -> Bools:
        """Ask the models about the symbols that have a new bar; bool[S] says which."""
        ends = [end if end > before else 0 for end, before in zip(self._ends, memory.state.bars, strict=True)]
        fresh = np.array(ends, dtype=np.int64) > 0
        if not fresh.any():
            return fresh
        raw = self._columns.predict(self._window.bars(), np.flatnonzero(fresh))
        if self._columns.own_alpha:
            self._add_alpha(raw, desks, fresh)
        desk.learn(PredictionsMade(desk.strategy, desk.now, tuple(ends), raw.tobytes()))
        desk.watch("inference")
        return fresh

    def _add_alpha(self, raw: Floats, desks: Sequence[Desk], fresh: Bools) -> None:
        column = self._names.models.index(ALPHA)
        for row, each in enumerate(desks):
            if not fresh[row]:
                continue
            for horizon, value in self.alpha(each.view).items():
                if horizon not in self._names.horizons:
                    raise InvariantError(
                        "alpha speaks of a horizon that the pipeline does not have",
                        field=f"{type(self).__name__}.alpha",
                        value=horizon,
                        remedy=f"its horizons are {', '.join(self._names.horizons)}",
                    )
                raw[row, column, self._names.horizons.index(horizon)] = value

    def _judge(self, desk: Desk, memory: PipelineMemory, mids: Floats) -> None:
        """Hold the predictions whose horizon has passed to the mids of now."""
        due = returns.next_due(memory.state.returns, self._learner.returns)
        if due is not None and desk.now >= due:
            desk.learn(ReturnsRealised(desk.strategy, desk.now, mids.tobytes()))

    def _keep(self, desk: Desk, memory: PipelineMemory, mids: Floats, fresh: Bools, made: Plan) -> None:
        """Keep the predictions until they can be judged, and be woken then."""
        wanted = returns.wanted(memory.state.returns, desk.now, self._learner.returns)
        if not (wanted and fresh.any()):
            return
        columns = [self._names.horizons.index(name) for name in wanted]
        expected = np.ascontiguousarray(made.expected[:, :, columns])
        new = tuple(bool(each) for each in fresh)
        desk.learn(
            PredictionsKept(desk.strategy, desk.now, tuple(wanted), mids.tobytes(), new, expected.tobytes())
        )
        self._wake(desk, memory)

    def _wake(self, desk: Desk, memory: PipelineMemory) -> None:
        due = returns.next_due(memory.state.returns, self._learner.returns)
        if due is not None:
            desk.of(self.symbols[0]).after(max(due - desk.now, SECOND), _JUDGE)

    def _act(
        self, row: int, desk: Desk, memory: PipelineMemory, words: Words, seen: Market, made: Plan
    ) -> None:
        """Trade the symbol of this row, or say why not."""
        said = verdict(row, made, words)
        strict = (self.parameters.strict or desk.strict) and not desk.probed
        if not self._window.is_full(row):
            said = while_warming_up(said)
        elif strict and desk.is_fresh:
            require_told(row, desk.symbol, made, seen)
        sampled = desk.probed or memory.state.predictions % self.parameters.trace_every == 0
        if sampled or desk.last_reason is not said.reason:
            lacks = lacking(said.reason, said.detail, row, self.bars(desk.symbol), words, self._needs)
            if lacks is not None:
                desk.explain(lacks=lacks)
        if said.decision is Decision.TRADE or sampled:
            desk.trace(self._records(row, desk, memory, words, made, said))
        if said.detail is not None:
            desk.explain(missing=said.detail)
        if self._kernel.shadow is not None:
            desk.explain(**beside_figures(row, made, self._kernel.shadow))
        if said.decision is not Decision.TRADE:
            desk.decline(said.decision, said.reason, sampled=sampled)
            return
        desk.learn(
            PlanAdopted(
                desk.strategy,
                desk.symbol,
                self._names.horizons[int(made.horizon[row])] if made.horizon[row] >= 0 else "",
                shares_of(row, made, self._names.models),
                not desk.position.direction,
                desk.now,
            )
        )
        desk.target_weight(float(made.sizes.target[row]))

    def _records(
        self, row: int, desk: Desk, memory: PipelineMemory, words: Words, made: Plan, said: Verdict
    ) -> StageRecords:
        refused = desk.may_enter()
        quantity, price = self._size(row, desk, made)
        target = abs(float(made.sizes.target[row]))
        exits = desk.exits
        proposal = TradeProposal(
            size_pct=target,
            conviction=conviction(row, made),
            stop=None if exits.stop is None else float(exits.stop),
            target=None if exits.target is None else float(exits.target),
            hold=exits.max_holding,
        )
        return stage_records(
            row,
            made,
            self._names,
            self._axes,
            words,
            bar_time=memory.state.bars[row],
            sizer=self._kernel.sizer.name,
            risk=RiskStatus(desk.mode, refused is None, Reason.ACCEPTED if refused is None else refused),
            decision=trade_decision(row, made, self._names, said, quantity, price),
            proposal=proposal if said.decision is Decision.TRADE else None,
        )

    def _size(self, row: int, desk: Desk, made: Plan) -> tuple[Decimal | None, Decimal | None]:
        """What the change is in base units, on the lot, at the touch that it would be traded at."""
        change = float(made.sizes.target[row] - made.gate_inputs.position[row])
        quote = desk.quote
        if quote is None or not change or change != change:
            return None, None
        price = decimal_of(quote.ask if change > 0 else quote.bid)
        size = Decimal(repr(abs(change))) * budget_of(desk) / worth(desk.instrument, Decimal(1), price)
        return rounded(size, desk.instrument.lot, ROUND_FLOOR), price

    # learning

    def on_fill(self, fill: Fill, desk: Desk) -> None:
        """Count the fill towards the trade it belongs to; one that ends flat is a reward for its models."""
        memory = desk.learner
        if memory is not None:
            fee_bps = fee_bps_of(desk, self.parameters)
            for event in learned_from(fill, desk.strategy, desk.now, memory, fee_bps):
                desk.learn(event)
                if self._candidate is not None and isinstance(event, RewardBooked):
                    decides = desk.promoted_sizer == self._candidate.identity
                    lesson = lesson_of(event, memory, self._candidate if decides else self._beside)
                    if lesson is not None:
                        desk.learn(lesson)

    def on_timer(self, name: str, desk: Desk) -> None:
        """Judge predictions between two decisions, once every symbol has a quote to judge them by.

        Where that takes too long the next decision judges them by those that there are.
        """
        memory = desk.learner
        if name != _JUDGE or memory is None or tuple(memory.state.symbols) != self.symbols:
            return
        mids = mids_of([desk.of(symbol) for symbol in self.symbols])
        if np.isfinite(mids).all():
            self._judge(desk, memory, mids)
            self._wake(desk, memory)
        else:
            shortest = memory.state.minutes[0] * MINUTE
            wait = round(shortest * self._learner.returns.early)
            desk.of(self.symbols[0]).after(max(wait, SECOND), _JUDGE)

    def last_return(self, symbol: str) -> float:
        """The return of the symbol's last bar, a fraction; NaN before there are two."""
        closes = self.bars(symbol)[-2:, CLOSE]
        return float(closes[-1] / closes[0] - 1.0) if len(closes) == 2 else nan
