"""The local exchange's core: one matching engine, accounts on margin, a market of its own, and a log of what it did.

Begin with `exchange.py` (what front ends call) and `settings.py`. Inside: `floor.py` holds the state; `gate.py`
refuses, `entry.py` takes orders to `matching.py`, `executions.py` turns the engine's answers into trades; `ledger.py`
and `margin.py` are the money, `liquidation.py` its end; `clockwork.py` is what happens by itself; `public.py` and
`candles.py` what everyone sees; `market.py` is the outside, seeded (`flow.py`, `path.py`, `noise.py`, `history.py`)
or recorded (`recorded.py`); `journal.py` and `state.py` are what survives.
"""

from cluster.exchange.core.exchange import LocalExchange
from cluster.exchange.core.listings import default_listings
from cluster.exchange.core.settings import AccountSpec, ExchangeSettings

__all__ = ["AccountSpec", "ExchangeSettings", "LocalExchange", "default_listings"]
