"""What the C library does with memory that training has freed."""

import ctypes
from contextlib import suppress


def return_large_blocks() -> None:
    """Let glibc give freed blocks of 4 MB and more back to the system at once; elsewhere nothing happens.

    By itself it raises that bound to 32 MB as it meets large blocks, and what was freed stays in gaps that do not fit again:
    a tagger's training held 625 to 712 MB then, and holds 590, at 0.94 to 0.99 of the speed. A model whose every
    update takes and frees blocks of that size would be slowed.
    """
    largest, trim = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    with suppress(OSError, AttributeError):
        glibc = ctypes.CDLL(None)
        glibc.mallopt(largest, 4 << 20)
        glibc.mallopt(trim, 256 << 20)
