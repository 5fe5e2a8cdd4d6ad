"""`raydesk limits` and `raydesk risk`: what risk goes by, changing it, the room left, and what it would allow now."""

from __future__ import annotations

import getpass
from decimal import Decimal
from typing import Annotated

import typer

from actors.risk.limit_book import changed, own_value
from actors.risk.limit_table import GROUP_CAP, LIMITS, SCOPES, Form, write
from actors.risk.limits import LimitValue
from actors.risk.room import room_of
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, TAKES_NUMBER, Exit, UsageError, require_known
from cluster.cli.fitting import Fitted
from cluster.cli.limit_documents import (
    LimitCommandDocument,
    LimitEntry,
    LimitsDocument,
    RiskDocument,
    WhatIf,
)
from cluster.cli.output import console, money, print_json, shown, table
from cluster.observe.check_views import check_views
from cluster.observe.portfolio import Portfolio, read_portfolio
from cluster.observe.what_if import asked_intent
from cluster.observe.wording import number
from config.duration import format_duration, parse_duration
from config.ratio import format_ratio, parse_ratio
from messages.errors import ConfigurationError, RiskLimitError
from messages.intents import Side
from messages.limits import DESK, LimitSet, SetLimit
from messages.universe import Tier

DEFAULT = "default"
"""The word for the setting's own value."""

Scope = Annotated[
    str, typer.Option("--scope", help=f"{DESK}, or {', '.join(SCOPES)} with a name: symbol:BTC-USDT.")
]

