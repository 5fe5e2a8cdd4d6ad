"""`raydesk strategies`: what each strategy does, and switching it on and off or giving it another budget.

Changes are messages to the strategies' actors, journalled with who asked, and survive restarts; a command waits until
every actor concerned has taken it over.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, TAKES_NUMBER, Exit, UsageError, require_known
from cluster.cli.fitting import Fitted
from cluster.cli.output import clock, console, moment, money, print_json, shown, table
from cluster.cli.strategy_documents import (
    StrategiesDocument,
    StrategyCommandDocument,
    StrategyEntry,
    SuggestionDocument,
    entries,
    suggestion,
)
from messages.base import Message
from messages.decisions import DisableStrategy, EnableStrategy, PromoteSizer, SetStrategyBudget
from messages.reasons import Reason

Name = Annotated[str, typer.Argument(help="The strategy's name in the settings.")]
OneSymbol = Annotated[
    str | None, typer.Option("--symbol", help="On this symbol only; default: all of its symbols.")
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the actors' answer.")]


strategies = typer.Typer(
    help="List strategies; switch them on and off and change their budgets while the desk trades.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    strategies.command("list", epilog=EPILOG)(list_strategies)
    for command in (enable, disable, budget, sizer, suggest):
        context = TAKES_NUMBER if command is budget else None
        strategies.command(epilog=EPILOG, context_settings=context)(command)
    app.add_typer(strategies, name="strategies")


def list_strategies(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """List every strategy on every symbol: switched on or off, budget, position, last decision and why, trades."""

    async def read(watch: Watch) -> StrategiesDocument:
        await watch.look()
        return StrategiesDocument(watch.config.desk.name, entries(watch.config, watch.projection))

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print(document.strategies)
    return Exit.OK


def enable(
    strategy: Name,
    symbol: OneSymbol = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Let a strategy decide again, also one that was parked because it failed."""
    message = EnableStrategy(strategy, getpass.getuser(), symbol)
    return _send(message, lambda each: each.enabled and not each.parked, desk, config, folder, as_json, wait)


