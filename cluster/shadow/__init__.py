"""Shadow runs: what a strategy in shadow decided beside one that trades, and the evidence that is for its models."""
