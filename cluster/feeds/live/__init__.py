"""Market data as it happens: a venue's stream, direct or through a relay, for the cursors of a strategy process."""
