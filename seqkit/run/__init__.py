"""One verb, one file: each a road read from top to bottom."""
