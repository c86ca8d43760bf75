"""The road of translators: pairs in, translations out."""
