"""Choosing symbols: one search loop for every family and task, and the policies that drive it."""
