"""The page's lower part: prices with trades, costs, attribution, orders and the list of trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from cluster.backtest.attribution import Attribution
from cluster.backtest.record import OrderCounts, PriceSeries
from cluster.backtest.report import charts, html, wording
from cluster.backtest.report.html import Cell, coloured
from cluster.backtest.trades import OpenPosition, Trade
from messages.orders import Fill

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

MOST_PRICE_CHARTS = 24
"""Symbols whose prices are drawn: those with most fills. The page stays below 3 MB."""


def prices(result: BacktestResult) -> str:
    """One chart per symbol that was traded."""
    fills: dict[str, list[Fill]] = {}
    for fill in result.fills:
        fills.setdefault(fill.symbol, []).append(fill)
    trades: dict[str, list[Trade]] = {symbol: [] for symbol in fills}
    for trade in result.fifo_trades:
        trades[trade.symbol].append(trade)
    chosen = sorted(fills, key=lambda symbol: (-len(fills[symbol]), symbol))[:MOST_PRICE_CHARTS]
    if not chosen:
        return html.section("Prices and trades", html.note("Nothing was traded."))
    start, end = int(result.equity.times[0]), int(result.equity.times[-1])
    drawn = [
        charts.price_chart(
            symbol,
            result.prices[symbol],
            fills[symbol],
            trades[symbol],
            *_span(result.prices[symbol], fills[symbol], start, end),
        )
        for symbol in chosen
    ]
    remark = (
        "Triangles point at fills: buys from below, sells from above; fills close to each other share one at their "
        f"mean price. A symbol with up to {charts.MOST_TRADE_LINES} trades has a line from each entry to its exit "
        "(first in, first out), green where it won."
    )
    if len(fills) > len(chosen):
        remark += f" Shown are the {len(chosen)} symbols with most fills, of {len(fills)}."
    return html.section("Prices and trades", *drawn, html.note(remark))


def _span(series: PriceSeries, fills: Sequence[Fill], start: int, end: int) -> tuple[int, int]:
    """What a symbol's chart covers: the part of the run in which it has prices or fills."""
    first = min(int(series.times[0]), fills[0].event_time)
    last = max(int(series.times[-1]), fills[-1].event_time)
    return max(start, first), max(min(end, last), max(start, first) + 1)


def costs(result: BacktestResult) -> str:
    """What trading cost, and what that is of the value traded."""
    it = result.statistics.costs
    amounts: list[tuple[str, float | Decimal | None]] = [
        ("Fees for making", it.maker_fees),
        ("Fees for taking", it.taker_fees),
        ("Funding (below zero: received)", -it.funding if it.funding else it.funding),
        ("Half the spread at decision", it.spread),
        ("Slippage beyond the quote at decision", it.slippage),
    ]
    rows: list[Sequence[Cell]] = [
        (name, wording.money(amount), wording.bps(it.in_bps(amount))) for name, amount in amounts
    ]
    if it.spread is not None and it.slippage is not None:
        whole = float(it.fees - it.funding) + it.spread + it.slippage
        rows.append(("All, against the mid at decision", wording.money(whole), wording.bps(it.in_bps(whole))))
    rows += [
        (f"Fees in {currency}, not part of NAV", f"{wording.quantity(fee)} {currency}", wording.NOTHING)
        for currency, fee in result.equity.fees_elsewhere.items()
    ]
    remark = (
        f"Of {wording.money(it.traded)} traded. Fees and funding move cash; spread and slippage are contained in the "
        "prices, measured against bid and ask when the decision was taken (below zero: better than the quote)."
    )
    if it.measured is not None and it.measured < 0.9999:
        remark += f" The quote is known for {wording.percent(it.measured)} of the value traded."
    heads = ("Cost", result.record.base_currency, "Of value traded")
    return html.section("Costs", html.table(heads, rows), html.note(remark))


def attribution(result: BacktestResult) -> str:
    """Who made the money."""
    it = result.statistics
    if not it.by_symbol:
        return html.section("Attribution", html.note("Nothing was traded."))
    remark = (
        "Net = gross - fees + funding, positions left open at their last mid; the rows add up to what NAV gained. "
        "Trades, win rate and profit factor are of closed round trips."
    )
    return html.section(
        "Attribution",
        _attribution_table("Symbol", it.by_symbol),
        "<br>",
        _attribution_table("Strategy", it.by_strategy),
        html.note(remark),
    )


def orders(result: BacktestResult) -> str:
    """What became of decisions, intents and orders."""
    it, record = result.orders, result.record
    left = html.figures(_order_rows(it, record.decisions))
    right = _reasons("Rejected by risk, by reason", it.rejected)
    right += _reasons("Decisions without an intent, by reason", record.no_trades)
    return html.section(
        "Orders",
        f'<div class="pair"><div>{left}</div><div>{right or html.note("Nothing was rejected.")}</div></div>',
    )


