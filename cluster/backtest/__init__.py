"""Backtests: the desk's own actors over recorded data, and the report of what they did."""
