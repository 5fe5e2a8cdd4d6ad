"""The one matching engine of the house: pure, deterministic, price-time.

Begin with `engine.py` (what a caller sees) and `instruments.py`, `orders.py`, `events.py` (its vocabulary). Inside:
`grid.py` integers, `market.py`, `depth.py` and `bar_market.py` the outside's liquidity, `book.py` our own orders,
`admission.py` and `funds.py` the gate, `taking.py` and `making.py` the matching, `bars.py` the rule for fills inside a
bar, `execution.py` an order's way through it, `settlement.py`, `funding.py` and `reports.py` its consequences,
`snapshot.py` the stored form.
"""
