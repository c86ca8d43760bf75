"""Models in NumPy alone: built from a model folder's configuration and weights, ready where importing PyTorch takes seconds.

They compute what the modules of `models` compute in evaluation, in the dtype of their weights, and hold nothing that changes:
one model may be used by many threads.
"""
