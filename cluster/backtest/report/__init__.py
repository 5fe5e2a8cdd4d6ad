"""The report of a backtest: one HTML page that needs no network, one JSON document and CSV files."""
