"""The paper venue: an exchange of one's own, in a process of its own with its own store.

It takes orders over HTTP, matches them against recorded or synthetic market data and tells what becomes of them.
It shares nothing with the desk but the market data, and goes on while the desk is down.
`cluster.paper.server.serve` runs it, `cluster.paper.settings` says how.
"""