def disable(
    strategy: Name,
    symbol: OneSymbol = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Keep a strategy from entering: its entries are cancelled, its position stays and its exits go on."""
    message = DisableStrategy(strategy, getpass.getuser(), symbol)
    return _send(message, lambda each: not each.enabled, desk, config, folder, as_json, wait)


def budget(
    strategy: Name,
    amount: Annotated[
        str, typer.Argument(help="In base currency, or `default` for that of the settings.", metavar="AMOUNT")
    ],
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Change what a strategy's positions may be worth. A position above it is not sold; it can't grow."""
    wanted = None if amount == "default" else _amount(amount)
    message = SetStrategyBudget(strategy, getpass.getuser(), wanted)
    return _send(message, lambda each: True, desk, config, folder, as_json, wait)


def sizer(
    strategy: Name,
    which: Annotated[
        str,
        typer.Argument(
            help="`shadow`: the sizer in shadow decides from now on; `default`: that of the settings.",
            metavar="WHICH",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; kept in the journal.")],
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Promote a strategy's sizer in shadow, or take that back. Caps hold for either; the other one is asked beside."""
    if which not in ("shadow", "default"):
        raise UsageError("is no sizer", field="WHICH", value=which, remedy="write shadow, or default")
    if not reason.strip():
        raise UsageError("must be a reason in words", field="--reason", value=reason, remedy="say why")
    message = PromoteSizer(strategy, getpass.getuser(), which == "shadow", reason)
    return _send(message, lambda each: True, desk, config, folder, as_json, wait)


def suggest(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """Suggest symbols' weights and caps by what closed trades have shown. Changes nothing; see `raydesk limits set`."""

    async def read(watch: Watch) -> SuggestionDocument:
        await watch.look()
        return suggestion(watch.config, watch.projection)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print_suggestion(document)
    return Exit.OK


def _print_suggestion(document: SuggestionDocument) -> None:
    if document.mode is None:
        console().print(
            "no trade of a strategy with `intelligence` has been closed: nothing is known of symbols"
        )
        return
    rows = table("symbol", ">weight", ">score", ">expectancy bps", "router", ">fall")
    for each in document.symbols:
        rows.add_row(
            shown(each.symbol),
            f"{each.weight:.3f}",
            "-" if each.score is None else f"{each.score:.2f}",
            "-" if each.expectancy_bps is None else f"{each.expectancy_bps:.1f}",
            each.quality,
            f"{each.drawdown:.2%}",
        )
    console().print(rows)
    console().print(
        f"{document.mode}: max_symbol_exposure {document.max_symbol_exposure}, max_order_notional "
        f"{document.max_order_notional}, max_open_positions {document.max_open_positions}"
    )
    for reason in document.rationale:
        console().print(shown(reason))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and amount > 0):
        raise UsageError(
            "a budget is an amount above zero", field="AMOUNT", value=text, remedy="write 25000, or default"
        )
    return amount


Command = EnableStrategy | DisableStrategy | SetStrategyBudget | PromoteSizer


def _send(
    message: Command,
    is_done: Callable[[StrategyEntry], bool],
    desk: str | None,
    config: str | None,
    folder: Any,
    as_json: bool,
    wait_s: float,
) -> Exit:
    document = on_desk(desk, config, folder, lambda watch: _command(watch, message, is_done, wait_s))
    if as_json:
        print_json(document)
    else:
        verdict = (
            "[green]confirmed[/]" if document.confirmed else "[bold red]not confirmed by all actors yet[/]"
        )
        console().print(f"{verdict}: {shown(message.strategy)} on desk {shown(document.desk)}")
        _print(document.strategies)
    return Exit.OK if document.confirmed else Exit.TROUBLE


async def _command(
    watch: Watch, message: Command, is_done: Callable[[StrategyEntry], bool], wait_s: float
) -> StrategyCommandDocument:
    """Post the message and look until every actor concerned has taken it over, or the time is over."""
    await watch.look()
    concerned = _concerned(watch, message)
    rows: tuple[StrategyEntry, ...] = ()

    def taken_over() -> bool:
        nonlocal rows
        rows = tuple(each for each in entries(watch.config, watch.projection) if _key(each) in concerned)
        return all(is_done(each) and _has_taken(watch, message, each) for each in rows)

    message_id = await watch.desk.post(message)
    confirmed, _ = await watch.look_until(taken_over, wait_s)
    return StrategyCommandDocument(watch.config.desk.name, message_id, confirmed, rows)


def _has_taken(watch: Watch, message: Message, entry: StrategyEntry) -> bool:
    if isinstance(message, PromoteSizer):
        return entry.sizer == (_sizer_in_shadow(watch, message.strategy) if message.promoted else None)
    if not isinstance(message, SetStrategyBudget):
        return True
    view = watch.projection.strategies.views.get(_key(entry))
    told = None if view is None else view.budget
    return bool(told == message.budget)


def _sizer_in_shadow(watch: Watch, strategy: str) -> str:
    """What can be promoted, as the actors call it. Raises `UsageError` where there is none."""
    from actors.strategy.pipeline.settings import PipelineParameters
    from actors.strategy.registry import checked_parameters, find

    chosen = watch.config.strategies[strategy]
    parameters = checked_parameters(find(chosen.kind), chosen.parameters)
    found = parameters.sizing.candidate() if isinstance(parameters, PipelineParameters) else None
    if found is None:
        raise UsageError(
            "the strategy has no sizer in shadow",
            field=f"strategies.{strategy}.parameters.sizing.shadow",
            remedy="name one, and let it be asked beside the other for a while",
        )
    return found.identity


def _key(entry: StrategyEntry) -> tuple[str, str]:
    return entry.strategy, entry.symbol


def _concerned(watch: Watch, message: Command) -> set[tuple[str, str]]:
    """The strategy's symbols. Raises `UsageError` for names that switch nothing: that must not look like success."""
    strategies = watch.config.strategies
    require_known("STRATEGY", message.strategy, strategies, "the desk has no such strategy")
    chosen = strategies[message.strategy]
    if not chosen.enabled:
        raise UsageError(
            "the settings don't start this strategy, so that there is nobody to switch",
            field=f"strategies.{message.strategy}.enabled",
            value="false",
            remedy="set it to true and start the desk with it; `raydesk strategies disable` then keeps it quiet",
        )
    if isinstance(message, PromoteSizer) and message.promoted:
        _sizer_in_shadow(watch, message.strategy)
    symbols = watch.config.symbols_of(message.strategy)
    wanted = getattr(message, "symbol", None)
    if wanted is not None:
        require_known("--symbol", wanted, symbols, "the strategy does not trade it")
    universe = watch.projection.universe
    running = (
        {*universe.members, *universe.leaving} if universe.version and not chosen.group else set(symbols)
    )
    traded = [symbol for symbol in symbols if symbol in running]
    if wanted is not None:
        problem = "the symbol is not in the universe, so that nobody trades it"
        require_known("--symbol", wanted, traded, problem)
    return {(message.strategy, symbol) for symbol in traded if wanted in (None, symbol)}


def _state(each: StrategyEntry) -> str:
    if not each.started:
        return "[dim]not started[/]"
    if each.parked:
        return "[bold red]parked[/]"
    if not each.enabled:
        return "[yellow]disabled[/]"
    if each.suspended_until is not None and each.suspended_until > time.time_ns():
        return f"[yellow]{Reason.SYMBOL_DISABLED.value} until {moment(each.suspended_until)}[/]"
    return "[green]enabled[/]"


def _print(rows: tuple[StrategyEntry, ...]) -> None:
    shown_rows = Fitted(
        "strategy",
        "!symbol",
        "kind",
        "",
        ">weight",
        ">budget",
        ">position",
        ">average",
        "last decision",
        "!at",
        ">trades",
        spare=("weight", "kind", "average", "trades", "budget", "at"),
    )
    for each in rows:
        state = _state(each)
        if each.shadow:
            state = f"[cyan]shadow[/], {state}"
        decided = "-" if each.decision is None else f"{each.decision}: {each.reason}"
        shown_rows.add_row(
            shown(each.strategy),
            shown(each.symbol),
            shown(each.kind),
            state,
            shown(each.weight),
            "no bound" if each.budget is None else money(each.budget),
            shown(each.position),
            shown(None if each.average_price is None else round(each.average_price, 8)),
            shown(decided),
            clock(each.decided_at),
            str(each.trades),
        )
    console().print(shown_rows)
    for each in rows:
        if each.sizer is not None:
            console().print(
                f"{shown(each.strategy)} on {shown(each.symbol)} is sized by {shown(each.sizer)}, promoted"
            )
        if each.parked:
            console().print(
                f"[bold red]parked[/] {shown(each.strategy)} on {shown(each.symbol)}, it failed: {shown(each.error)}; "
                f"`raydesk strategies enable {each.strategy}` tries it again"
            )
