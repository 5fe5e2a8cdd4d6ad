"""Many backtests of one desk: parameter sweeps, walk-forward analysis, and the gate against a stored baseline."""
