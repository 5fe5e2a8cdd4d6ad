"""The whole desk in one process, under faults: real actors, real supervisors, the one matching engine, one seed."""
