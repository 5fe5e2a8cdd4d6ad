"""The decision pipeline: features, prediction, blending, arbitration, gates, sizing, learning, and its conductor.

Each stage is a pure function or a small state over float64 arrays with a leading symbol axis: one symbol or a
thousand take the same way in one call. NaN means missing, and what is missing never trades. Axes are named S
(symbols), M (models), H (horizons), L (bars). Apart from the rest of `actors.strategy`, and not imported by it,
because this is where numpy is needed.
"""