def trades(result: BacktestResult) -> str:
    """What is still held, and the first trades."""
    parts = []
    if result.open_positions:
        parts += ["<h3>Open at the end</h3>", _open_table(result.open_positions)]
    shown = result.trades[: result.settings.max_trades]
    if not shown:
        parts.append(html.note("No trade was closed."))
    else:
        parts += ["<h3>Closed</h3>", _trade_table(shown)]
    remark = "Times in UTC. MAE and MFE: the largest loss and profit shown while the trade was open."
    if len(result.trades) > len(shown):
        remark += (
            f" Shown are the first {wording.count(len(shown))} of {wording.count(len(result.trades))} trades; "
            "trades.csv has all."
        )
    return html.section("Trades", *parts, html.note(remark) if shown else "")


def _attribution_table(name: str, rows: Sequence[Attribution]) -> str:
    heads = (
        name,
        "Fills",
        "Traded",
        "Gross",
        "Fees",
        "Funding",
        "Net",
        "Trades",
        "Win rate",
        "Profit factor",
    )
    cells: list[Sequence[Cell]] = [
        (
            row.name or "(none)",
            wording.count(row.fills),
            wording.money(row.costs.traded),
            coloured(wording.signed_money(row.gross), row.gross),
            wording.money(row.costs.fees),
            wording.money(row.costs.funding),
            coloured(wording.signed_money(row.net), row.net),
            wording.count(row.trades),
            wording.percent(row.win_rate, decimals=1),
            wording.ratio(row.profit_factor),
        )
        for row in rows
    ]
    if len(rows) < 2:
        return html.table(heads, cells)
    gross, net = _sum(row.gross for row in rows), _sum(row.net for row in rows)
    cells.append(
        (
            "All",
            wording.count(sum(row.fills for row in rows)),
            wording.money(_sum(row.costs.traded for row in rows)),
            coloured(wording.signed_money(gross), gross),
            wording.money(_sum(row.costs.fees for row in rows)),
            wording.money(_sum(row.costs.funding for row in rows)),
            coloured(wording.signed_money(net), net),
            wording.count(sum(row.trades for row in rows)),
            "",
            "",
        )
    )
    return html.table(heads, cells, sums=True)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _order_rows(it: OrderCounts, decisions: int) -> list[tuple[str, Cell]]:
    checks = wording.NOTHING if it.checks_per_intent is None else f"{it.checks_per_intent:.1f}"
    return [
        ("Decisions", wording.count(decisions)),
        ("Intents", wording.count(it.intents)),
        ("Risk checks per intent", checks),
        ("Approved by risk", wording.count(it.approved)),
        ("Approved smaller", wording.count(it.resized)),
        ("Rejected by risk", wording.count(sum(it.rejected.values()))),
        ("Orders placed", wording.count(it.placed)),
        ("Filled", wording.count(it.filled)),
        ("Filled in part", wording.count(it.partially_filled)),
        ("Cancelled", wording.count(it.cancelled)),
        ("Expired", wording.count(it.expired)),
        ("Rejected by the venue", wording.count(it.rejected_by_venue)),
    ]


def _reasons(title: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return html.table(
        (title, "Count"), [(html.code(reason), wording.count(number)) for reason, number in rows]
    )


def _open_table(positions: Sequence[OpenPosition]) -> str:
    heads = ("Strategy", "Symbol", "Side", "Quantity", "Since", "Entry", "Last", "Unrealised")
    rows: list[Sequence[Cell]] = [
        (
            each.strategy or "(none)",
            each.symbol,
            each.side,
            wording.quantity(each.quantity),
            wording.moment(each.entry_time),
            wording.price(each.entry_price),
            wording.price(each.last_price),
            coloured(wording.signed_money(each.unrealised), each.unrealised),
        )
        for each in positions
    ]
    return html.table(heads, rows, words=3)


def _trade_table(closed: Sequence[Trade]) -> str:
    heads = (
        *("Strategy", "Symbol", "Side", "Quantity", "Entered", "Entry", "Held", "Exit"),
        *("Fees", "Net", "Of value", "MAE", "MFE"),
    )
    rows: list[Sequence[Cell]] = []
    for each in closed:
        share = float(each.net / each.value) if each.value else None
        rows.append(
            (
                each.strategy or "(none)",
                each.symbol,
                each.side,
                wording.quantity(each.quantity),
                wording.moment(each.entry_time),
                wording.price(each.entry_price),
                wording.duration(each.holding),
                wording.price(each.exit_price),
                wording.money(each.fees),
                coloured(wording.signed_money(each.net), each.net),
                coloured(wording.signed_percent(share), share),
                wording.money(each.mae),
                wording.money(each.mfe),
            )
        )
    return html.table(heads, rows, words=3, dense=True)
