"""Drills: a named fault is put into a run on recorded data, and what must follow from it is looked for."""
