"""What every HTTP adapter needs and no venue is special in: connections, request budget, breaker, the venue's clock.

`budget`, `breaker` and `server_clock` are pure: time comes in as an argument.
"""
