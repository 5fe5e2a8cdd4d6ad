"""The page's upper part: what was run, the key figures, all figures, months and the distribution of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.backtest.performance import PeriodReturn, Statistics
from cluster.backtest.record import RunRecord
from cluster.backtest.report import charts, html, wording
from cluster.backtest.report.html import Cell, coloured
from cluster.backtest.statistics import compounded

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

FILES_SHOWN = 8
"""Data files listed openly; more are folded away."""

FEWEST_DAYS = 10
"""Daily returns from which their distribution is drawn."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def header(result: BacktestResult) -> str:
    """Name, period and what the run rests on."""
    record = result.record
    period = f"{wording.moment(record.start)} to {wording.moment(record.end)} UTC"
    span = wording.duration(record.end - record.start)
    rows: list[tuple[str, Cell]] = [
        ("Fingerprint", html.code(record.fingerprint)),
        ("Config hash", html.code(record.config_hash)),
        ("Code version", html.code(record.code_version)),
        ("Seed", str(record.seed)),
        ("Started with", _balances(record)),
        ("Read", f"{wording.count(record.rows)} rows of market data{_of_files(record)}"),
    ]
    rows += [(f"Fills on {venue}", model) for venue, model in sorted(record.fill_model.items())]
    rows += [("Note", text) for text in record.notes]
    title = f"<h1>{html.text(record.name)}</h1>"
    lead = f'<p class="dim">Backtest, {period} ({span}), in {html.text(record.base_currency)}</p>'
    return title + lead + key_figures(result.statistics, record) + html.facts(rows) + _files(record)


def key_figures(statistics: Statistics, record: RunRecord) -> str:
    """The figures one looks at first."""
    it = statistics
    depth = None if it.max_drawdown is None else -it.max_drawdown.depth
    cards = [
        html.card("Net profit", coloured(wording.signed_money(it.profit), it.profit)),
        html.card("Total return", coloured(wording.signed_percent(it.total_return), it.total_return)),
        html.card(
            "Return per year", coloured(wording.signed_percent(it.annualised_return), it.annualised_return)
        ),
        html.card("Maximum drawdown", wording.percent(depth)),
        html.card("Sharpe ratio", wording.ratio(it.sharpe)),
        html.card("Sortino ratio", wording.ratio(it.sortino)),
        html.card("Calmar ratio", wording.ratio(it.calmar)),
        html.card("Profit factor", wording.ratio(it.profit_factor)),
        html.card("Win rate", wording.percent(it.win_rate, decimals=1)),
        html.card("Trades", wording.count(it.trades)),
        html.card("Fills", wording.count(len(record.fills))),
        html.card("Fees", wording.money(it.costs.fees)),
    ]
    return f'<div class="cards">{"".join(cards)}</div>'


def account(result: BacktestResult) -> str:
    """The account over time."""
    remark = (
        f"One point per {wording.duration(result.equity.step)}; positions at their mid. Dashed: the start. "
        "Shaded: the deepest drawdown, from its peak to its recovery."
    )
    chart = charts.account_chart(result.equity, result.statistics.max_drawdown)
    return html.section("Account", chart, html.note(remark))


def figures(result: BacktestResult) -> str:
    """Every figure, and what undefined means."""
    it, curve = result.statistics, result.equity
    plural = "return" if it.returns == 1 else "returns"
    remark = (
        f"{wording.NOTHING} is undefined: too few points, or a division by zero. Volatility, Sharpe, Sortino, skew, "
        f"kurtosis, VaR and CVaR rest on {it.returns} daily {plural} (days end at midnight "
        f"{result.settings.day_boundary}), {it.periods_per_year} per year, risk-free rate "
        f"{wording.percent(it.risk_free)}. The drawdown is measured every {wording.duration(curve.step)}. "
        "Trades are closed round trips at average cost, after fees."
    )
    return html.section(
        "Figures",
        '<div class="pair"><div>',
        html.figures(_return_rows(it)),
        "</div><div>",
        html.figures(_trade_rows(it)),
        "</div></div>",
        html.note(remark),
    )


def months(result: BacktestResult) -> str:
    """Returns by month and year."""
    monthly = result.statistics.monthly
    if not monthly:
        return html.section("Months", html.note("There is no return: the run is empty or NAV reached zero."))
    by_period = {each.period: each.value for each in monthly}
    largest = max(abs(each.value) for each in monthly) or 1.0
    heads = "".join(f"<th>{name}</th>" for name in ("", *MONTHS, "Year"))
    rows = []
    for year in sorted({period[:4] for period in by_period}):
        found = [by_period.get(f"{year}-{month:02d}") for month in range(1, 13)]
        whole = compounded([value for value in found if value is not None])
        cells = "".join(_month_cell(value, largest) for value in found)
        rows.append(
            f"<tr><th>{year}</th>{cells}<td>{coloured(wording.signed_percent(whole), whole)}</td></tr>"
        )
    body = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return html.section("Months", f'<div class="wide"><table class="months">{body}</table></div>')


