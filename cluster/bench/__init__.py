"""What `raydesk bench` measures on this machine, every figure beside its raw floor of the same run.

`cluster.bench.runner.run_bench` measures, `cluster.bench.report` shows and compares. Nothing is imported here: the
empty actor whose start is the floor of all starts lives in this package too, and must not pay for the rest.
"""
