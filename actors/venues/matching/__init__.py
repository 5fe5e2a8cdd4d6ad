"""The one matching engine of the house: pure, deterministic, price-time.

Begin with `engine.py` (what a caller sees) and `instruments.py`, `orders.py`, `events.py` (its vocabulary). Inside:
`grid.py` integers, `market.py` and `depth.py` the outside's liquidity, `book.py` our own orders, `admission.py`
and `funds.py` the gate, `taking.py` and `making.py` the matching, `execution.py` an order's way through it,
`settlement.py` and `reports.py` its consequences, `snapshot.py` the stored form.
"""
