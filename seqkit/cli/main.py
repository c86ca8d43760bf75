"""Where commands meet the shell: exit codes, one-line errors, closed pipes."""

import os
import signal
import sys

from seqkit.cli.commands import app
from seqkit.errors import UserError


def main() -> None:
    """Run the command line: 0 done, 2 bad input, 130 or 143 stopped by a signal; never a traceback for what the user can mend."""
    try:
        app(prog_name="seqkit")
    except UserError as error:
        for line in str(error).split("\n"):
            print(f"error: {line}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader has left: nothing to say, and Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None:
            raise
        print(error, file=sys.stderr)
        sys.exit(code)
