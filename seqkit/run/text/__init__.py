"""The road of language models: running text in, probabilities and new text out."""
