"""What a backtest costs: the whole desk over made-up markets, each scenario in a process of its own."""
