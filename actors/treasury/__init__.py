"""Treasury operations: what to do about idle cash, holdings that may not be held, and holdings grown too large."""
