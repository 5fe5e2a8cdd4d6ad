"""Recording a venue's market as it happens, into a dataset that replays and backtests: a manifest and Parquet parts."""
