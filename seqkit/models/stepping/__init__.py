"""Models made ready to read and write one symbol at a time on a CPU, by NumPy: equal to their `scan`, and much quicker."""
