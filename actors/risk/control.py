"""The part of the risk actor that sets the desk's mode: operators' commands, facts, days, anomalies.

Apart from `modes` (the sources) and `facts` (what exceeds a limit), which are pure functions. Risk alone tells the
desk its mode. The version grows when the mode changes and with every operator's command, so that everyone hears
that it was taken; approvals of an older version are void.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from actors.base import Context, applies, receives
from actors.risk import modes
from actors.risk.books.capital import apply_checkpoint, checkpoint_of
from actors.risk.books.figures import begin_day
from actors.risk.cap_facts import judge_caps
from actors.risk.closing import Closer
from actors.risk.days import day_of
from actors.risk.engine import RiskEngine
from actors.risk.facts import judge
from actors.risk.following import GroupSums
from actors.risk.limits import RiskLimits
from messages.account_events import ExternalActivity, MarginsTold, VenueCondition, VenueReconciled
from messages.base import CONTROL, Message
from messages.control import (
    DeadLettered,
    Flatten,
    Halt,
    Mode,
    ModeChanged,
    Resume,
    SetMode,
    StoreRenewed,
)
from messages.modes import (
    Clearing,
    DailyLossBreached,
    DrawdownBreached,
    DrawdownStateChanged,
    GenerationSeen,
    LimitBreached,
    ModeDecided,
    ModeSource,
    NavAnomalyFound,
    ResumeRefused,
    VenueCompared,
    WeeklyLossBreached,
)
from messages.portfolio import CapitalCheckpointed, DayStarted, PeakReset


class ModeKeeper(Closer):
    """Keeps the sources of the desk's mode; see the module's docstring."""

    _engine: RiskEngine
    _zone: tzinfo
    _venues: tuple[str, ...]
    _sums: GroupSums | None = None

    @property
    def _limits(self) -> RiskLimits:
        """The desk's own limits in force: those of the settings, and what operators changed since."""
        return self._engine.limits(self.state)

    # --- operators --------------------------------------------------------------------------------------------

    @receives(Halt)
    def on_halt(self, halt: Halt, ctx: Context) -> None:
        """The kill switch: HALTED until a person resumes; closes all positions if it says so."""
        source = modes.halting(f"{halt.by}: {halt.reason}", ctx.now)
        sources = modes.with_sources(self.state.sources, {modes.OPERATOR: source})
        self._change_mode(sources, f"halt by {halt.by}: {halt.reason}", ctx, tell=True)
        if halt.flatten:
            self._flatten_all(halt.by, ctx)

    @receives(Resume)
    def on_resume(self, resume: Resume, ctx: Context) -> None:
        """A person clears what waits for a person, acknowledging it; an accepted drawdown is measured anew."""
        if not resume.acknowledgement.strip():
            ctx.emit(ResumeRefused(resume.by, ctx.now))
            return
        before = self.state.sources
        accepted = (modes.DRAWDOWN, modes.DRAWDOWN_HALT, modes.NAV_ANOMALY)
        if any(name in before for name in accepted):
            ctx.emit(PeakReset(self.state.nav, resume.by))
        for listing in list(self.state.flattening):
            self._end_flatten(listing, ctx, flat=False)
        sources = modes.without_clearing(before, Clearing.PERSON)
        self._change_mode(sources, f"resume by {resume.by}: {resume.acknowledgement}", ctx, tell=True)

    @receives(SetMode)
    def on_set_mode(self, command: SetMode, ctx: Context) -> None:
        """An operator asks for at least this mode; NORMAL takes that back, and nothing else."""
        sources = modes.without(self.state.sources, (modes.OPERATOR_MODE,))
        if command.mode is not Mode.NORMAL:
            text = f"{command.by}: {command.reason}"
            sources[modes.OPERATOR_MODE] = ModeSource(command.mode, text, Clearing.WITHDRAWAL, ctx.now)
        self._change_mode(sources, f"mode {command.mode.value} by {command.by}", ctx, tell=True)

    @receives(Flatten)
    def on_flatten(self, command: Flatten, ctx: Context) -> None:
        """Close the position of one symbol, or all of them, at one venue or at all."""
        symbol, state = command.symbol, self.state
        listings = state.totals.active if symbol is None else state.listings.get(symbol, ())
        for listing in list(listings):
            if command.venue in (None, state.holdings[listing].venue):
                self._start_flatten(listing, command.by, ctx, command.stages, command.every)

    # --- what others report -----------------------------------------------------------------------------------

    @receives(DeadLettered)
    def on_dead_letter(self, letter: DeadLettered, ctx: Context) -> None:
        """A grave message was lost to an actor: nobody knows what it would have changed, until a person looks."""
        if letter.grave_kind:
            text = f"{letter.kind} {letter.message_id}: {letter.error}"
            name = modes.DEAD_LETTER + letter.address
            self._add_sources(ctx, {name: modes.reducing(text, ctx.now)}, text)

    @receives(StoreRenewed)
    def on_store_renewed(self, renewed: StoreRenewed, ctx: Context) -> None:
        """History was lost: every venue has to be compared with the books before exposure may grow again."""
        ctx.emit(GenerationSeen(renewed.generation))
        text = f"store renewed as generation {renewed.generation}"
        known = dict.fromkeys([*(one.venue for one in self._settings.instruments), *self.state.accounts])
        venues = [venue for venue in known if self.state.compared.get(venue) != renewed.generation]
        source = modes.reducing(text, ctx.now, Clearing.RECONCILIATION)
        sources = modes.with_sources(
            self.state.sources, {modes.RECONCILIATION + venue: source for venue in venues}
        )
        # a new version in any case: what was approved before may have been placed in the history that was lost
        self._change_mode(sources, text, ctx, tell=True)

    @receives(VenueReconciled)
    def on_reconciled(self, result: VenueReconciled, ctx: Context) -> None:
        """A clean comparison clears the venue, one with differences reduces until the next clean one."""
        name = modes.RECONCILIATION + result.venue
        ctx.emit(VenueCompared(result.venue, result.generation))
        if self.state.generation not in ("", result.generation):
            return  # made before the store was lost: it says nothing about now
        if result.clean:
            sources = modes.without(self.state.sources, (name,))
            self._change_mode(sources, f"{result.venue} reconciled", ctx)
        else:
            source = modes.reducing(result.detail, ctx.now, Clearing.RECONCILIATION)
            self._add_sources(ctx, {name: source}, f"{result.venue} differs: {result.detail}")

    @receives(VenueCondition)
    def on_condition(self, told: VenueCondition, ctx: Context) -> None:
        """What execution found about its venue: a source of its own until it says that it is over, or a person does."""
        name = f"{modes.VENUE}{told.venue}:{told.cause}"
        if told.mode is Mode.NORMAL:
            standing = self.state.sources.get(name)
            if standing is not None and standing.clearing is Clearing.PERSON:
                return
            self._change_mode(modes.without(self.state.sources, (name,)), f"{name} is over", ctx)
            return
        clearing = Clearing.PERSON if told.person else Clearing.WITHDRAWAL
        source = ModeSource(told.mode, told.detail, clearing, ctx.now)
        self._add_sources(ctx, {name: source}, f"{name}: {told.detail}")

    @receives(MarginsTold)
    def on_margins(self, told: MarginsTold, ctx: Context) -> None:
        """What a venue says of the margin of its positions, against the limits on it."""
        account = self.state.accounts.get(told.venue)
        if account is not None and account.margins != told.margins:
            ctx.emit(told)
            self._judge(ctx, "margins")

    def suspect_external(self, activity: ExternalActivity, ctx: Context) -> None:
        """Someone else trades on the account, or the desk forgot that it did: a person has to look."""
        text = f"{activity.symbol} order {activity.venue_order_id} is not the desk's"
        name = modes.EXTERNAL + activity.venue
        self._add_sources(ctx, {name: modes.reducing(text, ctx.now)}, text)

    # --- changing ---------------------------------------------------------------------------------------------

    def _judge(
        self,
        ctx: Context,
        reason: str,
        *,
        unreserved: str | None = None,
        raised: Mapping[str, ModeSource] | None = None,
    ) -> None:
        """Compare facts with limits, and let the mode follow in the same step. See `facts.judge`."""
        book, sources = self._engine.book(self.state), self.state.sources
        findings = judge(self.state, book.desk, ctx.now, unreserved=unreserved)
        if book.has_caps or (sources and any(name.startswith(modes.LIMIT) for name in sources)):
            judge_caps(self.state, self._settings, book, ctx.now, findings, unreserved, self._sums)
        for event in findings.events:
            ctx.emit(event)
        if findings.raised or findings.ended or raised:
            standing = modes.without(self.state.sources, findings.ended)
            sources = modes.with_sources(standing, {**(raised or {}), **findings.raised})
            self._change_mode(sources, reason, ctx)

    def _add_sources(self, ctx: Context, added: Mapping[str, ModeSource], reason: str) -> None:
        self._change_mode(modes.with_sources(self.state.sources, added), reason, ctx)

    def _change_mode(
        self, sources: dict[str, ModeSource], reason: str, ctx: Context, *, tell: bool = False
    ) -> None:
        """Take these sources; tell the desk when the mode changes, or when `tell` asks for it."""
        state, before = self.state, self.state.mode
        if sources == state.sources and not tell:
            return
        mode = modes.effective(sources, self._venues)
        told = tell or mode is not before
        ctx.emit(ModeDecided(mode, state.version + told, sources, reason, ctx.now))
        if told:
            asked = {name: source.mode for name, source in sources.items()}
            ctx.send(CONTROL, ModeChanged(mode, state.version, asked, reason))
        if mode is Mode.HALTED and before is not Mode.HALTED and self._settings.flatten_on_halt:
            self._flatten_all(reason, ctx)
        elif before is Mode.OBSERVE and mode is not before:
            for listing in list(state.flattening):
                self._pursue_flatten(listing, ctx)

    def _flatten_all(self, by: str, ctx: Context) -> None:
        for listing in list(self.state.totals.active):
            self._start_flatten(listing, by, ctx)

    def _start_day(self, ctx: Context) -> None:
        """Begin the day that `ctx.now` belongs to, anchored at NAV as last known; once that is known."""
        state, nav = self.state, self.state.nav
        if ctx.now >= state.day_ends_at:
            day, ends_at = day_of(ctx.now, self._zone)
            week = state.week
            ctx.emit(DayStarted(day, ends_at, nav))
            sources = modes.without_clearing(state.sources, Clearing.DAY)
            if state.week != week:
                sources = modes.without_clearing(sources, Clearing.WEEK)
            self._change_mode(sources, f"day {day}", ctx)
            self._checkpoint_capital(ctx)
        elif state.day_anchor is None and nav is not None:
            ctx.emit(DayStarted(state.day, state.day_ends_at, nav))
            self._checkpoint_capital(ctx)

    def _checkpoint_capital(self, ctx: Context) -> None:
        """Split what was realised since the last checkpoint, where the settings ask for it."""
        if not self._limits.self_financing:
            return
        told = checkpoint_of(self.state, self._limits, ctx.now)
        if told is None:
            return
        ctx.emit(told)
        if told.code.is_refusal:
            self._add_sources(ctx, {modes.CAPITAL: modes.reducing(told.code.value, ctx.now)}, told.code.value)

    @property
    def _known_venues(self) -> tuple[str, ...]:
        return self._venues + self._settings.venues

    def _is_configured_otherwise(self) -> bool:
        """Whether the settings ask for a source that is not there, or no more for one that is."""
        settings, sources = self._settings, self.state.sources
        return (
            settings.kill_switch is not (modes.CONFIGURATION in sources)
            or settings.safe_mode is not (modes.SAFE_MODE in sources)
            or (modes.KILL_FILE in sources and not settings.kill_file)
            or (bool(sources) and bool(modes.orphans(sources, self._known_venues)))
        )

    def _set_configured(self, ctx: Context) -> None:
        """Halt or hold the desk as its settings say, as long as they do."""
        rows = (
            (modes.CONFIGURATION, self._settings.kill_switch, Mode.HALTED, "kill_switch is set"),
            (modes.SAFE_MODE, self._settings.safe_mode, Mode.OBSERVE, "safe_mode is set"),
        )
        sources = modes.without(self.state.sources, [name for name, *_ in rows])
        if modes.KILL_FILE in sources and not self._settings.kill_file:
            # nobody watches that file any more; what it began waits for a person, whatever was said while it was there
            pulled = modes.halting(sources.pop(modes.KILL_FILE).reason, ctx.now)
            sources = modes.with_sources(sources, {modes.OPERATOR: pulled})
        sources.update(modes.orphans(sources, self._known_venues))
        wanted = {
            name: ModeSource(mode, text, Clearing.WITHDRAWAL, ctx.now)
            for name, is_set, mode, text in rows
            if is_set
        }
        reason = (
            ", ".join(source.reason for source in wanted.values()) or "kill_switch and safe_mode are not set"
        )
        self._change_mode({**sources, **wanted}, reason, ctx, tell=True)

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(GenerationSeen)
    def remember_generation(self, event: GenerationSeen) -> None:
        """The store's generation."""
        self.state.generation = event.generation

    @applies(VenueCompared)
    def remember_comparison(self, event: VenueCompared) -> None:
        """Under which generation a venue was last compared."""
        self.state.compared[event.venue] = event.generation

    @applies(ModeDecided)
    def remember_mode(self, event: ModeDecided) -> None:
        """Mode, version and sources."""
        state = self.state
        state.mode, state.version, state.sources = event.mode, event.version, dict(event.sources)

    @applies(DayStarted)
    def remember_day(self, event: DayStarted) -> None:
        """The day's anchor, and what the books showed then."""
        begin_day(self.state, event)

    @applies(MarginsTold)
    def remember_margins(self, event: MarginsTold) -> None:
        """What the venue said last."""
        self.state.accounts[event.venue].margins = dict(event.margins)

    @applies(PeakReset)
    def remember_peak(self, event: PeakReset) -> None:
        """Measure the drawdown from here."""
        self.state.peak = event.nav

    @applies(CapitalCheckpointed)
    def remember_capital(self, event: CapitalCheckpointed) -> None:
        """Capital and treasury."""
        apply_checkpoint(self.state, event)

    @applies(DrawdownStateChanged)
    def remember_drawdown_state(self, event: DrawdownStateChanged) -> None:
        """How deep the fall is."""
        self.state.drawdown_state = event.after

    @applies(
        LimitBreached, DailyLossBreached, WeeklyLossBreached, DrawdownBreached, NavAnomalyFound, ResumeRefused
    )
    def note(self, event: Message) -> None:
        """For the journal's readers only; what follows from it is an event of its own."""
