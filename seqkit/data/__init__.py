"""Corpora, readers, tokenizers and batches."""
