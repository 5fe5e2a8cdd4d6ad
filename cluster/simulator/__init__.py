"""The simulator: the desk's own step machines over the memory store, with virtual time and seeded chance."""
