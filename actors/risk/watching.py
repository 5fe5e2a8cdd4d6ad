"""The part of the risk actor that watches for anomalies and makes orders smaller, or ends growing, because of them.

Apart from `anomalies`, which are pure functions. It looks every `interval` of desk time; in between, inputs leave signs
that count at the next look. Also here: the operator's own degrade level, and the kill file that risk's host watches.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from actors.base import Context, applies, receives
from actors.risk import anomalies, modes
from actors.risk.anomalies import SECOND
from actors.risk.counting import PaceKeeper
from actors.risk.state import Sign
from messages.account_events import VenueReconciled
from messages.anomalies import (
    AnomaliesWatched,
    Anomaly,
    AnomalyCleared,
    AnomalyCode,
    AnomalyDetected,
    AnomalySeverity,
    AnomalySigned,
    DegradeChanged,
    OverrideDegrade,
    SignsForgotten,
    WatchDue,
)
from messages.base import Message
from messages.control import ArmingDecided, KillFileSeen, Resume
from messages.intents import OrderIntent
from messages.market import Marks
from messages.modes import Clearing
from messages.orders import Fill, OrderReport, OrderState

TIMER = "watch"
SIGNS_KEPT = 100
"""Signs of one anomaly that are remembered; no setting asks for more."""

_REJECTED = OrderState.REJECTED
_WARN = AnomalySeverity.WARN


class Watcher(PaceKeeper):
    """Watches; see the module's docstring."""

    def _watch(self, message: Message, ctx: Context) -> None:
        """After every input: note a sign in it, and see that looks go on after a restart or a change of settings."""
        settings, degrade = self._settings.anomalies, self.state.degrade
        if not settings.enabled:
            if degrade.found:
                self._degrade(anomalies.NONE, degrade.manual, "anomalies are not watched any more", ctx)
            return
        notice = _NOTICES.get(type(message))
        if notice is not None:
            notice(self, message, ctx)
        if degrade.watched_at is None or ctx.now - degrade.watched_at > 2 * settings.interval:
            self._look(ctx)

    @receives(WatchDue)
    def on_watch_due(self, due: WatchDue, ctx: Context) -> None:
        """The time between two looks is over."""
        if self._settings.anomalies.enabled:
            self._look(ctx)

    def _look(self, ctx: Context) -> None:
        settings, degrade = self._settings.anomalies, self.state.degrade
        found, before = anomalies.look(self.state, settings, ctx.now), degrade.active
        step = anomalies.advance(degrade, found, settings, ctx.now)
        for name, anomaly in found.items():
            if name not in before:
                ctx.emit(AnomalyDetected(anomaly, ctx.now))
        for name in [name for name in before if name not in found]:
            ctx.emit(AnomalyCleared(name, ctx.now))
        forgotten = tuple(name for name, signs in degrade.signs.items() if self._is_old(signs, ctx.now))
        if forgotten:
            ctx.emit(SignsForgotten(forgotten, ctx.now))
        ctx.emit(AnomaliesWatched(step.warn_streak, step.stable, step.until, ctx.now))
        if step.found != degrade.found:
            because = ", ".join(found) or f"{step.stable or settings.stable} looks without an anomaly"
            self._degrade(step.found, degrade.manual, because, ctx)
        ctx.after(settings.interval, WatchDue(), key=TIMER)

    def _is_old(self, signs: list[Sign], now: int) -> bool:
        """A difference of the books lasts until the next comparison; everything else is news for a while."""
        settings = self._settings.anomalies
        lasts = signs[-1].sign.code is AnomalyCode.PNL_DIVERGENCE
        return not lasts and now - signs[-1].time > max(settings.reject_window, settings.interval)

    def _degrade(self, found: int, manual: int, because: str, ctx: Context) -> None:
        """Take these levels; the highest is a source of the desk's mode."""
        level = max(found, manual)
        ctx.emit(
            DegradeChanged(found, manual, self._settings.anomalies.factor(level), because, ctx.now),
        )
        if level == anomalies.LAST:
            source = modes.reducing(because, ctx.now, Clearing.FACT)
            self._add_sources(ctx, {modes.ANOMALIES: source}, f"degrade level {level}: {because}")
        elif modes.ANOMALIES in self.state.sources:
            sources = modes.without(self.state.sources, (modes.ANOMALIES,))
            self._change_mode(sources, f"degrade level {level}: {because}", ctx)

    # --- people ---------------------------------------------------------------------------------------------------

    @receives(OverrideDegrade)
    def on_override(self, command: OverrideDegrade, ctx: Context) -> None:
        """An operator asks for at least this level; one beyond the last is the last."""
        degrade, level = self.state.degrade, min(max(command.level, anomalies.NONE), anomalies.LAST)
        if level != degrade.manual:
            because = f"{AnomalyCode.MANUAL_OVERRIDE.value} by {command.by}: {command.reason}"
            self._degrade(degrade.found, level, because, ctx)

    def on_resume(self, resume: Resume, ctx: Context) -> None:
        """What a Resume ends, and the level that looks have led to. An operator's own level stays."""
        super().on_resume(resume, ctx)
        degrade = self.state.degrade
        if degrade.found and resume.acknowledgement.strip():
            self._degrade(anomalies.NONE, degrade.manual, f"resume by {resume.by}", ctx)

    @receives(KillFileSeen)
    def on_kill_file(self, seen: KillFileSeen, ctx: Context) -> None:
        """As long as the kill file is there the desk is HALTED whatever a person says; then until one does.

        A file alone must not let a desk trade again: it may have been tidied away by a script. Nor what was said while
        it was there.
        """
        sources = modes.without(self.state.sources, (modes.KILL_FILE,))
        reason = f"kill file {seen.path}: {seen.text}".rstrip(": ")
        if seen.present:
            sources[modes.KILL_FILE] = modes.halting(reason, ctx.now, Clearing.WITHDRAWAL)
        if seen.present is not (modes.KILL_FILE in self.state.sources):
            sources = modes.with_sources(sources, {modes.OPERATOR: modes.halting(reason, ctx.now)})
            text = reason if seen.present else f"kill file {seen.path} is gone"
            self._change_mode(sources, text, ctx, tell=True)

    @receives(ArmingDecided)
    def on_arming(self, decided: ArmingDecided, ctx: Context) -> None:
        """For the journal, in which everything else is that the desk was allowed."""
        ctx.emit(decided)

    # --- signs ----------------------------------------------------------------------------------------------------

    def _sign(
        self, ctx: Context, code: AnomalyCode, scope: str, detail: str, observed: Decimal, limit: Decimal
    ) -> None:
        ctx.emit(AnomalySigned(Anomaly(code, _WARN, scope, detail, observed, limit), ctx.now))

    def _notice_intent(self, intent: OrderIntent, ctx: Context) -> None:
        quote, most = intent.quote, self._settings.anomalies.latency
        if quote is not None and ctx.now - quote.time >= most:
            detail, symbol = f"from quote to risk for {intent.strategy}", intent.terms.symbol
            observed = _seconds(ctx.now - quote.time)
            self._sign(ctx, AnomalyCode.LATENCY_SPIKE, symbol, detail, observed, _seconds(most))

    def _notice_report(self, report: OrderReport, ctx: Context) -> None:
        if report.final and report.state is _REJECTED:
            venue, detail = ctx.sender.partition("/")[2], report.reason.value
            most = Decimal(self._settings.anomalies.rejects)
            self._sign(ctx, AnomalyCode.REJECT_SPIKE, venue, detail, Decimal(1), most)

    def _notice_marks(self, marks: Marks, ctx: Context) -> None:
        ahead = max((mark.time for mark in marks.marks), default=ctx.now) - ctx.now
        self._notice_clock(ctx.sender, ahead, ctx)

    def _notice_fill(self, fill: Fill, ctx: Context) -> None:
        self._notice_clock(fill.venue, fill.event_time - ctx.now, ctx)

    def _notice_clock(self, whose: str, ahead: int, ctx: Context) -> None:
        most = self._settings.anomalies.clock_skew
        if ahead > most:
            detail, observed = "its time is ahead of risk's", _seconds(ahead)
            self._sign(ctx, AnomalyCode.CLOCK_SKEW, whose, detail, observed, _seconds(most))

    def _notice_comparison(self, result: VenueReconciled, ctx: Context) -> None:
        """Two comparisons in a row that differ are a divergence, one that does not ends it."""
        if result.balances is None:
            return
        settings, degrade = self._settings.anomalies, self.state.degrade
        apart = anomalies.divergence(self.state, result.venue, result.balances, self._settings.base_currency)
        name = f"{AnomalyCode.PNL_DIVERGENCE.value}:{result.venue}"
        if apart is not None and apart >= settings.divergence_warn:
            detail, limit = "the venue's cash is not the ledger's", settings.divergence_warn
            self._sign(ctx, AnomalyCode.PNL_DIVERGENCE, result.venue, detail, apart, limit)
        elif name in degrade.signs:
            ctx.emit(SignsForgotten((name,), ctx.now))

    # --- memory ---------------------------------------------------------------------------------------------------

    @applies(ArmingDecided)
    def note_arming(self, event: ArmingDecided) -> None:
        """For the journal's readers only."""

    @applies(AnomalySigned)
    def remember_sign(self, event: AnomalySigned) -> None:
        """Keep it, with the latest of its kind."""
        signs = self.state.degrade.signs.setdefault(event.sign.name, [])
        signs.append(Sign(event.sign, event.time))
        del signs[:-SIGNS_KEPT]

    @applies(AnomalyDetected)
    def remember_anomaly(self, event: AnomalyDetected) -> None:
        """It is there."""
        self.state.degrade.active[event.anomaly.name] = event.anomaly

    @applies(AnomalyCleared)
    def forget_anomaly(self, event: AnomalyCleared) -> None:
        """It is not any more."""
        self.state.degrade.active.pop(event.name, None)

    @applies(AnomaliesWatched)
    def remember_look(self, event: AnomaliesWatched) -> None:
        """The counts."""
        degrade = self.state.degrade
        degrade.warn_streak, degrade.stable = event.warn_streak, event.stable
        degrade.until, degrade.watched_at = event.until, event.time

    @applies(SignsForgotten)
    def forget_signs(self, event: SignsForgotten) -> None:
        """Count them no more."""
        for name in event.names:
            self.state.degrade.signs.pop(name, None)

    @applies(DegradeChanged)
    def remember_level(self, event: DegradeChanged) -> None:
        """The level."""
        degrade = self.state.degrade
        degrade.found, degrade.manual, degrade.factor = event.found, event.manual, event.factor
        if not event.found:
            degrade.until = degrade.warn_streak = 0


_NOTICES: dict[type[Message], Callable[..., None]] = {
    OrderIntent: Watcher._notice_intent,
    OrderReport: Watcher._notice_report,
    Marks: Watcher._notice_marks,
    Fill: Watcher._notice_fill,
    VenueReconciled: Watcher._notice_comparison,
}
"""Inputs that can show an anomaly."""


def _seconds(duration: int) -> Decimal:
    return (Decimal(duration) / SECOND).quantize(Decimal("0.001"))
