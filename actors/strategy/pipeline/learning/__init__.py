"""What the pipeline learns while it trades: how well models predict (`returns`), and which arms pay (`bandit`).

Import them as modules: `returns.record`, `returns.realise`, `bandit.book`; `rewards` turns fills into the losses
that the bandit books. All state is plain structs that snapshots can store.
"""
