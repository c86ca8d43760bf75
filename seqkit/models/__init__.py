"""Recurrent and Transformer models, behind the same two protocols."""
