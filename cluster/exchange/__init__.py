"""The local exchange: a server that speaks the venues' own protocols over the one matching engine.

`core` is the exchange itself and knows no protocol; `fronts` has one plug-in per protocol, which shares no code with
the desk's adapter for it, so that a misunderstanding can't confirm itself.
"""
