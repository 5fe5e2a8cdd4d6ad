"""The portfolio risk actor: every intent passes its checks, every fill its books; it alone sets the desk's mode."""
