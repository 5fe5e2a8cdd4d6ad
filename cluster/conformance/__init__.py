"""The conformance suite: one set of scenarios that every venue port must pass.

A new venue is one adapter and one bench (`benches/`): a venue that can be told what to do, and its own log. The
scenarios (`scenarios/`) drive the port, watch what it tells, and compare it with that log. `suite` runs them.
"""
