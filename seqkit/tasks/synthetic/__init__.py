"""Tasks made up to need a long memory."""