def days(result: BacktestResult) -> str:
    """The distribution of daily returns."""
    daily = result.statistics.daily
    if len(daily) < FEWEST_DAYS:
        known = "".join(f" {day.period}: {wording.signed_percent(day.value)}." for day in daily)
        return html.section("Daily returns", html.note(f"Too few days for a distribution.{known}"))
    up = sum(day.value > 0 for day in daily)
    down = sum(day.value < 0 for day in daily)
    remark = f"{len(daily)} days, {up} with a gain, {down} with a loss."
    return html.section("Daily returns", charts.returns_chart(daily), html.note(remark))


def _balances(record: RunRecord) -> str:
    held = [
        f"{wording.money(amount)} {currency} on {venue}"
        for venue, balances in sorted(record.starting_balances.items())
        for currency, amount in sorted(balances.items())
    ]
    return ", ".join(held) or "nothing"


def _of_files(record: RunRecord) -> str:
    number = len(record.files)
    return "" if not number else " from one file" if number == 1 else f" from {number} files"


def _files(record: RunRecord) -> str:
    if not record.files:
        return ""
    rows = [
        (
            file.name,
            html.code(file.sha256),
            wording.count(file.rows),
            wording.moment(file.first),
            wording.moment(file.last),
        )
        for file in record.files
    ]
    listed = html.table(("Data file", "sha256", "Rows", "First (UTC)", "Last (UTC)"), rows, words=2)
    if len(rows) <= FILES_SHOWN:
        return listed
    return f"<details><summary>{len(rows)} data files</summary>{listed}</details>"


def _return_rows(it: Statistics) -> list[tuple[str, Cell]]:
    drawdown = it.max_drawdown
    fallen = drawdown is not None and drawdown.depth > 0
    return [
        ("NAV at start", wording.money(it.starting_nav)),
        ("NAV at end", wording.money(it.final_nav)),
        ("of which unrealised profit", wording.money(it.unrealised)),
        ("Total return", wording.percent(it.total_return)),
        ("Return per year, compounded", wording.percent(it.annualised_return)),
        ("Volatility per year", wording.percent(it.volatility)),
        ("Sharpe ratio", wording.ratio(it.sharpe)),
        ("Sortino ratio", wording.ratio(it.sortino)),
        ("Calmar ratio", wording.ratio(it.calmar)),
        ("Maximum drawdown", wording.percent(None if drawdown is None else -drawdown.depth)),
        ("Drawdown from peak", wording.moment(drawdown.start) if drawdown and fallen else wording.NOTHING),
        ("Drawdown trough", wording.moment(drawdown.trough) if drawdown and fallen else wording.NOTHING),
        ("Drawdown recovered", _recovered(it)),
        (
            "Drawdown duration",
            wording.duration(drawdown.duration) if drawdown and fallen else wording.NOTHING,
        ),
        ("Skew of daily returns", wording.ratio(it.skew)),
        ("Excess kurtosis of daily returns", wording.ratio(it.kurtosis)),
        ("Daily VaR, 95 %", wording.percent(it.var_95)),
        ("Daily CVaR, 95 %", wording.percent(it.cvar_95)),
        ("Best day", _day(it.best_day)),
        ("Worst day", _day(it.worst_day)),
    ]


def _trade_rows(it: Statistics) -> list[tuple[str, Cell]]:
    return [
        ("Trades", wording.count(it.trades)),
        ("Win rate", wording.percent(it.win_rate)),
        ("Profit factor", wording.ratio(it.profit_factor)),
        ("Payoff (average win / average loss)", wording.ratio(it.payoff)),
        ("Expectancy per trade", wording.money(it.expectancy)),
        ("Expectancy per unit risked", wording.ratio(it.expectancy_ratio)),
        ("Average trade, of its value", wording.percent(it.average_trade)),
        ("Average win", wording.money(it.average_win)),
        ("Average loss", wording.money(it.average_loss)),
        ("Best trade", wording.money(it.best_trade)),
        ("Worst trade", wording.money(it.worst_trade)),
        ("Average holding time", wording.duration(it.average_holding)),
        ("Time with a position", wording.percent(it.exposure_time)),
        ("Average gross exposure, of NAV", wording.percent(it.average_gross_exposure)),
        ("Value traded", wording.money(it.costs.traded)),
        ("Turnover, times NAV", wording.ratio(it.turnover)),
        ("Turnover per year", wording.ratio(it.turnover_per_year)),
    ]


def _recovered(it: Statistics) -> str:
    drawdown = it.max_drawdown
    if drawdown is None or not drawdown.depth:
        return wording.NOTHING
    return "not yet" if drawdown.end is None else wording.moment(drawdown.end)


def _day(day: PeriodReturn | None) -> str:
    return wording.NOTHING if day is None else f"{wording.signed_percent(day.value)} ({day.period})"


def _month_cell(value: float | None, largest: float) -> str:
    if value is None:
        return '<td class="blank"></td>'
    colour = "gain" if value >= 0 else "loss"
    share = round(abs(value) / largest * 45)
    style = f"background:color-mix(in srgb,var(--{colour}) {share}%,transparent)"
    return f'<td style="{style}">{wording.signed_percent(value)}</td>'
