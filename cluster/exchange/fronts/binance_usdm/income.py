"""Everything that changed an account's balances: funding, fees, realised profit, transfers."""

from __future__ import annotations

from cluster.exchange.api import Payment
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.periods import period
from cluster.exchange.fronts.binance_usdm.wire import ms, text

INCOME_TYPES = {
    "funding": "FUNDING_FEE",
    "deposit": "TRANSFER",
    "liquidation_fee": "INSURANCE_CLEAR",
    "insurance": "INSURANCE_CLEAR",
}


def income(call: Call) -> object:
    """`GET /fapi/v1/income`: funding, fees, realised profit, transfers."""
    given = call.parameters
    rules, wanted = call.optional_symbol(), given.optional("incomeType")
    limit = given.limit(100, 1_000)
    page = max(1, given.whole("page", 1) or 1)
    span = period(given, call.front.now)
    rows = [_payment(each) for each in call.exchange.payments(call.account)]
    for trade in call.exchange.trades(call.account):
        common = {"symbol": trade.listing, "asset": trade.fee_currency, "time": ms(trade.time)}
        numbers = {"tranId": trade.trade_id, "tradeId": str(trade.trade_id), "info": str(trade.trade_id)}
        if trade.realized:
            rows.append({**common, **numbers, "incomeType": "REALIZED_PNL", "income": text(trade.realized)})
        rows.append({**common, **numbers, "incomeType": "COMMISSION", "income": text(-trade.fee)})
    chosen = [
        row
        for row in sorted(rows, key=lambda row: int(str(row["time"])))
        if span.contains(int(str(row["time"])))
        and (rules is None or row["symbol"] == rules.listing)
        and wanted in (None, row["incomeType"])
    ]
    return span.cut(chosen, limit) if page == 1 else chosen[(page - 1) * limit : page * limit]


def _payment(payment: Payment) -> dict[str, object]:
    return {
        "symbol": payment.listing or "",
        "incomeType": INCOME_TYPES.get(payment.kind, payment.kind.upper()),
        "income": text(payment.amount),
        "asset": payment.currency,
        "info": payment.kind.upper(),
        "time": ms(payment.time),
        "tranId": payment.payment_id,
        "tradeId": "",
    }
