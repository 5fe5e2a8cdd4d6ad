"""Watching the desk: what its journals say, folded into one picture. Reads the store, never writes to it."""
