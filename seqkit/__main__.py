"""`python -m seqkit`, the same as the command `seqkit`."""

from seqkit.cli import main

main()
