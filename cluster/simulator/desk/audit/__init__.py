"""The auditor of a simulated desk: what must hold, judged from committed events and the venues' own books alone."""
