"""Replay: a desk's recorded inputs are fed to its actors again, and what they decide is held to what was recorded."""
