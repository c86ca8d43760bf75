"""`seqkit inspect`: look inside a trained model while it reads a text."""
