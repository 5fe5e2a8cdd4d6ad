"""Bugs planted one at a time into the real desk: the fault campaign must find every one of them."""
