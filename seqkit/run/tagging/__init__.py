"""The road of taggers: sentences in, tags out."""
