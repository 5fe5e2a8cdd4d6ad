"""`raydesk backtest`: the desk's own actors over recorded data, in this process, and the report of what they did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.table import Table

from cluster.cli.desks import JsonFlag, SetOption, existing, load
from cluster.cli.exits import EPILOG, Exit
from cluster.cli.gate import BaselineOption, ToleranceOption, gate_of
from cluster.cli.output import console, moment, say, shown, size, table
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.backtest.costs import Costs
    from cluster.backtest.performance import Statistics
    from cluster.backtest.result import BacktestResult
    from cluster.backtest.runner import Progress as Played

Source = Annotated[str, typer.Argument(help="Settings: a profile (demo, replay), a file or a folder.")]
DataOption = Annotated[
    list[Path] | None, typer.Option("--data", help="Recorded file, folder or pattern. May be repeated.")
]
FundingOption = Annotated[
    list[Path] | None,
    typer.Option("--funding", help="File or folder of funding rates. May be repeated."),
]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Where decoded files are kept; default: ~/.raydesk/cache.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(backtest)


def backtest(
    config: Source,
    data: DataOption = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin here: a date or time in UTC, as 2024-08-08T12:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="End here (inclusive).")] = None,
    funding: FundingOption = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report into this folder.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Write every step into this file, for replay and parity; slower."),
    ] = None,
    periods: Annotated[
        int,
        typer.Option("--periods-per-year", min=1, help="Daily returns in a year: 365, or 252 for stocks."),
    ] = 365,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="Grant time in slices: trades as run --speed lockstep does.")
    ] = False,
    baseline: BaselineOption = None,
    tolerance: ToleranceOption = "0%",
    cache: CacheOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Run a desk over recorded data: the same actors, risk checks and ledger as live, at full speed."""
    from cluster.backtest.record import ReportSettings
    from cluster.backtest.report.document import report_json
    from cluster.backtest.runner import backtest as run
    from cluster.host.strategy_check import require_strategies

    gate = gate_of(baseline, tolerance)
    loaded = load(config, overrides)
    require_strategies(loaded.config)
    existing(data or ())
    with _progress(quiet=as_json) as progress:
        result = run(
            loaded,
            data or (),
            start=None if start is None else instant("--from", start),
            end=None if end is None else instant("--to", end, last=True),
            funding=funding or (),
            cache=cache,
            progress=progress,
            settings=ReportSettings(
                periods_per_year=periods, day_boundary=str(loaded.config.risk.day_boundary)
            ),
            keep_journal=export is not None,
            lockstep=lockstep,
        )
    page = result.write_report(report) if report is not None else None
    exported = result.write_export(export) if export is not None else None
    if as_json:
        sys.stdout.write(report_json(result).decode())
        sys.stdout.flush()
    else:
        console().print(_summary(result))
    if page is not None:
        say(f"report: {shown(page)}")
    if exported is not None:
        say(f"export: {shown(export)}, {size(exported)}")
    if gate is None:
        return Exit.OK
    from cluster.sweep.gate import runs_of_backtest

    return gate(runs_of_backtest(result))


def instant(option: str, text: str, *, last: bool = False) -> int:
    """A time in ns UTC; a date alone is its first instant, with `last` its last one.

    Raises `ConfigurationError` for a text that is no time.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "not a time", field=option, value=text, remedy="write 2024-08-08 or 2024-08-08T12:00:00"
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    seconds = int(parsed.timestamp())
    found = seconds * 1_000_000_000 + parsed.microsecond * 1_000
    whole_day = last and len(text) <= len("2024-08-08")
    return found + 86_400_000_000_000 - 1 if whole_day else found


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Played], None] | None]:
    """A bar with rows per second and the time left, on a terminal; else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("backtest", total=None, speed="")

        def show(played: Played) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            speed = f"{played.rows / elapsed:,.0f} rows/s" if elapsed > 0.2 else ""
            bar.update(
                task,
                completed=played.rows,
                total=played.total,
                speed=speed,
                description=moment(played.time)[:19],
            )

        yield show


