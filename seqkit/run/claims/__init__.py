"""The textbook's claims, measured."""
