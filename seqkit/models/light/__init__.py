"""Recurrent taggers in NumPy alone, one sentence at a time: nothing to wait for, where importing PyTorch takes seconds.

They read the weights that `models.tagger` trains, and give its scores to rounding.
"""
