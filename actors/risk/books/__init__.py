"""The books read in more than one way: lots first in first out, entries in two columns, a day's statement. Pure."""
