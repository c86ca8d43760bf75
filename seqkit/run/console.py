"""The console of a command's messages; not for data, which goes to standard output as it is."""

import sys

from rich.console import Console


def make_console(*, quiet: bool = False) -> Console:
    """Where messages and reports are printed."""
    # Elsewhere than on a terminal rich assumes 80 columns and would break paths in two.
    width = None if sys.stdout.isatty() else 120
    return Console(quiet=quiet, highlight=False, width=width)
