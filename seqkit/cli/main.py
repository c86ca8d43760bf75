"""Where commands meet the shell: exit codes, one-line errors, closed pipes."""

import os
import signal
import sys
from typing import NoReturn

import typer

from seqkit.cli import commands, inspecting, tagging, text, translating
from seqkit.cli.app import app
from seqkit.errors import UserError
from seqkit.run.signals import Stopped
from seqkit.run.threads import bound_waiting

COMMANDS = (commands, inspecting, tagging, text, translating)  # importing them adds their commands to the app


def main() -> None:
    """Run the command line and exit: 0 done, 2 what the user can mend (no traceback then), 128 + N stopped by signal N."""
    bound_waiting()
    try:
        # Not `app()`: it would box its errors, and turn a closed pipe into exit code 1.
        command = typer.main.get_command(app)
        with command.make_context("seqkit", sys.argv[1:]) as context:
            command.invoke(context)
            sys.stdout.flush()
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except UserError as error:
        leave(str(error))
    except BrokenPipeError:
        silence_output()
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        silence_output()
        leave(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(128 + signal.SIGINT)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_code)
    except Exception as error:
        # A mistyped command; the class is click's or typer's own copy of it.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        leave(message())


def leave(message: str) -> NoReturn:
    """One line a fault and exit code 2; an empty message: help was asked for by giving nothing, and has been shown."""
    for line in filter(None, message.split("\n")):
        print(f"error: {line}", file=sys.stderr)
    sys.exit(2)


def silence_output() -> None:
    """Keep Python from complaining when it flushes at exit what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
