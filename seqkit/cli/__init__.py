"""The command line. Heavy imports happen inside the commands, so that `--help` answers at once."""

from seqkit.cli.main import main

__all__ = ["main"]