def _summary(result: BacktestResult) -> Group:
    record, statistics = result.record, result.statistics
    rows = Table.grid(padding=(0, 1))  # the fingerprint is whole on 80 columns
    rows.add_column()
    rows.add_column(overflow="fold")
    for name, value in (
        ("period", f"{moment(record.start)} to {moment(record.end)}, {record.rows:,} rows"),
        ("profit", _profit(statistics, record.base_currency)),
        ("drawdown", "-" if statistics.max_drawdown is None else f"{statistics.max_drawdown.depth:.2%}"),
        ("sharpe, sortino", f"{shown(statistics.sharpe)}, {shown(statistics.sortino)}"),
        ("round trips", _trips(statistics)),
        ("decisions", _decisions(result)),
        ("intents", _intents(result)),
        ("orders", _orders(result)),
        ("costs", _costs(statistics.costs)),
        ("config", record.config_hash[:12]),
        ("fingerprint", record.fingerprint),
    ):
        rows.add_row(f"[bold]{name}[/]", value)
    parts = table("symbol", ">fills", ">traded", ">profit", ">fees", ">round trips")
    for each in statistics.by_symbol:
        parts.add_row(
            shown(each.name),
            str(each.fills),
            _money(each.costs.traded),
            _money(each.net),
            _money(each.costs.fees),
            str(each.trades),
        )
    return Group(rows, "", parts)


def _profit(statistics: Statistics, currency: str) -> str:
    total = "-" if statistics.total_return is None else f"{statistics.total_return:+.3%}"
    return f"{_money(statistics.profit)} {currency} ({total}), final NAV {_money(statistics.final_nav)}"


def _costs(costs: Costs) -> str:
    words = " received" if costs.funding > 0 else " paid" if costs.funding < 0 else ""
    return (
        f"fees {_money(costs.fees)}, spread {_money(costs.spread)}, slippage {_money(costs.slippage)}, "
        f"funding {_money(abs(costs.funding))}{words}"
    )


def _money(value: float | Decimal | None) -> str:
    """As the report has it, small amounts with their digits (a desk may count in BTC), in plain characters."""
    from cluster.backtest.report.wording import money

    return money(value).translate({ord("\N{MINUS SIGN}"): "-", ord("\N{EN DASH}"): "-"})


def _trips(statistics: Statistics) -> str:
    if not statistics.trades:
        return "0"
    wins = "-" if statistics.win_rate is None else f"{statistics.win_rate:.1%}"
    return f"{statistics.trades}, {wins} won, profit factor {shown(statistics.profit_factor)}"


def _decisions(result: BacktestResult) -> str:
    record = result.record
    if not record.decisions:
        return "0: none was due; does the data have what the strategies wait for (quotes, trades, bars)?"
    ranked = sorted(record.no_trades.items(), key=lambda item: (-item[1], item[0]))
    why = ", ".join(f"{name} {count}" for name, count in ranked)
    return f"{record.decisions} recorded" + (f", without an intent: {why}" if why else "")


def _intents(result: BacktestResult) -> str:
    orders = result.orders
    why = ", ".join(f"{name} {count}" for name, count in orders.rejected.items())
    rejected = sum(orders.rejected.values())
    return (
        f"{orders.intents}: {orders.approved} approved, {orders.resized} resized, {rejected} rejected"
        + (f" ({why})" if why else "")
        + (f", {orders.checks_per_intent:.0f} checks each" if orders.checks_per_intent else "")
    )


def _orders(result: BacktestResult) -> str:
    orders = result.orders
    return (
        f"{orders.placed}: {orders.filled} filled, {orders.cancelled} cancelled, {orders.expired} expired, "
        f"{orders.rejected_by_venue} rejected by the venue; {len(result.fills)} fills"
    )