limits = typer.Typer(
    help="Show the limits that risk goes by, and change them while the desk trades.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    limits.command("show", epilog=EPILOG)(show_limits)
    limits.command("set", epilog=EPILOG, context_settings=TAKES_NUMBER)(set_limit)
    app.add_typer(limits, name="limits")
    app.command("risk", epilog=EPILOG)(show_risk)


def show_limits(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are off.")] = False,
    as_json: JsonFlag = False,
) -> Exit:
    """List the limits in force, of the desk and of its parts, and what operators changed."""
    document = on_desk(desk, config, folder, _read_limits)
    if as_json:
        print_json(document)
        return Exit.OK
    rows = table("limit", "scope", ">in force", ">setting", "")
    for each in document.limits:
        if each.value is not None or each.changed or every:
            mark = "[yellow]changed[/]" if each.changed else ""
            rows.add_row(each.name, shown(each.scope), each.value or "off", each.setting or "off", mark)
    console().print(f"limits of desk {shown(document.desk)}, version {document.version}")
    console().print(rows)
    return Exit.OK


def set_limit(
    name: Annotated[str, typer.Argument(help="The limit, as it is called in the settings under risk.")],
    value: Annotated[
        str, typer.Argument(help=f"As in the settings; `{DEFAULT}` takes the setting's value back.")
    ],
    scope: Scope = DESK,
    acknowledgement: Annotated[
        str, typer.Option("--ack", help="What you accept; a live desk loosens a limit only with it.")
    ] = "",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for risk's answer.")] = 10.0,
) -> Exit:
    """Change a limit from now on, over restarts. Journalled with who asked; what exceeds it reduces the desk."""
    text = None if value == DEFAULT else canonical(name, value)
    message = SetLimit(getpass.getuser(), name, scope, text, acknowledgement.strip())
    document = on_desk(desk, config, folder, lambda watch: _set(watch, message, value, wait))
    if as_json:
        print_json(document)
    elif document.problem is not None:
        console().print(f"[bold red]refused[/]: {shown(document.problem)}")
    elif not document.answered:
        console().print("[bold red]risk has not answered yet[/]")
    else:
        change = f"{document.before or 'off'} -> {document.after or 'off'}"
        console().print(
            f"[green]set[/]: {document.name} of {shown(scope)}, {change}, version {document.version}"
        )
    return Exit.OK if document.answered and document.problem is None else Exit.TROUBLE


def show_risk(
    what_if: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            "--what-if",
            metavar="SYMBOL SIDE VALUE",
            help="Also every check's answer to an order of that value in base currency. Nothing is sent.",
        ),
    ] = None,
    strategy: Annotated[str, typer.Option("--strategy", help="Ask as this strategy.")] = "",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Print the room left of every limit, and what risk would say to an order now."""
    asked = None if what_if is None else (what_if[0], _side(what_if[1]), _amount(what_if[2]))

    async def read(watch: Watch) -> RiskDocument:
        portfolio = await _portfolio(watch)
        answer = None if asked is None else _what_if(watch, portfolio, *asked, strategy)
        state = portfolio.state
        room = room_of(state, portfolio.settings, portfolio.engine.book(state), portfolio.now)
        name, version = watch.config.desk.name, state.limit_version
        return RiskDocument(name, portfolio.now, state.mode, state.nav, version, room, answer)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print_risk(document)
    return Exit.OK


# --- reading --------------------------------------------------------------------------------------------------


async def _portfolio(watch: Watch) -> Portfolio:
    from cluster.host.risk_map import risk_settings

    return await read_portfolio(watch.observer, risk_settings(watch.config))


async def _read_limits(watch: Watch) -> LimitsDocument:
    portfolio = await _portfolio(watch)
    state, settings = portfolio.state, portfolio.settings
    scopes = dict.fromkeys([DESK, *settings.overrides, *state.limit_changes])
    entries = []
    for scope in scopes:
        for name in LIMITS:
            if scope == DESK and name == GROUP_CAP:
                continue
            value = _text(name, own_value(settings, state.limit_changes, scope, name))
            setting = _text(name, own_value(settings, {}, scope, name))
            is_changed = name in state.limit_changes.get(scope, {})
            if scope == DESK or value is not None or setting is not None:
                entries.append(LimitEntry(name, scope, value, setting, is_changed))
    return LimitsDocument(watch.config.desk.name, state.limit_version, tuple(entries))


async def _set(watch: Watch, message: SetLimit, written: str, wait_s: float) -> LimitCommandDocument:
    """Look whether it makes sense, post it, and look until risk has answered or the time is over.

    `written` is the value as the operator gave it: what is refused is named so.
    """
    await watch.look()
    portfolio = await _portfolio(watch)
    _refuse_unknown(watch, portfolio, message.scope)
    try:
        changed(
            portfolio.settings,
            portfolio.state.limit_changes,
            message.name,
            message.scope,
            message.value,
            message.acknowledgement,
        )
    except (RiskLimitError, ConfigurationError) as error:
        field, found = (error.field or message.name).removeprefix("risk.limits."), error.value
        if str(found) == message.value:
            found = written
        elif field in LIMITS and isinstance(found, Decimal | int):
            found = _text(field, found)
        raise UsageError(error.message, field=field, value=found, remedy=error.remedy) from error
    message_id = await watch.desk.post(message, to="risk")
    answered, _ = await watch.look_until(lambda: message_id in watch.projection.books.limits, wait_s)
    found = watch.projection.books.limits.get(message_id)
    done = isinstance(found, LimitSet)
    return LimitCommandDocument(
        desk=watch.config.desk.name,
        message_id=message_id,
        name=message.name,
        scope=message.scope,
        answered=answered,
        before=_stored(message.name, found.before) if done else None,
        after=_stored(message.name, found.after) if done else None,
        version=found.version if done else None,
        problem=None if done or found is None else found.problem,
    )


def _refuse_unknown(watch: Watch, portfolio: Portfolio, scope: str) -> None:
    """A strategy or tier that is not there has no orders: a limit on it would bind nobody, and look as if it did.

    Risk itself knows neither the strategies nor the tiers that a universe may name; it refuses all other scopes.
    """
    kind = scope.partition(":")[0]
    tiers = (*Tier, *portfolio.settings.tiers.values(), *portfolio.state.tiers.values())
    known = {"strategy": tuple(watch.config.strategies), "tier": tuple(dict.fromkeys(map(str, tiers)))}.get(
        kind
    )
    if known is not None:
        scopes = [f"{kind}:{each}" for each in known]
        require_known("--scope", scope, scopes, f"there is no such {kind}")


def _what_if(
    watch: Watch, portfolio: Portfolio, symbol: str, side: Side, value: Decimal, strategy: str
) -> WhatIf:
    require_known("SYMBOL", symbol, watch.config.symbols, "the desk does not know it")
    if strategy:
        require_known("--strategy", strategy, watch.config.strategies, "there is no such strategy")
    intent = asked_intent(portfolio, symbol, side, value, strategy)
    terms, answer = intent.terms, portfolio.what_if(intent)
    return WhatIf(
        symbol=symbol,
        venue=terms.venue,
        side=side,
        strategy=strategy,
        asked=terms.quantity,
        worst_price=terms.worst_price,
        verdict=answer.verdict,
        reason=answer.reason,
        quantity=answer.quantity,
        increases_exposure=answer.increases_exposure,
        checks=check_views(answer.checks),
    )


# --- words ----------------------------------------------------------------------------------------------------


def canonical(name: str, value: str) -> str:
    """A limit's value as operators write it, in the plain form that risk reads. Raises `UsageError`."""
    row = LIMITS.get(name)
    try:
        if row is not None and row.form is Form.RATIO:
            return f"{parse_ratio(value):f}"
        if row is not None and row.form is Form.DURATION:
            return str(parse_duration(value))
    except ValueError as error:
        raise UsageError(str(error), field=name, value=value, remedy="write it as in the settings") from error
    return value


