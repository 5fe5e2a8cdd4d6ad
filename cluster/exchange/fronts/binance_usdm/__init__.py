"""The wire protocol of Binance USD-M futures over the local exchange, written from the protocol's documentation.

It shares no encoding and no signing with the desk's adapter of the same venue: a misunderstanding must not be able
to confirm itself. Not offered: trailing stops, RPI orders, multi-assets margin, self-trade modes other than the
engine's, bars longer than a day; `priceProtect` is taken and has no effect.
"""
