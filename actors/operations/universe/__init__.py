"""The universe: which symbols are traded; see `actors.operations.universe.actor`."""