def _stored(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    form = LIMITS[name].form
    if form is Form.RATIO:
        return format_ratio(Decimal(text))
    return format_duration(int(text)) if form is Form.DURATION else text


def _text(name: str, value: LimitValue | None) -> str | None:
    return None if value is None else _stored(name, write(value))


def _side(text: str) -> Side:
    if text.lower() not in ("buy", "sell"):
        raise UsageError("no side of an order", field="SIDE", value=text, remedy="write buy or sell")
    return Side(text.lower())


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal(0)
    if not (amount.is_finite() and amount > 0):
        raise UsageError(
            "the value of an order is above zero", field="VALUE", value=text, remedy="write 5000"
        )
    return amount


# --- printing -------------------------------------------------------------------------------------------------


def _print_risk(document: RiskDocument) -> None:
    console().print(
        f"desk {shown(document.desk)} is {document.mode.value.upper()}, NAV {money(document.nav)}, "
        f"limits version {document.limits_version}"
    )
    rows = table("limit", ">may be", ">is", ">left")
    for each in document.room:
        figures = [_figure(value, each.unit) for value in (each.limit, each.used, each.left)]
        if each.left is not None and each.left <= 0:
            figures[2] = f"[bold red]{figures[2]}[/]"
        rows.add_row(shown(each.name), *figures)
    console().print(rows)
    if document.what_if is not None:
        _print_what_if(document.what_if)


def _print_what_if(asked: WhatIf) -> None:
    colour = {"approved": "green", "resized": "yellow"}.get(asked.verdict.value, "bold red")
    console().print(
        f"{asked.side.value} {number(asked.asked)} {shown(asked.symbol)} at {number(asked.worst_price)} or better: "
        f"[{colour}]{asked.verdict.value}[/], {number(asked.quantity)}, {asked.reason.value}"
    )
    rows = Fitted("check", "", ">limit", ">is", ">room", ">lets pass", "reason", spare=("room", "lets pass"))
    plain: list[str] = []
    for each in asked.checks:
        if each.passed and each.limit is None and each.observed is None:
            plain.append(each.check)
            continue
        figures = [_figure(value, each.unit) for value in (each.limit, each.observed, each.room)]
        verdict = "[green]passes[/]" if each.passed else "[bold red]fails[/]"
        allowed = "" if each.allowed is None else number(each.allowed)
        rows.add_row(each.check, verdict, *figures, allowed, "" if each.passed else each.reason.value)
    console().print(rows)
    if plain:
        console().print(f"[green]passed[/], without figures: {', '.join(plain)}")


def _figure(value: Decimal | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "ns":
        return f"{value / 1_000_000_000:,.3f} s"
    return money(value) if unit == "quote" else f"{value.normalize():f}"
