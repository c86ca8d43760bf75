"""Figures and the evidence for them; no tensors, no printing."""
