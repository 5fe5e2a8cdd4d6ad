"""Binance USD-M futures: the adapter to its REST API, its private stream and its public market data."""
